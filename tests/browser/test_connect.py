"""A stall's bank is connected on its phone: a payment of 1.000 đ is asked for, a signed webhook tells of it, the page
turns green."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ledger.days import HO_CHI_MINH, utc_now
from market.channels import add_channel
from market.db import Database
from market.installation import Installation
from market.secret_key import seal
from merchants.stalls import StallRow

SECRET = "khoa-cua-sap"
GREEN = "rgb(10, 92, 51)"


@pytest.fixture
def phone(site: str, context: BrowserContext, huong: StallRow, let_in: Callable[..., str]) -> Page:
    """Chị Hương's phone, signed in."""
    context.add_cookies([{"name": "cho", "value": let_in("huong", "stallholder", stall=huong), "url": site}])
    return context.new_page()


@pytest.fixture
def channel_id(database: Database, installation: Installation, huong: StallRow) -> int:
    """The channel of her stall."""
    with database.writing() as session:
        return add_channel(
            session,
            provider="sepay",
            market_id=huong.market_id,
            stall_id=huong.id,
            auth="hmac",
            sealed_secret=seal(installation.key, SECRET),
            now=utc_now(),
        )


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
    phone: Page, site: str, channel_id: int, sepay_body: Callable[..., bytes]
) -> None:
    phone.goto(f"{site}/stall/connect")
    expect(phone.get_by_text("Chưa nối", exact=True)).to_be_visible()
    expect(phone.get_by_text(f"/hooks/{channel_id}")).to_be_visible()
    phone.get_by_role("button", name="Thử bằng 1.000 đ").click()
    expect(phone.get_by_text("Chờ ngân hàng báo")).to_be_visible()
    reference = phone.url.rsplit("/", 1)[1]
    told_at = f"{utc_now().astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M:%S}"
    body = sepay_body(transferAmount=1_000, content=f"MBVCB.1.{reference}.CT tu 0123", transactionDate=told_at)
    assert tell(site, channel_id, body) == "recorded"
    expect(phone.get_by_text(re.compile("Tiền thử 1.000.đ đã tới, không tính là tiền bán hàng"))).to_be_visible()
    assert phone.evaluate("getComputedStyle(document.body).backgroundColor") == GREEN
    phone.get_by_role("link", name="Xong").click()
    expect(phone.get_by_text("Đã nối", exact=True)).to_be_visible()
    phone.goto(f"{site}/stall/")
    expect(phone.get_by_text("Chưa có khách nào chuyển")).to_be_visible()
