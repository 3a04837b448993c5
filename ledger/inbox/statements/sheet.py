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
# Characters of all cells together: a workbook names one text from as many cells as it likes.
MOST_TEXT = 50_000_000

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
    """Counts what was read of a file and refuses it when it is more than any statement holds.

    It carries its limits along, for a workbook is counted in a process of its own.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = 0
        self.cells = 0
        self.text = 0
        self.most_rows, self.most_columns = MOST_ROWS, MOST_COLUMNS
        self.most_cells, self.most_text = MOST_CELLS, MOST_TEXT

    def count(self, line: int, cells: int) -> None:
        """One more row of that many cells. Raises Refused."""
        self.rows += 1
        self.cells += cells
        if cells > self.most_columns:
            self._refuse(line, f"has more than {self.most_columns} columns")
        if self.rows > self.most_rows or self.cells > self.most_cells:
            self._refuse(line, f"has more than {self.most_rows} rows or {self.most_cells} cells")

    def count_text(self, line: int | None, characters: int) -> None:
        """So many more characters of text. Raises Refused."""
        self.text += characters
        if self.text > self.most_text:
            self._refuse(line, f"has more than {self.most_text} characters of text")

    def _refuse(self, line: int | None, what: str) -> None:
        raise Refused(
            Problem(f"{self.name} {what}; a bank statement has not: download one month at a time", line, kind="large")
        )
