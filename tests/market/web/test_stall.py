"""The stallholder's phone: today, the till, the code, what was received, the sign and the book."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from ledger import books
from market.db import Database
from market.model import ROLE_GRANT
from market.web import stall as web
from market.web.stall import masked
from merchants.stalls import StallRow, close, rename_account
from qr import image, vietqr
from qr.scan import read

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Pay = Callable[..., int]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "utc_now", lambda: NOW)


@pytest.fixture
def tus_phone(signed_in: Callable[..., FlaskClient], tu: StallRow) -> FlaskClient:
    """Anh Tư's phone."""
    return signed_in("stallholder", stall=tu)


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def ask(phone: FlaskClient, stall: StallRow, amount: str) -> str:
    """Ask for an amount; gives the reference of its code."""
    answer = phone.post("/stall/till", data={"stall": stall.id, "amount": amount})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].removeprefix("/stall/code/")


# Today.


def test_today_shows_the_days_sum_count_and_payments(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 50_000, payer_name="NGUYEN THI MAI")
    pay(huong, 4_335_000)
    page = phone.get("/stall/").text
    assert "4.385.000\N{NO-BREAK SPACE}đ" in page
    assert "2 lượt khách chuyển khoản" in page
    assert "thứ Ba 24/11/2026" in page
    assert "NGUYEN T. M•••" in page
    assert "08:00" in page


def test_today_shows_nothing_of_yesterday(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 77_000, days_ago(1))
    page = phone.get("/stall/").text
    assert "77.000" not in page.replace('<dd class="figure">77.000\N{NO-BREAK SPACE}đ</dd>', "")
    assert "Chưa có khách nào chuyển" in page


def test_today_shows_nothing_of_another_stall(tus_phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 77_000, payer_name="NGUYEN THI MAI")
    page = tus_phone.get("/stall/").text
    assert "77.000" not in page
    assert "NGUYEN" not in page


def test_money_that_went_back_is_struck_through(
    phone: FlaskClient, huong: StallRow, pay: Pay, database: Database
) -> None:
    entry = pay(huong, 50_000)
    with database.writing() as session:
        books.reverse(session, books.load_group(session, entry), reason="wrong", login_id=None, now=NOW)
    assert 'class="figure out"' in phone.get("/stall/").text


def test_a_bank_that_told_only_the_day_gives_no_time(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 50_000, at=None)
    assert "<time>–</time>" in phone.get("/stall/").text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("NGUYEN THI MAI", "NGUYEN T. M•••"),
        ("LE HUNG", "LE H•••"),
        ("MAI", "M•••"),
        ("  TRAN   QUOC  BAO ", "TRAN Q. B•••"),
    ],
)
def test_a_payers_name_is_masked(name: str, shown: str) -> None:
    assert masked(name) == shown


def test_pages_of_somebody_are_kept_by_no_browser(phone: FlaskClient) -> None:
    assert phone.get("/stall/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["", "till", "sign", "sign.pdf", "sign.png", "book", "payments"])
def test_to_somebody_without_a_stall_these_pages_do_not_exist(
    signed_in: Callable[..., FlaskClient], market_id: int, path: str
) -> None:
    assert signed_in("board", market_id=market_id).get(f"/stall/{path}").status_code == 404


def test_a_stranger_is_asked_to_sign_in_and_a_script_is_told(client: FlaskClient) -> None:
    assert client.get("/stall/book").headers["Location"] == "/signin?next=/stall/book"
    assert client.get("/stall/payments").status_code == 401


# The till and its code.


@pytest.mark.parametrize("typed", ["75000", "75.000", "75k", "75 000 đ"])
def test_an_amount_becomes_a_code_that_asks_for_it(phone: FlaskClient, huong: StallRow, typed: str) -> None:
    reference = ask(phone, huong, typed)
    page = phone.get(f"/stall/code/{reference}").text
    assert "75.000\N{NO-BREAK SPACE}đ" in page
    assert "Bảy mươi lăm nghìn đồng" in page
    assert "Chờ ngân hàng báo" in page


def test_the_code_on_the_screen_carries_its_own_reference(
    phone: FlaskClient, huong: StallRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def draw(payload: str) -> str:
        drawn.append(payload)
        return "<svg/>"

    monkeypatch.setattr(image, "svg", draw)
    reference = ask(phone, huong, "75000")
    phone.get(f"/stall/code/{reference}")
    [decoded] = [vietqr.decode(payload) for payload in drawn]
    assert (decoded.amount, decoded.purpose) == (75_000, reference)
    assert (decoded.bin, decoded.account_number) == (huong.bin, huong.account_number)
    assert reference != huong.reference


@pytest.mark.parametrize("typed", ["", "0", "999", "500.000.000", "50.5", "1.00", "abc", "-5000", "1e6"])
def test_an_amount_that_cannot_be_asked_for_keeps_what_was_typed(
    phone: FlaskClient, huong: StallRow, typed: str
) -> None:
    answer = phone.post("/stall/till", data={"stall": huong.id, "amount": typed})
    assert answer.status_code == 400
    assert 'id="amount-wrong"' in answer.text
    assert f'value="{typed}"' in answer.text


def test_nobody_asks_for_money_in_another_stalls_name(phone: FlaskClient, tu: StallRow) -> None:
    assert phone.post("/stall/till", data={"stall": tu.id, "amount": "50000"}).status_code == 404
    assert phone.post("/stall/till", data={"amount": "50000"}).status_code == 404


def test_nobody_sees_the_code_of_another_stall(phone: FlaskClient, tus_phone: FlaskClient, huong: StallRow) -> None:
    assert tus_phone.get(f"/stall/code/{ask(phone, huong, '50000')}").status_code == 404


def test_a_stalls_own_reference_is_no_code_that_asks(phone: FlaskClient, huong: StallRow) -> None:
    assert phone.get(f"/stall/code/{huong.reference}").status_code == 404


def test_after_a_quarter_of_an_hour_the_code_says_that_it_is_old(
    phone: FlaskClient, huong: StallRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = ask(phone, huong, "50000")
    monkeypatch.setattr(web, "utc_now", lambda: NOW + timedelta(minutes=16))
    assert "đã quá 15 phút" in phone.get(f"/stall/code/{reference}").text


def test_a_closed_stall_asks_for_nothing(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        close(session, huong, date(2026, 11, 23), NOW)
    answer = phone.post("/stall/till", data={"stall": huong.id, "amount": "50000"})
    assert answer.status_code == 400
    assert "Sạp này đã đóng" in answer.text
    assert phone.get("/stall/sign.png").status_code == phone.get("/stall/sign.pdf").status_code == 404
    assert "<svg xmlns" not in phone.get("/stall/sign").text


def test_without_script_the_waiting_page_looks_again_by_itself(phone: FlaskClient, huong: StallRow) -> None:
    page = phone.get(f"/stall/code/{ask(phone, huong, '50000')}").text
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page


# What came in.


def received(phone: FlaskClient, reference: str) -> str:
    answer = phone.get(f"/stall/code/{reference}")
    assert answer.status_code == 302, "the code is still waiting"
    return phone.get(answer.headers["Location"]).text


def test_the_whole_amount_is_received(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    reference = ask(phone, huong, "50000")
    pay(huong, 50_000, memo=f"CK {reference} mua ca", payer_name="NGUYEN THI MAI")
    page = received(phone, reference)
    assert "Đã nhận" in page
    assert "Năm mươi nghìn đồng" in page
    assert "Ngân hàng báo lúc 08:00" in page
    assert "NGUYEN T. M•••" in page


def test_too_little_never_looks_like_received(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    reference = ask(phone, huong, "200000")
    pay(huong, 200, memo=reference)
    page = received(phone, reference)
    assert "Thiếu tiền" in page
    assert "Đã nhận" not in page
    assert "199.800\N{NO-BREAK SPACE}đ" in page
    assert 'name="amount" value="199800"' in page


def test_what_is_missing_below_a_thousand_is_not_asked_for(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    reference = ask(phone, huong, "50000")
    pay(huong, 49_500, memo=reference)
    page = received(phone, reference)
    assert "Còn thiếu" in page
    assert 'name="amount"' not in page


def test_too_much_is_received_and_says_by_how_much(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    reference = ask(phone, huong, "50000")
    pay(huong, 55_000, memo=reference)
    page = received(phone, reference)
    assert "Đã nhận" in page
    assert "thừa 5.000" in page


def test_a_code_that_is_paid_twice_says_so(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    reference = ask(phone, huong, "50000")
    pay(huong, 50_000, memo=reference)
    pay(huong, 50_000, memo=reference)
    assert "đã có người trả" in received(phone, reference)


def test_a_thousandth_of_nothing_is_no_sale_without_a_look(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 1)
    page = phone.get(f"/stall/received/{huong.id}/1").text
    assert "Rất ít tiền" in page
    assert "Đã nhận" not in page


def test_a_code_whose_payment_was_reversed_waits_again(
    phone: FlaskClient, huong: StallRow, pay: Pay, database: Database
) -> None:
    reference = ask(phone, huong, "50000")
    entry = pay(huong, 50_000, memo=reference)
    with database.writing() as session:
        books.reverse(session, books.load_group(session, entry), reason="wrong", login_id=None, now=NOW)
    assert "Chờ ngân hàng báo" in phone.get(f"/stall/code/{reference}").text
    assert phone.get(f"/stall/received/{huong.id}/1").status_code == 404


def test_nobody_sees_what_another_stall_received(tus_phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 50_000)
    assert tus_phone.get(f"/stall/received/{huong.id}/1").status_code == 404
    assert tus_phone.get(f"/stall/payments?stall={huong.id}").status_code == 404


@pytest.mark.parametrize("number", [0, 2, 2**31, 2**70])
def test_a_number_the_book_does_not_have_is_not_there(
    phone: FlaskClient, huong: StallRow, pay: Pay, number: int
) -> None:
    pay(huong, 50_000)
    assert phone.get(f"/stall/received/{huong.id}/{number}").status_code == 404


# The sign, the book, several stalls.


def test_the_sign_as_a_picture_is_the_stalls_own_code(phone: FlaskClient, huong: StallRow) -> None:
    answer = phone.get("/stall/sign.png")
    [payload] = read(answer.data)
    assert vietqr.decode(payload).purpose == huong.reference
    assert 'filename="C-01.png"' in answer.headers["Content-Disposition"]


def test_the_sign_as_pdf_is_one_page(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        rename_account(session, huong.id, "TRAN THI HUONG")
    answer = phone.get("/stall/sign.pdf")
    assert answer.mimetype == "application/pdf"
    assert len(pypdfium2.PdfDocument(answer.data)) == 1


def test_a_sign_without_a_holder_is_not_printed_and_says_who_mends_it(phone: FlaskClient) -> None:
    answer = phone.get("/stall/sign.pdf")
    assert answer.status_code == 409
    assert "Nhờ ban quản lý" in answer.text


def test_the_book_has_a_row_a_day_and_the_months_sum(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 50_000)
    pay(huong, 70_000, days_ago(3))
    pay(huong, 999_000, days_ago(40))
    page = phone.get("/stall/book").text
    assert re.findall(r'<th scope="row"><a href=".*?">(.*?)</a>', page) == ["Thứ Ba 24/11", "Thứ Bảy 21/11"]
    assert "120.000\N{NO-BREAK SPACE}đ" in page
    assert "999.000" not in page
    assert "999.000\N{NO-BREAK SPACE}đ" in phone.get("/stall/book?month=2026-10").text


def test_the_book_leads_into_no_month_to_come(phone: FlaskClient) -> None:
    assert "Tháng sau" not in phone.get("/stall/book").text
    assert "month=2026-11" in phone.get("/stall/book?month=2026-10").text


@pytest.mark.parametrize("month", ["2026-13", "next", "1", "' OR 1"])
def test_a_month_that_is_none_is_not_there(phone: FlaskClient, month: str) -> None:
    assert phone.get("/stall/book", query_string={"month": month}).status_code == 404


def test_who_has_two_stalls_goes_from_one_to_the_other(
    phone: FlaskClient, huong: StallRow, tu: StallRow, database: Database
) -> None:
    grant = {"login_id": 1, "role": "stallholder", "market_id": tu.market_id, "stall_id": tu.id, "granted_at": NOW}
    with database.writing() as session:
        session.connection().execute(insert(ROLE_GRANT).values(grant))
    assert "Sang sạp G-02" in phone.get("/stall/").text
    assert phone.post("/stall/choose", data={"stall": tu.id}).status_code == 303
    assert "Sang sạp C-01" in phone.get("/stall/").text


def test_nobody_goes_to_a_stall_that_is_not_theirs(phone: FlaskClient, tu: StallRow) -> None:
    assert phone.post("/stall/choose", data={"stall": tu.id}).status_code == 404
