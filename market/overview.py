"""A market's month as its board looks at it on a screen: every figure of the page, and every stall's. Counts only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from sqlalchemy import BindParameter, String, bindparam, func, select
from sqlmodel import Session

from ledger.books.counts import counts_between, counts_of_books, first_days, newest_days
from ledger.books.model import BOOK
from ledger.days import Month
from ledger.inbox.model import NOTICE, WAITING
from market.chart import Bar
from market.closings import ClosingRow, latest
from market.comparisons import Compared, History, counted, earlier
from market.markets import MarketRow
from market.model import CLOSING
from market.remarks import ENOUGH, QUIET_DAYS
from market.reports import MonthReport, month_report
from merchants.model import BANK_ACCOUNT, STALL
from merchants.stalls import connected_stalls

SPARK_DAYS = 30


@dataclass(frozen=True, slots=True)
class StallMonth:
    """One stall's month. `now` and `before` are its transactions over the days that are compared; `before` is None
    where the market's records do not reach back so far. `newest` is its latest day with a transaction."""

    book_id: int
    code: str
    name: str
    section: str
    category: str
    transactions: int
    now: int
    before: int | None
    newest: date | None

    @property
    def change(self) -> float | None:
        """From last month to this one, as a share of last month; None where nothing can be divided by."""
        return (self.now - self.before) / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Overview:
    """A market's month, counted until `until`, of which `elapsed` days have come; it is `running` until its last day is
    over. `quiet` are silent for a week or longer, the longest first, without those of whom no bank was ever heard, for
    what they took nobody can tell; `begun` had their first transaction ever; `fallen` lost more than 30 %."""

    market: MarketRow
    month: Month
    until: date
    elapsed: int
    running: bool
    report: MonthReport
    closing: ClosingRow | None
    month_before: Compared
    year_before: Compared
    bars: tuple[Bar, ...]
    stalls: tuple[StallMonth, ...]
    quiet: tuple[StallMonth, ...]
    begun: tuple[StallMonth, ...]
    fallen: tuple[StallMonth, ...]


def overview(session: Session, market: MarketRow, month: Month, today: date, by_day: Mapping[date, int]) -> Overview:
    """The live month of a market, as of today; `by_day` are its transactions of all days."""
    report = month_report(session, market, month)
    until, elapsed, running = counted(month, today)
    firsts = first_days(session, market.id)
    newest = newest_days(session, market.id, until)
    past = History(by_day, min(firsts.values(), default=None))
    so_far = partial(past.compare, month, elapsed=elapsed, running=running, transactions=report.transactions)
    month_before = so_far(earlier(month, 1))
    known = {
        row.code: row
        for row in session.connection().execute(
            select(STALL.c.id, STALL.c.code, STALL.c.book_id, STALL.c.closed_on).where(STALL.c.market_id == market.id)
        )
    }
    connected = connected_stalls(session, market.id)
    counts = {known[line.code].book_id: line.transactions for line in report.stalls}
    before: Mapping[int, int] | None = None
    if month_before.before is not None:
        other = month_before.other.first
        before = counts_between(session, market.id, other, other.replace(day=month_before.days))
        if month_before.days < elapsed:
            counts = counts_between(session, market.id, month.first, month.first.replace(day=month_before.days))
    stalls = tuple(
        StallMonth(
            book_id=known[line.code].book_id,
            code=line.code,
            name=line.name,
            section=line.section,
            category=line.category,
            transactions=line.transactions,
            now=counts.get(known[line.code].book_id, 0),
            before=None if before is None else before.get(known[line.code].book_id, 0),
            newest=newest.get(known[line.code].book_id),
        )
        for line in report.stalls
    )
    open_ = {code for code, row in known.items() if row.closed_on is None or row.closed_on > until}
    return Overview(
        market=market,
        month=month,
        until=until,
        elapsed=elapsed,
        running=running,
        report=report,
        closing=latest(session, market.id, month),
        month_before=month_before,
        year_before=so_far(earlier(month, 12)),
        bars=past.twelve_months(month, elapsed=elapsed, transactions=report.transactions),
        stalls=stalls,
        quiet=_quiet([stall for stall in stalls if stall.code in open_ and known[stall.code].id in connected], until),
        begun=_begun(stalls, firsts, month),
        fallen=_fallen(stalls),
    )


def _quiet(stalls: Sequence[StallMonth], until: date) -> tuple[StallMonth, ...]:
    silent = [(stall.newest, stall) for stall in stalls if stall.newest and (until - stall.newest).days >= QUIET_DAYS]
    return tuple(stall for _, stall in sorted(silent, key=lambda pair: pair[0]))


def _begun(stalls: Sequence[StallMonth], firsts: Mapping[int, date], month: Month) -> tuple[StallMonth, ...]:
    """Nobody, where all have begun in this month: then it is the records that began."""
    begun = [
        stall
        for stall in stalls
        if stall.transactions and month.first <= firsts.get(stall.book_id, date.min) <= month.last
    ]
    if len(begun) == sum(stall.transactions > 0 for stall in stalls):
        return ()
    return tuple(sorted(begun, key=lambda stall: -stall.transactions))


def _fallen(stalls: Sequence[StallMonth]) -> tuple[StallMonth, ...]:
    """Those with enough transactions last month for a share to mean something, the greatest loss first."""
    fallen = [(stall.before - stall.now, stall) for stall in stalls if stall.before and stall.before >= ENOUGH]
    return tuple(
        stall for lost, stall in sorted(fallen, key=lambda pair: -pair[0]) if lost * 10 > (lost + stall.now) * 3
    )


def last_days(session: Session, book_ids: Sequence[int], until: date) -> dict[int, list[int]]:
    """By book, the transactions of each of the `SPARK_DAYS` days up to and with `until`."""
    first = until - timedelta(days=SPARK_DAYS - 1)
    found = counts_of_books(session, book_ids, first, until)
    days = [first + timedelta(days=day) for day in range(SPARK_DAYS)]
    return {book_id: [by_day.get(day, 0) for day in days] for book_id, by_day in found.items()}


_MARKET: BindParameter[int] = bindparam("market")
_WAITS = (NOTICE.c.market_id == _MARKET) & (NOTICE.c.direction == "in") & WAITING
# A column at a time is the quickest way to have all that the stalls' rows say.
_FINGERPRINT = select(
    *(func.aggregate_strings(STALL.c[name], "\x1e") for name in ("code", "name", "section", "category", "status")),
    func.aggregate_strings(STALL.c.closed_on.cast(String), "\x1e"),
    select(func.count(BANK_ACCOUNT.c.heard_at)).where(BANK_ACCOUNT.c.market_id == _MARKET).scalar_subquery(),
    select(func.sum(BOOK.c.entries)).where(BOOK.c.market_id == _MARKET).scalar_subquery(),
    select(func.max(CLOSING.c.id)).where(CLOSING.c.market_id == _MARKET).scalar_subquery(),
    select(func.concat(func.count(), " ", func.sum(NOTICE.c.id))).where(_WAITS).scalar_subquery(),
).where(STALL.c.market_id == _MARKET)
_WAITING = select(func.count()).select_from(NOTICE).where(_WAITS, NOTICE.c.status.in_(("unmatched", "held", "parked")))


def fingerprint(session: Session, market_id: int) -> tuple[object, ...]:
    """Changes whenever anything that a market's month shows has changed: entries, stalls, of which of them a bank
    was heard, closings, waiting money.

    Entries are only ever added, so how many there are says whether any is new, whichever day it counts for.
    """
    return tuple(session.connection().execute(_FINGERPRINT, {"market": market_id}).one())


def count_waiting(session: Session, market_id: int) -> int:
    """How many incoming notices wait for a person of the board."""
    count: int = session.connection().execute(_WAITING, {"market": market_id}).scalar_one()
    return count
