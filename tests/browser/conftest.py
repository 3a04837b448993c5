"""What every test in a real browser needs: the browser, and the application served to it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ledger.days import HO_CHI_MINH, utc_now
from ledger.inbox.notice import Notice
from market.access import devices, sessions
from market.access.logins import add_login
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.web.app import create_app
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.browser.line import PASSWORD, PATIENT, Line, server_of, sign_in, wait_until_kept

# As long as everything else is waited for: a phone asks every three seconds, and a busy machine is slow.
expect.set_options(timeout=30_000)

CHROMIUM = Path("/usr/bin/chromium")
FADED_IN = """() => Promise.allSettled(document.getAnimations()
  .filter((each) => each.effect.getComputedTiming().iterations !== Infinity)
  .map((each) => each.finished)).then(() => null)"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Debian's Chromium these tests are skipped, and say so."""
    if not CHROMIUM.exists():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=f"there is no {CHROMIUM}"))


@pytest.fixture(autouse=True)
def one_day() -> None:
    """A test begins and ends on one day, the market's and the browser's: close to midnight it waits for the next."""
    for now in (utc_now().astimezone(HO_CHI_MINH), utc_now().astimezone()):
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
        if midnight - now < timedelta(minutes=2):
            time.sleep((midnight - now).total_seconds() + 1)


@pytest.fixture
def dialect() -> str:
    """What a browser shows does not depend on the database; the tests of the views run on both."""
    return "sqlite"


@pytest.fixture(scope="session")
def violations() -> Callable[[Page], list[dict[str, Any]]]:
    """What axe finds wrong with a page: WCAG 2.2 AA and what it holds for good practice."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def found(page: Page) -> list[dict[str, Any]]:
        page.wait_for_load_state()
        # A page that fades in is looked at when it has: half-way every colour is too weak.
        page.evaluate(FADED_IN)
        response: dict[str, list[dict[str, Any]]] = Axe().run(page, options={"runOnly": rules}).response
        return response["violations"]

    return found


@pytest.fixture
def serve() -> Callable[[Any], AbstractContextManager[str]]:
    """Serves a WSGI application while a block runs, and gives its address: `with serve(app) as address:`."""

    @contextmanager
    def served(app: Any) -> Iterator[str]:
        server = server_of(app)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield opened
        opened.close()


@pytest.fixture
def installation(database: Database, tmp_path: Path) -> Installation:
    """An installation whose data folder is the test's own."""
    found = Installation(Settings.from_environment({"CHO_DATA": str(tmp_path / "data")}))
    found.database = database
    return found


@pytest.fixture
def site(installation: Installation, serve: Callable[[Any], AbstractContextManager[str]]) -> Iterator[str]:
    """The application served: its address."""
    with serve(create_app(installation)) as address:
        yield address


@pytest.fixture
def add_person(database: Database) -> Callable[..., int]:
    """Adds a login that has `PASSWORD` and gives its id: `add_person("huong", "stallholder", stall=huong)`."""

    def add(name: str, role: str, *, market_id: int | None = None, stall: StallRow | None = None) -> int:
        with database.writing() as session:
            return add_login(
                session,
                name=name,
                role=role,
                market_id=stall.market_id if stall else market_id,
                stall_id=stall.id if stall else None,
                password=PASSWORD,
                now=utc_now(),
            )

    return add


@pytest.fixture
def let_in(database: Database, add_person: Callable[..., int]) -> Callable[..., str]:
    """Adds a login, signs it in and gives the token of its session: `let_in("ban", "board", market_id=market_id)`.

    With a `pin`, a stall's phone is enrolled and is where it is signed in; `confirmed`: it showed just now who it is.
    """

    def signed_in(
        name: str,
        role: str,
        *,
        market_id: int | None = None,
        stall: StallRow | None = None,
        pin: str = "",
        confirmed: bool = False,
    ) -> str:
        login_id = add_person(name, role, market_id=market_id, stall=stall)
        now, device_id = utc_now(), None
        with database.writing() as session:
            if stall and pin:
                about = {"market_id": stall.market_id, "login_id": login_id}
                device_id = devices.add(session, name="Điện thoại", pin=pin, now=now, **about)
            return sessions.sign_in(session, login_id, now, device_id=device_id, confirmed=confirmed)

    return signed_in


@pytest.fixture
def pay(database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice]) -> Callable[..., None]:
    """A customer pays chị Hương and the bank tells: `pay(50_000, memo="…", ago=timedelta(hours=1))`."""

    def paid(amount: int, memo: str = "", ago: timedelta = timedelta(0)) -> None:
        now = utc_now()
        notice = told(huong, amount, at=now - ago, memo=memo, payer_name="NGUYEN THI MAI")
        with database.writing() as session:
            take(session, channel, "hook", [(notice, b"{}")], now)

    return paid


@pytest.fixture
def line(installation: Installation, add_person: Callable[..., int], huong: StallRow, tu: StallRow) -> Iterator[Line]:
    """The application served over a line that can be cut, with a login for chị Hương and one for anh Tư."""
    add_person("quan-tri", "administrator")
    add_person("huong", "stallholder", stall=huong)
    add_person("tu", "stallholder", stall=tu)
    made = Line(create_app(installation))
    yield made
    made.cut()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A small Android phone."""
    made = browser.new_context(viewport={"width": 360, "height": 740})
    made.add_init_script(PATIENT)
    yield made
    made.close()


@pytest.fixture
def phone(context: BrowserContext, line: Line) -> Page:
    """Chị Hương's phone, once it has kept its pages."""
    page = context.new_page()
    sign_in(page, line, "huong")
    wait_until_kept(page)
    return page
