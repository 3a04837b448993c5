"""What a copy of everything about a stall is made of: sections, one a subject, each read from the tables it names."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Select, select
from sqlmodel import Session

from market.model import CHANNEL, LOGIN, ROLE_GRANT
from merchants.stalls import StallRow

# So many rows are held in memory at once, of however many there are.
_BATCH = 1_000
Row = Mapping[str, Any]
# An act, what it was about, and the name of the login that it was about: what was done, in Vietnamese.
Told = Callable[[str, Mapping[str, Any], str | None], str]


@dataclass(frozen=True, slots=True)
class Whose:
    """The stall that a copy is of, its own channels, and by id the names of the logins that have, or had, a role there;
    `told` says a line of the audit trail in words."""

    stall: StallRow
    channels: tuple[int, ...]
    logins: Mapping[int, str]
    told: Told


Rows = Callable[[Session, Whose], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Section:
    """One subject: its name in the JSON, the name of its CSV, what it is in Vietnamese, the tables it is read from, by
    key its columns' Vietnamese headings, and its rows, which may have more than is told."""

    key: str
    file: str
    title: str
    tables: tuple[str, ...]
    headings: Mapping[str, str]
    rows: Rows


def whose(session: Session, stall: StallRow, told: Told) -> Whose:
    """Look up what the sections ask for."""
    connection = session.connection()
    channels = connection.execute(select(CHANNEL.c.id).where(CHANNEL.c.stall_id == stall.id)).scalars()
    logins = connection.execute(
        select(LOGIN.c.id, LOGIN.c.name)
        .join(ROLE_GRANT, ROLE_GRANT.c.login_id == LOGIN.c.id)
        .where(ROLE_GRANT.c.stall_id == stall.id)
    )
    return Whose(stall, tuple(channels), {row.id: row.name for row in logins}, told)


def read(session: Session, query: Select[Any]) -> Iterator[Row]:
    """The rows of a query, a batch at a time."""
    for row in session.connection().execute(query, execution_options={"yield_per": _BATCH}).mappings():
        yield dict(row)


def asked(query: Callable[[Whose], Select[Any]]) -> Rows:
    """The rows of what is asked of a stall."""
    return lambda session, about: read(session, query(about))


def of_stall(column: Column[Any]) -> Rows:
    """The rows of the column's table whose stall it is."""
    return asked(lambda about: _whole(column).where(column == about.stall.id))


def of_book(column: Column[Any]) -> Rows:
    """The rows of the column's table whose book is the stall's."""
    return asked(lambda about: _whole(column).where(column == about.stall.book_id))


def of_logins(column: Column[Any]) -> Rows:
    """The rows of the column's table whose login is one of the stall's, with its name as `login`."""
    return asked(
        lambda about: (
            _whole(column)
            .add_columns(LOGIN.c.name.label("login"))
            .join(LOGIN, LOGIN.c.id == column)
            .where(column.in_(about.logins))
        )
    )


def _whole(column: Column[Any]) -> Select[Any]:
    return select(column.table).order_by(*column.table.primary_key)
