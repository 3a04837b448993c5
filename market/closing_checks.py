"""The rules of closed months, for `ledger verify`. A closing names the end of every book, so its figures can be
told anew from the entries up to there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ledger.books.finding import Finding
from ledger.books.model import ENTRY
from market.model import CLOSING
from merchants.model import STALL


@dataclass(frozen=True, slots=True)
class _Told:
    """A closing, and what the books come to at its heads: transactions by book."""

    version: int
    document: dict[str, Any]
    heads: dict[int, int]
    counts: dict[int, int]

    def wrong(self, codes: dict[int, str]) -> Iterator[tuple[int | None, str]]:
        said = self.document["stalls"]
        for book_id, code in codes.items():
            if self.counts.get(book_id, 0) != said.get(code, 0):
                yield book_id, f"says {said.get(code, 0)} transactions, its heads {self.counts.get(book_id, 0)}"
        for code in sorted(said.keys() - codes.values()):
            yield None, f"names stall {code}, which the market does not have"
        if self.document["transactions"] != sum(said.values()):
            yield None, f"says {self.document['transactions']} transactions, its stalls {sum(said.values())}"
        active = sum(count > 0 for count in said.values())
        if self.document["stalls_active"] != active:
            yield None, f"says {self.document['stalls_active']} stalls were active, its stalls {active}"


def closings_hold(connection: Connection) -> Iterator[Finding]:
    """A month's versions are 1, 2, 3 …, and each says what its heads say: the books as they were at those numbers, the
    transactions of the month added up stall by stall."""
    closings: dict[tuple[int, str], list[_Told]] = {}
    rows = connection.execute(select(CLOSING).order_by(CLOSING.c.market_id, CLOSING.c.month, CLOSING.c.version))
    for row in rows:
        heads_then = {int(book): number for book, (number, _) in json.loads(row.heads).items()}
        told = _Told(row.version, json.loads(row.document), heads_then, {})
        closings.setdefault((row.market_id, row.month), []).append(told)
    if not closings:
        return
    counted = connection.execute(
        select(ENTRY.c.market_id, ENTRY.c.book_id, ENTRY.c.number, ENTRY.c.booked_on, ENTRY.c.counted).where(
            ENTRY.c.counted != 0
        ),
        execution_options={"yield_per": 5000},
    )
    for entry in counted:
        for told in closings.get((entry.market_id, f"{entry.booked_on:%Y-%m}"), ()):
            if entry.number <= told.heads.get(entry.book_id, 0):
                told.counts[entry.book_id] = told.counts.get(entry.book_id, 0) + entry.counted
    codes: dict[int, dict[int, str]] = {}
    for stall in connection.execute(select(STALL.c.market_id, STALL.c.book_id, STALL.c.code)):
        codes.setdefault(stall.market_id, {})[stall.book_id] = stall.code
    for (market_id, month), versions in closings.items():
        for place, told in enumerate(versions, start=1):
            if told.version != place:
                message = f"the closing of {month} is version {told.version}, where version {place} comes next"
                yield Finding("closings", market_id, None, None, message)
            for book_id, message in told.wrong(codes.get(market_id, {})):
                message = f"the closing of {month}, version {told.version}, {message}"
                yield Finding("closings", market_id, book_id, None, message)
