"""How long it is kept who paid: the bodies of notices, with memo, payer's name and account, are deleted after a while.

Nothing in the books rests on them: entries, hashes and the notices themselves stay as they are. What still waits for a
person or for another try keeps its body, for it is read then.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session

from ledger.inbox.model import NOTICE, NOTICE_BODY

UNSETTLED = ("pending", "unmatched", "held", "parked")
# A batch locks its rows for a moment only, so that whoever is paid meanwhile does not wait.
BATCH = 500


def delete_bodies(session: Session, *, before: datetime, after: int) -> tuple[int, int | None]:
    """Delete the bodies that came before a moment, among the next `BATCH` of the notices above the id `after`; gives
    how many those were, and the id to go on after: None when what follows is younger, or nothing does."""
    connection = session.connection()
    bodies = connection.execute(
        select(NOTICE_BODY.c.notice_id, NOTICE_BODY.c.digest, NOTICE_BODY.c.received_at)
        .where(NOTICE_BODY.c.notice_id > after)
        .order_by(NOTICE_BODY.c.notice_id, NOTICE_BODY.c.digest)
        .limit(BATCH)
    ).all()
    old = [body for body in bodies if body.received_at < before]
    # Locked and read again: nobody gives a notice back to be settled anew meanwhile.
    settled = set(
        connection.execute(
            select(NOTICE.c.id)
            .where(NOTICE.c.id.in_({body.notice_id for body in old}), NOTICE.c.status.not_in(UNSETTLED))
            .with_for_update(key_share=True, skip_locked=True)
        ).scalars()
    )
    gone = [body for body in old if body.notice_id in settled]
    if gone:
        connection.execute(
            delete(NOTICE_BODY).where(
                NOTICE_BODY.c.notice_id.in_({body.notice_id for body in gone}), NOTICE_BODY.c.received_at < before
            )
        )
    # Ids rise with the time they came, and a body told again later is younger than its neighbours: one batch without
    # anything old is the end.
    return len(gone), bodies[-1].notice_id if len(bodies) == BATCH and old else None


def delete_bodies_of(session: Session, notice_ids: Sequence[int]) -> int:
    """Delete the bodies of those of some notices, at most `BATCH`, that wait for nothing; gives how many those were."""
    connection = session.connection()
    settled = list(
        connection.execute(
            select(NOTICE.c.id)
            .where(NOTICE.c.id.in_(notice_ids), NOTICE.c.status.not_in(UNSETTLED))
            .with_for_update(key_share=True)
        ).scalars()
    )
    return connection.execute(delete(NOTICE_BODY).where(NOTICE_BODY.c.notice_id.in_(settled))).rowcount
