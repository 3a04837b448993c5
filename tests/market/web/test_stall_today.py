"""Today at a glance: cash beside what the bank told, yesterday until this time, rows that open, an amount found."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from ledger import books
from market.db import Database
from market.web import stall, stall_cash, stall_find, stall_payments
from merchants import cash
from merchants.stalls import StallRow
from merchants.takings import Actor

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DONG = "\N{NO-BREAK SPACE}đ"
Do = Callable[..., int]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is eight in the morning."""
    for module in (stall, stall_cash, stall_find, stall_payments):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)


@pytest.fixture
def helper(signed_in: Callable[..., FlaskClient], huong: StallRow) -> FlaskClient:
    """The phone of who helps chị Hương."""
    return signed_in("helper", stall=huong)


@pytest.fixture
def sell(database: Database) -> Do:
    """A sale paid in cash: `sell(huong, 20_000, at=…)` gives its number in the book."""
    keys = iter(range(1, 1000))

    def sold(stall: StallRow, amount: int, at: datetime = NOW) -> int:
        actor = Actor(1, frozenset({stall.id}), helps=frozenset({stall.id}))
        with database.writing() as session:
            return cash.add(session, actor, stall, amount=amount, at=at, key=f"sale-{next(keys):04}", now=NOW).number

    return sold


def yesterday(clock: str) -> datetime:
    """Yesterday at this time of a Vietnamese day."""
    return datetime.fromisoformat(f"2026-11-23T{clock}+07:00").astimezone(UTC)


def plain(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", page.partition("<body")[2]))


def type_a_transfer(database: Database, stall: StallRow, amount: int) -> None:
    """A transfer that a person says happened, and no bank has told."""
    with database.writing() as session:
        books.enter_sale(
            session,
            book_id=stall.book_id,
            amount=amount,
            cash=False,
            occurred_at=NOW,
            client_key="typed-001",
            login_id=1,
            memo="",
            now=NOW,
        )


# Cash is beside the plate, never on it.


def test_cash_is_a_line_of_its_own_and_not_on_the_plate(phone: FlaskClient, huong: StallRow, pay: Do, sell: Do) -> None:
    pay(huong, 50_000)
    sell(huong, 20_000)
    page = phone.get("/stall/").text
    plate = page.partition('class="plate"')[2].partition("</div>")[0]
    assert f"50.000{DONG}" in plate
    assert "20.000" not in plate
    assert "70.000" not in page
    assert f"Tiền mặt 20.000{DONG}" in plain(page)


def test_only_what_the_bank_told_has_the_check_of_the_bank(phone: FlaskClient, huong: StallRow, sell: Do) -> None:
    sell(huong, 20_000)
    page = phone.get("/stall/").text
    assert '<span class="figure ink">' in page
    assert 'class="in figure"' not in page


def test_what_a_person_says_was_transferred_is_said_to_be_unconfirmed(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    type_a_transfer(database, huong, 30_000)
    assert f"Ghi tay, chưa có ngân hàng báo 30.000{DONG}" in plain(phone.get("/stall/").text)


def test_yesterday_is_compared_until_this_time_of_day(phone: FlaskClient, huong: StallRow, pay: Do) -> None:
    pay(huong, 90_000, yesterday("08:00:00"))
    pay(huong, 5_000_000, yesterday("08:00:01"))
    pay(huong, 7_000_000, NOW - timedelta(days=2))
    assert f"Giờ này hôm qua 90.000{DONG}" in plain(phone.get("/stall/").text)


def test_what_was_taken_back_since_is_not_in_yesterdays_figure(phone: FlaskClient, huong: StallRow, pay: Do) -> None:
    pay(huong, 90_000, yesterday("07:00:00"))
    phone.post("/stall/payments/1/sale", data={"stall": huong.id, "sale": "no", "back": "today"})
    assert f"Giờ này hôm qua 0{DONG}" in plain(phone.get("/stall/").text)


def test_a_helper_sees_rows_and_no_sum_of_today_or_yesterday(
    helper: FlaskClient, huong: StallRow, pay: Do, sell: Do
) -> None:
    pay(huong, 51_000)
    sell(huong, 23_000)
    sell(huong, 24_000)
    pay(huong, 90_000, yesterday("07:00:00"))
    page = plain(helper.get("/stall/").text)
    assert [f"{amount}.000" in page for amount in (51, 23, 24)] == [True] * 3
    assert [said in page for said in ("47.000", "98.000", "90.000", "Giờ này hôm qua", "Xem hết")] == [False] * 5


# A row opens.


def test_a_row_tells_the_memo_with_the_payer_and_accounts_masked(phone: FlaskClient, huong: StallRow, pay: Do) -> None:
    pay(huong, 50_000, payer_name="NGUYEN THI MAI", memo="NGUYEN THI  MAI CK tu 0123456789 mua ca")
    page = phone.get("/stall/").text
    assert "Lời nhắn: NGUYEN T. M••• CK tu •••6789 mua ca" in plain(page)
    assert "THI MAI" not in page


def test_a_memo_without_a_payers_name_beside_it_is_shown_without_what_looks_like_one(
    phone: FlaskClient, huong: StallRow, pay: Do
) -> None:
    pay(huong, 50_000, memo="PHAM THANH SON chuyen tien.CT tu 0123456789 TA THI SEN")
    assert "Lời nhắn: PHAM T. S••• chuyen tien.CT tu •••6789 TA T. S•••" in plain(phone.get("/stall/").text)


def test_money_that_was_no_sale_is_one_tap_and_its_undo_another(phone: FlaskClient, huong: StallRow, pay: Do) -> None:
    pay(huong, 50_000)
    assert "Không phải tiền bán hàng" in phone.get("/stall/").text
    phone.post("/stall/payments/1/sale", data={"stall": huong.id, "sale": "no", "back": "today"})
    page = phone.get("/stall/").text
    assert f"Đã bỏ 50.000{DONG} khỏi tiền bán hàng" in page
    assert "Chưa có khách nào chuyển" in page
    [action] = re.findall(
        r'action="(/stall/payments/1/sale)"', page.partition('class="note ok"')[2].partition("</div>")[0]
    )
    phone.post(action, data={"stall": huong.id, "sale": "yes", "back": "today"})
    assert "1 lượt khách chuyển khoản" in phone.get("/stall/").text


def test_a_row_of_cash_leads_to_its_undo(phone: FlaskClient, huong: StallRow, sell: Do) -> None:
    number = sell(huong, 20_000)
    assert f"/stall/cash/{huong.id}/{number}" in phone.get("/stall/").text


def test_cash_that_was_taken_back_stands_crossed_out_with_its_reason(
    phone: FlaskClient, huong: StallRow, sell: Do
) -> None:
    number = sell(huong, 20_000)
    phone.post(f"/stall/cash/{huong.id}/{number}", data={"reason": "returned"})
    page = phone.get("/stall/").text
    assert f'<span class="figure out">20.000{DONG}' in page
    assert "Đã hoàn lại: Khách trả lại hàng" in plain(page)
    assert f"Tiền mặt 0{DONG}" in plain(page)


def test_what_was_typed_as_a_transfer_is_taken_back_like_cash(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    type_a_transfer(database, huong, 30_000)
    assert "Ghi tay lúc 08:00" in phone.get(f"/stall/cash/{huong.id}/1").text
    phone.post(f"/stall/cash/{huong.id}/1", data={"reason": "amount"})
    page = plain(phone.get("/stall/").text)
    assert "Đã hoàn lại: Ghi nhầm số tiền" in page
    assert f"ngân hàng báo 30.000{DONG} Tiền" not in page


def test_cash_that_was_told_late_says_so(phone: FlaskClient, huong: StallRow, sell: Do) -> None:
    sell(huong, 20_000, NOW - timedelta(days=3))
    assert "Gửi muộn hơn một ngày" in phone.get("/stall/day/2026-11-21").text


def test_the_day_lists_cash_and_transfers_as_they_came(phone: FlaskClient, huong: StallRow, pay: Do, sell: Do) -> None:
    pay(huong, 50_000)
    sell(huong, 20_000)
    page = plain(phone.get("/stall/day").text)
    assert f"Cộng tất cả 70.000{DONG}" in page
    rows = page.partition("Các khoản trong ngày")[2]
    assert rows.index("20.000") < rows.index("50.000")


# Did it go through?


def found(phone: FlaskClient, amount: str) -> list[str]:
    """The days that are found with what they hold, as the page says them."""
    page = phone.get("/stall/find", query_string={"amount": amount}).text
    return [
        re.sub(r"<[^>]+>", "", heading) + f": {part.count('<time>')}"
        for heading, part in re.findall(r'<div class="line"><h2>(.*?)</h2></div>(.*?)</ol>', page, re.S)
    ]


@pytest.mark.parametrize("amount", ["50k", "50.000", "50000", "50 000", "50"])
def test_an_amount_is_found_today_and_before_however_it_is_written(
    phone: FlaskClient, huong: StallRow, pay: Do, sell: Do, amount: str
) -> None:
    pay(huong, 50_000, NOW - timedelta(days=40))
    pay(huong, 50_000)
    sell(huong, 50_000)
    pay(huong, 60_000)
    assert found(phone, amount) == ["Hôm nay: 2", "Thứ Năm 15/10/2026: 1"]


def test_what_is_not_there_is_said_with_what_to_do(phone: FlaskClient) -> None:
    page = phone.get("/stall/find?amount=50k").text
    assert f"Không có khoản nào 50.000{DONG}" in page
    assert "Xem app ngân hàng" in page


def test_what_is_no_amount_is_kept_with_a_mend(phone: FlaskClient) -> None:
    answer = phone.get("/stall/find?amount=năm chục")
    assert answer.status_code == 400
    assert 'value="năm chục"' in answer.text
    assert "Chưa đọc được số tiền này" in answer.text


def test_another_stalls_money_is_not_found(phone: FlaskClient, tu: StallRow, pay: Do) -> None:
    pay(tu, 50_000)
    assert found(phone, "50k") == []


def test_a_helper_finds_what_came_in_today_only(helper: FlaskClient, huong: StallRow, pay: Do) -> None:
    pay(huong, 50_000, NOW - timedelta(days=1))
    pay(huong, 50_000)
    assert found(helper, "50k") == ["Hôm nay: 1"]


def test_an_act_on_a_row_that_was_found_comes_back_to_it(phone: FlaskClient, huong: StallRow, pay: Do) -> None:
    pay(huong, 50_000)
    data = {"stall": huong.id, "sale": "no", "back": "find", "amount": "50000"}
    assert phone.post("/stall/payments/1/sale", data=data).headers["Location"] == "/stall/find?amount=50000"
