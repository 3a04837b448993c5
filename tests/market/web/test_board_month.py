"""The board's month: who may see it, what it counts, how its table is searched and sorted, its files, closing it."""

import io
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from python_calamine import load_workbook
from sqlalchemy import update

from ledger.books.counts import counts_by_day
from ledger.days import Month, local_date, local_midnight, utc_now
from ledger.inbox.notice import Notice
from market.comparisons import earlier
from market.day_counts import DayCounts
from market.db import Database
from market.markets import list_markets
from market.overview import Overview, overview
from market.web.charts import target_bar
from merchants import settling
from merchants.model import BANK_ACCOUNT
from merchants.payments import Source, take
from merchants.stalls import StallRow, change
from tests.market.web.pages import read

TODAY = local_date(utc_now())
MONTH = Month.of(TODAY)
Told = Callable[..., Notice]
Pay = Callable[..., list[int | None]]
SCANNED = "Sạp nào đang thu cũng có khách quét mã trong 7 ngày."


@pytest.fixture
def pay(database: Database, channel: Source, told: Told) -> Pay:
    """A bank tells of payments: `pay(huong, 3, day)`; gives their entries."""

    def pay_(stall: StallRow, count: int, day: date = TODAY) -> list[int | None]:
        at = local_midnight(day) + timedelta(minutes=5)
        notices = [(told(stall, 50_000 + number, at=at), b"{}") for number in range(count)]
        with database.writing() as session:
            return [outcome.entry_id for outcome in take(session, channel, "hook", notices, utc_now())]

    return pay_


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """A browser at the board of chợ Bến Sông."""
    return signed_in("board", market_id=market_id)


def rows(page: str) -> list[tuple[str, str]]:
    """The codes of a month's table with their counts, in order."""
    return re.findall(r'<span class="code">([^<]+)</span>.*?<td class="number many"><b>([\d.]+)</b>', page)


def look(database: Database, month: Month, today: date) -> Overview:
    with database.reading() as session:
        [market] = list_markets(session)
        return overview(session, market, month, today, counts_by_day(session, market.id, date.min, date.max))


def test_a_stranger_signs_in_first_and_comes_back(client: FlaskClient, huong: StallRow) -> None:
    answer = client.get("/board/ben-song/?month=2026-10")
    assert answer.status_code == 302
    assert answer.location == "/signin?next=/board/ben-song/?month%3D2026-10"


@pytest.mark.parametrize(
    "path", ["", "stalls", "stalls/C-01", "stalls/new", "unmatched", "signs", "import", "close", "closed"]
)
def test_to_everybody_but_its_board_a_market_does_not_exist(
    signed_in: Callable[..., FlaskClient], huong: StallRow, other_market_id: int, path: str
) -> None:
    for browser in (
        signed_in("board", market_id=other_market_id),
        signed_in("stallholder", stall=huong),
        signed_in("province"),
    ):
        assert browser.get(f"/board/ben-song/{path}").status_code == 404


@pytest.mark.parametrize("month", ["2026-13", "october", "9999-12", "0000-01"])
def test_what_is_no_month_or_has_not_begun_is_not_found(board: FlaskClient, month: str) -> None:
    assert board.get(f"/board/ben-song/?month={month}").status_code == 404


def test_a_market_without_a_stall_says_how_to_begin(board: FlaskClient) -> None:
    page = read(board, "/board/ben-song/")
    assert "Chợ chưa có sạp nào" in page
    assert "/board/ben-song/import" in page
    assert SCANNED not in page


def test_a_market_without_a_channel_is_led_to_connecting(board: FlaskClient, huong: StallRow) -> None:
    page = read(board, "/board/ben-song/")
    assert 'Chưa có kênh nào báo tiền. <a href="/board/ben-song/connections">' in page
    assert SCANNED not in page


def test_whoever_may_not_connect_is_only_told_that_nothing_is(
    signed_in: Callable[..., FlaskClient], huong: StallRow
) -> None:
    page = read(signed_in("auditor", market_id=huong.market_id), "/board/ben-song/")
    assert "Chưa có kênh nào báo tiền." in page
    assert "/board/ben-song/connections" not in page


def test_before_the_first_customer_nobody_is_said_to_have_scanned(
    board: FlaskClient, huong: StallRow, channel: Source, pay: Pay
) -> None:
    assert "Chưa sạp nào có khách quét mã." in read(board, "/board/ben-song/")
    pay(huong, 1)
    assert SCANNED in read(board, "/board/ben-song/")


def test_every_stall_has_its_count_and_zero_is_one(board: FlaskClient, huong: StallRow, tu: StallRow, pay: Pay) -> None:
    pay(huong, 3)
    page = read(board, "/board/ben-song/")
    assert rows(page) == [("C-01", "3"), ("G-02", "0")]
    assert '<b class="figure">3</b>' in page


def test_a_page_that_was_looked_at_shows_the_next_payment(board: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 1)
    assert rows(read(board, "/board/ben-song/")) == [("C-01", "1")]
    pay(huong, 1)
    assert rows(read(board, "/board/ben-song/")) == [("C-01", "2")]


def test_a_page_that_was_looked_at_shows_a_stalls_new_name(
    board: FlaskClient, huong: StallRow, database: Database
) -> None:
    read(board, "/board/ben-song/")
    with database.writing() as session:
        change(session, huong.id, name="Mực một nắng")
    assert "Mực một nắng" in read(board, "/board/ben-song/")


def test_no_amount_of_a_stall_is_on_the_boards_pages(board: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 2)
    for path in ("", "stalls", "stalls/C-01", "close", "report.csv"):
        page = read(board, f"/board/ben-song/{path}")
        assert "50.000" not in page
        assert "100.001" not in page


@pytest.mark.parametrize("typed", ["muc", "MỰC", "c-01", "nang muc"])
def test_a_search_needs_no_marks_no_capitals_and_no_order(
    board: FlaskClient, huong: StallRow, tu: StallRow, database: Database, typed: str
) -> None:
    with database.writing() as session:
        change(session, huong.id, name="Mực một nắng")
    assert [code for code, _ in rows(read(board, f"/board/ben-song/?q={typed}"))] == ["C-01"]


def test_a_search_that_finds_nothing_says_so(board: FlaskClient, huong: StallRow) -> None:
    assert "Không có sạp nào khớp" in read(board, "/board/ben-song/?q=zzz")


def test_sections_and_categories_narrow_the_table(
    board: FlaskClient, huong: StallRow, tu: StallRow, database: Database
) -> None:
    with database.writing() as session:
        change(session, huong.id, section="Dãy C", category="Cá biển")
        change(session, tu.id, section="Dãy G", category="Gạo")
    assert [code for code, _ in rows(read(board, "/board/ben-song/?section=Dãy+C"))] == ["C-01"]
    assert [code for code, _ in rows(read(board, "/board/ben-song/?category=Gạo"))] == ["G-02"]


@pytest.mark.parametrize(
    ("sort", "codes"),
    [
        ("code", ["C-2", "C-10", "G-02"]),
        ("-code", ["G-02", "C-10", "C-2"]),
        ("-transactions", ["C-10", "G-02", "C-2"]),
        ("transactions", ["C-2", "G-02", "C-10"]),
        ("nonsense", ["C-10", "G-02", "C-2"]),
    ],
)
def test_the_table_is_sorted_by_any_column(
    board: FlaskClient, add_stall: Callable[..., StallRow], market_id: int, pay: Pay, sort: str, codes: list[str]
) -> None:
    add_stall(market_id, "C-2", "970436", "0123400001")
    pay(add_stall(market_id, "C-10", "970436", "0123400002"), 2)
    pay(add_stall(market_id, "G-02", "970436", "0123400003"), 1)
    assert [code for code, _ in rows(read(board, f"/board/ben-song/?sort={sort}"))] == codes


def test_a_hundred_stalls_are_on_a_page(board: FlaskClient, add_stall: Callable[..., StallRow], market_id: int) -> None:
    for number in range(101):
        add_stall(market_id, f"S-{number:03}", "970436", f"01234{number:05}")
    assert len(rows(read(board, "/board/ben-song/?sort=code"))) == 100
    assert [code for code, _ in rows(read(board, "/board/ben-song/?sort=code&page=2"))] == ["S-100"]
    assert rows(read(board, "/board/ben-song/?sort=code&page=9999999999"))[0] == ("S-000", "0")


def test_the_files_are_the_months_report(board: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 2)
    csv = board.get("/board/ben-song/report.csv")
    assert csv.get_data(as_text=True).splitlines()[1] == "C-01,Sạp C-01,,,2"
    assert csv.headers["Content-Disposition"] == f"attachment; filename=ben-song-{MONTH}.csv"
    assert board.get("/board/ben-song/report.xlsx").data.startswith(b"PK")
    assert board.get("/board/ben-song/report.pdf").data.startswith(b"%PDF")
    assert board.get("/board/ben-song/report.docx").status_code == 404
    assert board.get("/board/ben-song/report.csv?version=1").status_code == 404


@pytest.mark.parametrize(("today", "running"), [(date(2026, 10, 31), True), (date(2026, 11, 1), False)])
def test_a_month_runs_until_its_last_day_is_over(
    database: Database, huong: StallRow, today: date, running: bool
) -> None:
    assert look(database, Month(2026, 10), today).running is running


def test_on_a_months_last_day_its_target_still_has_a_mark_of_today() -> None:
    assert "hôm nay" in target_bar(1, 2, 31, 31, "hôm nay", running=True)


def test_what_may_be_done_with_a_closed_version_stands_apart(board: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 2)
    board.post("/board/ben-song/close", data={"month": str(MONTH)})
    buttons = read(board, "/board/ben-song/close").partition('<div class="buttons after versions">')[2]
    assert re.findall(r">([^<>\n]+)</a>", buttons.partition("</div>")[0]) == ["In bản 1", "Xem các bản đã chốt"]


def test_a_month_is_closed_after_it_was_looked_at(board: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 2)
    assert "Chốt thành bản 1" in read(board, "/board/ben-song/close")
    answer = board.post("/board/ben-song/close", data={"month": str(MONTH)})
    assert answer.location == f"/board/ben-song/?month={MONTH}"
    assert "Bản 1, chốt" in read(board, answer.location)


def test_a_closed_month_that_has_changed_says_which_stalls_differ(
    board: FlaskClient, huong: StallRow, tu: StallRow, pay: Pay
) -> None:
    pay(huong, 2)
    board.post("/board/ben-song/close", data={"month": str(MONTH)})
    pay(tu, 5)
    assert "Số dưới đây đã khác" in read(board, "/board/ben-song/")
    page = read(board, "/board/ben-song/close")
    assert re.findall(r'<span class="code">(.*?)</span>.*?>(\d)</td>.*?>(\d)</td>', page) == [("G-02", "0", "5")]
    assert board.get("/board/ben-song/report.csv?version=1").get_data(as_text=True).splitlines()[2].endswith(",0")


def test_a_month_is_printed_and_closed_above_the_list_of_stalls(board: FlaskClient, huong: StallRow) -> None:
    above = read(board, "/board/ben-song/").partition('id="stalls"')[0]
    for path in ("report.pdf", "report.xlsx", "report.csv", "close"):
        assert f"/board/ben-song/{path}?month={MONTH}" in above


def test_the_workbook_says_the_markets_name(board: FlaskClient, huong: StallRow) -> None:
    file = io.BytesIO(board.get("/board/ben-song/report.xlsx").data)
    title = load_workbook(file).get_sheet_by_index(0).to_python()[0][0]
    assert title == f"Chợ Bến Sông, tháng {MONTH.first:%m/%Y}: số giao dịch của từng sạp"


def differing(page: str) -> list[tuple[str, str, str]]:
    """The stalls of a table of differences, before and after."""
    return re.findall(
        r'<span class="code">(.*?)</span></td><td class="number">(.*?)</td><td class="number">(.*?)<', page
    )


def test_each_version_is_looked_at_beside_the_next_and_the_last_beside_now(
    board: FlaskClient, huong: StallRow, tu: StallRow, pay: Pay
) -> None:
    for stall, count in ((huong, 2), (tu, 5)):
        pay(stall, count)
        board.post("/board/ben-song/close", data={"month": str(MONTH)})
    pay(huong, 1)
    first = read(board, "/board/ben-song/closed?version=1")
    assert "Bản 2 khác ở" in first
    assert differing(first) == [("G-02", "0", "5")]
    newest = read(board, "/board/ben-song/closed")
    assert "Từ đó đến nay khác ở" in newest
    assert differing(newest) == [("C-01", "2", "3")]
    assert re.findall(r'aria-current="page">(Bản \d)<', newest) == ["Bản 2"]
    assert "report.pdf?month=" in newest
    assert "/board/ben-song/closed?month=" in read(board, "/board/ben-song/")


@pytest.mark.parametrize("version", ["0", "2", "x", "99999999999"])
def test_a_version_that_is_not_there_is_not_found(board: FlaskClient, huong: StallRow, pay: Pay, version: str) -> None:
    assert board.get("/board/ben-song/closed").status_code == 404
    pay(huong, 1)
    board.post("/board/ben-song/close", data={"month": str(MONTH)})
    assert board.get("/board/ben-song/closed").status_code == 200
    assert board.get(f"/board/ben-song/closed?version={version}").status_code == 404
    assert board.get(f"/board/ben-song/report.csv?version={version}").status_code == 404


def test_closing_an_unchanged_month_again_makes_no_version(board: FlaskClient, huong: StallRow, pay: Pay) -> None:
    pay(huong, 2)
    for _ in range(2):
        board.post("/board/ben-song/close", data={"month": str(MONTH)})
    assert "Từ đó đến nay không có gì khác" in read(board, "/board/ben-song/close")


def test_a_stall_without_a_payment_for_a_week_is_quiet(
    database: Database, huong: StallRow, tu: StallRow, pay: Pay
) -> None:
    pay(huong, 1, date(2026, 10, 8))
    pay(tu, 1, date(2026, 10, 9))
    assert [stall.code for stall in look(database, Month(2026, 10), date(2026, 10, 15)).quiet] == ["C-01"]


def test_a_stall_of_whom_no_bank_was_ever_heard_is_not_called_quiet(
    database: Database, huong: StallRow, pay: Pay
) -> None:
    pay(huong, 1, date(2026, 10, 1))
    with database.writing() as session:
        session.connection().execute(update(BANK_ACCOUNT).values(heard_at=None))
    assert look(database, Month(2026, 10), date(2026, 10, 15)).quiet == ()


def test_a_stall_begins_in_the_month_of_its_first_payment_ever(
    database: Database, huong: StallRow, tu: StallRow, pay: Pay
) -> None:
    pay(huong, 1, date(2026, 9, 1))
    pay(huong, 1, date(2026, 10, 1))
    pay(tu, 1, date(2026, 10, 1))
    assert [stall.code for stall in look(database, Month(2026, 10), date(2026, 10, 15)).begun] == ["G-02"]


def test_a_stall_falls_when_it_loses_more_than_three_tenths_of_the_same_days(
    database: Database, huong: StallRow, tu: StallRow, pay: Pay
) -> None:
    for stall, before, now in ((huong, 20, 13), (tu, 20, 14)):
        pay(stall, before, date(2026, 9, 1))
        pay(stall, now, date(2026, 10, 1))
        pay(stall, 30, date(2026, 9, 20))
    october = look(database, Month(2026, 10), date(2026, 10, 15))
    assert [(stall.code, stall.before, stall.now) for stall in october.fallen] == [("C-01", 20, 13)]


def test_kept_day_counts_stay_what_reading_them_anew_would_give(
    database: Database, market_id: int, huong: StallRow, tu: StallRow, pay: Pay
) -> None:
    kept = DayCounts()

    def told_and_read() -> tuple[dict[date, int], dict[date, int]]:
        with database.reading() as session:
            told = {day: count for day, count in kept.of(session, market_id).items() if count}
            return told, counts_by_day(session, market_id, date.min, date.max)

    entries: list[int | None] = []
    now: datetime = utc_now()
    for day, stall in ((TODAY, huong), (earlier(MONTH, 2).first, tu), (TODAY, tu), (earlier(MONTH, 13).first, huong)):
        entries += pay(stall, 2, day)
        told, anew = told_and_read()
        assert told == anew
    for entry in entries[:3]:
        assert entry is not None
        with database.writing() as session:
            settling.reverse(session, market_id, entry, reason="thử", reassign=False, login_id=None, now=now)
        told, anew = told_and_read()
        assert told == anew
    assert sum(anew.values()) == 5
