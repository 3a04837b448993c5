"""Codes that people read from a screen or a paper and type elsewhere."""

import re
import secrets

# No letter or figure that is read as another one: 32 of them, five bits each.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def make_code(length: int) -> str:
    """A random code in groups of four, as `K7M2-X9QA`."""
    code = "".join(secrets.choice(LETTERS) for _ in range(length))
    return "-".join(re.findall(".{1,4}", code))


def bare(typed: str) -> str:
    """A code as it was made, but for the dashes: spaces, dashes and small letters make no difference."""
    return re.sub(r"[^A-Z0-9]", "", typed.upper())
