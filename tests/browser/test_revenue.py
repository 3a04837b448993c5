"""The revenue book on a trader's phone in a real browser: looked at, filled in, taken away as a file."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger import books
from ledger.days import local_date, utc_now
from ledger.inbox.notice import Notice
from market.access import sessions
from market.access.logins import add_login
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.web.app import create_app
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.browser.test_phone import TOO_SMALL


@pytest.fixture
def site(
    database: Database,
    tmp_path: Path,
    huong: StallRow,
    channel: Source,
    told: Callable[..., Notice],
    serve: Callable[[Any], AbstractContextManager[str]],
) -> Iterator[tuple[str, str]]:
    """The site's address and chị Hương's session; her stall took money by bank and in cash on forty days."""
    installation = Installation(Settings.from_environment({"CHO_DATA": str(tmp_path / "data")}))
    installation.database = database
    now = utc_now()
    with database.writing() as session:
        login_id = add_login(
            session,
            name="huong",
            role="stallholder",
            market_id=huong.market_id,
            stall_id=huong.id,
            password="hoa-phuong-do",
            now=now,
        )
        token = sessions.sign_in(session, login_id, now)
        for back in range(40):
            at = now - timedelta(days=back)
            notice = told(huong, 1_150_000 + back, at=at, local_date=local_date(at))
            take(session, channel, "hook", [(notice, b"{}")], now)
            said: dict[str, Any] = {"client_key": f"phone-{back:04}", "login_id": 1, "memo": "", "now": now}
            books.enter_sale(session, book_id=huong.book_id, amount=335_000, cash=True, occurred_at=at, **said)
    with serve(create_app(installation)) as address:
        yield address, token


@pytest.fixture(params=[(360, 740), (740, 360), (180, 370)], ids=["upright", "landscape", "twice as large"])
def phone(browser: Browser, site: tuple[str, str], request: pytest.FixtureRequest) -> Iterator[Page]:
    """Her phone, upright, turned, and at 200 % zoom."""
    address, token = site
    wide, high = request.param
    context = browser.new_context(viewport={"width": wide, "height": high}, base_url=address)
    context.add_cookies([{"name": "cho", "value": token, "url": address}])
    yield context.new_page()
    context.close()


def test_the_book_is_looked_at_filled_in_and_taken_away(
    phone: Page, violations: Callable[[Page], list[dict[str, Any]]]
) -> None:
    phone.goto("/stall/book")
    phone.get_by_role("link", name="Sổ doanh thu nộp thuế").click()
    expect(phone.get_by_role("heading", name="Sổ doanh thu")).to_be_visible()
    phone.get_by_text("Từng tháng").first.click()
    assert violations(phone) == []
    assert phone.evaluate(TOO_SMALL) == []
    phone.get_by_role("link", name="Quý").click()
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
