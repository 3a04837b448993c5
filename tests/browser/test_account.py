"""A stall's bank account is changed on its phone, and the change stopped there with one tap."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.days import utc_now
from market.access import sessions
from market.access.logins import add_login
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.web.app import create_app
from merchants.stalls import StallRow


@pytest.fixture
def phone(
    browser: Browser,
    database: Database,
    tmp_path: Path,
    huong: StallRow,
    serve: Callable[[Any], AbstractContextManager[str]],
) -> Iterator[tuple[Page, str]]:
    """Chị Hương's phone, signed in without having shown who it is lately; and the address of the site."""
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
    with serve(create_app(installation)) as site:
        context = browser.new_context(viewport={"width": 360, "height": 740})
        context.add_cookies([{"name": "cho", "value": token, "url": site}])
        yield context.new_page(), site
        context.close()


def test_the_account_is_changed_and_the_change_stopped(
    phone: tuple[Page, str], violations: Callable[[Page], list[dict[str, Any]]]
) -> None:
    page, site = phone
    page.goto(f"{site}/stall/")
    page.get_by_role("link", name="Đổi tài khoản").click()
    page.get_by_label("Mật khẩu").fill("hoa-phuong-do")
    page.get_by_role("button", name="Tiếp tục").click()
    assert violations(page) == []
    page.get_by_label("Ngân hàng").select_option("MBBank")
    page.get_by_label("Số tài khoản").fill("0777700001")
    page.get_by_label("Tên chủ tài khoản").fill("le thi huong")
    page.get_by_role("button", name="Xem lại").click()
    expect(page.get_by_text("LE THI HUONG")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Đúng rồi, đổi sau 24 giờ").click()
    expect(page.get_by_role("status").filter(has_text="số cuối 0001")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("button", name="Dừng").click()
    expect(page.get_by_text("Đã dừng, tài khoản của sạp giữ nguyên.")).to_be_visible()
    expect(page.get_by_role("button", name="Dừng")).to_have_count(0)
