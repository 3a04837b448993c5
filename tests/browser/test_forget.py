"""A stallholder takes all data home and asks on the phone to be forgotten; the board does it at its desk."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page, expect

from ledger.days import utc_now
from market.db import Database
from merchants import deletion_requests
from merchants.stalls import StallRow, load_stall

OpenPage = Callable[[str, int], Page]


@pytest.fixture
def open_page(browser: Browser, site: str, huong: StallRow, let_in: Callable[..., str]) -> Iterator[OpenPage]:
    """Opens the site for somebody of one role, on a screen so wide, who showed just now who it is."""
    opened = []

    def open_(role: str, width: int) -> Page:
        place = {"stall": huong} if role == "stallholder" else {"market_id": huong.market_id}
        token = let_in(f"{role}-1", role, confirmed=True, **place)
        context = browser.new_context(viewport={"width": width, "height": 740}, base_url=site)
        context.add_cookies([{"name": "cho", "value": token, "url": site}])
        opened.append(context)
        return context.new_page()

    yield open_
    for context in opened:
        context.close()


def test_all_data_is_taken_home_and_the_deletion_asked_for(
    open_page: OpenPage, violations: Callable[[Page], list[dict[str, Any]]], tmp_path: Path
) -> None:
    page = open_page("stallholder", 360)
    # From where she always begins: the forms of its page, and of all that the phone keeps by it, have one token.
    page.goto("/stall/")
    page.goto("/stall/privacy")
    page.get_by_role("link", name="Tải về hoặc xoá dữ liệu của tôi").click()
    expect(page.get_by_role("button", name="Tải tất cả về")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải tất cả về").click()
    download.value.save_as(tmp_path / "C-01.zip")
    assert download.value.suggested_filename == "C-01.zip"
    assert "du-lieu.json" in ZipFile(tmp_path / "C-01.zip").namelist()
    page.get_by_role("link", name="Xem cái gì mất, cái gì còn").click()
    expect(page.get_by_role("button", name="Xin xoá")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("button", name="Xin xoá").click()
    expect(page.get_by_text("Đã xin xoá ngày")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Rút lại, đừng xoá").click()
    expect(page.get_by_text("Đã rút lại. Không có gì bị xoá.")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_board_reads_what_goes_and_deletes_it(
    open_page: OpenPage,
    violations: Callable[[Page], list[dict[str, Any]]],
    database: Database,
    huong: StallRow,
    width: int,
) -> None:
    with database.writing() as session:
        deletion_requests.ask(session, huong, login_id=None, now=utc_now())
    page = open_page("board", width)
    page.goto("/board/ben-song/stalls")
    assert violations(page) == []
    page.get_by_role("link", name="Xem cái gì mất, cái gì còn").click()
    expect(page.get_by_role("button", name="Xoá, không lấy lại được")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.get_by_role("button", name="Xoá, không lấy lại được").click()
    expect(page.get_by_text("Đã xoá tên và số của chủ sạp C-01. Sổ của sạp vẫn còn.")).to_be_visible()
    assert violations(page) == []
    with database.reading() as session:
        assert load_stall(session, huong.id).forgotten
    page.goto("/s/ben-song/C-01")
    expect(page.get_by_text("Trang này không còn")).to_be_visible()
    assert violations(page) == []
