"""The trader's phone and the shopper's in a real browser: what is shown, by whom it can be used, how much is sent."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.wsgi import ClosingIterator

from market.installation import Installation
from market.web.app import create_app
from market.web.spoken import vnd_words
from merchants import payment_codes
from merchants.stalls import StallRow
from tests.browser.line import PASSWORD, wait_until_kept

TRADERS = (
    *("/stall/", "/stall/till", "/stall/sign", "/stall/book", "/stall/connect", "/stall/day", "/stall/week"),
    *("/stall/revenue", "/stall/revenue/header"),
)
# Everything a finger must hit: what stands inside a sentence is exempt (WCAG 2.2, 2.5.8).
TOO_SMALL = """() => [...document.querySelectorAll("a, button, input, select")]
  .filter((e) => !e.closest("p") && !e.classList.contains("skip"))
  .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 48 || box.width < 44)).map(([text]) => text)"""


@pytest.fixture
def sent() -> list[tuple[str, int]]:
    """What the server has sent: path, and bytes of the body as a web server compresses it."""
    return []


@pytest.fixture
def address(
    installation: Installation,
    add_person: Callable[..., int],
    huong: StallRow,
    sent: list[tuple[str, int]],
    serve: Callable[[Any], AbstractContextManager[str]],
) -> Iterator[str]:
    """The application served, with an administrator and chị Hương as `huong`."""
    add_person("quan-tri", "administrator")
    add_person("huong", "stallholder", stall=huong)
    app = create_app(installation)

    def weighing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with closing(ClosingIterator(app(environ, start_response))) as answer:
            body = b"".join(answer)
        sent.append((environ["PATH_INFO"], len(gzip.compress(body))))
        return [body]

    with serve(weighing) as site:
        yield site


@pytest.fixture
def errors() -> list[str]:
    """What a page logged as an error, and what it asked of other sites."""
    return []


@pytest.fixture
def page(context: BrowserContext, errors: list[str]) -> Iterator[Page]:
    """A page that may log no error and ask no other site."""
    made = context.new_page()
    made.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("request", lambda request: errors.append(request.url) if "127.0.0.1" not in request.url else None)
    yield made
    assert errors == []


@pytest.fixture
def trader(page: Page, address: str) -> Page:
    """Chị Hương, signed in by keyboard alone."""
    page.goto(f"{address}/signin")
    page.focus("#login")
    page.keyboard.type("huong")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/stall/")
    return page


@pytest.fixture
def faults(violations: Callable[[Page], list[dict[str, Any]]]) -> Callable[[Page], list[str]]:
    """What axe finds wrong, what is too small for a finger, what stands out at the side."""

    def of(page: Page) -> list[str]:
        found = [f"{page.url}: {rule['id']} {rule['nodes'][0]['target']}" for rule in violations(page)]
        found += [f"{page.url}: too small {text}" for text in page.evaluate(TOO_SMALL)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{page.url}: wider than the screen")
        return found

    return of


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(360, 740), (1280, 800)], ids=["phone", "desk"])
def test_every_page_can_be_read_and_used(
    trader: Page,
    faults: Callable[[Page], list[str]],
    address: str,
    pay: Callable[..., None],
    size: tuple[int, int],
    scheme: Any,
    language: str,
) -> None:
    pay(499_999_999)
    trader.context.add_cookies([{"name": "lang", "value": language, "url": address}])
    trader.emulate_media(color_scheme=scheme)
    trader.set_viewport_size({"width": size[0], "height": size[1]})
    found = []
    for path in (*TRADERS, "/s/ben-song/C-01"):
        trader.goto(address + path)
        found += faults(trader)
    trader.goto(f"{address}/stall/till?amount=499999999")
    trader.click("#go")
    trader.wait_for_url("**/code/*")
    found += faults(trader)
    pay(200, memo=trader.url.rsplit("/", 1)[1])
    trader.wait_for_url("**/received/**")
    found += faults(trader)
    assert found == []


@pytest.mark.parametrize("path", ["/signin", "/s/ben-song/C-01"])
def test_a_strangers_pages_can_be_read_and_used(
    page: Page, faults: Callable[[Page], list[str]], address: str, path: str
) -> None:
    page.goto(address + path)
    assert faults(page) == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_of_the_api_can_be_read_by_everybody(
    page: Page, violations: Callable[[Page], list[dict[str, Any]]], address: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(f"{address}/api/v1/docs")
    assert [one["id"] for one in violations(page)] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_at_twice_the_size_nothing_stands_out_at_the_side(
    trader: Page, faults: Callable[[Page], list[str]], address: str
) -> None:
    trader.set_viewport_size({"width": 640, "height": 400})
    found = []
    for path in TRADERS:
        trader.goto(address + path)
        found += faults(trader)
    assert found == []


def test_money_is_received_while_the_code_is_shown(trader: Page, address: str, pay: Callable[..., None]) -> None:
    trader.click("text=Nhập số tiền >> nth=0")
    trader.wait_for_url("**/till")
    for key in ("50.000", "20.000"):
        trader.click(f".chip >> text={key}")
    trader.click("[data-key=plus]")
    trader.keyboard.type("5000")
    expect(trader.locator("#shown")).to_have_text("75.000\N{NO-BREAK SPACE}đ")
    expect(trader.locator("#words")).to_have_text("Bảy mươi lăm nghìn đồng")
    expect(trader.locator("#terms")).to_have_text("50.000 + 20.000 + 5.000")
    trader.click("#go")
    trader.wait_for_url("**/code/*")
    pay(30_000)
    expect(trader.locator("#other")).to_contain_text("30.000")
    pay(75_000, memo=f"CK {trader.url.rsplit('/', 1)[1]}")
    trader.wait_for_url("**/received/**")
    expect(trader.get_by_role("heading", level=1)).to_have_text("Đã nhận")


def test_today_follows_the_money(trader: Page, pay: Callable[..., None]) -> None:
    pay(41_000)
    trader.wait_for_selector(".rows >> text=41.000")
    expect(trader.locator(".plate")).to_contain_text("41.000")


def test_today_keeps_the_focus_and_what_the_last_tap_did_when_money_comes(
    trader: Page, pay: Callable[..., None]
) -> None:
    pay(41_000)
    trader.click(".rows summary >> text=41.000")
    trader.click(".rows >> text=Không phải tiền bán hàng")
    trader.wait_for_selector(".note.ok >> text=Hoàn lại")
    row = trader.get_attribute(".rows details", "id")
    trader.focus(".rows summary")
    pay(42_000)
    trader.wait_for_selector(".rows >> text=42.000")
    assert trader.evaluate("document.activeElement.parentNode.id") == row
    trader.focus(".note.ok button")
    pay(43_000)
    trader.wait_for_selector(".rows >> text=43.000")
    assert trader.evaluate("document.activeElement.textContent") == "Hoàn lại"
    trader.keyboard.press("Enter")
    trader.wait_for_selector(".plate >> text=126.000")


def test_a_code_says_by_itself_that_it_is_old(
    trader: Page, address: str, monkeypatch: pytest.MonkeyPatch, pay: Callable[..., None]
) -> None:
    # Long enough to be seen waiting on a busy machine.
    monkeypatch.setattr(payment_codes, "LASTS", timedelta(seconds=10))
    trader.goto(f"{address}/stall/till?amount=50000")
    trader.click("#go")
    trader.wait_for_selector(".hold >> text=Chờ ngân hàng báo")
    trader.wait_for_selector(".hold >> text=Mã này đã quá 15 phút")
    expect(trader.get_by_text("Chờ ngân hàng báo")).to_be_hidden()
    pay(50_000, memo=trader.url.rsplit("/", 1)[1])
    trader.wait_for_url("**/received/**")


def test_a_phone_that_lies_on_its_side_shows_all_of_the_till_and_of_a_code(trader: Page, address: str) -> None:
    trader.set_viewport_size({"width": 740, "height": 360})
    trader.goto(f"{address}/stall/till?amount=1245000")
    assert trader.evaluate("document.documentElement.scrollHeight") == 360
    assert trader.evaluate(TOO_SMALL) == []
    trader.click("#go")
    trader.wait_for_url("**/code/*")
    assert trader.evaluate("document.documentElement.scrollHeight") == 360
    assert trader.evaluate("document.querySelector('.picture svg').clientHeight") >= 270


def test_keys_say_every_amount_as_the_server_does(trader: Page, address: str) -> None:
    amounts = [1_001, 1_015, 21_000, 25_000, 100_000, 105_005, 1_200_000, 4_385_000, 12_500_000, 100_000_001]
    said = []
    for amount in amounts:
        trader.goto(f"{address}/stall/till?amount={amount}")
        said.append(trader.inner_text("#words").removesuffix(" đồng").lower())
    assert said == [vnd_words(amount) for amount in amounts]


def test_without_script_a_number_becomes_a_code(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/signin")
    page.fill("#login", "huong")
    page.fill("#password", PASSWORD)
    page.click("form.sign button")
    page.wait_for_url("**/stall/")
    page.goto(f"{address}/stall/till")
    page.fill("#amount", "75.000")
    page.click("#go")
    page.wait_for_url("**/code/*")
    expect(page.locator(".figure")).to_have_text("75.000\N{NO-BREAK SPACE}đ")
    expect(page.get_by_text("Chờ ngân hàng báo")).to_be_visible()
    context.close()


def test_offline_is_said_where_money_is_awaited(
    trader: Page, context: BrowserContext, address: str, errors: list[str]
) -> None:
    trader.goto(f"{address}/stall/till?amount=50000")
    trader.click("#go")
    trader.wait_for_url("**/code/*")
    context.set_offline(True)
    expect(trader.locator("#offline")).to_be_visible()
    expect(trader.locator("#offline")).to_contain_text("Xem app ngân hàng trước khi giao hàng.")
    context.set_offline(False)
    expect(trader.locator("#offline")).to_be_hidden()
    errors.clear()


def test_the_next_pages_on_a_phone_are_light(
    trader: Page, address: str, browser: Browser, sent: list[tuple[str, int]]
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, storage_state=trader.context.storage_state())
    trader.goto("about:blank")
    page = context.new_page()
    # The first one is weighed with all that it has kept for when there is no network (test_offline).
    page.goto(f"{address}/stall/")
    wait_until_kept(page)
    weights = []
    for path in ("/stall/", "/stall/book"):
        page.wait_for_load_state("networkidle")
        sent.clear()
        page.goto(address + path, wait_until="networkidle")
        weights.append(sum(size for _, size in sent))
    context.close()
    assert max(weights) <= 10_000
