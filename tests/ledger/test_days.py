"""Moments, days and months, as a wall calendar in Vietnam has them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.days import Month, local_date, local_midnight, parse_day, stamp
from ledger.refused import Refused


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 10, 31, 16, 59, 59, 999999, UTC), date(2026, 10, 31)),
        (datetime(2026, 10, 31, 17, 0, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
    ids=str,
)
def test_a_day_begins_at_five_in_the_afternoon_of_utc(moment: datetime, day: date) -> None:
    assert local_date(moment) == day


def test_midnight_is_the_first_moment_of_its_day() -> None:
    midnight = local_midnight(date(2026, 11, 1))
    assert local_date(midnight) == date(2026, 11, 1)
    assert local_date(midnight - timedelta(microseconds=1)) == date(2026, 10, 31)


def test_a_stamp_is_utc_with_microseconds() -> None:
    assert stamp(local_midnight(date(2026, 11, 1))) == "2026-10-31T17:00:00.000000Z"


@pytest.mark.parametrize(
    ("text", "last"),
    [("2026-10", 31), ("2026-11", 30), ("2026-12", 31), ("2028-02", 29), ("2027-02", 28), ("2100-02", 28)],
)
def test_a_month_has_its_first_and_last_day(text: str, last: int) -> None:
    month = Month.parse(text)
    assert (month.first, month.last) == (date(month.first.year, month.first.month, 1), month.first.replace(day=last))
    assert str(month) == text


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "26-01", "2026-01-01", "0000-01", "10/2026", "", "２０２６-01"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="no month; write YYYY-MM"):
        Month.parse(text)


def test_a_month_is_equal_to_the_month_of_any_of_its_days() -> None:
    assert {Month.of(date(2026, 11, 30)), Month.parse("2026-11")} == {Month(2026, 11)}


@pytest.mark.parametrize("text", ["2026-02-29", "2026-1-01", "20260101", "2026-W01-1", "hôm nay", ""])
def test_what_is_no_day_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Refused, match=r"^on: .* is no day; write YYYY-MM-DD"):
        parse_day(text, "on")


def test_a_day_is_read() -> None:
    assert parse_day("2028-02-29", "on") == date(2028, 2, 29)
