"""A statement saved as an Excel workbook, new (.xlsx) or old (.xls): the values of its visible sheets.

calamine reads both, and does not mind what banks' writers get wrong: the stated size of a sheet, styles that point
nowhere. It makes room for every cell between the first and the last of a sheet, so that a kilobyte may ask for all of a
machine's memory, and a fault of its own ends the process it is in: it reads in one of its own, with so much memory and
time, and counts there what it read, before any of it comes here. Formulas count as the value they had when the bank
saved them.
"""

import contextlib
import io
import pickle
import subprocess
import sys
import threading
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from ledger.inbox.statements.sheet import Bounds, Cell, Row, Sheet, clean
from ledger.refused import Problem, Refused

ROOT = Path(__file__).resolve().parents[3]
MOST_UNPACKED = 150_000_000
# What reading one may take, in bytes of address space (where the system can be told) and seconds. A statement of
# 100,000 lines takes a third of either.
MOST_MEMORY = 1_000_000_000
MOST_SECONDS = 30
# Characters of what calamine says is wrong, for it may quote the file.
MOST_TOLD = 500
_ONE_AT_A_TIME = threading.Lock()


def read(content: bytes, name: str) -> list[Sheet]:
    """The rows of every visible sheet, in the workbook's order. Raises Refused where the file is none, or too large."""
    try:
        if content.startswith(b"PK"):
            _look_inside(content, name)
    except (zipfile.BadZipFile, OSError) as error:
        raise Refused(_damaged(name, str(error))) from None
    with _ONE_AT_A_TIME:
        answer = _read_apart(content, Bounds(name))
    if isinstance(answer, Problem):
        raise Refused(answer)
    return answer


def _look_inside(content: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        unpacked = sum(part.file_size for part in package.infolist())
    if unpacked > MOST_UNPACKED:
        raise Refused(_too_large(name, f"unpacks to more than {MOST_UNPACKED // 1_000_000} MB"))


def _damaged(name: str, error: str) -> Problem:
    message = (
        f"{name} is no Excel workbook that can be read ({error}); download it again, or open it, take off its"
        " password if it has one, and save it as .xlsx"
    )
    return Problem(message, kind="damaged")


def _too_large(name: str, what: str) -> Problem:
    return Problem(f"{name} {what}; no bank statement does: download one month at a time", kind="large")


def _read_apart(content: bytes, bounds: Bounds) -> list[Sheet] | Problem:
    try:
        done = subprocess.run(  # noqa: S603 - this module, by this Python
            [sys.executable, "-m", __name__],
            input=pickle.dumps(bounds) + content,
            capture_output=True,
            cwd=ROOT,
            timeout=MOST_SECONDS,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return _too_large(bounds.name, "takes more memory or time to read than there is")
    answer: list[Sheet] | Problem = pickle.loads(done.stdout)  # noqa: S301 - our own words
    return answer


def _answer() -> None:
    """What the process of its own does: the bounds and a workbook on stdin, its sheets on stdout, or what is wrong."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not every system has such a limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    bounds: Bounds = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own words
    answer: list[Sheet] | Problem
    try:
        answer = _sheets(sys.stdin.buffer.read(), bounds)
    except MemoryError:
        sys.exit(1)
    except Refused as refused:
        (answer,) = refused.problems
    except BaseException as error:  # a fault inside calamine is no Exception
        answer = _damaged(bounds.name, str(error)[:MOST_TOLD])
    pickle.dump(answer, sys.stdout.buffer)


def _sheets(content: bytes, bounds: Bounds) -> list[Sheet]:
    with CalamineWorkbook.from_object(io.BytesIO(content)) as workbook:
        return [
            Sheet(sheet.name, _rows(workbook.get_sheet_by_name(sheet.name), bounds))
            for sheet in workbook.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]


def _rows(sheet: CalamineSheet, bounds: Bounds) -> list[Row]:
    bounds.count_text(None, len(sheet.name))
    rows = []
    for line, values in enumerate(sheet.iter_rows(), 1):
        cells = [_cell(value) for value in values]
        while cells and cells[-1] == "":
            cells.pop()
        if cells:
            bounds.count(line, len(cells))
            bounds.count_text(line, sum(len(cell) for cell in cells if isinstance(cell, str)))
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


if __name__ == "__main__":
    _answer()
