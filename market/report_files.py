"""A month's report as CSV, for any program, and as XLSX, for people: what a stall typed stays text in both."""

import csv
import io
import re
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from ledger.days import Month
from market.files import write_whole
from market.reports import MonthReport
from market.shared_amounts import SharedMonth

CSV_COLUMNS = ("code", "name", "section", "category", "transactions")
# With the amounts of stalls that share them, two columns more: the first day of it, and the sum in đồng.
CSV_SHARED = ("shared_since", "shared_amount")
XLSX_SHARED = (("Cho xem từ", 13), ("Tiền chuyển khoản, sạp tự cho xem", 24))
XLSX_COLUMNS = (("Mã sạp", 12), ("Tên sạp", 36), ("Khu, dãy", 18), ("Ngành hàng", 22), ("Giao dịch", 12))

# Where a spreadsheet would begin a formula, full-width signs too: at a cell's start, and after each character at
# which a spreadsheet set to another separator would begin a cell.
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=\s*[=+\-@＝＋－＠])|^(?=[\t\r\n])")


def write_csv(report: MonthReport, path: Path, shared: SharedMonth | None = None) -> None:
    """UTF-8 with BOM, which Excel needs to read Vietnamese; CRLF; a quote before text that would be a formula
    (OWASP ASVS 5.0, 1.2.10). With `shared`, the amounts of the stalls that share them, where any does. Raises Refused
    where the file cannot be written."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    amounts = shared.by_code if shared else {}
    rows.writerow((*CSV_COLUMNS, *(CSV_SHARED if amounts else ())))
    for line in report.stalls:
        names = (line.code, line.name, line.section, line.category)
        row: list[object] = [*(plain(name) for name in names), line.transactions]
        if amounts:
            one = amounts.get(line.code)
            row += [one.since.isoformat(), one.cashless] if one else ["", ""]
        rows.writerow(row)
    write_whole(path, text.getvalue().encode("utf-8-sig"))


def plain(text: str) -> str:
    """The text with a quote before whatever a spreadsheet would take for a formula."""
    return _FORMULA.sub("'", text)


def new_workbook(file: io.BytesIO) -> Workbook:
    """A workbook in which text stays text, whatever it begins with."""
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return Workbook(file, options)


def write_xlsx(report: MonthReport, name: str, path: Path, shared: SharedMonth | None = None) -> None:
    """A workbook in Vietnamese: every stall of the market of this `name` and their total, ready to print on A4, and a
    sheet of its figures; `shared` as for `write_csv`. Names are cells of text, whatever they begin with. Raises
    Refused where the file cannot be written."""
    file = io.BytesIO()
    workbook = new_workbook(file)
    month = f"{Month.parse(report.month).first:%m/%Y}"
    workbook.set_properties({"title": f"Báo cáo thanh toán không tiền mặt tháng {month}"})
    _stalls(workbook, report, f"{name}, tháng {month}", shared if shared and shared.stalls else None)
    _figures(workbook, report, month)
    workbook.close()
    write_whole(path, file.getvalue())


def _stalls(workbook: Workbook, report: MonthReport, whose: str, shared: SharedMonth | None) -> None:
    sheet = a4_sheet(workbook, "Từng sạp")
    title = workbook.add_format({"bold": True, "font_size": 14})
    # Text as its number format keeps a cell text when somebody edits it.
    words = workbook.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    count = workbook.add_format({"num_format": "#,##0", "valign": "top"})
    day = workbook.add_format({"num_format": "@", "valign": "top", "align": "right"})
    head = workbook.add_format({"bold": True, "bottom": 2})
    head_right = workbook.add_format({"bold": True, "bottom": 2, "align": "right"})
    total = workbook.add_format({"bold": True, "top": 2, "num_format": "#,##0"})

    columns = (*XLSX_COLUMNS, *(XLSX_SHARED if shared else ()))
    counted, last = len(XLSX_COLUMNS) - 1, len(columns) - 1
    sheet.write_string(0, 0, f"{whose}: số giao dịch của từng sạp", title)
    for column, (name, wide) in enumerate(columns):
        sheet.set_column(column, column, wide)
        sheet.write_string(1, column, name, head_right if column >= counted else head)
    for row, line in enumerate(report.stalls, 2):
        for column, text in enumerate((line.code, line.name, line.section, line.category)):
            sheet.write_string(row, column, text, words)
        sheet.write_number(row, counted, line.transactions, count)
        one = shared.by_code.get(line.code) if shared else None
        if one:
            sheet.write_string(row, counted + 1, f"{one.since:%d/%m/%Y}", day)
            sheet.write_number(row, last, one.cashless, count)
    bottom = len(report.stalls) + 2
    sheet.write_string(bottom, 0, "Cộng toàn chợ", total)
    for column in range(1, last + 1):
        sheet.write_blank(bottom, column, None, total)
    sheet.write_number(bottom, counted, report.transactions, total)
    if shared and shared.total is not None:
        sheet.write_number(bottom, last, shared.total, total)
    sheet.freeze_panes(2, 0)
    sheet.repeat_rows(1)
    if report.stalls:
        sheet.autofilter(1, 0, bottom - 1, last)


def _figures(workbook: Workbook, report: MonthReport, month: str) -> None:
    sheet = a4_sheet(workbook, "Tổng hợp")
    count = workbook.add_format({"num_format": "#,##0"})
    sheet.set_column(0, 0, 52)
    sheet.set_column(1, 1, 16)
    figures = {
        f"Giao dịch tháng {month}": report.transactions,
        "Sạp có giao dịch": report.stalls_active,
        "Sạp đăng ký": report.stalls_registered,
        "Sạp đã có ngân hàng báo tiền vào": report.stalls_connected,
        "Lần chuyển khoản chưa rõ của sạp nào, không tính ở trên": report.unmatched,
    }
    if report.closed is not None:
        figures["Bản đã chốt, số"] = report.closed["version"]
        figures["Giao dịch trong bản đã chốt"] = report.closed["transactions"]
    for row, (name, figure) in enumerate(figures.items()):
        sheet.write_string(row, 0, name)
        sheet.write_number(row, 1, figure, count)


def a4_sheet(workbook: Workbook, name: str) -> Worksheet:
    """A sheet that prints on upright A4, one page wide."""
    sheet = workbook.add_worksheet(name)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.6, right=0.6, top=0.7, bottom=0.7)
    sheet.set_footer("&RTrang &P trên &N")
    return sheet
