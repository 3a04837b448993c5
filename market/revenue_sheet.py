"""A stall's revenue book as a workbook: form S1a-HKD ready to print and sign, and a sheet of where the money came in.

What people typed is text in every cell, whatever it begins with; amounts are numbers.
"""

import io

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from market.report_files import a4_sheet, new_workbook
from market.revenue_document import (
    FORM,
    LAW,
    NOTHING,
    SIGN_HERE,
    SIGNER,
    SOURCES,
    TITLE,
    RevenueDocument,
    explanation,
    period_on_paper,
    period_said,
    remarks,
)
from merchants.revenue import ORIGINS

DOTS = "." * 50
MONEY = "#,##0"


def xlsx(document: RevenueDocument) -> bytes:
    """The workbook."""
    file = io.BytesIO()
    workbook = new_workbook(file)
    workbook.set_properties({"title": f"{FORM}, {period_said(document.book.period)}, sạp {document.stall}"})
    _form(workbook, document)
    _origins(workbook, document)
    workbook.close()
    return file.getvalue()


def _form(workbook: Workbook, document: RevenueDocument) -> None:
    sheet = a4_sheet(workbook, "S1a-HKD")
    bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    text = workbook.add_format({"text_wrap": True, "valign": "top"})
    middle = workbook.add_format({"align": "center", "valign": "top"})
    middle_bold = workbook.add_format({"align": "center", "bold": True})
    title = workbook.add_format({"align": "center", "bold": True, "font_size": 15})
    wrapped = workbook.add_format({"align": "center", "text_wrap": True, "valign": "top"})
    right = workbook.add_format({"align": "right"})
    for column, wide in enumerate((14, 62, 20, 20)):
        sheet.set_column(column, column, wide)

    household = document.household
    _across(sheet, 0, 0, 1, f"HỘ, CÁ NHÂN KINH DOANH: {household.name or DOTS}", bold)
    _across(sheet, 1, 0, 1, f"Địa chỉ: {household.address or DOTS}", text)
    _across(sheet, 2, 0, 1, f"Mã số thuế: {household.tax_code or DOTS}", text)
    _across(sheet, 0, 2, 3, FORM, middle_bold)
    for row, said in enumerate(LAW, 1):
        _across(sheet, row, 2, 3, said, middle)
    _across(sheet, 5, 0, 3, TITLE, title)
    _across(sheet, 6, 0, 3, f"Địa điểm kinh doanh: {household.place or DOTS}", wrapped)
    _across(sheet, 7, 0, 3, f"Kỳ kê khai: {period_on_paper(document)}", middle)
    _across(sheet, 8, 0, 3, "Đơn vị tính: đồng", right)
    # Excel makes no merged row as high as its text.
    for row, said in ((0, household.name), (1, household.address), (6, household.place)):
        if len(said) > 55:
            sheet.set_row(row, 15 * (1 + len(said) // 60))
    bottom = _lines(workbook, sheet, document, 9)

    sheet.set_row(bottom + 1, 8)
    _across(sheet, bottom + 2, 2, 3, "Ngày ........ tháng ........ năm ............", middle)
    for row, said in enumerate(SIGNER, bottom + 3):
        _across(sheet, row, 2, 3, said, middle_bold)
    _across(sheet, bottom + 5, 2, 3, SIGN_HERE, middle)
    for row, said in enumerate(remarks(document), bottom + 2):
        _across(sheet, row, 0, 1, said, text)
        sheet.set_row(row, 15 * (1 + len(said) // 78))


def _lines(workbook: Workbook, sheet: Worksheet, document: RevenueDocument, top: int) -> int:
    """The table from this row on; gives the row of its total."""
    head = workbook.add_format({"bold": True, "border": 1, "align": "center"})
    letter = workbook.add_format({"border": 1, "align": "center"})
    day = workbook.add_format({"border": 1, "align": "center", "valign": "top", "num_format": "dd/mm/yyyy"})
    said = workbook.add_format({"border": 1, "text_wrap": True, "valign": "top", "num_format": "@"})
    money = workbook.add_format({"border": 1, "valign": "top", "num_format": MONEY})
    bold = workbook.add_format({"border": 1, "bold": True})
    sum_format = workbook.add_format({"border": 1, "bold": True, "num_format": MONEY})
    for row, (first, second, third, form) in enumerate(
        (("Ngày, tháng", "Diễn giải", "Số tiền", head), ("A", "B", "1", letter)), top
    ):
        sheet.write_string(row, 0, first, form)
        _across(sheet, row, 1, 2, second, form)
        sheet.write_string(row, 3, third, form)
    row = top + 2
    for line in document.book.lines:
        sheet.write_datetime(row, 0, line.day, day)
        _across(sheet, row, 1, 2, explanation(line), said)
        sheet.set_row(row, 15 * (1 + len(explanation(line)) // 80))
        sheet.write_number(row, 3, line.amount, money)
        row += 1
    if not document.book.lines:
        sheet.write_blank(row, 0, None, day)
        _across(sheet, row, 1, 2, NOTHING, said)
        sheet.write_number(row, 3, 0, money)
        row += 1
    sheet.write_blank(row, 0, None, bold)
    _across(sheet, row, 1, 2, "Tổng cộng", bold)
    sheet.write_number(row, 3, document.book.total, sum_format)
    sheet.repeat_rows(top, top + 1)
    return row


def _origins(workbook: Workbook, document: RevenueDocument) -> None:
    sheet = a4_sheet(workbook, "Tiền từ đâu")
    head = workbook.add_format({"bold": True, "bottom": 2, "text_wrap": True, "valign": "top"})
    day = workbook.add_format({"num_format": "dd/mm/yyyy", "align": "left"})
    money = workbook.add_format({"num_format": MONEY})
    total = workbook.add_format({"bold": True, "top": 2, "num_format": MONEY})
    last = len(ORIGINS) + 1
    sheet.set_column(0, last, 17)
    titles = ("Ngày", *(SOURCES[origin][0].upper() + SOURCES[origin][1:] for origin in ORIGINS), "Cộng")
    for column, said in enumerate(titles):
        sheet.write_string(0, column, said, head)
    for row, line in enumerate(document.book.lines, 1):
        sheet.write_datetime(row, 0, line.day, day)
        for column, origin in enumerate(ORIGINS, 1):
            sheet.write_number(row, column, line.of(origin), money)
        sheet.write_number(row, last, line.amount, money)
    bottom = len(document.book.lines) + 1
    sheet.write_string(bottom, 0, "Tổng cộng", total)
    for column, origin in enumerate(ORIGINS, 1):
        sheet.write_number(bottom, column, document.book.by_origin[origin][0], total)
    sheet.write_number(bottom, last, document.book.total, total)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)


def _across(sheet: Worksheet, row: int, first: int, last: int, said: str, form: Format) -> None:
    """Text over several columns."""
    sheet.merge_range(row, first, row, last, "", form)
    sheet.write_string(row, first, said, form)
