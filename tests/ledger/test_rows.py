"""Many rows in one statement, and in the words of each database."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session

from ledger.books.model import DAY_TOTAL
from ledger.inbox.model import NOTICE, NOTICE_BODY
from ledger.rows import Rows, insert

NOW = datetime(2026, 11, 24, 1, 0, 0, 7, tzinfo=UTC)
_NOTICE = {
    "id": 1,
    "market_id": 1,
    "channel_id": 1,
    "feed": "hook",
    "event_id": "1",
    "account_number": "1",
    "bank": "",
    "amount": 10**15,
    "direction": "in",
    "bank_reference": "",
    "at": NOW,
    "local_date": date(2026, 11, 24),
    "received_at": NOW,
    "digest": "",
    "status": "pending",
    "same_as": None,
}


def notices(count: int, **changed: Any) -> Rows:
    values = [tuple((_NOTICE | {"id": n, "event_id": str(n)} | changed).values()) for n in range(1, count + 1)]
    return Rows(NOTICE, tuple(_NOTICE), values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "NULL",
        "chợ",
        'a "quoted" word',
        "back\\slash",
        "{a,b}",
        " , ",
        "tab\t line\n bell\x07",
        "'; --",
        "😀",
    ],
)
def test_a_text_comes_back_as_it_was_given(session: Session, text: str) -> None:
    insert(session.connection(), notices(2, bank=text))
    assert session.connection().execute(select(NOTICE.c.bank)).scalars().all() == [text, text]


@pytest.mark.parametrize("body", [b"", b'\x00\xff\\"', "mua cá".encode()])
def test_bytes_come_back_as_they_were_given(session: Session, body: bytes) -> None:
    names = ("notice_id", "digest", "market_id", "body", "memo", "payer_name", "payer_account", "received_at")
    insert(session.connection(), notices(1), Rows(NOTICE_BODY, names, [(1, "", 1, body, "", "", "", NOW)]))
    assert session.connection().execute(select(NOTICE_BODY.c.body)).scalars().all() == [body]


@pytest.mark.parametrize("at", [None, NOW, NOW.replace(microsecond=0), NOW.astimezone(timezone(timedelta(hours=7)))])
def test_a_moment_is_found_as_it_was_given(session: Session, at: datetime | None) -> None:
    insert(session.connection(), notices(1, at=at))
    found = session.connection().execute(select(NOTICE.c.id).where(NOTICE.c.at == at))
    assert found.scalars().all() == [1]


def test_a_day_is_found_as_it_was_given(session: Session) -> None:
    insert(session.connection(), notices(1))
    found = session.connection().execute(select(NOTICE.c.id).where(NOTICE.c.local_date == date(2026, 11, 24)))
    assert found.scalars().all() == [1]


def test_a_moment_without_a_zone_is_refused(session: Session) -> None:
    with pytest.raises(AssertionError, match="zone"):
        insert(session.connection(), notices(1, at=NOW.replace(tzinfo=None)))


@pytest.mark.parametrize("count", [1, 99, 100, 138, 500])
def test_every_row_is_written_once_and_in_order(session: Session, count: int) -> None:
    rows = notices(count)
    written = insert(session.connection(), Rows(rows.table, rows.names, rows.values, "RETURNING id"))
    assert [row[0] for row in written] == list(range(1, count + 1))


def test_of_several_tables_the_first_is_whole_before_the_next(session: Session) -> None:
    twins = Rows(NOTICE, tuple(_NOTICE), [tuple((_NOTICE | {"id": 3, "event_id": "3"}).values())], "RETURNING id")
    assert [row[0] for row in insert(session.connection(), notices(2), twins)] == [3]


def test_nothing_is_written_of_no_rows(session: Session) -> None:
    assert insert(session.connection(), Rows(DAY_TOTAL, ("book_id",), [])) == []
