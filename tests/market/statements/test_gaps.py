"""The gap report: what a statement credits and no webhook told."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.days import Month
from ledger.inbox.notice import Notice
from market.db import Database
from market.deliveries import Summary
from market.gaps import GapReport, gap_report
from market.markets import find_market
from merchants.settling import same
from merchants.stalls import StallRow
from tests.statement_files import as_csv, statement_of

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Bring = Callable[..., Summary]
Told = Callable[..., Notice]
NOVEMBER = Month(2026, 11)


@pytest.fixture
def gaps(database: Database, market_id: int) -> Callable[[], GapReport]:
    """The market's gaps of November."""

    def report() -> GapReport:
        with database.reading() as session:
            return gap_report(session, find_market(session, "ben-song"), NOVEMBER)

    return report


def test_a_credit_that_only_the_statement_tells_is_a_gap(
    bring: Bring, hook: Callable[..., list[str]], gaps: Callable[[], GapReport], huong: StallRow, month: list[Notice]
) -> None:
    missed = [notice for notice in month if notice.local_date in (date(2026, 11, 10), date(2026, 11, 11))]
    hook(*(notice for notice in month if notice not in missed))
    bring(as_csv(statement_of(*month)))
    (gap,) = gaps().document()["gaps"]
    references = gap.pop("bank_references")
    assert sorted(references) == sorted(notice.bank_reference for notice in missed)
    assert gap == {
        "account_number": huong.account_number,
        "bank": huong.bin,
        "stall": "C-01",
        "notices": 6,
        "held": 0,
        "days": ["2026-11-10", "2026-11-11"],
    }


def test_an_account_that_only_statements_tell_of_has_no_gap(
    bring: Bring, gaps: Callable[[], GapReport], month: list[Notice]
) -> None:
    bring(as_csv(statement_of(*month)))
    assert gaps().gaps == []


def test_a_webhook_that_comes_later_closes_the_gap(
    bring: Bring, hook: Callable[..., list[str]], gaps: Callable[[], GapReport], month: list[Notice]
) -> None:
    hook(month[0])
    bring(as_csv(statement_of(*month[:3])))
    assert [gap.notices for gap in gaps().gaps] == [2]
    hook(*month)
    assert gaps().gaps == []


def test_held_lines_are_a_gap_until_they_are_told_the_same(
    database: Database,
    market_id: int,
    bring: Bring,
    held: Callable[[], list[int]],
    hook: Callable[..., list[str]],
    gaps: Callable[[], GapReport],
    month: list[Notice],
) -> None:
    hook(*month[:3])
    bring(as_csv(statement_of(*month[:3], references=False)))
    assert [(gap.notices, gap.held) for gap in gaps().gaps] == [(3, 3)]
    with database.writing() as session:
        same(session, market_id, held())
    assert gaps().gaps == []


def test_another_month_and_money_going_out_are_no_gap(
    bring: Bring, hook: Callable[..., list[str]], gaps: Callable[[], GapReport], huong: StallRow, told: Told
) -> None:
    hook(told(huong, 1_000))
    out = told(huong, 5_000, direction="out")
    october = told(huong, 5_000, at=NOW - timedelta(days=40))
    bring(as_csv(statement_of(out, october)))
    assert gaps().gaps == []
