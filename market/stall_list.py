"""A market's stalls as its board looks after them: how each is doing, and what has become of one. Counts only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlmodel import Session

from ledger.books.counts import counts_of_books, first_days, newest_days
from ledger.days import Month, local_date
from market.chart import Bar
from market.comparisons import Compared, History, earlier
from market.remarks import QUIET_DAYS
from market.signs import Printed, printed
from merchants.model import BANK_ACCOUNT, STALL
from merchants.stalls import StallRow, connected_stalls, list_stalls

STATES = ("active", "quiet", "unheard", "never", "paused", "closed")


@dataclass(frozen=True, slots=True)
class ListedStall:
    """A stall, its latest day with a transaction, its sign, whether it was given another account within the last week,
    and whether any bank was ever `heard` of it: of one that was not, nobody knows that it is quiet."""

    row: StallRow
    newest: date | None
    sign: Printed
    changed: bool
    heard: bool
    today: date

    @property
    def quiet_days(self) -> int:
        """Days since its latest transaction; 0 where it has none."""
        return (self.today - self.newest).days if self.newest else 0

    @property
    def states(self) -> frozenset[str]:
        """The filters it is found under: closed alone, or how it is doing and, besides, whether it is paused."""
        if self.row.status == "closed":
            return frozenset({"closed"})
        doing = "never" if self.newest is None else "active" if self.quiet_days < QUIET_DAYS else "quiet"
        if doing == "quiet" and not self.heard:
            doing = "unheard"
        return frozenset({doing, "paused"}) if self.row.status == "paused" else frozenset({doing})


def listed_stalls(session: Session, market_id: int, now: datetime) -> list[ListedStall]:
    """Every stall of a market, by code."""
    today = local_date(now)
    newest = newest_days(session, market_id, today)
    changed = set(
        session.connection()
        .execute(
            select(BANK_ACCOUNT.c.stall_id)
            .where(BANK_ACCOUNT.c.market_id == market_id)
            .group_by(BANK_ACCOUNT.c.stall_id)
            .having(func.count() > 1, func.max(BANK_ACCOUNT.c.in_force_from) > now - timedelta(days=7))
        )
        .scalars()
    )
    connected = connected_stalls(session, market_id)
    signs = printed(session, market_id)
    return [
        ListedStall(row, newest.get(row.book_id), signs[row.id], row.id in changed, row.id in connected, today)
        for row in list_stalls(session, market_id)
    ]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became of a stall on a day; `kind` is registered, first, account, paused or closed. An account's
    event has the last four figures of the account before, None for one that a former stall gave up, and of it; of a
    stall that was forgotten no figures are told."""

    day: date
    kind: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class StallHistory:
    """One stall's twelve months and what has become of it, newest first."""

    transactions: int
    elapsed: int
    month: Month
    month_before: Compared
    bars: tuple[Bar, ...]
    events: tuple[Event, ...]
    newest: date | None
    accounts: int


def stall_history(session: Session, stall: StallRow, today: date) -> StallHistory:
    """The counts of a stall, up to and with today."""
    month = Month.of(today)
    elapsed = today.day
    by_day = counts_of_books(session, [stall.book_id], date.min, today)[stall.book_id]
    # A market's records may begin later than a stall does, and the other way round: before either, nothing is known.
    begun = min(first_days(session, stall.market_id).values(), default=None)
    past = History(by_day, begun)
    transactions = past.first_days(month, elapsed)
    rows = session.connection().execute(
        select(BANK_ACCOUNT.c.number, BANK_ACCOUNT.c.in_force_from)
        .where(BANK_ACCOUNT.c.stall_id == stall.id)
        .order_by(BANK_ACCOUNT.c.id)
    )
    accounts = [(None if stall.forgotten else number[-4:], since) for number, since in rows]
    created, paused_on = (
        session.connection().execute(select(STALL.c.created_at, STALL.c.paused_on).where(STALL.c.id == stall.id)).one()
    )
    return StallHistory(
        transactions=transactions,
        elapsed=elapsed,
        month=month,
        month_before=past.compare(month, earlier(month, 1), elapsed=elapsed, running=True, transactions=transactions),
        bars=past.twelve_months(month, elapsed=elapsed, transactions=transactions),
        events=_events(stall, created, paused_on, accounts, min(by_day, default=None)),
        newest=max(by_day, default=None),
        accounts=len(accounts),
    )


def _events(
    stall: StallRow,
    created: datetime,
    paused_on: date | None,
    accounts: Sequence[tuple[str | None, datetime | None]],
    first: date | None,
) -> tuple[Event, ...]:
    events = [Event(local_date(created), "registered", after=accounts[0][0])]
    if first is not None:
        events.append(Event(first, "first"))
    events += [
        Event(local_date(since), "account", before, after)
        for (before, _), (after, since) in pairwise(accounts)
        if since is not None
    ]
    if paused_on is not None and stall.status == "paused":
        events.append(Event(paused_on, "paused"))
    if stall.closed_on is not None:
        events.append(Event(stall.closed_on, "closed"))
    return tuple(sorted(events, key=lambda event: event.day, reverse=True))
