"""The log of a market: every line in words, who reads which; what pages write into it; and checking the books."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, text, update

from ledger.days import utc_now
from market.access import audit, devices
from market.access.audit import ACTS, KINDS, trail
from market.access.people import find_login
from market.db import Database
from market.model import ROLE_GRANT, SESSION
from market.web import board_log
from market.web.log_words import FORMATS_SAID, KINDS_SAID, PERIODS_SAID, ROLES_SAID, SAID
from market.web.words import english
from merchants.stalls import StallRow

LOG = "/board/ben-song/log"
CHECK = "/board/ben-song/check"


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], huong: StallRow) -> FlaskClient:
    """A browser at the board of chợ Bến Sông, where chị Hương sells."""
    return signed_in("board", market_id=huong.market_id)


@pytest.fixture
def note(database: Database, market_id: int) -> Callable[..., None]:
    """Writes a line of the market: `note("month_closed", month="2026-10", version=1)`."""

    def write(act: str, stall_id: int | None = None, **about: int | str) -> None:
        with database.writing() as session:
            audit.note(session, act, market_id=market_id, stall_id=stall_id, about=about, at=utc_now())

    return write


@pytest.fixture
def acts(database: Database, market_id: int) -> Callable[[], list[str]]:
    """The acts in the market's trail, the oldest first."""

    def read() -> list[str]:
        with database.reading() as session:
            return [line.act for line in trail(session, market_id, limit=99)][::-1]

    return read


def said(page: str) -> list[str]:
    """What the lines of the page say was done."""
    return re.findall(r'<td class="called">(.*?)</td>', page)


# The words.


def test_every_act_role_and_kind_has_words_in_both_languages() -> None:
    assert SAID.keys() == ACTS
    assert KINDS_SAID.keys() == KINDS.keys()
    said = [SAID, KINDS_SAID, ROLES_SAID, FORMATS_SAID, PERIODS_SAID]
    assert {text for table in said for text in table.values()} <= english().keys()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_act_can_be_shown(board: FlaskClient, note: Callable[..., None], language: str) -> None:
    kind = "stalls"
    for act in KINDS[kind]:
        note(act)
    board.set_cookie("lang", language)
    page = board.get(f"{LOG}?kind={kind}")
    assert page.status_code == 200
    assert len(said(page.text)) == len(KINDS[kind])


# Reading it.


def test_a_line_says_when_who_what_about_which_stall_and_on_which_device(
    board: FlaskClient, database: Database, huong: StallRow
) -> None:
    with database.writing() as session:
        found = find_login(session, "board1")
        assert found is not None
        device_id = devices.add(
            session, market_id=huong.market_id, login_id=found[0], name="Oppo A5", pin="274918", now=utc_now()
        )
        session.connection().execute(update(SESSION).values(device_id=device_id))
    board.post("/board/ben-song/stalls/C-01/status", data={"status": "paused"})
    page = board.get(LOG).text
    assert said(page) == ["Ghi sạp tạm nghỉ"]
    for shown in ("<b>board1</b>", '<span class="code">C-01</span>', "Oppo A5"):
        assert shown in page


def test_what_the_server_did_is_said_so(board: FlaskClient, note: Callable[..., None]) -> None:
    note("month_closed", month="2026-10", version=2)
    page = board.get(LOG).text
    assert said(page) == ["Chốt tháng 10/2026, bản 2"]
    assert "<b>Máy chủ</b>" in page


@pytest.mark.parametrize(
    ("report", "taken", "vietnamese", "in_english"),
    [
        ("2026-Q3", "text", "quý 3 năm 2026: xem trên máy chủ", "quarter 3 of 2026: looked at on the server"),
        ("2026-10", "pdf+xlsx", "tháng 10 năm 2026: tệp PDF, tệp Excel", "10/2026: a PDF, an Excel file"),
        ("2026", "json", "năm 2026: cho chương trình khác đọc (JSON)", "the year 2026: for another program (JSON)"),
    ],
)
def test_periods_and_formats_are_said_in_words(
    board: FlaskClient, note: Callable[..., None], report: str, taken: str, vietnamese: str, in_english: str
) -> None:
    note("revenue_taken", report=report, format=taken)
    assert said(board.get(LOG).text) == [f"Lấy sổ doanh thu {vietnamese}"]
    board.set_cookie("lang", "en")
    assert said(board.get(LOG).text) == [f"Took the revenue book of {in_english}"]


def test_the_log_is_narrowed_to_a_kind_and_a_stall(
    board: FlaskClient, note: Callable[..., None], huong: StallRow, tu: StallRow
) -> None:
    note("stall_paused", huong.id)
    note("stall_paused", tu.id)
    note("coded_only_on", huong.id)
    note("entry_added", huong.id)
    assert said(board.get(f"{LOG}?kind=stalls&stall=C-01").text) == [SAID["coded_only_on"], SAID["stall_paused"]]


def test_a_stall_that_the_market_does_not_have_is_not_there(board: FlaskClient) -> None:
    assert board.get(f"{LOG}?stall=Z-99").status_code == 404


def test_a_long_log_goes_over_several_pages(
    board: FlaskClient, note: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_log, "PAGE", 2)
    for month in ("2026-08", "2026-09", "2026-10"):
        note("month_closed", month=month, version=1)
    newest = board.get(LOG).text
    older = re.search(r'rel="next" href="([^"]+)"', newest)
    assert older
    assert [line[11:18] for line in said(newest)] == ["10/2026", "09/2026"]
    assert [line[11:18] for line in said(board.get(LOG + older[1].replace("&amp;", "&")).text)] == ["08/2026"]


def test_the_boards_log_has_no_line_of_another_market(
    signed_in: Callable[..., FlaskClient], note: Callable[..., None], other_market_id: int
) -> None:
    note("month_closed", month="2026-10", version=1)
    assert said(signed_in("board", market_id=other_market_id).get("/board/chan-nui/log").text) == []


def test_an_administrator_reads_the_installations_own_log(administrator: FlaskClient) -> None:
    administrator.get("/province/report.csv")
    [line] = said(administrator.get("/province/log").text)
    assert line.startswith("Tải báo cáo tháng")


# Writing it.


def test_signing_in_is_told(client: FlaskClient, board: FlaskClient, acts: Callable[[], list[str]]) -> None:
    client.post("/signin", data={"login": "board1", "password": "hoa-phuong-do"})
    assert acts() == ["sign_in"]


def test_wrong_passwords_are_told_once_a_minute(
    client: FlaskClient, board: FlaskClient, acts: Callable[[], list[str]]
) -> None:
    for _ in range(3):
        client.post("/signin", data={"login": "board1", "password": "sai"})
    assert acts() == ["sign_in_wrong"]


def test_a_name_that_nobody_has_is_not_told(
    client: FlaskClient, administrator: FlaskClient, database: Database
) -> None:
    client.post("/signin", data={"login": "khong-ai", "password": "sai"})
    with database.reading() as session:
        assert trail(session, None, limit=9) == []


def test_what_the_board_does_is_told(board: FlaskClient, acts: Callable[[], list[str]]) -> None:
    board.post("/board/ben-song/close", data={"month": ""})
    board.get("/board/ben-song/report.csv")
    board.post("/board/ben-song/channels/new", data={"way": "sepay:apikey"})
    assert acts() == ["month_closed", "report_downloaded", "channel_added"]


def test_a_look_that_shows_nobodys_money_is_not_told(board: FlaskClient, acts: Callable[[], list[str]]) -> None:
    for page in ("", "stalls", "stalls/C-01", "unmatched", "log", "check"):
        assert board.get(f"/board/ben-song/{page}").status_code == 200
    assert acts() == []


def test_no_secret_of_a_channel_is_in_the_log(board: FlaskClient, database: Database) -> None:
    board.post("/board/ben-song/channels/new", data={"way": "payos:checksum", "secret": "bi-mat-cua-kenh"})
    with database.reading() as session:
        assert "bi-mat" not in str(session.connection().execute(text("SELECT * FROM audit")).all())


# Checking the books.


def test_books_that_are_right_are_said_to_be(board: FlaskClient, acts: Callable[[], list[str]]) -> None:
    assert "Sổ đúng." in board.post(CHECK).text
    assert acts() == ["ledger_verified"]


def test_what_is_wrong_is_shown_with_its_stall(board: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        session.connection().execute(text("UPDATE book SET entries = 7"))
    page = board.post(CHECK).text
    assert "chỗ sai" in page
    assert '<span class="code">C-01</span>' in page


def test_what_is_wrong_with_another_market_is_not_shown(
    board: FlaskClient, add_stall: Callable[..., StallRow], other_market_id: int, database: Database
) -> None:
    far = add_stall(other_market_id, "X-01", "970436", "0123400002")
    with database.writing() as session:
        session.connection().execute(text("UPDATE book SET entries = 7 WHERE id = :id"), {"id": far.book_id})
    page = board.post(CHECK).text
    assert "X-01" not in page
    assert "Sổ đúng." in page


def test_long_books_are_checked_by_the_command(board: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_log, "MOST_CHECKED", -1)
    page = board.get(CHECK).text
    assert "Người trông máy chủ kiểm tra sổ" in page
    assert "button solid" not in page
    assert board.post(CHECK).status_code == 409


def test_one_check_at_a_time(board: FlaskClient) -> None:
    with board_log._checking:
        answer = board.post(CHECK)
    assert answer.status_code == 409
    assert "Đang có người kiểm tra" in answer.text


@pytest.mark.parametrize("day", ["", "x", "0001-01-01", "9999-12-31"])
def test_any_day_of_marks_can_be_asked_for(board: FlaskClient, day: str) -> None:
    assert board.get(f"{CHECK}?day={day}").status_code == 200


# Several places.


def test_who_has_several_places_chooses(
    app: Flask, signed_in: Callable[..., FlaskClient], database: Database, huong: StallRow, other_market_id: int
) -> None:
    signed_in("administrator")
    browser = signed_in("board", market_id=huong.market_id)
    with database.writing() as session:
        found = find_login(session, "board2")
        assert found is not None
        for role, market_id, stall_id in (("auditor", other_market_id, None), ("helper", huong.market_id, huong.id)):
            grant = {"login_id": found[0], "role": role, "market_id": market_id, "stall_id": stall_id}
            session.connection().execute(insert(ROLE_GRANT).values(**grant, granted_at=utc_now()))
    page = browser.get("/").text
    assert re.findall(r'class="button" href="([^"]+)"', page) == ["/board/ben-song/", "/board/chan-nui/", "/stall/"]
    assert "Chuyển nơi" in browser.get("/board/chan-nui/").text
    assert "Chuyển nơi" in browser.get("/stall/").text
