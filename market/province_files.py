"""The province's month as CSV, for any program, and as XLSX and an A4 page, for people. Counts only, and none of a
market with fewer than five stalls."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from ledger.days import HO_CHI_MINH
from market.comparisons import change, number, percent
from market.files import write_whole
from market.paper import A4, BOTTOM, LEFT, QUIET_INK, RIGHT, Column, Flow, Sheet, Table, wrap
from market.province import MarketMonth, Province
from market.report_files import a4_sheet, new_workbook, plain
from market.report_pages import compared_name
from merchants.takings import FEWEST
from qr.fonts import HEADING, TEXT
from qr.pen import ENAMEL

CSV_COLUMNS = ("market", "name", "city", "transactions", "stalls_active", "stalls_registered", "transactions_before")
METHOD = "Tỷ lệ: số sạp có ít nhất một giao dịch trong tháng, chia cho số sạp đã đăng ký."
_XLSX_COLUMNS = (("Chợ", 30), ("Xã, phường, đặc khu", 26), ("Sạp đang thu", 13), ("Số sạp", 10), ("Giao dịch", 12))


def write_csv(look: Province, path: Path) -> None:
    """UTF-8 with BOM and CRLF, a market a line; `transactions_before` is over as many days of the month before, empty
    where it is not known. Raises Refused where the file cannot be written."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    for one in look.markets:
        named = (one.market.slug, plain(one.market.name), plain(one.market.city))
        rows.writerow([*named, one.transactions, one.active, one.registered, one.before.before])
    write_whole(path, text.getvalue().encode("utf-8-sig"))


def write_xlsx(look: Province, path: Path) -> None:
    """A workbook in Vietnamese, ready to print on A4. Raises Refused where the file cannot be written."""
    file = io.BytesIO()
    workbook = new_workbook(file)
    workbook.set_properties({"title": _title(look)})
    sheet = a4_sheet(workbook, "Các chợ")
    words = workbook.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    count = workbook.add_format({"num_format": "#,##0", "valign": "top"})
    head = workbook.add_format({"bold": True, "bottom": 2})
    total = workbook.add_format({"bold": True, "top": 2, "num_format": "#,##0"})
    sheet.write_string(0, 0, _title(look), workbook.add_format({"bold": True, "font_size": 14}))
    sheet.write_string(1, 0, _days(look))
    for column, (name, wide) in enumerate(_XLSX_COLUMNS):
        sheet.set_column(column, column, wide)
        sheet.write_string(2, column, name, head)
    for row, one in enumerate(look.markets, 3):
        sheet.write_string(row, 0, one.market.name, words)
        sheet.write_string(row, 1, one.market.city, words)
        for column, figure in enumerate((one.active, one.registered, one.transactions), 2):
            sheet.write_number(row, column, figure, count)
    bottom = len(look.markets) + 3
    sheet.write_string(bottom, 0, f"Cộng {len(look.markets)} chợ", total)
    sheet.write_blank(bottom, 1, None, total)
    for column, figure in enumerate((look.active, look.registered, look.transactions), 2):
        sheet.write_number(bottom, column, figure, total)
    for row, note in enumerate(_notes(look), bottom + 2):
        sheet.write_string(row, 0, note)
    sheet.freeze_panes(3, 0)
    workbook.close()
    write_whole(path, file.getvalue())


def write_pdf(look: Province, path: Path) -> None:
    """The month on A4 in Vietnamese; the same month gives the same bytes. Raises Refused where the file cannot be
    written."""
    flow = Flow()
    flow.place(11, lambda sheet, y: sheet.text(LEFT, y + 8, _title(look), HEADING, 22))
    flow.place(8, lambda sheet, y: sheet.text(LEFT, y + 5, _days(look), TEXT, 11))
    flow.place(26, lambda sheet, y: _figure(sheet, y, look))
    columns, rows, total = _table(look)
    Table(columns, 10.5, 8).draw(flow, rows, total)
    flow.y += 4
    for note in _notes(look):
        for line in wrap(note, TEXT, 9, RIGHT - LEFT):
            flow.place(4.6, _small(line))
    file = io.BytesIO()
    canvas = Canvas(file, A4, pageCompression=1, invariant=1, initialFontName=TEXT, lang="vi")
    canvas.setTitle(_title(look))
    sheet = Sheet(canvas)
    for place, drawings in enumerate(flow.pages, 1):
        sheet.rule(LEFT, 28, RIGHT - LEFT, 0.8, ENAMEL)
        sheet.text(RIGHT, BOTTOM + 7.5, f"Trang {place} trên {len(flow.pages)}", TEXT, 8.5, anchor=1, ink=QUIET_INK)
        for drawing in drawings:
            drawing(sheet)
        canvas.showPage()
    canvas.save()
    write_whole(path, file.getvalue())


def _title(look: Province) -> str:
    return f"Các chợ thanh toán không tiền mặt, tháng {look.month.first:%m/%Y}"


def _days(look: Province) -> str:
    if look.running:
        return f"Số tính từ ngày 1 đến {look.at.astimezone(HO_CHI_MINH):%d/%m/%Y lúc %H:%M}"
    return "Số cả tháng"


def _notes(look: Province) -> list[str]:
    small = ", ".join(market.name for market in look.small)
    return [
        METHOD,
        *([f"{small}: dưới {FEWEST} sạp nên không hiện số và không cộng vào số của tỉnh."] if small else []),
    ]


def _small(line: str) -> Callable[[Sheet, float], None]:
    return lambda sheet, y: sheet.text(LEFT, y + 3.4, line, TEXT, 9, ink=QUIET_INK)


def _figure(sheet: Sheet, y: float, look: Province) -> None:
    sheet.text(LEFT, y + 14, f"{number(look.active)} trên {number(look.registered)}", HEADING, 36)
    said = f"sạp đang thu không tiền mặt, ở {len(look.markets)} chợ, với {number(look.transactions)} giao dịch"
    sheet.text(LEFT, y + 20.5, said, TEXT, 11)


def _table(look: Province) -> tuple[Sequence[Column], list[Sequence[str]], Sequence[str]]:
    known = next((one.before for one in look.markets if one.before.before is not None), None)
    columns = (
        Column("Hạng", LEFT + 2, 10, HEADING, right=True),
        Column("Chợ", 32, 40, HEADING),
        Column("Xã, phường, đặc khu", 74, 34),
        Column("Tỷ lệ", 108, 16, HEADING, right=True),
        Column("Sạp", 125, 20, right=True),
        Column("Giao dịch", 146, 18, HEADING, right=True),
        Column(f"So với {compared_name(known, look.month)}" if known else "", 165, 27, right=True),
    )
    rows = [_row(place, one) for place, one in enumerate(look.markets, 1)]
    share = percent(look.active, look.registered) if look.registered else ""
    sums = (f"{number(look.active)}/{number(look.registered)}", number(look.transactions))
    return columns, rows, ("", f"Cộng {len(look.markets)} chợ", "", share, *sums, "")


def _row(place: int, one: MarketMonth) -> Sequence[str]:
    return (
        str(place),
        one.market.name,
        one.market.city,
        percent(one.active, one.registered),
        f"{number(one.active)}/{number(one.registered)}",
        number(one.transactions),
        change(one.before.now, one.before.before),
    )
