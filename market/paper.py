"""A4 paper for reports: drawing in mm from its upper left corner, text made to fit, and tables that run over pages."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reportlab.pdfgen.canvas import Canvas

from qr.fonts import HEADING, TEXT, unprintable, width
from qr.pen import ENAMEL, MM

Colour = tuple[float, float, float]
A4 = (210 * MM, 297 * MM)
LEFT, RIGHT, TOP, BOTTOM = 16.0, 194.0, 34.0, 278.0

# The tokens of the same names on screen; hairlines are grey, for the wall is white here.
INK: Colour = (0x14 / 255, 0x17 / 255, 0x1F / 255)
QUIET_INK: Colour = (0x45 / 255, 0x4B / 255, 0x58 / 255)
FALL: Colour = (0x8A / 255, 0x0F / 255, 0x14 / 255)
HAIRLINE: Colour = (0.72, 0.72, 0.72)
WHITE: Colour = (1.0, 1.0, 1.0)

# Invisible text lies under the triangles, so that what is copied or read aloud has its sign.
_INVISIBLE = 3
_SIGNS = {"▲": "+", "▼": "−"}


def printable(text: str, font: str) -> str:
    """The text in NFC, with ? for what the font cannot show and for what would reorder or hide its neighbours."""
    text = unicodedata.normalize("NFC", text)
    if unprintable(text, font):
        text = "".join("?" if unprintable(character, font) else character for character in text)
    return text


def one_line(text: str, font: str, sizes: Sequence[float], room: float) -> tuple[str, float]:
    """The text and the first size at which it stands within `room` mm, cut with … where the last is too large."""
    text = printable(text, font)
    for size in sizes:
        if width(text, font, size) <= room * MM:
            return text, size
    size = sizes[-1]
    while text and width(text + "…", font, size) > room * MM:
        text = text[:-1]
    return text.rstrip() + "…", size


def wrap(text: str, font: str, size: float, room: float) -> list[str]:
    """The text in lines within `room` mm, broken at spaces, and inside a word only where it is wider than a line."""
    text = printable(text, font)
    if width(text, font, size) <= room * MM:
        return [text]
    lines = [""]
    # A no-break space does not part words.
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width(longer, font, size) <= room * MM:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if lines[-1] and width(lines[-1] + character, font, size) > room * MM:
                lines.append("")
            lines[-1] += character
    return lines


class Sheet:
    """Draws on a page; lengths in mm from the upper left corner, y at the baseline of text, sizes in points."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def text(
        self, x: float, y: float, text: str, font: str, size: float, *, anchor: float = 0, ink: Colour = INK
    ) -> None:
        """One line; `anchor` is the part of its width left of x: 0, 0.5 or 1."""
        left = x * MM - (width(text, font, size) * anchor if anchor else 0)
        self.canvas.setFillColorRGB(*ink)
        self.canvas.setFont(font, size)
        self.canvas.drawString(left, A4[1] - y * MM, text)

    def change(self, x: float, y: float, text: str, font: str, size: float) -> None:
        """A change as `comparisons.change` writes it, ending at x; ▲ and ▼ are drawn, for no font here has them."""
        sign = _SIGNS.get(text[0])
        if sign is None:
            self.text(x, y, text, font, size, anchor=1)
            return
        ink = FALL if sign == "−" else INK
        figures = text[2:]
        self.text(x, y, figures, font, size, anchor=1, ink=ink)
        side = 0.72 * size
        start, foot = x * MM - width(figures, font, size), A4[1] - y * MM
        left = start - 1.4 * side
        low, high = (foot, foot + 0.85 * side) if sign == "+" else (foot + 0.85 * side, foot)
        path = self.canvas.beginPath()
        path.moveTo(left, low)
        path.lineTo(left + side, low)
        path.lineTo(left + side / 2, high)
        path.close()
        self.canvas.drawPath(path, stroke=0, fill=1)
        self.canvas.drawString(start - width(sign, font, size), foot, sign, mode=_INVISIBLE)

    def box(self, x: float, y: float, wide: float, high: float, ink: Colour) -> None:
        """A filled box, y at its upper edge."""
        self.canvas.setFillColorRGB(*ink)
        self.canvas.rect(x * MM, A4[1] - (y + high) * MM, wide * MM, high * MM, stroke=0, fill=1)

    def hatched(self, x: float, y: float, wide: float, high: float) -> None:
        """A box of slanting stripes with an edge of ink, for what is not whole yet."""
        canvas, low = self.canvas, A4[1] - (y + high) * MM
        canvas.saveState()
        path = canvas.beginPath()
        path.rect(x * MM, low, wide * MM, high * MM)
        canvas.clipPath(path, stroke=0, fill=0)
        canvas.setStrokeColorRGB(*ENAMEL)
        canvas.setLineWidth(0.7 * MM)
        for step in range(int((wide + high) / 1.6) + 2):
            at = (x - high + step * 1.6) * MM
            canvas.line(at, low, at + high * MM, low + high * MM)
        canvas.restoreState()
        canvas.setStrokeColorRGB(*INK)
        canvas.setLineWidth(0.3 * MM)
        canvas.rect(x * MM, low, wide * MM, high * MM, stroke=1, fill=0)

    def rule(self, x: float, y: float, wide: float, thick: float, ink: Colour, *, dashed: bool = False) -> None:
        """A level line."""
        self.canvas.setStrokeColorRGB(*ink)
        self.canvas.setLineWidth(thick * MM)
        if dashed:
            self.canvas.setDash([1.6 * MM, 1.1 * MM])
        self.canvas.line(x * MM, A4[1] - y * MM, (x + wide) * MM, A4[1] - y * MM)
        if dashed:
            self.canvas.setDash([])


Drawing = Callable[[Sheet], None]


@dataclass(slots=True)
class Flow:
    """Pages that fill from the top: `y` is how far down the last of them is, in mm. Drawn when all are known."""

    y: float = TOP
    pages: list[list[Drawing]] = field(default_factory=lambda: [[]])

    def place(self, high: float, drawing: Callable[[Sheet, float], None]) -> None:
        """A block of this height that no page break splits; it is given the y at which it begins."""
        if self.y + high > BOTTOM:
            self.new_page()
        y = self.y
        self.pages[-1].append(lambda sheet: drawing(sheet, y))
        self.y += high

    def new_page(self) -> None:
        """Go on at the top of a new page."""
        self.pages.append([])
        self.y = TOP


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: where it begins and how wide it is, in mm; figures stand to the right."""

    title: str
    left: float
    wide: float
    font: str = TEXT
    right: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows over as many pages as they need; the head is on each of them, and no row is split."""

    columns: Sequence[Column]
    size: float
    row: float

    def draw(self, flow: Flow, rows: Sequence[Sequence[str]], total: Sequence[str]) -> None:
        """The head, the rows and, under a thick rule, their total."""
        head = [wrap(column.title, TEXT, self.size - 0.5, column.wide) for column in self.columns]
        head_high = self.row + (max(map(len, head)) - 1) * self._line
        first = True
        for place, cells in enumerate((*rows, total)):
            last = place == len(rows)
            lines = [
                [cell] if last or column.right else wrap(cell, column.font, self.size, column.wide)
                for column, cell in zip(self.columns, cells, strict=True)
            ]
            high = self.row + (max(map(len, lines)) - 1) * self._line
            if first or flow.y + high > BOTTOM:
                if flow.y + head_high + high > BOTTOM:
                    flow.new_page()
                flow.place(head_high, self._head(head, head_high))
                first = False
            flow.place(high, self._row(lines, high, total=last))

    @property
    def _line(self) -> float:
        return self.size * 1.2 / MM

    def _head(self, head: Sequence[Sequence[str]], high: float) -> Callable[[Sheet, float], None]:
        def drawing(sheet: Sheet, y: float) -> None:
            for column, lines in zip(self.columns, head, strict=True):
                # The last line of every title stands on the rule.
                base = y + high - self.row * 0.34 - (len(lines) - 1) * self._line
                self._lines(sheet, base, column, lines, TEXT, self.size - 0.5)
            sheet.rule(LEFT, y + high, RIGHT - LEFT, 0.4, INK)

        return drawing

    def _row(self, cells: Sequence[Sequence[str]], high: float, *, total: bool) -> Callable[[Sheet, float], None]:
        def drawing(sheet: Sheet, y: float) -> None:
            if total:
                sheet.rule(LEFT, y, RIGHT - LEFT, 0.4, INK)
            for column, lines in zip(self.columns, cells, strict=True):
                self._lines(sheet, y + self.row * 0.67, column, lines, HEADING if total else column.font, self.size)
            if not total:
                sheet.rule(LEFT, y + high, RIGHT - LEFT, 0.15, HAIRLINE)

        return drawing

    def _lines(self, sheet: Sheet, base: float, column: Column, lines: Sequence[str], font: str, size: float) -> None:
        for place, text in enumerate(lines):
            if not text:
                continue
            y = base + place * self._line
            if not column.right:
                sheet.text(column.left, y, text, font, size)
            else:
                sheet.change(column.left + column.wide, y, text, font, size)
