"""The province's markets side by side, by counts that say nothing about any single stall."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from ledger.books.counts import first_days
from ledger.days import Month, local_date
from market.comparisons import Compared, History, counted, earlier
from market.day_counts import DayCounts
from market.markets import MarketRow, list_markets
from market.reports import month_report
from merchants.takings import FEWEST


@dataclass(frozen=True, slots=True)
class MarketMonth:
    """A market's month; `months` are its twelve months up to this one, the last as far as it has come, and None where
    nothing was recorded yet."""

    market: MarketRow
    active: int
    registered: int
    transactions: int
    before: Compared
    months: tuple[int | None, ...]

    @property
    def rate(self) -> float:
        """Stalls with a transaction in the month as a share of those registered."""
        return self.active / self.registered


@dataclass(frozen=True, slots=True)
class Province:
    """The markets by rate, and those too small to be counted, which are in no total either. The month is `running`
    until its last day is over; `at` is when it was counted."""

    month: Month
    at: datetime
    until: date
    elapsed: int
    running: bool
    markets: tuple[MarketMonth, ...]
    small: tuple[MarketRow, ...]

    @property
    def active(self) -> int:
        return sum(market.active for market in self.markets)

    @property
    def registered(self) -> int:
        return sum(market.registered for market in self.markets)

    @property
    def transactions(self) -> int:
        return sum(market.transactions for market in self.markets)


def province(session: Session, month: Month, now: datetime, counts: DayCounts) -> Province:
    """Every market's live month, the greatest rate first."""
    until, elapsed, running = counted(month, local_date(now))
    ranked, small = [], []
    for market in list_markets(session):
        report = month_report(session, market, month)
        if report.stalls_registered < FEWEST:
            small.append(market)
            continue
        past = History(counts.of(session, market.id), min(first_days(session, market.id).values(), default=None))
        bars = past.twelve_months(month, elapsed=elapsed, transactions=report.transactions)
        before = past.compare(
            month, earlier(month, 1), elapsed=elapsed, running=running, transactions=report.transactions
        )
        ranked.append(
            MarketMonth(
                market=market,
                active=min(report.stalls_active, report.stalls_registered),
                registered=report.stalls_registered,
                transactions=report.transactions,
                before=before,
                months=tuple(bar.transactions for bar in bars),
            )
        )
    ranked.sort(key=lambda one: (-one.rate, one.market.name))
    return Province(month, now, until, elapsed, running, tuple(ranked), tuple(small))
