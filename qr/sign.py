"""Stall signs as PDF: one sign a page (A4, A5, A6), or twelve small ones on an A4 sheet to cut apart.

Every code is read back from the finished pages before the PDF is handed out. The texts are in Vietnamese, for traders
and shoppers. No mark of a bank, of NAPAS or of VietQR is printed: they belong to their owners.
"""

import io
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pypdfium2
from reportlab.pdfgen.canvas import Canvas

from qr.errors import PictureError, QrError
from qr.fonts import BELOW, CAPITAL, HEADING, TEXT, fit, unprintable, width
from qr.image import matrix, read_back
from qr.pen import ENAMEL, MM, Box, Line, Pen, line

BLACK = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Sign:
    """What one stall's sign says.

    `holder` is the account name as the bank shows it (printed in capitals) and `bank` the bank's short name; of
    `account_number` only the last four characters are printed. `serial` and `version` tell one printed sign from
    another; `phone` is the market board's.
    """

    payload: str
    market: str
    stall_name: str
    stall_code: str
    holder: str
    bank: str
    account_number: str
    serial: str
    version: int
    phone: str | None
    printed_on: date


class SignError(QrError):
    """The text of a sign cannot be printed. `problems` has one line for each fault, naming the stall."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _fitted(
    sign: Sign, field: str, text: str, font: str, room: float, steps: Sequence[tuple[float, int]]
) -> list[Line]:
    """The lines of a field within `room` mm, at the first of the steps (size, lines) that holds it whole."""
    found = fit(text, font, room * MM, steps)
    if found is None:
        raise SignError(f"stall {sign.stall_code}: {field} is too long for this layout, shorten it: {text}")
    size, lines = found
    return [line(font, size, part) for part in lines]


def _account(sign: Sign, room: float, size: float, figures: float) -> Line:
    """The bank in plain text, and the account's last four characters in large figures."""
    last = sign.account_number[-4:]
    room -= width(" " + last, HEADING, figures) / MM
    steps = [(size * part, 1) for part in (1, 0.85, 0.7, 0.6)]
    [bank] = _fitted(sign, "bank", f"{sign.bank}, số cuối", TEXT, room, steps)
    [(font, size, text)] = bank.runs
    return Line(((font, size, text + " "), (HEADING, figures, last)), CAPITAL * figures, BELOW * size)


def _poster(pen: Pen, sign: Sign) -> Box:
    """A whole page in the proportions of A5, 148 by 210 mm."""
    pen.plate(8, 6, 132, 35, radius=3.7, inset=1.6, rule=0.5)
    pen.hole(13.5, 23.5, 1.1)
    pen.hole(134.5, 23.5, 1.1)
    names = ((36, 1), (32, 1), (28, 1), (24, 1), (19, 2), (16, 2), (12, 2))
    title = [
        *_fitted(sign, "market", sign.market, TEXT, 116, ((13, 1), (11, 1), (9, 1), (7, 1))),
        *_fitted(sign, "stall_name", sign.stall_name, HEADING, 116, names),
        *_fitted(sign, "stall_code", f"Sạp {sign.stall_code}", HEADING, 116, ((17, 1), (13, 1), (10, 1))),
    ]
    pen.stack(74, 7.8, 39.3, title, 0.5)

    box = pen.code(20, 41.3, 108, matrix(sign.payload, "Q"))

    holders = ((30, 1), (24, 1), (24, 2), (20, 2), (16, 2), (12, 2))
    holder = _fitted(sign, "holder", sign.holder, HEADING, 132, holders[len(sign.holder) > 24 :])
    pen.stack(74, 149.3, 178.9, [*holder, _account(sign, 132, 16, 27)], 0.5)

    pen.rule(8, 179.2, 132, 0.15)
    steps = (
        (8, "Mở app ngân hàng,", "quét mã này"),
        (53.3, "Tên hiện ra phải", "đúng như trên"),
        (98.6, "Nhập số tiền rồi", "chuyển"),
    )
    for number, (x, first, second) in enumerate(steps, 1):
        figure = line(HEADING, 26, str(number))
        pen.ink(ENAMEL)
        pen.write(x, 188.6, figure, 0)
        pen.ink(BLACK)
        for y, text in ((185.4, first), (191, second)):
            pen.write(x + figure.width / MM + 1.8, y, line(TEXT, 12, text), 0)
    english = "Scan with any Vietnamese banking app. Check the name above, then pay."
    pen.write(74, 197.8, line(TEXT, 11, english), 0.5)

    small = ((9, 1), (7, 1), (5.5, 1))
    [serial] = _fitted(sign, "serial", f"Số {sign.serial}, bản {sign.version}", TEXT, 44, small)
    pen.write(8, 204.2, serial, 0)
    day = line(TEXT, 9, f"In {sign.printed_on:%d/%m/%Y}")
    if sign.phone is None:
        pen.write(140, 204.2, day, 1)
    else:
        [phone] = _fitted(sign, "phone", f"Ban quản lý chợ: {sign.phone}", TEXT, 60, small)
        pen.write(140, 204.2, phone, 1)
        pen.write((8 + serial.width / MM + 140 - phone.width / MM) / 2, 204.2, day, 0.5)
    return box


def _card(pen: Pen, sign: Sign) -> Box:
    """A small sign to cut out, 70 by 74.25 mm, its ink at least 4 mm from every edge."""
    [code] = _fitted(sign, "stall_code", sign.stall_code, HEADING, 22, ((15, 1), (12, 1), (9, 1), (7, 1)))
    plate = max(13.0, code.width / MM + 4)
    pen.plate(4.5, 4.3, plate, 7.2, radius=1.4, inset=0.6, rule=0.25)
    pen.write(4.5 + plate / 2, 7.9 + CAPITAL / 2 * code.runs[0][1] / MM, code, 0.5)
    pen.ink(BLACK)
    names = ((14, 1), (12, 1), (10.5, 1), (8.5, 2), (7.5, 2), (6, 2))
    name = _fitted(sign, "stall_name", sign.stall_name, HEADING, 59 - plate, names)
    pen.stack(6.5 + plate, 4, 11.8, name, 0)

    box = pen.code(12.5, 11.6, 45, matrix(sign.payload, "Q"))

    holders = ((12, 1), (10, 1), (8, 2), (7, 2), (6, 2))
    holder = _fitted(sign, "holder", sign.holder, HEADING, 61, holders)
    pen.stack(35, 56.6, 67.5, [*holder, _account(sign, 61, 8, 12)], 0.5)

    small = ((6.5, 1), (5.5, 1), (4.5, 1))
    [serial] = _fitted(sign, "serial", f"Số {sign.serial}, bản {sign.version}", TEXT, 28, small)
    [market] = _fitted(sign, "market", sign.market, TEXT, 59 - serial.width / MM, small)
    pen.write(4.5, 69.9, market, 0)
    pen.write(65.5, 69.9, serial, 1)
    return box


@dataclass(frozen=True, slots=True)
class _Layout:
    """A page size in 150ths of an inch, the signs on it, and the resolution at which its codes are read back.

    The page is cut to whole 150ths (at most 0.1 mm) so that at 150 and 300 dpi it has no broken pixel.
    """

    wide: int
    high: int
    across: int
    down: int
    draw: Callable[[Pen, Sign], Box]
    scale: float
    read_dpi: int


_LAYOUTS = {
    "a4": _Layout(1240, 1754, 1, 1, _poster, 2**0.5, 75),
    "a5": _Layout(874, 1240, 1, 1, _poster, 1, 75),
    "a6": _Layout(620, 874, 1, 1, _poster, 0.5**0.5, 100),
    "sheet": _Layout(1240, 1754, 3, 4, _card, 1, 150),
}
LAYOUTS = tuple(_LAYOUTS)


def write_signs(signs: Sequence[Sign], layout: str, *, progress: Callable[[int], None] | None = None) -> bytes:
    """The signs as one PDF, in their order; the same signs give the same bytes.

    `layout` is one of `LAYOUTS`. `progress` is called after each page drawn and each page read back, with how many of
    the signs that work amounts to so far; its last call says `len(signs)`. Raises `SignError` for text that cannot be
    printed (a character without a glyph, a control character, a name too long, an empty field), with every stall it
    found, and `PictureError` if a code cannot be read from its place on the finished page.
    """
    if layout not in _LAYOUTS:
        raise SignError(f"layout {layout!r} is unknown, take one of {', '.join(LAYOUTS)}")
    if not signs:
        raise SignError("there is no stall to print a sign for")
    plan = _LAYOUTS[layout]
    cleaned = _cleaned(signs)
    size = plan.across * plan.down
    pages = [cleaned[start : start + size] for start in range(0, len(cleaned), size)]

    file = io.BytesIO()
    paper = (plan.wide * 72 / 150, plan.high * 72 / 150)
    # A hair less than whole: kept in 32 bits, 595.2 points grow, and a renderer would round up to one more pixel.
    cut = (paper[0] - 0.0005, paper[1] - 0.0005)
    canvas = Canvas(file, cut, pageCompression=1, invariant=1, initialFontName=TEXT)
    canvas.setTitle("Bảng mã QR")
    canvas.setAuthor(cleaned[0].market)
    boxes: list[list[Box]] = []
    problems: list[str] = []
    drawn = 0
    for page in pages:
        boxes.append(_draw(canvas, paper, plan, page, problems))
        canvas.showPage()
        drawn += len(page)
        if progress:
            progress(drawn // 2)
    if problems:
        raise SignError(*problems)
    canvas.save()
    pdf = file.getvalue()
    _read_back(pdf, plan, pages, boxes, progress)
    return pdf


def _draw(
    canvas: Canvas, paper: tuple[float, float], plan: _Layout, page: Sequence[Sign], problems: list[str]
) -> list[Box]:
    """One page and, where it holds several signs, the lines to cut along; what does not fit is told in `problems`."""
    wide, high = paper
    cell_wide, cell_high = wide / plan.across, high / plan.down
    boxes = []
    for place, sign in enumerate(page):
        row, column = divmod(place, plan.across)
        try:
            boxes.append(plan.draw(Pen(canvas, high, column * cell_wide, row * cell_high, plan.scale), sign))
        except SignError as error:
            problems.extend(error.problems)
    canvas.setStrokeGray(0.5)
    canvas.setLineWidth(0.4)
    canvas.setDash(3, 3)
    for column in range(1, plan.across):
        canvas.line(column * cell_wide, 0, column * cell_wide, high)
    for row in range(1, plan.down):
        canvas.line(0, row * cell_high, wide, row * cell_high)
    return boxes


def _read_back(
    pdf: bytes,
    plan: _Layout,
    pages: Sequence[Sequence[Sign]],
    boxes: Sequence[Sequence[Box]],
    progress: Callable[[int], None] | None,
) -> None:
    """Render the pages as a printer would and read each sign's code from its own square and no other."""
    total = sum(map(len, pages))
    read = 0
    document = pypdfium2.PdfDocument(pdf)
    try:
        for number, (signs, squares) in enumerate(zip(pages, boxes, strict=True)):
            image = document[number].render(scale=plan.read_dpi / 72, grayscale=True).to_pil()
            for sign, box in zip(signs, squares, strict=True):
                corners = (box.left, box.top, box.left + box.side, box.top + box.side)
                square = image.crop(tuple(round(corner * plan.read_dpi / 72) for corner in corners))
                if not read_back(square, sign.payload):
                    raise PictureError(
                        f"stall {sign.stall_code}: its code cannot be read back from page {number + 1}, "
                        f"so nothing was printed; report this as a fault of the program"
                    )
            read += len(signs)
            if progress:
                progress((total + read) // 2)
    finally:
        document.close()


_FONTS = {
    "market": TEXT,
    "stall_name": HEADING,
    "stall_code": HEADING,
    "holder": HEADING,
    "bank": TEXT,
    "account_number": HEADING,
    "serial": TEXT,
    "phone": TEXT,
}


def _cleaned(signs: Sequence[Sign]) -> list[Sign]:
    """The signs with their text in NFC, spaces single and the holder in capitals; refuses what cannot be printed."""
    cleaned = []
    problems = []
    for sign in signs:
        texts: dict[str, Any] = {}
        for field, font in _FONTS.items():
            value = getattr(sign, field)
            if value is None:
                continue
            text = unicodedata.normalize("NFC", value.upper() if field == "holder" else value)
            # Names as repr, so that what turns the text around on paper does not turn the message around either.
            if bad := unprintable(text, font):
                problems.append(
                    f"stall {sign.stall_code!r}: {field} {value!r} holds {', '.join(bad)}, which cannot be printed; "
                    f"type it again without"
                )
            if not text.strip():
                problems.append(f"stall {sign.stall_code!r}: {field} is empty; fill it in before printing the sign")
            texts[field] = " ".join(text.split())
        cleaned.append(replace(sign, **texts))
    if problems:
        raise SignError(*problems)
    return cleaned
