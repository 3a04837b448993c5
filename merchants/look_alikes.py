"""Letters of other scripts that look like Latin ones: a name with one is not the name it seems to be, so that it is
found by nobody and may stand beside the real one (Unicode Technical Standard 39, mixed-script confusables)."""

import unicodedata

from qr.text import fold

# A market's sign may have Chinese, Khmer or Cham beside the Vietnamese: those are mistaken for nothing.
_SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "FULLWIDTH LATIN", "MATHEMATICAL")


def look_alike(text: str) -> str:
    """The first letter that only looks like one of ours, or empty.

    >>> look_alike("Cá biển Hương")
    ''
    >>> unicodedata.name(look_alike("C\\N{CYRILLIC SMALL LETTER A} Hương"))
    'CYRILLIC SMALL LETTER A'
    """
    if text.isascii():
        return ""
    return next((letter for letter in text if unicodedata.name(letter, "").startswith(_SCRIPTS)), "")


def seen_from_afar(name: str) -> str:
    """What is left of a name for somebody who reads it from afar: two stalls that share it are easily taken for one.

    >>> seen_from_afar("Cá  biển – Hương") == seen_from_afar("CA BIEN HUONG")
    True
    """
    return "".join(character for character in fold(name).casefold() if character.isalnum())


def look_alike_problem(text: str) -> str:
    """What is wrong with a text that has such a letter, and the mend; empty where it has none."""
    letter = look_alike(text)
    if not letter:
        return ""
    said = unicodedata.name(letter).capitalize()
    return f"holds {letter!r} ({said}), which only looks like a letter of ours; type it again"
