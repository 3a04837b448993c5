"""The yearly revenue up to which a household business owes neither VAT nor personal income tax, as law sets it.

The list is `revenue_levels.csv`: from which day on, how many đồng, by which law; a new law is a new line. It was taken
from secondary readings of the law and is a help, never legal advice; pages say so.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("revenue_levels.csv")


@dataclass(frozen=True, slots=True)
class Level:
    """So much a year, in đồng, from this day on, by this law."""

    since: date
    amount: int
    law: str


def level_on(day: date) -> Level | None:
    """The one in force on this day; None before the first."""
    return in_force(_levels(), day)


def in_force(levels: list[Level], day: date) -> Level | None:
    """Of levels by their day the newest that has begun."""
    return max((level for level in levels if level.since <= day), key=lambda level: level.since, default=None)


def read_levels(text: str) -> list[Level]:
    """The lines of a list. Raises ValueError for one that is none: the file is part of the program."""
    levels = [
        Level(date.fromisoformat(row["from"]), int(row["amount"]), row["law"])
        for row in csv.DictReader(text.splitlines(), strict=True)
    ]
    if any(level.amount <= 0 or not level.law for level in levels):
        raise ValueError("a level needs an amount over 0 and the law that sets it")
    if len({level.since for level in levels}) < len(levels):
        raise ValueError("two levels begin on one day")
    return levels


@cache
def _levels() -> list[Level]:
    return read_levels(FILE.read_text(encoding="utf-8"))
