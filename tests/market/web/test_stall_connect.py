"""Connecting a stall's bank on its phone: the state in words, the guide that suits, the test of 1.000 đ."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from ledger.days import local_date
from ledger.inbox.notice import Notice
from market.channels import add_channel, heard, switch_off
from market.db import Database
from market.installation import Installation
from market.secret_key import seal
from market.web import stall as stall_pages
from market.web import stall_connect as web
from merchants.model import STALL
from merchants.payments import Source, take
from merchants.stalls import StallRow, close, load_stall
from merchants.takings import Actor, takings
from qr import image, vietqr

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Puts the clock of the pages to a moment."""

    def put(now: datetime) -> None:
        monkeypatch.setattr(web, "utc_now", lambda: now)
        monkeypatch.setattr(stall_pages, "utc_now", lambda: now)

    return put


@pytest.fixture(autouse=True)
def _clock(at: Callable[[datetime], None]) -> None:
    at(NOW)


@pytest.fixture
def add(database: Database, installation: Installation, market_id: int) -> Callable[..., int]:
    """Adds a channel with a secret: `add("sepay", huong)`, or the market's without a stall."""

    def added(provider: str, stall: StallRow | None = None, auth: str | None = None) -> int:
        with database.writing() as session:
            return add_channel(
                session,
                provider=provider,
                market_id=market_id,
                stall_id=stall.id if stall else None,
                auth=auth,
                sealed_secret=seal(installation.key, "khoa"),
                now=NOW,
            )

    return added


@pytest.fixture
def pay(database: Database, channel: Source, told: Callable[..., Notice]) -> Callable[..., int]:
    """The bank tells of a payment on the market's channel: `pay(huong, 1_000, memo="…")` gives the entry."""

    def paid(stall: StallRow, amount: int, *, at: datetime = NOW, **more: Any) -> int:
        with database.writing() as session:
            [outcome] = take(session, channel, "hook", [(told(stall, amount, at=at, **more), b"{}")], at)
            heard(session, channel.channel_id, at)
        return outcome.entry_id or 0

    return paid


def begin(phone: FlaskClient, stall: StallRow) -> str:
    """Begin a test; gives the reference of its code."""
    answer = phone.post("/stall/connect/test", data={"stall": stall.id})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].removeprefix("/stall/connect/test/")


# The state.


def test_a_stall_that_was_never_heard_says_so(phone: FlaskClient) -> None:
    page = phone.get("/stall/connect").text
    assert "Chưa nối" in page
    assert "chưa được tính" in page


def test_a_stall_that_was_told_of_today_is_connected(
    phone: FlaskClient, huong: StallRow, pay: Callable[..., int]
) -> None:
    pay(huong, 50_000)
    page = phone.get("/stall/connect").text
    assert "Đã nối" in page
    assert "gần nhất ngày 24/11/2026" in page


def test_a_silent_stall_says_since_when_and_why(
    phone: FlaskClient, huong: StallRow, pay: Callable[..., int], database: Database, channel: Source
) -> None:
    pay(huong, 50_000, at=NOW - timedelta(days=3))
    with database.writing() as session:
        switch_off(session, channel.channel_id)
    page = phone.get("/stall/connect").text
    assert "Im lặng từ 21/11/2026" in page
    assert "Kênh báo tiền đã bị tắt" in page


def test_a_quiet_stall_is_connected(phone: FlaskClient, huong: StallRow, tu: StallRow, pay: Callable[..., int]) -> None:
    pay(huong, 50_000, at=NOW - timedelta(days=9))
    pay(tu, 50_000)
    page = phone.get("/stall/connect").text
    assert "Đã nối" in page
    assert "Từ ngày 15/11/2026 không có khách nào chuyển" in page


def test_a_closed_stall_has_nothing_to_connect(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        close(session, huong, local_date(NOW) - timedelta(days=1), NOW)
    page = phone.get("/stall/connect").text
    assert "Sạp này đã đóng" in page
    assert "Thử bằng" not in page


# The guide.


def test_without_a_channel_the_guide_is_that_of_statements_and_nothing_can_be_tried(phone: FlaskClient) -> None:
    page = phone.get("/stall/connect").text
    assert "Dùng sao kê của ngân hàng" in page
    assert "Thử bằng" not in page


def test_with_the_markets_channel_the_board_connects(phone: FlaskClient, add: Callable[..., int]) -> None:
    number = add("sepay")
    page = phone.get("/stall/connect").text
    assert "Chợ nối chung cho các sạp" in page
    assert "vào SePay của chợ" in page
    assert f"/hooks/{number}" not in page


@pytest.mark.parametrize(
    ("provider", "auth", "step"),
    [
        ("sepay", "apikey", "chọn API Key"),
        ("sepay", "hmac", "chọn HMAC-SHA256"),
        ("casso", None, "Ô khoá bảo mật"),
        ("casso-v2", None, "chọn Webhook V2"),
        ("payos", None, "Checksum Key"),
        ("pay2s", None, "token mà Pay2S"),
        ("generic", None, "Bên ấy ký tin"),
    ],
)
def test_with_a_channel_of_its_own_the_steps_name_the_address_to_enter(
    phone: FlaskClient, huong: StallRow, add: Callable[..., int], provider: str, auth: str | None, step: str
) -> None:
    add("sepay")
    number = add(provider, huong, auth)
    page = phone.get("/stall/connect").text
    assert re.search(rf'id="account">http://[^<]+/hooks/{number}<', page)
    assert step in page


def test_a_channel_of_its_own_that_is_off_is_no_way(
    phone: FlaskClient, huong: StallRow, add: Callable[..., int], database: Database
) -> None:
    with database.writing() as session:
        switch_off(session, add("sepay", huong))
    assert "Dùng sao kê của ngân hàng" in phone.get("/stall/connect").text


# The test payment.


def test_the_test_shows_a_code_of_1000_to_the_stalls_account(
    phone: FlaskClient, huong: StallRow, channel: Source
) -> None:
    reference = begin(phone, huong)
    page = phone.get(f"/stall/connect/test/{reference}").text
    assert "Chờ ngân hàng báo" in page
    assert f'data-reference="{reference}"' in page
    picture = re.search(r"<svg xmlns.*?</svg>", page, re.DOTALL)
    assert picture is not None
    expected = vietqr.encode(bin="970436", account="0123499999", amount=1_000, purpose=reference)
    assert picture[0] == image.svg(expected).strip()


def test_its_payment_turns_the_page_green_and_is_no_sale(
    phone: FlaskClient, huong: StallRow, huong_herself: Actor, pay: Callable[..., int], database: Database
) -> None:
    reference = begin(phone, huong)
    pay(huong, 1_000, memo=f"chuyen tien {reference}")
    page = phone.get(f"/stall/connect/test/{reference}").text
    assert "Đã nối" in page
    assert "Tiền thử 1.000\N{NO-BREAK SPACE}đ đã tới, không tính là tiền bán hàng." in page
    with database.reading() as session:
        assert takings(session, huong_herself, huong.id, local_date(NOW), local_date(NOW)).transactions == 0


def test_before_five_minutes_the_page_waits_and_then_says_what_to_look_at(
    phone: FlaskClient, huong: StallRow, channel: Source, at: Callable[[datetime], None]
) -> None:
    address = f"/stall/connect/test/{begin(phone, huong)}"
    at(NOW + timedelta(minutes=4, seconds=59))
    page = phone.get(address).text
    assert "Chờ ngân hàng báo" in page
    assert 'data-late="2"' in page
    at(NOW + timedelta(minutes=5))
    page = phone.get(address).text
    assert "Đã năm phút mà chưa nghe ngân hàng báo" in page
    assert "Chờ ngân hàng báo" not in page
    assert "data-late" not in page


def test_a_late_payment_is_shown_all_the_same(
    phone: FlaskClient, huong: StallRow, pay: Callable[..., int], at: Callable[[datetime], None]
) -> None:
    reference = begin(phone, huong)
    pay(huong, 1_000, at=NOW + timedelta(hours=1), memo=reference)
    at(NOW + timedelta(hours=1))
    assert "Tiền thử" in phone.get(f"/stall/connect/test/{reference}").text


def test_a_bank_that_lost_the_code_has_connected_the_stall_and_one_tap_leaves_its_money_out(
    phone: FlaskClient, huong: StallRow, pay: Callable[..., int]
) -> None:
    address = f"/stall/connect/test/{begin(phone, huong)}"
    pay(huong, 1_000, at=NOW + timedelta(seconds=30))
    page = phone.get(address).text
    assert "không kèm ký hiệu của mã thử" in page
    [act] = re.findall(r'action="(/stall/payments/\d+/sale)"', page)
    form = dict(re.findall(r'name="(stall|back|reason)" value="([^"]+)"', page))
    assert phone.post(act, data={**form, "sale": "no"}).location == "/stall/"
    assert "Lần thử nối ngân hàng" in phone.get("/stall/day/2026-11-24").text
    assert "Không tính" not in phone.get(address).text


def test_an_earlier_payment_of_1000_is_not_taken_for_the_test(
    phone: FlaskClient, huong: StallRow, pay: Callable[..., int]
) -> None:
    pay(huong, 1_000, at=NOW - timedelta(minutes=1))
    assert "Chờ ngân hàng báo" in phone.get(f"/stall/connect/test/{begin(phone, huong)}").text


def test_an_ordinary_codes_page_is_no_test(phone: FlaskClient, huong: StallRow) -> None:
    answer = phone.post("/stall/till", data={"stall": huong.id, "amount": "50000"})
    reference = answer.headers["Location"].removeprefix("/stall/code/")
    assert phone.get(f"/stall/connect/test/{reference}").status_code == 404


def test_a_closed_stall_is_not_tried(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        close(session, huong, local_date(NOW) - timedelta(days=1), NOW)
    answer = phone.post("/stall/connect/test", data={"stall": huong.id})
    assert answer.headers["Location"] == "/stall/connect"


# Whose it is.


def test_another_stalls_pages_do_not_exist(
    phone: FlaskClient, huong: StallRow, tu: StallRow, signed_in: Callable[..., FlaskClient]
) -> None:
    reference = begin(phone, huong)
    other = signed_in("stallholder", stall=tu)
    assert other.get(f"/stall/connect/test/{reference}").status_code == 404
    assert other.post("/stall/connect/test", data={"stall": huong.id}).status_code == 404
    assert other.post("/stall/connect/coded", data={"stall": huong.id, "on": "yes"}).status_code == 404


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient, administrator: FlaskClient) -> None:
    assert client.get("/stall/connect").headers["Location"].startswith("/signin")
    assert administrator.get("/stall/connect").status_code == 404


# Only what carries the stall's reference.


@pytest.mark.parametrize("on", [True, False])
def test_the_stall_chooses_whether_it_counts_all_or_what_carries_its_reference(
    phone: FlaskClient, huong: StallRow, database: Database, on: bool
) -> None:
    with database.writing() as session:
        session.connection().execute(update(STALL).values(coded_only=not on))
    answer = phone.post("/stall/connect/coded", data={"stall": huong.id, "on": "yes" if on else "no"})
    assert answer.status_code == 303
    with database.reading() as session:
        assert load_stall(session, huong.id).coded_only is on
    assert ("Đang bật" in phone.get("/stall/connect").text) is on


def test_another_answer_changes_nothing(phone: FlaskClient, huong: StallRow) -> None:
    assert phone.post("/stall/connect/coded", data={"stall": huong.id, "on": "maybe"}).status_code == 400
