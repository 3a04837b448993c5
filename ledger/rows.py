"""Many rows in one statement, where they pour: the ORM's way, a statement or a parameter set a row, costs several times
as much (`bench/`)."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Row, Table

# On SQLite a statement with a trigger copies every page it is about to change, once a statement, so that it can be
# undone alone. A hundred rows share those copies; more bring nothing, and the statement stays small enough to be kept.
_ROWS_A_STATEMENT = 100
_Convert = Callable[[Any], Any]


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, then: str = ""
) -> Sequence[Row[Any]]:
    """Insert rows that all have the same columns, in their order; `then` is what follows in SQL, in words that both
    databases know (ON CONFLICT …, RETURNING …). Gives what RETURNING returned."""
    if not rows:
        return []
    names = tuple(rows[0])
    converters = _converters(table, names, connection.dialect)
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    columns: list[list[Any]] = []
    for name, convert in zip(names, converters, strict=True):
        column = [row[name] for row in rows]
        columns.append(column if convert is None else _converted(column, convert))
    if connection.dialect.name == "postgresql":
        arrays = ", ".join(f"CAST(%s AS {_type(table, name, connection.dialect)}[])" for name in names)
        statement = f"{into} SELECT * FROM unnest({arrays}) {then}"  # noqa: S608
        found = connection.exec_driver_sql(statement, tuple(columns))
        return found.all() if found.returns_rows else []
    tuples = list(zip(*columns, strict=True))
    one = f"({', '.join('?' * len(names))})"
    returned: list[Row[Any]] = []
    for start in range(0, len(tuples), _ROWS_A_STATEMENT):
        some = tuples[start : start + _ROWS_A_STATEMENT]
        values = ", ".join([one] * len(some))
        done = connection.exec_driver_sql(f"{into} VALUES {values} {then}", tuple(chain.from_iterable(some)))
        if done.returns_rows:
            returned += done.all()
    return returned


def _converted(column: Sequence[Any], convert: _Convert) -> list[Any]:
    """The values as the database takes them; a moment or day that comes again is converted once."""
    known = {value: convert(value) for value in set(column) if value is not None}
    return [known.get(value) for value in column]


@cache
def _converters(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[_Convert | None, ...]:
    """What SQLAlchemy itself does to a value of each column on its way into this database."""
    return tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)


@cache
def _type(table: Table, name: str, dialect: Dialect) -> str:
    return str(table.c[name].type.compile(dialect=dialect))
