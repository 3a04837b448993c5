"""What the database itself refuses, whoever asks: nothing permanent is changed, removed or replaced."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import IntegrityError

from ledger import guards
from ledger.books.model import CASH_COUNT, SEAL
from ledger.inbox.notice import Notice
from market.access.model import AUDIT
from market.db import Database
from market.model import CLOSING
from merchants.model import CONSENT
from merchants.payments import Source, take
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)


@pytest.fixture
def filled(
    database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice], market_id: int
) -> Database:
    """A row in every permanent table."""
    book = {"market_id": market_id, "book_id": huong.book_id, "day": TODAY}
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW)
        connection = session.connection()
        count = {"version": 1, "counted": 1, "float": 0, "expected": 1, "at_number": 1, "recorded_at": NOW}
        connection.execute(insert(CASH_COUNT).values(**book, **count))
        connection.execute(insert(SEAL).values(**book, number=1, head="0" * 64, published_at=NOW))
        closing = {"month": "2026-10", "version": 1, "document": "{}", "heads": "{}", "closed_at": NOW}
        connection.execute(insert(CLOSING).values(market_id=market_id, **closing))
        consent = {"given": True, "text_version": "1", "login_id": 1, "at": NOW}
        connection.execute(insert(CONSENT).values(market_id=market_id, stall_id=huong.id, **consent))
        connection.execute(insert(AUDIT).values(market_id=market_id, at=NOW, act="stall.change", about="{}"))
    return database


def refused(engine: Engine, statement: str, because: str, **names: str) -> None:
    with pytest.raises(IntegrityError, match=because), engine.begin() as connection:
        assert connection.execute(text(statement.format(**names))).rowcount > 0, "no row was there to be refused"


@pytest.mark.parametrize("table", guards.PERMANENT)
def test_a_permanent_row_cannot_be_changed(filled: Database, table: str) -> None:
    refused(filled.engine, "UPDATE {table} SET market_id = market_id", f"{table} is permanent", table=table)


@pytest.mark.parametrize("table", [*guards.PERMANENT, "notice"])
def test_a_permanent_row_cannot_be_removed(filled: Database, table: str) -> None:
    refused(filled.engine, "DELETE FROM {table}", f"{table} is permanent", table=table)


@pytest.mark.parametrize("dialect", ["postgresql"])
@pytest.mark.parametrize("table", [*guards.PERMANENT, "notice"])
def test_a_permanent_table_cannot_be_emptied(filled: Database, table: str) -> None:
    refused(filled.engine, "TRUNCATE {table} CASCADE", "is permanent", table=table)


REPLACE = {
    "sqlite": "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "postgresql": "INSERT INTO {table} SELECT * FROM {table}"
    " ON CONFLICT ({key}) DO UPDATE SET market_id = excluded.market_id",
}


@pytest.mark.parametrize(
    ("table", "because"),
    [
        ("entry", "takes the next number"),
        ("posting", "legs are written before their entry"),
        ("cash_count", "cash_count is permanent"),
        ("seal", "seal is permanent"),
        ("closing", "closing is permanent"),
        ("consent", "consent is permanent"),
        ("audit", "audit is permanent"),
    ],
)
def test_a_permanent_row_cannot_be_replaced(filled: Database, dialect: str, table: str, because: str) -> None:
    key = "entry_id, account" if table == "posting" else "id"
    refused(filled.engine, REPLACE[dialect], because, table=table, key=key)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_notice_cannot_be_replaced(filled: Database) -> None:
    refused(filled.engine, "INSERT OR REPLACE INTO notice SELECT * FROM notice", "notice is permanent")


@pytest.mark.parametrize(
    "change",
    [
        "amount = amount + 1",
        "account_number = '1'",
        "bank = 'MB'",
        "at = NULL",
        "local_date = '2026-11-25'",
        "event_id = 'x'",
        "feed = 'poll'",
        "channel_id = channel_id + 1",
        "direction = 'out'",
        "bank_reference = ''",
        "virtual_account = '1'",
        "received_at = '2026-11-25 00:00:00'",
        "digest = ''",
        "market_id = market_id + 1",
        "id = id + 1",
    ],
)
def test_what_a_notice_says_cannot_be_changed(filled: Database, change: str) -> None:
    refused(filled.engine, "UPDATE notice SET {change}", "only status and same_as of a notice move", change=change)


def test_every_column_of_a_notice_but_status_and_same_as_is_fixed(filled: Database) -> None:
    with filled.engine.connect() as connection:
        columns = set(connection.execute(text("SELECT * FROM notice")).keys())
    assert columns - {"status", "same_as"} == set(guards._NOTICE_FIXED)


def test_the_status_of_a_notice_moves(filled: Database) -> None:
    with filled.engine.begin() as connection:
        assert connection.execute(text("UPDATE notice SET status = 'parked'")).rowcount == 1


def test_a_leg_cannot_be_added_to_an_entry_that_exists(filled: Database) -> None:
    statement = "INSERT INTO posting SELECT entry_id, 'cash', market_id, 1 FROM posting WHERE account = 'bank'"
    refused(filled.engine, statement, "legs are written before their entry")


def test_legs_without_an_entry_are_not_committed(filled: Database) -> None:
    with pytest.raises(IntegrityError), filled.engine.begin() as connection:
        connection.execute(text("INSERT INTO posting (entry_id, account, market_id, amount) VALUES (99, 'cash', 1, 1)"))


def test_intact_guards_are_not_missing(database: Database) -> None:
    with database.engine.connect() as connection:
        assert guards.missing(connection) == []


def test_a_guard_that_is_gone_is_missing(database: Database, dialect: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER entry_update{' ON entry' if dialect == 'postgresql' else ''}"))
        assert guards.missing(connection) == ["entry_update"]


def test_a_guard_that_was_altered_is_missing(database: Database, dialect: str) -> None:
    with database.engine.begin() as connection:
        if dialect == "sqlite":
            connection.execute(text("DROP TRIGGER posting_delete"))
            connection.execute(text("CREATE TRIGGER posting_delete BEFORE DELETE ON posting BEGIN SELECT 1; END"))
        else:
            connection.execute(
                text(
                    "CREATE OR REPLACE FUNCTION posting_delete() RETURNS trigger LANGUAGE plpgsql"
                    " AS 'BEGIN RETURN OLD; END'"
                )
            )
        assert guards.missing(connection) == ["posting_delete"]


def test_installing_again_mends_the_guards(database: Database, dialect: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER entry_update{' ON entry' if dialect == 'postgresql' else ''}"))
        guards.install(connection)
        assert guards.missing(connection) == []


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_guard_that_is_switched_off_is_missing(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE entry DISABLE TRIGGER entry_insert"))
        assert guards.missing(connection) == ["entry_insert"]


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_guard_moved_to_another_event_is_missing(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER entry_delete ON entry"))
        connection.execute(
            text(
                "CREATE TRIGGER entry_delete BEFORE UPDATE ON entry FOR EACH ROW WHEN (false)"
                " EXECUTE FUNCTION entry_delete()"
            )
        )
        assert guards.missing(connection) == ["entry_delete"]
