"""A trader's phone enrols itself with eight letters and a PIN; the pages about oneself can be used by everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ledger.days import utc_now
from market.access import enrolment, roster
from market.db import Database
from merchants.stalls import StallRow
from tests.browser.line import PASSWORD
from tests.browser.test_board import TOO_SMALL as TOO_SMALL_AT_DESK
from tests.browser.test_phone import TOO_SMALL

PIN = "274918"


@pytest.fixture
def address(site: str, add_person: Callable[..., int], huong: StallRow) -> str:
    """The application served, with an administrator."""
    add_person("quan-tri", "administrator")
    return site


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A small phone."""
    return context.new_page()


@pytest.fixture
def faults(violations: Callable[[Page], list[dict[str, Any]]]) -> Callable[[Page], list[str]]:
    """What axe finds wrong, what is too small for a finger, what stands out at the side."""

    def of(page: Page) -> list[str]:
        found = [f"{page.url}: {rule['id']} {rule['nodes'][0]['html']}" for rule in violations(page)]
        found += [
            f"{page.url}: too small {text}"
            for text in page.evaluate(TOO_SMALL_AT_DESK if "/board/" in page.url else TOO_SMALL)
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{page.url}: wider than the screen")
        return found

    return of


def test_a_trader_enrols_a_phone_with_eight_letters_and_lands_on_today(
    page: Page, address: str, database: Database, huong: StallRow, faults: Callable[[Page], list[str]]
) -> None:
    now = utc_now()
    with database.writing() as session:
        login_id = roster.add_member(
            session, market_id=huong.market_id, called="Hương", role="stallholder", stall_id=huong.id, now=now
        )
        code = enrolment.make_enrolment(session, market_id=huong.market_id, login_id=login_id, made_by=None, now=now)
    page.goto(f"{address}/signin")
    page.click("text=Có mã của ban quản lý")
    expect(page.locator("#code")).to_be_visible()
    found = faults(page)
    page.fill("#code", code.replace("-", "").lower())
    page.click("text=Tiếp tục")
    expect(page.get_by_role("main")).to_contain_text(huong.name)
    found += faults(page)
    page.fill("#pin", PIN)
    page.fill("#again", PIN)
    page.click("text=Xong, vào sạp")
    page.wait_for_url("**/stall/")
    for path in ("/security", "/confirm?next=/security"):
        page.goto(address + path)
        found += faults(page)
    assert found == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_pages_of_security_can_be_used_by_everybody(
    page: Page, address: str, language: str, faults: Callable[[Page], list[str]]
) -> None:
    page.goto(f"{address}/signin")
    page.fill("#login", "quan-tri")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/province")
    page.context.add_cookies([{"name": "lang", "value": language, "url": address}])
    found = []
    for path in ("/security", "/security/password", "/security/second", "/board/ben-song/people/new"):
        page.goto(address + path)
        found += faults(page)
    page.select_option("#role", "helper")
    page.fill("#stall", "C-01")
    page.fill("#name", "Út")
    page.click("form.form .button.solid")
    page.wait_for_selector(".once")
    found += faults(page)
    page.click(".card .button.solid")
    page.wait_for_selector(".together")
    found += faults(page)
    page.goto(f"{address}/board/ben-song/people")
    found += faults(page)
    assert found == []
