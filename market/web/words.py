"""The words on the pages: Vietnamese in the templates and code, English beside them in `english/`, a file a blueprint.

A text is marked by `_("…")`, with `{name}` where a value goes; tests/market/test_words.py compares the two.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, g
from markupsafe import Markup, escape

LANGUAGES = ("vi", "en")
ENGLISH = Path(__file__).with_name("english")


@cache
def english() -> dict[str, str]:
    """Vietnamese text → English text."""
    table: dict[str, str] = {}
    for file in sorted(ENGLISH.glob("*.json")):
        table |= json.loads(file.read_text(encoding="utf-8"))
    return table


def choose(wanted: str) -> str:
    """The language wanted where it is one of ours, else Vietnamese."""
    return wanted if wanted in LANGUAGES else "vi"


def say(text: str, **values: Any) -> str:
    """This text in the reader's language, with its values filled in."""
    if getattr(g, "language", "vi") == "en":
        text = english()[text]
    return text.format(**values) if values else text


def say_markup(text: str, **values: Any) -> Markup:
    """As `say`, in a template: the values are escaped unless they are markup themselves, the text is ours."""
    if getattr(g, "language", "vi") == "en":
        text = english()[text]
    return Markup(text).format(**{name: escape(value) for name, value in values.items()}) if values else Markup(text)  # noqa: S704


def register(app: Flask) -> None:
    """Make `_` and `language` known to every template."""
    app.jinja_env.globals["_"] = say_markup
    app.context_processor(lambda: {"language": g.get("language", "vi"), "person": g.get("person")})
