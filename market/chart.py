"""The chart of twelve months before it is drawn, on paper or a screen: its bars, and the lines of its grid."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.days import Month

_LINES = 4
# Steps that are easy to add up, in tenths of a power of ten.
_STEPS = (10, 15, 20, 25, 30, 40, 50, 60, 80)


@dataclass(frozen=True, slots=True)
class Bar:
    """A month's transactions, and those of the same month a year before; None where nothing was recorded yet."""

    month: Month
    transactions: int | None
    year_before: int | None


def grid(bars: Sequence[Bar], target: int | None) -> list[int]:
    """Zero and four whole numbers at even steps, the last of them not below any bar, tick or target."""
    heights = [height or 0 for bar in bars for height in (bar.transactions, bar.year_before)]
    highest = max([1, target or 0, *heights])
    power = 1
    while True:
        for tenths in _STEPS:
            step, broken = divmod(tenths * power, 10)
            if not broken and step * _LINES >= highest:
                return [step * line for line in range(_LINES + 1)]
        power *= 10


def names(bars: Sequence[Bar]) -> list[str]:
    """What stands under the bars: the month's number, and the year too with the first bar and with each January."""
    return [
        f"{bar.month.first:%m/%y}" if place == 0 or bar.month.first.month == 1 else str(bar.month.first.month)
        for place, bar in enumerate(bars)
    ]
