"""The stall's phone without a network: what opens, how old it is, and what is kept of whom."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from market.db import Database
from market.web import stall_kept
from merchants.stalls import StallRow
from qr import image, vietqr
from tests.browser.line import ALL_KEPT, Line, sign_in, wait_until_kept, wait_until_today_is_kept_with

NETWORK = {"lost": "html.lost", "back": "html:not(.lost):not([data-kept])"}


def modules(page: Page) -> list[str]:
    """The rows of the symbol that a page shows, read from its drawing."""
    path = page.get_attribute("#picture path[stroke]", "d") or ""
    side = int((page.get_attribute("#picture svg", "viewBox") or "").split()[-1]) - 2 * image.QUIET
    rows = [["0"] * side for _ in range(side)]
    for left, top, width in re.findall(r"M(\d+) (\d+)\.5h(\d+)", path):
        for column in range(int(width)):
            rows[int(top) - image.QUIET][int(left) - image.QUIET + column] = "1"
    return ["".join(row) for row in rows]


def test_without_a_network_today_opens_as_it_was_and_says_when(
    phone: Page, line: Line, pay: Callable[[int], None]
) -> None:
    pay(41_000)
    phone.wait_for_selector(".rows >> text=41.000")
    wait_until_today_is_kept_with(phone, "41.000")
    line.cut()
    phone.goto(f"{line.address}/stall/")
    phone.wait_for_selector(NETWORK["lost"])
    expect(phone.locator(".plate")).to_contain_text("41.000")
    expect(phone.locator(".plate")).to_contain_text(re.compile(r"Số lúc \d\d:\d\d, có mạng sẽ cập nhật"))
    expect(phone.locator("#offline")).to_contain_text(re.compile(r"Mất mạng từ \d\d:\d\d"))
    line.mend()


def test_today_is_of_today_again_when_the_network_is_back(phone: Page, line: Line, pay: Callable[[int], None]) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/")
    phone.wait_for_selector(NETWORK["lost"])
    pay(41_000)
    line.mend()
    phone.wait_for_selector(NETWORK["back"])
    expect(phone.locator(".plate")).to_contain_text("41.000")
    expect(phone.locator(".plate")).to_contain_text("lượt khách", use_inner_text=True)
    expect(phone.locator("#offline")).to_be_hidden()


def test_without_a_network_the_till_makes_the_code_itself(phone: Page, line: Line, huong: StallRow) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/till")
    phone.click(".chip >> text=50.000")
    phone.click("#go")
    phone.wait_for_url("**/stall/made?amount=50000")
    phone.wait_for_selector(NETWORK["lost"])
    payload = vietqr.encode(bin=huong.bin, account=huong.account_number, amount=50_000, purpose=huong.reference)
    assert modules(phone) == [bytes(module + 48 for module in row).decode() for row in image.matrix(payload)]
    expect(phone.locator("#shown")).to_have_text("50.000\N{NO-BREAK SPACE}đ")
    expect(phone.locator("#words")).to_have_text("Năm mươi nghìn đồng")
    expect(phone.get_by_text("Mất mạng. Xem app ngân hàng trước khi giao hàng")).to_be_visible()
    assert "Đã nhận" not in phone.inner_text("body")
    line.mend()


def test_a_till_opened_before_the_network_was_lost_makes_the_code_too(phone: Page, line: Line) -> None:
    phone.goto(f"{line.address}/stall/till")
    phone.click(".chip >> text=20.000")
    line.cut()
    phone.click("#go")
    phone.wait_for_url("**/stall/made?amount=20000")
    expect(phone.locator("#picture svg")).to_be_visible()
    line.mend()


def test_a_code_made_without_the_network_shows_the_money_once_there_is_one(
    phone: Page, line: Line, pay: Callable[[int], None]
) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/made?amount=50000")
    phone.wait_for_selector(NETWORK["lost"])
    pay(20_000)
    line.mend()
    phone.wait_for_selector(NETWORK["back"])
    expect(phone.locator("#other")).to_contain_text("20.000")
    expect(phone.locator("#picture svg")).to_be_visible()
    expect(phone.locator("#shown")).to_have_text("50.000\N{NO-BREAK SPACE}đ")
    expect(phone.locator("#asked")).to_have_value("50000")
    pay(50_000)
    expect(phone.get_by_role("heading", name="Đã nhận")).to_be_visible()


def test_a_code_made_on_a_slow_line_stays_when_the_answer_comes(phone: Page, line: Line) -> None:
    line.held = "/stall/made"
    phone.goto(f"{line.address}/stall/made?amount=50000")
    expect(phone.locator("html[data-kept]")).to_have_count(1)
    line.released.set()
    expect(phone.locator("html[data-kept]")).to_have_count(0)
    expect(phone.locator("#picture svg")).to_be_visible()
    expect(phone.locator("#asked")).to_have_value("50000")


def test_enter_makes_the_code_too(phone: Page, line: Line) -> None:
    phone.goto(f"{line.address}/stall/till")
    line.cut()
    phone.keyboard.press("Enter")
    phone.keyboard.type("20000")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/stall/made?amount=20000")
    line.mend()


def test_an_amount_made_without_a_network_can_be_changed(phone: Page, line: Line) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/made?amount=50000")
    phone.click("#edit")
    phone.wait_for_url("**/stall/till**")
    expect(phone.locator("#shown")).to_have_text("50.000\N{NO-BREAK SPACE}đ")
    line.mend()


def test_without_a_network_the_stalls_sign_is_shown(phone: Page, line: Line) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/sign")
    expect(phone.locator(".picture svg")).to_be_visible()
    line.mend()


def test_a_page_that_needs_the_network_says_so_and_leads_on(phone: Page, line: Line) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/book")
    expect(phone.get_by_role("main")).to_contain_text("Trang này cần mạng")
    phone.click("text=Nhập số tiền")
    phone.wait_for_url("**/stall/till")
    line.mend()


def test_with_a_network_the_till_asks_the_server_for_its_code_even_from_a_kept_page(phone: Page, line: Line) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/till")
    phone.wait_for_selector(NETWORK["lost"])
    line.mend()
    phone.click(".chip >> text=50.000")
    phone.click("#go")
    phone.wait_for_url("**/code/*")
    expect(phone.get_by_text("Chờ ngân hàng báo")).to_be_visible()


def test_signing_out_forgets_the_pages(phone: Page, line: Line) -> None:
    phone.click("text=Thoát")
    phone.wait_for_url("**/signin**")
    wait_until_kept(phone, ())
    line.cut()
    with pytest.raises(Exception, match="ERR_"):
        phone.goto(f"{line.address}/stall/")
    line.mend()


def test_a_phone_that_was_revoked_forgets_the_pages(phone: Page, line: Line, database: Database) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM session")
    phone.goto(f"{line.address}/stall/")
    phone.wait_for_url("**/signin**")
    wait_until_kept(phone, ())


def test_the_next_person_on_a_phone_sees_only_his_own_pages(
    phone: Page, line: Line, context: BrowserContext, tu: StallRow
) -> None:
    context.clear_cookies()
    page = context.new_page()
    sign_in(page, line, "tu")
    wait_until_kept(page)
    line.cut()
    page.goto(f"{line.address}/stall/")
    page.wait_for_selector(NETWORK["lost"])
    expect(page.locator(".bar .code")).to_have_text(tu.code)
    line.mend()


def test_the_app_can_be_installed(phone: Page, line: Line) -> None:
    session = phone.context.new_cdp_session(phone)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    found = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A browser context of a test is one that forgets: what speaks against that is no fault of the page.
    assert [error["errorId"] for error in found] == ["in-incognito"]


def test_the_first_load_is_light_with_all_that_is_kept(phone: Page, line: Line, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, storage_state=phone.context.storage_state())
    phone.close()
    line.sent.clear()
    page = context.new_page()
    page.goto(f"{line.address}/stall/")
    wait_until_kept(page)
    context.close()
    paths = [path for path, _ in line.sent if path.startswith("/static/")]
    assert len(paths) == len(set(paths))
    assert sum(size for _, size in line.sent) <= 50_000


def test_a_slow_network_shows_the_copy_first_and_renews_it(phone: Page, line: Line, pay: Callable[[int], None]) -> None:
    line.held = "/stall/"
    phone.goto(f"{line.address}/stall/")
    expect(phone.locator("html[data-kept]")).to_have_count(1)
    assert "Chưa có khách" not in phone.inner_text(".plate")
    pay(41_000)
    line.released.set()
    phone.wait_for_selector(NETWORK["back"])
    expect(phone.locator(".plate")).to_contain_text("41.000")


def test_a_new_version_of_the_program_replaces_all_that_was_kept(
    phone: Page, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stall_kept, "version", lambda: "another")
    phone.goto(f"{line.address}/stall/")
    wait_until_kept(phone)
    names: list[str] = ["-first"]
    end = time.monotonic() + 60
    while not all("-another" in name for name in names) and time.monotonic() < end:
        phone.wait_for_timeout(50)
        names = [name for name in phone.evaluate("() => caches.keys()") if name != "styles"]
    assert sorted(name.split("-")[0] for name in names if "-another" in name) == ["files", "pages"]
    assert len(names) == 2
    wait_until_kept(phone)


def test_a_slow_network_is_waited_for_where_it_says_that_a_sale_is_written_down(phone: Page, line: Line) -> None:
    phone.goto(f"{line.address}/stall/till")
    phone.click(".chip >> text=20.000")
    line.held = "/stall/till"
    phone.click("#cash")
    phone.wait_for_timeout(2_500)
    line.released.set()
    expect(phone.locator("#said")).to_contain_text("Đã ghi tiền mặt 20.000")
    expect(phone.get_by_role("link", name="Hoàn lại")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_a_network_every_page_can_be_read_and_used(
    phone: Page, line: Line, violations: Callable[[Page], list[dict[str, Any]]], scheme: Any
) -> None:
    phone.emulate_media(color_scheme=scheme)
    line.cut()
    phone.goto(f"{line.address}/stall/till")
    phone.click(".chip >> text=50.000")
    phone.click("#cash")
    phone.wait_for_selector("#said")
    found = []
    for path in (*ALL_KEPT, "/stall/made?amount=499999999", "/stall/book"):
        phone.goto(line.address + path)
        phone.wait_for_selector(NETWORK["lost"])
        phone.wait_for_selector("#unsent:not([hidden])")
        # What the buttons below cover half is no smaller for it.
        phone.evaluate("scrollTo(0, document.body.scrollHeight)")
        found += [f"{path}: {rule['id']} {rule['nodes'][0]['target']}" for rule in violations(phone)]
        if phone.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path}: wider than the screen")
    line.mend()
    assert found == []
