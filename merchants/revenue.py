"""A stall's revenue book for the tax office (form S1a-HKD of Circular 152/2025/TT-BTC): a line a day, cash and bank
payments together, each line saying where its money came in. For the stall's own people alone.

What is given was proven: its total is the sum over the sales legs of the book's entries, and that of the day totals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final

from sqlmodel import Session

from ledger.books.sales import Sold, book_end, sales_sum, sold_between
from ledger.books.sums import takings_between
from ledger.refused import Refused
from merchants.periods import Period
from merchants.revenue_levels import Level, level_on
from merchants.takings import Actor, daily_takings, own_book

# Where money came in, in the order in which a line tells it: told by the bank, typed as cashless, cash, counted.
ORIGINS: Final = ("payment", "typed", "cash", "count")
_LOOKS = 5


class Disagrees(Refused):
    """The parts of the books do not agree, so no document is made of them."""


@dataclass(frozen=True, slots=True)
class RevenueLine:
    """A day's sales, in đồng; `parts` are its origins that brought anything, in the order of `ORIGINS`."""

    day: date
    amount: int
    parts: tuple[Sold, ...]

    def of(self, origin: str) -> int:
        """What came in this way, in đồng."""
        return sum(part.amount for part in self.parts if part.origin == origin)


@dataclass(frozen=True, slots=True)
class Revenue:
    """The revenue book of a period.

    `by_origin` is (đồng, how many sales) by origin, `not_sale` the same of what came by bank and was no sale: it is in
    no line. `entries` and `head` are the number and the hash of the book's last entry when this was made: whatever was
    entered after it is not in here.
    """

    period: Period
    made_at: datetime
    lines: tuple[RevenueLine, ...]
    total: int
    by_origin: dict[str, tuple[int, int]]
    not_sale: tuple[int, int]
    entries: int
    head: str


def revenue(session: Session, actor: Actor, stall_id: int, period: Period, *, now: datetime) -> Revenue:
    """The revenue book of a stall. Raises NotYours; and Disagrees where entries and day totals tell different sums."""
    book_id = own_book(session, actor, stall_id)
    first, last = period.first, period.last
    for _ in range(_LOOKS):
        entries, head = book_end(session, book_id)
        sold = sold_between(session, book_id, first, last, entries)
        legs = sales_sum(session, book_id, first, last, entries)
        kept = takings_between(session, book_id, first, last)
        # Day totals know no number to stop at: with an entry between these looks, look again.
        if book_end(session, book_id) == (entries, head):
            break
    else:
        raise Refused("the stall's book is being written to without a pause; try again in a minute")
    made = Revenue(
        period=period,
        made_at=now,
        lines=_lines(sold),
        total=sum(line.amount for line in _lines(sold)),
        by_origin={origin: _sum(sold, origin) for origin in ORIGINS},
        not_sale=(sum(part.not_sale for part in sold), sum(part.not_sales for part in sold)),
        entries=entries,
        head=head,
    )
    _prove(made, legs, kept.cashless + kept.typed + kept.cash)
    return made


def _sum(sold: Sequence[Sold], origin: str) -> tuple[int, int]:
    return (
        sum(part.amount for part in sold if part.origin == origin),
        sum(part.times for part in sold if part.origin == origin),
    )


def _lines(sold: Sequence[Sold]) -> tuple[RevenueLine, ...]:
    """A line for each day that brought anything; what was reversed to nothing has none."""
    brought = [part for part in sold if part.amount]
    return tuple(
        RevenueLine(day, sum(part.amount for part in parts), tuple(sorted(parts, key=_place)))
        for day, parts in ((day, list(parts)) for day, parts in groupby(brought, lambda part: part.day))
    )


def _place(part: Sold) -> int:
    return ORIGINS.index(part.origin)


def _prove(made: Revenue, legs: int, kept: int) -> None:
    told = sum(amount for amount, _ in made.by_origin.values())
    if not made.total == told == legs == kept:
        raise Disagrees(
            f"no revenue book of {made.period}: its lines make {made.total} đồng, its origins {told}, the sales legs"
            f" {legs}, the day totals {kept}; run `ledger verify`, it names what is wrong"
        )


@dataclass(frozen=True, slots=True)
class Year:
    """A stall's revenue of a year so far, in đồng, by month from January; and the level it is measured against, None
    where none was in force."""

    year: int
    months: tuple[int, ...]
    level: Level | None

    @property
    def total(self) -> int:
        """Since the year's first day."""
        return sum(self.months)


def revenue_year(session: Session, actor: Actor, stall_id: int, year: int, today: date) -> Year:
    """What a stall sold in a year, for its own people, against the level of its last day or of today. Raises
    NotYours."""
    own_book(session, actor, stall_id)
    whole = Period("year", year, 1)
    days = daily_takings(session, actor, stall_id, whole.first, whole.last)
    last = min(today, whole.last)
    months = [0] * last.month
    for day, sums in days.items():
        if day.month <= last.month:
            months[day.month - 1] += sums.cashless + sums.typed + sums.cash
    return Year(year, tuple(months), level_on(last))
