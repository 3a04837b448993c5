"""A stall's holder asks that what the program holds of the person be deleted. The request is dated, can be withdrawn
until it is carried out, and waits where the market's board sees it; `merchants.forgetting` is the deletion itself."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from ledger.direct import Statement
from ledger.refused import Problem, Refused
from merchants.model import DELETION_REQUEST, STALL
from merchants.stalls import StallRow


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits. `asked_by` is a login, None for whoever sits at the computer itself."""

    id: int
    market_id: int
    stall_id: int
    code: str
    asked_by: int | None
    asked_at: datetime


_OPEN = (DELETION_REQUEST.c.withdrawn_at.is_(None), DELETION_REQUEST.c.done_at.is_(None))
_WAITING = (
    select(
        DELETION_REQUEST.c.id,
        DELETION_REQUEST.c.market_id,
        DELETION_REQUEST.c.stall_id,
        STALL.c.code,
        DELETION_REQUEST.c.asked_by,
        DELETION_REQUEST.c.asked_at,
    )
    .join(STALL, STALL.c.id == DELETION_REQUEST.c.stall_id)
    .where(*_OPEN)
    .order_by(DELETION_REQUEST.c.id)
)
_OF_MARKET = Statement(_WAITING.where(DELETION_REQUEST.c.market_id == bindparam("market")))


def open_request(session: Session, stall_id: int) -> Request | None:
    """The request of a stall that waits; None where there is none."""
    row = session.connection().execute(_WAITING.where(DELETION_REQUEST.c.stall_id == stall_id)).one_or_none()
    return Request(**row._mapping) if row else None


def open_requests(session: Session, market_id: int) -> list[Request]:
    """The requests of a market that wait, the oldest first."""
    return [Request(*row) for row in _OF_MARKET.rows(session, market=market_id)]


def ask(session: Session, stall: StallRow, *, login_id: int | None, now: datetime) -> Request:
    """Ask for the deletion; a request that waits already stays the one there is. Raises Refused where all is deleted
    already."""
    connection = session.connection()
    # Two who ask at once: the second waits here, and then sees the first.
    connection.execute(select(STALL.c.id).where(STALL.c.id == stall.id).with_for_update())
    if stall.forgotten:
        raise Refused(Problem(f"{stall.code} was forgotten already", field="stall"))
    if open_request(session, stall.id) is None:
        connection.execute(
            insert(DELETION_REQUEST).values(
                market_id=stall.market_id, stall_id=stall.id, asked_by=login_id, asked_at=now
            )
        )
    found = open_request(session, stall.id)
    assert found is not None, "it was made just now"
    return found


def withdraw(session: Session, stall_id: int, now: datetime) -> bool:
    """Nothing is deleted after all; gives whether a request waited."""
    done = session.connection().execute(
        update(DELETION_REQUEST).where(DELETION_REQUEST.c.stall_id == stall_id, *_OPEN).values(withdrawn_at=now)
    )
    return bool(done.rowcount)


def carried_out(session: Session, stall: StallRow, *, login_id: int | None, now: datetime) -> None:
    """The request of a stall was carried out just now; where nobody had made one, it is dated now, too."""
    connection = session.connection()
    done = connection.execute(
        update(DELETION_REQUEST)
        .where(DELETION_REQUEST.c.stall_id == stall.id, *_OPEN)
        .values(done_at=now, done_by=login_id)
    )
    if not done.rowcount:
        connection.execute(
            insert(DELETION_REQUEST).values(
                market_id=stall.market_id,
                stall_id=stall.id,
                asked_by=login_id,
                asked_at=now,
                done_by=login_id,
                done_at=now,
            )
        )
