"""What a stall's pages say of payments that were booked as they are, and of the marks of its book."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.books.seals import newest_seal
from ledger.inbox.notice import Notice
from market.db import Database
from market.sealing import seal_days
from market.web import stall as web
from merchants.payments import Source, take
from merchants.settling import reverse
from merchants.stalls import StallRow, change_account

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MAI = {"payer_name": "NGUYEN THI MAI", "payer_account": "123", "memo": "mua ca"}
Pay = Callable[..., None]
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
pytestmark = on_sqlite


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "utc_now", lambda: NOW)


@pytest.fixture
def pay(database: Database, channel: Source, told: Callable[..., Notice], huong: StallRow) -> Pay:
    """Somebody pays chị Hương: `pay(50_000, memo="…")`."""

    def paid(amount: int, **more: Any) -> None:
        with database.writing() as session:
            [outcome] = take(session, channel, "hook", [(told(huong, amount, **more), b"{}")], NOW)
        assert outcome.status == "recorded"

    return paid


def ask(phone: FlaskClient, huong: StallRow, amount: int, *, rest: str = "") -> str:
    """Ask for an amount, or for what was missing at the code `rest`; gives the reference of its code."""
    answer = phone.post("/stall/till", data={"stall": huong.id, "amount": amount, "rest": rest})
    return answer.headers["Location"].removeprefix("/stall/code/")


def both(phone: FlaskClient, huong: StallRow, number: int) -> tuple[str, str]:
    """The page of the day, and that of one payment."""
    return phone.get("/stall/").text, phone.get(f"/stall/received/{huong.id}/{number}").text


def test_an_ordinary_payment_is_shown_without_a_word(phone: FlaskClient, pay: Pay) -> None:
    pay(50_000)
    assert 'class="flag"' not in phone.get("/stall/").text


def test_what_was_missing_is_asked_for_as_the_rest_of_its_code(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    code = ask(phone, huong, 75_000)
    pay(25_000, memo=code)
    page = phone.get(f"/stall/received/{huong.id}/1").text
    assert f'name="rest" value="{code}"' in page


def test_once_the_rest_is_paid_nothing_is_missing_any_more(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    code = ask(phone, huong, 75_000)
    pay(25_000, memo=code)
    rest = ask(phone, huong, 50_000, rest=code)
    assert "Thiếu tiền" in phone.get("/stall/").text
    pay(50_000, memo=rest)
    home = phone.get("/stall/").text
    assert "Thiếu tiền" not in home
    assert "Trả làm nhiều lần, đã đủ 75.000" in home


def test_a_rest_that_is_paid_short_has_a_rest_of_its_own(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    code = ask(phone, huong, 75_000)
    pay(25_000, memo=code)
    rest = ask(phone, huong, 50_000, rest=code)
    pay(40_000, memo=rest)
    assert phone.get("/stall/").text.count("Thiếu tiền") == 2
    pay(10_000, memo=ask(phone, huong, 10_000, rest=rest))
    assert "Thiếu tiền" not in phone.get("/stall/").text


def test_a_reversed_rest_is_missing_again(phone: FlaskClient, huong: StallRow, pay: Pay, database: Database) -> None:
    code = ask(phone, huong, 75_000)
    pay(25_000, memo=code)
    pay(50_000, memo=ask(phone, huong, 50_000, rest=code))
    with database.writing() as session:
        reverse(session, None, 2, reason="money went back", reassign=False, login_id=None, now=NOW)
    assert "thiếu 50.000" in phone.get("/stall/").text


def test_another_stalls_code_has_no_rest_here(phone: FlaskClient, huong: StallRow, tu: StallRow, pay: Pay) -> None:
    code = ask(phone, huong, 75_000)
    pay(25_000, memo=code)
    pay(50_000, memo=ask(phone, huong, 50_000, rest=tu.reference))
    assert "thiếu 50.000" in phone.get("/stall/").text


def test_too_little_says_how_much_was_asked_and_is_missing(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(5_000, memo=ask(phone, huong, 50_000))
    said = "Thiếu tiền: cần thu 50.000\N{NO-BREAK SPACE}đ, thiếu 45.000\N{NO-BREAK SPACE}đ"
    assert said in phone.get("/stall/").text


def test_hardly_any_money_says_so(phone: FlaskClient, pay: Pay) -> None:
    pay(500)
    assert "Rất ít tiền" in phone.get("/stall/").text


def test_a_code_paid_after_its_time_and_again_says_both(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    reference = ask(phone, huong, 50_000)
    pay(50_000, memo=reference)
    pay(50_000, memo=reference, at=NOW + 16 * MINUTE)
    for page in both(phone, huong, 2):
        assert "Mã đã hết hạn trước khi khách trả" in page
        assert "Mã này đã có người trả một lần trước đó" in page
    assert "Mã đã hết hạn" not in phone.get(f"/stall/received/{huong.id}/1").text


def test_a_late_payment_that_is_too_little_says_both(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(5_000, memo=ask(phone, huong, 50_000), at=NOW + 16 * MINUTE)
    page = phone.get(f"/stall/received/{huong.id}/1").text
    assert "Còn thiếu" in page
    assert "Mã đã hết hạn trước khi khách trả" in page


def test_a_transfer_that_came_twice_says_so(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(50_000, **MAI)
    pay(50_000, **MAI, at=NOW + MINUTE)
    for page in both(phone, huong, 2):
        assert "Cùng người, cùng số tiền với lần chuyển ngay trước, có thể khách bấm hai lần" in page


def test_money_to_the_former_account_says_so(phone: FlaskClient, huong: StallRow, pay: Pay, database: Database) -> None:
    with database.writing() as session:
        change_account(
            session, huong, bank_bin="970422", account_number="0999900009", account_name="", takes_effect=NOW - MINUTE
        )
    pay(50_000)
    for page in both(phone, huong, 1):
        assert "Tiền vào tài khoản cũ của sạp" in page


def test_the_poll_carries_every_flag(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(500)
    pay(50_000, **MAI)
    pay(50_000, **MAI)
    told = phone.get("/stall/payments?after=0").get_json()["payments"]
    names = ("small", "late", "again", "doubled", "former")
    assert [{name for name in names if payment[name]} for payment in told] == [{"small"}, set(), {"doubled"}]


def test_the_book_lists_the_marks_of_its_days(
    phone: FlaskClient, huong: StallRow, pay: Pay, database: Database
) -> None:
    assert "Dấu sổ" not in phone.get("/stall/book").text
    pay(50_000, at=NOW - DAY)
    seal_days(database, NOW)
    page = phone.get("/stall/book").text
    assert "Dấu sổ" in page
    assert '<time>23/11</time><span class="who">đến dòng 1</span><code class="sealed">' in page
    assert "Dấu sổ" not in phone.get("/stall/book?month=2026-10").text


def test_shoppers_see_the_newest_mark_and_no_number_of_entries(
    client: FlaskClient, huong: StallRow, pay: Pay, database: Database
) -> None:
    pay(50_000, at=NOW - DAY)
    address = f"/s/ben-song/{huong.code}"
    before = client.get(address).text
    seal_days(database, NOW)
    page = client.get(address).text
    with database.reading() as session:
        sealed = newest_seal(session, huong.book_id)
    assert sealed is not None
    said = (
        f'<p class="soft">Dấu sổ của sạp hết ngày 23/11/2026: <code class="sealed">{sealed.mark}</code>.'
        " Ai chép lại dấu này thì biết được sổ về sau có bị sửa không.</p>"
    )
    assert said in page
    assert page.replace(said, "") == before
