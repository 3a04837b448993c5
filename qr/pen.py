"""Drawing on a printed page with millimetres from a corner: lines of text, enamel plates, QR codes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reportlab.pdfgen.canvas import Canvas

from qr.fonts import ABOVE, BELOW, width
from qr.image import QUIET

MM = 72 / 25.4
# One 300th of an inch. The corner of a code and its modules are whole numbers of it, so that no edge of a module
# falls between the dots of a 300, 600 or 1200 dpi printer.
DOT = 72 / 300
ENAMEL = (0x0F / 255, 0x3A / 255, 0x8A / 255)


@dataclass(frozen=True, slots=True)
class Box:
    """The square a code stands in, quiet zone included, in points from the page's upper left corner."""

    left: float
    top: float
    side: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: runs of (font, size, text), and the room for ink above and below its baseline, in points."""

    runs: tuple[tuple[str, float, str], ...]
    above: float
    below: float

    @property
    def width(self) -> float:
        return sum(width(text, font, size) for font, size, text in self.runs)


def line(font: str, size: float, text: str) -> Line:
    """A line in one font and size, with room for the tallest Vietnamese capital."""
    return Line(((font, size, text),), ABOVE * size, BELOW * size)


class Pen:
    """Draws on a canvas, every length in mm from the upper left corner given, every length and size times `scale`."""

    def __init__(self, canvas: Canvas, page_height: float, left: float, top: float, scale: float) -> None:
        """Page height, left and top are in points on the page, `top` measured downwards."""
        self.canvas = canvas
        self._page_height, self._left, self._top = page_height, left, top
        self._scale, self._unit = scale, MM * scale

    def _x(self, x: float) -> float:
        return self._left + x * self._unit

    def _y(self, y: float) -> float:
        return self._page_height - self._top - y * self._unit

    def ink(self, colour: tuple[float, float, float]) -> None:
        """What is written next is written in this colour; black is pure black, which printers do not mix."""
        if any(colour):
            self.canvas.setFillColorRGB(*colour)
        else:
            self.canvas.setFillGray(0)

    def write(self, x: float, y: float, text: Line, anchor: float) -> None:
        """A line of text with its baseline at y; `anchor` is the part of its width left of x: 0, 0.5 or 1."""
        at = self._x(x) - text.width * self._scale * anchor
        for font, size, run in text.runs:
            self.canvas.setFont(font, size * self._scale)
            self.canvas.drawString(at, self._y(y), run)
            at += width(run, font, size) * self._scale

    def stack(self, x: float, top: float, bottom: float, lines: Sequence[Line], anchor: float) -> None:
        """Lines of text one under the other; of the spare height a share goes between two, two above and two below."""
        gap = (bottom - top - sum(text.above + text.below for text in lines) / MM) / (len(lines) + 3)
        y = top + gap
        for text in lines:
            y += gap + text.above / MM
            self.write(x, y, text, anchor)
            y += text.below / MM

    def plate(self, x: float, y: float, wide: float, high: float, *, radius: float, inset: float, rule: float) -> None:
        """An enamel plate and its white inner rule, `inset` from the edge; what is written next is white."""
        self.ink(ENAMEL)
        self._rounded(x, y, wide, high, radius, fill=1)
        self.ink((1, 1, 1))
        self.canvas.setStrokeGray(1)
        self.canvas.setLineWidth(rule * self._unit)
        self._rounded(x + inset, y + inset, wide - 2 * inset, high - 2 * inset, radius - inset, fill=0)

    def _rounded(self, x: float, y: float, wide: float, high: float, radius: float, *, fill: int) -> None:
        unit = self._unit
        self.canvas.roundRect(
            self._x(x), self._y(y + high), wide * unit, high * unit, radius * unit, stroke=1 - fill, fill=fill
        )

    def hole(self, x: float, y: float, radius: float) -> None:
        """A screw hole, in the colour set."""
        self.canvas.circle(self._x(x), self._y(y), radius * self._unit, stroke=0, fill=1)

    def rule(self, x: float, y: float, wide: float, thick: float) -> None:
        """A level black rule."""
        self.canvas.setStrokeGray(0)
        self.canvas.setLineWidth(thick * self._unit)
        self.canvas.line(self._x(x), self._y(y), self._x(x + wide), self._y(y))

    def code(self, x: float, y: float, side: float, modules: Sequence[Sequence[int]]) -> Box:
        """A QR code and its quiet zone, as large as whole dots allow in the middle of a square; where it came to stand.

        Runs of dark modules are rectangles, and all of them one path, so that no seam shows between two rows.
        """
        count = len(modules) + 2 * QUIET
        module = math.floor(side * self._unit / count / DOT) * DOT
        spare = (side * self._unit - count * module) / 2
        left = round((self._x(x) + spare) / DOT) * DOT
        top = round((self._page_height - self._y(y) + spare) / DOT) * DOT
        path = self.canvas.beginPath()
        for row, cells in enumerate(modules, QUIET + 1):
            column = QUIET
            for dark, run in groupby(cells):
                length = len(list(run))
                if dark:
                    bottom = self._page_height - top - row * module
                    path.rect(left + column * module, bottom, length * module, module)
                column += length
        self.ink((0, 0, 0))
        self.canvas.drawPath(path, stroke=0, fill=1)
        return Box(left, top, count * module)
