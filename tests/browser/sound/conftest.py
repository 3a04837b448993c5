"""A phone whose every tone and clip is noted, in a browser that is silent until somebody touches it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from merchants.stalls import StallRow
from tests.browser.conftest import CHROMIUM
from tests.browser.line import PATIENT

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
def heard() -> list[str]:
    """What the phone has played."""
    return []


@pytest.fixture
def phone(browser: Browser, heard: list[str]) -> Iterator[BrowserContext]:
    """A small Android phone."""
    made = browser.new_context(viewport={"width": 360, "height": 740})
    made.expose_binding("played", lambda _, name: heard.append(name))
    made.add_init_script(PATIENT)
    made.add_init_script(LISTEN)
    yield made
    made.close()


@pytest.fixture
def errors() -> list[str]:
    return []


@pytest.fixture
def page(
    phone: BrowserContext, site: str, huong: StallRow, let_in: Callable[..., str], errors: list[str]
) -> Iterator[Page]:
    """Chị Hương's phone, signed in, that may log no error."""
    phone.add_cookies([{"name": "cho", "value": let_in("huong", "stallholder", stall=huong), "url": site}])
    made = phone.new_page()
    made.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    assert errors == []
