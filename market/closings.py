"""Closing a month (chốt tháng): the report is frozen under a number; what changes later makes the next version."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select
from sqlmodel import Session

from ledger.books.counts import heads
from ledger.books.row_checks import PublishedHead
from ledger.books.seals import marked
from ledger.days import Month, local_date
from ledger.refused import Problem, Refused
from market.model import CLOSING


@dataclass(frozen=True, slots=True)
class ClosingRow:
    """A closed month; `document` has totals and, by stall code, transactions: codes and numbers, no names. `mark` is as
    much of the digest of all that was frozen, the heads of the books too, as a person compares."""

    version: int
    document: dict[str, Any]
    closed_at: datetime
    mark: str


def versions(session: Session, market_id: int, month: Month) -> list[ClosingRow]:
    """Every closing of a month, the newest first."""
    rows = session.connection().execute(_of(market_id, month))
    return [_read(row) for row in rows]


def latest(session: Session, market_id: int, month: Month) -> ClosingRow | None:
    """The newest closing of a month, or None while it is open."""
    row = session.connection().execute(_of(market_id, month).limit(1)).one_or_none()
    return None if row is None else _read(row)


def find(session: Session, market_id: int, month: Month, version: int) -> ClosingRow:
    """One closing. Raises Refused where there is none."""
    # A larger number is no version on any database, and PostgreSQL would not take it.
    known = version < 2**31
    query = _of(market_id, month).where(CLOSING.c.version == version)
    row = session.connection().execute(query).one_or_none() if known else None
    if row is None:
        newest = latest(session, market_id, month)
        have = f"its newest version is {newest.version}" if newest else "it was never closed"
        raise Refused(Problem(f"{month} has no version {version}; {have}", field="version"))
    return _read(row)


def _of(market_id: int, month: Month) -> Select[Any]:
    return (
        select(CLOSING)
        .where(CLOSING.c.market_id == market_id, CLOSING.c.month == str(month))
        .order_by(CLOSING.c.version.desc())
    )


def _read(row: Row[Any]) -> ClosingRow:
    digest = hashlib.sha256(f"{row.document}\n{row.heads}".encode()).hexdigest()
    return ClosingRow(row.version, json.loads(row.document), row.closed_at, marked(digest))


@dataclass(frozen=True, slots=True)
class Difference:
    """A stall's transactions in a closing and afterwards; None where it is not among the stalls."""

    code: str
    before: int | None
    after: int | None


def differences(before: Mapping[str, int], after: Mapping[str, int]) -> list[Difference]:
    """The stalls whose transactions are not the same, in the order of `after`."""
    codes = [*after, *(code for code in before if code not in after)]
    return [Difference(c, before.get(c), after.get(c)) for c in codes if before.get(c) != after.get(c)]


def close_month(
    session: Session, market_id: int, month: Month, document: dict[str, Any], *, login_id: int | None, now: datetime
) -> tuple[int, bool]:
    """Freeze a month's numbers; gives the version, and whether it is new: closing a month in which nothing has changed
    since gives the version there is. Raises Refused for a month that has not begun."""
    if month.first > local_date(now):
        raise Refused(Problem(f"{month} has not begun", field="month"))
    newest = latest(session, market_id, month)
    if newest is not None and newest.document == document:
        return newest.version, False
    version = newest.version + 1 if newest else 1
    session.connection().execute(
        insert(CLOSING).values(
            market_id=market_id,
            month=str(month),
            version=version,
            document=json.dumps(document, sort_keys=True),
            heads=json.dumps({str(book): list(head) for book, head in heads(session, market_id).items()}),
            closed_at=now,
            login_id=login_id,
        )
    )
    return version, True


def published_heads(session: Session) -> Iterator[PublishedHead]:
    """What every closing said of the books' ends, for `verify` to hold them to."""
    rows = session.connection().execute(
        select(CLOSING.c.market_id, CLOSING.c.month, CLOSING.c.version, CLOSING.c.heads).order_by(CLOSING.c.id)
    )
    for row in rows:
        by = f"the closing of {row.month}, version {row.version}"
        for book_id, (number, head) in json.loads(row.heads).items():
            yield PublishedHead(by, row.market_id, int(book_id), number, head)
