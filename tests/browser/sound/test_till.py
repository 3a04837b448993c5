"""What is heard and seen at the till, from the amount to the bank's word."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, expect

from ledger.days import HO_CHI_MINH, utc_now
from market.channels import add_channel
from market.installation import Installation
from market.secret_key import seal
from market.web.spoken import vnd_words
from merchants.stalls import StallRow
from tests.browser.sound.played import CHIME, FIFTY, GREEN, STAYS, TURMERIC, TWO_LOW_TONES, ask, colour, listen

SECRET = "khoa-cua-sap"


def test_the_voice_says_thousands_of_amounts_as_they_are_written(browser: Browser, thorough: bool) -> None:
    source = random.Random(50)
    amounts = [
        *range(2_500),
        *range(1_000, 1_000_000, 997),
        *(10**power + add for power in range(15) for add in (0, 1)),
    ]
    amounts += [source.randrange(10 ** source.randrange(1, 15)) for _ in range(50_000 if thorough else 3_000)]
    page = browser.new_page()
    page.add_script_tag(path=Path("market/static/amount.js"))
    said = page.evaluate("(amounts) => amounts.map((amount) => amountWords(amount).join(' '))", amounts)
    page.close()
    assert said == [vnd_words(amount) for amount in amounts]


def test_the_whole_morning_from_the_till_to_the_banks_webhook(
    page: Page,
    site: str,
    heard: list[str],
    installation: Installation,
    huong: StallRow,
    sepay_body: Callable[..., bytes],
) -> None:
    with installation.database.writing() as session:
        channel_id = add_channel(
            session,
            provider="sepay",
            market_id=huong.market_id,
            stall_id=huong.id,
            auth="apikey",
            sealed_secret=seal(installation.key, SECRET),
            now=utc_now(),
        )
    page.goto(f"{site}/stall/")
    page.click("text=Nhập số tiền")
    page.click(".chip >> text=50.000")
    page.click("#go")
    page.wait_for_url("**/code/*")
    expect(page.get_by_text("Chờ ngân hàng báo")).to_be_visible()
    body = sepay_body(
        transferAmount=50_000,
        content=f"MBVCB.1.{page.url.rsplit('/', 1)[1]}.CT tu 0123",
        transactionDate=f"{utc_now().astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M:%S}",
    )
    headers = {"Content-Type": "application/json", "Authorization": f"Apikey {SECRET}"}
    with urlopen(Request(f"{site}/hooks/{channel_id}", body, headers)) as answer:  # noqa: S310 (our own server)
        assert json.load(answer)["status"] == "recorded"
    expect(page.get_by_role("heading", name="Đã nhận")).to_be_focused()
    assert colour(page) == GREEN
    said = page.inner_text("main")
    assert "Năm mươi nghìn đồng" in said
    assert re.search(r"Ngân hàng báo lúc \d\d:\d\d:\d\d", said)
    listen(page, heard, FIFTY)
    heard.clear()
    page.click("text=Nghe lại")
    listen(page, heard, FIFTY)
    page.wait_for_url(f"{site}/stall/")
    expect(page.locator("main")).to_contain_text("50.000")
    assert heard == FIFTY


def test_what_is_short_has_its_own_tones_words_and_colour_and_waits_for_a_look(
    page: Page, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    pay(200, memo=ask(page, site, 200_000))
    expect(page.get_by_role("heading", name="Thiếu tiền")).to_be_visible()
    assert colour(page) == TURMERIC
    listen(page, heard, [*TWO_LOW_TONES, "thieu-tien"])
    page.wait_for_timeout(9_000)
    page.click("text=Hiện mã thu 199.800")
    page.wait_for_url("**/code/*")
    heard.clear()
    pay(199_800, memo=page.url.rsplit("/", 1)[1])
    expect(page.get_by_role("heading", name="Đã nhận")).to_be_visible()
    listen(page, heard, [*CHIME, "da-nhan", "1", "tram", "9", "muoi", "9", "nghin", "8", "tram", "dong"])


def test_another_customers_money_is_heard_while_a_code_waits_and_is_not_taken_for_the_answer(
    page: Page, site: str, heard: list[str], pay: Callable[..., None]
) -> None:
    pay(50_000)
    reference = ask(page, site, 50_000)
    pay(30_000)
    listen(page, heard, [*CHIME, "da-nhan", "3", "muoi", "nghin", "dong"])
    expect(page.locator("#other")).to_contain_text("30.000")
    assert page.url.endswith(reference)
    heard.clear()
    pay(50_000)
    expect(page.get_by_role("heading", name="Đã nhận")).to_be_visible()
    listen(page, heard, FIFTY)


def test_by_keyboard_and_in_english(page: Page, site: str, heard: list[str], pay: Callable[..., None]) -> None:
    page.add_init_script(STAYS)
    page.context.add_cookies([{"name": "lang", "value": "en", "url": site}])
    page.goto(f"{site}/stall/till")
    page.keyboard.type("50000")
    page.keyboard.press("Enter")
    page.wait_for_url("**/code/*")
    expect(page.get_by_role("main")).to_contain_text("Fifty thousand dong")
    pay(50_000, memo=page.url.rsplit("/", 1)[1])
    expect(page.get_by_role("heading", name="Received")).to_be_focused()
    listen(page, heard, FIFTY)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Play again")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/stall/")
