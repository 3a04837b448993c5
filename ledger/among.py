"""A condition that a column is one of many values, in statements that are built once: the values travel as one
parameter, an array on PostgreSQL and a JSON text on SQLite, so a thousand cost no more than one."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NULLTYPE, TypeDecorator, TypeEngine


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """That `column` (of text or whole numbers) is one of the values given as the parameter `name`."""
    return _Among(column, bindparam(name, type_=_Many(column.type)))


def among_pairs(one: ColumnElement[Any], other: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """That two columns together are one of the pairs given as the parameter `name`; days are as good as text."""
    return _AmongPairs(one, other, bindparam(name, type_=_Pairs()))


class _Many(TypeDecorator[Iterable[Any]]):
    """Many values of a type as one parameter."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = ARRAY(self.item) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:
        found = sorted(set(value or ()))
        return found if dialect.name == "postgresql" else json.dumps(found)


class _Pairs(TypeDecorator[Iterable[tuple[Any, Any]]]):
    """Many pairs of values as one JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[tuple[Any, Any]] | None, dialect: Dialect) -> str:
        return _PAIRS.encode(sorted(set(value or ())))


# Made once: `json.dumps` makes one a call where it is told of a default.
_PAIRS = json.JSONEncoder(default=str)


class _Among(FunctionElement[Any]):
    inherit_cache = True
    name = "among"
    # Of no type: of a boolean SQLAlchemy asks `= 1` on SQLite, and no index answers that.
    type: TypeEngine[Any] = NULLTYPE


@compiles(_Among, "postgresql")
def _on_postgresql(element: _Among, compiler: Any, **kw: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **kw)} = ANY({compiler.process(values, **kw)})"


@compiles(_Among, "sqlite")
def _on_sqlite(element: _Among, compiler: Any, **kw: Any) -> str:
    column, values = element.clauses
    many = f"SELECT value FROM json_each({compiler.process(values, **kw)})"  # noqa: S608 (compiled, not typed)
    return f"{compiler.process(column, **kw)} IN ({many})"


class _AmongPairs(FunctionElement[Any]):
    inherit_cache = True
    name = "among_pairs"
    type: TypeEngine[Any] = NULLTYPE


@compiles(_AmongPairs, "postgresql")
def _pairs_on_postgresql(element: _AmongPairs, compiler: Any, **kw: Any) -> str:
    *columns, values = element.clauses
    each = [
        f"CAST(pair ->> {place} AS {column.type.compile(dialect=compiler.dialect)})"
        for place, column in enumerate(columns)
    ]
    pairs = f"jsonb_array_elements(CAST({compiler.process(values, **kw)} AS jsonb)) AS pair"
    return _either(columns, f"SELECT {', '.join(each)} FROM {pairs}", compiler, kw)  # noqa: S608 (compiled)


@compiles(_AmongPairs, "sqlite")
def _pairs_on_sqlite(element: _AmongPairs, compiler: Any, **kw: Any) -> str:
    *columns, values = element.clauses
    many = f"SELECT value ->> 0, value ->> 1 FROM json_each({compiler.process(values, **kw)})"  # noqa: S608
    return _either(columns, many, compiler, kw)


def _either(columns: list[ColumnElement[Any]], many: str, compiler: Any, kw: dict[str, Any]) -> str:
    return f"({', '.join(compiler.process(column, **kw) for column in columns)}) IN ({many})"
