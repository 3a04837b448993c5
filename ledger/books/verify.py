"""Every invariant of the books, looked at in one unchanging picture of the database.

The chain finds what was changed, removed, put in another place or slipped in; the other rules find what does not add
up. What no chain can find by itself, a book cut off at its end with all else made to match, is found by whatever was
said of that end: seals and closings (`published`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain as concatenated
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlmodel import Session

from ledger.books.entry_checks import CHECKS, Before
from ledger.books.finding import Finding
from ledger.books.model import BOOK, ENTRY, POSTING
from ledger.books.row_checks import (
    PublishedHead,
    cash_counts_hold,
    days_agree,
    guards_stand,
    heads_agree,
    keys_are_unique,
    published_heads_hold,
    rows_name_rows,
    seals,
    seals_in_order,
)
from ledger.inbox.model import NOTICE
from ledger.inbox.notice_checks import notices_hold

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Verified:
    """How many books and entries were looked at, and everything found wrong, the guards first, then book by book."""

    books: int
    entries: int
    findings: list[Finding]


def verify(
    session: Session,
    *,
    published: Iterable[PublishedHead] = (),
    more: Sequence[Callable[[Connection], Iterable[Finding]]] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Check the whole database; changes nothing, and must be the first that is done in the session's transaction.

    `published` are heads that closings named; seals are read here. `more` are the rules of who builds on the books.
    `progress` is told how many more entries and notices were read.
    """
    # Writers go on meanwhile; without one snapshot for all queries each of their entries would look like damage.
    snapshot = {"isolation_level": "REPEATABLE READ"} if session.get_bind().dialect.name == "postgresql" else {}
    connection = session.connection(execution_options=snapshot)
    findings = [*guards_stand(connection), *entries_hold(connection, progress), *notices_hold(connection, progress)]
    for check in (heads_agree, days_agree, cash_counts_hold, seals_in_order, rows_name_rows, keys_are_unique, *more):
        findings += check(connection)
    findings += published_heads_hold(connection, concatenated(seals(connection), published))
    books: int = connection.execute(select(func.count()).select_from(BOOK)).scalar_one()
    entries: int = connection.execute(select(func.count()).select_from(ENTRY)).scalar_one()
    return Verified(books, entries, findings)


def entries_hold(connection: Connection, progress: Callable[[int], None]) -> Iterator[Finding]:
    """Every entry keeps the rules of `entry_checks`; entries are read book by book, in the order of their numbers."""
    read = 0
    named = _named(connection)
    for book_id, rows in groupby(_entries(connection), key=attrgetter("book_id")):
        before = Before(named)
        for _, legs_of_one in groupby(rows, key=attrgetter("id")):
            lines = list(legs_of_one)
            entry = lines[0]
            legs = {line.account: line.amount for line in lines if line.account is not None}
            for check in CHECKS:
                for message in check(entry, legs, before):
                    said = f"number {entry.number}: {message}"
                    yield Finding(check.__name__, entry.market_id, book_id, entry.id, said)
            before.add(entry, legs)
            read += 1
            if read % _BATCH == 0:
                progress(_BATCH)
    progress(read % _BATCH)


def _named(connection: Connection) -> set[int]:
    """The ids that a correction or a confirmation names, in any book."""
    return {
        row[0]
        for column in (ENTRY.c.concerns, ENTRY.c.confirms)
        for row in connection.execute(select(column).where(column.is_not(None)))
    }


def _entries(connection: Connection) -> Iterator[Row[Any]]:
    """A row for every leg, and one for an entry without any."""
    rows = connection.execute(
        select(
            ENTRY,
            POSTING.c.account,
            POSTING.c.amount,
            NOTICE.c.digest.label("notice_digest"),
            NOTICE.c.amount.label("notice_amount"),
            NOTICE.c.direction.label("notice_direction"),
            NOTICE.c.local_date.label("notice_date"),
            NOTICE.c.at.label("notice_at"),
        )
        .outerjoin(POSTING, POSTING.c.entry_id == ENTRY.c.id)
        .outerjoin(NOTICE, NOTICE.c.id == ENTRY.c.notice_id)
        .order_by(ENTRY.c.book_id, ENTRY.c.number, ENTRY.c.id, POSTING.c.account),
        execution_options={"yield_per": _BATCH},
    )
    yield from rows
