"""The revenue book on its holder's phone: the sums, the year's gauge, what stands above it, the files to hand in."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pypdfium2
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from ledger import books
from market.access.model import AUDIT
from market.db import Database
from market.web import stall_revenue as web
from merchants import settling
from merchants.model import HOUSEHOLD
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
OCTOBER = NOW - timedelta(days=30)
TYPED = {"name": "Trần Thị Hương", "address": "12 Nguyễn Nghiêm", "tax_code": "0100109106", "place": ""}
Sell = Callable[..., int]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "utc_now", lambda: NOW)


@pytest.fixture
def pay(pay: Sell, huong: StallRow) -> Sell:
    """A customer of chị Hương pays and the bank tells; gives the entry."""
    return partial(pay, huong)


@pytest.fixture
def sell(database: Database, huong: StallRow) -> Sell:
    """Chị Hương enters a sale herself."""

    def sold(amount: int, *, cash: bool = True) -> int:
        said: dict[str, Any] = {"client_key": f"phone-{amount:08}", "login_id": 1, "memo": "", "now": NOW}
        with database.writing() as session:
            posted, _ = books.enter_sale(
                session, book_id=huong.book_id, amount=amount, cash=cash, occurred_at=NOW, **said
            )
        return posted.entry_id

    return sold


def said(amount: str) -> str:
    return f"{amount}\N{NO-BREAK SPACE}đ"


def words(pdf: bytes) -> str:
    """All that a PDF says, its spaces plain."""
    pages = pypdfium2.PdfDocument(pdf)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split())


def test_the_book_leads_to_the_revenue_book_of_its_month(phone: FlaskClient) -> None:
    assert 'href="/stall/revenue?period=2026-10"' in phone.get("/stall/book?month=2026-10").text


def test_the_page_has_the_sum_and_where_the_money_came_in(phone: FlaskClient, pay: Sell, sell: Sell) -> None:
    pay(50_000)
    sell(30_000)
    sell(7_000, cash=False)
    page = phone.get("/stall/revenue").text
    assert said("87.000") in page
    assert re.search(rf"Tiền mặt<br>.*?{said('30.000')}", page)
    assert re.search(rf"Chuyển khoản sạp tự ghi<br>.*?{said('7.000')}", page)
    assert f"Ngân hàng báo {said('50.000')}, chuyển khoản sạp tự ghi {said('7.000')}, tiền mặt" in page


def test_only_what_the_bank_told_is_green(phone: FlaskClient, pay: Sell, sell: Sell) -> None:
    pay(50_000)
    sell(30_000)
    assert re.findall(r'<span class="figure in">.*?([0-9.]+)\xa0đ', phone.get("/stall/revenue").text) == ["50.000"]


def test_what_was_no_sale_is_told_beside_the_sum(
    phone: FlaskClient, pay: Sell, huong: StallRow, database: Database
) -> None:
    pay(50_000)
    entry = pay(8_000)
    with database.writing() as session:
        settling.mark_not_sale(session, huong.market_id, entry, reason="x", login_id=1, now=NOW)
    page = phone.get("/stall/revenue").text
    assert f"Còn {said('8.000')} ngân hàng báo mà sạp ghi là không phải tiền bán hàng" in page
    assert said("58.000") not in page


def test_a_quarter_is_told_by_its_months_which_lead_to_their_days(phone: FlaskClient, pay: Sell) -> None:
    pay(50_000)
    pay(9_000, OCTOBER)
    page = phone.get("/stall/revenue?period=2026-Q4").text
    assert "Quý 4/2026" in page
    assert said("59.000") in page
    assert re.findall(r'period=(2026-1[0-2])"><time>', page) == ["2026-10", "2026-11"]


def test_from_a_month_one_comes_to_its_quarter_and_its_year(phone: FlaskClient) -> None:
    page = phone.get("/stall/revenue?period=2026-08").text
    pills = re.findall(r'class="pill" href="/stall/revenue\?period=(.*?)"', page)
    assert pills == ["2026-08", "2026-Q3", "2026"]


@pytest.mark.parametrize("period", ["2026-12", "2027", "2027-Q1", "2026-13", "next", "' OR 1", "9" * 40])
@pytest.mark.parametrize("file", ["", ".pdf", ".xlsx"])
def test_a_period_to_come_or_none_is_not_there(phone: FlaskClient, period: str, file: str) -> None:
    assert phone.get(f"/stall/revenue{file}", query_string={"period": period}).status_code == 404


def test_a_period_that_runs_says_up_to_which_day(phone: FlaskClient) -> None:
    assert "tính đến 24/11/2026" in phone.get("/stall/revenue?period=2026").text
    assert "tính đến" not in phone.get("/stall/revenue?period=2026-10").text


# The gauge.


def test_the_year_so_far_stands_beside_the_level_with_its_law(phone: FlaskClient, pay: Sell) -> None:
    pay(12_450_000)
    pay(200_000_000, OCTOBER)
    page = phone.get("/stall/revenue").text
    assert re.search(rf"{said('212.450.000')}</b> trên mức {said('1.000.000.000')}", page)
    assert "Chưa qua mức." in page
    assert "Nghị định 141/2026/NĐ-CP" in page
    assert "không thay lời cơ quan thuế" in page
    assert '<rect class="reached" width="21.2%"' in page


def test_the_law_is_named_in_english_to_whoever_reads_english(phone: FlaskClient) -> None:
    phone.set_cookie("lang", "en")
    page = phone.get("/stall/revenue").text
    assert "Under Decree 68/2026/NĐ-CP, amended by Decree 141/2026/NĐ-CP." in page


def test_over_the_level_it_says_since_when_and_that_tax_is_declared(phone: FlaskClient, pay: Sell) -> None:
    pay(499_000_000, OCTOBER)
    pay(400_000_000)
    pay(101_000_000)
    assert "Chưa qua mức." in phone.get("/stall/revenue").text
    pay(1)
    page = phone.get("/stall/revenue").text
    assert "Đã qua mức, từ tháng 11." in page
    assert "phải kê khai thuế từ quý đó" in page
    assert '<rect class="reached" width="100.0%"' in page


def test_a_year_without_a_level_has_its_sum_and_no_bar(phone: FlaskClient) -> None:
    page = phone.get("/stall/revenue?period=2025").text
    assert "Chưa có mức doanh thu của năm này" in page
    assert '<svg class="target-bar' not in page


# What stands above it.


def test_the_header_is_kept_shown_and_deleted(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    assert "chưa ghi, bản in để dòng chấm" in phone.get("/stall/revenue").text
    form = {"stall": huong.id, **TYPED}
    answer = phone.post("/stall/revenue/header?period=2026-Q4", data=form)
    assert answer.headers["Location"] == "/stall/revenue?period=2026-Q4"
    page = phone.get("/stall/revenue").text
    assert "Đã ghi đầu sổ." in page
    assert "12 Nguyễn Nghiêm" in page
    assert 'value="0100109106"' in phone.get("/stall/revenue/header").text
    phone.post("/stall/revenue/header", data={"stall": huong.id, "delete": "1", **TYPED})
    assert "Đã xoá đầu sổ." in phone.get("/stall/revenue").text
    with database.reading() as session:
        assert session.connection().execute(select(HOUSEHOLD)).all() == []


def test_a_wrong_header_keeps_what_was_typed_and_says_how_to_mend_it(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    typed = {"stall": huong.id, "name": "x" * 81, "address": "Đường\u202e", "tax_code": "12345", "place": "chợ"}
    answer = phone.post("/stall/revenue/header", data=typed)
    assert answer.status_code == 400
    assert "nhiều nhất 80 chữ" in answer.text
    assert 'id="address-wrong"' in answer.text
    assert "Chưa phải mã số thuế" in answer.text
    assert 'value="12345"' in answer.text
    assert 'value="chợ"' in answer.text
    with database.reading() as session:
        assert session.connection().execute(select(HOUSEHOLD)).all() == []


def test_nobody_writes_the_header_of_another_stall(phone: FlaskClient, tu: StallRow) -> None:
    assert phone.post("/stall/revenue/header", data={"stall": tu.id, **TYPED}).status_code == 404
    assert phone.post("/stall/revenue/header", data=TYPED).status_code == 404


@pytest.mark.parametrize("path", ["", ".pdf", ".xlsx", "/header"])
def test_a_helper_and_a_board_get_nothing_of_it(
    signed_in: Callable[..., FlaskClient], huong: StallRow, path: str
) -> None:
    for browser in (signed_in("helper", stall=huong), signed_in("board", market_id=huong.market_id)):
        assert browser.get(f"/stall/revenue{path}").status_code in (403, 404)


# The files.


def test_the_pdf_is_the_form_with_its_lines(phone: FlaskClient, huong: StallRow, pay: Sell, sell: Sell) -> None:
    phone.post("/stall/revenue/header", data={"stall": huong.id, **TYPED})
    pay(50_000)
    sell(30_000)
    answer = phone.get("/stall/revenue.pdf?period=2026-Q4")
    assert answer.mimetype == "application/pdf"
    assert 'filename="so-doanh-thu-C-01-2026-Q4.pdf"' in answer.headers["Content-Disposition"]
    text = words(answer.data)
    assert "Mã số thuế: 0100109106" in text
    assert "24/11/2026 Bán hàng: ngân hàng báo 50.000 (1 lần), tiền mặt 30.000 (1 lần) 80.000" in text
    assert "Tổng cộng 80.000" in text


def test_the_workbook_comes_under_its_name(phone: FlaskClient) -> None:
    answer = phone.get("/stall/revenue.xlsx?period=2026")
    assert answer.data.startswith(b"PK")
    assert 'filename="so-doanh-thu-C-01-2026.xlsx"' in answer.headers["Content-Disposition"]


def test_taking_a_file_and_changing_the_header_are_noted_without_an_amount(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    phone.post("/stall/revenue/header", data={"stall": huong.id, **TYPED})
    phone.get("/stall/revenue.pdf?period=2026-Q4")
    with database.reading() as session:
        lines = session.connection().execute(select(AUDIT.c.act, AUDIT.c.stall_id, AUDIT.c.about)).all()
    assert [tuple(line) for line in lines[-2:]] == [
        ("household_changed", huong.id, "{}"),
        ("revenue_taken", huong.id, '{"format":"pdf","report":"2026-Q4"}'),
    ]


@pytest.mark.parametrize("file", ["", ".pdf", ".xlsx"])
def test_nothing_is_made_of_books_that_do_not_agree(
    phone: FlaskClient, pay: Sell, database: Database, file: str
) -> None:
    pay(50_000)
    with database.writing() as session:
        session.connection().execute(text("UPDATE day_total SET cashless_sum = cashless_sum - 1"))
    answer = phone.get(f"/stall/revenue{file}")
    assert answer.status_code == 409
    assert "Chưa lập được sổ doanh thu" in answer.text
    assert "50.000" not in answer.text


def test_the_page_is_in_english_too(phone: FlaskClient, pay: Sell) -> None:
    pay(50_000)
    phone.post("/language", data={"language": "en", "back": "/stall/revenue"})
    page = phone.get("/stall/revenue?period=2026-Q4").text
    assert "Quarter 4/2026" in page
    assert "Not over the level." in page
