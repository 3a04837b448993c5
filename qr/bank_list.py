"""The bank list brought up to date from a copy of the list at api.vietqr.io/v2/banks.

Only what that list says is taken over: code, short name, full name, SWIFT code, and the two flags. Former codes and
names stay as other names of the bank, and a BIN that the new list no longer has stays too, for codes that hang in
markets carry it for years.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from qr.errors import FieldError

SOURCE: Final = "api.vietqr.io/v2/banks, copy"
_TEXTS: Final = {"code": "code", "short_name": "shortName", "name": "name"}
_FLAGS: Final = {"transfer_supported": "transferSupported", "lookup_supported": "lookupSupported"}


@dataclass(frozen=True, slots=True)
class Changes:
    """BINs by what became of them; `absent` are those of ours that the new list does not have."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]


def refresh(document: dict[str, Any], listing: object, copied_on: date) -> tuple[dict[str, Any], Changes]:
    """The document of `banks.json` with the rows of `listing` (the parsed JSON of api.vietqr.io/v2/banks) taken over.

    `copied_on` is the day that copy was made. Nothing is changed in place. Raises FieldError, naming the row and the
    field, for a listing that is not of that form, and for one older than the list already is.
    """
    if copied_on.isoformat() < document["date"]:
        raise FieldError("date", f"{copied_on} is before {document['date']}, the date of the list already here")
    told = _rows(listing)
    tag = f"vietqr.io-{copied_on}"
    rows, added, changed = [], [], []
    for row in document["banks"]:
        new = told.pop(row["bin"], None)
        if new is None:
            rows.append(row)
            continue
        merged = _merged(row, new, tag)
        if any(merged[name] != row[name] for name in new):
            changed.append(row["bin"])
        rows.append(merged)
    for bank_bin, new in told.items():
        blank = {"bin": bank_bin, "kind": "unknown", "in_sbv_bin_list_2023": False, "aliases": [], "sources": []}
        rows.append(_merged(blank, new, tag))
        added.append(bank_bin)
    absent = tuple(row["bin"] for row in rows if tag not in row["sources"])
    sources = {tag: {"what": SOURCE, "date": copied_on.isoformat()}, **document["sources"]}
    refreshed = document | {"date": copied_on.isoformat(), "sources": sources, "banks": rows}
    return refreshed, Changes(tuple(added), tuple(changed), absent)


def _merged(row: dict[str, Any], new: dict[str, Any], tag: str) -> dict[str, Any]:
    former = [row[name] for name in _TEXTS if name in row and row[name] != new[name]]
    aliases = sorted({*row["aliases"], *former} - {new["code"], new["short_name"], new["name"]})
    sources = list(dict.fromkeys([tag, *row["sources"]]))
    # A SWIFT code we have is not lost to a list that leaves it out.
    swift = new["swift"] or row.get("swift")
    return row | new | {"swift": swift, "aliases": aliases, "sources": sources}


def _rows(listing: object) -> dict[str, dict[str, Any]]:
    data = listing.get("data") if isinstance(listing, dict) else None
    if not isinstance(data, list) or not data:
        raise FieldError("data", 'is no list of banks; the file has the form {"data": [{"bin": …}, …]}')
    told: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(data, 1):
        where = f"bank {number}"
        if not isinstance(row, dict):
            raise FieldError(where, "is no object")
        bank_bin = row.get("bin")
        if not isinstance(bank_bin, str) or not re.fullmatch("[0-9]{6}", bank_bin):
            raise FieldError(f"{where}, bin", f"{bank_bin!r} is not six digits in quotes")
        if bank_bin in told:
            raise FieldError(f"{where}, bin", f"{bank_bin} stands in the file twice")
        told[bank_bin] = _row(row, where)
    return told


def _row(row: dict[str, Any], where: str) -> dict[str, Any]:
    new: dict[str, Any] = {}
    for ours, theirs in _TEXTS.items():
        text = row.get(theirs)
        if not isinstance(text, str) or not text.strip():
            raise FieldError(f"{where}, {theirs}", f"{text!r} is no text")
        new[ours] = text.strip()
    for ours, theirs in _FLAGS.items():
        flag = row.get(theirs)
        if flag not in (0, 1):
            raise FieldError(f"{where}, {theirs}", f"{flag!r} is neither 0 nor 1")
        new[ours] = bool(flag)
    swift = row.get("swift_code") or None
    if swift is not None and (not isinstance(swift, str) or not re.fullmatch("[A-Z0-9]{8}([A-Z0-9]{3})?", swift)):
        raise FieldError(f"{where}, swift_code", f"{swift!r} is no SWIFT code")
    return new | {"swift": swift}
