"""The sound box: each payment once, in order, with one voice, whatever sleeps, is reloaded or lost."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from merchants.stalls import StallRow
from tests.browser.sound.played import CHIME, FIFTY, STAYS, TURMERIC, TWO_LOW_TONES, ask, colour, listen, turn_on


def test_less_than_a_thousand_is_never_said_to_be_received(
    page: Page, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    turn_on(page, site, heard)
    pay(999)
    expect(page.get_by_role("heading", name="Rất ít tiền")).to_be_visible()
    assert colour(page) == TURMERIC
    listen(page, heard, [*TWO_LOW_TONES, "thieu-tien"])


def test_the_sound_box_says_one_after_the_other_and_nothing_again_after_a_reload(
    page: Page, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    turn_on(page, site, heard)
    pay(50_000)
    pay(21_000)
    received = page.get_by_role("main").filter(has=page.get_by_role("heading", name="Đã nhận"))
    expect(received).to_contain_text("50.000")
    listen(page, heard, [*FIFTY, *CHIME, "da-nhan", "2", "muoi", "mot", "nghin", "dong"])
    expect(received).to_contain_text("21.000")
    page.reload()
    expect(page.locator(".rows")).to_contain_text("21.000")
    heard.clear()
    page.mouse.click(180, 400)
    page.wait_for_timeout(6_000)
    assert heard == []


def test_the_stalls_own_code_says_and_shows_what_comes_and_is_there_again(
    page: Page, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    turn_on(page, site, heard)
    page.goto(f"{site}/stall/sign")
    page.mouse.click(180, 100)
    heard.clear()
    pay(50_000)
    expect(page.get_by_role("heading", name="Đã nhận")).to_be_visible()
    listen(page, heard, FIFTY)
    expect(page.get_by_role("img", name="Mã QR của sạp")).to_be_visible()


def test_what_came_while_the_sound_box_slept_is_said_when_it_wakes(
    page: Page, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    turn_on(page, site, heard)
    page.goto("about:blank")
    pay(50_000)
    with page.expect_response("**/stall/payments?**"):
        page.goto(f"{site}/stall/loa")
    expect(page.get_by_text("Máy chưa cho phát tiếng")).to_be_visible()
    page.wait_for_timeout(2_000)
    assert heard == []
    page.mouse.click(180, 600)
    listen(page, heard, FIFTY)


def test_old_and_much_money_is_told_on_the_screen_and_not_shouted(
    page: Page, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    turn_on(page, site, heard)
    page.goto("about:blank")
    page.add_init_script(STAYS)
    for amount in (11_000, 12_000):
        pay(amount, ago=timedelta(minutes=20))
    for amount in range(1, 8):
        pay(amount * 1_000)
    page.goto(f"{site}/stall/loa")
    page.click("#loa-on")
    said = [[*CHIME, "da-nhan", str(amount), "nghin", "dong"] for amount in range(3, 8)]
    test = [*CHIME, "da-nhan", "0", "dong"]
    listen(page, heard, [*test, *(word for each in said for word in each)], within=120)
    page.click("[data-done]")
    expect(page.locator("#missed")).to_contain_text("có 4 khoản vào")
    page.click("#missed-seen")
    expect(page.locator("#missed")).to_be_hidden()


def test_without_a_network_the_sound_box_says_so_and_catches_up(
    page: Page, phone: BrowserContext, site: str, heard: list[str], errors: list[str], pay: Callable[..., None]
) -> None:
    turn_on(page, site, heard)
    phone.set_offline(True)
    expect(page.get_by_text("Chưa nghe được ngân hàng")).to_be_visible()
    expect(page.locator("#offline")).to_contain_text(re.compile(r"Mất mạng từ \d\d:\d\d"))
    pay(50_000)
    page.wait_for_timeout(1_000)
    assert heard == []
    phone.set_offline(False)
    listen(page, heard, FIFTY)
    errors.clear()


def test_two_tabs_have_one_voice(
    page: Page, phone: BrowserContext, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    turn_on(page, site, heard)
    other = phone.new_page()
    turn_on(other, site, heard)
    pay(50_000)
    listen(page, heard, FIFTY)
    for tab in (page, other):
        expect(tab.locator("main")).to_contain_text("50.000")
    page.wait_for_timeout(5_000)
    assert heard == FIFTY


def test_a_speaker_that_is_off_stays_off_and_the_screen_still_tells(
    page: Page, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    turn_on(page, site, heard)
    page.click("#loa-off")
    expect(page.locator(".ear")).to_contain_text("Loa tắt")
    page.goto(f"{site}/stall/")
    expect(page.locator(".bar")).to_contain_text("Loa tắt")
    pay(50_000, memo=ask(page, site, 50_000))
    expect(page.get_by_role("heading", name="Đã nhận")).to_be_visible()
    expect(page.get_by_text("Nghe lại")).to_be_hidden()
    assert heard == []


def test_a_helper_hears_payments_and_sees_no_sum(
    phone: BrowserContext,
    site: str,
    huong: StallRow,
    let_in: Callable[..., str],
    heard: list[str],
    pay: Callable[..., None],
) -> None:
    phone.add_cookies([{"name": "cho", "value": let_in("helper", "helper", stall=huong), "url": site}])
    page = phone.new_page()
    turn_on(page, site, heard)
    pay(50_000)
    listen(page, heard, FIFTY)
    page.goto(f"{site}/stall/")
    expect(page.locator(".plate")).to_be_visible()
    expect(page.locator(".plate .figure")).to_have_count(0)
    heard.clear()
    page.mouse.click(180, 300)
    pay(3_000)
    listen(page, heard, [*CHIME, "da-nhan", "3", "nghin", "dong"])


def test_a_sum_that_lacks_a_clip_is_not_said_in_part(
    page: Page, site: str, heard: list[str], errors: list[str], pay: Callable[..., None]
) -> None:
    page.add_init_script(
        "const get = fetch;"
        "fetch = (...asked) => (`${asked[0]}`.includes('/muoi.') ? Promise.reject(Error()) : get(...asked));"
    )
    turn_on(page, site, heard)
    pay(50_000)
    expect(page.get_by_role("heading", name="Đã nhận")).to_be_visible()
    listen(page, heard, CHIME)
    page.wait_for_timeout(4_000)
    assert heard == CHIME
    errors.clear()


@pytest.mark.parametrize("size", [(360, 740), (740, 360), (640, 400), (320, 500)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sound_box_can_be_read_and_used_in_every_state(
    page: Page,
    site: str,
    heard: list[str],
    pay: Callable[..., None],
    violations: Callable[[Page], list[dict[str, Any]]],
    size: tuple[int, int],
    scheme: Any,
) -> None:
    page.add_init_script(STAYS)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site}/stall/loa")
    found = [(page.url, each["id"], each["nodes"][0]["target"]) for each in violations(page)]
    turn_on(page, site, heard)
    found += [("on", each["id"], each["nodes"][0]["target"]) for each in violations(page)]
    pay(499_999_999)
    expect(page.get_by_role("heading", name="Đã nhận")).to_be_visible()
    found += [("received", each["id"], each["nodes"][0]["target"]) for each in violations(page)]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("[data-done]")
    found += [("after", each["id"], each["nodes"][0]["target"]) for each in violations(page)]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert found == []
