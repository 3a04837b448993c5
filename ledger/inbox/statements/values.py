"""Amounts and moments as the cells of a statement write them."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from ledger.days import HO_CHI_MINH
from ledger.inbox.statements.sheet import Cell, text_of

LARGEST = 10**15
_UNIT = re.compile(r"(?:vn[dđ]|đồng|[đ₫])", re.IGNORECASE)
# Whole đồng, with thousands set off by commas, by dots or by spaces, and an empty fraction at most.
_DONG = re.compile(
    r"[0-9]+(?:[.,]0{1,2})?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.0{1,2})?|[0-9]{1,3}(?:\.[0-9]{3})+(?:,0{1,2})?"
    r"|[0-9]{1,3}(?: [0-9]{3})+(?:[.,]0{1,2})?"
)
_FRACTION = re.compile(r"[.,]0{1,2}$")
_DAY = r"(?P<d>[0-9]{1,2})(?P<mark>[/.-])(?P<m>[0-9]{1,2})(?P=mark)(?P<y>[0-9]{4})"
_ISO = r"(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_TIME = r"(?P<h>[0-9]{1,2}):(?P<min>[0-9]{2})(?::(?P<s>[0-9]{2})(?:\.[0-9]+)?)?(?: ?(?P<half>AM|PM|SA|CH))?"
_DAY_FIRST = re.compile(rf"(?:{_DAY}|{_ISO})(?:(?:,| -)? {_TIME}|T{_TIME.replace('?P<', '?P<t')})?(?= |$)", re.I)
_TIME_FIRST = re.compile(rf"{_TIME},? {_DAY}(?= |$)", re.I)
_SERIAL = re.compile(r"[3-6][0-9]{4}(?:\.[0-9]+)?")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (a spreadsheet's dates have no zone)


class NoAmount(ValueError):
    """Why a cell is no amount; `kind` names it where a page says the same in the reader's language."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def amount(cell: Cell) -> int | None:
    """Whole đồng with their sign; None for an empty cell and for a dash. Raises NoAmount for what is no whole đồng.

    `50.000` as text is fifty thousand, as everyone here writes it; a spreadsheet's number 50.000 is fifty. A computed
    number may be off by what a double cannot hold, far below the smallest fraction that a bank writes.
    """
    if isinstance(cell, Decimal):
        whole = cell.to_integral_value()
        if abs(cell - whole) >= Decimal("0.000001") or abs(whole) >= LARGEST:
            raise NoAmount(f"{text_of(cell)[:40]} is no whole đồng", "not_dong")
        return int(whole)
    if isinstance(cell, datetime):
        raise NoAmount(f"{text_of(cell)} is a date where an amount belongs", "date_for_amount")
    text = _UNIT.sub("", text_of(cell)).strip().replace("−", "-")
    if text in ("", "-", "–"):
        return None
    bare, negative = text, False
    if text.isdigit():
        pass
    elif found := re.fullmatch(r"\((.+)\)", text):
        bare, negative = found[1], True
    elif found := re.fullmatch(r"([+-]) ?(.+)|(.+?) ?-", text):
        bare, negative = (found[2] or found[3]).strip(), found[1] != "+"
    if re.fullmatch(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+", bare):
        message = f"{text[:40]!r} was shortened by a spreadsheet; download the file again and do not save it"
        raise NoAmount(message, "shortened")
    if not _DONG.fullmatch(bare):
        raise NoAmount(f"{text[:40]!r} is no whole đồng", "not_dong")
    whole_dong = int(re.sub("[., ]", "", _FRACTION.sub("", bare)))
    if whole_dong >= LARGEST:
        raise NoAmount(f"{text[:40]!r} is larger than any payment", "too_much")
    return -whole_dong if negative else whole_dong


def moment(cell: Cell) -> tuple[date, datetime | None, str] | None:
    """The local day, the UTC moment where the cell has a time, and what stands behind both in the cell; None where it
    begins with no day. The day stands first, always: 03/07/2026 is 3 July. Midnight is what a spreadsheet makes of a
    day without a time."""
    if isinstance(cell, datetime):
        return _of(cell, "")
    text = text_of(cell)
    if _SERIAL.fullmatch(text):
        return _of(_EPOCH + timedelta(seconds=round(float(text) * 86_400)), "")
    found = _DAY_FIRST.match(text) or _TIME_FIRST.match(text)
    if found is None:
        return None
    said = found.groupdict()
    try:
        day = date.fromisoformat(said["iso"]) if said.get("iso") else date(*(int(said[part]) for part in "ymd"))
        hour, minute, second = (int(said[part] or said.get(f"t{part}") or 0) for part in ("h", "min", "s"))
        half = (said["half"] or said.get("thalf") or "").upper()
        if half and hour <= 12:
            hour = hour % 12 + (12 if half in ("PM", "CH") else 0)
        whole = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001 (zoned below)
    except ValueError:
        return None
    return _of(whole, text[found.end() :].strip())


def _of(local: datetime, rest: str) -> tuple[date, datetime | None, str] | None:
    if not 2000 <= local.year < 2200:
        return None
    at = local.replace(tzinfo=HO_CHI_MINH).astimezone(UTC) if local.time().isoformat() != "00:00:00" else None
    return local.date(), at, rest
