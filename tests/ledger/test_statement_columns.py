"""What a page says of a statement in the reader's language: columns nobody knows, and where a line is wrong."""

from ledger.inbox.statements.columns import Column, likely_columns
from ledger.inbox.statements.file import read_sheets
from ledger.inbox.statements.section import LineProblem
from ledger.inbox.statements.statement import read_statement
from tests.statement_files import Rows, as_csv, as_xlsx

SAID = [["HTX Bến Sông"], ["Số TK", "1500205000001"], ["Ngày ghi", "Thu", "", "Thu", "Lời nhắn"]]


def columns(rows: Rows) -> list[Column]:
    return likely_columns(read_sheets(as_csv(rows), "so-phu.csv"))


def test_the_columns_nobody_knows_stand_with_what_is_under_them() -> None:
    lines = [
        [f"{day}/11/2026", f"{day}.000", "", "x", memo] for day, memo in ((1, "cá"), (2, ""), (3, "tôm"), (4, "y"))
    ]
    assert columns([*SAID, *lines]) == [
        Column("Ngày ghi", ("1/11/2026", "2/11/2026", "3/11/2026")),
        Column("Thu", ("1.000", "2.000", "3.000")),
        Column("Lời nhắn", ("cá", "tôm")),
    ]


def test_a_file_of_one_row_has_columns_and_an_empty_sheet_none() -> None:
    assert columns([["Ngày ghi", "Thu"]]) == [Column("Ngày ghi", ()), Column("Thu", ())]
    assert likely_columns(read_sheets(as_xlsx([]), "trong.xlsx")) == []


def test_a_problem_names_its_kind_its_sheet_and_its_cell() -> None:
    headings = ["Ngày giao dịch", "Ghi nợ", "Ghi có"]
    rows = [["Số tài khoản: 0123499999"], headings, ["24/11/2026", "", "12,5"], ["mai", "", "5.000"], ["", "", "7.000"]]
    content = as_xlsx([["một trang khác"]], **{"Tháng 11": rows})
    found = read_statement(read_sheets(content, "sao-ke"), "sao-ke").problems
    assert [
        (one.kind, one.line, one.sheet, one.heading, one.value) for one in found if isinstance(one, LineProblem)
    ] == [
        ("not_dong", 3, "Tháng 11", "Ghi có", "12,5"),
        ("not_day", 4, "Tháng 11", "Ngày giao dịch", "mai"),
        ("no_day", 5, "Tháng 11", "", ""),
    ]
