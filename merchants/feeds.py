"""Whether a stall's bank is heard ("Nối tài khoản", issue 16, 7): without it a printed code makes no count.

The feed of a stall is the channels that told of its account in force by a hook or a poll, its number or the virtual
number that leads to it. Its state is the first of these that holds:

- `never`: no notice ever named the account in force.
- `statements`: nothing but statement lines told of it in the last 60 days, and its newest notice is one of them.
- `heard`: it was told today or yesterday, by a channel by which news can still come.
- `quiet`: it was told longer ago, by a channel that lives: the feed works, the stall sold nothing by code.
- `silent`: no channel that told of it lives.

A channel lives while it has heard anything lately, of another account or a provider's test as well. Lately is, for a
market's, within 36 hours: a market morning that passed unheard is a sign. For that of one stall it is within the
longest pause between two days of sales of that stall in the 60 days before it was last heard, and three days at least.
One that is off, or whose secret cannot be opened, lives no more, however lately it was heard.

Stalls that share an account number share what was told of it, even where two banks gave out the same one; bookings
tell them apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, bindparam, or_, select
from sqlmodel import Session

from ledger.among import among
from ledger.books.counts import counts_of_books
from ledger.books.model import ENTRY
from ledger.days import local_date
from ledger.inbox.model import NOTICE
from merchants.model import BANK_ACCOUNT, STALL
from merchants.number_digests import not_forgotten

State = Literal["never", "statements", "heard", "quiet", "silent"]
Trouble = Literal["", "off", "locked", "poll", "no_secret"]
STATES: tuple[State, ...] = ("never", "silent", "statements", "quiet", "heard")
LOOKED_BACK = timedelta(days=60)
MARKET_HEARD_WITHIN = timedelta(hours=36)
LEAST_PAUSE = timedelta(days=3)
# Nothing comes by such a channel; the other troubles only explain a silence.
SHUT = frozenset({"off", "locked"})


@dataclass(frozen=True, slots=True)
class ChannelSigns:
    """What a channel shows of itself: the one stall it credits (None: the market's), when it last heard anything, and
    its trouble."""

    stall_id: int | None
    last_heard_at: datetime | None
    trouble: Trouble = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """The state of a stall's feed. `since` is the local day it was last told of, of a silent one the day its channel
    was last heard; `trouble` why nothing is heard, where that is known; `channel_id` the channel that told last."""

    state: State
    since: date | None = None
    trouble: Trouble = ""
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """The notice that last named an account."""

    channel_id: int
    feed: str
    day: date


@dataclass(frozen=True, slots=True)
class _Account:
    stall_id: int
    number: str
    heard_at: datetime | None
    notice_id: int | None


def feeds(
    session: Session,
    market_id: int,
    channels: Mapping[int, ChannelSigns],
    now: datetime,
    *,
    stall_id: int | None = None,
) -> dict[int, Feed]:
    """By stall, the state of its feed now: every stall of a market with an account in force, or one of them.

    `channels` are those of the market. An account costs a few looks into the index of notices, however long its
    history is.
    """
    accounts = _accounts(session, market_id, now, stall_id)
    told = _notices(session, {a.notice_id for a in accounts if a.notice_id is not None})
    living = _living(session, market_id, channels, now)
    found: dict[int, Feed] = {}
    doubtful: list[_Account] = []
    for account in accounts:
        last = told.get(account.notice_id or 0)
        found[account.stall_id] = feed = _state(account, last, channels, living, now)
        if feed.state == "silent" and living:
            doubtful.append(account)
    for account, last in _told_by(session, market_id, living, doubtful, now):
        found[account.stall_id] = _state(account, last, channels, living, now)
    return found


def _state(
    account: _Account, last: _Told | None, channels: Mapping[int, ChannelSigns], living: frozenset[int], now: datetime
) -> Feed:
    if last is None:
        if account.heard_at is None:
            return Feed("never")
        return Feed("silent", local_date(account.heard_at))
    if last.feed == "statement":
        return Feed("statements", last.day, channel_id=last.channel_id)
    signs = channels[last.channel_id]
    if signs.trouble not in SHUT and last.day >= local_date(now) - timedelta(days=1):
        return Feed("heard", last.day, channel_id=last.channel_id)
    if last.channel_id in living:
        return Feed("quiet", last.day, channel_id=last.channel_id)
    since = local_date(min(signs.last_heard_at, now)) if signs.last_heard_at else last.day
    return Feed("silent", max(since, last.day), signs.trouble, last.channel_id)


_MARKET: BindParameter[int] = bindparam("market")
_NOW = bindparam("now", type_=BANK_ACCOUNT.c.in_force_from.type)
_STALL: BindParameter[int] = bindparam("stall")


def _newest(*conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    """The newest notice that names an account: one look into the index (market, account number, local date)."""
    return (
        select(NOTICE.c.id)
        .where(NOTICE.c.market_id == _MARKET, NOTICE.c.account_number == BANK_ACCOUNT.c.number, *conditions)
        .order_by(NOTICE.c.local_date.desc(), NOTICE.c.id.desc())
        .limit(1)
        .correlate(BANK_ACCOUNT)
        .scalar_subquery()
    )


_LATELY = NOTICE.c.local_date >= bindparam("first", type_=NOTICE.c.local_date.type)
_IN_FORCE = (
    (BANK_ACCOUNT.c.market_id == _MARKET)
    & not_forgotten(BANK_ACCOUNT.c.number)
    & or_(BANK_ACCOUNT.c.in_force_from.is_(None), BANK_ACCOUNT.c.in_force_from <= _NOW)
    & or_(BANK_ACCOUNT.c.in_force_until.is_(None), BANK_ACCOUNT.c.in_force_until > _NOW)
)
_ACCOUNTS = select(
    BANK_ACCOUNT.c.stall_id,
    BANK_ACCOUNT.c.number,
    BANK_ACCOUNT.c.heard_at,
    _newest(_LATELY, NOTICE.c.feed != "statement").label("by_bank"),
    _newest().label("by_any"),
).where(_IN_FORCE)
# Of a virtual number the bank tells with the account behind it, and only the stall's book leads there quickly.
_BY_VIRTUAL_NUMBER = select(
    BANK_ACCOUNT.c.stall_id,
    select(ENTRY.c.notice_id)
    .join(NOTICE, NOTICE.c.id == ENTRY.c.notice_id)
    .where(
        ENTRY.c.book_id == STALL.c.book_id,
        ENTRY.c.kind == "payment",
        NOTICE.c.virtual_account == BANK_ACCOUNT.c.number,
    )
    .order_by(ENTRY.c.number.desc())
    .limit(1)
    .correlate(STALL, BANK_ACCOUNT)
    .scalar_subquery()
    .label("notice_id"),
).join(STALL, STALL.c.id == BANK_ACCOUNT.c.stall_id)


def _accounts(session: Session, market_id: int, now: datetime, stall_id: int | None) -> list[_Account]:
    """The accounts in force, one a stall, with the notice that last named each."""
    said: dict[str, Any] = {"market": market_id, "now": now, "first": local_date(now) - LOOKED_BACK}
    query = _ACCOUNTS
    if stall_id is not None:
        query, said = query.where(BANK_ACCOUNT.c.stall_id == _STALL), {**said, "stall": stall_id}
    rows = session.connection().execute(query, said).all()
    virtual = [row.stall_id for row in rows if row.by_any is None and row.heard_at is not None]
    by_virtual_number: dict[int, int | None] = {}
    if virtual:
        where = among(BANK_ACCOUNT.c.stall_id, "stalls") & _IN_FORCE
        for row in session.connection().execute(_BY_VIRTUAL_NUMBER.where(where), {**said, "stalls": virtual}):
            by_virtual_number[row.stall_id] = row.notice_id
    return [
        _Account(
            row.stall_id, row.number, row.heard_at, row.by_bank or row.by_any or by_virtual_number.get(row.stall_id)
        )
        for row in rows
    ]


_NOTICES = select(NOTICE.c.id, NOTICE.c.channel_id, NOTICE.c.feed, NOTICE.c.local_date).where(
    among(NOTICE.c.id, "notices")
)


def _notices(session: Session, ids: Iterable[int]) -> dict[int, _Told]:
    rows = session.connection().execute(_NOTICES, {"notices": ids})
    return {row.id: _Told(row.channel_id, row.feed, row.local_date) for row in rows}


def _told_by(
    session: Session, market_id: int, living: frozenset[int], accounts: Sequence[_Account], now: datetime
) -> list[tuple[_Account, _Told]]:
    """Of accounts whose last channel is dead, those that one which lives told of lately, too."""
    if not accounts:
        return []
    newest = _newest(_LATELY, NOTICE.c.feed != "statement", among(NOTICE.c.channel_id, "living"))
    query = select(BANK_ACCOUNT.c.stall_id, newest.label("notice_id")).where(
        _IN_FORCE, among(BANK_ACCOUNT.c.number, "numbers")
    )
    said = {
        "market": market_id,
        "now": now,
        "first": local_date(now) - LOOKED_BACK,
        "living": living,
        "numbers": {account.number for account in accounts},
    }
    ids = {row.stall_id: row.notice_id for row in session.connection().execute(query, said) if row.notice_id}
    told = _notices(session, set(ids.values()))
    return [(account, told[ids[account.stall_id]]) for account in accounts if account.stall_id in ids]


def _living(session: Session, market_id: int, channels: Mapping[int, ChannelSigns], now: datetime) -> frozenset[int]:
    """The channels that were heard as lately as fits them."""
    living, in_doubt = set(), {}
    for channel_id, signs in channels.items():
        if signs.last_heard_at is None or signs.trouble in SHUT:
            continue
        # One that was heard by a clock that ran ahead is not heard for ever.
        pause = abs(now - signs.last_heard_at)
        if pause <= (MARKET_HEARD_WITHIN if signs.stall_id is None else LEAST_PAUSE):
            living.add(channel_id)
        elif signs.stall_id is not None and pause <= LOOKED_BACK:
            in_doubt[channel_id] = signs.stall_id, local_date(signs.last_heard_at), pause
    if in_doubt:
        stalls = {stall_id for stall_id, _, _ in in_doubt.values()}
        days = _days_of_sales(session, market_id, stalls, local_date(now) - 2 * LOOKED_BACK, local_date(now))
        for channel_id, (stall_id, heard_on, pause) in in_doubt.items():
            before = [day for day in days.get(stall_id, ()) if heard_on - LOOKED_BACK <= day <= heard_on]
            if pause <= longest_pause(before):
                living.add(channel_id)
    return frozenset(living)


def longest_pause(days: Iterable[date]) -> timedelta:
    """The longest time between two of these days that follow each other; none where there are fewer than two."""
    return max((after - before for before, after in pairwise(sorted(days))), default=timedelta())


def _days_of_sales(
    session: Session, market_id: int, stall_ids: Iterable[int], first: date, last: date
) -> dict[int, list[date]]:
    books = session.connection().execute(
        select(STALL.c.id, STALL.c.book_id).where(STALL.c.market_id == market_id, among(STALL.c.id, "stalls")),
        {"stalls": stall_ids},
    )
    stall_of = {row.book_id: row.id for row in books}
    counts = counts_of_books(session, list(stall_of), first, last)
    return {stall_of[book_id]: list(by_day) for book_id, by_day in counts.items()}
