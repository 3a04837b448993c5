"""A clock that jumps back: the books stay whole, and each payment keeps its own day."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ledger import books
from ledger.books.counts import month_counts
from ledger.books.model import ENTRY
from ledger.books.seals import seal_books
from ledger.books.verify import verify
from ledger.days import Month
from ledger.inbox.notice import Notice
from market.access import sessions
from market.access.logins import add_login
from market.db import Database
from merchants.model import CODE_PAYMENT
from merchants.payment_codes import make_payment_code
from merchants.payments import Source, take
from merchants.settling import reverse
from merchants.stalls import StallRow

# A minute after a month began in Vietnam, and two minutes before.
AFTER = datetime(2026, 10, 31, 17, 1, tzinfo=UTC)
BEFORE = AFTER - timedelta(minutes=2)
HOUR = timedelta(hours=1)
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
Told = Callable[..., Notice]


def _holds(database: Database) -> bool:
    with database.reading() as session:
        assert verify(session).findings == []
    return True


@pytest.mark.parametrize("back", [timedelta(microseconds=1), timedelta(minutes=2), timedelta(days=400)])
def test_entries_recorded_earlier_than_the_ones_before_them_are_in_order_all_the_same(
    database: Database, channel: Source, huong: StallRow, told: Told, back: timedelta
) -> None:
    for now in (AFTER, AFTER - back, AFTER - 2 * back):
        with database.writing() as session:
            [paid] = take(session, channel, "hook", [(told(huong, 50_000, at=AFTER), b"{}")], now)
            assert paid.entry_id is not None
            reverse(session, None, paid.entry_id, reason="back", reassign=False, login_id=None, now=now - back)
    with database.reading() as session:
        rows = session.connection().execute(select(ENTRY.c.number).order_by(ENTRY.c.id)).scalars().all()
    assert rows == [1, 2, 3, 4, 5, 6]
    assert _holds(database)


def test_a_payment_counts_in_the_month_of_its_own_day_whatever_the_clock_says(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    for now, at in ((AFTER, BEFORE), (BEFORE, AFTER), (BEFORE - HOUR, AFTER)):
        with database.writing() as session:
            take(session, channel, "hook", [(told(huong, 50_000, at=at), b"{}")], now)
    with database.reading() as session:
        counts = [month_counts(session, huong.market_id, month)[huong.book_id] for month in (OCTOBER, NOVEMBER)]
    assert counts == [1, 2]
    assert _holds(database)


def test_sales_typed_as_midnight_is_crossed_backwards_each_keep_the_day_they_were_typed(
    database: Database, huong: StallRow
) -> None:
    for number, now in enumerate((AFTER, BEFORE, AFTER)):
        with database.writing() as session:
            books.enter_sale(
                session,
                book_id=huong.book_id,
                amount=5_000,
                cash=True,
                occurred_at=None,
                client_key=f"phone-{number:04}",
                login_id=1,
                memo="",
                now=now,
            )
    with database.reading() as session:
        days = session.connection().execute(select(ENTRY.c.booked_on).order_by(ENTRY.c.number)).scalars().all()
    assert [day.isoformat() for day in days] == ["2026-11-01", "2026-10-31", "2026-11-01"]
    assert _holds(database)


def test_seals_published_before_and_after_a_jump_all_hold(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    for now in (AFTER, BEFORE, AFTER, AFTER + 24 * HOUR, BEFORE):
        with database.writing() as session:
            take(session, channel, "hook", [(told(huong, 50_000, at=BEFORE), b"{}")], now)
            seal_books(session, huong.market_id, now=now)
    assert _holds(database)


def test_whoever_is_signed_in_stays_so_before_and_after_the_clock_is_mended(database: Database, market_id: int) -> None:
    with database.writing() as session:
        login_id = add_login(
            session, name="board1", role="board", market_id=market_id, stall_id=None, password="hoa-phuong", now=AFTER
        )
        token = sessions.sign_in(session, login_id, AFTER)
    for now in (AFTER - 100 * 24 * HOUR, AFTER - HOUR, AFTER + HOUR):
        with database.writing() as session:
            found = sessions.who(session, token, now)
            assert found is not None
            _, to_be_noted = found
            assert to_be_noted == (now > AFTER)


def test_a_code_made_before_the_jump_is_answered_by_the_payments_own_time(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    with database.writing() as session:
        reference = make_payment_code(
            session,
            market_id=huong.market_id,
            stall_id=huong.id,
            amount=50_000,
            purpose="",
            expires_at=AFTER + HOUR,
            now=AFTER,
            source=random.Random(1),
        )
        for at in (AFTER, AFTER + 2 * HOUR):
            notice = told(huong, 50_000, at=at, memo=reference)
            take(session, channel, "hook", [(notice, b"{}")], AFTER - 24 * HOUR)
        answers = session.connection().execute(select(CODE_PAYMENT).order_by(CODE_PAYMENT.c.entry_id)).all()
    assert [(answer.verdict, answer.late) for answer in answers] == [("exact", False), ("exact", True)]
