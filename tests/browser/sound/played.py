"""What a phone is asked for and what is heard of it."""

import time

from playwright.sync_api import Page

GREEN, TURMERIC = "rgb(10, 92, 51)", "rgb(255, 197, 51)"
# What is received stands for eight seconds, and for a minute where a test looks at it closely.
STAYS = """{
  const later = setTimeout;
  window.setTimeout = (act, pause, ...rest) => later(act, pause === 8000 ? 60_000 : pause, ...rest);
}"""
CHIME = ["tone 880", "tone 1319"]
TWO_LOW_TONES = ["tone 330", "tone 262"]
FIFTY = [*CHIME, "da-nhan", "5", "muoi", "nghin", "dong"]


def ask(page: Page, site: str, amount: int) -> str:
    """Ask for an amount with a tap on each key; gives the code's reference."""
    page.goto(f"{site}/stall/till")
    for figure in str(amount):
        page.click(f"[data-key='{figure}']")
    page.click("#go")
    page.wait_for_url("**/code/*")
    return page.url.rsplit("/", 1)[1]


def turn_on(page: Page, site: str, heard: list[str]) -> None:
    """The sound box, touched once."""
    page.goto(f"{site}/stall/loa")
    page.click("#loa-on")
    listen(page, heard, [*CHIME, "da-nhan", "0", "dong"])
    heard.clear()


def listen(page: Page, heard: list[str], expected: list[str], within: float = 60) -> None:
    """Wait until the phone has played so much; it must be this."""
    end = time.monotonic() + within
    while len(heard) < len(expected) and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert heard == expected


def colour(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
