"""Another bank account on the stall's phone and at the board's desk: asked for after the PIN, seen, stopped."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from ledger.days import utc_now
from market.access.model import AUDIT
from market.account_changes import change_accounts
from market.db import Database
from market.model import SESSION
from market.signs import mark_printed
from merchants.account_changes import WAIT, Change, ask, changes_of, open_change
from merchants.stalls import StallRow, load_stall

TYPED = {"bank": "970422", "account_number": "0777 7000 01", "account_name": "le thi huong"}


@pytest.fixture
def confirm(database: Database) -> Callable[[], None]:
    """Everybody who is signed in has just shown who they are."""

    def shown() -> None:
        with database.writing() as session:
            session.connection().execute(update(SESSION).values(confirmed_at=utc_now()))

    return shown


@pytest.fixture
def desk(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """Her market's board."""
    return signed_in("board", market_id=market_id)


@pytest.fixture
def waiting(database: Database, huong: StallRow) -> Change:
    """A change of her account that waits."""
    with database.writing() as session:
        return ask(session, huong, bank="MB", number="0777700001", name="LE THI HUONG", login_id=None, now=utc_now())


def changes(database: Database, stall: StallRow) -> list[Change]:
    with database.reading() as session:
        return changes_of(session, stall.id)


def acts(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars())


def test_the_form_is_shown_to_whoever_shows_the_pin_first(phone: FlaskClient, confirm: Callable[[], None]) -> None:
    answer = phone.get("/stall/account")
    assert (answer.status_code, answer.location) == (303, "/confirm?next=/stall/account")
    confirm()
    assert "Agribank" in phone.get("/stall/account").text


def test_an_account_is_not_asked_for_without_the_pin(phone: FlaskClient, database: Database, huong: StallRow) -> None:
    answer = phone.post("/stall/account", data={**TYPED, "stall": huong.id, "read": "1"})
    assert answer.location == "/confirm?next=/stall/account"
    assert changes(database, huong) == []


def test_the_name_is_read_back_before_it_is_asked_for(
    phone: FlaskClient, confirm: Callable[[], None], database: Database, huong: StallRow
) -> None:
    confirm()
    page = phone.post("/stall/account", data={**TYPED, "stall": huong.id}).text
    assert "Tên hiện ra khi khách quét" in page
    assert "LE THI HUONG" in page
    assert "0777700001" in re.sub(r"<.*?>", "", page)
    assert changes(database, huong) == []


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        ("0777700001", ["0777", "700", "001"]),
        ("109876543", ["109", "876", "543"]),
        ("0905123456789", ["0905", "123", "456", "789"]),
        ("1", ["1"]),
    ],
)
def test_the_number_is_read_in_threes_and_fours(
    phone: FlaskClient, confirm: Callable[[], None], huong: StallRow, number: str, parts: list[str]
) -> None:
    confirm()
    page = phone.post("/stall/account", data={**TYPED, "account_number": number, "stall": huong.id}).text
    [shown] = re.findall(r'<p class="figure digits">(.*?)</p>', page)
    assert re.findall(r"<span>(.*?)</span>", shown) == parts


def test_what_is_wrong_is_told_at_its_field(phone: FlaskClient, confirm: Callable[[], None], huong: StallRow) -> None:
    confirm()
    answer = phone.post("/stall/account", data={**TYPED, "account_number": "4111111111111111", "stall": huong.id})
    assert answer.status_code == 400
    assert "Đây là số in trên thẻ" in answer.text
    assert 'value="4111111111111111"' in answer.text


def test_asked_for_it_waits_and_no_code_changes(
    phone: FlaskClient, confirm: Callable[[], None], database: Database, huong: StallRow
) -> None:
    confirm()
    assert phone.post("/stall/account", data={**TYPED, "stall": huong.id, "read": "1"}).location == "/stall/"
    [change] = changes(database, huong)
    assert (change.bin, change.number, change.name) == ("970422", "0777700001", "le thi huong")
    assert change.is_open
    assert acts(database)[-1] == "account_asked"
    with database.reading() as session:
        assert load_stall(session, huong.id).account_number == huong.account_number


@pytest.mark.parametrize("path", ["/stall/", "/stall/till", "/stall/sign", "/stall/book", "/stall/connect"])
def test_every_page_of_the_phone_says_what_waits(phone: FlaskClient, waiting: Change, path: str) -> None:
    page = phone.get(path).text
    assert "Đổi tài khoản lúc" in page
    assert "số cuối 0001" in page


def test_a_helper_sees_that_it_waits_and_cannot_stop_it(
    signed_in: Callable[..., FlaskClient], huong: StallRow, waiting: Change, database: Database
) -> None:
    helper = signed_in("helper", stall=huong)
    page = helper.get("/stall/").text
    assert "Đổi tài khoản lúc" in page
    assert ">Dừng<" not in page
    assert helper.get("/stall/account").status_code == 404
    assert helper.post("/stall/account/stop", data={"stall": huong.id, "change": waiting.id}).status_code == 404
    assert changes(database, huong)[0].is_open


def test_one_tap_on_the_phone_stops_it(
    phone: FlaskClient, waiting: Change, database: Database, huong: StallRow
) -> None:
    assert phone.post("/stall/account/stop", data={"stall": huong.id, "change": waiting.id}).status_code == 303
    assert changes(database, huong)[0].stopped_at is not None
    assert acts(database)[-1] == "account_stopped"
    assert "Đổi tài khoản lúc" not in phone.get("/stall/").text


def test_a_second_tap_stops_nothing_more(
    phone: FlaskClient, waiting: Change, database: Database, huong: StallRow
) -> None:
    for _ in range(2):
        phone.post("/stall/account/stop", data={"stall": huong.id, "change": waiting.id})
    assert acts(database).count("account_stopped") == 1


def test_the_board_sees_it_in_the_list_and_at_the_stall_and_stops_it(
    desk: FlaskClient, waiting: Change, database: Database, huong: StallRow
) -> None:
    for path in ("/board/ben-song/stalls", "/board/ben-song/stalls/C-01"):
        assert "sạp C-01: chưa có hiệu lực." in desk.get(path).text
    desk.post("/board/ben-song/stalls/C-01/account/stop", data={"change": waiting.id})
    assert changes(database, huong)[0].stopped_at is not None
    assert "board1 dừng" in desk.get("/board/ben-song/stalls/C-01").text


def test_the_board_asks_for_it_with_the_same_wait(
    desk: FlaskClient, confirm: Callable[[], None], database: Database, huong: StallRow
) -> None:
    path = "/board/ben-song/stalls/C-01/account"
    typed = {**TYPED, "bank": "MB"}
    assert desk.post(path, data={**typed, "read": "1"}).location == f"/confirm?next={path}"
    confirm()
    assert "LE THI HUONG" in desk.post(path, data=typed).text
    assert changes(database, huong) == []
    desk.post(path, data={**typed, "read": "1"})
    [change] = changes(database, huong)
    assert change.takes_effect - change.asked_at == WAIT
    assert "board1 xin đổi từ Vietcombank 9999 sang MBBank 0001." in desk.get("/board/ben-song/stalls/C-01").text


def test_a_clerk_may_stop_it_and_not_ask_for_it(
    signed_in: Callable[..., FlaskClient], market_id: int, waiting: Change, database: Database, huong: StallRow
) -> None:
    clerk = signed_in("staff", market_id=market_id)
    assert clerk.get("/board/ben-song/stalls/C-01/account").status_code == 404
    clerk.post("/board/ben-song/stalls/C-01/account/stop", data={"change": waiting.id})
    with database.reading() as session:
        assert open_change(session, huong.id) is None


def test_in_effect_old_signs_are_void_until_they_are_printed_again(
    desk: FlaskClient, phone: FlaskClient, client: FlaskClient, waiting: Change, database: Database
) -> None:
    assert "bảng cũ hết hiệu lực" not in desk.get("/board/ben-song/signs").text
    change_accounts(database, utc_now() + WAIT + timedelta(minutes=1))
    assert "phải in lại: C-01." in desk.get("/board/ben-song/signs").text
    assert "in lại bảng" in phone.get("/stall/sign").text
    assert "0777700001" in client.get("/s/ben-song/C-01").text
    with database.writing() as session:
        mark_printed(session, waiting.market_id, ["C-01"], utc_now())
    assert "bảng cũ hết hiệu lực" not in desk.get("/board/ben-song/signs").text
    assert "in lại bảng" not in phone.get("/stall/sign").text
