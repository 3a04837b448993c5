"""The one exception for input that cannot be taken: what is wrong, where, and how to mend it."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what somebody gave us; `message` ends with the mend.

    `kind` names it where a page says the same in the reader's language.
    """

    message: str
    line: int | None = None
    field: str | None = None
    kind: str = dataclasses.field(default="", compare=False)

    def __str__(self) -> str:
        where = [f"line {self.line}" if self.line is not None else "", self.field or ""]
        place = ", ".join(part for part in where if part)
        return f"{place}: {self.message}" if place else self.message


class Refused(Exception):
    """The input is refused and nothing was changed. The command line answers exit code 1."""

    def __init__(self, problems: str | Problem | Sequence[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
