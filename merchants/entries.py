"""A stall's book entry by entry, corrections too, for a program that follows it: for the stall's own people only.

Entries of a book are numbered in the order in which they are committed, without a gap. So the number of the last one
that was read is all that has to be kept to miss nothing and to read nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlmodel import Session

from ledger.books.model import ENTRY, ENTRY_NOTE, POSTING
from merchants import incoming
from merchants.incoming import Incoming, book_of, last_number
from merchants.takings import Actor


@dataclass(frozen=True, slots=True)
class StallEntry:
    """Entry `number` of a stall's book.

    `amount` is what it changes in the stall's takings, in đồng: less than 0 where a correction takes something back, 0
    where that was done before. `concerns` is the number of the first entry that a correction is about, `note` what was
    typed with it, as far as it is kept. `payment` is what else is known of one that a bank told of.
    """

    number: int
    entry_id: int
    kind: str
    amount: int
    booked_on: date
    occurred_at: datetime
    recorded_at: datetime
    concerns: int | None
    note: str
    payment: Incoming | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and the number after which the next ones come."""

    entries: list[StallEntry]
    next: int


_FIRST = ENTRY.alias("first")


def newest(session: Session, actor: Actor, stall_id: int, limit: int, *, told: bool) -> Page:
    """The newest entries, the newest first; those behind `next` are yet to come. With `told` only payments that a bank
    told of and their corrections. Raises NotYours."""
    last = last_number(session, actor, stall_id)
    query = _described(book_of(session, actor, stall_id), told).where(ENTRY.c.number <= last)
    rows = session.connection().execute(query.order_by(ENTRY.c.number.desc()).limit(limit)).all()
    return Page(_entries(session, actor, stall_id, rows)[::-1], last)


def after(session: Session, actor: Actor, stall_id: int, number: int, limit: int, *, told: bool) -> Page | None:
    """The entries behind a number of the book, the oldest first; `told` as for `newest`. None where the book does not
    reach that number: it is no longer the one that the number was read from. Raises NotYours."""
    # Read first: what is committed after this look has a higher number, and comes with the next page.
    last = last_number(session, actor, stall_id)
    if number > last:
        return None
    query = _described(book_of(session, actor, stall_id), told).where(ENTRY.c.number > number, ENTRY.c.number <= last)
    rows = session.connection().execute(query.order_by(ENTRY.c.number).limit(limit)).all()
    return Page(_entries(session, actor, stall_id, rows), rows[-1].number if len(rows) == limit else last)


def _described(book_id: int, told: bool) -> Select[Any]:
    query = (
        select(
            ENTRY.c.number,
            ENTRY.c.id.label("entry_id"),
            ENTRY.c.kind,
            (-func.coalesce(POSTING.c.amount, 0)).label("amount"),
            ENTRY.c.booked_on,
            ENTRY.c.occurred_at,
            ENTRY.c.recorded_at,
            _FIRST.c.number.label("concerns"),
            func.coalesce(ENTRY_NOTE.c.reason, "").label("note"),
        )
        .outerjoin(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "sales"))
        .outerjoin(_FIRST, _FIRST.c.id == ENTRY.c.concerns)
        .outerjoin(ENTRY_NOTE, ENTRY_NOTE.c.entry_id == ENTRY.c.id)
        .where(ENTRY.c.book_id == book_id)
    )
    return query.where(ENTRY.c.origin == "payment") if told else query


def _entries(session: Session, actor: Actor, stall_id: int, rows: Sequence[Row[Any]]) -> list[StallEntry]:
    """The rows with what the bank told, the oldest first."""
    if not rows:
        return []
    # No more payments than rows lie between the first row and the last.
    before = min(row.number for row in rows) - 1
    payments, _ = incoming.after(session, actor, stall_id, before, len(rows))
    told = {payment.number: payment for payment in payments}
    ordered = sorted(rows, key=lambda row: int(row.number))
    return [StallEntry(**row._mapping, payment=told.get(row.number)) for row in ordered]
