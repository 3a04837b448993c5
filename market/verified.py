"""Checking the books of the whole installation, and whose each finding is: for the command and for the board's page."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import FromClause, Table, func, select

from ledger.books.model import ENTRY
from ledger.books.verify import verify
from ledger.inbox.model import NOTICE
from market.closing_checks import closings_hold
from market.closings import published_heads
from market.db import Database
from market.markets import list_markets
from merchants.checks import answers_hold, books_have_stalls, references_hold
from merchants.stalls import list_stalls

CHECKS = (books_have_stalls, references_hold, answers_hold, closings_hold)


@dataclass(frozen=True, slots=True)
class Found:
    """Something that does not hold: the check, the market's slug, the stall's code and the entry, as far as known."""

    check: str
    market: str | None
    stall: str | None
    entry: int | None
    message: str


def rows_to_check(database: Database, most: int | None = None) -> int:
    """How many entries and notices `verified` will read; of either, no more than `most` are counted."""
    with database.reading() as session:
        return sum(
            session.connection().execute(select(func.count()).select_from(_rows(table, most))).scalar_one()
            for table in (ENTRY, NOTICE)
        )


def _rows(table: Table, most: int | None) -> FromClause:
    return table if most is None else select(table.c.id).limit(most).subquery()


def verified(database: Database, *, progress: Callable[[int], None] = lambda _: None) -> tuple[int, int, list[Found]]:
    """How many books and entries there are, and everything that is wrong with them; changes nothing."""
    with database.reading() as session:
        markets = list_markets(session)
        slugs = {market.id: market.slug for market in markets}
        by_book = {
            stall.book_id: (market.slug, stall.code) for market in markets for stall in list_stalls(session, market.id)
        }
        published = list(published_heads(session))
    with database.reading() as session:
        result = verify(session, published=published, more=CHECKS, progress=progress)
    found = []
    for each in result.findings:
        market, stall = by_book.get(each.book_id or 0, (slugs.get(each.market_id or 0), None))
        found.append(Found(each.check, market, stall, each.entry_id, each.message))
    return result.books, result.entries, found
