"""What the pages of a statement carry from step to step: the file as it was chosen, and what a person said of it.

Nothing is kept here between the steps: the page that shows what would become of the lines has the file in it.
"""

import base64
import hashlib
import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from ledger.inbox.statements import headings
from ledger.inbox.statements.columns import Column
from ledger.inbox.statements.statement import Statement
from market.web.words import say

# A busy account's month is well under one; a page with this in it is still one that a browser sends back.
MOST_BYTES = 5_000_000
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement's file. `account` is a number or a stall's code, `bank` a name, both as typed; `meanings` say of each
    of `likely_columns` what it means ("" nothing), empty where nobody was asked."""

    name: str
    content: bytes
    account: str = ""
    bank: str = ""
    meanings: tuple[str, ...] = ()

    @classmethod
    def asked(cls) -> "Sent":
        """What this request brings: a file that was chosen, or one that a page carried."""
        file = request.files.get("file")
        if file:
            with file.stream as stream:
                return cls((file.filename or "")[-_LONGEST_NAME:], stream.read(MOST_BYTES + 1))
        form = request.form
        columns = itertools.takewhile(lambda name: name in form, (f"column{number}" for number in itertools.count()))
        meanings = tuple(form[name] if form[name] in headings.MEANINGS else "" for name in columns)
        return cls(
            form.get("name", "")[:_LONGEST_NAME],
            _unpacked(form.get("content", "")),
            form.get("account", "").strip()[:40],
            form.get("bank", "").strip()[:80],
            meanings,
        )

    @property
    def packed(self) -> str:
        """The content as a form carries it."""
        return base64.urlsafe_b64encode(zlib.compress(self.content)).decode()

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    def columns(self, known: Sequence[Column], errors: dict[str, str]) -> dict[str, str]:
        """Meaning → heading as chosen; what is wrong with the choice goes into `errors`, by field."""
        columns: dict[str, str] = {}
        for number, (meaning, column) in enumerate(zip(self.meanings, known, strict=False)):
            if meaning in columns:
                errors[f"column{number}"] = say("Đã chọn cho cột {heading}. Mỗi thứ một cột.", heading=columns[meaning])
            elif meaning:
                columns[meaning] = column.heading
        if "date" not in columns:
            errors["columns"] = say("Chọn cột nào là ngày.")
        elif not columns.keys() & {"credit", "amount"}:
            errors["columns"] = say("Chọn cột nào là tiền vào.")
        elif "amount" in columns and columns.keys() & {"credit", "debit"}:
            errors["columns"] = say("Tiền vào và tiền ra ở một cột có dấu, hoặc ở hai cột. Chọn một trong hai cách.")
        return columns


def _unpacked(text: str) -> bytes:
    """The content that a page carried; nothing for what is none."""
    try:
        return zlib.decompressobj().decompress(base64.urlsafe_b64decode(text), MOST_BYTES + 1)
    except (ValueError, zlib.error):
        return b""


def guessed(columns: Sequence[Column]) -> tuple[str, ...]:
    """What each of these columns may mean, by its heading; no meaning twice."""
    found: list[str] = []
    for column in columns:
        known = (meaning for meaning, _ in headings.meanings(column.heading) if meaning not in found)
        found.append(next(known, ""))
    return tuple(found)


def as_read(statement: Statement) -> str:
    """SHA-256, in hex, of all that was read of a file: what was looked at is what is taken."""
    said = (statement.bank, sorted(statement.columns.items()), sorted(statement.mapped.items()))
    lines = (line.notice for line in statement.lines)
    return hashlib.sha256("\n".join(map(repr, (said, *lines))).encode()).hexdigest()
