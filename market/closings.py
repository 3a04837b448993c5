"""Closing a month (chốt tháng): the report is frozen under a number; what changes later makes the next version."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session

from ledger.books.counts import heads
from ledger.books.row_checks import PublishedHead
from ledger.days import Month, local_date
from ledger.refused import Problem, Refused
from market.model import CLOSING


@dataclass(frozen=True, slots=True)
class ClosingRow:
    """A closed month; `document` has totals and, by stall code, transactions: codes and numbers, no names."""

    version: int
    document: dict[str, Any]
    closed_at: datetime


def latest(session: Session, market_id: int, month: Month) -> ClosingRow | None:
    """The newest closing of a month, or None while it is open."""
    row = (
        session.connection()
        .execute(
            select(CLOSING.c.version, CLOSING.c.document, CLOSING.c.closed_at)
            .where(CLOSING.c.market_id == market_id, CLOSING.c.month == str(month))
            .order_by(CLOSING.c.version.desc())
            .limit(1)
        )
        .one_or_none()
    )
    return None if row is None else ClosingRow(row.version, json.loads(row.document), row.closed_at)


def find(session: Session, market_id: int, month: Month, version: int) -> ClosingRow:
    """One closing. Raises Refused where there is none."""
    row = (
        session.connection()
        .execute(
            select(CLOSING.c.version, CLOSING.c.document, CLOSING.c.closed_at).where(
                CLOSING.c.market_id == market_id, CLOSING.c.month == str(month), CLOSING.c.version == version
            )
        )
        .one_or_none()
    )
    if row is None:
        newest = latest(session, market_id, month)
        have = f"its newest version is {newest.version}" if newest else "it was never closed"
        raise Refused(Problem(f"{month} has no version {version}; {have}", field="version"))
    return ClosingRow(row.version, json.loads(row.document), row.closed_at)


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
