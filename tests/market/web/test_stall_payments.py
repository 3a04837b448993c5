"""What a stall's people say about its payments: no sale, a sale after all, another stall's, typed before."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger import books
from ledger.books.counts import month_counts
from ledger.days import Month
from ledger.inbox.receive import waiting
from market.db import Database
from market.web import stall as stall_web
from market.web import stall_payments as web
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = {"day": "2026-11-24"}
Pay = Callable[..., int]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (stall_web, web):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)


@pytest.fixture
def sisters_phone(signed_in: Callable[..., FlaskClient], huong: StallRow) -> FlaskClient:
    """The phone of her sister, who sells with her."""
    return signed_in("stallholder", stall=huong)


@pytest.fixture
def pay(pay: Pay, database: Database) -> Pay:
    """A customer pays and the bank tells; gives the number in the stall's book."""

    def paid(stall: StallRow, amount: int, **more: Any) -> int:
        entry_id = pay(stall, amount, **more)
        with database.reading() as session:
            return books.load_group(session, entry_id).concerned.number

    return paid


@pytest.fixture
def counted(database: Database, huong: StallRow) -> Callable[[], int]:
    """How many transactions chị Hương's month has for the board."""

    def count() -> int:
        with database.reading() as session:
            return month_counts(session, huong.market_id, Month(2026, 11)).get(huong.book_id, 0)

    return count


def say(phone: FlaskClient, stall: StallRow, number: int, sale: str, **more: str) -> str:
    """Tap on a payment; gives the page that follows."""
    data = {"stall": stall.id, "sale": sale, **TODAY, **more}
    answer = phone.post(f"/stall/payments/{number}/sale", data=data)
    assert answer.status_code == 303
    return phone.get(answer.headers["Location"]).text


def test_one_tap_takes_a_payment_out_of_counts_and_sums(
    phone: FlaskClient, huong: StallRow, pay: Pay, counted: Callable[[], int]
) -> None:
    pay(huong, 50_000)
    number = pay(huong, 2_000_000)
    page = say(phone, huong, number, "no")
    assert "Đã bỏ 2.000.000\N{NO-BREAK SPACE}đ khỏi tiền bán hàng." in page
    assert "Không phải tiền bán hàng: Người nhà gửi" in page
    assert '<b class="figure big f8">50.000\N{NO-BREAK SPACE}đ</b>' in page
    assert counted() == 1


def test_one_tap_counts_it_again(phone: FlaskClient, huong: StallRow, pay: Pay, counted: Callable[[], int]) -> None:
    number = pay(huong, 50_000)
    assert "Tính lại là tiền bán hàng" in say(phone, huong, number, "no")
    page = say(phone, huong, number, "yes")
    assert "Đã tính lại 50.000\N{NO-BREAK SPACE}đ là tiền bán hàng." in page
    assert "Tính lại là tiền bán hàng" not in page
    assert counted() == 1


@pytest.mark.parametrize(("reason", "said"), [("debt", "Trả nợ"), ("other", "Khác"), ("x", "Người nhà gửi")])
def test_the_reason_is_the_one_that_was_tapped(
    phone: FlaskClient, huong: StallRow, pay: Pay, reason: str, said: str
) -> None:
    assert f"Không phải tiền bán hàng: {said}" in say(phone, huong, pay(huong, 50_000), "no", reason=reason)


@pytest.mark.parametrize(
    ("sale", "said"), [("no", "đã được bỏ khỏi tiền bán hàng rồi"), ("yes", "đang tính là tiền bán hàng rồi")]
)
def test_who_taps_second_is_told_so_and_changes_nothing(
    phone: FlaskClient, sisters_phone: FlaskClient, huong: StallRow, pay: Pay, counted: Callable[[], int],
    sale: str, said: str,
) -> None:  # fmt: skip
    number = pay(huong, 50_000)
    if sale == "yes":
        say(phone, huong, number, "no")
    say(phone, huong, number, sale)
    before = counted()
    assert said in say(sisters_phone, huong, number, sale)
    assert counted() == before


def test_eight_phones_at_once_take_it_out_once(
    signed_in: Callable[..., FlaskClient], huong: StallRow, pay: Pay, counted: Callable[[], int]
) -> None:
    number = pay(huong, 50_000)
    phones = [signed_in("stallholder", stall=huong) for _ in range(8)]
    with ThreadPoolExecutor(len(phones)) as pool:
        pages = list(pool.map(lambda phone: say(phone, huong, number, "no"), phones))
    assert sum("Đã bỏ 50.000" in page for page in pages) == 1
    assert sum("đã được bỏ khỏi tiền bán hàng rồi" in page for page in pages) == 7
    assert counted() == 0


def test_the_days_have_a_page_each_and_lead_to_one_another(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    yesterday = NOW - timedelta(days=1)
    pay(huong, 50_000)
    pay(huong, 70_000, at=yesterday, payer_name="NGUYEN THI MAI")
    page = phone.get("/stall/day").text
    assert "70.000" not in page
    assert "/stall/day/2026-11-25" not in page
    assert "/stall/day/2026-11-23" in page
    page = phone.get("/stall/day/2026-11-23").text
    assert "NGUYEN T. M•••" in page
    assert "/stall/day/2026-11-24" in page
    assert "/stall/day/2026-11-23" in phone.get("/stall/book").text


def test_a_long_day_has_several_pages(
    phone: FlaskClient, huong: StallRow, pay: Pay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "PAGE", 2)
    for amount in (10_000, 20_000, 30_000):
        pay(huong, amount)
    shown = [re.findall(r"</svg>(\d+\.000)", phone.get(f"/stall/day?page={at}").text) for at in (1, 2, 3)]
    assert shown == [["30.000", "20.000"], ["10.000"], []]


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", "0001-01-01", "2026-1-1"])
def test_a_day_that_is_none_is_not_there(phone: FlaskClient, day: str) -> None:
    assert phone.get(f"/stall/day/{day}").status_code == 404


def refused(phone: FlaskClient, stall: StallRow, number: int) -> list[int]:
    data = {"stall": stall.id, "sale": "no", "reason": "nhầm", **TODAY}
    acts = [phone.post(f"/stall/payments/{number}/{act}", data=data) for act in ("sale", "return")]
    return [answer.status_code for answer in acts]


def test_only_the_stalls_own_people_say_anything(
    signed_in: Callable[..., FlaskClient], huong: StallRow, tu: StallRow, pay: Pay, counted: Callable[[], int]
) -> None:
    number = pay(huong, 50_000)
    for browser in (signed_in("stallholder", stall=tu), signed_in("board", market_id=huong.market_id)):
        assert refused(browser, huong, number) == [404, 404]
    assert counted() == 1


def test_a_payment_the_book_does_not_have_is_not_there(
    phone: FlaskClient, huong: StallRow, tu: StallRow, pay: Pay
) -> None:
    pay(tu, 50_000)
    for number in (0, 1, 2**31):
        assert refused(phone, huong, number) == [404, 404]


def test_an_answer_that_is_none_is_refused(
    phone: FlaskClient, huong: StallRow, pay: Pay, counted: Callable[[], int]
) -> None:
    data = {"stall": huong.id, "sale": "no", "day": "yesterday"}
    assert phone.post(f"/stall/payments/{pay(huong, 50_000)}/sale", data=data).status_code == 404
    data = {"stall": huong.id, "sale": "perhaps", **TODAY}
    assert phone.post(f"/stall/payments/{pay(huong, 50_000)}/sale", data=data).status_code == 400
    assert phone.post("/stall/offers", data={"stall": huong.id, "answer": "perhaps"}).status_code == 400
    assert counted() == 2


def test_the_rows_of_a_day_tell_the_memo_as_today_does(phone: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 50_000, memo="PHAM THANH SON mua ca")
    assert "Lời nhắn: PHAM T. S••• mua ca" in phone.get("/stall/day").text


@pytest.mark.parametrize("back", [{"day": "2026-11-24", "page": "1"}, {"back": "find", "amount": "50000"}])
def test_undoing_leads_back_to_the_page_it_was_tapped_on(
    phone: FlaskClient, huong: StallRow, pay: Pay, back: dict[str, str]
) -> None:
    number = pay(huong, 50_000)
    answer = phone.post(f"/stall/payments/{number}/sale", data={"stall": huong.id, "sale": "no", **back})
    note = phone.get(answer.headers["Location"]).text.partition('class="note ok"')[2].partition("</form>")[0]
    assert back.items() <= dict(re.findall(r'name="(\w+)" value="([^"]*)"', note)).items()


# Another stall's.


def give_back(phone: FlaskClient, stall: StallRow, number: int, reason: str) -> TestResponse:
    return phone.post(f"/stall/payments/{number}/return", data={"stall": stall.id, "reason": reason})


def test_money_of_another_stall_goes_back_to_the_board(
    phone: FlaskClient, huong: StallRow, pay: Pay, database: Database, counted: Callable[[], int]
) -> None:
    number = pay(huong, 50_000)
    assert "Ban quản lý thấy số tiền" in phone.get(f"/stall/payments/{number}/return").text
    answer = give_back(phone, huong, number, "của sạp bên")
    assert "Ban quản lý tìm xem của sạp nào" in (page := phone.get(answer.headers["Location"]).text)
    assert "Đã huỷ, không tính: của sạp bên" in page
    with database.reading() as session:
        assert [one.amount for one in waiting(session, huong.market_id, "unmatched")] == [50_000]
    assert counted() == 0


def test_giving_back_needs_a_reason(phone: FlaskClient, huong: StallRow, pay: Pay, counted: Callable[[], int]) -> None:
    answer = give_back(phone, huong, pay(huong, 50_000), " ")
    assert answer.status_code == 400
    assert 'id="reason-wrong"' in answer.text
    assert counted() == 1


def test_what_was_given_back_is_changed_no_more(
    phone: FlaskClient, sisters_phone: FlaskClient, huong: StallRow, pay: Pay
) -> None:
    number = pay(huong, 50_000)
    give_back(phone, huong, number, "của sạp bên")
    assert give_back(sisters_phone, huong, number, "của sạp bên").status_code == 303
    assert "Khoản này đã huỷ" in sisters_phone.get("/stall/day").text
    assert "Khoản này đã huỷ" in say(phone, huong, number, "no")
    assert sisters_phone.get(f"/stall/payments/{number}/return").status_code == 303


# Typed before.


@pytest.fixture
def type_in(database: Database) -> Callable[..., int]:
    """The stall types a cashless sale; gives its entry."""

    def typed(stall: StallRow, amount: int, key: str = "phone-0001") -> int:
        with database.writing() as session:
            posted, _ = books.enter_sale(
                session,
                book_id=stall.book_id,
                amount=amount,
                cash=False,
                occurred_at=NOW - timedelta(minutes=2),
                client_key=key,
                login_id=1,
                memo="",
                now=NOW,
            )
        return posted.entry_id

    return typed


def answer_offer(phone: FlaskClient, stall: StallRow, answer: str) -> str:
    """Answer the offer on the page of today; gives the page that follows."""
    page = phone.get("/stall/").text
    found = dict(re.findall(r'name="(typed|payment)" value="(\d+)"', page))
    assert found, "nothing is offered"
    reply = phone.post("/stall/offers", data={"stall": stall.id, "answer": answer, **found})
    return phone.get(reply.headers["Location"]).text


OFFER = "Sạp ghi 50.000\N{NO-BREAK SPACE}đ lúc 07:58. Ngân hàng báo 50.000\N{NO-BREAK SPACE}đ lúc 08:00."


def test_a_typed_sale_is_confirmed_by_one_tap(
    phone: FlaskClient, huong: StallRow, pay: Pay, type_in: Callable[..., int], counted: Callable[[], int]
) -> None:
    type_in(huong, 50_000)
    assert counted() == 0
    pay(huong, 50_000)
    assert OFFER in phone.get("/stall/").text
    page = answer_offer(phone, huong, "yes")
    assert "chỉ tính một lần" in page
    assert OFFER not in page
    assert counted() == 1


def test_a_confirmed_sale_waits_again_when_its_payment_was_anothers(
    phone: FlaskClient, huong: StallRow, pay: Pay, type_in: Callable[..., int]
) -> None:
    type_in(huong, 50_000)
    number = pay(huong, 50_000)
    answer_offer(phone, huong, "yes")
    answer = give_back(phone, huong, number, "của sạp bên")
    assert "Khoản sạp đã ghi trước đó lại chờ ngân hàng báo." in phone.get(answer.headers["Location"]).text
    pay(huong, 50_000)
    assert OFFER in phone.get("/stall/").text


def test_what_cannot_be_given_back_whole_is_not_given_back_at_all(
    phone: FlaskClient, huong: StallRow, pay: Pay, type_in: Callable[..., int], counted: Callable[[], int],
    database: Database,
) -> None:  # fmt: skip
    typed = type_in(huong, 50_000)
    number = pay(huong, 50_000)
    answer_offer(phone, huong, "yes")
    # The key of the sale that would be typed anew is taken.
    type_in(huong, 7_000, f"again-{typed + 1:08}")
    assert give_back(phone, huong, number, "của sạp bên").status_code == 303
    assert counted() == 1
    with database.reading() as session:
        assert waiting(session, huong.market_id, "unmatched") == []


def test_a_no_is_not_asked_again(phone: FlaskClient, huong: StallRow, pay: Pay, type_in: Callable[..., int]) -> None:
    type_in(huong, 50_000)
    pay(huong, 50_000)
    assert OFFER not in answer_offer(phone, huong, "no")
    assert OFFER not in phone.get("/stall/").text


def test_an_offer_is_answered_once_by_two_phones(
    phone: FlaskClient, sisters_phone: FlaskClient, huong: StallRow, pay: Pay, type_in: Callable[..., int],
    counted: Callable[[], int],
) -> None:  # fmt: skip
    typed = type_in(huong, 50_000)
    pay(huong, 50_000)
    answer_offer(phone, huong, "yes")
    data = {"stall": huong.id, "answer": "yes", "typed": typed, "payment": typed + 1}
    reply = sisters_phone.post("/stall/offers", data=data)
    assert "Khoản này đã có người trả lời." in sisters_phone.get(reply.headers["Location"]).text
    assert counted() == 1


def test_nothing_that_was_not_offered_is_confirmed(
    phone: FlaskClient, huong: StallRow, tu: StallRow, pay: Pay, type_in: Callable[..., int], database: Database
) -> None:
    typed = type_in(huong, 50_000)
    pay(tu, 50_000)
    data = {"stall": huong.id, "answer": "yes", "typed": typed, "payment": typed + 1}
    phone.post("/stall/offers", data=data)
    with database.writing() as session:
        assert books.load_group(session, typed).last is None
