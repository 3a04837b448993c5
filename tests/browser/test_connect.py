"""A stall's bank is connected on its phone: a payment of 1.000 đ is asked for, a signed webhook tells of it, the page
turns green."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.days import HO_CHI_MINH, utc_now
from market.access import sessions
from market.access.logins import add_login
from market.channels import add_channel
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.secret_key import seal
from market.web.app import create_app
from merchants.stalls import StallRow

SECRET = "khoa-cua-sap"
GREEN = "rgb(10, 92, 51)"


@pytest.fixture
def phone(
    browser: Browser,
    database: Database,
    tmp_path: Path,
    huong: StallRow,
    serve: Callable[[Any], AbstractContextManager[str]],
) -> Iterator[tuple[Page, str, int]]:
    """Chị Hương's phone, signed in; the address of the site, and the channel of her stall."""
    installation = Installation(Settings.from_environment({"CHO_DATA": str(tmp_path / "data")}))
    installation.database = database
    now = utc_now()
    with database.writing() as session:
        login_id = add_login(
            session,
            name="huong",
            role="stallholder",
            market_id=huong.market_id,
            stall_id=huong.id,
            password="x" * 8,
            now=now,
        )
        token = sessions.sign_in(session, login_id, now)
        channel_id = add_channel(
            session,
            provider="sepay",
            market_id=huong.market_id,
            stall_id=huong.id,
            auth="hmac",
            sealed_secret=seal(installation.key, SECRET),
            now=now,
        )
    with serve(create_app(installation)) as site:
        context = browser.new_context(viewport={"width": 360, "height": 740})
        context.add_cookies([{"name": "cho", "value": token, "url": site}])
        yield context.new_page(), site, channel_id
        context.close()


def tell(site: str, channel_id: int, body: bytes) -> str:
    """Post a body as SePay does, signed now; gives what became of it."""
    stamp = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-SePay-Timestamp": stamp,
        "X-SePay-Signature": f"sha256={signature}",
    }
    with urlopen(Request(f"{site}/hooks/{channel_id}", body, headers)) as answer:  # noqa: S310 (our own server)
        return str(json.load(answer)["status"])


def test_a_test_payment_told_by_a_signed_webhook_turns_the_phone_green(
    phone: tuple[Page, str, int], sepay_body: Callable[..., bytes]
) -> None:
    page, site, channel_id = phone
    page.goto(f"{site}/stall/connect")
    expect(page.get_by_text("Chưa nối", exact=True)).to_be_visible()
    expect(page.get_by_text(f"/hooks/{channel_id}")).to_be_visible()
    page.get_by_role("button", name="Thử bằng 1.000 đ").click()
    expect(page.get_by_text("Chờ ngân hàng báo")).to_be_visible()
    reference = page.url.rsplit("/", 1)[1]
    told_at = f"{utc_now().astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M:%S}"
    body = sepay_body(transferAmount=1_000, content=f"MBVCB.1.{reference}.CT tu 0123", transactionDate=told_at)
    assert tell(site, channel_id, body) == "recorded"
    expect(page.get_by_text(re.compile("Tiền thử 1.000.đ đã tới, không tính là tiền bán hàng"))).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == GREEN
    page.get_by_role("link", name="Xong").click()
    expect(page.get_by_text("Đã nối", exact=True)).to_be_visible()
    page.goto(f"{site}/stall/")
    expect(page.get_by_text("Chưa có khách nào chuyển")).to_be_visible()
