"""A statement saved as an Excel workbook, new (.xlsx) or old (.xls): the values of its visible sheets.

calamine reads both, and does not mind what banks' writers get wrong: the stated size of a sheet, styles that point
nowhere. It makes room for every cell between the first and the last of a sheet, so that a kilobyte may ask for all of a
machine's memory, and a fault of its own ends the process it is in: it reads in one of its own, with so much memory and
time. Formulas count as the value they had when the bank saved them.
"""

import contextlib
import io
import multiprocessing
import os
import threading
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from multiprocessing.connection import Connection

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ledger.inbox.statements.sheet import Bounds, Cell, Row, Sheet, clean
from ledger.refused import Problem, Refused

MOST_UNPACKED = 150_000_000
# What reading one may take, in bytes of address space (where the system can be told) and seconds. A statement of
# 100,000 lines takes a third of either.
MOST_MEMORY = 1_000_000_000
MOST_SECONDS = 30
_ONE_AT_A_TIME = threading.Lock()


def read(content: bytes, name: str) -> list[Sheet]:
    """The rows of every visible sheet, in the workbook's order. Raises Refused where the file is none, or too large."""
    try:
        if content.startswith(b"PK"):
            _look_inside(content, name)
    except (zipfile.BadZipFile, OSError) as error:
        raise Refused(_damaged(name, error)) from None
    with _ONE_AT_A_TIME:
        answer = _read_apart(content, name)
    if isinstance(answer, Problem):
        raise Refused(answer)
    bounds = Bounds(name)
    for sheet in answer:
        for row in sheet.rows:
            bounds.count(row.line, len(row.cells))
    return answer


def _look_inside(content: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        unpacked = sum(part.file_size for part in package.infolist())
    if unpacked > MOST_UNPACKED:
        raise Refused(_too_large(name, f"unpacks to more than {MOST_UNPACKED // 1_000_000} MB"))


def _damaged(name: str, error: BaseException) -> Problem:
    message = (
        f"{name} is no Excel workbook that can be read ({error}); download it again, or open it, take off its"
        " password if it has one, and save it as .xlsx"
    )
    return Problem(message, kind="damaged")


def _too_large(name: str, what: str) -> Problem:
    return Problem(f"{name} {what}; no bank statement does: download one month at a time", kind="large")


def _read_apart(content: bytes, name: str) -> list[Sheet] | Problem:
    context = multiprocessing.get_context("spawn")
    answers, answering = context.Pipe(duplex=False)
    reader = context.Process(target=_answer, args=(answering, content, name), daemon=True)
    reader.start()
    answering.close()
    try:
        if answers.poll(MOST_SECONDS):
            answer: list[Sheet] | Problem = answers.recv()
            return answer
    except EOFError:
        pass  # it ended without an answer
    finally:
        reader.kill()
        reader.join()
        answers.close()
    return _too_large(name, "takes more memory or time to read than there is")


def _answer(answering: Connection, content: bytes, name: str) -> None:
    # Of its end only the caller tells.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with contextlib.suppress(ImportError, OSError, ValueError):  # not every system has such a limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    try:
        answering.send(_sheets(content))
    except MemoryError:
        pass
    except BaseException as error:  # a fault inside calamine is no Exception
        answering.send(_damaged(name, error))


def _sheets(content: bytes) -> list[Sheet]:
    with CalamineWorkbook.from_object(io.BytesIO(content)) as workbook:
        return [
            Sheet(sheet.name, _rows(workbook.get_sheet_by_name(sheet.name)))
            for sheet in workbook.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]


def _rows(sheet: CalamineSheet) -> list[Row]:
    rows = []
    for line, values in enumerate(sheet.iter_rows(), 1):
        cells = [_cell(value) for value in values]
        while cells and cells[-1] == "":
            cells.pop()
        if cells:
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
