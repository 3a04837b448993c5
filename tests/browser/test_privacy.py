"""A stall's holder lets the board see its amounts on the phone, the board looks, and the holder sees it and stops."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.days import local_date, utc_now
from ledger.inbox.notice import Notice
from market.db import Database
from merchants.payments import Source, take
from merchants.stalls import StallRow

PIN = "274918"


@dataclass(frozen=True, slots=True)
class There:
    """Chị Hương's phone, where she has not shown her PIN lately, and the desk of her market's board; and the site."""

    phone: Page
    desk: Page
    site: str


@pytest.fixture
def there(
    browser: Browser,
    site: str,
    database: Database,
    huong: StallRow,
    channel: Source,
    told: Callable[..., Notice],
    let_in: Callable[..., str],
) -> Iterator[There]:
    now = utc_now()
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 51_000, at=now), b"{}")], now)
    tokens = {
        "phone": let_in("huong", "stallholder", stall=huong, pin=PIN),
        "desk": let_in("ban", "board", market_id=huong.market_id),
    }
    contexts = {name: browser.new_context(viewport={"width": 360, "height": 740}) for name in tokens}
    for name, context in contexts.items():
        context.add_cookies([{"name": "cho", "value": tokens[name], "url": site}])
    yield There(contexts["phone"].new_page(), contexts["desk"].new_page(), site)
    for context in contexts.values():
        context.close()


def test_the_board_sees_what_the_holder_allows_for_as_long_as_it_is_allowed(
    there: There, violations: Callable[[Page], list[dict[str, Any]]]
) -> None:
    phone, desk = there.phone, there.desk

    def sound(page: Page) -> None:
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 360

    # She reads the text after her PIN, and agrees.
    phone.goto(f"{there.site}/stall/")
    phone.get_by_role("link", name="Quyền riêng tư").click()
    to_amounts = phone.get_by_role("link", name="Cho ban quản lý xem số tiền")
    expect(to_amounts).to_be_visible()
    sound(phone)
    to_amounts.click()
    expect(phone.get_by_text("Đang không cho xem")).to_be_visible()
    sound(phone)
    phone.get_by_role("link", name="Đọc kỹ rồi chọn").click()
    phone.get_by_label("PIN").fill(PIN)
    phone.get_by_role("button", name="Tiếp tục").click()
    expect(phone.get_by_text("Sạp tự nguyện.")).to_be_visible()
    sound(phone)
    phone.get_by_role("button", name="Đồng ý cho xem").click()
    expect(phone.get_by_text("Từ hôm nay ban quản lý xem được số tiền của sạp.")).to_be_visible()
    sound(phone)

    # The board looks.
    desk.goto(f"{there.site}/board/ben-song/")
    desk.get_by_role("link", name="Xem số tiền").click()
    expect(desk.get_by_text("51.000")).to_be_visible()
    sound(desk)
    desk.get_by_role("link", name="Sạp C-01").click()
    expect(desk.get_by_role("cell", name="51.000")).to_be_visible()
    sound(desk)

    # She sees it, reads once more what she agreed to, and stops.
    phone.reload()
    seen = phone.get_by_role("listitem").filter(has_text="Xem số tiền tháng")
    expect(seen).to_contain_text("ban")
    expect(seen).to_contain_text(f"{local_date(utc_now()):%d/%m/%Y}")
    sound(phone)
    phone.get_by_role("link", name="Đọc lại điều đã đồng ý").click()
    back = phone.get_by_role("link", name="Quay lại")
    expect(back).to_be_visible()
    sound(phone)
    back.click()
    phone.get_by_role("button", name="Thôi cho xem").click()
    expect(phone.get_by_text("Ban quản lý không còn thấy số tiền của sạp.")).to_be_visible()

    desk.reload()
    expect(desk.get_by_text("Sạp này không cho xem số tiền.")).to_be_visible()
    expect(desk.get_by_text("51.000")).to_have_count(0)
    sound(desk)
