"""What a book's entries say was sold, day by day and by where the money came in. Only `merchants` may ask, for it knows
whose amounts they are."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlmodel import Session

from ledger.books.model import BOOK, ENTRY, POSTING


@dataclass(frozen=True, slots=True)
class Sold:
    """A local day's sales of one origin (`payment`, `typed`, `cash`, `count`), in đồng, corrections taken off.

    `times` is how many sales that makes. `not_sale` is what came by bank and was no sale, `not_sales` how often.
    """

    day: date
    origin: str
    amount: int
    times: int
    not_sale: int
    not_sales: int


def book_end(session: Session, book_id: int) -> tuple[int, str]:
    """How many entries a book has, and its newest hash; empty before its first."""
    row = session.connection().execute(select(BOOK.c.entries, BOOK.c.head).where(BOOK.c.id == book_id)).one()
    return row.entries, row.head


def sold_between(session: Session, book_id: int, first: date, last: date, number: int) -> list[Sold]:
    """The sales of a book from `first` to `last`, both inside, told from its entries up to this number, by day and
    origin. A correction stands on the day of what it corrects, so a day is what is left of it."""
    sold, away = (case((POSTING.c.account == account, POSTING.c.amount), else_=0) for account in ("sales", "other"))
    kept_out = case((ENTRY.c.origin == "payment", away), else_=0)
    rows = session.connection().execute(
        select(
            ENTRY.c.booked_on,
            ENTRY.c.origin,
            -func.sum(sold),
            -func.sum(_sign(sold)),
            -func.sum(kept_out),
            -func.sum(_sign(kept_out)),
        )
        .join(POSTING, POSTING.c.entry_id == ENTRY.c.id)
        .where(_within(book_id, first, last, number), POSTING.c.account.in_(("sales", "other")))
        .group_by(ENTRY.c.booked_on, ENTRY.c.origin)
        .order_by(ENTRY.c.booked_on, ENTRY.c.origin)
    )
    return [Sold(day, origin, *(int(value) for value in values)) for day, origin, *values in rows]


def sales_sum(session: Session, book_id: int, first: date, last: date, number: int) -> int:
    """The sum over all sales legs of a book from `first` to `last`, both inside, up to this number, in đồng."""
    total = (
        session.connection()
        .execute(
            select(func.coalesce(-func.sum(POSTING.c.amount), 0))
            .join(ENTRY, POSTING.c.entry_id == ENTRY.c.id)
            .where(_within(book_id, first, last, number), POSTING.c.account == "sales")
        )
        .scalar_one()
    )
    return int(total)


def _within(book_id: int, first: date, last: date, number: int) -> ColumnElement[bool]:
    return and_(ENTRY.c.book_id == book_id, ENTRY.c.booked_on.between(first, last), ENTRY.c.number <= number)


def _sign(amount: ColumnElement[int]) -> ColumnElement[int]:
    return case((amount > 0, 1), (amount < 0, -1), else_=0)
