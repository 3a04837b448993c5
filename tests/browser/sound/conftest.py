"""A phone whose every tone and clip is noted, in a browser that is silent until somebody touches it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ledger.days import local_date, utc_now
from ledger.inbox.notice import Notice
from market.access import sessions
from market.access.logins import add_login
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.web.app import create_app
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.browser.conftest import CHROMIUM

# A phone asks every three seconds, and a busy machine is slow.
expect.set_options(timeout=15_000)

# Notes every tone and clip that is started, with the file it came from.
LISTEN = """
const bytes = Response.prototype.arrayBuffer;
Response.prototype.arrayBuffer = async function () {
  const read = await bytes.call(this);
  read.file = this.url.match(/([^/]+)\\.mp3/)?.[1];
  return read;
};
const decode = BaseAudioContext.prototype.decodeAudioData;
BaseAudioContext.prototype.decodeAudioData = function (read, done, failed) {
  const { file } = read;
  return decode.call(this, read, (buffer) => { buffer.file = file; done(buffer); }, failed);
};
const clip = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...at) {
  played(this.buffer.file);
  return clip.apply(this, at);
};
const tone = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) {
  played(`tone ${this.frequency.value}`);
  return tone.apply(this, at);
};
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as it is on a phone: no page makes a sound before it was touched."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=document-user-activation-required"]
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def installation(database: Database, tmp_path: Path) -> Installation:
    found = Installation(Settings.from_environment({"CHO_DATA": str(tmp_path / "data")}))
    found.database = database
    return found


@pytest.fixture
def site(installation: Installation, serve: Callable[[Any], AbstractContextManager[str]]) -> Iterator[str]:
    with serve(create_app(installation)) as address:
        yield address


@pytest.fixture
def signed_in(database: Database, huong: StallRow) -> Callable[[str], str]:
    """Somebody of chị Hương's stall signs in: gives the session's cookie."""

    def sign_in(role: str) -> str:
        now = utc_now()
        stall = {"market_id": huong.market_id, "stall_id": huong.id}
        with database.writing() as session:
            login_id = add_login(session, name=role, role=role, password="x" * 8, now=now, **stall)
            return sessions.sign_in(session, login_id, now)

    return sign_in


@pytest.fixture
def heard() -> list[str]:
    """What the phone has played."""
    return []


@pytest.fixture
def phone(browser: Browser, heard: list[str]) -> Iterator[BrowserContext]:
    """A small Android phone."""
    made = browser.new_context(viewport={"width": 360, "height": 740})
    made.expose_binding("played", lambda _, name: heard.append(name))
    made.add_init_script(LISTEN)
    yield made
    made.close()


@pytest.fixture
def errors() -> list[str]:
    return []


@pytest.fixture
def page(phone: BrowserContext, site: str, signed_in: Callable[[str], str], errors: list[str]) -> Iterator[Page]:
    """Chị Hương's phone, signed in, that may log no error."""
    phone.add_cookies([{"name": "cho", "value": signed_in("stallholder"), "url": site}])
    made = phone.new_page()
    made.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    assert errors == []


@pytest.fixture
def pay(database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice]) -> Callable[..., None]:
    """A customer pays and the bank tells: `pay(50_000, memo="…", ago=timedelta(hours=1))`."""

    def paid(amount: int, memo: str = "", ago: timedelta = timedelta(0)) -> None:
        at = utc_now() - ago
        notice = replace(told(huong, amount), at=at, local_date=local_date(at), memo=memo, payer_name="NGUYEN THI MAI")
        with database.writing() as session:
            take(session, channel, "hook", [(notice, b"{}")], utc_now())

    return paid
