"""The chart of twelve months on paper: bars from zero, the year before as ticks, the target as a dashed line."""

from collections.abc import Callable, Sequence
from datetime import date

from market.chart import Bar, grid, names
from market.comparisons import number
from market.paper import HAIRLINE, INK, LEFT, QUIET_INK, RIGHT, WHITE, Sheet
from qr.fonts import HEADING, TEXT, width
from qr.pen import ENAMEL, MM

LEGEND = 11.5

_BAR = (0x6E / 255, 0x8B / 255, 0xC9 / 255)
_TARGET = (0xA3 / 255, 0x16 / 255, 0x1B / 255)


def draw_chart(
    sheet: Sheet, top: float, high: float, bars: Sequence[Bar], target: int | None, until: date, *, running: bool
) -> None:
    """The chart, `high` mm from its highest line to zero, and `LEGEND` mm below that its names and its legend.

    The last bar counts until that day; a month that is `running` is not whole yet and hatched.
    """
    left, right, bottom = LEFT + 15, RIGHT - 2, top + high
    lines = grid(bars, target)
    scale = high / lines[-1]
    for line in lines:
        y = bottom - line * scale
        if line:
            sheet.rule(left, y, right - left, 0.15, HAIRLINE)
        sheet.text(left - 2, y + 1.2, number(line), TEXT, 9.5, anchor=1, ink=QUIET_INK)

    pitch = (right - left) / len(bars)
    wide = pitch * 0.66
    for place, (bar, name) in enumerate(zip(bars, names(bars), strict=True)):
        x, last = left + pitch * (place + 0.5), bar is bars[-1]
        tall = (bar.transactions or 0) * scale
        if tall and last and running:
            sheet.hatched(x - wide / 2, bottom - tall, wide, tall)
        elif tall:
            sheet.box(x - wide / 2, bottom - tall, wide, tall, ENAMEL if last else _BAR)
        if bar.year_before is not None:
            y = bottom - bar.year_before * scale
            if last and tall:
                sheet.rule(x - wide / 2, y, wide, 1.6, WHITE)
            sheet.rule(x - pitch * 0.4, y, pitch * 0.8, 0.6, INK)
        sheet.text(x, bottom + 4.6, name, HEADING if last else TEXT, 10, anchor=0.5)
    sheet.rule(left, bottom, right - left, 0.35, INK)
    if target is not None:
        sheet.rule(left, bottom - target * scale, right - left, 0.5, _TARGET, dashed=True)
    _legend(sheet, bottom + 11, bars, target, until, running=running)


def _legend(sheet: Sheet, y: float, bars: Sequence[Bar], target: int | None, until: date, *, running: bool) -> None:
    """Only what the chart has."""
    keys: list[tuple[float, str, Callable[[float], None]]] = []
    if running:
        days = f"Tháng này, đến ngày {until.day}" if until >= bars[-1].month.first else "Tháng này"
        keys.append((4, days, lambda x: sheet.hatched(x, y - 3.1, 4, 4)))
    else:
        keys.append((4, "Tháng này", lambda x: sheet.box(x, y - 3.1, 4, 4, ENAMEL)))
    if any(bar.transactions is not None for bar in bars[:-1]):
        keys.append((4, "Tháng trước đó", lambda x: sheet.box(x, y - 3.1, 4, 4, _BAR)))
    if any(bar.year_before is not None for bar in bars):
        year_before = "Năm trước, cùng số ngày" if running else "Cùng tháng năm trước"
        keys.append((5, year_before, lambda x: sheet.rule(x, y - 1.2, 5, 0.6, INK)))
    if target is not None:
        dashes = f"Mục tiêu {number(target)}"
        keys.append((5.4, dashes, lambda x: sheet.rule(x, y - 1.2, 5.4, 0.5, _TARGET, dashed=True)))
    x = LEFT
    for wide, text, draw in keys:
        draw(x)
        sheet.text(x + wide + 2, y, text, TEXT, 9.5, ink=QUIET_INK)
        x += wide + 2 + width(text, TEXT, 9.5) / MM + 5.5
