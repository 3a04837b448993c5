"""What boards, provinces and exports may know: counts. No type in this module has a place for an amount."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlmodel import Session

from ledger.books.model import BOOK, DAY_TOTAL, ENTRY
from ledger.days import Month


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it may leave the house: no amount, no memo."""

    entry_id: int
    book_id: int
    number: int
    kind: str
    booked_on: date
    occurred_at: datetime
    recorded_at: datetime
    concerns: int | None
    hash: str


def month_counts(session: Session, market_id: int, month: Month) -> dict[int, int]:
    """Transactions of a month by book: SUM(counted), read from the day totals. Books without one are absent."""
    return counts_between(session, market_id, month.first, month.last)


def counts_between(session: Session, market_id: int, first: date, last: date) -> dict[int, int]:
    """Transactions by book from one local day to another, both counted. Books without one are absent."""
    rows = session.connection().execute(
        select(DAY_TOTAL.c.book_id, func.sum(DAY_TOTAL.c.cashless_count))
        .where(DAY_TOTAL.c.market_id == market_id, DAY_TOTAL.c.booked_on.between(first, last))
        .group_by(DAY_TOTAL.c.book_id)
    )
    return {book_id: int(count) for book_id, count in rows if count}


def counts_by_day(session: Session, market_id: int, first: date, last: date) -> dict[date, int]:
    """A market's transactions by local day, from one day to another, both counted. Days without one are absent."""
    rows = session.connection().execute(
        select(DAY_TOTAL.c.booked_on, func.sum(DAY_TOTAL.c.cashless_count))
        .where(DAY_TOTAL.c.market_id == market_id, DAY_TOTAL.c.booked_on.between(first, last))
        .group_by(DAY_TOTAL.c.booked_on)
    )
    return {day: int(count) for day, count in rows if count}


def counts_of_books(session: Session, book_ids: Sequence[int], first: date, last: date) -> dict[int, dict[date, int]]:
    """Transactions of these books by local day, from one day to another, both counted. Days without one are absent."""
    found: dict[int, dict[date, int]] = {book_id: {} for book_id in book_ids}
    rows = session.connection().execute(
        select(DAY_TOTAL.c.book_id, DAY_TOTAL.c.booked_on, DAY_TOTAL.c.cashless_count).where(
            DAY_TOTAL.c.book_id.in_(book_ids), DAY_TOTAL.c.booked_on.between(first, last)
        )
    )
    for book_id, day, count in rows:
        if count:
            found[book_id][day] = count
    return found


def first_days(session: Session, market_id: int) -> dict[int, date]:
    """By book, the local day of its first transaction. Books without one are absent."""
    return _days(session, market_id, _COUNTED.order_by(DAY_TOTAL.c.booked_on))


def newest_days(session: Session, market_id: int, until: date) -> dict[int, date]:
    """By book, the local day of its newest transaction that is not after `until`. Books without one are absent."""
    return _days(
        session, market_id, _COUNTED.where(DAY_TOTAL.c.booked_on <= until).order_by(DAY_TOTAL.c.booked_on.desc())
    )


_COUNTED = (
    select(DAY_TOTAL.c.booked_on)
    .where(DAY_TOTAL.c.book_id == BOOK.c.id, DAY_TOTAL.c.cashless_count > 0)
    .correlate(BOOK)
    .limit(1)
)


def _days(session: Session, market_id: int, day: Select[tuple[date]]) -> dict[int, date]:
    """A day for each book that has it: one look into the key of the day totals a book, however long its history."""
    rows = session.connection().execute(select(BOOK.c.id, day.scalar_subquery()).where(BOOK.c.market_id == market_id))
    return {book_id: day for book_id, day in rows if day is not None}


def heads(session: Session, market_id: int) -> dict[int, tuple[int, str]]:
    """Entries so far and newest hash of every book of a market that has any."""
    rows = session.connection().execute(
        select(BOOK.c.id, BOOK.c.entries, BOOK.c.head).where(BOOK.c.market_id == market_id, BOOK.c.entries > 0)
    )
    return {row.id: (row.entries, row.head) for row in rows}


def lines(session: Session, market_id: int, month: Month | None) -> Iterator[Line]:
    """A market's entries by book and number, streamed; of one month where one is named."""
    query = select(
        ENTRY.c.id,
        ENTRY.c.book_id,
        ENTRY.c.number,
        ENTRY.c.kind,
        ENTRY.c.booked_on,
        ENTRY.c.occurred_at,
        ENTRY.c.recorded_at,
        ENTRY.c.concerns,
        ENTRY.c.hash,
    ).where(ENTRY.c.market_id == market_id)
    if month is not None:
        query = query.where(ENTRY.c.booked_on.between(month.first, month.last))
    rows = session.connection().execute(
        query.order_by(ENTRY.c.book_id, ENTRY.c.number), execution_options={"yield_per": 5000}
    )
    for row in rows:
        yield Line(*row)
