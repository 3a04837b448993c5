"""The revenue book on a trader's phone in a real browser: looked at, filled in, taken away as a file."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger import books
from ledger.days import local_date, utc_now
from ledger.inbox.notice import Notice
from market.db import Database
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.browser.test_phone import TOO_SMALL


@pytest.fixture
def token(
    database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice], let_in: Callable[..., str]
) -> str:
    """Chị Hương's session; her stall took money by bank and in cash on forty days."""
    token = let_in("huong", "stallholder", stall=huong)
    now = utc_now()
    with database.writing() as session:
        for back in range(40):
            at = now - timedelta(days=back)
            notice = told(huong, 1_150_000 + back, at=at, local_date=local_date(at))
            take(session, channel, "hook", [(notice, b"{}")], now)
            said: dict[str, Any] = {"client_key": f"phone-{back:04}", "login_id": 1, "memo": "", "now": now}
            books.enter_sale(session, book_id=huong.book_id, amount=335_000, cash=True, occurred_at=at, **said)
    return token


@pytest.fixture(params=[(360, 740), (740, 360), (180, 370)], ids=["upright", "landscape", "twice as large"])
def phone(browser: Browser, token: str, site: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Her phone, upright, turned, and at 200 % zoom."""
    wide, high = request.param
    context = browser.new_context(viewport={"width": wide, "height": high}, base_url=site)
    context.add_cookies([{"name": "cho", "value": token, "url": site}])
    yield context.new_page()
    context.close()


def test_the_book_is_looked_at_filled_in_and_taken_away(
    phone: Page, violations: Callable[[Page], list[dict[str, Any]]]
) -> None:
    # From where she always begins: the forms of its page, and of all that the phone keeps by it, have one token.
    phone.goto("/stall/")
    phone.goto("/stall/book")
    phone.get_by_role("link", name="Sổ doanh thu nộp thuế").click()
    expect(phone.get_by_role("heading", name="Sổ doanh thu")).to_be_visible()
    phone.get_by_text("Từng tháng").first.click()
    assert violations(phone) == []
    assert phone.evaluate(TOO_SMALL) == []
    phone.get_by_role("link", name="Quý").click()
    expect(phone.get_by_role("link", name="Quý")).to_have_attribute("aria-current", "true")
    assert violations(phone) == []
    phone.get_by_role("link", name="Sửa đầu sổ").click()
    phone.get_by_label("Mã số thuế").fill("0100109107")
    phone.get_by_role("button", name="Lưu").click()
    expect(phone.get_by_text("Chưa phải mã số thuế")).to_be_visible()
    assert violations(phone) == []
    phone.get_by_label("Mã số thuế").fill("0100109106")
    phone.get_by_role("button", name="Lưu").click()
    expect(phone.get_by_text("Đã ghi đầu sổ.")).to_be_visible()
    with phone.expect_download() as taken:
        phone.get_by_role("link", name="Tải bản để in và ký").click()
    assert Path(taken.value.path()).read_bytes().startswith(b"%PDF")
    with phone.expect_download() as taken:
        phone.get_by_role("link", name="Tải bản Excel").click()
    assert taken.value.suggested_filename.startswith("so-doanh-thu-C-01-")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(phone) == []
