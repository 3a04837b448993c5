"""Many rows in one statement, where they pour: the ORM's way, a statement or a parameter set a row, costs several times
as much (`bench/`)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql

from ledger.days import stamp
from ledger.direct import execute

# On SQLite a statement with a trigger copies every page it is about to change, once a statement, so that it can be
# undone alone. A hundred rows share those copies; more bring nothing. What is left over is written in sizes that come
# again, for a statement of many rows takes longer to read than to be kept.
_ROWS_A_STATEMENT = (100, 50, 25, 10, 5, 2, 1)
_Convert = Callable[[Any], Any]
_POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=lambda value: _said(value))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows for one table: values of the columns `names`, in that order. `then` is what follows in SQL, in words that
    both databases know (ON CONFLICT …, RETURNING …)."""

    table: Table
    names: tuple[str, ...]
    values: Sequence[tuple[Any, ...]]
    then: str = ""


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, then: str = ""
) -> list[tuple[Any, ...]]:
    """Insert rows that all have the same columns, in their order. Gives what RETURNING returned."""
    if not rows:
        return []
    names = tuple(rows[0])
    return insert(connection, Rows(table, names, [tuple(row[name] for name in names) for row in rows], then))


def insert(connection: Connection, *tables: Rows) -> list[tuple[Any, ...]]:
    """Insert into one table after another, each whole before the next: on PostgreSQL in one statement. Gives what the
    last one's RETURNING returned."""
    filled = [rows for rows in tables if rows.values]
    if not filled:
        return []
    if connection.dialect.name == "postgresql":
        statement = _together(tuple((rows.table, rows.names, rows.then) for rows in filled))
        arrays = [_array(column) for rows in filled for column in zip(*rows.values, strict=True)]
        return _returned(execute(connection, statement, arrays))
    returned: list[tuple[Any, ...]] = []
    for rows in filled:
        returned = []
        values = _for_sqlite(rows)
        start = 0
        for size in _ROWS_A_STATEMENT:
            while len(values) - start >= size:
                statement = _one_by_one(rows.table, rows.names, rows.then, size)
                some = chain.from_iterable(values[start : start + size])
                returned += _returned(execute(connection, statement, list(some)))
                start += size
    return returned


def _returned(cursor: Any) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
    return rows


def _for_sqlite(rows: Rows) -> Sequence[Sequence[Any]]:
    converters = _converters(rows.table, rows.names)
    if not any(converters):
        return rows.values
    if len(rows.values) == 1:
        pairs = zip(rows.values[0], converters, strict=True)
        return [[value if convert is None else convert(value) for value, convert in pairs]]
    columns = [
        column if convert is None else map(convert, column)
        for column, convert in zip(zip(*rows.values, strict=True), converters, strict=True)
    ]
    return list(zip(*columns, strict=True))


@cache
def _one_by_one(table: Table, names: tuple[str, ...], then: str, count: int) -> str:
    one = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {', '.join([one] * count)} {then}"  # noqa: S608


@cache
def _converters(table: Table, names: tuple[str, ...]) -> tuple[_Convert | None, ...]:
    return tuple(_converter(str(table.c[name].type)) for name in names)


@cache
def _converter(kind: str) -> _Convert | None:
    """What SQLAlchemy itself does to a value of this type on its way into SQLite."""
    return {"DATETIME": _moment, "DATE": lambda day: day and day.isoformat()}.get(kind)


def _moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    assert value.tzinfo is not None, "a moment needs its zone"
    # `stamp` remembers what was hashed a moment ago.
    return stamp(value)[:-1].replace("T", " ")


@cache
def _together(parts: tuple[tuple[Table, tuple[str, ...], str], ...]) -> str:
    """One statement for several tables. PostgreSQL runs such parts in an order of its own, unless one asks for what
    another did."""
    said = []
    for place, (table, names, then) in enumerate(parts):
        arrays = ", ".join(f"CAST(%s AS {_type(table, name)}[])" for name in names)
        after = f"WHERE (SELECT count(*) FROM part_{place - 1}) >= 0" if place else ""  # noqa: S608
        into = f"INSERT INTO {table.name} ({', '.join(names)})"
        insert = f"{into} SELECT * FROM unnest({arrays}) {after} {then}"  # noqa: S608
        said.append(insert if place == len(parts) - 1 else f"part_{place} AS ({insert} RETURNING 1)")
    return f"WITH {', '.join(said[:-1])} {said[-1]}" if len(said) > 1 else said[0]


@cache
def _type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=_POSTGRESQL))


def _array(column: tuple[Any, ...]) -> str:
    """A column as PostgreSQL writes an array; the driver's own way costs ten times as much."""
    if any(isinstance(value, bytes) for value in column):
        return "{" + ",".join(f'"\\\\x{value.hex()}"' for value in column) + "}"
    text = _JSON.encode(column)
    if "\\" in text:
        # What JSON writes with a backslash is not what an array does.
        text = "[" + ",".join("null" if value is None else _quoted(value) for value in column) + "]"
    return "{" + text[1:-1] + "}"


def _quoted(value: object) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _said(value: date) -> str:
    assert not isinstance(value, datetime) or value.tzinfo is not None, "a moment needs its zone"
    return value.isoformat()
