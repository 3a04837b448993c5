"""The board sees who asked to be forgotten, reads what would go, and deletes it for good."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from ledger.days import local_date, utc_now
from market.access.model import AUDIT
from market.db import Database
from market.model import MARKET, SESSION
from merchants import deletion_requests
from merchants.stalls import StallRow, close, load_stall

ADDRESS = "/board/ben-song/stalls/C-01/forget"


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], database: Database, market_id: int) -> FlaskClient:
    """The board's browser, right after it showed who it is."""
    browser = signed_in("board", market_id=market_id)
    with database.writing() as session:
        session.connection().execute(update(SESSION).values(confirmed_at=utc_now()))
    return browser


@pytest.fixture
def asked(database: Database, huong: StallRow) -> StallRow:
    """Chị Hương's stall; she has asked for the deletion."""
    with database.writing() as session:
        deletion_requests.ask(session, huong, login_id=None, now=utc_now())
    return huong


def stall(database: Database, huong: StallRow) -> StallRow:
    with database.reading() as session:
        return load_stall(session, huong.id)


def shut(database: Database, huong: StallRow) -> None:
    with database.writing() as session:
        close(session, huong, local_date(utc_now()), utc_now())


def test_the_board_sees_who_asked(board: FlaskClient, asked: StallRow) -> None:
    for path in ("/board/ben-song/", "/board/ben-song/stalls", "/board/ben-song/stalls/C-01"):
        page = board.get(path).text
        assert "Chủ sạp C-01 xin xoá dữ liệu của mình, ngày" in page
        assert f'href="{ADDRESS}"' in page


def test_staff_see_it_and_do_not_carry_it_out(
    signed_in: Callable[..., FlaskClient], asked: StallRow, market_id: int
) -> None:
    staff = signed_in("staff", market_id=market_id)
    page = staff.get("/board/ben-song/stalls").text
    assert "Ban quản lý sẽ làm." in page
    assert ADDRESS not in page
    assert staff.get(ADDRESS).status_code == 404
    assert staff.post(ADDRESS).status_code == 404


def test_it_is_asked_first_who_it_is(
    signed_in: Callable[..., FlaskClient], asked: StallRow, market_id: int, database: Database
) -> None:
    browser = signed_in("board", market_id=market_id)
    for answer in (browser.get(ADDRESS), browser.post(ADDRESS, data={"close": "1"})):
        assert (answer.status_code, answer.location is not None and answer.location[:9]) == (303, "/confirm?")
    assert not stall(database, asked).forgotten


def test_what_would_go_is_read_first(board: FlaskClient, asked: StallRow, database: Database) -> None:
    page = board.get(ADDRESS).text
    assert "Sẽ mất, không lấy lại được" in page
    assert "Tên và số tài khoản: 1." in page
    assert "Sạp đang bán. Xoá là ghi sạp nghỉ hẳn từ hôm nay." in page
    assert not stall(database, asked).forgotten


def test_it_is_deleted_and_the_stall_closed(board: FlaskClient, asked: StallRow, database: Database) -> None:
    page = board.post(ADDRESS, data={"close": "1"}, follow_redirects=True).text
    assert "Đã xoá tên và số của chủ sạp C-01. Sổ của sạp vẫn còn." in page
    assert "Chủ sạp đã xin xoá: tên, điện thoại và số tài khoản không còn." in page
    found = stall(database, asked)
    assert (found.forgotten, found.status) == (True, "closed")
    with database.reading() as session:
        lines = session.connection().execute(select(AUDIT.c.act, AUDIT.c.login_id).order_by(AUDIT.c.id)).all()
    assert [line.act for line in lines] == ["stall_closed", "stall_forgotten"]
    assert all(line.login_id for line in lines)


def test_the_pages_of_a_forgotten_stall_show_no_number_and_no_digest(
    board: FlaskClient, asked: StallRow, database: Database
) -> None:
    board.post(ADDRESS, data={"close": "1"})
    digest = stall(database, asked).account_number
    for path in ("", "?state=closed", "/C-01", "/C-01/forget", "/C-01/connect"):
        page = board.get(f"/board/ben-song/stalls{path}", follow_redirects=True).text
        for said in (asked.account_number, asked.account_number[-4:], digest, digest[-4:]):
            assert f">{said}<" not in page
            assert f" {said}" not in page


def test_a_stall_that_sells_and_whose_holder_did_not_ask_is_left_alone(
    board: FlaskClient, huong: StallRow, database: Database
) -> None:
    assert board.get(ADDRESS).location == "/board/ben-song/stalls/C-01"
    assert board.post(ADDRESS, data={"close": "1"}).location == "/board/ben-song/stalls/C-01"
    assert not stall(database, huong).forgotten


def test_a_closed_stall_is_forgotten_without_a_wish_on_the_phone(
    board: FlaskClient, huong: StallRow, database: Database
) -> None:
    shut(database, huong)
    assert f'href="{ADDRESS}"' in board.get("/board/ben-song/stalls/C-01").text
    assert "Chỉ xoá khi chính chủ sạp xin tận nơi." in board.get(ADDRESS).text
    board.post(ADDRESS)
    assert stall(database, huong).forgotten


def test_a_stall_that_opened_the_page_closed_is_not_closed_by_it(
    board: FlaskClient, asked: StallRow, database: Database
) -> None:
    page = board.post(ADDRESS, follow_redirects=True).text
    assert "Sạp vừa có người đổi. Xem lại rồi bấm lần nữa." in page
    assert not stall(database, asked).forgotten


def test_once_more_there_is_nothing_left(board: FlaskClient, asked: StallRow) -> None:
    board.post(ADDRESS, data={"close": "1"})
    assert "Không còn gì để xoá." in board.get(ADDRESS).text


def test_its_data_is_not_typed_in_again(board: FlaskClient, asked: StallRow, database: Database) -> None:
    board.post(ADDRESS, data={"close": "1"})
    edit = "/board/ben-song/stalls/C-01/edit"
    assert board.get(edit).status_code == 303
    assert board.post(edit, data={"name": "Cá chị Hương", "holder": "Hương"}).status_code == 303
    assert stall(database, asked).holder == ""


@pytest.mark.parametrize("path", ["", "/qr.svg", "/qr.png"])
def test_the_stalls_page_and_pictures_are_gone(app: Flask, board: FlaskClient, asked: StallRow, path: str) -> None:
    board.post(ADDRESS, data={"close": "1"})
    answer = app.test_client().get(f"/s/ben-song/C-01{path}")
    assert answer.status_code == 410
    assert "Trang này không còn" in answer.text


def test_the_phone_of_a_forgotten_stall_is_signed_out(board: FlaskClient, phone: FlaskClient, asked: StallRow) -> None:
    assert phone.get("/stall/").status_code == 200
    board.post(ADDRESS, data={"close": "1"})
    answer = phone.get("/stall/")
    assert (answer.status_code, answer.location is not None and answer.location[:8]) == (302, "/signin?")


def test_the_board_of_another_market_finds_nothing(
    signed_in: Callable[..., FlaskClient], asked: StallRow, other_market_id: int, database: Database
) -> None:
    other = signed_in("board", market_id=other_market_id)
    assert other.get(ADDRESS).status_code == 404
    with database.reading() as session:
        slug = session.connection().execute(select(MARKET.c.slug).where(MARKET.c.id == other_market_id)).scalar_one()
    assert other.get(f"/board/{slug}/stalls/C-01/forget").status_code == 404
