"""A morning with cash in a real browser, by keyboard alone on a small phone: typed, undone, counted, closed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.books.verify import verify
from market.db import Database
from market.web.words import english
from merchants.stalls import StallRow
from tests.browser.line import PASSWORD, PATIENT

DONG = "\N{NO-BREAK SPACE}đ"
MEMO = "NGUYEN THI MAI tra tien ca"
TOO_SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")]
  .filter((e) => !e.closest("p:not(.closing, .buttons)") && !e.classList.contains("skip"))
  .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 47.5 || box.width < 44)).map(([text]) => text)"""
Pay = Callable[..., None]


@pytest.fixture
def address(site: str, add_person: Callable[..., int], huong: StallRow) -> str:
    """The application served, with chị Hương as `huong` and who helps her as `helper`."""
    add_person("quan-tri", "administrator")
    add_person("huong", "stallholder", stall=huong)
    add_person("helper", "helper", stall=huong)
    return site


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A small phone on which somebody signs in by keyboard: `phone("huong", "en")`."""
    contexts = []

    def opened(login: str, language: str = "vi") -> Page:
        context = browser.new_context(viewport={"width": 360, "height": 740}, service_workers="block")
        contexts.append(context)
        context.add_init_script(PATIENT)
        context.add_cookies([{"name": "lang", "value": language, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/signin")
        page.focus("#login")
        page.keyboard.type(login)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/stall/")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def faults(violations: Callable[[Page], list[dict[str, Any]]]) -> Callable[[Page], list[str]]:
    """What axe finds wrong, what is too small for a finger, what stands out at the side."""

    def of(page: Page) -> list[str]:
        # At its end, for what lies half under the dock is too small for axe until it is scrolled to.
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        found = [f"{page.url}: {rule['id']} {rule['nodes'][0]['target']}" for rule in violations(page)]
        found += [f"{page.url}: too small {text}" for text in page.evaluate(TOO_SMALL)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{page.url}: wider than the screen")
        return found

    return of


def press(page: Page, words: str) -> None:
    """Go on with Tab until what has the focus says these words, and press it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.textContent"):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"nothing on {page.url} says {words!r}")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_morning_of_cash_is_typed_undone_counted_and_closed_by_keyboard(
    phone: Callable[..., Page], faults: Callable[[Page], list[str]], database: Database, pay: Pay, language: str
) -> None:
    def said(text: str) -> str:
        return english()[text] if language == "en" else text

    page = phone("huong", language)
    found = faults(page)
    press(page, said("Nhập số tiền"))
    for amount in ("75000", "20000"):
        page.keyboard.type(amount)
        press(page, said("Tiền mặt"))
        expect(page.locator("#said")).to_contain_text(said("Đã ghi tiền mặt {amount}").split("{")[0].strip())
    found += faults(page)
    press(page, said("Hoàn lại"))
    found += faults(page)
    press(page, said("Ghi hai lần"))
    pay(50_000, memo=MEMO)
    page.wait_for_selector(".rows >> text=50.000")
    expect(page.locator(".plate")).to_contain_text(f"50.000{DONG}")
    expect(page.locator(".glance")).to_contain_text(f"75.000{DONG}")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".told").first).to_be_visible()
    expect(page.locator(".told").first).to_contain_text("NGUYEN T. M••• tra tien ca")
    found += faults(page)
    press(page, said("Chốt sổ"))
    page.focus("#counted")
    page.keyboard.type("165.000")
    page.keyboard.press("Tab")
    page.keyboard.type("100k")
    found += faults(page)
    press(page, said("So với sổ"))
    expect(page.locator(".verdict")).to_contain_text(said("Thiếu {amount} so với sổ").format(amount=f"10.000{DONG}"))
    found += faults(page)
    press(page, said("Lấy ra chi việc khác"))
    found += faults(page)
    press(page, said("Phiếu trong ngày"))
    expect(page.locator("#print")).to_be_visible()
    found += faults(page)
    assert found == []
    with database.reading() as session:
        assert verify(session).findings == []


def test_the_days_of_a_week_and_a_month_and_what_is_found_can_be_read(
    phone: Callable[..., Page], faults: Callable[[Page], list[str]], address: str, pay: Pay
) -> None:
    page = phone("huong")
    pay(499_999_999, memo=MEMO)
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for path in ("/stall/", "/stall/week", "/stall/book", "/stall/day", "/stall/find?amount=499999999"):
            page.goto(address + path)
            found += faults(page)
    page.set_viewport_size({"width": 320, "height": 400})
    for path in ("/stall/", "/stall/week", "/stall/closing/", "/stall/find?amount=1k"):
        page.goto(address + path)
        found += faults(page)
    assert found == []


def test_two_taps_are_a_cash_sale_and_no_key_moves(phone: Callable[..., Page], address: str) -> None:
    page = phone("huong")
    page.goto(f"{address}/stall/till")
    place = page.locator("[data-key='5']").bounding_box()
    page.click("[data-note='50000']")
    page.click("#cash")
    page.wait_for_url("**cash=1**")
    expect(page.locator("#said")).to_be_visible()
    assert page.locator("[data-key='5']").bounding_box() == place
    page.click("[data-note='50000']")
    assert page.locator("[data-key='5']").bounding_box() == place
    page.click("#cash")
    page.wait_for_url("**cash=2**")
    page.goto(f"{address}/stall/")
    expect(page.locator(".glance")).to_contain_text(f"100.000{DONG}")


def test_a_helper_sees_no_sum_at_the_till_nor_today(phone: Callable[..., Page], address: str, pay: Pay) -> None:
    page = phone("helper")
    for note in ("20000", "50000"):
        page.goto(f"{address}/stall/till")
        page.click(f"[data-note='{note}']")
        page.click("#cash")
        page.wait_for_selector("#said")
    pay(41_000, memo=MEMO)
    page.goto(f"{address}/stall/")
    expect(page.get_by_role("list").filter(has_text="41.000")).to_be_visible()
    text = page.inner_text("body")
    assert [figure in text for figure in ("70.000", "111.000", "91.000", "61.000")] == [False] * 4
    expect(page.locator(".glance, .closing")).to_have_count(0)
