"""The amounts a stall asks for most: what its till offers before anybody has typed."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session

from ledger.books.model import BOOK, ENTRY, POSTING
from merchants.incoming import LEAST, book_of
from merchants.takings import Actor

SINCE = timedelta(days=30)
# The newest entries tell as much as all of them, and a busy stall's till opens as fast as a quiet one's.
LOOKED_AT = 500
OFTEN = 3


def usual_amounts(session: Session, actor: Actor, stall_id: int, *, now: datetime, limit: int) -> list[int]:
    """The amounts in đồng that the stall took most often of late, by whatever way, the most frequent first; those it
    took a few times only are left out. Raises NotYours."""
    book_id = book_of(session, actor, stall_id)
    newest = select(BOOK.c.entries - LOOKED_AT).where(BOOK.c.id == book_id).scalar_subquery()
    amount = (-POSTING.c.amount).label("amount")
    query = (
        select(amount)
        .join(ENTRY, ENTRY.c.id == POSTING.c.entry_id)
        .where(
            ENTRY.c.book_id == book_id,
            ENTRY.c.number > newest,
            ENTRY.c.kind.in_(("payment", "cash", "typed")),
            ENTRY.c.occurred_at > now - SINCE,
            POSTING.c.account == "sales",
            POSTING.c.amount <= -LEAST,
        )
        .group_by(POSTING.c.amount)
        .having(func.count() >= OFTEN)
        .order_by(func.count().desc(), amount)
        .limit(limit)
    )
    return [int(row.amount) for row in session.connection().execute(query)]
