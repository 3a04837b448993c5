"""A stall's week and month: the days as bars with a table behind them, beside the week before up to the same moment."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient

from ledger.books.sums import Takings
from ledger.days import local_date
from ledger.inbox.notice import Notice
from market.db import Database
from market.web import stall, stall_week
from market.web.day_chart import days_chart
from merchants import cash
from merchants.payments import Source, take
from merchants.stalls import StallRow
from merchants.takings import Actor

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, eight in the morning
DONG = "\N{NO-BREAK SPACE}đ"
Pay = Callable[[int, str], None]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (stall, stall_week):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)


@pytest.fixture
def pay(database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice]) -> Pay:
    """A customer of chị Hương's transfers: `pay(50_000, "2026-11-24T07:00")`."""

    def paid(amount: int, clock: str) -> None:
        at = datetime.fromisoformat(f"{clock}+07:00").astimezone(UTC)
        with database.writing() as session:
            notice = told(huong, amount)._replace(at=at, local_date=local_date(at))
            take(session, channel, "hook", [(notice, b"{}")], NOW)

    return paid


def sell(database: Database, stall: StallRow, amount: int) -> None:
    """A sale paid in cash, now."""
    actor = Actor(1, frozenset({stall.id}), helps=frozenset({stall.id}))
    with database.writing() as session:
        cash.add(session, actor, stall, amount=amount, at=NOW, key="sale-0001", now=NOW)


def plain(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", page.partition("<body")[2]))


def test_a_week_runs_from_monday_to_sunday_and_adds_up(
    phone: FlaskClient, huong: StallRow, database: Database, pay: Pay
) -> None:
    pay(50_000, "2026-11-23T07:00")
    pay(70_000, "2026-11-24T07:00")
    pay(900_000, "2026-11-22T07:00")
    sell(database, huong, 30_000)
    page = plain(phone.get("/stall/week").text)
    assert "Tuần 23/11 – 29/11" in page
    assert f"Khách chuyển khoản cả tuần 120.000{DONG} 2 lượt" in page
    assert f"Tiền mặt 30.000{DONG} Cộng tất cả 150.000{DONG}" in page
    assert "Thứ Ba 24/11 1 lượt 70.000 30.000" in page


def test_a_week_that_runs_is_beside_the_week_before_up_to_this_moment(phone: FlaskClient, pay: Pay) -> None:
    pay(10_000, "2026-11-16T20:00")
    pay(20_000, "2026-11-17T08:00")
    pay(500_000, "2026-11-17T08:01")
    pay(500_000, "2026-11-19T08:00")
    assert f"Tuần trước, tới giờ này 30.000{DONG}" in plain(phone.get("/stall/week").text)


def test_a_week_that_is_over_is_beside_a_whole_one(phone: FlaskClient, pay: Pay) -> None:
    pay(10_000, "2026-11-09T20:00")
    pay(20_000, "2026-11-15T23:59")
    page = plain(phone.get("/stall/week?of=2026-11-18").text)
    assert "Tuần 16/11 – 22/11" in page
    assert f"Tuần trước đó 30.000{DONG}" in page
    assert "Tuần này chưa có khoản nào." in page


@pytest.mark.parametrize("day", ["soon", "2026-13-01", "1800-01-01"])
def test_a_week_that_is_none_is_no_page(phone: FlaskClient, day: str) -> None:
    assert phone.get(f"/stall/week?of={day}").status_code == 404


def test_a_month_has_its_days_as_bars_with_a_table_behind(
    phone: FlaskClient, huong: StallRow, database: Database, pay: Pay
) -> None:
    pay(50_000, "2026-11-02T07:00")
    sell(database, huong, 30_000)
    page = phone.get("/stall/book").text
    assert '<svg class="days"' in page
    assert "Thứ Hai 02/11 1 lượt 50.000 0" in plain(page)
    assert "Thứ Ba 24/11 0 lượt 0 30.000" in plain(page)
    assert f"Cộng tất cả 80.000{DONG}" in plain(page)


@pytest.mark.parametrize("path", ["/stall/week", "/stall/book"])
def test_the_column_of_cash_and_of_what_was_typed_says_both(phone: FlaskClient, pay: Pay, path: str) -> None:
    pay(50_000, "2026-11-24T07:00")
    heads = re.findall(r'<th scope="col".*?>(.*?)</th>', phone.get(path).text)
    assert heads == ["Ngày", "Chuyển khoản", "Tiền mặt, ghi tay"]


def test_a_helper_sees_no_week(signed_in: Callable[..., FlaskClient], huong: StallRow) -> None:
    helper = signed_in("helper", stall=huong)
    assert [helper.get(path).status_code for path in ("/stall/week", "/stall/book")] == [404, 404]


# The bars.


def heights(chart: str, kind: str) -> list[float]:
    return [float(tall) for tall in re.findall(rf'<rect class="{kind}"[^>]* height="([0-9.]+)"', chart)]


def week(**amounts: Takings) -> str:
    days = {date(2026, 11, int(day[1:])): found for day, found in amounts.items()}
    return str(days_chart(days, date(2026, 11, 23), date(2026, 11, 29), date(2026, 11, 24)))


def test_a_bar_is_as_tall_as_its_share_and_stands_on_zero() -> None:
    chart = week(d23=Takings(1, 100_000, 0, 0), d25=Takings(1, 50_000, 0, 0))
    assert heights(chart, "told") == [154.0, 77.0]
    assert 'y="10.0"' in chart


def test_cash_stands_above_what_the_bank_told() -> None:
    chart = week(d23=Takings(1, 60_000, 10_000, 30_000))
    assert (heights(chart, "told"), heights(chart, "typed")) == ([92.4], [61.6])


def test_the_day_that_runs_is_hatched() -> None:
    chart = week(d24=Takings(1, 100_000, 0, 0))
    assert (heights(chart, "told"), heights(chart, "running")) == ([], [154.0])


def test_a_day_of_less_than_nothing_has_no_bar() -> None:
    assert heights(week(d23=Takings(0, 0, 0, -5_000)), "typed") == []
