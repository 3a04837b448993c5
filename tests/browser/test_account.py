"""A stall's bank account is changed on its phone, and the change stopped there with one tap."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from merchants.stalls import StallRow
from tests.browser.line import PASSWORD


@pytest.fixture
def phone(site: str, context: BrowserContext, huong: StallRow, let_in: Callable[..., str]) -> Page:
    """Chị Hương's phone, signed in without having shown who it is lately."""
    context.add_cookies([{"name": "cho", "value": let_in("huong", "stallholder", stall=huong), "url": site}])
    return context.new_page()


def test_the_account_is_changed_and_the_change_stopped(
    phone: Page, site: str, violations: Callable[[Page], list[dict[str, Any]]]
) -> None:
    phone.goto(f"{site}/stall/")
    phone.get_by_role("link", name="Đổi tài khoản").click()
    phone.get_by_label("Mật khẩu").fill(PASSWORD)
    phone.get_by_role("button", name="Tiếp tục").click()
    expect(phone.get_by_label("Ngân hàng")).to_be_visible()
    assert violations(phone) == []
    phone.get_by_label("Ngân hàng").select_option("MBBank")
    phone.get_by_label("Số tài khoản").fill("0777700001")
    phone.get_by_label("Tên chủ tài khoản").fill("le thi huong")
    phone.get_by_role("button", name="Xem lại").click()
    expect(phone.get_by_text("LE THI HUONG")).to_be_visible()
    assert violations(phone) == []
    phone.get_by_role("button", name="Đúng rồi, đổi sau 24 giờ").click()
    expect(phone.get_by_role("status").filter(has_text="số cuối 0001")).to_be_visible()
    assert violations(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    phone.get_by_role("button", name="Dừng").click()
    expect(phone.get_by_text("Đã dừng, tài khoản của sạp giữ nguyên.")).to_be_visible()
    expect(phone.get_by_role("button", name="Dừng")).to_have_count(0)
