"""A market's month and year and the province's month: each figure as it is defined, on both databases."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ledger import books
from ledger.days import Month
from ledger.inbox.notice import Notice
from market.closings import close_month
from market.db import Database
from market.markets import find_market, list_markets
from market.reports import MonthReport, StallLine, closed_report, month_report, province_report, year_report
from merchants import settling
from merchants.payments import Outcome, Source, take
from merchants.stalls import StallRow, change, close, find_stall

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NOVEMBER = Month(2026, 11)
# Half past eleven in the evening of 31 October in Vietnam, and half past midnight of 1 November.
HALLOWEEN = datetime(2026, 10, 31, 16, 30, tzinfo=UTC)
ALL_SAINTS = datetime(2026, 10, 31, 17, 30, tzinfo=UTC)
Told = Callable[..., Notice]
Tell = Callable[..., list[Outcome]]


@pytest.fixture
def tell(database: Database, channel: Source) -> Tell:
    """The market's channel tells these notices, and what can be booked is."""

    def deliver(*notices: Notice) -> list[Outcome]:
        with database.writing() as session:
            return take(session, channel, "hook", [(notice, b"{}") for notice in notices], NOW)

    return deliver


@pytest.fixture
def report(database: Database, huong: StallRow, tu: StallRow) -> Callable[..., MonthReport]:
    """The live report of a month of the market of chị Hương and anh Tư."""

    def read(month: Month = NOVEMBER) -> MonthReport:
        with database.reading() as session:
            return month_report(session, find_market(session, "ben-song"), month)

    return read


def _counts(report: MonthReport) -> dict[str, int]:
    return {line.code: line.transactions for line in report.stalls}


def test_a_month_without_a_payment_lists_every_stall_at_zero(report: Callable[..., MonthReport]) -> None:
    assert report() == MonthReport(
        market="ben-song",
        month="2026-11",
        transactions=0,
        stalls_active=0,
        stalls_registered=2,
        stalls_connected=0,
        unmatched=0,
        closed=None,
        stalls=[StallLine("C-01", "Sạp C-01", "", "", 0), StallLine("G-02", "Sạp G-02", "", "", 0)],
    )


def test_transactions_are_counted_by_stall(
    report: Callable[..., MonthReport], tell: Tell, told: Told, huong: StallRow
) -> None:
    tell(told(huong, 50_000), told(huong, 50_000), told(huong, 1))
    found = report()
    assert _counts(found) == {"C-01": 3, "G-02": 0}
    assert (found.transactions, found.stalls_active, found.stalls_connected) == (3, 1, 1)


def test_a_payment_belongs_to_the_month_on_the_wall_in_vietnam(
    report: Callable[..., MonthReport], tell: Tell, told: Told, huong: StallRow
) -> None:
    tell(told(huong, 1_000, at=HALLOWEEN), told(huong, 1_000, at=ALL_SAINTS), told(huong, 1_000, at=ALL_SAINTS))
    assert [report(Month(2026, month)).transactions for month in (10, 11, 12)] == [1, 2, 0]


def test_a_months_first_and_last_day_are_in_it(
    report: Callable[..., MonthReport], tell: Tell, told: Told, huong: StallRow
) -> None:
    for day in (date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1), date(2026, 10, 31)):
        tell(told(huong, 1_000)._replace(at=None, local_date=day))
    assert report().transactions == 2


def test_money_that_no_stall_has_is_unmatched_and_nowhere_else(
    report: Callable[..., MonthReport], tell: Tell, told: Told, huong: StallRow
) -> None:
    tell(told(huong, 1_000, account_number="0555"), told(huong, 1_000, account_number="0555", at=HALLOWEEN))
    found = report()
    assert (found.transactions, found.unmatched) == (0, 1)


def test_money_going_out_is_in_no_figure(
    report: Callable[..., MonthReport], tell: Tell, told: Told, huong: StallRow
) -> None:
    tell(told(huong, 1_000, direction="out"), told(huong, 1_000, direction="out", account_number="0555"))
    found = report()
    assert (found.transactions, found.unmatched) == (0, 0)


def test_what_a_person_typed_is_never_counted(
    report: Callable[..., MonthReport], database: Database, huong: StallRow
) -> None:
    with database.writing() as session:
        for key, cash in (("typed-0001", True), ("typed-0002", False)):
            books.enter_sale(
                session,
                book_id=huong.book_id,
                amount=50_000,
                cash=cash,
                occurred_at=None,
                client_key=key,
                login_id=None,
                memo="",
                now=NOW,
            )
    assert (report().transactions, report().stalls_active) == (0, 0)


@pytest.mark.parametrize("undo", [settling.mark_not_sale, lambda *a, **b: settling.reverse(*a, **b, reassign=False)])
def test_a_correction_takes_the_date_of_what_it_corrects(
    report: Callable[..., MonthReport], database: Database, tell: Tell, told: Told, huong: StallRow, undo: Any
) -> None:
    (outcome,) = tell(told(huong, 1_000, at=HALLOWEEN))
    with database.writing() as session:
        undo(session, None, outcome.entry_id, reason="a loan", login_id=None, now=NOW)
    assert [report(Month(2026, month)).transactions for month in (10, 11)] == [0, 0]


def test_a_closed_stall_is_registered_in_the_months_not_wholly_after_its_last_day(
    report: Callable[..., MonthReport], database: Database, tu: StallRow
) -> None:
    with database.writing() as session:
        close(session, tu, date(2026, 11, 1), NOW)
    months = [report(Month(2026, month)) for month in (1, 10, 11, 12)]
    assert [found.stalls_registered for found in months] == [2, 2, 2, 1]
    assert list(_counts(months[-1])) == ["C-01"]


def test_a_closed_stall_with_a_transaction_has_a_row_all_the_same(
    report: Callable[..., MonthReport], database: Database, tell: Tell, told: Told, tu: StallRow
) -> None:
    with database.writing() as session:
        close(session, tu, date(2026, 10, 31), NOW)
    tell(told(tu, 1_000))
    found = report()
    assert _counts(found) == {"C-01": 0, "G-02": 1}
    assert (found.transactions, found.stalls_active, found.stalls_registered) == (1, 1, 1)


def test_a_stall_is_connected_once_any_notice_named_its_account(
    report: Callable[..., MonthReport], tell: Tell, told: Told, huong: StallRow
) -> None:
    tell(told(huong, 1_000, direction="out", at=HALLOWEEN))
    assert [report(Month(2026, month)).stalls_connected for month in (9, 11)] == [1, 1]


def test_another_markets_payments_are_its_own(
    report: Callable[..., MonthReport],
    database: Database,
    tell: Tell,
    told: Told,
    huong: StallRow,
    other_market_id: int,
    add_stall: Callable[..., StallRow],
) -> None:
    add_stall(other_market_id, "C-01", "970436", huong.account_number)
    tell(told(huong, 1_000))
    with database.reading() as session:
        other = month_report(session, find_market(session, "chan-nui"), NOVEMBER)
    assert (report().transactions, other.transactions, other.stalls_registered) == (1, 0, 1)


def test_a_closed_version_stands_whatever_comes_later_under_todays_names(
    report: Callable[..., MonthReport], database: Database, tell: Tell, told: Told, huong: StallRow, tu: StallRow
) -> None:
    tell(told(huong, 1_000))
    frozen = report()
    with database.writing() as session:
        close_month(session, huong.market_id, NOVEMBER, frozen.frozen(), login_id=None, now=NOW)
    tell(told(tu, 1_000), told(tu, 1_000, account_number="0555"))
    with database.writing() as session:
        change(session, find_stall(session, huong.market_id, "C-01").id, name="Cá tươi")
    with database.reading() as session:
        found = closed_report(session, find_market(session, "ben-song"), NOVEMBER, 1)
    assert found.closed == {"version": 1, "transactions": 1}
    assert found.frozen() == frozen.frozen()
    assert [line.name for line in found.stalls] == ["Cá tươi", "Sạp G-02"]
    assert report().closed == {"version": 1, "transactions": 1}
    assert report().transactions == 2


def test_what_is_frozen_names_nobody(report: Callable[..., MonthReport]) -> None:
    assert set(report().frozen()["stalls"]) == {"C-01", "G-02"}
    assert "Sạp" not in str(report().frozen())


def test_a_year_has_twelve_months_and_each_agrees_with_its_report(
    report: Callable[..., MonthReport], database: Database, tell: Tell, told: Told, huong: StallRow, tu: StallRow
) -> None:
    tell(told(huong, 1_000, at=HALLOWEEN), told(huong, 1_000), told(tu, 1_000), told(tu, 1_000))
    tell(told(tu, 1_000, at=NOW - timedelta(days=365)))
    with database.reading() as session:
        year = year_report(session, find_market(session, "ben-song"), 2026)
    assert (year["market"], year["year"]) == ("ben-song", 2026)
    months = [report(Month(2026, month)) for month in range(1, 13)]
    assert year["months"] == [
        {"month": found.month, "transactions": found.transactions, "stalls_active": found.stalls_active}
        for found in months
    ]
    assert [month["transactions"] for month in year["months"]] == [0] * 9 + [1, 3, 0]


def test_the_province_puts_every_market_side_by_side(
    database: Database, tell: Tell, told: Told, huong: StallRow, tu: StallRow, other_market_id: int
) -> None:
    tell(told(huong, 1_000), told(huong, 1_000))
    with database.reading() as session:
        assert province_report(session, NOVEMBER) == {
            "month": "2026-11",
            "markets": [
                {
                    "slug": "ben-song",
                    "name": "Chợ Bến Sông",
                    "transactions": 2,
                    "stalls_active": 1,
                    "stalls_registered": 2,
                },
                {
                    "slug": "chan-nui",
                    "name": "Chợ Chân Núi",
                    "transactions": 0,
                    "stalls_active": 0,
                    "stalls_registered": 0,
                },
            ],
        }
        assert [market.slug for market in list_markets(session)] == ["ben-song", "chan-nui"]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_month_is_read_from_indexes_that_do_not_grow_with_the_years(
    report: Callable[..., MonthReport], engine: Engine
) -> None:
    asked: list[tuple[str, Any]] = []

    def note(*told: Any) -> None:
        asked.append((told[2], told[3]))

    event.listen(engine, "before_cursor_execute", note)
    report()
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        plans = [
            step.detail
            for statement, values in asked
            if statement.startswith("SELECT")
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert [plan for plan in plans if "SCAN" in plan] == []
    assert [plan for plan in plans if " notice " in plan] == [
        "SEARCH notice USING INDEX ix_notice_waiting (market_id=? AND local_date>? AND local_date<?)"
    ]
    assert [plan for plan in plans if " day_total " in plan] == [
        "SEARCH day_total USING INDEX ix_day_total_market_day (market_id=? AND booked_on>? AND booked_on<?)"
    ]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_no_report_has_a_place_for_an_amount(report: Callable[..., MonthReport]) -> None:
    assert {each.name for each in fields(StallLine)} == {"code", "name", "section", "category", "transactions"}
    assert not {each.name for each in fields(MonthReport)} & {"amount", "amounts", "total", "sum", "takings"}
