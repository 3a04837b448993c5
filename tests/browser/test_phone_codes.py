"""The codes a phone makes without a network against those the server makes: byte for byte, module by module."""

import gzip
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from qr import image, vietqr
from qr.napas import MAX_AMOUNT

SCRIPTS = [Path(f"market/static/{name}.js").resolve() for name in ("payload", "symbol")]
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
PRINTABLE = "".join(map(chr, range(32, 127)))
# One evaluation for all: a thousand calls into a browser take longer than a thousand codes.
PAYLOADS = "(codes) => codes.map(payload)"
SYMBOLS = "(texts) => texts.map((text) => symbol(text).map((row) => row.join('')))"


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """An empty page with the two scripts."""
    page = browser.new_page()
    for script in SCRIPTS:
        page.add_script_tag(path=script)
    yield page
    page.close()


def drawn(text: str) -> list[str]:
    """The server's symbol as the phone's is compared: a line of 0 and 1 a row."""
    return [bytes(module + 48 for module in row).decode() for row in image.matrix(text)]


def some_codes(source: random.Random, count: int) -> list[dict[str, Any]]:
    """What stalls might ask: accounts of figures and of letters, every length, amounts of every length and none."""
    codes: list[dict[str, Any]] = []
    for number in range(count):
        account = "0123456789" if number % 3 else "0123456789abcdefXYZ"
        code = {
            "bin": f"{source.randrange(10**6):06}",
            "account": "".join(source.choices(account, k=1 + number % 19)),
            "purpose": "".join(source.choices(ALPHANUMERIC[:36], k=source.randint(6, 12))),
        }
        amount = min(MAX_AMOUNT, source.randrange(1, 10 ** (1 + number % 9)))
        codes.append(code | ({"amount": amount} if number % 5 else {}))
    return codes


def test_a_phones_payloads_and_symbols_are_the_servers(phone: Page, thorough: bool) -> None:
    codes = some_codes(random.Random(18), 20_000 if thorough else 2_000)
    payloads = [vietqr.encode(**code) for code in codes]
    assert phone.evaluate(PAYLOADS, codes) == payloads
    assert phone.evaluate(SYMBOLS, payloads) == [drawn(text) for text in payloads]


@pytest.mark.parametrize("characters", [ALPHANUMERIC, PRINTABLE], ids=["alphanumeric", "bytes"])
def test_symbols_of_every_length_are_the_servers(phone: Page, characters: str) -> None:
    source = random.Random(18)
    # A letter first: what is figures alone has a mode of its own, and no payload is.
    texts = ["A" + "".join(source.choices(characters, k=length)) for length in range(0, 560, 3)] + ["b" * 560]
    assert phone.evaluate(SYMBOLS, texts) == [drawn(text) for text in texts]


def test_a_text_that_no_symbol_of_the_phone_holds_is_refused(phone: Page) -> None:
    refused = "() => { try { symbol('b'.repeat(561)) } catch (error) { return error.name } }"
    assert phone.evaluate(refused) == "RangeError"


@pytest.mark.parametrize("amount", [0, -1, 1.5, 500_000_000, "50000", None])
def test_a_phone_makes_no_code_for_what_is_no_amount(phone: Page, amount: Any) -> None:
    refused = """(amount) => {
      try { payload({ bin: "970436", account: "1", purpose: "A", amount }) } catch (error) { return error.name }
    }"""
    assert phone.evaluate(refused, amount) == "RangeError"


def test_the_two_scripts_are_small() -> None:
    assert sum(len(gzip.compress(script.read_bytes())) for script in SCRIPTS) <= 6_000
