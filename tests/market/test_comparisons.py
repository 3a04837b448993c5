"""Months side by side: over the same days, and only as far back as anything was recorded; and the chart's scale."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from ledger.days import Month
from market.chart import Bar, grid, names
from market.comparisons import History, change, earlier, number, percent

NOVEMBER, OCTOBER, MARCH, FEBRUARY = Month(2026, 11), Month(2026, 10), Month(2026, 3), Month(2026, 2)
LONG_AGO = date(2020, 1, 1)


def one_a_day(since: date = LONG_AGO) -> History:
    """One transaction on every day of two years, from the first that is recorded."""
    days = (date(2025, 1, 1) + timedelta(days=day) for day in range(730))
    return History({day: 1 for day in days if day >= since}, since)


def test_a_running_month_is_compared_over_the_days_that_have_passed() -> None:
    compared = one_a_day().compare(NOVEMBER, OCTOBER, elapsed=24, running=True, transactions=30)
    assert (compared.days, compared.whole, compared.now, compared.before) == (24, False, 30, 24)


def test_a_month_of_thirty_days_is_compared_with_thirty_days_of_a_longer_one() -> None:
    compared = one_a_day().compare(NOVEMBER, OCTOBER, elapsed=30, running=False, transactions=33)
    assert (compared.days, compared.whole, compared.now, compared.before) == (30, False, 33, 30)


def test_a_month_longer_than_the_other_is_cut_to_its_days() -> None:
    compared = one_a_day().compare(MARCH, FEBRUARY, elapsed=31, running=False, transactions=31)
    assert (compared.days, compared.whole, compared.now, compared.before) == (28, False, 28, 28)


def test_months_of_the_same_length_are_compared_whole() -> None:
    compared = one_a_day().compare(NOVEMBER, earlier(NOVEMBER, 12), elapsed=30, running=False, transactions=33)
    assert (compared.days, compared.whole, compared.before) == (30, True, 30)


def test_a_month_whose_last_day_is_not_over_is_not_compared_whole() -> None:
    compared = one_a_day().compare(NOVEMBER, earlier(NOVEMBER, 12), elapsed=30, running=True, transactions=33)
    assert (compared.days, compared.whole) == (30, False)


def test_a_month_before_the_records_began_is_not_known() -> None:
    compared = one_a_day(date(2026, 11, 1)).compare(NOVEMBER, OCTOBER, elapsed=30, running=False, transactions=30)
    assert compared.before is None


def test_a_month_in_which_the_records_began_is_not_compared() -> None:
    compared = one_a_day(date(2026, 10, 2)).compare(NOVEMBER, OCTOBER, elapsed=30, running=False, transactions=30)
    assert (compared.before, compared.since) == (None, date(2026, 10, 2))


def test_a_month_recorded_from_its_first_day_is_compared() -> None:
    compared = one_a_day(date(2026, 10, 1)).compare(NOVEMBER, OCTOBER, elapsed=30, running=False, transactions=30)
    assert compared.before == 30


def test_a_month_without_a_transaction_among_others_counts_zero() -> None:
    assert History({}, LONG_AGO).compare(NOVEMBER, OCTOBER, elapsed=30, running=False, transactions=1).before == 0


def test_a_month_that_has_not_begun_is_compared_with_nothing() -> None:
    assert one_a_day().compare(NOVEMBER, OCTOBER, elapsed=0, running=False, transactions=0).before is None


def test_the_chart_ends_with_the_month_and_its_own_transactions() -> None:
    bars = one_a_day().twelve_months(NOVEMBER, elapsed=24, transactions=99)
    assert [str(bar.month) for bar in (bars[0], bars[-1])] == ["2025-12", "2026-11"]
    assert [bar.transactions for bar in bars] == [31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 99]


def test_the_tick_of_a_running_month_reaches_over_as_many_days() -> None:
    assert one_a_day().twelve_months(NOVEMBER, elapsed=24, transactions=99)[-1].year_before == 24


def test_months_before_the_records_began_have_no_bar() -> None:
    bars = one_a_day(date(2026, 10, 31)).twelve_months(NOVEMBER, elapsed=30, transactions=30)
    assert [bar.transactions for bar in bars] == [None] * 10 + [1, 30]


@pytest.mark.parametrize(("back", "found"), [(0, "2026-02"), (1, "2026-01"), (2, "2025-12"), (26, "2023-12")])
def test_months_are_counted_backwards_over_the_years(back: int, found: str) -> None:
    assert str(earlier(FEBRUARY, back)) == found


def test_there_is_no_month_before_the_calendars_first() -> None:
    assert earlier(Month(1, 3), 12) == Month(1, 1)


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (999, "999"), (35218, "35.218"), (1234567, "1.234.567")])
def test_thousands_are_parted_by_points(count: int, text: str) -> None:
    assert number(count) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(47, 1000, "4,7 %"), (1, 3, "33,3 %"), (1, 2000, "0,1 %"), (1, 2001, "0,0 %"), (5000, 2, "250.000,0 %")],
)
def test_shares_have_one_decimal_and_halves_are_rounded_up(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (35218, 33960, "▲ 3,7 %"),
        (972, 1000, "▼ 2,8 %"),
        (0, 5, "▼ 100,0 %"),
        (10000, 10000, "0,0 %"),
        (10001, 10000, "0,0 %"),
        (5, 0, "–"),
        (5, None, "–"),
    ],
)
def test_a_change_says_up_or_down_unless_it_is_nothing(now: int, before: int | None, text: str) -> None:
    assert change(now, before) == text.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 4), (1, 4), (4, 4), (5, 8), (35218, 40000), (40000, 40000), (40001, 60000)]
)
def test_the_grid_ends_at_a_round_number_not_below_the_highest_bar(highest: int, top: int) -> None:
    lines = grid([Bar(NOVEMBER, highest, None)], None)
    assert lines == [top * line // 4 for line in range(5)]


@pytest.mark.parametrize("highest", [*range(1, 30), 101, 999, 1601, 12_345, 35_218, 80_001, 9_999_999])
def test_the_grid_is_even_and_whole_and_the_highest_bar_fills_more_than_half(highest: int) -> None:
    lines = grid([Bar(NOVEMBER, highest, None)], None)
    assert len({high - low for low, high in pairwise(lines)}) == 1
    assert lines[0] == 0
    assert highest <= lines[-1] <= max(4, 2 * highest)


def test_the_grid_holds_the_tick_and_the_target_too() -> None:
    assert grid([Bar(NOVEMBER, 10, 900)], None)[-1] >= 900
    assert grid([Bar(NOVEMBER, None, None)], 35000)[-1] >= 35000


def test_the_year_stands_with_the_first_bar_and_with_january() -> None:
    bars = one_a_day().twelve_months(FEBRUARY, elapsed=28, transactions=1)
    assert names(bars) == ["03/25", "4", "5", "6", "7", "8", "9", "10", "11", "12", "01/26", "2"]
