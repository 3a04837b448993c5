"""Pages that only a step leads to: each looked at with axe, in both languages, on a phone and at a desk."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import insert, select, update

from ledger import books
from ledger.days import utc_now
from ledger.inbox.notice import Notice
from market.access.logins import add_login
from market.db import Database
from market.model import LOGIN, ROLE_GRANT
from merchants.consents import VERSION, record_consent
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.browser.test_board import DESK, PHONE, SIDEWAYS, TOO_SMALL
from tests.browser.test_phone import TOO_SMALL as TOO_SMALL_ON_PHONE

LIST = "code,name,category,section,holder,phone,bank,account_number,account_name\n"
LIST += "K-7,Bún bò Mợ Rớt,Ăn uống,Dãy K,Trần Thị Rớt,,VCB,0987650007,TRAN THI ROT\n"
Screen = tuple[tuple[int, int], str]


@pytest.fixture(params=[(PHONE, "vi"), (DESK, "en")], ids=["phone", "desk"])
def screen(request: pytest.FixtureRequest) -> Screen:
    """How large a screen is, and the language of its pages."""
    found: Screen = request.param
    return found


@pytest.fixture
def sign_in(
    browser: Browser, market_id: int, site: str, screen: Screen, let_in: Callable[..., str]
) -> Iterator[Callable[..., Page]]:
    """Opens a page of somebody whose proof was shown just now: `sign_in("board", market_id=1)`."""
    contexts: list[BrowserContext] = []
    size, language = screen

    def opened(role: str, **place: Any) -> Page:
        token = let_in(f"{role}-{len(contexts)}", role, pin="274918", confirmed=True, **place)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=site)
        contexts.append(context)
        context.add_cookies(
            [{"name": "cho", "value": token, "url": site}, {"name": "lang", "value": language, "url": site}]
        )
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def look(violations: Callable[[Page], list[dict[str, Any]]]) -> Callable[[Page], None]:
    """Asserts that a page can be used by everybody."""

    def at(page: Page) -> None:
        found = [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations(page)]
        assert (page.url, found) == (page.url, [])
        assert page.evaluate(SIDEWAYS) == 0, page.url
        phone = page.evaluate("document.body.classList.contains('phone')")
        assert (page.url, page.evaluate(TOO_SMALL_ON_PHONE if phone else TOO_SMALL)) == (page.url, [])

    return at


def test_before_anybody_and_for_who_has_nothing_or_much(
    browser: Browser,
    site: str,
    sign_in: Callable[..., Page],
    look: Callable[[Page], None],
    database: Database,
    market_id: int,
    screen: Screen,
) -> None:
    size, language = screen
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=site)
    context.add_cookies([{"name": "lang", "value": language, "url": site}])
    page = context.new_page()
    page.goto("/first")
    look(page)
    page.locator("form .button.solid").first.click()
    look(page)
    context.close()
    with database.writing() as session:
        add_login(session, name="x-1", role="administrator", market_id=None, stall_id=None, password="", now=utc_now())
    page = sign_in("board", market_id=market_id)
    with database.writing() as session:
        login_id = session.connection().execute(select(LOGIN.c.id).where(LOGIN.c.name == "board-0")).scalar_one()
        session.connection().execute(
            insert(ROLE_GRANT).values(login_id=login_id, role="province", granted_at=utc_now())
        )
    page.goto("/")
    look(page)
    with database.writing() as session:
        session.connection().execute(update(ROLE_GRANT).values(revoked_at=utc_now()))
    page.goto("/")
    look(page)


def test_a_stall_is_read_back_and_its_account_changed(
    sign_in: Callable[..., Page],
    look: Callable[[Page], None],
    huong: StallRow,
    market_id: int,
) -> None:
    page = sign_in("board", market_id=market_id)
    page.goto("/board/ben-song/stalls/new")
    for name, value in {
        "code": "C-77",
        "name": huong.name,
        "holder": "Lê Thị Tám",
        "account_name": "LE THI TAM",
    }.items():
        page.fill(f"#{name}", value)
    page.fill("[name=bank]", "VCB")
    page.fill("#account_number", huong.account_number)
    page.locator("form .button.solid").first.click()
    page.wait_for_selector("[name=read]")
    look(page)
    page.goto("/board/ben-song/stalls/C-01/account")
    look(page)
    page.locator("[name=bank]").evaluate("(e) => { e.value = e.tagName === 'SELECT' ? e.options[2].value : 'MB'; }")
    page.fill("#account_number", "0777700001")
    page.fill("#account_name", "LE THI HUONG")
    page.locator("form .button.solid").first.click()
    page.wait_for_selector("[name=read]")
    look(page)
    page.click("[name=read]")
    page.wait_for_url("**/stalls/C-01")
    look(page)


def test_a_board_reads_what_a_stall_shows_it(
    sign_in: Callable[..., Page],
    look: Callable[[Page], None],
    huong: StallRow,
    channel: Source,
    told: Callable[..., Notice],
    database: Database,
) -> None:
    page = sign_in("board", market_id=huong.market_id)
    now = utc_now()
    place = {"market_id": huong.market_id, "stall_id": huong.id}
    with database.writing() as session:
        since = now - timedelta(days=1)
        record_consent(session, given=True, text_version=VERSION, login_id=1, now=since, **place)
        take(session, channel, "hook", [(told(huong, 50_000, at=now), b"{}")], now)
    for path in ("/board/ben-song/amounts", "/board/ben-song/stalls/C-01/amounts"):
        page.goto(path)
        look(page)


def test_a_list_is_read_back_and_a_channels_secret_shown(
    sign_in: Callable[..., Page],
    look: Callable[[Page], None],
    huong: StallRow,
    market_id: int,
) -> None:
    page = sign_in("board", market_id=market_id)
    page.goto("/board/ben-song/import")
    page.set_input_files("input[type=file]", {"name": "sap.csv", "mimeType": "text/csv", "buffer": LIST.encode()})
    page.locator("form .button.solid").first.click()
    page.wait_for_selector("[name=list]", state="attached")
    look(page)
    page.goto("/board/ben-song/channels/new")
    page.locator("[name=way]").select_option(index=1)
    page.locator("form .button.solid").first.click()
    page.wait_for_selector(".copied")
    look(page)


def test_what_a_stallholder_does_seldom(
    sign_in: Callable[..., Page],
    look: Callable[[Page], None],
    huong: StallRow,
    channel: Source,
    told: Callable[..., Notice],
    database: Database,
) -> None:
    with database.writing() as session:
        paid = [(told(huong, 50_000, at=utc_now() - timedelta(minutes=minute)), b"{}") for minute in range(3)]
        take(session, channel, "hook", paid, utc_now())
        typed: dict[str, Any] = {"client_key": "phone-0001", "login_id": 1, "memo": "", "now": utc_now()}
        books.enter_sale(session, book_id=huong.book_id, amount=20_000, cash=True, occurred_at=None, **typed)
    page = sign_in("stallholder", stall=huong)
    for path in ("/security/pin", "/stall/find?amount=50", "/stall/find?amount=x", "/stall/privacy"):
        page.goto(path)
        look(page)
    for path in ("/stall/privacy/amounts", "/stall/privacy/amounts/agree", f"/stall/privacy/amounts/text/{VERSION}"):
        page.goto(path)
        look(page)
    page.goto("/stall/day")
    page.goto(page.locator("details a").first.get_attribute("href") or "")
    look(page)
    # The fourth entry of her book.
    for path in (f"/stall/till?stall={huong.id}&cash=4", f"/stall/cash/{huong.id}/4"):
        page.goto(path)
        look(page)
