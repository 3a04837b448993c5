"""Seals: the head of every book, published once a day and never backwards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from ledger import books
from ledger.books.finding import Finding
from ledger.books.model import BOOK, SEAL
from ledger.books.seals import SealRow, newest_seal, seal_books, seals_between, seals_of, unsealed
from ledger.books.verify import verify
from market.db import Database
from market.sealing import seal_days
from merchants.stalls import StallRow

# Half past midnight of 24 November in Việt Nam.
AFTER_MIDNIGHT = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
BEFORE_MIDNIGHT = AFTER_MIDNIGHT - timedelta(hours=1)
MONDAY = date(2026, 11, 23)
DAY = timedelta(days=1)
Sell = Callable[..., None]


@pytest.fixture
def sell(database: Database) -> Sell:
    """A stall writes a sale into its book, at noon of Monday where no moment is given."""

    def typed(stall: StallRow, at: datetime = BEFORE_MIDNIGHT) -> None:
        with database.writing() as session:
            count = session.connection().execute(select(BOOK.c.entries).where(BOOK.c.id == stall.book_id)).scalar_one()
            books.enter_sale(
                session,
                book_id=stall.book_id,
                amount=5_000,
                cash=True,
                occurred_at=at,
                client_key=f"sale-{count:04}",
                login_id=None,
                memo="",
                now=at,
            )

    return typed


def sealed(database: Database, stall: StallRow) -> list[tuple[date, int]]:
    """Days and numbers of a stall's seals, in the order in which they were published."""
    with database.reading() as session:
        rows = session.connection().execute(
            select(SEAL.c.day, SEAL.c.number).where(SEAL.c.book_id == stall.book_id).order_by(SEAL.c.id)
        )
        return [(row.day, row.number) for row in rows]


def found(database: Database) -> list[Finding]:
    """What `verify` finds."""
    with database.reading() as session:
        return verify(session).findings


def test_a_day_that_ended_is_sealed_with_the_head_of_the_book(
    database: Database, huong: StallRow, tu: StallRow, sell: Sell
) -> None:
    sell(huong)
    sell(huong)
    assert seal_days(database, AFTER_MIDNIGHT) == 1
    with database.reading() as session:
        head = session.connection().execute(select(BOOK.c.head).where(BOOK.c.id == huong.book_id)).scalar_one()
        assert newest_seal(session, huong.book_id) == SealRow(huong.book_id, MONDAY, 2, head)
        assert newest_seal(session, tu.book_id) is None
    assert found(database) == []


def test_the_day_that_still_runs_is_not_sealed(database: Database, huong: StallRow, sell: Sell) -> None:
    sell(huong)
    seal_days(database, BEFORE_MIDNIGHT)
    assert sealed(database, huong) == [(MONDAY - DAY, 1)]


def test_sealing_a_day_again_changes_nothing(database: Database, huong: StallRow, sell: Sell) -> None:
    sell(huong)
    assert [seal_days(database, AFTER_MIDNIGHT) for _ in range(3)] == [1, 0, 0]
    sell(huong, AFTER_MIDNIGHT)
    assert seal_days(database, AFTER_MIDNIGHT + timedelta(hours=9)) == 0
    assert sealed(database, huong) == [(MONDAY, 1)]


def test_many_who_seal_at_once_seal_each_book_once(
    database: Database, huong: StallRow, tu: StallRow, sell: Sell
) -> None:
    sell(huong)
    sell(tu)
    with ThreadPoolExecutor(8) as pool:
        sealed_by_each = list(pool.map(lambda _: seal_days(database, AFTER_MIDNIGHT), range(8)))
    assert sum(sealed_by_each) == 2
    assert found(database) == []


def test_a_book_without_a_new_entry_gets_no_new_seal(
    database: Database, huong: StallRow, tu: StallRow, sell: Sell
) -> None:
    sell(huong)
    sell(tu)
    seal_days(database, AFTER_MIDNIGHT)
    sell(tu, AFTER_MIDNIGHT)
    assert seal_days(database, AFTER_MIDNIGHT + DAY) == 1
    assert sealed(database, huong) == [(MONDAY, 1)]
    assert sealed(database, tu) == [(MONDAY, 1), (MONDAY + DAY, 2)]


def test_a_server_that_was_off_for_days_seals_only_yesterday(database: Database, huong: StallRow, sell: Sell) -> None:
    sell(huong)
    seal_days(database, AFTER_MIDNIGHT + 5 * DAY)
    assert sealed(database, huong) == [(MONDAY + 5 * DAY, 1)]


def test_a_clock_that_jumped_back_seals_nothing_again(database: Database, huong: StallRow, sell: Sell) -> None:
    sell(huong)
    seal_days(database, AFTER_MIDNIGHT)
    assert [seal_days(database, AFTER_MIDNIGHT - back * DAY) for back in (1, 2, 400)] == [0, 0, 0]
    assert sealed(database, huong) == [(MONDAY, 1)]


def test_after_a_clock_that_was_ahead_new_entries_are_sealed_with_greater_numbers(
    database: Database, huong: StallRow, sell: Sell
) -> None:
    sell(huong)
    seal_days(database, AFTER_MIDNIGHT + 1500 * DAY)
    assert seal_days(database, AFTER_MIDNIGHT) == 0
    sell(huong)
    assert seal_days(database, AFTER_MIDNIGHT) == 1
    assert sealed(database, huong) == [(MONDAY + 1500 * DAY, 1), (MONDAY, 2)]
    with database.reading() as session:
        newest = newest_seal(session, huong.book_id)
    assert newest is not None
    assert (newest.day, newest.number) == (MONDAY, 2)
    assert found(database) == []


def test_a_market_is_sealed_alone(
    database: Database, huong: StallRow, add_stall: Callable[..., StallRow], other_market_id: int, sell: Sell
) -> None:
    far = add_stall(other_market_id, "A-1", "970436", "0777700001")
    sell(huong)
    sell(far)
    with database.writing() as session:
        assert unsealed(session, AFTER_MIDNIGHT) == {huong.market_id, other_market_id}
        assert seal_books(session, other_market_id, now=AFTER_MIDNIGHT) == 1
        assert unsealed(session, AFTER_MIDNIGHT) == {huong.market_id}
    assert sealed(database, huong) == []


def test_seals_are_read_by_book_and_by_day(database: Database, huong: StallRow, tu: StallRow, sell: Sell) -> None:
    for day in range(3):
        sell(huong, BEFORE_MIDNIGHT + day * DAY)
        seal_days(database, AFTER_MIDNIGHT + day * DAY)
    with database.reading() as session:
        assert [seal.number for seal in seals_between(session, huong.book_id, MONDAY, MONDAY + DAY)] == [2, 1]
        assert [(seal.book_id, seal.number) for seal in seals_of(session, huong.market_id, MONDAY + DAY)] == [
            (huong.book_id, 2)
        ]
        assert seals_of(session, huong.market_id, MONDAY - DAY) == []


def test_a_mark_is_sixteen_digits_in_groups_of_four() -> None:
    assert SealRow(1, MONDAY, 1, "9f2c01ab77de44100123" + 44 * "f").mark == "9f2c 01ab 77de 4410"


def test_a_seal_is_permanent(database: Database, huong: StallRow, sell: Sell) -> None:
    sell(huong)
    seal_days(database, AFTER_MIDNIGHT)
    with pytest.raises(Exception, match="seal is permanent"), database.writing() as session:
        session.connection().execute(SEAL.delete())
    with database.reading() as session:
        assert session.connection().execute(select(func.count()).select_from(SEAL)).scalar_one() == 1
