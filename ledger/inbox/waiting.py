"""What a person looks at before settling what waits: held notices beside those they look like, parked ones with why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlmodel import Session

from ledger.among import among
from ledger.books.model import ENTRY, stands
from ledger.inbox.model import NOTICE, NOTICE_BODY, NOTICE_TRY, WAITING
from ledger.inbox.notice import Notice
from ledger.inbox.receive import Stored
from ledger.inbox.twins import find_twins, told_by_a_person


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as a person compares it with another one: `amount` in đồng, `at` None where only the day is known."""

    notice: int
    channel_id: int
    feed: str
    received_at: datetime
    at: datetime | None
    local_date: date
    bank: str
    account_number: str
    amount: int
    bank_reference: str
    memo: str


@dataclass(frozen=True, slots=True)
class Held:
    """A held notice, and the earlier one that it looks like; None where every one like it has been used up."""

    told: Told
    like: Told | None


@dataclass(frozen=True, slots=True)
class HeldFile:
    """Held notices that came together: how many, and the ids of the first and the last of them."""

    channel_id: int
    feed: str
    received_at: datetime
    count: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Parked:
    """A notice that could not be booked, how often that was tried, and what went wrong the last time."""

    told: Told
    attempts: int
    error: str


_TOLD = (
    NOTICE.c.id.label("notice"),
    NOTICE.c.channel_id,
    NOTICE.c.feed,
    NOTICE.c.received_at,
    NOTICE.c.at,
    NOTICE.c.local_date,
    NOTICE.c.bank,
    NOTICE.c.account_number,
    NOTICE.c.amount,
    NOTICE.c.bank_reference,
    func.coalesce(NOTICE_BODY.c.memo, "").label("memo"),
)
_WITH_BODY = NOTICE.outerjoin(
    NOTICE_BODY, (NOTICE_BODY.c.notice_id == NOTICE.c.id) & (NOTICE_BODY.c.digest == NOTICE.c.digest)
)


def _waiting(columns: Sequence[Any], market_id: int, status: str) -> Select[Any]:
    return select(*columns).where(
        NOTICE.c.market_id == market_id, NOTICE.c.direction == "in", WAITING, NOTICE.c.status == status
    )


def count_by_status(session: Session, market_id: int) -> dict[str, int]:
    """How many incoming notices of a market have each of the statuses in which they wait; absent where none has."""
    rows = session.connection().execute(
        select(NOTICE.c.status, func.count())
        .where(NOTICE.c.market_id == market_id, NOTICE.c.direction == "in", WAITING)
        .group_by(NOTICE.c.status)
    )
    return {row[0]: row[1] for row in rows}


def held_files(session: Session, market_id: int) -> list[HeldFile]:
    """What is held in a market, by what came together, in the order it came."""
    together = (NOTICE.c.channel_id, NOTICE.c.feed, NOTICE.c.received_at)
    query = _waiting([*together, func.count(), func.min(NOTICE.c.id), func.max(NOTICE.c.id)], market_id, "held")
    rows = session.connection().execute(query.group_by(*together).order_by(func.min(NOTICE.c.id)))
    return [HeldFile(*row) for row in rows]


def held_with(session: Session, market_id: int, notice_id: int, last: int) -> list[int]:
    """The ids of what is still held of all that came together with this notice, up to and with the id `last`."""
    query = _waiting([NOTICE.c.id], market_id, "held").where(NOTICE.c.id <= last, _came_with(notice_id))
    return list(session.connection().execute(query.order_by(NOTICE.c.id)).scalars())


def _came_with(notice_id: int) -> ColumnElement[bool]:
    """Told by the same channel and feed in the same moment."""
    one = NOTICE.alias("one")
    source = select(one.c.channel_id, one.c.feed, one.c.received_at).where(one.c.id == notice_id)
    return tuple_(NOTICE.c.channel_id, NOTICE.c.feed, NOTICE.c.received_at).in_(source)


def held(session: Session, market_id: int, file: HeldFile, *, limit: int, offset: int = 0) -> list[Held]:
    """Held notices of a file, each beside the earlier one that it looks like, as `same` would pair these."""
    query = _waiting(_TOLD, market_id, "held").where(
        NOTICE.c.channel_id == file.channel_id, NOTICE.c.feed == file.feed, NOTICE.c.received_at == file.received_at
    )
    found = _read(session, query.select_from(_WITH_BODY).order_by(NOTICE.c.id).limit(limit).offset(offset))
    twins = find_twins(session, market_id, [_stored(market_id, one) for one in found], person_says_same=True)
    originals = [twin.original for twin in twins.values()]
    like = {
        one.notice: one
        for one in _read(session, select(*_TOLD).select_from(_WITH_BODY).where(NOTICE.c.id.in_(originals)))
    }
    return [Held(one, like[twins[one.notice].original] if one.notice in twins else None) for one in found]


@dataclass(frozen=True, slots=True)
class Answered:
    """A notice about which a person said whether it was told before: `status` is what that made of it, `like` the
    earlier one that it is the same as, None where it is one more."""

    told: Told
    status: str
    like: Told | None


def together_with(session: Session, market_id: int, first: int, last: int) -> list[int]:
    """The ids of what came together with the notice `first`, up to and with the id `last`."""
    query = select(NOTICE.c.id).where(
        NOTICE.c.market_id == market_id, NOTICE.c.id.between(first, last), _came_with(first)
    )
    return list(session.connection().execute(query.order_by(NOTICE.c.id)).scalars())


def answered(session: Session, market_id: int, notice_ids: Iterable[int]) -> list[Answered]:
    """Of these notices, those that are what only a person's word makes of one that was held: a twin that names no
    bank reference in common, one that is booked and stands, or one that waits for a stall."""
    original = NOTICE.alias("original")
    booked = select(ENTRY.c.id).where(ENTRY.c.notice_id == NOTICE.c.id, stands(ENTRY.c.id))
    found = session.connection().execute(
        select(*_TOLD, NOTICE.c.status, NOTICE.c.same_as)
        .select_from(_WITH_BODY.outerjoin(original, original.c.id == NOTICE.c.same_as))
        .where(
            NOTICE.c.market_id == market_id,
            among(NOTICE.c.id, "notices"),
            or_(
                and_(NOTICE.c.status == "duplicate", told_by_a_person(NOTICE, original)),
                and_(NOTICE.c.status == "recorded", booked.exists()),
                NOTICE.c.status == "unmatched",
            ),
        )
        .order_by(NOTICE.c.id),
        {"notices": list(notice_ids)},
    )
    rows = [(Told(*row[:-2]), row.status, row.same_as) for row in found]
    query = select(*_TOLD).select_from(_WITH_BODY).where(among(NOTICE.c.id, "originals"))
    originals = session.connection().execute(query, {"originals": [same_as for *_, same_as in rows if same_as]})
    like = {each.notice: Told(*each) for each in originals}
    return [Answered(told, status, like.get(same_as)) for told, status, same_as in rows]


def _read(session: Session, query: Select[Any]) -> list[Told]:
    return [Told(**row._mapping) for row in session.connection().execute(query)]


def _stored(market_id: int, told: Told) -> Stored:
    """The notice as the search for twins knows one."""
    notice = Notice(
        event_id="",
        account_number=told.account_number,
        bank=told.bank,
        amount=told.amount,
        direction="in",
        bank_reference=told.bank_reference,
        at=told.at,
        local_date=told.local_date,
    )
    return Stored(told.notice, market_id, told.channel_id, told.feed, "", notice, "held")


def parked(session: Session, market_id: int) -> list[Parked]:
    """What could not be booked in a market, the oldest first."""
    rows = session.connection().execute(
        _waiting([*_TOLD, NOTICE_TRY.c.attempts, NOTICE_TRY.c.last_error], market_id, "parked")
        .select_from(_WITH_BODY.join(NOTICE_TRY, NOTICE_TRY.c.notice_id == NOTICE.c.id))
        .order_by(NOTICE.c.id)
    )
    return [Parked(Told(*row[: len(_TOLD)]), row.attempts, row.last_error) for row in rows]


def parked_of(session: Session, market_id: int, channel_id: int, *, after: int, limit: int) -> list[int]:
    """The ids, above `after`, of what a channel told and could not be booked, the oldest first."""
    query = select(NOTICE.c.id).where(
        NOTICE.c.market_id == market_id,
        NOTICE.c.channel_id == channel_id,
        WAITING,
        NOTICE.c.status == "parked",
        NOTICE.c.id > after,
    )
    return list(session.connection().execute(query.order_by(NOTICE.c.id).limit(limit)).scalars())
