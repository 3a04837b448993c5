"""JSON written again as a sender wrote it before signing: keys sorted, no spaces, every number as it came.

A signature over rewritten JSON is lost by one wrong character, so numbers keep their digits (`599000`, never
`599000.0`) and only what the vendors' samples do otherwise is a choice here.
"""

import json
from typing import Any


class Number(str):
    """A number of a JSON text, in the characters it was written with."""

    __slots__ = ()


def parsed(body: bytes) -> Any:
    """The JSON in a body, its numbers as `Number`; of a key told twice the last counts, as with every sender's own
    parser. Raises ValueError (or RecursionError) where it is none."""
    return json.loads(body.decode("utf-8"), parse_int=Number, parse_float=Number)


def written(value: Any, *, ascii_only: bool = False, slashes_escaped: bool = False) -> str:
    """What `parsed` gave, as compact JSON with its keys sorted. Raises RecursionError for what is nested too deep."""
    if isinstance(value, Number):
        return value
    if isinstance(value, str):
        quoted = json.dumps(value, ensure_ascii=ascii_only)
        return quoted.replace("/", "\\/") if slashes_escaped else quoted
    if isinstance(value, dict):
        members = (
            f"{written(key, ascii_only=ascii_only, slashes_escaped=slashes_escaped)}:"
            f"{written(value[key], ascii_only=ascii_only, slashes_escaped=slashes_escaped)}"
            for key in sorted(value)
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        items = (written(item, ascii_only=ascii_only, slashes_escaped=slashes_escaped) for item in value)
        return "[" + ",".join(items) + "]"
    return json.dumps(value)
