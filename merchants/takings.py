"""A stall's amounts, for those who may see them: its own people, and the board with the stall's dated consent."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlmodel import Session

from ledger.books.sums import Takings, takings_between, takings_by_day
from ledger.books.sums import takings_until as takings_of_day_until
from merchants.model import CONSENT, STALL


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a login, the stalls it owns, the market whose board it belongs to, if any; and the stalls where it
    sees what comes in one by one, without any sum."""

    login_id: int
    stalls: frozenset[int] = frozenset()
    board_of: int | None = None
    helps: frozenset[int] = frozenset()


class NotYours(Exception):
    """The actor may not see this stall's amounts."""


def takings(session: Session, actor: Actor, stall_id: int, first: date, last: date) -> Takings:
    """What a stall took from `first` to `last`, both inside, in đồng. Raises NotYours."""
    return takings_between(session, _book(session, actor, stall_id), first, last)


def takings_until(session: Session, actor: Actor, stall_id: int, day: date, moment: datetime) -> Takings:
    """What a stall took on a local day up to a moment of it, in đồng: a day that runs is compared with this, never with
    a whole one. Raises NotYours."""
    return takings_of_day_until(session, _book(session, actor, stall_id), day, moment)


def daily_takings(session: Session, actor: Actor, stall_id: int, first: date, last: date) -> dict[date, Takings]:
    """What a stall took each day from `first` to `last`, in đồng; days without an entry are absent. Raises NotYours."""
    return takings_by_day(session, _book(session, actor, stall_id), first, last)


def own_book(session: Session, actor: Actor, stall_id: int) -> int:
    """The book of a stall for its own people alone, whatever it lets the board see. Raises NotYours."""
    if stall_id not in actor.stalls:
        raise NotYours
    return _book(session, actor, stall_id)


def _book(session: Session, actor: Actor, stall_id: int) -> int:
    """The book of a stall whose amounts this actor may see."""
    stall = session.connection().execute(select(STALL.c.market_id, STALL.c.book_id).where(STALL.c.id == stall_id)).one()
    if stall_id not in actor.stalls and not (actor.board_of == stall.market_id and shares_amounts(session, stall_id)):
        raise NotYours
    book_id: int = stall.book_id
    return book_id


def record_consent(
    session: Session, *, market_id: int, stall_id: int, given: bool, text_version: str, login_id: int, now: datetime
) -> None:
    """A stall's owner lets the board see its amounts, or no longer; `text_version` says what was agreed to."""
    session.connection().execute(
        insert(CONSENT).values(
            market_id=market_id,
            stall_id=stall_id,
            given=given,
            text_version=text_version,
            login_id=login_id,
            at=now,
        )
    )


def shares_amounts(session: Session, stall_id: int) -> bool:
    """Whether the stall's newest word is that the board may see its amounts."""
    given = (
        session.connection()
        .execute(select(CONSENT.c.given).where(CONSENT.c.stall_id == stall_id).order_by(CONSENT.c.id.desc()).limit(1))
        .scalar_one_or_none()
    )
    return bool(given)
