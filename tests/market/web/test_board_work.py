"""The board's other work: a list from a spreadsheet, signs to print, money that waits; and the province."""

import io
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.days import utc_now
from ledger.inbox.notice import Notice
from ledger.inbox.receive import waiting
from market.db import Database
from market.web import board_import
from merchants import settling
from merchants.payments import Outcome, Source, take
from merchants.stall_check import COLUMNS
from merchants.stalls import StallRow, find_stall, list_stalls
from tests.market.web.pages import after, read
from tests.statement_files import as_xlsx

HEADER = ",".join(COLUMNS)
ROW = "T-05,Trái cây Út Nhàn,Trái cây,A,Nguyễn Thị Nhàn,,VCB,0071000412041,NGUYEN THI NHAN"
Send = Callable[..., Outcome]


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """A browser at the board of chợ Bến Sông."""
    return signed_in("board", market_id=market_id)


@pytest.fixture
def send(database: Database, channel: Source, told: Callable[..., Notice]) -> Send:
    """A bank tells of one payment: `send(huong, 50_000)`."""

    def send_(stall: StallRow, amount: int, source: Source = channel, **said: object) -> Outcome:
        with database.writing() as session:
            [outcome] = take(session, source, "hook", [(told(stall, amount, at=utc_now(), **said), b"{}")], utc_now())
        return outcome

    return send_


def upload(board: FlaskClient, content: bytes) -> TestResponse:
    return board.post("/board/ben-song/import", data={"file": (io.BytesIO(content), "sap.csv")})


def test_a_list_is_looked_at_before_it_is_saved(board: FlaskClient, market_id: int, database: Database) -> None:
    page = upload(board, f"{HEADER}\n{ROW}\n".encode()).get_data(as_text=True)
    assert re.findall(r"<dd>(\d+)</dd>", page) == ["1", "0", "0"]
    with database.reading() as session:
        assert list_stalls(session, market_id) == []


def test_the_list_that_was_looked_at_is_saved(board: FlaskClient, market_id: int, database: Database) -> None:
    page = upload(board, f"\ufeff{HEADER}\r\n{ROW}\r\n".encode()).get_data(as_text=True)
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    answer = board.post("/board/ben-song/import", data={"list": found[1]})
    assert answer.location == "/board/ben-song/stalls"
    assert "1 sạp mới" in read(board, answer.location)
    with database.reading() as session:
        assert find_stall(session, market_id, "T-05").name == "Trái cây Út Nhàn"


def test_a_workbook_that_was_looked_at_is_saved(board: FlaskClient, market_id: int, database: Database) -> None:
    page = upload(board, as_xlsx([HEADER.split(","), ROW.split(",")])).get_data(as_text=True)
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    board.post("/board/ben-song/import", data={"list": found[1]})
    with database.reading() as session:
        assert find_stall(session, market_id, "T-05").name == "Trái cây Út Nhàn"


def test_the_same_list_again_has_nothing_to_save(board: FlaskClient, market_id: int) -> None:
    board.post("/board/ben-song/import", data={"list": f"{HEADER}\n{ROW}\n"})
    page = upload(board, f"{HEADER}\n{ROW}\n".encode()).get_data(as_text=True)
    assert "không cần lưu" in page
    assert "<textarea" not in page


def test_every_bad_row_is_told_with_its_line(board: FlaskClient, market_id: int, database: Database) -> None:
    bad = [ROW.replace("T-05", "T/05"), ROW, ROW.replace("VCB", "xyz").replace("T-05", "T-06"), ROW]
    answer = upload(board, "\n".join([HEADER, *bad]).encode())
    assert answer.status_code == 400
    rows = re.findall(r'<tr><td class="number">(\d+)</td><td>(.*?)</td>', answer.get_data(as_text=True))
    assert rows == [("2", "Mã sạp"), ("4", "Ngân hàng"), ("5", "Mã sạp")]
    with database.reading() as session:
        assert list_stalls(session, market_id) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Chưa chọn tệp nào"),
        (b"PK\x03\x04\x00\xff\xfe", "lưu thành CSV UTF-8"),
        (b"ma,ten\n1,2\n", "Thiếu cột"),
        (f"{HEADER},code\n{ROW},1\n".encode(), "Có cột đứng hai lần"),
        (b"\n\n", "Tệp trống"),
        (HEADER.encode() + b"\n" + b'"' + ROW.encode(), "Không phải tệp CSV"),
    ],
)
def test_a_file_that_is_no_list_of_stalls_is_refused(
    board: FlaskClient, market_id: int, content: bytes, says: str
) -> None:
    answer = upload(board, content)
    assert answer.status_code == 400
    assert says in answer.get_data(as_text=True)


def test_a_file_larger_than_any_list_is_refused(
    board: FlaskClient, market_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_import, "MOST_BYTES", 1_000)
    answer = upload(board, b"x" * 1_001)
    assert answer.status_code == 400
    assert "Tệp lớn quá" in answer.get_data(as_text=True)


def test_a_list_of_a_large_market_comes_back_whole(board: FlaskClient, market_id: int, database: Database) -> None:
    rows = "\n".join(ROW.replace("T-05", f"T-{number}") for number in range(3000))
    answer = board.post(
        "/board/ben-song/import", data={"list": f"{HEADER}\n{rows}"}, content_type="multipart/form-data"
    )
    assert answer.status_code == 303
    with database.reading() as session:
        assert len(list_stalls(session, market_id)) == 3000


@pytest.mark.parametrize(("role", "status"), [("board", 303), ("staff", 409)])
def test_a_list_of_staff_gives_no_stalls_account_to_another(
    signed_in: Callable[..., FlaskClient], market_id: int, huong: StallRow, role: str, status: int
) -> None:
    row = f"T-05,Rau,,,Lê Thị Hương,,{huong.bin},{huong.account_number},LE THI HUONG"
    answer = signed_in(role, market_id=market_id).post("/board/ben-song/import", data={"list": f"{HEADER}\n{row}\n"})
    assert answer.status_code == status
    assert ("Đây là tài khoản của sạp khác." in answer.text) == (role == "staff")


def test_a_list_of_staff_gives_two_new_stalls_no_account_together(
    signed_in: Callable[..., FlaskClient], market_id: int
) -> None:
    rows = f"{ROW}\n{ROW.replace('T-05', 'T-06')}\n"
    answer = signed_in("staff", market_id=market_id).post("/board/ben-song/import", data={"list": f"{HEADER}\n{rows}"})
    assert (answer.status_code, "Đây là tài khoản của sạp khác." in answer.text) == (409, True)


def test_a_list_that_was_saved_leads_on_to_printing_the_signs(board: FlaskClient, market_id: int) -> None:
    page = after(board, "/board/ben-song/import", list=f"{HEADER}\n{ROW}")
    assert 'Đã nhập: 1 sạp mới, 0 sạp có sửa, 0 sạp giữ nguyên. <a href="/board/ben-song/signs">' in page


def test_the_first_list_is_step_2_and_may_be_typed(board: FlaskClient, market_id: int) -> None:
    page = read(board, "/board/ben-song/import")
    assert "Bước 2: danh sách sạp." in page
    assert 'href="/board/ben-song/stalls/new"' in page


def test_with_a_list_of_stalls_the_next_step_is_their_signs(board: FlaskClient, huong: StallRow) -> None:
    page = read(board, "/board/ben-song/import")
    assert "Bước 2" not in page
    assert "Danh sách đủ rồi, in bảng mã" in page


def test_before_the_first_stall_there_are_no_signs_to_choose(board: FlaskClient, market_id: int) -> None:
    page = read(board, "/board/ben-song/signs")
    assert "Chưa có sạp nào đang bán" in page
    assert 'href="/board/ben-song/import"' in page
    assert "Làm tệp PDF để in" not in page


@pytest.mark.parametrize(
    ("with_stall", "said", "way"),
    [(False, "Chợ chưa có sạp nào", "import"), (True, "Chưa có kênh nào báo tiền", "connections")],
)
def test_a_market_that_cannot_be_told_of_money_says_what_it_lacks(
    board: FlaskClient, add_stall: Callable[..., StallRow], market_id: int, with_stall: bool, said: str, way: str
) -> None:
    if with_stall:
        add_stall(market_id, "C-01", "970436", "0123499999")
    page = read(board, "/board/ben-song/unmatched")
    assert said in page
    assert f'href="/board/ben-song/{way}"' in page
    assert "Khoản nào ngân hàng báo cũng đã vào đúng sạp." not in page


@pytest.mark.parametrize("layout", ["a5", "a4", "a6", "sheet"])
def test_signs_are_printed_in_every_layout(board: FlaskClient, huong: StallRow, tu: StallRow, layout: str) -> None:
    answer = board.get(f"/board/ben-song/signs/print.pdf?layout={layout}&which=all")
    assert answer.status_code == 400  # these two stalls' accounts have no holder's name
    assert "C-01, G-02" in answer.get_data(as_text=True)
    board.post("/board/ben-song/import", data={"list": f"{HEADER}\n{ROW}\n"})
    answer = board.get(f"/board/ben-song/signs/print.pdf?layout={layout}&which=chosen&stall=t-05")
    assert answer.data.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("choice", "wrong"),
    [
        ("layout=a9&which=all", "layout"),
        ("layout=a5&which=section", "section"),
        ("layout=a5&which=section&section=Q", "section"),
        ("layout=a5&which=chosen&stall=", "stall"),
        ("layout=a5&which=chosen&stall=C-01,Q-9", "stall"),
    ],
)
def test_a_choice_of_signs_that_is_none_says_where(
    board: FlaskClient, huong: StallRow, database: Database, choice: str, wrong: str
) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE stall SET section = 'C'")
    answer = board.get(f"/board/ben-song/signs/print.pdf?{choice}")
    assert answer.status_code == 400
    assert re.findall(r'id="(\w+)-wrong"', answer.get_data(as_text=True)) == [wrong]


def test_money_of_no_stall_waits_with_its_amount(board: FlaskClient, huong: StallRow, send: Send) -> None:
    send(huong, 50_000, account_number="99998888", memo="<b>tien ca</b>")
    page = read(board, "/board/ben-song/unmatched")
    assert "50.000\u00a0đ" in page
    assert "số cuối 8888" in page
    assert "&lt;b&gt;tien ca" in page
    assert '<b class="count" aria-label="1 khoản đang chờ">1</b>' in page


def test_money_is_given_to_the_stall_that_was_chosen(
    board: FlaskClient, huong: StallRow, tu: StallRow, send: Send
) -> None:
    notice = send(huong, 50_000, account_number="99998888").notice_id
    page = read(board, f"/board/ben-song/unmatched/{notice}?q=g-02")
    assert re.findall(r'name="stall" value="(.*?)"', page) == ["G-02"]
    answer = board.post(f"/board/ben-song/unmatched/{notice}", data={"stall": "G-02"})
    assert "Đã ghi cho sạp G-02" in read(board, answer.location)
    assert "Không còn việc nào" in read(board, "/board/ben-song/unmatched")


def test_what_was_given_to_a_wrong_stall_is_taken_back_from_where_that_is_said(
    board: FlaskClient, huong: StallRow, tu: StallRow, send: Send
) -> None:
    notice = send(huong, 50_000, account_number="99998888").notice_id
    answer = board.post(f"/board/ben-song/unmatched/{notice}", data={"stall": "G-02"})
    [back] = re.findall(r'<a href="([^"]+)">Nhầm sạp\? Lấy lại</a>', read(board, answer.location))
    assert '<span class="code">G-02</span>' in read(board, back)


def test_how_it_is_known_is_asked_before_the_stall_is_chosen(board: FlaskClient, huong: StallRow, send: Send) -> None:
    notice = send(huong, 50_000, account_number="99998888").notice_id
    page = read(board, f"/board/ben-song/unmatched/{notice}?q=c-01")
    assert page.index('name="reason"') < page.index('name="stall"')


def test_stalls_with_the_very_account_are_proposed_first(
    board: FlaskClient, huong: StallRow, tu: StallRow, add_stall: Callable[..., StallRow], send: Send
) -> None:
    add_stall(huong.market_id, "C-02", huong.bin, huong.account_number)
    notice = send(huong, 50_000).notice_id
    page = read(board, f"/board/ben-song/unmatched/{notice}")
    assert re.findall(r'name="stall" value="(.*?)"', page) == ["C-01", "C-02"]


def test_money_that_was_reversed_once_needs_a_reason(
    board: FlaskClient, huong: StallRow, market_id: int, send: Send, database: Database
) -> None:
    outcome = send(huong, 50_000)
    assert outcome.entry_id is not None
    with database.writing() as session:
        settling.reverse(
            session, market_id, outcome.entry_id, reason="nhầm sạp", reassign=True, login_id=None, now=utc_now()
        )
    address = f"/board/ben-song/unmatched/{outcome.notice_id}"
    answer = board.post(address, data={"stall": "C-01"})
    assert answer.status_code == 400
    assert 'id="reason-wrong"' in answer.get_data(as_text=True)
    assert board.post(address, data={"stall": "C-01", "reason": "chủ sạp đọc tin nhắn"}).status_code == 303


def test_money_is_settled_once(board: FlaskClient, huong: StallRow, tu: StallRow, send: Send) -> None:
    notice = send(huong, 50_000, account_number="99998888").notice_id
    board.post(f"/board/ben-song/unmatched/{notice}", data={"stall": "G-02"})
    answer = board.post(f"/board/ben-song/unmatched/{notice}", data={"stall": "C-01"})
    assert "Đã ghi cho sạp G-02" in (page := read(board, answer.location))
    assert "Khoản này đã có người xử lý" in page
    assert board.get(f"/board/ben-song/unmatched/{notice}").status_code == 404


def test_another_markets_money_is_not_found(
    signed_in: Callable[..., FlaskClient], other_market_id: int, huong: StallRow, send: Send, database: Database
) -> None:
    notice = send(huong, 50_000, account_number="99998888").notice_id
    browser = signed_in("board", market_id=other_market_id)
    assert browser.get(f"/board/chan-nui/unmatched/{notice}").status_code == 404
    assert browser.post(f"/board/ben-song/unmatched/{notice}", data={"stall": "C-01"}).status_code == 404
    browser.post(f"/board/chan-nui/held/{notice}", data={"answer": "another"})
    with database.reading() as session:
        assert [one.notice for one in waiting(session, huong.market_id, "unmatched")] == [notice]


def five(add_stall: Callable[..., StallRow], market_id: int) -> StallRow:
    for number in range(1, 5):
        add_stall(market_id, f"N-0{number}", "970436", f"55550000{number}")
    return add_stall(market_id, "N-05", "970436", "555500005")


def test_a_market_with_under_five_stalls_is_named_and_in_no_total(
    signed_in: Callable[..., FlaskClient], huong: StallRow, tu: StallRow, other_market_id: int,
    add_stall: Callable[..., StallRow], send: Send,
) -> None:  # fmt: skip
    five(add_stall, other_market_id)
    send(huong, 50_000)
    page = read(signed_in("province"), "/province")
    assert "Chợ Bến Sông" in page
    assert "Dưới 5 sạp" in page
    assert '<b class="figure">0</b> <span class="figure of">trên 5</span>' in page
    assert "1 chợ, 0 giao dịch" in page


def test_markets_are_told_apart_by_a_tenth_of_a_per_cent(
    signed_in: Callable[..., FlaskClient], other_market_id: int, add_stall: Callable[..., StallRow]
) -> None:
    five(add_stall, other_market_id)
    add_stall(other_market_id, "N-06", "970436", "555500006")
    assert '<td class="number rate"><b>0,0\u00a0%</b>' in read(signed_in("province"), "/province")


def test_the_province_opens_no_markets_desk(
    signed_in: Callable[..., FlaskClient], other_market_id: int, add_stall: Callable[..., StallRow]
) -> None:
    five(add_stall, other_market_id)
    browser = signed_in("province")
    assert "/board/" not in read(browser, "/province")
    assert browser.get("/province/markets/new").status_code == 404


@pytest.mark.parametrize(("kind", "begins"), [("csv", b"\xef\xbb\xbfmarket,"), ("xlsx", b"PK"), ("pdf", b"%PDF")])
def test_the_province_takes_its_month_away_as_a_file(
    signed_in: Callable[..., FlaskClient], market_id: int, kind: str, begins: bytes
) -> None:
    answer = signed_in("province").get(f"/province/report.{kind}?month=2026-10")
    assert answer.data.startswith(begins)
    assert f"filename=province-2026-10.{kind}" in answer.headers["Content-Disposition"]


def test_only_the_province_and_the_administrator_compare_markets(
    signed_in: Callable[..., FlaskClient], huong: StallRow, administrator: FlaskClient
) -> None:
    assert administrator.get("/province").status_code == 200
    for browser in (signed_in("board", market_id=huong.market_id), signed_in("stallholder", stall=huong)):
        assert browser.get("/province").status_code == 404
        assert browser.get("/province/report.csv").status_code == 404


def test_the_administrator_adds_a_market(administrator: FlaskClient) -> None:
    data = {"name": "Chợ Lý Sơn", "slug": "ly-son", "city": "Đặc khu Lý Sơn", "target": "3.500"}
    answer = administrator.post("/province/markets/new", data=data)
    assert answer.location == "/board/ly-son/import"
    assert "Đã thêm Chợ Lý Sơn" in read(administrator, answer.location)


def test_every_wrong_field_of_a_new_market_is_told_and_kept(administrator: FlaskClient, market_id: int) -> None:
    data = {"name": "", "slug": "ben-song", "city": "x" * 81, "phone": "1" * 61, "target": "nhiều"}
    answer = administrator.post("/province/markets/new", data=data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert set(re.findall(r'id="(\w+)-wrong"', page)) == set(data)
    assert 'value="nhiều"' in page
