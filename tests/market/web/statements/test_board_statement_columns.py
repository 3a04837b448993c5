"""A board says what the columns of a statement are, once; the next file with these headings is known."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.days import local_date, utc_now
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import Notice
from market.access.audit import trail
from market.db import Database
from merchants.stalls import StallRow
from tests.market.web.statements.statement_pages import STATEMENTS, chosen, entries, form_of, taken, tally, wrong
from tests.statement_files import Rows, as_csv, statement_of

UNKNOWN = [["SỔ PHỤ"], ["Ngày sổ", "Thu", "Chi", "Lời nhắn"]]


@pytest.fixture
def unknown() -> bytes:
    """A file of a bank nobody knows, that does not say which account it is of."""
    today = f"{local_date(utc_now()):%d/%m/%Y}"
    return as_csv([*UNKNOWN, [today, "50.000", "", "mua cá"], [today, "60.000", "", ""], [today, "", "9.000", "rút"]])


SAID = {
    "column0": "date",
    "column1": "credit",
    "column2": "debit",
    "column3": "memo",
    "account": "C-01",
    "bank": "vietcombank",
}


def test_columns_are_said_once_and_known_the_next_time(
    board: FlaskClient, unknown: bytes, huong: StallRow, database: Database, market_id: int
) -> None:
    page = chosen(board, unknown)
    assert re.findall(r'<label for="column\d">([^<]+)', page) == ["Ngày sổ", "Thu", "Chi", "Lời nhắn"]
    assert re.findall(r'class="sample">([^<]+)', page)[3:5] == ["50.000", "60.000"]
    preview = board.post(STATEMENTS, data=form_of(page) | SAID).text
    assert tally(preview) == {"Ghi vào sổ": 2, "Tiền ra, không ghi": 1}
    assert "0123499999" in preview
    taken(board, preview)
    with database.reading() as session:
        assert session.connection().execute(select(NOTICE.c.bank).distinct()).scalars().all() == [huong.bin]
        assert len(trail(session, market_id, limit=9, acts=("statement_layout_learned",))) == 1
    page = chosen(board, unknown, status=400)
    assert wrong(page) == ["account-wrong"]
    assert "column0" not in page
    page = board.post(STATEMENTS, data=form_of(page) | {"account": huong.account_number}).text
    assert "không cần nạp" in page


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"column0": ""}, ["columns-wrong"]),
        ({"column1": ""}, ["columns-wrong"]),
        ({"column2": "credit"}, ["column2-wrong"]),
        ({"column3": "amount"}, ["columns-wrong"]),
        ({"bank": "quỹ tín dụng làng"}, ["bank-wrong"]),
        ({"account": ""}, ["account-wrong"]),
    ],
)
def test_a_wrong_choice_keeps_what_was_chosen_and_says_what_is_wrong(
    board: FlaskClient, unknown: bytes, huong: StallRow, changed: dict[str, str], fields: list[str]
) -> None:
    said = form_of(chosen(board, unknown)) | SAID | changed
    answer = board.post(STATEMENTS, data=said)
    assert (answer.status_code, wrong(answer.text)) == (400, fields)
    assert form_of(answer.text) == said


def test_a_file_that_names_its_account_is_not_of_another(board: FlaskClient, unknown: bytes, huong: StallRow) -> None:
    named = b"So tai khoan: 777123456\n" + unknown
    said = form_of(chosen(board, named)) | SAID
    assert wrong(board.post(STATEMENTS, data=said).text) == ["account-wrong"]


def test_money_out_that_two_columns_may_be_is_asked_for(board: FlaskClient, huong: StallRow) -> None:
    rows: Rows = [["Ngày", "Ghi nợ", "Debit", "Thu"], [f"{local_date(utc_now()):%d/%m/%Y}", "", "", "5.000"]]
    said = form_of(chosen(board, as_csv(rows))) | {"column1": "", "column2": "", "column3": "credit"}
    assert "Chọn cột nào là tiền ra" in board.post(STATEMENTS, data=said | {"account": "C-01"}).text


def test_columns_that_were_known_can_be_said_otherwise(board: FlaskClient, lines: list[Notice]) -> None:
    preview = form_of(chosen(board, as_csv(statement_of(*lines))))
    page = board.post(f"{STATEMENTS}/columns", data=preview).text
    said = form_of(page)
    columns = ["date", "reference", "debit", "credit", "memo"]
    assert [said[f"column{place}"] for place in range(5)] == columns
    assert tally(board.post(STATEMENTS, data=said | {"column1": ""}).text) == {"Ghi vào sổ": 3}


def test_columns_that_nobody_knows_can_be_asked_for_before_they_are_said(board: FlaskClient, unknown: bytes) -> None:
    said = form_of(chosen(board, unknown))
    asked = {name: said[name] for name in ("name", "content")}
    answer = board.post(f"{STATEMENTS}/columns", data=asked)
    assert answer.status_code == 200
    assert form_of(answer.text).keys() == said.keys()


def test_a_file_that_reads_otherwise_by_now_is_looked_at_again(
    board: FlaskClient, huong: StallRow, database: Database
) -> None:
    """Between looking and taking somebody says that the columns are the other way round."""
    first, second, third = (
        as_csv([["Số tài khoản: 0123499999"], *UNKNOWN[1:], [f"0{day}/10/2025", "7.000", "", ""]]) for day in (1, 2, 3)
    )
    said = {name: value for name, value in SAID.items() if name.startswith("column")}
    taken(board, board.post(STATEMENTS, data=form_of(chosen(board, first)) | said).text)
    preview = chosen(board, second)
    assert tally(preview) == {"Ghi vào sổ": 1}
    page = board.post(f"{STATEMENTS}/columns", data=form_of(chosen(board, third))).text
    turned = said | {"column1": "debit", "column2": "credit"}
    taken(board, board.post(STATEMENTS, data=form_of(page) | turned).text)
    answer = board.post(f"{STATEMENTS}/import", data=form_of(preview))
    assert answer.status_code == 409
    assert "Xem lại lần nữa" in answer.text
    assert tally(answer.text) == {"Ghi vào sổ": 0, "Tiền ra, không ghi": 1}
    assert entries(database) == 1


def test_a_content_that_a_page_never_carried_is_no_file(board: FlaskClient, market_id: int) -> None:
    for content in ("", "chữ", "AAAA", "%%%"):
        answer = board.post(f"{STATEMENTS}/import", data={"content": content, "as_read": ""})
        assert (answer.status_code, wrong(answer.text)) == (400, ["file-wrong"])
        assert board.post(f"{STATEMENTS}/columns", data={"content": content}).status_code == 400
