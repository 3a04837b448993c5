"""Statements put to the driver itself: the same answers and the same errors as by SQLAlchemy."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from ledger.books.model import BOOK
from ledger.direct import (
    Asking,
    Statement,
    answer,
    answers,
    ask_next,
    back_to_mark,
    connection_of,
    execute,
    forget_mark,
    mark,
)
from ledger.inbox.model import NOTICE
from ledger.rows import insert
from market.db import Database
from tests.ledger.test_rows import notices

_TOLD = select(NOTICE.c.id, NOTICE.c.at, NOTICE.c.local_date).order_by(NOTICE.c.id)
_NOTICES = Statement(_TOLD)
_ONE = Statement(select(NOTICE.c.event_id).where(NOTICE.c.id == bindparam("notice")))


def _notices() -> Asking[list[Any]]:
    return list((yield _NOTICES()))


def _event_ids(ids: Iterable[int]) -> Asking[list[str]]:
    found: list[str] = []
    for one in ids:
        found += [row.event_id for row in (yield _ONE(notice=one))]
    return found


def test_days_and_moments_come_back_as_such(session: Session) -> None:
    insert(session.connection(), notices(2))
    assert answer(session, _notices()) == [tuple(row) for row in session.connection().execute(_TOLD)]


def test_of_several_each_gets_its_own_answer_however_often_it_asks(session: Session) -> None:
    insert(session.connection(), notices(3))
    assert answers(session, _event_ids([3]), _event_ids([]), _event_ids([2, 1, 9])) == [["3"], [], ["2", "1"]]


def test_the_next_ids_are_behind_the_last_and_as_many_as_asked_for(session: Session) -> None:
    assert answer(session, ask_next(session, "entry", 0)) == []
    first, second = answers(session, ask_next(session, "entry", 2), _event_ids([]))[0]
    assert second == first + 1


def test_what_the_database_refuses_is_raised_as_sqlalchemy_does(session: Session) -> None:
    insert(session.connection(), notices(1))
    mark(session)
    with pytest.raises(IntegrityError):
        insert(session.connection(), notices(1))
    back_to_mark(session)


def test_an_error_names_its_statement_and_no_values(session: Session) -> None:
    mark(session)
    sign = "%s" if connection_of(session).dialect.name == "postgresql" else "?"
    with pytest.raises(DBAPIError) as caught:
        execute(connection_of(session), f"SELECT no_such_column FROM notice WHERE event_id = {sign}", ["NGUYEN"])
    assert "SELECT no_such_column" in str(caught.value)
    assert "NGUYEN" not in str(caught.value)
    back_to_mark(session)


def test_back_to_a_mark_undoes_only_what_was_written_since(session: Session) -> None:
    insert(session.connection(), notices(1))
    mark(session)
    insert(session.connection(), notices(1, id=2, event_id="2"))
    back_to_mark(session)
    assert [row.id for row in answer(session, _notices())] == [1]


def test_of_two_marks_the_newer_is_gone_back_to_first(session: Session) -> None:
    mark(session)
    insert(session.connection(), notices(1))
    mark(session)
    insert(session.connection(), notices(1, id=2, event_id="2"))
    back_to_mark(session)
    assert [row.id for row in answer(session, _notices())] == [1]
    back_to_mark(session)
    assert answer(session, _notices()) == []


def test_what_a_forgotten_mark_held_stands(session: Session) -> None:
    mark(session)
    mark(session)
    insert(session.connection(), notices(1))
    forget_mark(session)
    assert [row.id for row in answer(session, _notices())] == [1]
    back_to_mark(session)
    assert answer(session, _notices()) == []


def test_a_savepoint_of_the_sessions_own_holds_for_it_too(session: Session) -> None:
    insert(session.connection(), notices(1))
    with session.begin_nested() as nested:
        insert(connection_of(session), notices(1, id=2, event_id="2"))
        nested.rollback()
    assert [row.id for row in answer(session, _notices())] == [1]


def test_after_the_transaction_ended_the_next_one_is_asked(database: Database) -> None:
    with Session(database.engine) as session:
        first = connection_of(session)
        assert connection_of(session) is first
        session.rollback()
        assert connection_of(session) is not first
        count = session.connection().execute(select(func.count()).select_from(BOOK)).scalar_one()
        assert count == 0
