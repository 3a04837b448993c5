"""Amounts and numbers as people in Vietnam type them. What could be read in two ways is not read at all."""

import re

_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([., \N{NO-BREAK SPACE}])[0-9]{3})(?:\1[0-9]{3})*")
_THOUSANDS = re.compile(r"([1-9][0-9]{0,5})\s?[kK]")
_UNIT = re.compile(r"\s*(?:đ|Đ|₫|đồng|vnd|VND|VNĐ|vnđ)$")
MOST_DIGITS = 13


def parse_vnd(text: str) -> int | None:
    """An amount in đồng, or None where it is none, or could be two.

    >>> [parse_vnd(text) for text in ("50000", "50.000", "50 000", "50,000", "50k", "50.000 đ")]
    [50000, 50000, 50000, 50000, 50000, 50000]
    >>> [parse_vnd(text) for text in ("50.5", "1.00", "1.5k", "1.200,000", "-5", "")]
    [None, None, None, None, None, None]
    """
    text = _UNIT.sub("", text.strip())
    if thousands := _THOUSANDS.fullmatch(text):
        return int(thousands[1]) * 1000
    return parse_number(text)


def parse_number(text: str) -> int | None:
    """A whole number from 0, plain or in groups of three; None where it is none, or has more than 13 digits."""
    text = text.strip()
    if not (re.fullmatch(r"[0-9]+", text) or _GROUPED.fullmatch(text)):
        return None
    digits = re.sub(r"[^0-9]", "", text)
    return int(digits) if len(digits) <= MOST_DIGITS else None
