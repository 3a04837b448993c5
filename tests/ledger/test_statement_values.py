"""Amounts and days as statements write them: read exactly or refused, never guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.inbox.statements.sheet import Cell
from ledger.inbox.statements.values import amount, moment


@pytest.mark.parametrize(
    ("cell", "dong"),
    [
        ("50000", 50_000),
        ("50.000", 50_000),
        ("50,000", 50_000),
        ("1,234,567.00", 1_234_567),
        ("1.234.567,00", 1_234_567),
        ("50 000", 50_000),
        ("50.000 VND", 50_000),
        ("VNĐ 50.000", 50_000),
        ("50.000đ", 50_000),
        ("+50,000", 50_000),
        ("-50,000", -50_000),
        ("50,000-", -50_000),
        ("(50,000)", -50_000),
        ("- 50,000", -50_000),
        ("0", 0),
        (Decimal("50000"), 50_000),
        (Decimal("-50000.0"), -50_000),
        (Decimal("49999.99999999999"), 50_000),
        (Decimal("50.000"), 50),
        ("", None),
        ("-", None),
    ],
)
def test_an_amount_is_whole_dong_however_it_is_written(cell: Cell, dong: int | None) -> None:
    assert amount(cell) == dong


@pytest.mark.parametrize(
    "cell",
    [
        "12.35",
        "1,23",
        "1.234,567",
        "1,234.567,00",
        "5.00E+07",
        "5E7",
        "abc",
        "12abc",
        "٥٠٠٠",
        "５００",
        Decimal("12.35"),
    ],
)
def test_what_is_no_whole_dong_is_refused(cell: Cell) -> None:
    with pytest.raises(ValueError, match=r"no whole đồng|shortened by a spreadsheet"):
        amount(cell)


def test_a_date_is_no_amount() -> None:
    with pytest.raises(ValueError, match="a date where an amount belongs"):
        amount(datetime(2026, 11, 24))  # noqa: DTZ001


@pytest.mark.parametrize("cell", [Decimal(10) ** 15, "1000000000000000"])
def test_an_amount_larger_than_any_payment_is_refused(cell: Cell) -> None:
    with pytest.raises(ValueError, match=r"no whole đồng|larger than any payment"):
        amount(cell)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_every_way_of_writing_an_amount_says_the_same(dong: int) -> None:
    commas = f"{dong:,}"
    for cell in (str(dong), commas, commas.replace(",", "."), f"{commas}.00", Decimal(repr(float(dong)))):
        assert amount(cell) == dong


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("24/11/2026", date(2026, 11, 24)),
        ("03/07/2026", date(2026, 7, 3)),
        ("3/7/2026", date(2026, 7, 3)),
        ("03-07-2026", date(2026, 7, 3)),
        ("03.07.2026", date(2026, 7, 3)),
        ("2026-07-03", date(2026, 7, 3)),
        ("46350", date(2026, 11, 24)),
        (Decimal(46350), date(2026, 11, 24)),
        (datetime(2026, 7, 3), date(2026, 7, 3)),  # noqa: DTZ001
    ],
)
def test_the_day_stands_first_always(cell: Cell, day: date) -> None:
    assert moment(cell) == (day, None, "")


@pytest.mark.parametrize(
    "cell",
    [
        "24/11/2026 08:15:30",
        "24/11/2026 8:15:30",
        "24/11/2026\n08:15:30",
        "24/11/2026 - 08:15:30",
        "08:15:30 24/11/2026",
        "2026-11-24T08:15:30",
        "24/11/2026 08:15:30 AM",
        "24/11/2026 08:15:30 SA",
        datetime(2026, 11, 24, 8, 15, 30),  # noqa: DTZ001
        Decimal("46350.34409722222"),
    ],
)
def test_a_time_is_vietnamese_time(cell: Cell) -> None:
    assert moment(cell) == (date(2026, 11, 24), datetime(2026, 11, 24, 1, 15, 30, tzinfo=UTC), "")


def test_the_afternoon_is_the_afternoon() -> None:
    assert moment("24/11/2026 08:15:30 CH") == (date(2026, 11, 24), datetime(2026, 11, 24, 13, 15, 30, tzinfo=UTC), "")


def test_midnight_is_a_day_without_a_time() -> None:
    assert moment("24/11/2026 00:00:00") == (date(2026, 11, 24), None, "")


def test_what_stands_behind_the_day_is_kept() -> None:
    assert moment("31/10/2026\n5243.65937") == (date(2026, 10, 31), None, "5243.65937")


@pytest.mark.parametrize("cell", ["31/02/2026", "11/24/2026", "4/1/26", "24/11/20265243", "hôm nay", "", "1999-01-01"])
def test_what_begins_with_no_day_is_none(cell: Cell) -> None:
    assert moment(cell) is None
