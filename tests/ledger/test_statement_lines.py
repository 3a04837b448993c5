"""The lines of a statement: each is taken, told what is wrong with it, or known to be no movement; and its event id."""

import random
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.inbox.statements.file import read_sheets
from ledger.inbox.statements.headings import meanings
from ledger.inbox.statements.statement import Layout, Statement, UnknownHeadings, read_statement
from ledger.refused import Refused
from tests.statement_files import Rows, as_csv, as_xlsx

ACCOUNT = ["Số tài khoản: 0123499999"]
HEADINGS = ["Ngày giao dịch", "Số tham chiếu", "Ghi nợ", "Ghi có", "Số dư", "Nội dung"]
PAID = ["24/11/2026", "FT1", "", "50,000", "150,000", "mua ca"]


def read(rows: Rows, **said: Any) -> Statement:
    return read_statement(read_sheets(as_csv(rows), "sao-ke.csv"), "sao-ke.csv", **said)


def problems(*rows: Sequence[Any]) -> list[str]:
    return [str(problem) for problem in read([ACCOUNT, HEADINGS, *rows]).problems]


def amounts(statement: Statement) -> list[tuple[str, int]]:
    assert statement.problems == []
    return [(line.notice.direction, line.notice.amount) for line in statement.lines]


@pytest.mark.parametrize(
    "row",
    [
        ["", "Tổng cộng", "", "50,000", "", ""],
        ["Tổng số phát sinh", "", "0", "50,000", "150,000", ""],
        ["Total", "", "", "1", "", ""],
        ["Cộng trang", "", "", "50,000", "", ""],
        ["", "", "", "", "150,000", "Số dư cuối kỳ"],
        ["", "", "", "50,000", "", ""],
        ["", "", "", "", "", "Giao dịch viên"],
        ["Ghi chú: sao kê này được in từ ngân hàng điện tử"],
        ["24/11/2026", "", "", "", "100,000", "Số dư đầu kỳ"],
        ["24/11/2026", "", "0", "0.00", "100,000", "mo tai khoan"],
        HEADINGS,
    ],
)
def test_a_row_that_is_no_movement_is_dropped(row: list[str]) -> None:
    assert amounts(read([ACCOUNT, HEADINGS, PAID, row])) == [("in", 50_000)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (["", "FT2", "", "70,000", "", "mua ca"], "line 4: has money and no day"),
        (["", "", "", "70,000", "", "tong cong tien mua ca va tom"], "line 4: has money and no day"),
        (["31/02/2026", "FT2", "", "70,000", "", ""], "line 4: '31/02/2026' is no day; write it as 24/11/2026"),
        (["11/24/2026", "FT2", "", "abc", "", ""], "line 4: '11/24/2026' is no day; write it as 24/11/2026"),
        (["24/11/2026", "FT2", "", "12.35", "", ""], "line 4: Ghi có: '12.35' is no whole đồng"),
        (["24/11/2026", "FT2", "5", "7", "", ""], "line 4: has money in and money out; a line is one movement"),
    ],
)
def test_money_that_cannot_be_read_is_never_dropped(row: list[str], problem: str) -> None:
    assert problems(PAID, row) == [problem]


def test_every_wrong_line_is_told() -> None:
    found = problems(["24/11/2026", "", "x", "y", "", ""], PAID, ["30/02/2026", "", "", "1", "", ""])
    assert [problem.split(":")[0] for problem in found] == ["line 3", "line 3", "line 5"]


def test_money_in_with_a_minus_was_taken_back() -> None:
    assert amounts(read([ACCOUNT, HEADINGS, ["24/11/2026", "", "", "-50,000", "", ""]])) == [("out", 50_000)]


def test_days_that_another_countrys_spreadsheet_turned_are_found() -> None:
    rows: Rows = [
        ACCOUNT,
        HEADINGS,
        [datetime(2026, 3, 11), "1", "", 50_000, "", ""],  # noqa: DTZ001 (3 November, turned)
        ["13/11/2026", "2", "", 50_000, "", ""],
    ]
    statement = read_statement(read_sheets(as_xlsx(rows), "a"), "a")
    assert ["month-first" in problem.message for problem in statement.problems] == [True]


def test_each_account_has_its_section() -> None:
    other = ["Số tài khoản/ Account number:", "", "0888800002"]
    statement = read([ACCOUNT, HEADINGS, PAID, [], other, HEADINGS, PAID])
    assert statement.accounts == ["0123499999", "0888800002"]
    assert len({line.notice.event_id for line in statement.lines}) == 2


def test_a_section_needs_no_headings_of_its_own() -> None:
    statement = read([ACCOUNT, HEADINGS, PAID, ["", "", "", "50,000"], ["Số tài khoản: 0888800002"], PAID])
    assert [line.notice.account_number for line in statement.lines] == ["0123499999", "0888800002"]


def test_a_column_may_name_the_account_of_each_line() -> None:
    rows = [
        ["Ngày giao dịch", "Số tài khoản", "Ghi có"],
        ["24/11/2026", "012 349 9999", "1"],
        ["24/11/2026", "088", "1"],
    ]
    assert read(rows).accounts == ["0123499999", "088"]


def test_the_old_number_and_the_other_sides_are_not_the_account() -> None:
    rows = [
        ["Số tài khoản cũ: 12310000999999"],
        ["Tài khoản đối ứng: 999999999"],
        ["Số TK: 8851234567"],
        HEADINGS,
        PAID,
    ]
    assert read(rows).accounts == ["8851234567"]


def test_a_file_that_names_no_account_needs_one_named() -> None:
    with pytest.raises(Refused, match="does not say which account it is of; name it: --account NUMBER"):
        read([HEADINGS, PAID])
    assert read([HEADINGS, PAID], account="0123 499 999").accounts == ["0123499999"]


def test_a_file_of_another_account_than_was_named_is_refused() -> None:
    with pytest.raises(Refused, match="is of account 0123499999, not of 0888800002"):
        read([ACCOUNT, HEADINGS, PAID], account="0888800002")


def test_an_account_that_lost_its_zeros_can_be_named_whole() -> None:
    assert read([["Số tài khoản:", 123499999], HEADINGS, PAID], account="0123499999").accounts == ["0123499999"]


def test_an_account_in_another_currency_is_refused() -> None:
    with pytest.raises(Refused, match="is in USD; only accounts in đồng are read"):
        read([ACCOUNT, ["Loại tiền/ Currency:", "USD"], HEADINGS, PAID])


def test_headings_are_found_down_to_the_eightieth_row() -> None:
    assert amounts(read([ACCOUNT, *[["x"]] * 78, HEADINGS, PAID])) == [("in", 50_000)]
    with pytest.raises(UnknownHeadings):
        read([ACCOUNT, *[["x"]] * 79, HEADINGS, PAID])


def test_headings_may_stand_in_two_rows() -> None:
    rows = [
        ACCOUNT,
        ["Ngày", "Số tiền", "", "Diễn giải"],
        ["giao dịch", "Ghi nợ", "Ghi có", ""],
        ["24/11/2026", "", "50,000", "mua ca"],
    ]
    assert amounts(read(rows)) == [("in", 50_000)]


def test_headings_may_be_said_again_in_english() -> None:
    english = ["Transaction date", "", "Debit", "Credit", "Balance", "Description"]
    statement = read([ACCOUNT, HEADINGS, english, PAID])
    assert statement.lines[0].notice.bank_reference == "FT1"


@pytest.mark.parametrize(
    ("heading", "meaning"),
    [
        ("SỐ TIỀN GHI CÓ (VND)", "credit"),
        ("so tien ghi co", "credit"),
        ("Tiền vào", "credit"),
        ("creditAmount", "credit"),
        ("PS Nợ", "debit"),
        ("STT/ No.", None),
        ("Credit account", None),
        ("Phí ghi nợ", None),
        ("Ngày yêu cầu giao dịch", None),
        ("Số dư đầu kỳ", None),
        ("Loại giao dịch", None),
        ("Số tiền", None),
    ],
)
def test_a_heading_means_what_its_longest_known_name_means(heading: str, meaning: str | None) -> None:
    assert [found for found, _ in meanings(heading)] == ([meaning] if meaning else [])


def test_two_columns_of_money_in_are_not_guessed_between() -> None:
    with pytest.raises(UnknownHeadings, match="more than one column may be the credit"):
        read([ACCOUNT, ["Ngày", "Ghi có", "Tiền vào"], ["24/11/2026", "1", "2"]])


UNKNOWN = [["Lúc", "Vào", "Ra", "Lời nhắn"], ["24/11/2026", "50.000", "", "mua ca"]]


def test_unknown_headings_are_listed_with_the_way_to_map_them() -> None:
    with pytest.raises(
        UnknownHeadings, match=r"headings found: 'Lúc', 'Vào', 'Ra', 'Lời nhắn'.*--map date=HEADING"
    ) as told:
        read(UNKNOWN, account="0123499999")
    assert told.value.headings == ("Lúc", "Vào", "Ra", "Lời nhắn")


MAPPED = {"date": "lúc", "credit": "VÀO", "debit": "ra", "memo": "Lời nhắn"}


def test_a_mapping_names_headings_in_any_case() -> None:
    statement = read(UNKNOWN, account="0123499999", bank="970405", columns=MAPPED)
    assert amounts(statement) == [("in", 50_000)]
    assert (statement.bank, statement.lines[0].notice.memo) == ("970405", "mua ca")


def test_a_mapping_said_before_is_found_by_the_headings() -> None:
    before = read(UNKNOWN, account="0123499999", columns=MAPPED)
    again = read(UNKNOWN, account="0123499999", layouts={before.headings: Layout("970405", MAPPED)})
    assert (again.bank, amounts(again), again.mapped) == ("970405", [("in", 50_000)], {})


def test_what_is_known_need_not_be_mapped() -> None:
    rows = [ACCOUNT, ["Ngày", "Thu", "Ghi nợ", "Mã số"], ["24/11/2026", "1", "", "FT9"], ["24/11/2026", "", "2", ""]]
    statement = read(rows, columns={"credit": "Thu", "reference": "Mã số"})
    assert amounts(statement) == [("in", 1), ("out", 2)]
    assert statement.lines[0].notice.bank_reference == "FT9"


def test_one_signed_column_can_be_mapped() -> None:
    rows = [ACCOUNT, ["Ngày", "Số tiền"], ["24/11/2026", "+50,000"], ["24/11/2026", "-20,000"]]
    assert amounts(read(rows, columns={"amount": "Số tiền"})) == [("in", 50_000), ("out", 20_000)]


def test_a_mapping_of_a_heading_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownHeadings):
        read(UNKNOWN, account="0123499999", columns={**MAPPED, "balance": "Còn"})


# Event ids.

Move = tuple[int, bool, int, str]
MOVES = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.booleans(),
        st.sampled_from([10_000, 20_000]),
        st.sampled_from(["", "10418", "FT2"]),
    ),
    max_size=25,
)


def _rows(moves: list[Move], *, balances: bool) -> list[list[Any]]:
    """A month in the order of its days, with a balance that runs through it."""
    rows, balance = [], 1_000_000
    for day, comes_in, dong, reference in sorted(moves, key=lambda move: move[0]):
        balance += dong if comes_in else -dong
        moved = ["", f"{dong:,}"] if comes_in else [f"{dong:,}", ""]
        rows.append([f"{day:02}/11/2026", reference, *moved, f"{balance:,}" if balances else "", "x"])
    return rows


def _ids(rows: list[list[Any]]) -> list[str]:
    return [line.notice.event_id for line in read([ACCOUNT, HEADINGS, *rows]).lines]


@given(MOVES, st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=4), st.booleans(), st.randoms())
def test_overlapping_files_of_whole_days_in_any_order_give_the_ids_of_the_whole(
    moves: list[Move], spans: list[tuple[int, int]], balances: bool, source: random.Random
) -> None:
    rows = _rows(moves, balances=balances)
    whole = _ids(rows)
    assert len(set(whole)) == len(rows)
    found: set[str] = set()
    for first, last in [*spans, (1, 2), (3, 5)]:
        part = [row for row in rows if first <= int(row[0][:2]) <= last]
        # Some banks write the newest line first; the lines of a day may stand in any order.
        part = part[::-1] if source.random() < 0.5 else source.sample(part, len(part))
        found |= set(_ids(part))
    assert found == set(whole)


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([10_000, 20_000])), max_size=20), st.integers(0, 20))
def test_with_balances_a_file_may_begin_in_the_middle_of_a_day(paid: list[tuple[int, int]], cut: int) -> None:
    rows = _rows([(day, True, dong, "") for day, dong in paid], balances=True)
    assert {*_ids(rows[:cut]), *_ids(rows[max(0, cut - 2) :])} == set(_ids(rows))


def test_equal_lines_of_one_day_are_told_apart_by_their_place() -> None:
    rows = _rows([(1, True, 10_000, "")] * 3, balances=False)
    assert len(set(_ids(rows))) == 3
    assert _ids(rows)[:2] == _ids(rows[:2])


def test_the_event_id_is_the_same_for_ever() -> None:
    """What was imported last year must be known again: a change here books it a second time."""
    (line,) = read([ACCOUNT, HEADINGS, PAID]).lines
    assert line.notice.local_date == date(2026, 11, 24)
    assert line.notice.event_id == "sha256:7f7f54414ad8522a5a4350c700ce7ef373c75d3cbb305f93af7c8b7d49873626"
