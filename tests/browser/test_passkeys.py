"""A real browser with a virtual keeper of passkeys: adding one, signing in with it, the step after the password."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from market.installation import Installation
from tests.browser.line import PASSWORD
from tests.browser.test_phone import TOO_SMALL

# A phone's own, that is opened by a finger.
KEEPER = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def address(site: str, installation: Installation, add_person: Callable[..., int], market_id: int) -> str:
    """The application served at a name, with an administrator."""
    add_person("quan-tri", "administrator")
    named = site.replace("127.0.0.1", "localhost")
    installation.settings = replace(installation.settings, base_url=named)
    return named


@pytest.fixture
def page(address: str, context: BrowserContext) -> Page:
    """A small phone, signed in by password."""
    opened = context.new_page()
    by_password(opened, address)
    opened.wait_for_url("**/province")
    return opened


def by_password(page: Page, address: str) -> None:
    page.goto(f"{address}/signin")
    page.fill("#login", "quan-tri")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def keeper(page: Page) -> None:
    """Gives the browser a keeper of passkeys."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEEPER})


def add(page: Page, address: str) -> None:
    page.goto(f"{address}/security")
    page.get_by_role("link", name="Thêm khoá vân tay của máy này").click()
    page.get_by_label("Gọi máy này là").fill("Điện thoại của Hà")
    page.get_by_role("button", name="Thêm khoá vân tay").click()
    expect(page.get_by_role("heading", name="Đã thêm khoá vân tay")).to_be_visible()


def test_a_passkey_is_added_and_signs_in_alone(page: Page, address: str) -> None:
    keeper(page)
    add(page, address)
    expect(page.locator(".codes li")).to_have_count(8)
    page.get_by_role("link", name="Đã chép xong").click()
    expect(page.get_by_text("Điện thoại của Hà")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{address}/signin?next=/security")
    page.get_by_role("button", name="Vào bằng vân tay, khuôn mặt").click()
    page.wait_for_url(f"{address}/security")
    expect(page.get_by_text("dùng lần cuối").first).to_be_visible()


def test_it_is_the_step_after_the_password_and_confirms(page: Page, address: str) -> None:
    keeper(page)
    add(page, address)
    page.context.clear_cookies()
    by_password(page, address)
    page.get_by_role("button", name="Bằng vân tay, khuôn mặt").click()
    page.wait_for_url("**/province")
    page.goto(f"{address}/confirm?next=/security")
    page.get_by_role("button", name="Bằng vân tay, khuôn mặt").click()
    page.wait_for_url(f"{address}/security")


def test_a_device_that_does_not_answer_leaves_the_password_in_sight(page: Page, address: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{address}/signin")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('stopped by hand')); }")
    page.get_by_role("button", name="Vào bằng vân tay, khuôn mặt").click()
    expect(page.get_by_role("alert")).to_contain_text("Máy chưa xác nhận được")
    expect(page.get_by_label("Mật khẩu")).to_be_visible()


def test_a_browser_without_passkeys_shows_the_password_only(browser: Browser, page: Page, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"{address}/security/passkeys/new")
    expect(plain.get_by_text("Trình duyệt này chưa làm được")).to_be_visible()
    expect(plain.get_by_role("button", name="Thêm khoá vân tay")).to_be_hidden()
    context.clear_cookies()
    plain.goto(f"{address}/signin")
    expect(plain.get_by_label("Mật khẩu")).to_be_visible()
    expect(plain.get_by_role("button", name="Vào bằng vân tay, khuôn mặt")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_pages_of_passkeys_can_be_used_by_everybody(
    page: Page, address: str, language: str, violations: Callable[[Page], list[dict[str, Any]]]
) -> None:
    keeper(page)
    add(page, address)
    page.context.add_cookies([{"name": "lang", "value": language, "url": address}])
    found: list[str] = []

    def look() -> None:
        found.extend(f"{page.url}: {rule['id']} {rule['nodes'][0]['html']}" for rule in violations(page))
        found.extend(f"{page.url}: too small {text}" for text in page.evaluate(TOO_SMALL))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{page.url}: wider than the screen")

    look()
    for path in ("/security", "/security/passkeys/new", "/confirm?next=/security"):
        page.goto(address + path)
        look()
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "lang", "value": language, "url": address}])
    by_password(page, address)
    page.wait_for_url("**/signin/code")
    look()
    page.goto(f"{address}/signin")
    look()
    assert found == []
