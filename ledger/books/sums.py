"""Amounts of one book. Only `merchants.takings` may ask, for it knows whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlmodel import Session

from ledger.books.model import DAY_TOTAL, ENTRY, POSTING


@dataclass(frozen=True, slots=True)
class Takings:
    """What a stall took over some days, in đồng: counted bank payments, and the sums by where the money came in."""

    transactions: int
    cashless: int
    typed: int
    cash: int


def takings_between(session: Session, book_id: int, first: date, last: date) -> Takings:
    """The takings of one book from `first` to `last`, both inside."""
    total = DAY_TOTAL.c
    row = (
        session.connection()
        .execute(
            select(
                func.coalesce(func.sum(total.cashless_count), 0),
                func.coalesce(func.sum(total.cashless_sum), 0),
                func.coalesce(func.sum(total.typed_sum), 0),
                func.coalesce(func.sum(total.cash_sum), 0),
            ).where(total.book_id == book_id, total.booked_on.between(first, last))
        )
        .one()
    )
    return Takings(*(int(value) for value in row))


def takings_until(session: Session, book_id: int, day: date, moment: datetime) -> Takings:
    """What one book says of a local day up to a moment of it. A correction has the moment of what it corrects."""
    sales = -func.coalesce(POSTING.c.amount, 0)

    def of(*origins: str) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((ENTRY.c.origin.in_(origins), sales), else_=0)), 0)

    row = (
        session.connection()
        .execute(
            select(func.coalesce(func.sum(ENTRY.c.counted), 0), of("payment"), of("typed"), of("cash", "count"))
            .select_from(ENTRY)
            .outerjoin(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "sales"))
            .where(ENTRY.c.book_id == book_id, ENTRY.c.booked_on == day, ENTRY.c.occurred_at <= moment)
        )
        .one()
    )
    return Takings(*(int(value) for value in row))


def takings_by_day(session: Session, book_id: int, first: date, last: date) -> dict[date, Takings]:
    """The takings of one book by local day, from `first` to `last`, both inside. Days without an entry are absent."""
    total = DAY_TOTAL.c
    rows = session.connection().execute(
        select(total.booked_on, total.cashless_count, total.cashless_sum, total.typed_sum, total.cash_sum).where(
            total.book_id == book_id, total.booked_on.between(first, last)
        )
    )
    return {day: Takings(*(int(value) for value in values)) for day, *values in rows}


def cashless_of_books(
    session: Session, market_id: int, begin: Mapping[int, date], last: date
) -> dict[int, tuple[int, int]]:
    """Counted bank payments and their sum in đồng of these books of a market, each from its own first day in `begin` to
    `last`."""
    found = dict.fromkeys(begin, (0, 0))
    if not begin:
        return found
    total = DAY_TOTAL.c
    rows = session.connection().execute(
        select(total.book_id, total.booked_on, total.cashless_count, total.cashless_sum).where(
            total.market_id == market_id,
            total.book_id.in_(begin),
            total.booked_on.between(min(begin.values()), last),
        )
    )
    for book_id, day, count, amount in rows:
        if day >= begin[book_id]:
            before = found[book_id]
            found[book_id] = (before[0] + int(count), before[1] + int(amount))
    return found


def cashless_of_entries(session: Session, book_id: int, first: date, last: date) -> dict[int, int]:
    """By entry, what it changes in a book's sum of bank payments, in đồng: payments and their corrections from `first`
    to `last`, both inside."""
    rows = session.connection().execute(
        select(ENTRY.c.id, -func.coalesce(POSTING.c.amount, 0))
        .outerjoin(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "sales"))
        .where(ENTRY.c.book_id == book_id, ENTRY.c.origin == "payment", ENTRY.c.booked_on.between(first, last))
    )
    return {entry_id: int(amount) for entry_id, amount in rows}
