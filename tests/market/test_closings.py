"""Closing a month: frozen under a number, the next number after a change, and what is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from ledger.books.counts import heads
from ledger.days import Month
from ledger.inbox.notice import Notice
from ledger.refused import Refused
from market.closings import Difference, close_month, differences, find, latest, published_heads, versions
from market.db import Database
from market.model import CLOSING
from merchants.payments import Source, take
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NOVEMBER = Month(2026, 11)
FIRST: dict[str, Any] = {"transactions": 2, "stalls": {"C-01": 2, "G-02": 0}}
CHANGED: dict[str, Any] = {"transactions": 1, "stalls": {"C-01": 1, "G-02": 0}}
Close = Callable[..., tuple[int, bool]]


@pytest.fixture
def close(database: Database, market_id: int) -> Close:
    """Closes a month of the market with these numbers: `close(FIRST)`."""

    def freeze(document: dict[str, Any], month: Month = NOVEMBER, login_id: int | None = None) -> tuple[int, bool]:
        with database.writing() as session:
            return close_month(session, market_id, month, document, login_id=login_id, now=NOW)

    return freeze


def test_a_month_that_was_never_closed_has_no_closing(database: Database, market_id: int) -> None:
    with database.reading() as session:
        assert latest(session, market_id, NOVEMBER) is None


def test_the_first_closing_is_version_one(close: Close, database: Database, market_id: int) -> None:
    assert close(FIRST) == (1, True)
    with database.reading() as session:
        found = latest(session, market_id, NOVEMBER)
    assert found is not None
    assert (found.version, found.document, found.closed_at) == (1, FIRST, NOW)


def test_closing_again_without_a_change_keeps_the_version(close: Close) -> None:
    close(FIRST)
    assert close(FIRST) == (1, False)


def test_closing_after_a_change_is_the_next_version_and_the_former_stays(
    close: Close, database: Database, market_id: int
) -> None:
    assert [close(document)[0] for document in (FIRST, CHANGED, FIRST)] == [1, 2, 3]
    with database.reading() as session:
        assert [find(session, market_id, NOVEMBER, version).document for version in (1, 2, 3)] == [
            FIRST,
            CHANGED,
            FIRST,
        ]


def test_every_month_and_market_counts_its_own_versions(close: Close, database: Database, other_market_id: int) -> None:
    close(FIRST)
    assert close(FIRST, Month(2026, 10)) == (1, True)
    with database.writing() as session:
        assert close_month(session, other_market_id, NOVEMBER, FIRST, login_id=None, now=NOW) == (1, True)


def test_a_closing_says_who_closed_the_month(close: Close, database: Database) -> None:
    close(FIRST, login_id=3)
    with database.reading() as session:
        assert session.connection().execute(select(CLOSING.c.login_id)).scalar_one() == 3


def test_a_month_that_has_not_begun_in_vietnam_cannot_be_closed(database: Database, market_id: int) -> None:
    last_second, first_second = (datetime(2026, 11, 30, *time, tzinfo=UTC) for time in ((16, 59, 59), (17, 0, 0)))
    with database.writing() as session:
        with pytest.raises(Refused, match="month: 2026-12 has not begun"):
            close_month(session, market_id, Month(2026, 12), FIRST, login_id=None, now=last_second)
        assert close_month(session, market_id, Month(2026, 12), FIRST, login_id=None, now=first_second) == (1, True)


def test_a_version_that_is_not_there_is_refused_with_what_is(close: Close, database: Database, market_id: int) -> None:
    with database.reading() as session, pytest.raises(Refused, match="2026-11 has no version 1; it was never closed"):
        find(session, market_id, NOVEMBER, 1)
    close(FIRST)
    with database.reading() as session, pytest.raises(Refused, match="no version 2; its newest version is 1"):
        find(session, market_id, NOVEMBER, 2)


def test_a_closing_publishes_the_head_of_every_book_that_has_an_entry(
    close: Close, database: Database, huong: StallRow, tu: StallRow, channel: Source, told: Callable[..., Notice]
) -> None:
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW)
    close(FIRST)
    with database.reading() as session:
        number, head = heads(session, huong.market_id)[huong.book_id]
        (published,) = published_heads(session)
    assert (published.market_id, published.book_id) == (huong.market_id, huong.book_id)
    assert (published.number, published.head) == (number, head) == (1, head)
    assert published.by == "the closing of 2026-11, version 1"


def test_a_frozen_document_is_kept_word_for_word(close: Close, database: Database) -> None:
    close(FIRST)
    with database.reading() as session:
        assert json.loads(session.connection().execute(select(CLOSING.c.document)).scalar_one()) == FIRST


def test_versions_come_with_the_newest_first(close: Close, database: Database, market_id: int) -> None:
    close(FIRST)
    close(CHANGED)
    with database.reading() as session:
        assert [closing.version for closing in versions(session, market_id, NOVEMBER)] == [2, 1]
        assert versions(session, market_id, Month(2026, 10)) == []


def test_another_document_has_another_mark(close: Close, database: Database, market_id: int) -> None:
    for document in (FIRST, CHANGED, FIRST):
        close(document)
    with database.reading() as session:
        marks = [closing.mark for closing in versions(session, market_id, NOVEMBER)]
    assert marks[0] == marks[2] != marks[1]
    assert len(marks[0]) == 19


def test_differences_name_the_stalls_that_changed_came_and_went() -> None:
    assert differences({"A": 1, "B": 2, "D": 3}, {"A": 1, "B": 3, "C": 0}) == [
        Difference("B", 2, 3),
        Difference("C", None, 0),
        Difference("D", 3, None),
    ]
