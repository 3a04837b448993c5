"""The yearly level is that of the law in force on a day; a new law is a new line of the list."""

from datetime import date

import pytest

from merchants.revenue_levels import FILE, in_force, level_on, read_levels

TWO = """from,amount,law
2026-01-01,500000000,Luật cũ
2027-01-01,800000000,"Luật mới, sửa luật cũ"
"""


@pytest.mark.parametrize(
    ("day", "amount"),
    [
        (date(2026, 1, 1), 500_000_000),
        (date(2026, 12, 31), 500_000_000),
        (date(2027, 1, 1), 800_000_000),
        (date(2031, 5, 5), 800_000_000),
    ],
)
def test_the_level_in_force_on_a_day_is_the_newest_that_has_begun(day: date, amount: int) -> None:
    level = in_force(read_levels(TWO), day)
    assert level is not None
    assert level.amount == amount


def test_before_the_first_there_is_none() -> None:
    assert in_force(read_levels(TWO), date(2025, 12, 31)) is None


def test_the_order_of_the_lines_does_not_matter() -> None:
    head, first, second = TWO.splitlines()
    turned = in_force(read_levels("\n".join((head, second, first))), date(2027, 3, 1))
    assert turned is not None
    assert (turned.amount, turned.law) == (800_000_000, "Luật mới, sửa luật cũ")


def test_the_list_of_the_program_says_which_law_sets_each_level() -> None:
    levels = read_levels(FILE.read_text(encoding="utf-8"))
    assert all("Nghị định" in level.law or "Luật" in level.law for level in levels)
    level = level_on(date(2026, 11, 24))
    assert level is not None
    assert (level.since, level.amount) == (date(2026, 1, 1), 1_000_000_000)


@pytest.mark.parametrize(
    "line",
    [
        "2026-13-01,1,Luật",
        "2026-01-01,0,Luật",
        "2026-01-01,1.000,Luật",
        "2026-01-01,5,",
        "2026-01-01,5,A\n2026-01-01,6,B",
    ],
)
def test_a_list_that_is_none_is_a_fault_and_no_level(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_levels(f"from,amount,law\n{line}\n")
