"""Payments that a person of the board gave to a stall lately: what the way back from a wrong stall starts from."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlmodel import Session

from ledger.books.model import BY_A_PERSON, ENTRY, stands
from ledger.inbox.model import NOTICE, NOTICE_BODY
from merchants.model import STALL


@dataclass(frozen=True, slots=True)
class Assigned:
    """A payment in a stall's book because a person put it there; `assigned_at` is when, `at` the bank's own moment."""

    entry: int
    notice: int
    code: str
    name: str
    assigned_at: datetime
    at: datetime | None
    local_date: date
    bank: str
    account_number: str
    amount: int
    memo: str


def assigned_since(session: Session, market_id: int, since: datetime) -> list[Assigned]:
    """A market's payments that a person assigned since a moment and that stand, the newest first.

    Whoever assigned them saw their amounts, when they were nobody's; a payment that found its stall by itself is never
    among them.
    """
    rows = session.connection().execute(
        select(
            ENTRY.c.id,
            NOTICE.c.id,
            STALL.c.code,
            STALL.c.name,
            ENTRY.c.recorded_at,
            NOTICE.c.at,
            NOTICE.c.local_date,
            NOTICE.c.bank,
            NOTICE.c.account_number,
            NOTICE.c.amount,
            func.coalesce(NOTICE_BODY.c.memo, ""),
        )
        .join(STALL, STALL.c.book_id == ENTRY.c.book_id)
        .join(NOTICE, NOTICE.c.id == ENTRY.c.notice_id)
        .outerjoin(NOTICE_BODY, (NOTICE_BODY.c.notice_id == NOTICE.c.id) & (NOTICE_BODY.c.digest == NOTICE.c.digest))
        .where(
            ENTRY.c.market_id == market_id,
            ENTRY.c.recorded_at >= since,
            BY_A_PERSON,
            stands(ENTRY.c.id),
        )
        .order_by(ENTRY.c.id.desc())
    )
    return [Assigned(*row) for row in rows]
