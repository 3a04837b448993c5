"""One of many values, in a statement built once."""

import pytest
from sqlalchemy import Update, select, update
from sqlmodel import Session

from ledger.among import among
from ledger.books.model import BOOK
from ledger.direct import Statement
from ledger.inbox.receive import _SETTLE, _TOLD_BEFORE
from ledger.inbox.twins import _OTHER_FEEDS
from market.db import Database
from merchants.bank_accounts import _HOLDINGS
from merchants.model import REFERENCE
from merchants.references import _OWNERS
from merchants.stalls import StallRow

_NUMBERS = select(BOOK.c.id).where(among(BOOK.c.id, "books")).order_by(BOOK.c.id)


def test_it_finds_the_values_that_are_there(session: Session, huong: StallRow, tu: StallRow) -> None:
    found = session.connection().execute(_NUMBERS, {"books": [tu.book_id, huong.book_id, 999, tu.book_id]})
    assert found.scalars().all() == sorted([huong.book_id, tu.book_id])


def test_among_no_values_there_is_nothing(session: Session) -> None:
    assert session.connection().execute(_NUMBERS, {"books": []}).all() == []


def test_texts_are_compared_as_they_are_written(session: Session, huong: StallRow) -> None:
    wanted = select(REFERENCE.c.stall_id).where(among(REFERENCE.c.reference, "references"))
    for asked, found in ((huong.reference, [huong.id]), (huong.reference.lower(), []), ("'\"\\ đ", [])):
        assert session.connection().execute(wanted, {"references": [asked]}).scalars().all() == found


def test_twenty_thousand_values_are_one_parameter(session: Session, huong: StallRow) -> None:
    found = session.connection().execute(_NUMBERS, {"books": range(huong.book_id, 20_000)})
    assert huong.book_id in found.scalars().all()


def test_it_changes_only_those(session: Session, huong: StallRow, tu: StallRow) -> None:
    connection = session.connection()
    connection.execute(update(BOOK).where(among(BOOK.c.id, "books")).values(head="x"), {"books": [huong.book_id]})
    heads = {row.id: row.head for row in connection.execute(select(BOOK.c.id, BOOK.c.head))}
    assert (heads[huong.book_id], heads[tu.book_id]) == ("x", "")
    connection.execute(update(BOOK).values(head=""))


@pytest.mark.parametrize(
    "statement",
    [_SETTLE, _TOLD_BEFORE, _HOLDINGS, _OWNERS, _OTHER_FEEDS],
    ids=["settle", "told before", "holdings", "owners", "other feeds"],
)
def test_on_sqlite_an_index_answers_it(database: Database, statement: Statement | Update) -> None:
    dialect = database.engine.dialect
    if dialect.name != "sqlite":
        return
    plain = statement.on(dialect).sql if isinstance(statement, Statement) else str(statement.compile(dialect=dialect))
    count = plain.count("?")
    with database.reading() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {plain}", ("[]",) * count).all()
    scanned = [row.detail for row in plan if row.detail.startswith("SCAN") and "json_each" not in row.detail]
    assert scanned == []
