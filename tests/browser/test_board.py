"""The board's and the province's pages in a real browser: on a phone, at a desk, enlarged, on paper, by keyboard."""

import random
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect
from sqlmodel import Session

from ledger.days import Month, local_date, utc_now
from ledger.inbox import tries
from ledger.inbox.notice import Notice
from ledger.inbox.receive import settle
from market.access import audit
from market.db import Database
from market.markets import find_market
from market.reports import close
from merchants import settling
from merchants.payments import Source, take
from merchants.stalls import NewStall, StallRow, list_stalls, register
from tests.statement_files import as_csv

PHONE, DESK = (360, 740), (1280, 800)
PAGES = (
    "/province",
    "/province/markets/new",
    "/board/ben-song/",
    "/board/ben-song/?q=zzz",
    "/board/ben-song/close",
    "/board/ben-song/closed",
    "/board/ben-song/stalls",
    "/board/ben-song/stalls?state=quiet",
    "/board/ben-song/stalls/new",
    "/board/ben-song/stalls/C-01",
    "/board/ben-song/stalls/C-01/edit",
    "/board/ben-song/stalls/C-01/close",
    "/board/ben-song/stalls/C-01/account",
    "/board/ben-song/people",
    "/board/ben-song/channels",
    "/board/ben-song/import",
    "/board/ben-song/signs",
    "/board/ben-song/connections",
    "/board/ben-song/connections/C-01",
    "/board/ben-song/channels/new",
    "/board/ben-song/channels/1",
    "/board/ben-song/unmatched",
    "/board/ben-song/unmatched/{notice}?q=sap",
    "/board/ben-song/unmatched/assigned",
    "/board/ben-song/unmatched/assigned/1",
    "/board/ben-song/held",
    "/board/ben-song/held/answered",
    "/board/ben-song/parked",
    "/board/ben-song/statements",
    "/board/ben-song/log",
    "/board/ben-song/check",
    "/board/ben-song/gaps",
)
TOO_SMALL = """() => [...document.querySelectorAll("main a, main button, main input, main select, main summary")]
  .filter((e) => !e.closest("p") && e.type !== "hidden" && !e.closest("thead"))
  .map((e) => [e.outerHTML.slice(0, 90), (e.closest("label.tick") || e).getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 48 || box.width < 44)).map(([text]) => text)"""
CUT_OFF = """() => [...document.querySelectorAll(".top .of, .top .of > *")]
  .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).map((e) => e.outerHTML)"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def notice(
    database: Database, market_id: int, huong: StallRow, tu: StallRow, channel: Source, told: Callable[..., Notice]
) -> int:
    """Nine more stalls, payments of two months to some of them, and a payment of no stall, whose number this is."""
    more = [
        NewStall(f"S-{n}", f"Sạp số {n}", "Gạo", "Dãy S", f"Chủ {n}", "", "970436", f"555500{n}", f"CHU {n}")
        for n in range(1, 10)
    ]
    now = utc_now()
    with database.writing() as session:
        register(session, market_id, more, source=random.Random(1), now=now)
        stalls = list_stalls(session, market_id)
        notices = [
            told(stall, 50_000, at=now - timedelta(days=days))
            for place, stall in enumerate(stalls)
            for days in range(place, 70, place + 5)
        ]
        stray = told(huong, 75_000, at=now, account_number="99998888", memo="tien ca")
        first, *others = notices
        _work(session, channel, stalls[-1], told, now)
        take(session, channel, "hook", [(one, b"{}") for one in others], now)
        close(session, find_market(session, "ben-song"), Month.of(local_date(now)), login_id=None, now=now)
        outcomes = take(session, channel, "hook", [(first, b"{}"), (stray, b"{}")], now)
    return outcomes[-1].notice_id or 0


def _work(session: Session, channel: Source, stall: StallRow, told: Callable[..., Notice], now: datetime) -> None:
    """One of each kind of the board's work: assigned by it, held beside what it looks like, parked."""
    lost, faulty, *both = [
        told(stall, amount, at=now, account_number=account)
        for amount, account in ((31_000, "1"), (32_000, "2"), (33_000, "3"), (34_000, "3"))
    ]
    outcomes = take(session, channel, "hook", [(one, b"{}") for one in (lost, faulty, *both)], now)
    assigned, parked = (outcome.notice_id or 0 for outcome in outcomes[:2])
    settling.assign(session, channel.market_id, assigned, stall, reason="", login_id=1, now=now)
    tries.failed(session, channel.market_id, parked, "ValueError: nothing adds up", now)
    settle(session, [(parked, "parked", None)])
    lines = [(one._replace(event_id=f"{one.event_id} line", bank_reference=""), b"") for one in both]
    [_, last] = take(session, channel, "statement", lines, now)
    settling.same(session, channel.market_id, [last.notice_id or 0])
    audit.note(session, "notice_same", market_id=channel.market_id, about={"notice": last.notice_id or 0}, at=now)


@pytest.fixture
def open_page(browser: Browser, notice: int, site: str, let_in: Callable[..., str]) -> Iterator[Callable[..., Page]]:
    """Opens a page of the administrator's that may log no error and ask no other site: `open_page(PHONE, "en")`."""
    token = let_in("quan-tri", "administrator", confirmed=True)
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(size: tuple[int, int], language: str = "vi", **options: Any) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=site, **options)
        contexts.append(context)
        context.add_cookies(
            [{"name": "cho", "value": token, "url": site}, {"name": "lang", "value": language, "url": site}]
        )
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: errors.append(request.url) if site not in request.url else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_can_be_used_by_everybody(
    open_page: Callable[..., Page],
    violations: Callable[[Page], list[dict[str, Any]]],
    notice: int,
    size: tuple[int, int],
    language: str,
) -> None:
    page = open_page(size, language)
    for path in PAGES:
        page.goto(path.format(notice=notice))
        found = violations(page)
        assert [(path, one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate(SIDEWAYS) == 0, path
        assert page.evaluate(TOO_SMALL) == [], path


@pytest.mark.parametrize("scheme", ["dark", "more"])
def test_the_dark_and_the_strong_theme_keep_their_contrast(
    open_page: Callable[..., Page], notice: int, scheme: str
) -> None:
    page = open_page(DESK, **({"color_scheme": "dark"} if scheme == "dark" else {"contrast": "more"}))
    for path in PAGES:
        page.goto(path.format(notice=notice))
        found = Axe().run(page, options={"runOnly": {"type": "rule", "values": ["color-contrast"]}})
        assert [(path, node["html"]) for one in found.response["violations"] for node in one["nodes"]] == []


def test_enlarged_to_200_percent_nothing_is_cut_off(open_page: Callable[..., Page], notice: int) -> None:
    # A desk of 1280 pixels enlarged twice has room for 640.
    page = open_page((640, 400), device_scale_factor=2)
    for path in PAGES:
        page.goto(path.format(notice=notice))
        assert page.evaluate(SIDEWAYS) == 0, path


def test_the_month_is_reached_sorted_and_left_by_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page(DESK)
    page.goto("/board/ben-song/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Sạp" and page.evaluate(
            "!!document.activeElement.closest('th')"
        ):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=code**")
    expect(page.locator("tbody .code").first).to_have_text("C-01")


def test_a_stall_is_found_and_changed_without_script(open_page: Callable[..., Page]) -> None:
    page = open_page(PHONE, java_script_enabled=False)
    page.goto("/board/ben-song/stalls")
    page.get_by_role("searchbox").fill("c-01")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="Sạp C-01").click()
    page.get_by_role("link", name="Sửa").click()
    page.get_by_label("Tên sạp").fill("Cá biển Hương")
    page.get_by_label("Chủ sạp").fill("Trần Thị Hương")
    page.get_by_label("Tên chủ tài khoản").fill("TRAN THI HUONG")
    page.get_by_role("button", name="Lưu").click()
    page.get_by_role("button", name="Đúng rồi, lưu sạp").click()
    expect(page.get_by_role("heading", name="Cá biển Hương")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Đã lưu.")


def test_one_tick_chooses_every_stall_of_the_page(open_page: Callable[..., Page]) -> None:
    page = open_page(DESK)
    page.goto("/board/ben-song/stalls")
    every, boxes = page.get_by_label("Chọn hết trang này"), page.locator("[name=stall]")
    every.check()
    for box in boxes.all():
        expect(box).to_be_checked()
    boxes.first.uncheck()
    expect(every).not_to_be_checked()
    every.check()
    page.get_by_role("button", name="In mã đã chọn").click()
    expect(page.get_by_label("Mã sạp")).to_have_value(re.compile("C-01"))


@pytest.mark.parametrize(("size", "language"), [(PHONE, "vi"), (DESK, "en")], ids=["phone", "desk"])
def test_every_step_of_a_statement_can_be_used_by_everybody(
    open_page: Callable[..., Page],
    violations: Callable[[Page], list[dict[str, Any]]],
    size: tuple[int, int],
    language: str,
) -> None:
    page = open_page(size, language)
    day = f"{local_date(utc_now()):%d/%m/%Y}"
    memo = "MBVCB.4525077405." + "x" * 60
    rows = [["Ngày sổ", "Số tiền Thu", "Lời nhắn"], [day, "50.000", memo], [day, "60.000", ""]]
    file: FilePayload = {"name": f"{'sao-ke-' * 12}.csv", "mimeType": "text/csv", "buffer": as_csv(rows)}

    def look(heading: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(heading))
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations(page)] == []
        assert page.evaluate(SIDEWAYS) == 0
        assert page.evaluate(TOO_SMALL) == []

    page.goto("/board/ben-song/statements")
    page.locator("#file").set_input_files(file)
    page.locator("main button").click()
    look("Cột nào là gì|What the columns are")
    page.get_by_label("Số tiền Thu").select_option("credit")
    page.get_by_label("Lời nhắn").select_option("memo")
    page.locator("#account").fill("C-01")
    page.locator("main button").click()
    look("Xem trước, chưa nạp|Preview, not imported yet")
    page.locator("button.solid").click()
    look("Nạp sao kê|Import statements")
    # A webhook told of one like the first.
    expect(page.get_by_role("status").locator("dd")).to_have_text(["1", "1"])


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("width", [320, 360, 412, 1280])
def test_the_bar_has_room_for_the_markets_name(open_page: Callable[..., Page], width: int, language: str) -> None:
    page = open_page((width, 640), language)
    page.goto("/board/ben-song/")
    expect(page.locator(".top .of")).to_have_text("Chợ Bến Sông")
    assert page.evaluate(CUT_OFF) == []


def test_the_month_names_its_market_on_paper_and_in_the_bar_of_a_screen(open_page: Callable[..., Page]) -> None:
    page = open_page(DESK)
    page.goto("/board/ben-song/")
    named = page.locator(".printed")
    expect(named).to_be_hidden()
    page.emulate_media(media="print")
    expect(named).to_be_visible()


def test_on_paper_the_month_is_its_figures_without_buttons(open_page: Callable[..., Page]) -> None:
    page = open_page(DESK)
    page.goto("/board/ben-song/")
    page.emulate_media(media="print")
    expect(page.locator(".total")).to_be_visible()
    expect(page.locator("tbody .code").first).to_be_visible()
    for hidden in (".top", ".files", ".tools", ".ending .button"):
        expect(page.locator(hidden).first).to_be_hidden()
