"""Statements that every payment or every look at a month needs, put to the database's driver itself.

They are written with SQLAlchemy as all others are, and compiled once for each kind of database. Executing them by it
costs several times what the database takes to answer (`bench/booking.py`), and a market's webhooks wait in one line.
"""

from collections import namedtuple
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Connection, Dialect, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

T = TypeVar("T")
_Convert = Callable[[Any], Any]


# Dialects whose marks have no names, so that both drivers take a list.
_POSITIONAL = {
    "postgresql": PGDialect_psycopg(paramstyle="format"),  # type: ignore[no-untyped-call]
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
}


class Statement:
    """A statement of SQLAlchemy's; calling it with the values of its parameters makes a question."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, **values: Any) -> "Question":
        return Question(self, values)

    def rows(self, session: Session, **values: Any) -> list[Any]:
        """What it gives for these values: named tuples with the columns' own types. Raises what SQLAlchemy would."""
        return _asked(connection_of(session), self(**values))()

    def on(self, dialect: Dialect) -> "_Compiled":
        """The statement as a driver takes it."""
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = _compile(self._statement, dialect)
        return self._compiled[dialect.name]


class Question(NamedTuple):
    """A statement with its values."""

    statement: Statement
    values: dict[str, Any]


# What finds something out: it yields a question, is sent the rows (named tuples with the columns' own types), and so on
# until it returns what it found.
Asking = Generator[Question, list[Any], T]


def answer(session: Session, asking: Asking[T]) -> T:
    """What one asking finds, in the session's transaction. Raises what SQLAlchemy would."""
    (found,) = answers(session, asking)
    return cast("T", found)


def answers(session: Session, *askings: Asking[Any]) -> list[Any]:
    """What several askings find that do not rest on one another: on PostgreSQL their questions travel together.

    They are asked in this order. Raises what SQLAlchemy would.
    """
    connection = connection_of(session)
    found: list[Any] = [None] * len(askings)
    open_: dict[int, Question] = {}

    def go_on(place: int, rows: list[Any] | None) -> None:
        try:
            open_[place] = askings[place].send(cast("list[Any]", rows))
        except StopIteration as end:
            found[place] = end.value

    for place in range(len(askings)):
        go_on(place, None)
    while open_:
        asked = dict(open_)
        open_.clear()
        with one_journey(session) if len(asked) > 1 else nullcontext():
            rows = {place: _asked(connection, question) for place, question in asked.items()}
        for place, read in rows.items():
            go_on(place, read())
    return found


def _asked(connection: Connection, question: Question) -> Callable[[], list[Any]]:
    """Put a question; what is returned reads its rows."""
    compiled = question.statement.on(connection.dialect)
    cursor = execute(connection, compiled.sql, compiled.parameters(question.values))
    return lambda: compiled.rows(cursor.fetchall())


def ask_next(session: Session, table: str, count: int) -> Asking[list[int]]:
    """The next ids of a table. A write transaction on SQLite has no rival, so there they are those behind the last."""
    if not count:
        return []
    if connection_of(session).dialect.name == "postgresql":
        rows = yield _drawn(table)(count=count)
        return [row[0] for row in rows]
    (row,) = yield _newest(table)()
    return list(range(row[0] + 1, row[0] + 1 + count))


@cache
def _drawn(table: str) -> Statement:
    return Statement(text(f"SELECT nextval('{table}_id_seq') FROM generate_series(1, :count)"))  # noqa: S608


@cache
def _newest(table: str) -> Statement:
    return Statement(text(f"SELECT coalesce(max(id), 0) FROM {table}"))  # noqa: S608


def execute(connection: Connection, sql: str, parameters: Sequence[Any]) -> Any:
    """The driver's cursor after a statement in its own words and marks. Raises what SQLAlchemy would."""
    try:
        return connection.connection.driver_connection.execute(sql, parameters)  # type: ignore[union-attr]
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection.dialect, sql, error) from error


@contextmanager
def one_journey(session: Session) -> Iterator[None]:
    """On PostgreSQL, what is executed inside is sent at once and waited for at the end; no rows are read inside."""
    connection = connection_of(session)
    if connection.dialect.name != "postgresql":
        yield
        return
    try:
        with connection.connection.driver_connection.pipeline():  # type: ignore[union-attr]
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection.dialect, "", error) from error


def _as_sqlalchemy(dialect: Dialect, sql: str, error: Exception) -> BaseException:
    # Without the values: names and account numbers are not for the log.
    return DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect)


def mark(session: Session) -> None:
    """Begin a part of the transaction that `forget_mark` lets stand or `back_to_mark` undoes: one of the two follows,
    for a mark that is left slows down whatever is written after it."""
    execute(connection_of(session), "SAVEPOINT mark", ())


def forget_mark(session: Session) -> None:
    """Let what was written since the newest `mark` stand."""
    execute(connection_of(session), "RELEASE SAVEPOINT mark", ())


def back_to_mark(session: Session) -> None:
    """Undo what was written since the newest `mark`, and nothing else of the transaction."""
    execute(connection_of(session), "ROLLBACK TO SAVEPOINT mark", ())
    forget_mark(session)


def connection_of(session: Session) -> Connection:
    """`session.connection()`, which is dear, asked once a transaction or a savepoint of the session's own."""
    now = session.get_nested_transaction() or session.get_transaction()
    asked, connection = session.info.get("connection", (None, None))
    if now is None or asked is not now:
        connection = session.connection()
        session.info["connection"] = session.get_nested_transaction() or session.get_transaction(), connection
    assert isinstance(connection, Connection)
    return connection


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as a driver takes it: parameters in the order of its marks, and what SQLAlchemy does to the values
    on their way in and out."""

    sql: str
    names: tuple[str, ...]
    fixed: dict[str, Any]
    binds: dict[str, _Convert]
    results: tuple[tuple[int, _Convert], ...]
    make: _Convert

    def parameters(self, values: dict[str, Any]) -> list[Any]:
        given = self.fixed | values
        for name, convert in self.binds.items():
            given[name] = convert(given[name])
        return [given[name] for name in self.names]

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        if not self.results:
            return list(map(self.make, found))
        rows = []
        for each in found:
            row = list(each)
            for place, convert in self.results:
                row[place] = convert(row[place])
            rows.append(self.make(row))
        return rows


def _compile(statement: Any, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=_POSITIONAL[dialect.name])
    names = tuple(compiled.positiontup)
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    columns = list(getattr(statement, "selected_columns", ()))
    converters = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    make: Any = namedtuple("Row", [column.name for column in columns])._make if columns else tuple  # type: ignore[attr-defined]
    return _Compiled(
        str(compiled),
        names,
        fixed,
        {name: convert for name, convert in compiled._bind_processors.items() if name in names},
        tuple((place, convert) for place, convert in enumerate(converters) if convert is not None),
        make,
    )
