"""The order in which people look for codes and names."""

import re

from qr.text import fold


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key that puts C-9 before C-10, and the letters with marks beside those without."""
    parts = re.split(r"(\d+)", fold(text).casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
