"""Makes statement files as the banks' sites give them away: rows of cells, saved as CSV or as XLSX."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from ledger.inbox.notice import Notice

Rows = Sequence[Sequence[Any]]
HEADINGS = ["Ngày giao dịch", "Số tham chiếu", "Ghi nợ", "Ghi có", "Nội dung"]


def as_csv(rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """The rows as text; a number is written as it is, a date day first."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    for row in rows:
        writer.writerow([f"{cell:%d/%m/%Y}" if isinstance(cell, datetime) else cell for cell in row])
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Rows, **more_sheets: Rows) -> bytes:
    """The rows as a workbook: text stays text, numbers are numbers, datetimes date cells."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"default_date_format": "dd/mm/yyyy", "strings_to_numbers": False})
    for title, sheet_rows in {"Sheet1": rows, **more_sheets}.items():
        sheet = book.add_worksheet(title)
        for line, row in enumerate(sheet_rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(line, column, cell)
                elif cell is not None:
                    sheet.write(line, column, cell)
    book.close()
    return target.getvalue()


def statement_of(*notices: Notice, references: bool = True) -> Rows:
    """What the account's bank writes of these: a day without a time, its reference or none."""
    rows: list[list[Any]] = [["VIETCOMBANK"], [f"Số tài khoản: {notices[0].account_number}"], HEADINGS]
    for said in notices:
        money = ["", said.amount] if said.direction == "in" else [said.amount, ""]
        reference = said.bank_reference if references else ""
        rows.append([said.local_date.strftime("%d/%m/%Y"), reference, *money, said.memo])
    return rows
