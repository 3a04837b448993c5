"""The periods that a revenue book is kept for: a month, a quarter, a year of the calendar in Asia/Ho_Chi_Minh."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.days import Month
from ledger.refused import Problem, Refused

KINDS = ("month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A month, quarter or year; `part` counts from 1 in its year. Written 2026-10, 2026-Q4, 2026."""

    kind: str
    year: int
    part: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read `YYYY-MM`, `YYYY-Qn` or `YYYY`; raises Refused for anything else."""
        match = re.fullmatch(r"([0-9]{4})(?:-Q([1-4])|-(0[1-9]|1[0-2]))?", text)
        if match is None or not "1900" <= match[1] <= "2999":
            message = f"{text!r} is no period; write a month as 2026-10, a quarter as 2026-Q4, a year as 2026"
            raise Refused(Problem(message, field="period"))
        if match[2]:
            return cls("quarter", int(match[1]), int(match[2]))
        return cls("month", int(match[1]), int(match[3])) if match[3] else cls("year", int(match[1]), 1)

    @classmethod
    def of(cls, kind: str, day: date) -> "Period":
        """The period of this kind that a day lies in."""
        return cls(kind, day.year, (day.month - 1) // _MONTHS[kind] + 1)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, (self.part - 1) * _MONTHS[self.kind] + 1, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return Month(self.year, self.part * _MONTHS[self.kind]).last

    @property
    def before(self) -> "Period":
        """The one before it, of the same kind."""
        return Period.of(self.kind, self.first - timedelta(days=1))

    @property
    def after(self) -> "Period":
        """The one after it, of the same kind."""
        return Period.of(self.kind, self.last + timedelta(days=1))

    def __str__(self) -> str:
        if self.kind == "year":
            return f"{self.year}"
        return f"{self.year}-Q{self.part}" if self.kind == "quarter" else f"{self.year}-{self.part:02}"
