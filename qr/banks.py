"""The banks, wallets and finance companies that have a BIN, by BIN and by every name they go by.

The list is `banks.json`, with its sources and their dates: copies of api.vietqr.io/v2/banks, of vietnam-qr-pay, and the
State Bank's letter 1589/NHNN-TT. It is read once, when first asked for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from qr.errors import FieldError
from qr.text import fold

FILE: Final = Path(__file__).with_name("banks.json")


@dataclass(frozen=True, slots=True)
class Bank:
    """One BIN. `can_scan`: its app reads a VietQR code and sends the money; `can_look_up`: a sender's app can ask it
    for the account's name. None where no source says. An app that cannot scan says nothing about receiving."""

    bin: str
    code: str
    short_name: str
    name: str
    swift: str | None
    kind: str
    can_scan: bool | None
    can_look_up: bool | None
    aliases: tuple[str, ...]

    @property
    def receives(self) -> bool | None:
        """Whether money sent to this BIN arrives: yes for every BIN in the list of transfer services, whatever its app
        can do; None (unknown) for a BIN that only the State Bank's list has."""
        return None if self.can_scan is None else True


@dataclass(frozen=True, slots=True)
class _Registry:
    date: str
    by_bin: Mapping[str, Bank]
    by_name: Mapping[str, frozenset[str]]


def by_bin(bank_bin: str) -> Bank | None:
    """The bank of a BIN (six digits), or None where the list has no such BIN."""
    return _registry().by_bin.get(bank_bin)


def all_banks() -> tuple[Bank, ...]:
    """Every bank, in the order of the list."""
    return tuple(_registry().by_bin.values())


def list_date() -> str:
    """The day of the newest source of the list, `YYYY-MM-DD`."""
    return _registry().date


@lru_cache(maxsize=1024)
def bins_named(text: str) -> frozenset[str]:
    """Every BIN that `text` may mean: a BIN, a code, a short name, another name it is known by, or the full name, in
    any case, with or without diacritics, spaces and punctuation. Empty for a text that names no bank.

    >>> sorted(bins_named("BVB"))
    ['970438', '970454']
    >>> bins_named("ngan hang tmcp quan doi") == bins_named("MB Bank") == bins_named("970422")
    True
    """
    return _registry().by_name.get(_key(text), frozenset())


def find(text: str) -> Bank:
    """The one bank that `text` names, read as `bins_named` reads it.

    Raises FieldError (field "bank") where no bank has that name, and where several have: the message names them.

    >>> find("vietcombank").bin
    '970436'
    """
    registry = _registry()
    bins = bins_named(text)
    if len(bins) == 1:
        return registry.by_bin[next(iter(bins))]
    if not bins:
        raise FieldError("bank", f"{text!r} is no bank in the list of {registry.date}; give its BIN, code or name")
    candidates = " or ".join(f"{number} ({registry.by_bin[number].short_name})" for number in sorted(bins))
    raise FieldError("bank", f"{text!r} may be {candidates}; give the BIN")


def read_document() -> dict[str, Any]:
    """The list as it stands in its file, with its sources (see `qr.bank_list`)."""
    document: dict[str, Any] = json.loads(FILE.read_bytes())
    return document


def document_text(document: dict[str, Any]) -> str:
    """The file of a list: one bank a line, so that a change of one is seen as one."""
    head = {name: value for name, value in document.items() if name != "banks"}
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in document["banks"])
    return f'{json.dumps(head, ensure_ascii=False, indent=1)[:-2]},\n "banks": [\n{rows}\n ]\n}}\n'


def _key(text: str) -> str:
    return "".join(character for character in fold(text).lower() if character.isalnum())


@cache
def _registry() -> _Registry:
    return _build(read_document())


def _build(document: dict[str, Any]) -> _Registry:
    known: dict[str, Bank] = {}
    names: dict[str, set[str]] = {}
    for row in document["banks"]:
        bank = Bank(
            bin=row["bin"],
            code=row["code"],
            short_name=row["short_name"],
            name=row["name"],
            swift=row["swift"],
            kind=row["kind"],
            can_scan=row["transfer_supported"],
            can_look_up=row["lookup_supported"],
            aliases=tuple(row["aliases"]),
        )
        known[bank.bin] = bank
        for name in (bank.bin, bank.code, bank.short_name, bank.name, *bank.aliases):
            names.setdefault(_key(name), set()).add(bank.bin)
    by_name = {name: frozenset(bins) for name, bins in names.items()}
    return _Registry(document["date"], known, by_name)
