"""Many rows in one statement, where they pour: the ORM's way, a statement or a parameter set a row, costs several times
as much (`bench/`)."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Row, Table

# SQLite takes 32,766 parameters in a statement.
_MOST_PARAMETERS = 30_000
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
        columns.append(column if convert is None else [v if v is None else convert(v) for v in column])
    if connection.dialect.name == "postgresql":
        arrays = ", ".join(f"CAST(%s AS {_type(table, name, connection.dialect)}[])" for name in names)
        statement = f"{into} SELECT * FROM unnest({arrays}) {then}"  # noqa: S608
        found = connection.exec_driver_sql(statement, tuple(columns))
        return found.all() if found.returns_rows else []
    tuples = list(zip(*columns, strict=True))
    one = f"({', '.join('?' * len(names))})"
    if "RETURNING" not in then:
        connection.exec_driver_sql(f"{into} VALUES {one} {then}", tuples)
        return []
    returned: list[Row[Any]] = []
    at_once = _MOST_PARAMETERS // len(names)
    for start in range(0, len(tuples), at_once):
        some = tuples[start : start + at_once]
        values = ", ".join([one] * len(some))
        flat = tuple(value for row in some for value in row)
        returned += connection.exec_driver_sql(f"{into} VALUES {values} {then}", flat).all()
    return returned


@cache
def _converters(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[_Convert | None, ...]:
    """What SQLAlchemy itself does to a value of each column on its way into this database."""
    return tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)


@cache
def _type(table: Table, name: str, dialect: Dialect) -> str:
    return str(table.c[name].type.compile(dialect=dialect))
