"""Closed months that were changed past the guards: their figures are told anew from the entries, and found wrong."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from ledger import books
from ledger.days import Month
from ledger.inbox.notice import Notice
from market.closing_checks import closings_hold
from market.db import Database
from market.markets import find_market
from market.model import CLOSING
from market.reports import close
from merchants.payments import Source, take
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NOVEMBER = Month(2026, 11)


@pytest.fixture
def closed(
    database: Database,
    huong: StallRow,
    tu: StallRow,
    other_market_id: int,
    add_stall: Callable[..., StallRow],
    channel: Source,
    told: Callable[..., Notice],
) -> Database:
    """November closed with two payments to chị Hương and one to anh Tư, then again after one was reversed; a stall of
    another market bears the same code."""
    add_stall(other_market_id, "C-01", "970436", "0777700001")
    with database.writing() as session:
        said = [(told(stall, 5_000), b"{}") for stall in (huong, huong, tu)]
        first = take(session, channel, "hook", said, NOW)[0].entry_id
        assert first is not None
        market = find_market(session, "ben-song")
        close(session, market, NOVEMBER, login_id=None, now=NOW)
        books.reverse(session, books.load_group(session, first), reason="twice", login_id=None, now=NOW)
        close(session, market, NOVEMBER, login_id=None, now=NOW)
        take(session, channel, "hook", [(told(tu, 5_000), b"{}")], NOW)
    return database


def messages(database: Database) -> list[str]:
    with database.reading() as session:
        return [finding.message for finding in closings_hold(session.connection())]


def change(database: Database, version: int, **changes: Any) -> None:
    """Another document in a version's place; on SQLite as on PostgreSQL the guard is taken away for it."""
    with database.reading() as session:
        said = session.connection().execute(select(CLOSING.c.document).where(CLOSING.c.version == version))
        document = json.loads(said.scalar_one()) | changes
    with database.engine.begin() as connection:
        on = " ON closing" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER closing_update{on}"))
        connection.execute(CLOSING.update().where(CLOSING.c.version == version).values(document=json.dumps(document)))


def test_both_versions_hold_though_the_month_went_on(closed: Database) -> None:
    assert messages(closed) == []


def test_a_stalls_changed_count_is_found_with_the_stall(closed: Database, huong: StallRow) -> None:
    change(closed, 1, transactions=10, stalls={"C-01": 9, "G-02": 1})
    with closed.reading() as session:
        [finding] = closings_hold(session.connection())
    assert (finding.check, finding.market_id, finding.book_id) == ("closings", huong.market_id, huong.book_id)
    assert finding.message == "the closing of 2026-11, version 1, says 9 transactions, its heads 2"


def test_a_stall_left_out_is_found(closed: Database) -> None:
    change(closed, 2, transactions=1, stalls_active=1, stalls={"C-01": 1})
    assert messages(closed) == ["the closing of 2026-11, version 2, says 0 transactions, its heads 1"]


def test_a_stall_that_the_market_does_not_have_is_found(closed: Database) -> None:
    change(closed, 1, transactions=8, stalls_active=3, stalls={"C-01": 2, "G-02": 1, "X-9": 5})
    assert messages(closed) == ["the closing of 2026-11, version 1, names stall X-9, which the market does not have"]


def test_totals_that_are_not_those_of_the_stalls_are_found(closed: Database) -> None:
    change(closed, 1, transactions=4, stalls_active=1)
    assert messages(closed) == [
        "the closing of 2026-11, version 1, says 4 transactions, its stalls 3",
        "the closing of 2026-11, version 1, says 1 stalls were active, its stalls 2",
    ]


def test_a_removed_version_is_found(closed: Database) -> None:
    with closed.engine.begin() as connection:
        on = " ON closing" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER closing_delete{on}"))
        connection.execute(CLOSING.delete().where(CLOSING.c.version == 1))
    assert messages(closed) == ["the closing of 2026-11 is version 2, where version 1 comes next"]
