"""The days of a week or a month as bars, drawn on the server: what the bank told below, cash and typed sales above it.

Always from zero, coloured by the style sheet, with a table behind it. Lengths are attributes: no style is inline.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from markupsafe import Markup

from ledger.books.sums import Takings
from market.chart import grid
from market.comparisons import number

WIDE, HIGH, RIGHT, TOP, BOTTOM = 328, 190, 320, 10, 164
# How wide a figure of the axis is, in units of the drawing; text is 16 high.
FIGURE = 8
NOTHING = Takings(0, 0, 0, 0)


def sum_of(found: Iterable[Takings]) -> Takings:
    """Some days together."""
    days = list(found)
    return Takings(
        sum(day.transactions for day in days),
        sum(day.cashless for day in days),
        sum(day.typed for day in days),
        sum(day.cash for day in days),
    )


def days_chart(days: Mapping[date, Takings], first: date, last: date, today: date) -> Markup:
    """A bar for each day from `first` to `last`, both inside; a day that runs is hatched, one to come is empty."""
    shown = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    found = [days.get(day, NOTHING) for day in shown]
    # What was taken back of another day can leave less than nothing; a bar does not go below zero.
    heights = [(max(one.cashless, 0), max(one.cash + one.typed, 0)) for one in found]
    lines = grid([], max([1_000, *(sum(pair) for pair in heights)]))
    scale = (BOTTOM - TOP) / lines[-1]
    begin = FIGURE * len(number(lines[-1])) + 12
    parts = [
        f'<svg class="days" viewBox="0 0 {WIDE} {HIGH}" aria-hidden="true"><defs>'
        '<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="under" width="7" height="7"/><rect class="stripe" width="4" height="7"/></pattern></defs>'
    ]
    for line in lines:
        y = round(BOTTOM - line * scale, 1)
        parts.append(f'<line class="{"grid" if line else "zero"}" x1="{begin}" x2="{WIDE}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{begin - 8}" y="{y + 5}" text-anchor="end">{number(line)}</text>')
    pitch = (RIGHT - begin) / len(shown)
    wide = round(pitch * 0.7, 1)
    week = len(shown) == 7
    for place, (day, (told, typed)) in enumerate(zip(shown, heights, strict=True)):
        left = round(begin + pitch * place + (pitch - wide) / 2, 1)
        fill = ' fill="url(#hatch)"' if day == today else ""
        parts += _piece("running" if day == today else "told", left, wide, told * scale, 0, fill)
        parts += _piece("typed", left, wide, typed * scale, told * scale, "")
        if week or day.day in (1, 10, 20, last.day):
            said = f"{day:%d/%m}" if week and place in (0, 6) else str(day.day)
            bold = ' class="bold"' if day == today else ""
            parts.append(f'<text{bold} x="{left + wide / 2:.1f}" y="{BOTTOM + 20}" text-anchor="middle">{said}</text>')
    # Every part is made of our own words and of numbers.
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704


def _piece(kind: str, left: float, wide: float, tall: float, below: float, fill: str) -> list[str]:
    if tall <= 0:
        return []
    top = BOTTOM - below - tall
    return [f'<rect class="{kind}"{fill} x="{left}" y="{top:.1f}" width="{wide}" height="{tall:.1f}"/>']
