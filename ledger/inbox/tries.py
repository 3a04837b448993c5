"""Failed tries at booking a notice: counted, spaced, and after five the notice is parked for a person to see."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, text
from sqlmodel import Session

from ledger.columns import Moment
from ledger.inbox.model import NOTICE_TRY

PARK_AFTER = 5


def failed(session: Session, market_id: int, notice_id: int, error: str, now: datetime) -> bool:
    """Count one more failed try; True when that was the last and the notice is to be parked."""
    connection = session.connection()
    connection.execute(
        text(
            "INSERT INTO notice_try (notice_id, market_id, attempts, next_try_at, last_error)"
            " VALUES (:notice, :market, 1, :next, :error) ON CONFLICT (notice_id) DO UPDATE SET"
            " attempts = notice_try.attempts + 1, next_try_at = excluded.next_try_at, last_error = excluded.last_error"
        ).bindparams(bindparam("next", type_=Moment())),
        {"notice": notice_id, "market": market_id, "next": now + timedelta(minutes=1), "error": error[:500]},
    )
    attempts: int = connection.execute(
        select(NOTICE_TRY.c.attempts).where(NOTICE_TRY.c.notice_id == notice_id)
    ).scalar_one()
    return attempts >= PARK_AFTER
