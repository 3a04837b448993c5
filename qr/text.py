"""Vietnamese text folded to the characters a payload may carry."""

import unicodedata

# The combining marks U+0300–U+036F hold every tone and vowel mark of Vietnamese. The stroke of đ is no combining
# mark, so NFD leaves the letter whole and it needs its own entry; so does the no-break space of word processors.
_FOLDS: dict[int, str | None] = dict.fromkeys(range(0x300, 0x370)) | {ord("đ"): "d", ord("Đ"): "D", 0xA0: " "}


def fold(text: str) -> str:
    """Vietnamese without its diacritics, the same for composed (NFC) and decomposed (NFD) spelling.

    Characters that are no marked Latin letters stay as they are, so that whoever must have ASCII can refuse them by
    name and nothing vanishes on the way.

    >>> fold("Cô Tám bánh đúc — Chợ Đông Ba")
    'Co Tam banh duc — Cho Dong Ba'
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFD", text).translate(_FOLDS)
