"""A stall's revenue book on A4, ready to sign: form S1a-HKD, with dotted lines for what is filled in by hand."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reportlab.pdfgen.canvas import Canvas

from market.comparisons import number
from market.paper import A4, BOTTOM, INK, LEFT, QUIET_INK, RIGHT, Flow, Sheet, one_line, wrap
from market.revenue_document import (
    FORM,
    LAW,
    NOTHING,
    SIGN_HERE,
    SIGNER,
    TITLE,
    RevenueDocument,
    explanation,
    period_on_paper,
    period_said,
    remarks,
)
from qr.fonts import HEADING, TEXT, width
from qr.pen import MM

WIDE = RIGHT - LEFT
FORM_LEFT = 136.0
SIZE, LINE = 10.5, 5.2
# Where the upright lines of the table stand, in mm.
DATE, SAID, AMOUNT = LEFT, LEFT + 24, RIGHT - 31
PAD, ROW, THICK = 2.0, 7.0, 0.2
SIGNED = 46.0


def pdf(document: RevenueDocument) -> bytes:
    """The form as PDF; the same document gives the same bytes."""
    flow = Flow(y=14)
    _top(flow, document)
    said = [line for text in remarks(document) for line in wrap(text, TEXT, 8.5, 98)]
    bottom = max(SIGNED, 8 + len(said) * 4.1)
    _table(flow, document, bottom)
    flow.place(bottom, lambda sheet, y: _bottom(sheet, y + 8, said))
    file = io.BytesIO()
    canvas = Canvas(file, A4, pageCompression=1, invariant=1, initialFontName=TEXT, lang="vi")
    canvas.setTitle(f"{FORM}, {period_said(document.book.period)}, sạp {document.stall}")
    sheet = Sheet(canvas)
    for place, drawings in enumerate(flow.pages, 1):
        _frame(sheet, document, place, len(flow.pages))
        for drawing in drawings:
            drawing(sheet)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _frame(sheet: Sheet, document: RevenueDocument, place: int, count: int) -> None:
    """What stands on every page: which copy it is, and on the later ones whose."""
    if place > 1:
        household = document.household
        whose = ", ".join(part for part in (household.name, household.tax_code) if part) or f"Sạp {document.stall}"
        said, size = one_line(f"{FORM}, {period_said(document.book.period)}: {whose}", TEXT, (10, 9, 8), WIDE)
        sheet.text(LEFT, 24, said, TEXT, size)
    book = document.book
    copy = f"Sổ của sạp {document.stall}, đến dòng {number(book.entries)}" + (
        f", dấu {book.head[:16]}" * bool(book.head)
    )
    sheet.text(LEFT, BOTTOM + 8, copy, TEXT, 8.5, ink=QUIET_INK)
    sheet.text(RIGHT, BOTTOM + 8, f"Trang {place} trên {count}", TEXT, 8.5, anchor=1, ink=QUIET_INK)


def _top(flow: Flow, document: RevenueDocument) -> None:
    """Whose it is on the left, which form on the right, and below them the title."""
    household = document.household
    room = FORM_LEFT - LEFT - 6
    lines = [
        *_filled("HỘ, CÁ NHÂN KINH DOANH:", household.name, room, HEADING),
        *_filled("Địa chỉ:", household.address, room, TEXT, empty=2),
        *_filled("Mã số thuế:", household.tax_code, room, TEXT),
    ]
    flow.place(max(len(lines), 4) * LINE + 8, lambda sheet, y: _heads(sheet, y, lines))
    flow.place(9, lambda sheet, y: sheet.text(LEFT + WIDE / 2, y + 6, TITLE, HEADING, 17, anchor=0.5))
    for text in [
        *_filled("Địa điểm kinh doanh:", household.place, WIDE - 20, TEXT),
        f"Kỳ kê khai: {period_on_paper(document)}",
    ]:
        flow.place(LINE, _centred(text))
    flow.place(LINE + 4, lambda sheet, y: sheet.text(RIGHT, y + 6.5, "Đơn vị tính: đồng", TEXT, SIZE - 0.5, anchor=1))


def _filled(label: str, value: str, room: float, font: str, *, empty: int = 1) -> list[str]:
    """A label and its value in lines within `room`, or dots to write on: so many lines of them."""
    if value:
        return wrap(f"{label} {value}", font, SIZE, room)
    dot = width(".", font, SIZE)
    first = int((room * MM - width(f"{label} ", font, SIZE)) / dot)
    return [f"{label} {'.' * first}", *["." * int(room * MM / dot)] * (empty - 1)]


def _heads(sheet: Sheet, y: float, lines: Sequence[str]) -> None:
    name = True
    for place, text in enumerate(lines):
        name = name and not text.startswith("Địa chỉ:")
        sheet.text(LEFT, y + 4 + place * LINE, text, HEADING if name else TEXT, SIZE)
    middle = (FORM_LEFT + RIGHT) / 2
    sheet.text(middle, y + 4, FORM, HEADING, SIZE + 0.5, anchor=0.5)
    for place, text in enumerate(LAW, 1):
        sheet.text(middle, y + 4.2 + place * 4.3, text, TEXT, 8.5, anchor=0.5)


def _centred(text: str) -> Callable[[Sheet, float], None]:
    return lambda sheet, y: sheet.text(LEFT + WIDE / 2, y + 4, text, TEXT, SIZE, anchor=0.5)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table between its lines; `said` may be several."""

    day: str
    said: Sequence[str]
    amount: str
    font: str = TEXT
    middle: bool = False

    @property
    def high(self) -> float:
        return ROW + (len(self.said) - 1) * 4.6

    def draw(self, sheet: Sheet, y: float) -> None:
        base = y + 4.9
        if self.middle:
            for left, right, text in (
                (DATE, SAID, self.day),
                (SAID, AMOUNT, self.said[0]),
                (AMOUNT, RIGHT, self.amount),
            ):
                sheet.text((left + right) / 2, base, text, self.font, SIZE, anchor=0.5)
        else:
            sheet.text((DATE + SAID) / 2, base, self.day, self.font, SIZE, anchor=0.5)
            for place, text in enumerate(self.said):
                sheet.text(SAID + PAD, base + place * 4.6, text, self.font, SIZE)
            sheet.text(RIGHT - PAD, base, self.amount, self.font, SIZE, anchor=1)
        for x in (DATE, SAID, AMOUNT, RIGHT):
            sheet.box(x - THICK / 2, y, THICK, self.high, INK)
        sheet.rule(DATE, y + self.high, WIDE, THICK, INK)


HEAD = (
    _Row("Ngày, tháng", ("Diễn giải",), "Số tiền", HEADING, middle=True),
    _Row("A", ("B",), "1", middle=True),
)


def _table(flow: Flow, document: RevenueDocument, bottom: float) -> None:
    """A row a day; the head is on each page, no row is split, and the last one keeps the total with it and what is
    signed, so high."""
    room = AMOUNT - SAID - 2 * PAD
    rows = [
        _Row(f"{line.day:%d/%m/%Y}", wrap(explanation(line), TEXT, SIZE, room), number(line.amount))
        for line in document.book.lines
    ] or [_Row("", (NOTHING,), "0")]
    total = _Row("", ("Tổng cộng",), number(document.book.total), HEADING)
    _head(flow)
    for place, row in enumerate(rows):
        follows = total.high + bottom if place == len(rows) - 1 else 0
        if flow.y + row.high + follows > BOTTOM:
            flow.new_page()
            _head(flow)
        flow.place(row.high, row.draw)
    flow.place(total.high, total.draw)


def _head(flow: Flow) -> None:
    flow.place(0, lambda sheet, y: sheet.rule(DATE, y, WIDE, THICK, INK))
    for row in HEAD:
        flow.place(row.high, row.draw)


def _bottom(sheet: Sheet, y: float, said: Sequence[str]) -> None:
    """What this copy can be held against on the left, the signature on the right."""
    for place, text in enumerate(said):
        sheet.text(LEFT, y + 4 + place * 4.1, text, TEXT, 8.5, ink=QUIET_INK)
    middle = LEFT + WIDE * 0.76
    sheet.text(middle, y + 4, "Ngày ........ tháng ........ năm ............", TEXT, SIZE, anchor=0.5)
    for place, text in enumerate(SIGNER):
        sheet.text(middle, y + 10.5 + place * 5, text, HEADING, SIZE + 0.5, anchor=0.5)
    sheet.text(middle, y + 20.5, SIGN_HERE, TEXT, 9, anchor=0.5)
