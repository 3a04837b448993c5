"""Books with something of everything in them, and a foreign tool's way to damage them."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from ledger import books
from ledger.books.model import CASH_COUNT, ENTRY, SEAL
from ledger.books.row_checks import PublishedHead
from ledger.books.verify import Verified, verify
from ledger.inbox.notice import Notice
from market.db import Database, sqlite_driver
from merchants import settling
from merchants.payment_codes import make_payment_code
from merchants.payments import Source, take
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def kept(
    database: Database, market_id: int, channel: Source, huong: StallRow, tu: StallRow, told: Callable[..., Notice]
) -> Database:
    """Two books with every kind of entry that is made today; entries are numbered 1 to 13, notices 1 to 9."""
    by: dict[str, Any] = {"login_id": None, "now": NOW}
    with database.writing() as session:
        reference = make_payment_code(
            session,
            market_id=market_id,
            stall_id=huong.id,
            amount=40_000,
            purpose="",
            expires_at=NOW + HOUR,
            now=NOW,
            source=random.Random(4),
        )
        paid = [told(huong, amount, at=NOW - number * HOUR) for number, amount in enumerate((50, 20, 70, 30))]
        last = told(huong, 40_000, memo=reference)

        def hook(notice: Notice) -> None:
            take(session, channel, "hook", [(notice, b"{}")], NOW)

        def type_in(stall: StallRow, amount: int, key: str, cash: bool) -> None:
            said: dict[str, Any] = {"client_key": key, "memo": "a word", "occurred_at": NOW, **by}
            books.enter_sale(session, book_id=stall.book_id, amount=amount, cash=cash, **said)

        hook(paid[0])  # entry 1
        hook(paid[1])  # entry 2
        settling.mark_not_sale(session, None, 2, reason="a loan", **by)  # entry 3
        settling.mark_sale(session, None, 2, reason="it was fish after all", **by)  # entry 4
        type_in(huong, 70, "phone-0001", cash=False)  # entry 5
        hook(paid[2])  # entry 6
        settling.confirm(session, None, 5, 6, **by)  # entry 7
        type_in(huong, 10, "phone-0002", cash=True)  # entry 8
        hook(paid[3])  # entry 9, notice 4
        settling.reverse(session, None, 9, reason="rice, not fish", reassign=True, **by)  # entry 10
        settling.assign(session, market_id, 4, tu, reason="rice, not fish", **by)  # entry 11
        type_in(tu, 5, "phone-0003", cash=True)  # entry 12
        hook(last)  # entry 13, notice 5
        take(session, channel, "poll", [(paid[0]._replace(event_id="p"), b"{}")], NOW)  # notice 6, a duplicate
        held = told(huong, 20, at=paid[1].at, bank_reference="")
        take(session, channel, "statement", [(held, b"{}")], NOW)  # notice 7
        hook(told(huong, 1, account_number="555"))  # notice 8, unmatched
        hook(told(huong, 1, direction="out"))  # notice 9, ignored
        connection = session.connection()
        for stall, number, cash in ((huong, 8, 10), (tu, 1, 0)):
            where = (ENTRY.c.book_id == stall.book_id) & (ENTRY.c.number == number)
            head = connection.execute(select(ENTRY.c.hash).where(where)).scalar_one()
            book = {"market_id": market_id, "book_id": stall.book_id, "day": TODAY}
            connection.execute(insert(SEAL).values(**book, number=number, head=head, published_at=NOW + DAY))
            count = {"version": 1, "counted": 9, "float": 0, "expected": cash, "at_number": number}
            connection.execute(insert(CASH_COUNT).values(**book, **count, recorded_at=NOW))
    return database


@pytest.fixture
def damage(kept: Database) -> Callable[..., None]:
    """Writes past the guards, which stand again afterwards as if nothing had been."""

    def on_postgresql(*statements: str) -> None:
        with kept.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))

    def on_sqlite(*statements: str) -> None:
        with kept.engine.connect() as known:
            path = known.execute(text("SELECT file FROM pragma_database_list WHERE name = 'main'")).scalar_one()
        connection = sqlite_driver().connect(path)
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for statement in (*(f"DROP TRIGGER {name}" for name, _ in guards), *statements, *(sql for _, sql in guards)):
            connection.execute(statement)
        connection.commit()
        connection.close()

    return on_postgresql if kept.engine.dialect.name == "postgresql" else on_sqlite


@pytest.fixture
def look(database: Database) -> Callable[..., Verified]:
    """Verifies the whole database: `look()`, or `look(head, …)` with heads that were published."""

    def look(*published: PublishedHead) -> Verified:
        with database.reading() as session:
            return verify(session, published=published)

    return look
