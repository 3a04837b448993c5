"""Months, quarters and years that a revenue book is kept for."""

from datetime import date

import pytest

from ledger.refused import Refused
from merchants.periods import Period


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_read_and_has_its_days(text: str, first: date, last: date) -> None:
    period = Period.parse(text)
    assert (period.first, period.last, str(period)) == (first, last, text)


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-00", "2026-Q0", "2026-Q5", "2026-q1", "26", "3000", "2026-1", "٢٠٢٦"]
)
def test_what_is_no_period_is_refused_with_the_ways_to_write_one(text: str) -> None:
    with pytest.raises(Refused, match="2026-10, a quarter as 2026-Q4, a year as 2026"):
        Period.parse(text)


@pytest.mark.parametrize(("kind", "said"), [("month", "2026-11"), ("quarter", "2026-Q4"), ("year", "2026")])
def test_a_day_lies_in_one_of_each_kind(kind: str, said: str) -> None:
    assert str(Period.of(kind, date(2026, 11, 24))) == said


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("2026-01", "2025-12", "2026-02"),
        ("2026-12", "2026-11", "2027-01"),
        ("2026-Q1", "2025-Q4", "2026-Q2"),
        ("2026", "2025", "2027"),
    ],
)
def test_each_has_one_before_and_one_after(text: str, before: str, after: str) -> None:
    period = Period.parse(text)
    assert (str(period.before), str(period.after)) == (before, after)
