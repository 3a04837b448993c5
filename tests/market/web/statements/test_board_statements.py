"""A board brings in a bank statement: looks at what it says and would do, takes it, and is led to what is left."""

import ast
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger.days import local_date, utc_now
from ledger.inbox.notice import Notice
from ledger.inbox.receive import waiting
from market.access.audit import trail
from market.channels import list_channels, switch_off
from market.db import Database
from market.web import board_statements
from market.web.app import ROOT
from market.web.statement_words import PROBLEMS
from merchants.stalls import StallRow
from tests.market.web.statements.statement_pages import STATEMENTS, chosen, entries, form_of, taken, tally, wrong
from tests.statement_files import as_csv, as_xlsx, statement_of

Told = Callable[..., Notice]
GAPS = "/board/ben-song/gaps"
SPACE = "\N{NO-BREAK SPACE}"


def test_a_preview_says_how_the_file_was_read_and_what_would_become_of_it(
    board: FlaskClient, huong: StallRow, lines: list[Notice], told: Told, hook: Callable[..., None], database: Database
) -> None:
    hook(lines[0])
    out = told(huong, 20_000, direction="out", at=utc_now())
    page = chosen(board, as_xlsx(statement_of(*lines, out)), "sao-kê.xlsx")
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(?:<b[^>]*>)?([^<]+)", page))
    today = local_date(utc_now())
    assert facts | {"Ngân hàng": "Vietcombank", "Tài khoản": "0123499999", "Mã của ngân hàng": "Số tham chiếu"} == facts
    assert facts["Số dòng"] == f"4 dòng, từ {today - timedelta(days=2):%d/%m/%Y} đến {today:%d/%m/%Y}"
    assert (facts["Tổng tiền vào"], facts["Tổng tiền ra"]) == (f"150.003{SPACE}đ", f"20.000{SPACE}đ")
    assert tally(page) == {"Ghi vào sổ": 2, "Đã có trong sổ": 1, "Tiền ra, không ghi": 1}
    assert '<span class="code">C-01</span> Sạp C-01</span>' in page
    assert entries(database) == 1


def test_what_was_looked_at_is_taken_once(board: FlaskClient, lines: list[Notice], database: Database) -> None:
    content = as_csv(statement_of(*lines))
    preview = chosen(board, content)
    page = taken(board, preview)
    assert "Đã nạp xong" in page
    assert tally(page) == {"Ghi vào sổ": 3}
    assert "Đã nạp xong" not in board.get(STATEMENTS).text
    assert tally(taken(board, preview)) == {"Ghi vào sổ": 0, "Đã có trong sổ": 3}
    assert entries(database) == 3
    again = chosen(board, content)
    assert "không cần nạp" in again
    assert "Đúng rồi, nạp vào sổ" not in again


def test_no_amount_stays_on_the_pages_after_the_import(board: FlaskClient, lines: list[Notice]) -> None:
    after = taken(board, chosen(board, as_csv(statement_of(*lines))))
    assert not re.search(r"\d[\d.]*\s?đ\b", after)


def test_the_import_stands_in_the_trail_without_a_name_or_an_amount(
    board: FlaskClient, lines: list[Notice], database: Database, market_id: int
) -> None:
    taken(board, chosen(board, as_csv(statement_of(*lines)), "chi-huong.csv"))
    with database.reading() as session:
        (line,) = trail(session, market_id, limit=9, acts=("payments_imported",))
    assert sorted(line.about) == ["file", "rows"]
    assert line.about["rows"] == 3
    assert re.fullmatch("[0-9a-f]{16}", str(line.about["file"]))
    assert line.person == "board1"


def test_each_look_before_the_import_stands_in_the_trail_of_its_stall(
    board: FlaskClient, lines: list[Notice], database: Database, market_id: int
) -> None:
    chosen(board, as_csv(statement_of(*lines)))
    with database.reading() as session:
        (line,) = trail(session, market_id, limit=9, acts=("statement_looked_at",))
    assert (line.person, line.stall, line.about["rows"]) == ("board1", "C-01", 3)


@pytest.mark.parametrize(("limit", "most"), [("MOST_LOOKS", 1), ("MOST_LOOKED_AT", 5)])
def test_who_looks_at_many_files_or_lines_is_told_no_more_which_were_told_before(
    board: FlaskClient, lines: list[Notice], monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(f"market.web.board_statements.{limit}", most)
    assert "Nạp thì sẽ thế này" in chosen(board, as_csv(statement_of(*lines)))
    page = chosen(board, as_csv(statement_of(*lines)))
    assert "Nạp thì sẽ thế này" not in page
    assert "Hôm nay bạn xem trước nhiều tệp rồi" in page
    assert tally(taken(board, page)) == {"Ghi vào sổ": 3}


def test_what_is_held_or_of_no_stall_leads_to_where_it_is_settled(
    board: FlaskClient, lines: list[Notice], hook: Callable[..., None], told: Told, huong: StallRow,
    database: Database, market_id: int,
) -> None:  # fmt: skip
    hook(*lines)
    page = taken(board, chosen(board, as_csv(statement_of(*lines, references=False))))
    assert tally(page) == {"Ghi vào sổ": 0, "Có thể đã báo rồi": 3}
    assert 'href="/board/ben-song/held"' in page
    stray = told(huong, 70_000, at=utc_now(), account_number="777123456")
    preview = chosen(board, as_csv(statement_of(stray)))
    assert "không sạp nào có" in preview
    page = taken(board, preview)
    assert tally(page) == {"Ghi vào sổ": 0, "Chưa rõ của sạp nào": 1}
    assert re.search(r'href="/board/ben-song/unmatched">.*Chọn sạp', page)
    with database.reading() as session:
        assert [len(waiting(session, market_id, status)) for status in ("held", "unmatched")] == [3, 1]


def test_a_number_that_a_stall_has_at_another_bank_is_told(board: FlaskClient, tu: StallRow, told: Told) -> None:
    assert "nhưng ở MBBank" in chosen(board, as_csv(statement_of(told(tu, 50_000, at=utc_now()))))


def test_a_number_that_stalls_have_at_two_banks_asks_for_the_bank(
    board: FlaskClient, huong: StallRow, add_stall: Callable[..., StallRow], told: Told
) -> None:
    add_stall(huong.market_id, "N-09", "970422", huong.account_number)
    nameless = as_csv(statement_of(told(huong, 50_000, at=utc_now()))[1:])
    asked = chosen(board, nameless, status=400)
    assert wrong(asked) == ["bank-wrong"]
    preview = board.post(STATEMENTS, data=form_of(asked) | {"bank": "VCB"}).text
    assert tally(preview) == {"Ghi vào sổ": 1}
    days = taken(board, preview).partition("Sao kê đã nạp đến ngày nào")[2]
    assert re.findall(r'<span class="code">(.*?)</span>', days) == ["C-01"]


@pytest.mark.parametrize(
    "file", [b"", b"%PDF-1.7", b"PK\x03\x04nothing", b"<html><table>", b",,\n,,", b"Kinh gui\nban quan ly"]
)
def test_what_is_no_statement_is_refused_with_its_mend(board: FlaskClient, file: bytes) -> None:
    assert wrong(chosen(board, file, status=400)) == ["file-wrong"]


def test_every_wrong_line_is_named_with_its_mend(board: FlaskClient, huong: StallRow, database: Database) -> None:
    ahead = f"{local_date(utc_now()) + timedelta(days=9):%d/%m/%Y}"
    rows = [
        ["Số tài khoản: 0123499999"],
        ["Ngày giao dịch", "Số tham chiếu", "Ghi nợ", "Ghi có", "Nội dung"],
        ["24/10/2025", "FT1", "", "12,5", ""],
        ["hôm qua", "FT2", "", "5.000", ""],
        [ahead, "FT3", "", "5.000", ""],
    ]
    page = chosen(board, as_xlsx([], **{"Tháng 10": rows}), status=400)
    found = re.findall(r'<tr><td class="number">(\d+)</td><td>(.*?)</td>', page)
    assert [(int(line), re.sub("<[^>]+>", "", text)) for line, text in found] == [
        (3, "Trang Tháng 10: Ghi có: “12,5” không phải số tiền. Phải là số đồng, như 50.000."),
        (4, "Trang Tháng 10: Ngày giao dịch: “hôm qua” không phải ngày. Ghi như 24/11/2026."),
        (5, f"Trang Tháng 10: Ngày {ahead} chưa tới. Ngày đứng trước, tháng đứng sau."),
    ]
    assert entries(database) == 0


def test_a_file_with_more_than_a_busy_months_lines_is_refused(
    board: FlaskClient, lines: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_statements, "MOST_LINES", 2)
    assert "Tải từng tháng một" in chosen(board, as_csv(statement_of(*lines)), status=400)
    monkeypatch.setattr(board_statements, "MOST_BYTES", 3_000)
    assert "Tải từng tháng một" in chosen(board, b" " * 3_001, status=400)


def test_days_of_another_kind_of_export_are_refused_before_they_are_taken(
    board: FlaskClient, lines: list[Notice]
) -> None:
    taken(board, chosen(board, as_csv(statement_of(*lines))))
    assert "một kiểu tệp khác" in chosen(board, as_csv(statement_of(*lines, references=False)), status=400)


def test_a_market_whose_statements_were_switched_off_meanwhile_takes_none(
    board: FlaskClient, lines: list[Notice], told: Told, huong: StallRow, database: Database
) -> None:
    taken(board, chosen(board, as_csv(statement_of(*lines))))
    preview = chosen(board, as_csv(statement_of(told(huong, 9_000, at=utc_now()))))
    with database.writing() as session:
        (statements,) = [row.id for row in list_channels(session) if row.provider == "statement"]
        switch_off(session, statements)
    answer = board.post(f"{STATEMENTS}/import", data=form_of(preview))
    assert (answer.status_code, wrong(answer.text)) == (409, ["file-wrong"])


# The words, the days, and whose they are.


def kinds_of(file: Path) -> set[str]:
    """The kinds of problems that a module may name; it makes none without one."""
    calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
    said = [word.value for call in calls for word in call.keywords if word.arg == "kind"]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("Problem", "LineProblem")]
    assert [call.lineno for call in made if "kind" not in {word.arg for word in call.keywords}] == [], file
    said += [call.args[1] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "NoAmount"]
    return {str(word.value) for word in said if isinstance(word, ast.Constant)}


def test_every_problem_of_a_statement_has_its_words() -> None:
    files = [*(ROOT / "ledger/inbox/statements").glob("*.py"), ROOT / "market/statements.py"]
    kinds = set().union(*(kinds_of(file) for file in files))
    assert len(kinds) > 15
    # Unknown headings are no refusal here: they are asked for.
    assert kinds - {"headings"} == PROBLEMS.keys()


def test_the_page_says_up_to_which_day_each_stalls_statements_are_in(
    board: FlaskClient, lines: list[Notice], hook: Callable[..., None], told: Told, huong: StallRow, tu: StallRow
) -> None:
    assert "Sao kê đã nạp đến ngày nào" not in board.get(STATEMENTS).text
    old = told(tu, 5_000, at=utc_now() - timedelta(days=300))
    taken(board, chosen(board, as_csv([["MB BANK"], *statement_of(old)[1:]])))
    page = taken(board, chosen(board, as_csv(statement_of(*lines[1:]))))
    hook(lines[0])
    page = board.get(STATEMENTS).text
    assert re.findall(r'class="code">([^<]+)</span></td>.*?<b>(\d\d/\d\d/\d{4})</b>', page) == [
        ("G-02", f"{old.local_date:%d/%m/%Y}"),
        ("C-01", f"{lines[1].local_date:%d/%m/%Y}"),
    ]


@pytest.mark.parametrize("address", [STATEMENTS, GAPS, f"{GAPS}.csv"])
def test_another_markets_statements_are_not_there(
    signed_in: Callable[..., FlaskClient], other_market_id: int, huong: StallRow, address: str
) -> None:
    assert signed_in("board", market_id=other_market_id).get(address).status_code == 404


def test_another_boards_file_changes_nothing(
    signed_in: Callable[..., FlaskClient], board: FlaskClient, other_market_id: int, lines: list[Notice],
    database: Database,
) -> None:  # fmt: skip
    preview = chosen(board, as_csv(statement_of(*lines)))
    browser = signed_in("board", market_id=other_market_id)
    for step in ("", "/columns", "/import"):
        assert browser.post(f"{STATEMENTS}{step}", data=form_of(preview)).status_code == 404
    assert entries(database) == 0


@pytest.mark.parametrize("address", ["unmatched", "connections", "connections/C-01"])
def test_a_board_finds_the_statements_where_it_needs_them(board: FlaskClient, huong: StallRow, address: str) -> None:
    assert f'href="{STATEMENTS}"' in board.get(f"/board/ben-song/{address}").text


def test_a_board_finds_the_gaps_at_the_months_foot_and_beside_the_statements(
    board: FlaskClient, huong: StallRow
) -> None:
    month = f"{local_date(utc_now()):%Y-%m}"
    assert f'href="{GAPS}?month={month}"' in board.get("/board/ben-song/").text
    assert f'href="{GAPS}"' in board.get(STATEMENTS).text
