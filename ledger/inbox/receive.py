"""Store notices before anything else is done with them; find the ones told before.

Everything here runs in the caller's transaction and commits nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session

from ledger.among import among
from ledger.books.model import ENTRY
from ledger.days import Month
from ledger.direct import Asking, Statement, answer, ask_next, connection_of
from ledger.inbox.model import NOTICE, NOTICE_BODY, WAITING
from ledger.inbox.notice import Feed, Notice, digest
from ledger.refused import Problem, Refused
from ledger.rows import Rows, insert


class Stored(NamedTuple):
    """A notice that is in the database, with where it came from."""

    id: int
    market_id: int
    channel_id: int
    feed: str
    digest: str
    notice: Notice
    status: str
    turns: int = 0


class Received(NamedTuple):
    """What became of one delivery: newly `stored`, or None for one that was told before; `differs` is the notice that
    was told before with another content, where this one is told for the first time."""

    stored: Stored | None
    differs: int | None = None


def receive(
    session: Session,
    deliveries: Sequence[tuple[Notice, bytes]],
    *,
    market_id: int,
    channel_id: int,
    feed: Feed,
    now: datetime,
) -> list[Received]:
    """Store each notice with its body once, pending: the unique key (channel, feed, event id) decides, not a look
    beforehand.

    The same event told again with another content keeps its second body, and says of which notice it `differs`.
    """
    ids = answer(session, ask_ids(session, deliveries))
    numbered = number(deliveries, ids, market_id=market_id, channel_id=channel_id, feed=feed)
    return store(session, deliveries, numbered, {}, now)


def ask_ids(session: Session, deliveries: Sequence[tuple[Notice, bytes]]) -> Asking[dict[str, int]]:
    """The ids that these deliveries' events will have, if nobody told them before."""
    ids = dict.fromkeys((notice.event_id for notice, _ in deliveries), 0)
    return dict(zip(ids, (yield from ask_next(session, "notice", len(ids))), strict=True))


def number(
    deliveries: Sequence[tuple[Notice, bytes]], ids: Mapping[str, int], *, market_id: int, channel_id: int, feed: Feed
) -> list[Stored]:
    """Each delivery as `store` will write it, if nobody told it before; the same event in one batch has one id."""
    return [
        Stored(
            ids[notice.event_id],
            market_id,
            channel_id,
            feed,
            digest(
                channel_id=channel_id,
                feed=feed,
                event_id=notice.event_id,
                account_number=notice.account_number,
                bank=notice.bank,
                amount=notice.amount,
                direction=notice.direction,
                bank_reference=notice.bank_reference,
                at=notice.at,
                local_date=notice.local_date,
            ),
            notice,
            "pending",
        )
        for notice, _ in deliveries
    ]


def store(
    session: Session,
    deliveries: Sequence[tuple[Notice, bytes]],
    numbered: Sequence[Stored],
    moves: Mapping[int, tuple[str, int | None]],
    now: datetime,
) -> list[Received]:
    """Write what `number` gave; `moves` has the status of each id and the notice it is the same as, where it is not
    pending. What was told before is not written, whatever its move."""
    connection = connection_of(session)
    first: dict[str, Stored] = {}
    for one in numbered:
        first.setdefault(one.notice.event_id, one)
    # In the order of their keys, so that two importers of one file never wait for each other in a ring.
    rows = [
        _notice_row(first[event_id], moves.get(first[event_id].id, ("pending", None)), now)
        for event_id in sorted(first)
    ]
    fresh = {row[0] for row in insert(connection, Rows(NOTICE, _NOTICE, rows, _UNLESS_TOLD))}
    told = [event_id for event_id, one in first.items() if one.id not in fresh]
    before = _already_stored(session, numbered[0].channel_id, numbered[0].feed, told) if told else {}
    bodies: list[tuple[object, ...]] = []
    others: list[tuple[object, ...]] = []
    again: dict[int, tuple[int, str]] = {}
    for place, ((notice, body), one) in enumerate(zip(deliveries, numbered, strict=True)):
        earliest = first[notice.event_id]
        notice_id, original = (one.id, earliest.digest) if one.id in fresh else before[notice.event_id]
        row = (notice_id, one.digest, one.market_id, now, body, notice.memo, notice.payer_name, notice.payer_account)
        if earliest is one and one.id in fresh:
            bodies.append(row)
            continue
        again[place] = (notice_id, one.digest)
        # A provider's test says what it likes each time the button is pressed.
        if one.digest != original and not notice.test:
            others.append(row)
    insert(connection, Rows(NOTICE_BODY, _BODY, bodies))
    differing = set(insert(connection, Rows(NOTICE_BODY, _BODY, others, _UNLESS_KEPT)))
    return [
        Received(one) if place not in again else Received(None, again[place][0] if again[place] in differing else None)
        for place, one in enumerate(numbered)
    ]


_UNLESS_TOLD = "ON CONFLICT (channel_id, feed, event_id) DO NOTHING RETURNING id"
_UNLESS_KEPT = "ON CONFLICT (notice_id, digest) DO NOTHING RETURNING notice_id, digest"
_NOTICE = (
    "id", "market_id", "channel_id", "feed", "event_id", "account_number", "bank", "amount", "direction",
    "bank_reference", "at", "local_date", "received_at", "digest", "status", "same_as", "virtual_account",
)  # fmt: skip
_BODY = ("notice_id", "digest", "market_id", "received_at", "body", "memo", "payer_name", "payer_account")


def _notice_row(one: Stored, move: tuple[str, int | None], now: datetime) -> tuple[object, ...]:
    notice = one.notice
    return (
        one.id,
        one.market_id,
        one.channel_id,
        one.feed,
        notice.event_id,
        notice.account_number,
        notice.bank,
        notice.amount,
        notice.direction,
        notice.bank_reference,
        notice.at,
        notice.local_date,
        now,
        one.digest,
        *move,
        notice.virtual_account,
    )


_TOLD_BEFORE = Statement(
    select(NOTICE.c.event_id, NOTICE.c.id, NOTICE.c.digest).where(
        NOTICE.c.channel_id == bindparam("channel"),
        NOTICE.c.feed == bindparam("feed"),
        among(NOTICE.c.event_id, "events"),
    )
)


def _already_stored(
    session: Session, channel_id: int, feed: str, event_ids: Iterable[str]
) -> dict[str, tuple[int, str]]:
    rows = _TOLD_BEFORE.rows(session, channel=channel_id, feed=feed, events=event_ids)
    return {row.event_id: (row.id, row.digest) for row in rows}


def load(session: Session, notice_id: int) -> Stored | None:
    """One stored notice with the memo of its first body, its row locked; None where there is none."""
    found = _load(session, NOTICE.c.id == notice_id, limit=1)
    return found[0] if found else None


def never_booked(session: Session, notice_ids: Collection[int]) -> list[Stored]:
    """Those of these notices that are nobody's and always were, locked; but for those that a person is at, who locked
    the row before the account."""
    mine = (NOTICE.c.id.in_(notice_ids), NOTICE.c.status == "unmatched")
    return [one for one in _load(session, *mine, limit=len(notice_ids), skip_locked=True) if not one.turns]


def market_of(session: Session, notice_id: int) -> int:
    """The market whose channel told this notice. Raises Refused where there is no such notice."""
    market_id = (
        session.connection().execute(select(NOTICE.c.market_id).where(NOTICE.c.id == notice_id)).scalar_one_or_none()
    )
    if market_id is None:
        raise Refused(Problem(f"there is no notice {notice_id}; `payment unmatched` lists them", field="notice"))
    return int(market_id)


def pending(session: Session, market_id: int, channel_id: int, limit: int) -> list[Stored]:
    """A channel's oldest notices that are not yet booked, locked; rows that another writer has are skipped."""
    return _load(
        session,
        NOTICE.c.market_id == market_id,
        NOTICE.c.channel_id == channel_id,
        WAITING,
        NOTICE.c.status == "pending",
        limit=limit,
        skip_locked=True,
    )


def channels_behind(session: Session) -> set[int]:
    """The channels that have notices which are stored and not yet booked."""
    rows = session.connection().execute(select(NOTICE.c.channel_id).where(WAITING, NOTICE.c.status == "pending"))
    return {row.channel_id for row in rows}


_BODIES = (
    select(NOTICE_BODY)
    .join(NOTICE, (NOTICE.c.id == NOTICE_BODY.c.notice_id) & (NOTICE.c.digest == NOTICE_BODY.c.digest))
    .where(among(NOTICE.c.id, "notices"))
)
_TURNS = (
    select(ENTRY.c.notice_id, func.max(ENTRY.c.turn))
    .where(among(ENTRY.c.notice_id, "notices"))
    .group_by(ENTRY.c.notice_id)
)


def _load(session: Session, *conditions: object, limit: int, skip_locked: bool = False) -> list[Stored]:
    connection = session.connection()
    found = connection.execute(
        select(NOTICE)
        .where(*conditions)  # type: ignore[arg-type]
        .order_by(NOTICE.c.id)
        .limit(limit)
        # A key never changes, so whoever stores a twin of this one meanwhile need not wait, and no ring closes.
        .with_for_update(skip_locked=skip_locked, key_share=True)
    ).all()
    ids = [row.id for row in found]
    bodies = {row.notice_id: row for row in connection.execute(_BODIES, {"notices": ids})}
    turns: dict[int, int] = {row[0]: row[1] for row in connection.execute(_TURNS, {"notices": ids})}
    stored = []
    for row in found:
        body = bodies.get(row.id)
        notice = Notice(
            event_id=row.event_id,
            account_number=row.account_number,
            bank=row.bank,
            amount=row.amount,
            direction=row.direction,
            bank_reference=row.bank_reference,
            at=row.at,
            local_date=row.local_date,
            memo=body.memo if body else "",
            payer_name=body.payer_name if body else "",
            payer_account=body.payer_account if body else "",
            virtual_account=row.virtual_account,
        )
        stored.append(
            Stored(
                row.id, row.market_id, row.channel_id, row.feed, row.digest, notice, row.status, turns.get(row.id, 0)
            )
        )
    return stored


def settle(session: Session, outcomes: Iterable[tuple[int, str, int | None]]) -> None:
    """Move notices to their status: (notice id, status, the notice it is the same as)."""
    by_status: dict[str, list[int]] = {}
    duplicates: list[dict[str, object]] = []
    for notice_id, status, same_as in outcomes:
        if status == "duplicate":
            duplicates.append({"notice": notice_id, "original": same_as})
        else:
            by_status.setdefault(status, []).append(notice_id)
    connection = session.connection()
    for status, ids in sorted(by_status.items()):
        connection.execute(_SETTLE, {"notices": ids, "now": status})
    if duplicates:
        connection.execute(_SETTLE_DUPLICATE, duplicates)


_SETTLE = update(NOTICE).where(among(NOTICE.c.id, "notices")).values(status=bindparam("now"), same_as=None)
_SETTLE_DUPLICATE = (
    update(NOTICE).where(NOTICE.c.id == bindparam("notice")).values(status="duplicate", same_as=bindparam("original"))
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that waits for a person; its amount belongs to no stall yet."""

    notice: int
    at: datetime | None
    local_date: date
    bank: str
    account_number: str
    amount: int
    memo: str


def waiting(session: Session, market_id: int, *statuses: str) -> list[Waiting]:
    """A market's incoming notices in these statuses, oldest first."""
    rows = session.connection().execute(
        select(
            NOTICE.c.id,
            NOTICE.c.at,
            NOTICE.c.local_date,
            NOTICE.c.bank,
            NOTICE.c.account_number,
            NOTICE.c.amount,
            func.coalesce(NOTICE_BODY.c.memo, ""),
        )
        .outerjoin(NOTICE_BODY, (NOTICE_BODY.c.notice_id == NOTICE.c.id) & (NOTICE_BODY.c.digest == NOTICE.c.digest))
        .where(NOTICE.c.market_id == market_id, NOTICE.c.direction == "in", WAITING, NOTICE.c.status.in_(statuses))
        .order_by(NOTICE.c.local_date, NOTICE.c.id)
    )
    return [Waiting(*row) for row in rows]


def unmatched_in(session: Session, market_id: int, month: Month) -> int:
    """How many incoming notices of a month no stall has: unmatched ones, and those not booked yet."""
    count: int = (
        session.connection()
        .execute(
            select(func.count())
            .select_from(NOTICE)
            .where(
                NOTICE.c.market_id == market_id,
                NOTICE.c.direction == "in",
                NOTICE.c.local_date.between(month.first, month.last),
                WAITING,
                NOTICE.c.status != "held",
            )
        )
        .scalar_one()
    )
    return count
