"""What a statement file is read into, and how large it may be."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ledger.refused import Problem, Refused

# A large market's busiest account has some thousand lines a month; a file ten times that is no month's statement.
MOST_BYTES = 20_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 200
MOST_CELLS = 1_500_000

# Text is stripped and composed (NFC), an empty cell is ""; a datetime is a date cell of a spreadsheet, without a zone.
Cell = str | Decimal | datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty; `line` is its number as the spreadsheet, or a text editor, shows it."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet; a CSV file is one sheet without a name."""

    name: str
    rows: list[Row]


def clean(text: str) -> str:
    """Text as it is kept: composed, stripped, without what no database stores (NUL, half a surrogate pair)."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.replace("\xa0", " ")).encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", "").replace("\r\n", "\n").strip()


def text_of(cell: Cell) -> str:
    """A cell as one line of text; a number without an exponent or an empty fraction, as CSV would have it."""
    if isinstance(cell, str):
        return " ".join(cell.split())
    if isinstance(cell, datetime):
        return cell.strftime("%d/%m/%Y %H:%M:%S").removesuffix(" 00:00:00")
    return f"{cell:f}".rstrip("0").rstrip(".") if "." in f"{cell:f}" else f"{cell:f}"


class Bounds:
    """Counts what was read of a file and refuses it when it is more than any statement holds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = 0
        self.cells = 0

    def count(self, line: int, cells: int) -> None:
        """One more row of that many cells. Raises Refused."""
        self.rows += 1
        self.cells += cells
        if cells > MOST_COLUMNS:
            self._refuse(line, f"has more than {MOST_COLUMNS} columns")
        if self.rows > MOST_ROWS or self.cells > MOST_CELLS:
            self._refuse(line, f"has more than {MOST_ROWS} rows or {MOST_CELLS} cells")

    def _refuse(self, line: int, what: str) -> None:
        raise Refused(
            Problem(f"{self.name} {what}; a bank statement has not: download one month at a time", line, kind="large")
        )
