"""A statement file read into notices: the table found by its headings, every line taken or told what is wrong with it.

Pure: the caller brings the rows, and the mappings that people of its market made before.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import zip_longest

from ledger.inbox.notice import Direction, Notice
from ledger.inbox.statements import headings
from ledger.inbox.statements.banks import bank_of
from ledger.inbox.statements.columns import HEAD, likely_columns
from ledger.inbox.statements.event_id import EventIds
from ledger.inbox.statements.head import account_named, foreign_currency
from ledger.inbox.statements.section import LineProblem, Section, Wrong
from ledger.inbox.statements.sheet import Cell, Row, Sheet, text_of
from ledger.inbox.statements.values import moment
from ledger.refused import Problem, Refused


@dataclass(frozen=True, slots=True)
class Layout:
    """How a person said that the columns of a statement are to be read: meaning → heading, and its bank's BIN or ""."""

    bank: str
    columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One movement, with what its row says as JSON (heading → text), and where it stands."""

    notice: Notice
    body: bytes
    line: int
    sheet: str


@dataclass(slots=True)
class Statement:
    """What a file says. With `problems` it is to be refused whole.

    `bank` is a BIN, or "" where nothing names it; `columns` are meaning → heading as recognised or mapped, `mapped`
    those of them that the caller named, `headings` is the digest of their row. Totals are đồng; `first` and `last` are
    local days, None without a line.
    """

    name: str
    bank: str = ""
    headings: str = ""
    mapped: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    accounts: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def total_in(self) -> int:
        """Money in, in đồng."""
        return sum(line.notice.amount for line in self.lines if line.notice.direction == "in")

    @property
    def total_out(self) -> int:
        """Money out, in đồng."""
        return sum(line.notice.amount for line in self.lines if line.notice.direction == "out")

    @property
    def first(self) -> date | None:
        """The earliest local day of a line."""
        return min((line.notice.local_date for line in self.lines), default=None)

    @property
    def last(self) -> date | None:
        """The latest local day of a line."""
        return max((line.notice.local_date for line in self.lines), default=None)


class UnknownHeadings(Refused):
    """No row of the file's head names a day and money that came in; `headings` are those of the row most like it."""

    def __init__(self, name: str, said: Sequence[str], why: str) -> None:
        self.headings = tuple(dict.fromkeys(text for text in said if text))
        listed = ", ".join(repr(heading) for heading in self.headings) or "none"
        super().__init__(
            Problem(
                f"{name}: {why} (headings found: {listed}); say what the columns are, with the bank, as in --bank VCB"
                " --map date=HEADING --map credit=HEADING --map debit=HEADING --map reference=HEADING; what can be"
                f" mapped is {', '.join(headings.MEANINGS)} (amount: one signed column in place of credit and debit)",
                field="map",
                kind="headings",
            )
        )


def read_statement(
    sheets: Sequence[Sheet],
    name: str,
    *,
    account: str = "",
    bank: str = "",
    columns: Mapping[str, str] | None = None,
    layouts: Mapping[str, Layout] | None = None,
) -> Statement:
    """Read every sheet that has a statement's headings in its first 80 rows.

    `account` is for files that name none, `bank` (a BIN) for those that name no bank; `columns` (meaning → heading) and
    `layouts` (digest of headings → what was said before) for headings nobody knows. Raises Refused where nothing can
    be read; what is wrong with single lines stands in the result's `problems`.
    """
    reading = _Reading(
        Statement(name, bank, mapped=dict(columns or {})), re.sub("[ .-]", "", account), columns or {}, layouts or {}
    )
    for sheet in sheets:
        reading.read(sheet)
    statement = reading.statement
    if not statement.columns:
        why = reading.trouble or "no row in the first 80 has the headings of a bank statement"
        raise UnknownHeadings(name, [column.heading for column in likely_columns(sheets)], why)
    return statement


class _Reading:
    """One file on its way into a statement, sheet by sheet."""

    def __init__(
        self, statement: Statement, account: str, columns: Mapping[str, str], layouts: Mapping[str, Layout]
    ) -> None:
        self.statement = statement
        self.given = account
        self.columns, self.layouts = columns, layouts
        self.ids = EventIds()
        self.trouble = ""

    def read(self, sheet: Sheet) -> None:
        head: list[str] = []
        account = ""
        section: Section | None = None
        begun_at = -1
        days = _Days()
        for place, row in enumerate(sheet.rows):
            if section is None and row.line > HEAD:
                return
            texts = [text_of(cell) for cell in row.cells]
            day = None if section is None else moment(section.cell(row, "date"))
            found = self._section(sheet, place, texts) if day is None else None
            if found is not None:
                # A second row of headings right under the first says the same in another language.
                if section is None or place > begun_at + 1 or found.columns.keys() > section.columns.keys():
                    section = found
                    self._describe(section, head)
                begun_at = place
            elif day is None and (named := account_named(texts)):
                account = named
                if section is not None:
                    section.credit = section.debit = 0
            elif section is None:
                head += texts
                if code := foreign_currency(texts):
                    message = f"{self.statement.name} is in {code}; only accounts in đồng are read"
                    raise Refused(Problem(message, row.line, kind="currency"))
            else:
                try:
                    line = self._line(row, section, day, account, sheet.name)
                except Wrong as wrong:
                    where = f"sheet {sheet.name}: " if sheet.name else ""
                    self.statement.problems += (
                        replace(one, message=where + one.message, line=row.line, sheet=sheet.name)
                        for one in wrong.problems
                    )
                    continue
                if line is not None:
                    self.statement.lines.append(line)
                    days.add(section.cell(row, "date"), line.notice.local_date)
        if days.turned():
            message = (
                "some days were turned into month-first dates by a spreadsheet, others stayed text; download the file"
                " again and import it as it came"
            )
            self.statement.problems.append(Problem(message, field="date", kind="turned"))

    def _section(self, sheet: Sheet, place: int, texts: list[str]) -> Section | None:
        """The section that this row begins, alone or together with the row under it."""
        if columns := self._columns(texts):
            return Section(columns, texts)
        if place + 1 == len(sheet.rows):
            return None
        under = [text_of(cell) for cell in sheet.rows[place + 1].cells]
        # Headings may stand in two rows: "Số tiền" over "Ghi nợ" and "Ghi có".
        both = [f"{above} {below}".strip() for above, below in zip_longest(texts, under, fillvalue="")]
        columns = self._columns(both)
        return Section(columns, both) if columns and not self._columns(under) else None

    def _columns(self, row: list[str]) -> dict[str, int]:
        said: Mapping[str, str] = self.columns
        if not said and self.layouts and (layout := self.layouts.get(headings.digest(row))):
            said = layout.columns
            self.statement.bank = self.statement.bank or layout.bank
        try:
            return headings.recognise(row, said)
        except ValueError as error:
            self.trouble = f"more than one column may be the {error}"
            return {}

    def _describe(self, section: Section, head: list[str]) -> None:
        statement = self.statement
        if not statement.columns:
            statement.columns = {meaning: section.headings[column] for meaning, column in section.columns.items()}
            statement.headings = headings.digest(section.headings)
        statement.bank = statement.bank or bank_of(head, section.headings)

    def _line(
        self, row: Row, section: Section, day: tuple[date, datetime | None, str] | None, account: str, sheet: str
    ) -> Line | None:
        """The movement of a row; None for a row without one. Raises Wrong."""
        if day is None:
            section.check_undated(row)
            return None
        credit, debit, wrong = section.money(row)
        if wrong:
            raise Wrong(*wrong)
        if credit and debit:
            raise Wrong(LineProblem("has money in and money out; a line is one movement", kind="both_ways"))
        if not credit and not debit:
            return None
        section.credit += abs(credit)
        section.debit += abs(debit)
        local_date, at, beside = day
        number = self._account(section.text(row, "account") or account or self.given, row.line)
        # Some banks write money out with a sign, some without; money in with a minus is a credit taken back.
        direction: Direction = "in" if credit > 0 else "out"
        reference = section.reference(row, beside)
        notice = Notice(
            event_id=self.ids.give(
                account_number=number,
                local_date=local_date,
                direction=direction,
                amount=abs(credit or debit),
                reference=reference,
                balance=section.balance(row),
            ),
            account_number=number,
            bank=self.statement.bank,
            amount=abs(credit or debit),
            direction=direction,
            bank_reference=reference,
            at=at,
            local_date=local_date,
            memo=section.text(row, "memo"),
            payer_name=section.text(row, "payer_name"),
            payer_account=section.text(row, "payer_account"),
        )
        said = {
            heading: text_of(cell) for heading, cell in zip(section.headings, row.cells, strict=False) if cell != ""
        }
        return Line(notice, json.dumps(said, ensure_ascii=False).encode(), row.line, sheet)

    def _account(self, said: str, line: int) -> str:
        number = re.sub("[ .-]", "", said)
        if not number:
            message = f"{self.statement.name} does not say which account it is of; name it: --account NUMBER"
            raise Refused(Problem(message, field="account", kind="account"))
        if not re.fullmatch("[0-9A-Za-z]{1,34}", number):
            raise Wrong(LineProblem(f"{said[:40]!r} is no account number", kind="not_account", value=said[:40]))
        if self.given and number.lstrip("0") == self.given.lstrip("0"):
            number = self.given  # a spreadsheet's number has lost its zeros
        elif self.given:
            message = f"{self.statement.name} is of account {number}, not of {self.given}; leave --account out"
            raise Refused(Problem(message, line, "account", kind="other_account"))
        if number not in self.statement.accounts:
            self.statement.accounts.append(number)
        return number


class _Days:
    """Finds a file that a spreadsheet of another country has saved: 03/11/2026 became a date, 11 March, and 13/11/2026,
    which is none there, stayed text."""

    def __init__(self) -> None:
        self._dates: set[int] = set()
        self._texts: set[int] = set()

    def add(self, cell: Cell, day: date) -> None:
        (self._texts if isinstance(cell, str) else self._dates).add(day.day)

    def turned(self) -> bool:
        return bool(self._dates and self._texts) and max(self._dates) <= 12 < min(self._texts)
