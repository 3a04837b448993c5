"""A month beside other months, over the same number of days of each; and the twelve months that lead up to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from sqlmodel import Session

from ledger.books.counts import counts_by_day
from ledger.days import Month
from market.chart import Bar


class Counted(NamedTuple):
    """How far a month is counted: until which day, how many days of it that makes, and whether it is `running`: it is
    until its last day is over."""

    until: date
    elapsed: int
    running: bool


def counted(month: Month, on: date) -> Counted:
    """How far a month is counted on a day."""
    until = min(on, month.last)
    return Counted(until, max((until - month.first).days + 1, 0), running=on <= month.last)


@dataclass(frozen=True, slots=True)
class Compared:
    """A month's transactions and another's, each over its first `days` days.

    `whole` where that is the whole of both, and their last days are over. `before` is None where the market's records
    do not reach back to the other month's first day; they begin on `since`, None while there is none.
    """

    other: Month
    days: int
    whole: bool
    now: int
    before: int | None
    since: date | None


@dataclass(frozen=True, slots=True)
class History:
    """A market's transactions by day, as far as a month's report looks back; its first ever was on `since`."""

    by_day: Mapping[date, int]
    since: date | None

    def first_days(self, month: Month, days: int) -> int:
        """Transactions of the first `days` days of a month."""
        return sum(self.by_day.get(month.first + timedelta(days=day), 0) for day in range(days))

    def compare(self, month: Month, other: Month, *, elapsed: int, running: bool, transactions: int) -> Compared:
        """`month`, of which `elapsed` days are counted with so many transactions, beside another month; it is
        `running` until its last day is over."""
        days = min(elapsed, length(other))
        known = days > 0 and self.since is not None and self.since <= other.first
        return Compared(
            other=other,
            days=days,
            whole=days == length(month) == length(other) and not running,
            now=transactions if days == elapsed else self.first_days(month, days),
            before=self.first_days(other, days) if known else None,
            since=self.since,
        )

    def twelve_months(self, month: Month, *, elapsed: int, transactions: int) -> tuple[Bar, ...]:
        """The eleven months before and this one; a tick reaches over as many days as its bar."""
        bars = []
        for back in range(11, -1, -1):
            shown = earlier(month, back)
            year_before = earlier(shown, 12)
            days = length(shown) if back else elapsed
            total = self._recorded(shown, days) if back else transactions
            bars.append(Bar(shown, total, self._recorded(year_before, min(days, length(year_before)))))
        return tuple(bars)

    def _recorded(self, month: Month, days: int) -> int | None:
        begun = self.since is not None and self.since < month.first + timedelta(days=days)
        return self.first_days(month, days) if begun else None


def history(session: Session, market_id: int, month: Month, until: date, since: date | None) -> History:
    """The two years that a month's report looks back over."""
    return History(counts_by_day(session, market_id, earlier(month, 23).first, until), since)


def length(month: Month) -> int:
    """Days of a month."""
    return month.last.day


def earlier(month: Month, months: int) -> Month:
    """The month so many months before, or the calendar's first."""
    index = max(month.first.year * 12 + month.first.month - 1 - months, 12)
    return Month(index // 12, index % 12 + 1)


def number(count: int) -> str:
    """A count as Vietnamese writes it: 35.218."""
    return f"{count:,}".replace(",", ".")


def percent(part: int, whole: int) -> str:
    """A share to one decimal, as 4,7 %; halves are rounded up."""
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{number(tenths // 10)},{tenths % 10}\u00a0%"


def change(now: int, before: int | None) -> str:
    """From `before` to `now` in per cent, with ▲ or ▼ where it is not 0,0 %; a dash where nothing can be divided by."""
    if not before:
        return "–"
    size = percent(abs(now - before), before)
    if size == percent(0, 1):
        return size
    return f"{'▲' if now > before else '▼'}\u00a0{size}"
