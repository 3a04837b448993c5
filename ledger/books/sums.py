"""Amounts of one book. Only `merchants.takings` may ask, for it knows whose they are."""

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
