"""The two typefaces of everything printed, and how text is fitted into the room it has.

Importing this module hands both faces to reportlab, which embeds in a PDF the glyphs that are used. Sizes and widths
are in points.
"""

import unicodedata
from collections.abc import Iterable
from itertools import combinations, pairwise

import fontpkg  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

HEADING = "Barlow Semi Condensed SemiBold"
TEXT = "Roboto"

# reportlab reads the default instance of Roboto's variable font, which is the regular weight.
pdfmetrics.registerFont(TTFont(HEADING, fontpkg.path("Barlow Semi Condensed", 600)))
pdfmetrics.registerFont(TTFont(TEXT, fontpkg.path("Roboto", 400)))

# Reach of the ink above and below the baseline, in ems, in both faces: Ễ above, g and Ị below.
ABOVE, BELOW = 1.04, 0.21
# Height of figures and capitals without marks, in ems.
CAPITAL = 0.72


def width(text: str, font: str, size: float) -> float:
    """Width of one line of text."""
    return float(pdfmetrics.stringWidth(text, font, size))


def unprintable(text: str, font: str) -> list[str]:
    """The characters of NFC-normalised text that must not be printed, each once, as `U+202E RIGHT-TO-LEFT OVERRIDE`.

    They are control and format characters (which can reorder or hide a name), line separators, combining marks that
    NFC could not join to their letter (reportlab would set them beside it), and whatever the font has no glyph for.

    >>> unprintable("Cá biển\\u202e", HEADING)
    ['U+202E RIGHT-TO-LEFT OVERRIDE']
    """
    glyphs = pdfmetrics.getFont(font).face.charToGlyph
    found: dict[str, None] = {}
    for character in text:
        category = unicodedata.category(character)
        if category[0] in "CM" or category in ("Zl", "Zp") or ord(character) not in glyphs:
            found[f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()] = None
    return list(found)


def fit(text: str, font: str, room: float, steps: Iterable[tuple[float, int]]) -> tuple[float, list[str]] | None:
    """The first step (size, number of lines) at which the whole text stands within `room`, and its lines.

    Lines break at spaces only and are made as even as they can be. None if no step holds the text.
    """
    words = text.split()
    for size, count in steps:
        wrapped = (
            [" ".join(words[start:end]) for start, end in pairwise((0, *cuts, len(words)))]
            for cuts in combinations(range(1, len(words)), count - 1)
        )
        widest, lines = min(
            ((max(width(line, font, size) for line in lines), lines) for lines in wrapped), default=(0, [])
        )
        if lines and widest <= room:
            return size, lines
    return None
