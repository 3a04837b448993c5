"""A stall's amounts, for those who may see them: its own people, and the board with the stall's dated consent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session

from ledger.books import sums
from ledger.books.sums import Takings, takings_between, takings_by_day
from ledger.books.sums import takings_until as takings_of_day_until
from merchants.consents import shared_since, sharing_stalls
from merchants.model import STALL

# A figure of fewer stalls than this, or of a market with fewer, would be about people one can name.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a login, the stalls it owns, the market whose shared amounts it may see, if any; and the stalls where
    it sees what comes in one by one, without any sum."""

    login_id: int
    stalls: frozenset[int] = frozenset()
    board_of: int | None = None
    helps: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Shared:
    """What a stall lets its board see of some days: counted bank payments and their sum in đồng, from the day `since`.
    There is no place for cash and for what was typed."""

    since: date
    transactions: int
    cashless: int


class NotYours(Exception):
    """The actor may not see this stall's amounts."""


def takings(session: Session, actor: Actor, stall_id: int, first: date, last: date) -> Takings:
    """What a stall took from `first` to `last`, both inside, in đồng: for its own people. Raises NotYours."""
    return takings_between(session, own_book(session, actor, stall_id), first, last)


def takings_until(session: Session, actor: Actor, stall_id: int, day: date, moment: datetime) -> Takings:
    """What a stall took on a local day up to a moment of it, in đồng: a day that runs is compared with this, never with
    a whole one. For its own people; raises NotYours."""
    return takings_of_day_until(session, own_book(session, actor, stall_id), day, moment)


def daily_takings(session: Session, actor: Actor, stall_id: int, first: date, last: date) -> dict[date, Takings]:
    """What a stall took each day from `first` to `last`, in đồng, for its own people; days without an entry are absent.
    Raises NotYours."""
    return takings_by_day(session, own_book(session, actor, stall_id), first, last)


def own_book(session: Session, actor: Actor, stall_id: int) -> int:
    """The book of a stall for its own people alone, whatever it lets the board see. Raises NotYours."""
    if stall_id not in actor.stalls:
        raise NotYours
    return _stall(session, stall_id)[1]


def _stall(session: Session, stall_id: int) -> tuple[int, int]:
    """The market and the book of a stall."""
    stall = session.connection().execute(select(STALL.c.market_id, STALL.c.book_id).where(STALL.c.id == stall_id)).one()
    return stall.market_id, stall.book_id


def shared_by_day(session: Session, actor: Actor, stall_id: int, first: date, last: date) -> dict[date, Shared]:
    """What a stall lets its board see of each day from `first` to `last`; days before its consent and days without a
    bank payment are absent. Raises NotYours."""
    since, book_id = _shared_book(session, actor, stall_id)
    days = takings_by_day(session, book_id, max(first, since), last)
    return {day: Shared(since, one.transactions, one.cashless) for day, one in days.items() if _told(one)}


def _told(day: Takings) -> bool:
    """Whether anything of this day came from the bank: that cash was typed on it is not for a board."""
    return bool(day.transactions or day.cashless)


def shared_by_stall(session: Session, actor: Actor, market_id: int, first: date, last: date) -> dict[int, Shared]:
    """What the stalls of a market let its board see from `first` to `last`, by stall; those that share nothing of these
    days are absent. Raises NotYours."""
    if actor.board_of != market_id:
        raise NotYours
    since = {stall_id: day for stall_id, day in sharing_stalls(session, market_id).items() if day <= last}
    rows = session.connection().execute(select(STALL.c.id, STALL.c.book_id).where(STALL.c.id.in_(since)))
    books = {row.id: row.book_id for row in rows}
    begin = {book_id: max(first, since[stall_id]) for stall_id, book_id in books.items()}
    found = sums.cashless_of_books(session, market_id, begin, last)
    return {stall_id: Shared(since[stall_id], *found[book_id]) for stall_id, book_id in books.items()}


def shared_entries(session: Session, actor: Actor, stall_id: int, first: date, last: date) -> dict[int, int]:
    """By entry from `first` to `last`, what it changes in the sum that the stall lets its board see, in đồng: payments
    that a bank told of, and their corrections. Raises NotYours."""
    since, book_id = _shared_book(session, actor, stall_id)
    return sums.cashless_of_entries(session, book_id, max(first, since), last)


def _shared_book(session: Session, actor: Actor, stall_id: int) -> tuple[date, int]:
    """The first day that this actor may see of a stall whose board it is, and the stall's book."""
    market_id, book_id = _stall(session, stall_id)
    since = shared_since(session, stall_id)
    if since is None or actor.board_of != market_id:
        raise NotYours
    return since, book_id


def sum_of(shared: Mapping[int, Shared]) -> int | None:
    """The sum of what stalls let their board see, in đồng; None where they are too few for a sum."""
    return sum(one.cashless for one in shared.values()) if len(shared) >= FEWEST else None
