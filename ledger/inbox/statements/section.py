"""The rows under one row of headings: what a row's cells say by their meaning, and which rows are no movement."""

import re
from dataclasses import dataclass

from ledger.inbox.statements.headings import fold
from ledger.inbox.statements.sheet import Cell, Row, text_of
from ledger.inbox.statements.values import NoAmount, amount
from ledger.refused import Problem

_TOTALS = re.compile(r"(?:tong|cong|total|so du|du dau|du cuoi|opening|closing|grand total)\b")
_NOTHING = ("", "-", "0", "n/a", "null")


@dataclass(frozen=True, slots=True)
class LineProblem(Problem):
    """What is wrong with a line of a sheet: in the column with this heading, which says `value`; both are "" where it
    is wrong as a whole."""

    sheet: str = ""
    heading: str = ""
    value: str = ""


class Wrong(Exception):
    """What is wrong with one row, whose place the reader of the sheet knows."""

    def __init__(self, *problems: LineProblem) -> None:
        super().__init__(*problems)
        self.problems = problems


@dataclass(slots=True)
class Section:
    """`columns` is meaning → column, `headings` the row they were found in; `credit` and `debit` are the sums so far as
    the bank's own totals row has them: without a sign."""

    columns: dict[str, int]
    headings: list[str]
    credit: int = 0
    debit: int = 0

    def cell(self, row: Row, meaning: str) -> Cell:
        """The cell of this meaning, "" where the row or the table has none."""
        column = self.columns.get(meaning, -1)
        return row.cells[column] if 0 <= column < len(row.cells) else ""

    def text(self, row: Row, meaning: str) -> str:
        """The same as one line of text."""
        return text_of(self.cell(row, meaning))

    def money(self, row: Row) -> tuple[int, int, list[LineProblem]]:
        """What came in and what went out, in đồng with the sign that the bank gave it, and what is wrong with either.

        Raises nothing: a row that is no movement may have any text there.
        """
        values: dict[str, int] = {"credit": 0, "debit": 0, "amount": 0}
        wrong = []
        for meaning in values.keys() & self.columns.keys():
            try:
                values[meaning] = amount(self.cell(row, meaning)) or 0
            except NoAmount as error:
                heading = self.headings[self.columns[meaning]]
                said = self.text(row, meaning)
                wrong.append(LineProblem(f"{heading}: {error}", kind=error.kind, heading=heading, value=said[:40]))
        signed = values["amount"]
        return (
            values["credit"] + max(signed, 0),
            values["debit"] + min(signed, 0),
            sorted(wrong, key=lambda problem: problem.message),
        )

    def balance(self, row: Row) -> int | None:
        """The running balance; None where there is none that can be read, for it only tells equal lines apart."""
        try:
            return amount(self.cell(row, "balance"))
        except ValueError:
            return None

    def reference(self, row: Row, beside: str) -> str:
        """The bank's reference; `beside` is what stands behind the day, where both share a cell."""
        shared = self.columns.get("reference", self.columns["date"]) == self.columns["date"]
        said = beside if shared else self.text(row, "reference")
        return "" if said.casefold() in _NOTHING else said

    def check_undated(self, row: Row) -> None:
        """A row that begins with no day may be a title, a remark or the bank's totals; raises Wrong where it is none of
        these: money without a day is never dropped."""
        said = self.text(row, "date")
        credit, debit, _ = self.money(row)
        is_day = re.match("[0-9]{1,4}[/.-][0-9]", said) is not None
        if not (credit or debit or is_day) or self._totals(row):
            return
        if not said and (abs(credit), abs(debit)) == (self.credit, self.debit):
            return
        if said:
            message = f"{said[:40]!r} is no day; write it as 24/11/2026"
            heading = self.headings[self.columns["date"]]
            raise Wrong(LineProblem(message, kind="not_day", heading=heading, value=said[:40]))
        raise Wrong(LineProblem("has money and no day", kind="no_day"))

    def _totals(self, row: Row) -> bool:
        memo = self.columns.get("memo", -1)
        for column, cell in enumerate(row.cells):
            label = fold(cell) if isinstance(cell, str) else ""
            # A payer may write "tổng cộng tiền hàng"; the bank's own label is short.
            if _TOTALS.match(label) and (column != memo or len(label.split()) <= 4):
                return True
        return False
