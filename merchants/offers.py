"""Typed cashless sales beside the bank's payments that they may be: offered to the stall's people, never assumed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from ledger.books.model import ENTRY, POSTING
from ledger.inbox.model import NOTICE
from merchants.incoming import book_of, last_number
from merchants.takings import Actor

WITHIN = timedelta(minutes=10)
# More than a stall writes in a day, and little to read on every page.
NEWEST = 1_000


@dataclass(frozen=True, slots=True)
class Offer:
    """A typed sale and a payment of the same stall and `amount` (đồng) within ten minutes of it, by their entries."""

    typed: int
    payment: int
    amount: int
    typed_at: datetime
    paid_at: datetime


def offers(
    session: Session, actor: Actor, stall_id: int, *, since: datetime, declined: Collection[tuple[int, int]] = ()
) -> list[Offer]:
    """The typed sales since a moment that no payment confirms yet, each with the payment nearest to it in time.

    Looked for among the newest entries of the stall's book. One payment is offered for one sale; `declined` pairs
    (typed entry, payment) are passed over. What a bank told by its day alone is within ten minutes of nothing. Raises
    NotYours.
    """
    rows = (
        session.connection()
        .execute(
            select(
                ENTRY.c.id,
                ENTRY.c.kind,
                ENTRY.c.concerns,
                ENTRY.c.confirms,
                ENTRY.c.occurred_at,
                NOTICE.c.at,
                POSTING.c.amount,
            )
            .outerjoin(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "sales"))
            .outerjoin(NOTICE, NOTICE.c.id == ENTRY.c.notice_id)
            .where(
                ENTRY.c.book_id == book_of(session, actor, stall_id),
                ENTRY.c.number > last_number(session, actor, stall_id) - NEWEST,
            )
            .order_by(ENTRY.c.number)
        )
        .all()
    )
    corrections = {row.concerns: row.kind for row in rows if row.concerns is not None}
    standing = {row.id for row in rows if corrections.get(row.id, "sale") == "sale"} - {row.confirms for row in rows}
    typed = [row for row in rows if row.kind == "typed" and row.id in standing and row.occurred_at >= since]
    paid = [row for row in rows if row.kind == "payment" and row.id in standing and row.at is not None]
    pairs = [
        Offer(one.id, other.id, -one.amount, one.occurred_at, other.at)
        for one in typed
        for other in paid
        if one.amount == other.amount and abs(one.occurred_at - other.at) <= WITHIN
    ]
    found: list[Offer] = []
    used: set[int] = set()
    for pair in sorted(pairs, key=lambda pair: abs(pair.typed_at - pair.paid_at)):
        if used.isdisjoint({pair.typed, pair.payment}) and (pair.typed, pair.payment) not in declined:
            used |= {pair.typed, pair.payment}
            found.append(pair)
    return sorted(found, key=lambda pair: pair.typed)
