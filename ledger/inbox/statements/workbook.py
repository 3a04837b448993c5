"""A statement saved as an Excel workbook, new (.xlsx) or old (.xls): the values of its visible sheets.

calamine reads both, and does not mind what banks' writers get wrong: the stated size of a sheet, styles that point
nowhere. It is handed a file only when what that unpacks to is no more than a statement is. Formulas count as the value
they had when the bank saved them.
"""

import io
import zipfile
from datetime import date, datetime, time
from decimal import Decimal

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ledger.inbox.statements.sheet import Bounds, Cell, Row, Sheet, clean
from ledger.refused import Problem, Refused

MOST_UNPACKED = 150_000_000


def read(content: bytes, name: str) -> list[Sheet]:
    """The rows of every visible sheet, in the workbook's order. Raises Refused where the file is none, or too large."""
    try:
        if content.startswith(b"PK"):
            _look_inside(content, name)
        bounds = Bounds(name)
        with CalamineWorkbook.from_object(io.BytesIO(content)) as workbook:
            return [
                Sheet(sheet.name, _rows(workbook.get_sheet_by_name(sheet.name), bounds))
                for sheet in workbook.sheets_metadata
                if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
            ]
    except (zipfile.BadZipFile, CalamineError, OSError) as error:
        message = (
            f"{name} is no Excel workbook that can be read ({error}); download it again, or open it, take off its"
            " password if it has one, and save it as .xlsx"
        )
        raise Refused(Problem(message, kind="damaged")) from None


def _look_inside(content: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        unpacked = sum(part.file_size for part in package.infolist())
    if unpacked > MOST_UNPACKED:
        message = (
            f"{name} unpacks to more than {MOST_UNPACKED // 1_000_000} MB; no bank statement does: download one month"
            " at a time"
        )
        raise Refused(Problem(message, kind="large"))


def _rows(sheet: CalamineSheet, bounds: Bounds) -> list[Row]:
    rows = []
    for line, values in enumerate(sheet.iter_rows(), 1):
        cells = [_cell(value) for value in values]
        while cells and cells[-1] == "":
            cells.pop()
        if cells:
            bounds.count(line, len(cells))
            rows.append(Row(line, tuple(cells)))
    return rows


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A number was stored as a double's 17 digits; its shortest name is what was typed.
        number = Decimal(repr(value))
        return number.to_integral_value() if number == number.to_integral_value() else number
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    # TRUE, FALSE and a time without a day say nothing about money.
    return ""
