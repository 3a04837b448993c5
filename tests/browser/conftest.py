"""What every test in a real browser needs: the browser, and the application served to it."""

import threading
import wsgiref.simple_server
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FADED_IN = """() => Promise.all(document.getAnimations()
  .filter((each) => each.effect.getComputedTiming().iterations !== Infinity)
  .map((each) => each.finished)).then(() => null)"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Debian's Chromium these tests are skipped, and say so."""
    if not CHROMIUM.exists():
        for item in items:
            if item.path.parent == Path(__file__).parent:
                item.add_marker(pytest.mark.skip(reason=f"there is no {CHROMIUM}"))


@pytest.fixture
def dialect() -> str:
    """What a browser shows does not depend on the database; the tests of the views run on both."""
    return "sqlite"


@pytest.fixture(scope="session")
def violations() -> Callable[[Page], list[dict[str, Any]]]:
    """What axe finds wrong with a page: WCAG 2.2 AA and what it holds for good practice."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def found(page: Page) -> list[dict[str, Any]]:
        # A page that fades in is looked at when it has: half-way every colour is too weak.
        page.evaluate(FADED_IN)
        response: dict[str, list[dict[str, Any]]] = Axe().run(page, options={"runOnly": rules}).response
        return response["violations"]

    return found


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def serve() -> Callable[[Any], AbstractContextManager[str]]:
    """Serves a WSGI application while a block runs, and gives its address: `with serve(app) as address:`."""

    @contextmanager
    def served(app: Any) -> Iterator[str]:
        server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=_Quiet)
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
