"""Charts drawn on the server as SVG: always from zero, coloured by the style sheet, with a table behind each of them.

Lengths are numbers of attributes, for the content security policy forbids inline style.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from market.chart import Bar, grid, names
from market.comparisons import number

BAR_WIDTH = 110
SPARK_WIDTH, SPARK_HEIGHT = 118, 26


@dataclass(frozen=True, slots=True)
class Size:
    """A chart's room in units of the drawing; text is 16 high. Only each `every`-th month has its name under it."""

    name: str
    wide: int
    high: int
    left: int
    every: int = 1
    figures: bool = False


DESK = Size("broad", 740, 190, 62)
PHONE = Size("narrow", 320, 190, 62, every=2)
STALL_DESK = Size("broad", 780, 200, 44, figures=True)
STALL_PHONE = Size("narrow", 320, 190, 44, every=2)


def months_chart(bars: Sequence[Bar], target: int | None, size: Size, *, running: bool) -> Markup:
    """Twelve months as bars, the same months a year before as ticks, the target as a dashed line.

    A last month that is still `running` is hatched, for it is never compared whole.
    """
    lines = grid(bars, target)
    top, bottom = 22, size.high - 26
    scale = (bottom - top) / lines[-1]
    parts = [
        f'<svg class="chart {size.name}" viewBox="0 0 {size.wide} {size.high}" aria-hidden="true">'
        f'<defs><pattern id="hatch-{size.name}" width="7" height="7" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect class="under" width="7" height="7"/>'
        '<rect class="stripe" width="4" height="7"/></pattern></defs>'
    ]
    for line in lines:
        y = round(bottom - line * scale, 1)
        if line:
            parts.append(f'<line class="grid" x1="{size.left}" x2="{size.wide}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="soft" x="{size.left - 8}" y="{y + 5}" text-anchor="end">{number(line)}</text>')
    pitch = (size.wide - size.left) / len(bars)
    wide = round(pitch * 0.66, 1)
    labels = names(bars)
    for place, bar in enumerate(bars):
        middle = round(size.left + pitch * (place + 0.5), 1)
        last = place == len(bars) - 1
        if bar.transactions:
            parts.append(_bar(bar.transactions * scale, middle, wide, bottom, size, last=last, running=running))
            if size.figures:
                y = round(bottom - bar.transactions * scale - 6, 1)
                parts.append(f'<text class="bold" x="{middle}" y="{y}">{number(bar.transactions)}</text>')
        if bar.year_before is not None:
            parts.append(_tick(bar.year_before * scale, middle, pitch, bottom, over=last and bool(bar.transactions)))
        if (len(bars) - 1 - place) % size.every == 0:
            label = labels[place] if size.every == 1 or "/" not in labels[place] else labels[place][:2].lstrip("0")
            bold = "bold" if last else "plain"
            parts.append(f'<text class="{bold}" x="{middle}" y="{bottom + 20}">{label}</text>')
    parts.append(f'<line class="zero" x1="{size.left}" x2="{size.wide}" y1="{bottom}" y2="{bottom}"/>')
    if target:
        y = round(bottom - target * scale, 1)
        parts.append(f'<line class="target" x1="{size.left}" x2="{size.wide}" y1="{y}" y2="{y}"/>')
    parts.append("</svg>")
    # Every part is made of our own words and of numbers.
    return Markup("".join(parts))  # noqa: S704


def _bar(tall: float, middle: float, wide: float, bottom: float, size: Size, *, last: bool, running: bool) -> str:
    box = f'x="{middle - wide / 2:.1f}" y="{bottom - tall:.1f}" width="{wide}" height="{tall:.1f}"'
    if last and running:
        return f'<rect class="running" fill="url(#hatch-{size.name})" {box}/>'
    return f'<rect class="{"now" if last else "past"}" {box}/>'


def _tick(tall: float, middle: float, pitch: float, bottom: float, *, over: bool) -> str:
    across = f'x1="{middle - pitch * 0.4:.1f}" x2="{middle + pitch * 0.4:.1f}"'
    y = f'y1="{bottom - tall:.1f}" y2="{bottom - tall:.1f}"'
    halo = f'<line class="halo" {across} {y}/>' if over else ""
    return f'{halo}<line class="tick" {across} {y}/>'


def count_bar(count: int, most: int) -> Markup:
    """A count beside the greatest one of the table."""
    wide = round(BAR_WIDTH * count / most) if most else 0
    return Markup(  # noqa: S704
        f'<svg class="bar" viewBox="0 0 {BAR_WIDTH} 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rest" width="{BAR_WIDTH}" height="10"/><rect class="count" width="{wide}" height="10"/></svg>'
    )


def sparkline(counts: Sequence[int | None]) -> Markup:
    """The counts of following days or months as a line above zero, from the first that is known, with a dot on the
    last."""
    most = max([1, *(count for count in counts if count is not None)])
    floor = SPARK_HEIGHT - 4
    points = [
        (
            round(3 + place * (SPARK_WIDTH - 8) / max(len(counts) - 1, 1), 1),
            round(floor - count * (floor - 4) / most, 1),
        )
        for place, count in enumerate(counts)
        if count is not None
    ]
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    x, y = points[-1]
    return Markup(  # noqa: S704
        f'<svg class="spark" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" aria-hidden="true">'
        f'<path class="floor" d="M0 {SPARK_HEIGHT - 1}H{SPARK_WIDTH}"/><polyline points="{line}"/>'
        f'<circle cx="{x:g}" cy="{y:g}" r="3"/></svg>'
    )


def target_bar(part: int, whole: int, elapsed: int, days: int, today: str, *, running: bool) -> Markup:
    """How much of a target is reached and, while it is `running`, a mark with the word `today` where it stands."""
    reached = min(100 * part / whole, 100)
    parts = [
        f'<svg class="target-bar{" runs" if running else ""}" aria-hidden="true">'
        f'<rect class="reached" width="{reached:.1f}%" height="20"/>'
        '<rect class="frame" x="1" y="1" width="99.6%" height="18"/>'
    ]
    if running:
        passed = 100 * elapsed / days
        anchor = "start" if passed < 12 else "end" if passed > 88 else "middle"
        parts.append(
            f'<line class="mark" x1="{passed:.1f}%" x2="{passed:.1f}%" y1="0" y2="24"/>'
            f'<text x="{passed:.1f}%" y="39" text-anchor="{anchor}">{escape(today)}</text>'
        )
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704
