"""Cash on the phone: typed at the till in two taps, taken back with a reason."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.books.model import ENTRY_NOTE
from ledger.books.sums import Takings
from ledger.books.verify import verify
from ledger.days import local_date
from market.db import Database
from market.web import stall as stall_pages
from market.web import stall_cash as web
from merchants.stalls import StallRow, close
from merchants.takings import Actor, takings

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HEADERS = {web.HEADER: "1"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Sets the pages' clock so much later than eight in the morning."""

    def later(by: timedelta) -> None:
        for module in (web, stall_pages):
            monkeypatch.setattr(module, "utc_now", lambda: NOW + by)

    later(timedelta(0))
    return later


@pytest.fixture
def helper(signed_in: Callable[..., FlaskClient], huong: StallRow) -> FlaskClient:
    """The phone of who helps chị Hương."""
    return signed_in("helper", stall=huong)


def cash(database: Database, stall: StallRow) -> int:
    """What the book says the stall took in cash, in đồng, over the last year."""
    with database.reading() as session:
        actor = Actor(0, frozenset({stall.id}))
        found: Takings = takings(session, actor, stall.id, local_date(NOW - timedelta(365)), local_date(NOW))
    return found.cash


def type_in(phone: FlaskClient, stall: StallRow, amount: str, key: str = "till-page-1") -> TestResponse:
    return phone.post("/stall/cash", data={"stall": stall.id, "amount": amount, "key": key})


# At the till.


def test_the_till_writes_the_amount_down_as_cash(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    answer = type_in(phone, huong, "50.000")
    assert answer.status_code == 303
    assert cash(database, huong) == 50_000
    page = phone.get(answer.headers["Location"]).text
    assert "Đã ghi tiền mặt 50.000\N{NO-BREAK SPACE}đ" in page


def test_a_double_tap_is_one_sale_and_looks_like_one(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    first, second = type_in(phone, huong, "50.000"), type_in(phone, huong, "50.000")
    assert first.headers["Location"] == second.headers["Location"]
    assert cash(database, huong) == 50_000


def test_a_page_sent_again_later_asks_whether_it_is_another_customer(
    phone: FlaskClient, huong: StallRow, database: Database, clock: Callable[[timedelta], None]
) -> None:
    type_in(phone, huong, "50.000")
    clock(timedelta(minutes=5))
    answer = type_in(phone, huong, "50.000")
    assert answer.status_code == 409
    assert "đã ghi lúc 08:00" in answer.text
    assert 'value="50.000"' in answer.text
    [fresh] = re.findall(r'name="key" value="([^"]+)"', answer.text)
    assert type_in(phone, huong, "50.000", fresh).status_code == 303
    assert cash(database, huong) == 100_000


def test_a_page_sent_again_with_another_amount_writes_nothing_and_keeps_it(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    type_in(phone, huong, "50.000")
    answer = type_in(phone, huong, "70.000")
    assert (answer.status_code, cash(database, huong)) == (400, 50_000)
    assert 'value="70.000"' in answer.text
    assert "bấm Tiền mặt lần nữa" in answer.text


def test_each_page_of_the_till_has_a_key_of_its_own(phone: FlaskClient) -> None:
    keys = [re.findall(r'name="key" value="([^"]+)"', phone.get("/stall/till").text)[0] for _ in range(2)]
    assert keys[0] != keys[1]


@pytest.mark.parametrize("amount", ["", "abc", "50.5", "0", "-5000", "499", "500.000.000"])
def test_an_amount_that_cannot_be_is_refused_and_kept(
    phone: FlaskClient, huong: StallRow, database: Database, amount: str
) -> None:
    answer = type_in(phone, huong, amount)
    assert (answer.status_code, cash(database, huong)) == (400, 0)
    assert f'value="{amount}"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_closed_stall_writes_no_cash(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        close(session, huong, local_date(NOW - timedelta(days=2)), now=NOW)
    assert type_in(phone, huong, "50.000").status_code == 400
    assert cash(database, huong) == 0


def test_a_helper_writes_cash_and_sees_no_sum(helper: FlaskClient, huong: StallRow, database: Database) -> None:
    for key in ("till-page-1", "till-page-2"):
        answer = type_in(helper, huong, "50.000", key)
    page = helper.get(answer.headers["Location"]).text
    assert "Đã ghi tiền mặt 50.000" in page
    assert "100.000" not in page.replace(">100.000</button>", "")
    assert cash(database, huong) == 100_000


def test_a_form_without_its_token_is_refused(app: Flask, phone: FlaskClient, huong: StallRow) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert type_in(phone, huong, "50.000").status_code == 400


# Taken back.


def back_address(phone: FlaskClient, answer: TestResponse) -> str:
    """Where the till's "Hoàn lại" leads."""
    page = phone.get(answer.headers["Location"]).text
    return str(re.findall(r'href="(/stall/cash/[^"]+)"', page)[0])


def test_cash_is_taken_back_with_a_reason(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    address = back_address(phone, type_in(phone, huong, "50.000"))
    asked = phone.get(address).text
    assert "Sai chỗ nào?" in asked
    assert "Năm mươi nghìn đồng" in asked
    answer = phone.post(address, data={"reason": "twice"})
    assert "Đã hoàn lại 50.000" in phone.get(answer.headers["Location"]).text
    assert cash(database, huong) == 0
    with database.reading() as session:
        assert verify(session).findings == []
        assert session.connection().execute(select(ENTRY_NOTE.c.reason)).scalar_one() == "Ghi hai lần"


def test_who_taps_second_is_told_that_it_is_taken_back_already(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    address = back_address(phone, type_in(phone, huong, "50.000"))
    for _ in range(2):
        answer = phone.post(address, data={"reason": "amount"})
    assert "đã hoàn lại rồi" in phone.get(answer.headers["Location"]).text
    assert cash(database, huong) == 0


def test_without_a_reason_nothing_is_taken_back(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    address = back_address(phone, type_in(phone, huong, "50.000"))
    assert phone.post(address, data={}).status_code == 400
    assert cash(database, huong) == 50_000


def test_a_helper_takes_back_what_was_just_typed(helper: FlaskClient, huong: StallRow, database: Database) -> None:
    address = back_address(helper, type_in(helper, huong, "50.000"))
    helper.post(address, data={"reason": "amount"})
    assert cash(database, huong) == 0


def test_a_helper_takes_nothing_back_later(
    helper: FlaskClient, huong: StallRow, database: Database, clock: Callable[[timedelta], None]
) -> None:
    address = back_address(helper, type_in(helper, huong, "50.000"))
    clock(timedelta(minutes=6))
    for method in ("GET", "POST"):
        answer = helper.open(address, method=method, data={"reason": "amount"})
        assert "Nhờ chủ sạp" in helper.get(answer.headers["Location"]).text
    assert cash(database, huong) == 50_000


def test_a_helper_takes_nothing_back_that_another_typed(
    helper: FlaskClient, phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    answer = type_in(phone, huong, "50.000")
    theirs = back_address(helper, type_in(helper, huong, "20.000", "till-page-2"))
    assert "Nhờ chủ sạp" not in helper.get(theirs).text
    assert helper.get(back_address(phone, answer)).status_code == 404
    assert cash(database, huong) == 70_000


def test_the_holder_takes_back_what_a_helper_typed_yesterday(
    helper: FlaskClient, phone: FlaskClient, huong: StallRow, database: Database, clock: Callable[[timedelta], None]
) -> None:
    type_in(helper, huong, "50.000")
    clock(timedelta(days=1))
    phone.post(f"/stall/cash/{huong.id}/1", data={"reason": "other"})
    assert cash(database, huong) == 0


def test_a_customer_who_was_shown_a_code_pays_in_cash(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    code = phone.post("/stall/till", data={"stall": huong.id, "amount": "75000"}).headers["Location"]
    form = dict(re.findall(r'name="(stall|amount|key)" value="([^"]+)"', phone.get(code).text))
    assert phone.post("/stall/cash", data=form).status_code == 303
    assert cash(database, huong) == 75_000


def test_the_answer_to_a_phone_leads_to_where_the_till_shows_the_sale(phone: FlaskClient, huong: StallRow) -> None:
    body = {"stall": huong.id, "amount": 50_000, "at": NOW.isoformat(), "key": "phone-made-1"}
    answer = phone.post("/stall/cash/entries", json=body, headers=HEADERS)
    assert answer.json is not None
    assert "Đã ghi tiền mặt 50.000\N{NO-BREAK SPACE}đ" in phone.get(answer.json["url"]).text


def test_a_page_of_one_person_writes_nothing_down_in_the_name_of_the_next(
    phone: FlaskClient, helper: FlaskClient, huong: StallRow, database: Database
) -> None:
    found = re.search(r'data-person="([0-9a-f]+)"', phone.get("/stall/till").text)
    assert found is not None
    body = {"stall": huong.id, "amount": 50_000, "at": NOW.isoformat(), "key": "phone-made-1"}
    answer = helper.post("/stall/cash/entries", json=body, headers=HEADERS | {web.PERSON: found[1]})
    assert answer.status_code == 401
    assert cash(database, huong) == 0
    assert phone.post("/stall/cash/entries", json=body, headers=HEADERS | {web.PERSON: found[1]}).status_code == 201
