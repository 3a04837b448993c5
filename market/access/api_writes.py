"""Writes that a program asks for under a key of its own: asked again, they are not done again but answered again."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlmodel import Session

from ledger.refused import Problem, Refused
from market.access.model import API_TOKEN, API_WRITE

# A program that got no answer asks again within minutes.
KEPT = timedelta(days=1)


def earlier_answer(session: Session, *, token_id: int, key: str, asked: str, now: datetime) -> str | None:
    """What was answered when the token asked the same under this key before; None when it is new.

    Until the transaction ends the token's other writes wait. Raises Refused where the key was used for something else.
    """
    connection = session.connection()
    connection.execute(select(API_TOKEN.c.id).where(API_TOKEN.c.id == token_id).with_for_update())
    connection.execute(delete(API_WRITE).where(API_WRITE.c.token_id == token_id, API_WRITE.c.at < now - KEPT))
    found = connection.execute(
        select(API_WRITE.c.asked_digest, API_WRITE.c.answer).where(
            API_WRITE.c.token_id == token_id, API_WRITE.c.key == key
        )
    ).one_or_none()
    if found is None:
        return None
    if found.asked_digest != _digest(asked):
        raise Refused(Problem("was used for another call; a new one needs a new key", field="Idempotency-Key"))
    answer: str = found.answer
    return answer


def keep_answer(
    session: Session,
    *,
    token_id: int,
    market_id: int,
    key: str,
    asked: str,
    status: int,
    answer: str,
    now: datetime,
) -> None:
    """Keep what is about to be answered, for the same question under the same key."""
    session.connection().execute(
        insert(API_WRITE).values(
            market_id=market_id,
            token_id=token_id,
            key=key,
            asked_digest=_digest(asked),
            status=status,
            answer=answer,
            at=now,
        )
    )


def _digest(asked: str) -> str:
    return hashlib.sha256(asked.encode()).hexdigest()
