"""The board's stalls: the list, one stall and what may be done with it, adding and changing by form."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ledger.days import local_date, utc_now
from ledger.inbox.notice import Notice
from market.db import Database
from market.signs import mark_printed
from merchants.payments import Source, take
from merchants.stalls import StallRow, change, change_account, find_stall, list_stalls, rename_account, set_status
from tests.market.web.pages import read

FIELDS = {
    "code": "T-05",
    "name": "Trái cây Út Nhàn",
    "category": "Trái cây",
    "section": "A",
    "holder": "Nguyễn Thị Nhàn",
    "phone": "0905 123 456",
    "bank": "vietcombank",
    "account_number": "0071000412041",
    "account_name": "NGUYEN THI NHAN",
}
WRONG = {
    "code": ("T/05", "Mã sạp gồm chữ và số"),
    "name": ("", "Còn trống"),
    "category": ("x" * 41, "nhiều nhất 40 chữ"),
    "section": ("x" * 41, "nhiều nhất 40 chữ"),
    "holder": ("y" * 61, "nhiều nhất 60 chữ"),
    "phone": ("12", "Chưa phải số điện thoại"),
    "bank": ("ngân hàng nào đó", "Không rõ ngân hàng nào"),
    "account_number": ("4111 1111 1111 1111", "Đây là số in trên thẻ"),
    "account_name": ("", "Còn trống"),
}


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """A browser at the board of chợ Bến Sông."""
    return signed_in("board", market_id=market_id)


def codes(page: str) -> list[str]:
    return re.findall(r'<span class="code">([^<]+)</span>', page)


@pytest.fixture
def four(
    database: Database,
    huong: StallRow,
    tu: StallRow,
    add_stall: Callable[..., StallRow],
    channel: Source,
    told: Callable[..., Notice],
) -> None:
    """Chị Hương takes payments, anh Tư did nine days ago, a third stall never has, a fourth is paused."""
    paused = add_stall(huong.market_id, "K-03", "970436", "0123400003")
    add_stall(huong.market_id, "K-04", "970436", "0123400004")
    with database.writing() as session:
        set_status(session, paused, "paused", local_date(utc_now()))
        notices = [told(huong, 50_000, at=utc_now()), told(tu, 50_000, at=utc_now() - timedelta(days=9))]
        take(session, channel, "hook", [(notice, b"{}") for notice in notices], utc_now())


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("", ["C-01", "G-02", "K-03", "K-04"]),
        ("active", ["C-01"]),
        ("quiet", ["G-02"]),
        ("never", ["K-03", "K-04"]),
        ("paused", ["K-03"]),
        ("closed", []),
    ],
)
def test_stalls_are_found_by_how_they_do(board: FlaskClient, four: None, state: str, found: list[str]) -> None:
    assert codes(read(board, f"/board/ben-song/stalls?state={state}")) == found


def test_a_silent_stall_of_whom_no_bank_was_ever_heard_is_not_connected(
    board: FlaskClient, four: None, database: Database
) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE bank_account SET heard_at = NULL")
    assert codes(read(board, "/board/ben-song/stalls?state=unheard")) == ["G-02"]


def test_a_closed_stall_is_found_among_the_closed_ones_only(board: FlaskClient, four: None) -> None:
    board.post("/board/ben-song/stalls/K-04/close", data={"on": "2026-11-01"})
    assert "K-04" not in codes(read(board, "/board/ben-song/stalls"))
    assert codes(read(board, "/board/ben-song/stalls?state=closed")) == ["K-04"]


def test_a_stall_is_found_by_its_account_holder_without_marks(
    board: FlaskClient, huong: StallRow, tu: StallRow, database: Database
) -> None:
    with database.writing() as session:
        change(session, tu.id, holder="Đặng Văn Tư")
    assert codes(read(board, "/board/ben-song/stalls?q=dang+tu")) == ["G-02"]


def test_the_list_says_which_sign_of_a_stall_was_printed(
    board: FlaskClient, huong: StallRow, tu: StallRow, database: Database
) -> None:
    with database.writing() as session:
        mark_printed(session, huong.market_id, ["C-01"], utc_now())
    page = read(board, "/board/ben-song/stalls")
    assert re.findall("Đã in, bản 1|Cần in lại|Chưa in", page) == ["Đã in, bản 1", "Chưa in"]


def test_after_an_account_change_the_list_asks_for_another_sign(
    board: FlaskClient, huong: StallRow, database: Database
) -> None:
    with database.writing() as session:
        mark_printed(session, huong.market_id, ["C-01"], utc_now())
        change_account(
            session, huong, bank_bin="970436", account_number="0071000412041", account_name="", takes_effect=utc_now()
        )
    assert "Cần in lại" in read(board, "/board/ben-song/stalls")
    with database.writing() as session:
        mark_printed(session, huong.market_id, ["C-01"], utc_now())
    assert "Đã in, bản 2" in read(board, "/board/ben-song/stalls")


def test_a_sign_with_a_former_spelling_of_the_holder_counts_as_not_printed(
    board: FlaskClient, huong: StallRow, database: Database
) -> None:
    with database.writing() as session:
        mark_printed(session, huong.market_id, ["C-01"], utc_now())
        rename_account(session, huong.id, "TRAN THI HUONG")
    assert "Chưa in" in read(board, "/board/ben-song/stalls")


def test_a_stalls_page_shows_the_account_by_its_last_four_figures_only(board: FlaskClient, huong: StallRow) -> None:
    page = read(board, "/board/ben-song/stalls/C-01")
    assert '<b class="last">9999</b>' in page
    assert huong.account_number not in page


def test_a_stalls_page_tells_of_an_account_change(board: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        change_account(
            session, huong, bank_bin="970422", account_number="77776666", account_name="X", takes_effect=utc_now()
        )
    assert "Đổi tài khoản từ số cuối 9999 sang 6666" in read(board, "/board/ben-song/stalls/C-01")
    assert "Vừa đổi tài khoản" in read(board, "/board/ben-song/stalls")


def test_an_unknown_stall_is_not_found(board: FlaskClient, huong: StallRow) -> None:
    for path in ("X-99", "X-99/edit", "X-99/close"):
        assert board.get(f"/board/ben-song/stalls/{path}").status_code == 404


def test_a_stall_is_paused_and_opened_again(board: FlaskClient, huong: StallRow, database: Database) -> None:
    for status in ("paused", "open"):
        board.post("/board/ben-song/stalls/C-01/status", data={"status": status})
        with database.reading() as session:
            assert find_stall(session, huong.market_id, "C-01").status == status


def test_a_closed_stall_is_not_opened_again(board: FlaskClient, huong: StallRow, database: Database) -> None:
    board.post("/board/ben-song/stalls/C-01/close", data={"on": "2026-11-01"})
    board.post("/board/ben-song/stalls/C-01/status", data={"status": "open"})
    assert "đăng ký bằng mã mới" in read(board, "/board/ben-song/stalls/C-01")
    with database.reading() as session:
        assert find_stall(session, huong.market_id, "C-01").status == "closed"


def test_a_last_day_may_be_changed_until_it_is_past(board: FlaskClient, huong: StallRow) -> None:
    stall, close = "/board/ben-song/stalls/C-01", "/board/ben-song/stalls/C-01/close"
    assert "Đổi ngày bán cuối cùng" not in read(board, stall)
    for ahead in (30, 3):
        board.post(close, data={"on": str(local_date(utc_now()) + timedelta(days=ahead))})
    page = read(board, stall)
    assert f"Nghỉ hẳn sau {local_date(utc_now()) + timedelta(days=3):%d/%m/%Y}" in page
    assert f'<a href="{close}">Đổi ngày bán cuối cùng</a>' in page
    assert f'value="{local_date(utc_now()) + timedelta(days=3)}"' in read(board, close)


def test_a_last_day_that_is_past_stays(board: FlaskClient, huong: StallRow) -> None:
    close = "/board/ben-song/stalls/C-01/close"
    board.post(close, data={"on": "2026-11-01"})
    assert "Đổi ngày bán cuối cùng" not in read(board, "/board/ben-song/stalls/C-01")
    answer = board.post(close, data={"on": "2026-11-02"})
    assert answer.status_code == 400
    assert "Sạp đã nghỉ hẳn sau ngày 01/11/2026." in answer.get_data(as_text=True)


@pytest.mark.parametrize("day", ["", "hôm qua", "2026-02-30", "2999-01-01"])
def test_a_stalls_last_day_must_be_a_day_that_can_be(board: FlaskClient, huong: StallRow, day: str) -> None:
    answer = board.post("/board/ben-song/stalls/C-01/close", data={"on": day})
    assert answer.status_code == 400
    assert "Ghi ngày bán cuối cùng" in answer.get_data(as_text=True)


def test_a_new_stalls_names_are_read_back_before_anything_is_saved(
    board: FlaskClient, market_id: int, database: Database
) -> None:
    page = board.post("/board/ben-song/stalls/new", data=FIELDS).get_data(as_text=True)
    assert "<dd>NGUYỄN THỊ NHÀN</dd>" in page
    assert "<dd>NGUYEN THI NHAN</dd>" in page
    assert "<dd>0071000412041</dd>" in page
    with database.reading() as session:
        assert list_stalls(session, market_id) == []


def test_a_stall_that_was_read_back_is_saved(board: FlaskClient, market_id: int, database: Database) -> None:
    answer = board.post("/board/ben-song/stalls/new", data={**FIELDS, "read": "1"})
    assert answer.location == "/board/ben-song/stalls/T-05"
    with database.reading() as session:
        stall = find_stall(session, market_id, "T-05")
    assert (stall.name, stall.phone, stall.bin) == ("Trái cây Út Nhàn", "0905123456", "970436")
    assert stall.account_number == "0071000412041"


@pytest.mark.parametrize("bank", ["vietcombank", "mbbank"])
@pytest.mark.parametrize(("role", "status"), [("board", 303), ("staff", 400)])
def test_only_the_board_adds_a_stall_with_another_stalls_account_number(
    signed_in: Callable[..., FlaskClient], market_id: int, huong: StallRow, role: str, status: int, bank: str
) -> None:
    shared = {**FIELDS, "bank": bank, "account_number": huong.account_number, "read": "1"}
    answer = signed_in(role, market_id=market_id).post("/board/ben-song/stalls/new", data=shared)
    assert answer.status_code == status
    assert ("Đây là tài khoản của sạp khác." in answer.text) == (role == "staff")


def test_staff_add_a_stall_with_an_account_of_its_own(
    signed_in: Callable[..., FlaskClient], market_id: int, huong: StallRow
) -> None:
    staff = signed_in("staff", market_id=market_id)
    assert staff.post("/board/ben-song/stalls/new", data={**FIELDS, "read": "1"}).status_code == 303


def test_what_was_read_back_wrong_can_be_mended_and_is_not_saved(
    board: FlaskClient, market_id: int, database: Database
) -> None:
    page = board.post("/board/ben-song/stalls/new", data={**FIELDS, "mend": "1"}).get_data(as_text=True)
    assert 'value="Nguyễn Thị Nhàn"' in page
    with database.reading() as session:
        assert list_stalls(session, market_id) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_keeps_what_was_typed_and_says_how_to_mend_it(
    board: FlaskClient, market_id: int, name: str
) -> None:
    typed, says = WRONG[name]
    answer = board.post("/board/ben-song/stalls/new", data={**FIELDS, name: typed})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert re.findall(r'id="(\w+)-wrong"', page) == [name]
    assert says in page
    for field, value in {**FIELDS, name: typed}.items():
        assert re.search(rf'name="{field}"[^>]* value="{re.escape(value)}"', page)


def test_all_wrong_fields_are_told_at_once(board: FlaskClient, market_id: int) -> None:
    answer = board.post("/board/ben-song/stalls/new", data={name: typed for name, (typed, _) in WRONG.items()})
    assert set(re.findall(r'id="(\w+)-wrong"', answer.get_data(as_text=True))) == set(WRONG)


def test_an_empty_form_is_no_stall(board: FlaskClient, market_id: int) -> None:
    assert board.post("/board/ben-song/stalls/new", data={"read": "1"}).status_code == 400


def test_a_code_is_given_once_whatever_its_capitals(board: FlaskClient, huong: StallRow) -> None:
    answer = board.post("/board/ben-song/stalls/new", data={**FIELDS, "code": "c-01"})
    assert "Mã này đã có sạp dùng" in answer.get_data(as_text=True)


def test_reading_back_tells_that_another_stall_has_the_account(board: FlaskClient, huong: StallRow) -> None:
    answer = board.post("/board/ben-song/stalls/new", data={**FIELDS, "account_number": huong.account_number})
    assert "Tài khoản này cũng là của sạp C-01" in answer.get_data(as_text=True)


def form_of(page: str) -> dict[str, str]:
    """What a browser would send of a form as it was loaded."""
    inputs = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page)
    return dict(inputs)


EDITED = {"name": "Cá biển Hương", "section": "C", "category": "Cá", "holder": "Trần Thị Hương", "phone": ""}


def edit(board: FlaskClient, form: dict[str, str], **changes: str) -> tuple[int, str]:
    typed = {**form, "account_name": "TRAN HUONG", "read": "1", **changes}
    answer = board.post("/board/ben-song/stalls/C-01/edit", data=typed)
    return answer.status_code, answer.get_data(as_text=True)


def test_a_stall_is_changed(board: FlaskClient, huong: StallRow, database: Database) -> None:
    form = form_of(read(board, "/board/ben-song/stalls/C-01/edit"))
    assert edit(board, form, **EDITED)[0] == 303
    with database.reading() as session:
        stall = find_stall(session, huong.market_id, "C-01")
    assert (stall.name, stall.holder, stall.account_name) == ("Cá biển Hương", "Trần Thị Hương", "TRAN HUONG")


def test_a_new_name_of_the_accounts_holder_is_read_back_before_it_is_saved(
    board: FlaskClient, huong: StallRow, database: Database
) -> None:
    form = form_of(read(board, "/board/ben-song/stalls/C-01/edit"))
    status, page = edit(board, form, **EDITED, read="")
    assert status == 200
    assert "<dd>TRAN HUONG</dd>" in page
    assert huong.account_number not in page
    with database.reading() as session:
        assert find_stall(session, huong.market_id, "C-01") == huong
    assert edit(board, form_of(page), **EDITED)[0] == 303


def test_a_new_name_that_was_read_back_wrong_can_be_mended(board: FlaskClient, huong: StallRow) -> None:
    form = form_of(read(board, "/board/ben-song/stalls/C-01/edit"))
    status, page = edit(board, form, **EDITED, read="", mend="1")
    assert status == 200
    assert form_of(page)["account_name"] == "TRAN HUONG"


def test_a_form_does_not_change_a_bank_account(board: FlaskClient, huong: StallRow, database: Database) -> None:
    form = form_of(read(board, "/board/ben-song/stalls/C-01/edit"))
    assert edit(board, form, **EDITED, account_number="666", bank="MB", code="X-1")[0] == 303
    with database.reading() as session:
        stall = find_stall(session, huong.market_id, "C-01")
    assert (stall.account_number, stall.bin) == (huong.account_number, huong.bin)


def test_the_second_of_two_editors_sees_both_values_and_decides(
    board: FlaskClient, huong: StallRow, database: Database
) -> None:
    form = form_of(read(board, "/board/ben-song/stalls/C-01/edit"))
    assert edit(board, form, **EDITED)[0] == 303
    status, page = edit(board, form, **{**EDITED, "name": "Cá cô Hương"})
    assert status == 409
    assert "Người khác vừa lưu:</p>" not in page
    assert re.findall(r'<p class="other">.*?<b>(.*?)</b>', page) == ["Cá biển Hương"]
    assert 'value="Cá cô Hương"' in page
    assert edit(board, form_of(page), **{**EDITED, "name": "Cá cô Hương"})[0] == 303
    with database.reading() as session:
        assert find_stall(session, huong.market_id, "C-01").name == "Cá cô Hương"


def test_a_wrong_change_keeps_what_was_typed(board: FlaskClient, huong: StallRow) -> None:
    form = form_of(read(board, "/board/ben-song/stalls/C-01/edit"))
    status, page = edit(board, form, **{**EDITED, "phone": "abc", "name": ""})
    assert status == 400
    assert re.findall(r'id="(\w+)-wrong"', page) == ["name", "phone"]
    assert 'value="abc"' in page
