"""What the tests of polling share: a provider that listens, an installation that asks it, a channel with its token."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from market.channels import ChannelRow
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.polling import Polled, poll
from merchants.stalls import StallRow
from tests.conftest import NOW
from tests.market.polls.provider import KEY, Provider, channel, says


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[ThreadingHTTPServer, list[Provider]]]:
    """One server for all tests; each puts a provider of its own behind it."""
    behind: list[Provider] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider = behind[0]
            fault = provider.faults.get(len(provider.asked))
            provider.asked.append(self.path)
            if fault is not None:
                fault(self)
                return
            status, headers, body = provider.answer(self.path, self.headers)
            says(status, body, **headers)(self)

        def log_message(self, *arguments: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server, behind
    server.shutdown()
    server.server_close()


@pytest.fixture
def provider(listening: tuple[ThreadingHTTPServer, list[Provider]], monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider, with nothing to tell yet."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    listening[1][:] = [Provider()]
    return listening[1][0]


@pytest.fixture
def installation(
    listening: tuple[ThreadingHTTPServer, list[Provider]], provider: Provider, database: Database, tmp_path: Path
) -> Installation:
    """An installation on the test's database that asks this provider."""
    address = provider.address(listening[0])
    settings = {"CHO_DATA": str(tmp_path), "CHO_SECRET_KEY": KEY, "CHO_SEPAY_API": address, "CHO_CASSO_API": address}
    opened = Installation(Settings.from_environment(settings))
    opened.__dict__["database"] = database
    return opened


@pytest.fixture
def sepay(database: Database, market_id: int, huong: StallRow) -> ChannelRow:
    """The market's SePay channel, with its token."""
    return channel(database, market_id, "sepay")


@pytest.fixture
def waited() -> list[float]:
    """The seconds that polls asked to wait for; nobody waits."""
    return []


@pytest.fixture
def ask(installation: Installation, waited: list[float]) -> Callable[..., Polled]:
    """Polls a channel: `ask(sepay)`."""

    def polled(channel: ChannelRow, **changes: Any) -> Polled:
        return poll(installation, channel, **{"now": NOW, "pause": waited.append, **changes})

    return polled
