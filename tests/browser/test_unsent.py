"""Cash typed without a network: written down on the phone, in sight, and in the book exactly once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from sqlalchemy import select, update

from ledger.books.model import ENTRY, POSTING
from ledger.books.verify import verify
from market.db import Database
from merchants.model import STALL
from merchants.stalls import StallRow
from tests.browser.line import Line, sign_in, wait_until_kept, wait_until_sent

COUNT = "#unsent:not([hidden]) [data-count] >> text="


@pytest.fixture
def booked(database: Database, huong: StallRow) -> Callable[[], list[int]]:
    """The cash sales in chị Hương's book, in the order of its numbers; the books hold."""

    def amounts() -> list[int]:
        with database.reading() as session:
            assert verify(session).findings == []
            return list(
                session.connection().scalars(
                    select(POSTING.c.amount)
                    .join(ENTRY, ENTRY.c.id == POSTING.c.entry_id)
                    .where(ENTRY.c.book_id == huong.book_id, ENTRY.c.kind == "cash", POSTING.c.account == "cash")
                    .order_by(ENTRY.c.number)
                )
            )

    return amounts


def take_cash(page: Page, line: Line, note: str) -> None:
    """Two taps at the till."""
    page.goto(f"{line.address}/stall/till")
    page.click(f".chip >> text={note}")
    page.click("#cash")
    page.wait_for_selector("#said")


def sell_in_two_tabs(phone: Page, line: Line, context: BrowserContext) -> Page:
    """Without a network, a sale in each; gives the other tab."""
    other = context.new_page()
    other.goto(f"{line.address}/stall/")
    line.cut()
    take_cash(phone, line, "50.000")
    take_cash(other, line, "20.000")
    phone.wait_for_selector(COUNT + "2")
    return other


def test_with_a_network_cash_is_in_the_book_and_can_be_undone(
    phone: Page, line: Line, booked: Callable[[], list[int]]
) -> None:
    take_cash(phone, line, "50.000")
    expect(phone.locator("#said")).to_contain_text("Đã ghi tiền mặt 50.000")
    expect(phone.locator("#said")).to_contain_text("Hoàn lại")
    wait_until_sent(phone)
    assert booked() == [50_000]


def test_without_a_network_cash_waits_in_sight_on_every_page(phone: Page, line: Line) -> None:
    line.cut()
    take_cash(phone, line, "50.000")
    take_cash(phone, line, "20.000")
    expect(phone.locator("#said")).to_contain_text("Đã ghi 20.000\N{NO-BREAK SPACE}đ, chờ gửi")
    for path in ("/stall/", "/stall/till", "/stall/sign", "/stall/made?amount=5000", "/stall/book"):
        phone.goto(line.address + path)
        phone.wait_for_selector(COUNT + "2")
    line.mend()


def test_what_waits_covers_neither_the_stalls_name_nor_anything_else_of_today(phone: Page, line: Line) -> None:
    line.cut()
    take_cash(phone, line, "50.000")
    phone.goto(f"{line.address}/stall/")
    phone.wait_for_selector(COUNT + "1")
    covered = phone.evaluate("""() => [...document.querySelectorAll(".bar > *")].filter((each) => each.checkVisibility()
      && each.getBoundingClientRect().right > document.getElementById("unsent").getBoundingClientRect().left).length""")
    assert covered == 0
    assert phone.evaluate("document.querySelector('.bar h1').clientWidth") >= 100
    line.mend()


def test_what_waits_is_in_sight_while_money_is_shown(
    phone: Page, line: Line, context: BrowserContext, pay: Callable[[int], None]
) -> None:
    context.route("**/entries", lambda route: route.abort())
    take_cash(phone, line, "50.000")
    phone.goto(f"{line.address}/stall/sign")
    phone.wait_for_selector(COUNT + "1")
    pay(20_000)
    expect(phone.get_by_role("heading", name="Đã nhận")).to_be_visible()
    expect(phone.locator(COUNT + "1")).to_be_visible()


def test_today_shows_what_waits_the_newest_first(phone: Page, line: Line) -> None:
    line.cut()
    take_cash(phone, line, "50.000")
    take_cash(phone, line, "20.000")
    phone.goto(f"{line.address}/stall/")
    expect(phone.locator("#waiting h2")).to_have_text("2 khoản tiền mặt chờ gửi")
    amounts = ["20.000\N{NO-BREAK SPACE}đ", "50.000\N{NO-BREAK SPACE}đ"]
    expect(phone.locator("#waiting [data-amount]")).to_have_text(amounts)
    line.mend()


def test_what_waits_is_sent_once_and_in_order_when_the_network_is_back(
    phone: Page, line: Line, booked: Callable[[], list[int]]
) -> None:
    line.cut()
    for note in ("50.000", "20.000", "100.000"):
        take_cash(phone, line, note)
    line.mend()
    wait_until_sent(phone)
    assert booked() == [50_000, 20_000, 100_000]
    assert line.asked.count("/stall/cash/entries") == 3


def test_the_sale_is_booked_at_the_time_it_was_typed(phone: Page, line: Line, database: Database) -> None:
    line.cut()
    before = datetime.now(UTC)
    take_cash(phone, line, "50.000")
    after = datetime.now(UTC)
    phone.wait_for_timeout(1500)
    line.mend()
    wait_until_sent(phone)
    with database.reading() as session:
        at = session.connection().scalars(select(ENTRY.c.occurred_at).where(ENTRY.c.kind == "cash")).one()
    assert before - timedelta(milliseconds=1) <= at <= after


def test_two_tabs_send_each_sale_once(
    phone: Page, line: Line, context: BrowserContext, booked: Callable[[], list[int]]
) -> None:
    other = sell_in_two_tabs(phone, line, context)
    line.mend()
    wait_until_sent(phone)
    wait_until_sent(other)
    assert booked() == [50_000, 20_000]
    assert line.asked.count("/stall/cash/entries") == 2


def test_two_tabs_of_a_browser_without_locks_book_nothing_twice(
    phone: Page, line: Line, context: BrowserContext, booked: Callable[[], list[int]]
) -> None:
    context.add_init_script("delete Navigator.prototype.locks")
    other = sell_in_two_tabs(phone, line, context)
    assert not phone.evaluate("'locks' in navigator")
    line.mend()
    wait_until_sent(phone)
    wait_until_sent(other)
    assert sorted(booked()) == [20_000, 50_000]


def test_an_answer_that_is_lost_on_the_way_books_nothing_twice(
    phone: Page, line: Line, context: BrowserContext, booked: Callable[[], list[int]]
) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    context.route("**/entries", lose_the_answer)
    take_cash(phone, line, "50.000")
    phone.wait_for_selector(COUNT + "1")
    assert booked() == [50_000]
    phone.close()
    context.unroute("**/entries")
    opened = context.new_page()
    opened.goto(f"{line.address}/stall/")
    wait_until_sent(opened)
    assert booked() == [50_000]


def test_a_phone_that_dies_while_it_sends_books_nothing_twice(
    phone: Page, line: Line, context: BrowserContext, booked: Callable[[], list[int]]
) -> None:
    line.cut()
    take_cash(phone, line, "50.000")
    take_cash(phone, line, "20.000")
    # The first sale reaches the server, which never gets to answer.
    line.hung = True
    line.mend()
    assert line.heard.wait(60)
    phone.close()
    line.released.set()
    assert booked() == [50_000]
    opened = context.new_page()
    opened.goto(f"{line.address}/stall/")
    wait_until_sent(opened)
    assert booked() == [50_000, 20_000]


def test_a_sale_that_is_refused_is_shown_with_why_and_keeps_no_other_from_being_sent(
    phone: Page, line: Line, database: Database, huong: StallRow, booked: Callable[[], list[int]]
) -> None:
    line.cut()
    take_cash(phone, line, "50.000")
    phone.evaluate("async () => unsent.add(Number(document.getElementById('till').elements.stall.value), 7)")
    take_cash(phone, line, "20.000")
    line.mend()
    phone.goto(f"{line.address}/stall/")
    phone.wait_for_selector("#unsent.refused", timeout=60_000)
    phone.wait_for_selector(COUNT + "1")
    assert booked() == [50_000, 20_000]
    expect(phone.locator("#waiting")).to_contain_text("Chưa gửi được")
    expect(phone.locator("#waiting")).to_contain_text("Ghi từ 500")


def test_what_waits_is_in_sight_on_pages_that_are_not_the_stalls_own_too(phone: Page, line: Line) -> None:
    phone.goto(f"{line.address}/stall/till")
    phone.evaluate("async () => unsent.add(Number(document.getElementById('till').elements.stall.value), 7)")
    for path in ("/security", "/stall/no-such-page"):
        phone.goto(line.address + path)
        phone.wait_for_selector(COUNT + "1")
    phone.click("#unsent a")
    phone.wait_for_selector("#waiting:not([hidden])")


def test_a_sale_that_was_refused_can_be_given_up(phone: Page, line: Line) -> None:
    phone.goto(f"{line.address}/stall/till")
    phone.evaluate("async () => unsent.add(Number(document.getElementById('till').elements.stall.value), 7)")
    phone.goto(f"{line.address}/stall/")
    phone.wait_for_selector("#unsent.refused")
    phone.click("#waiting button >> text=Hoàn lại")
    wait_until_sent(phone)
    expect(phone.locator("#waiting")).to_be_hidden()


def test_a_sale_of_a_phone_whose_clock_is_ahead_is_booked_at_the_right_time(
    phone: Page, line: Line, database: Database
) -> None:
    phone.clock.install(time=datetime.now(UTC) + timedelta(hours=5))
    take_cash(phone, line, "50.000")
    wait_until_sent(phone)
    with database.reading() as session:
        at = session.connection().scalars(select(ENTRY.c.occurred_at).where(ENTRY.c.kind == "cash")).one()
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=2)


def test_a_sale_that_was_never_sent_can_be_undone_on_the_phone(
    phone: Page, line: Line, booked: Callable[[], list[int]]
) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/till")
    phone.wait_for_selector("html.lost")
    take_cash(phone, line, "50.000")
    phone.goto(f"{line.address}/stall/")
    phone.click("#waiting summary")
    phone.click("#waiting button >> text=Hoàn lại")
    wait_until_sent(phone)
    line.mend()
    assert booked() == []


def test_a_code_made_without_a_network_can_be_paid_in_cash(
    phone: Page, line: Line, booked: Callable[[], list[int]]
) -> None:
    line.cut()
    phone.goto(f"{line.address}/stall/made?amount=50000")
    phone.click("text=Trả tiền mặt")
    phone.wait_for_url("**/stall/till")
    phone.wait_for_selector("#said")
    line.mend()
    wait_until_sent(phone)
    assert booked() == [50_000]


def test_the_next_person_on_a_phone_neither_sees_nor_sends_what_waits(
    phone: Page, line: Line, context: BrowserContext, booked: Callable[[], list[int]]
) -> None:
    line.cut()
    take_cash(phone, line, "50.000")
    phone.close()
    context.clear_cookies()
    line.mend()
    page = context.new_page()
    sign_in(page, line, "tu")
    wait_until_kept(page)
    wait_until_sent(page)
    assert booked() == []
    context.clear_cookies()
    sign_in(page, line, "huong")
    wait_until_sent(page)
    assert booked() == [50_000]


def test_a_page_left_open_sends_nothing_in_the_name_of_the_next_person(
    phone: Page, line: Line, context: BrowserContext, booked: Callable[[], list[int]]
) -> None:
    context.route("**/entries", lambda route: route.abort())
    # It has not heard yet that somebody else is signed in, which would load it anew.
    context.route("**/stall/payments?**", lambda route: route.fulfill())
    take_cash(phone, line, "50.000")
    context.clear_cookies()
    sign_in(context.new_page(), line, "tu")
    context.unroute("**/entries")
    phone.evaluate("async () => unsent.send()")
    assert "/stall/cash/entries" in line.asked
    assert booked() == []
    expect(phone.locator("#unsent [data-count]")).to_have_text("1")


def test_what_waits_when_a_phone_is_revoked_is_sent_once_its_person_is_back(
    phone: Page, line: Line, database: Database, booked: Callable[[], list[int]]
) -> None:
    line.cut()
    take_cash(phone, line, "50.000")
    with database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM session")
    line.mend()
    phone.goto(f"{line.address}/stall/")
    phone.wait_for_url("**/signin**")
    sign_in(phone, line, "huong")
    wait_until_sent(phone)
    assert booked() == [50_000]


def test_a_stall_that_closed_meanwhile_is_said_and_nothing_is_lost(
    phone: Page, line: Line, database: Database, huong: StallRow
) -> None:
    line.cut()
    take_cash(phone, line, "50.000")
    yesterday = datetime.now(UTC) - timedelta(days=2)
    with database.writing() as session:
        session.connection().execute(
            update(STALL).where(STALL.c.id == huong.id).values(status="closed", closed_on=yesterday.date())
        )
    line.mend()
    phone.goto(f"{line.address}/stall/")
    phone.wait_for_selector("#unsent.refused", timeout=60_000)
    expect(phone.locator("#waiting")).to_contain_text("Sạp này đã đóng")
