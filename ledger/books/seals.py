"""Seals: at the end of each day the head of every book is published, so that nobody can rewrite a book unseen.

Whoever wrote down a seal (a stall that printed its day, a shopper who saw the stall's page) can tell later whether the
book still says so, and `verify` holds every book to all its seals.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from ledger.books.model import BOOK, SEAL
from ledger.days import local_date
from ledger.rows import insert_rows


@dataclass(frozen=True, slots=True)
class SealRow:
    """What was published of a book for a day: how many entries it had, and the hash of the last."""

    book_id: int
    day: date
    number: int
    head: str

    @property
    def mark(self) -> str:
        """As much of the head as a person compares: its first 16 hex digits in groups of four."""
        return marked(self.head)


def marked(digest: str) -> str:
    """The first 16 digits of a hex digest in groups of four, `9f2c 01ab 77de 4410`."""
    return " ".join(digest[place : place + 4] for place in range(0, 16, 4))


_SEALED = (
    select(func.coalesce(func.max(SEAL.c.number), 0))
    .where(SEAL.c.book_id == BOOK.c.id)
    .correlate(BOOK)
    .scalar_subquery()
)
_UNSEALED = (
    select(BOOK.c.id, BOOK.c.market_id, BOOK.c.entries, BOOK.c.head).where(BOOK.c.entries > _SEALED).order_by(BOOK.c.id)
)
_ROWS = select(SEAL.c.book_id, SEAL.c.day, SEAL.c.number, SEAL.c.head)


def day_to_seal(now: datetime) -> date:
    """The local day that ended last."""
    return local_date(now) - timedelta(days=1)


def unsealed(session: Session, now: datetime) -> set[int]:
    """The markets that `seal_books` has something to do for."""
    query = _UNSEALED.where(~_sealed_for(day_to_seal(now)))
    return {row.market_id for row in session.connection().execute(query)}


def seal_books(session: Session, market_id: int, *, now: datetime) -> int:
    """Publish the head of every book of a market that has entries since its last seal, for the day that ended last;
    gives how many books that were.

    A book is sealed once for a day, and only ever with more entries than before; so a second call does nothing, and
    neither does a clock that jumped back. Days on which nobody sealed get no seal: what was so then is not known now.
    """
    day = day_to_seal(now)
    connection = session.connection()
    # With its row locked no entry is written between the number and the head.
    query = _UNSEALED.where(BOOK.c.market_id == market_id, ~_sealed_for(day)).with_for_update(of=BOOK)
    rows = connection.execute(query).all()
    sealed = insert_rows(
        connection,
        SEAL,
        [
            {
                "market_id": market_id,
                "book_id": row.id,
                "day": day,
                "number": row.entries,
                "head": row.head,
                "published_at": now,
            }
            for row in rows
        ],
        # Another program may have sealed the same day while this one waited for the locks.
        then="ON CONFLICT DO NOTHING RETURNING book_id",
    )
    return len(sealed)


def _sealed_for(day: date) -> ColumnElement[bool]:
    return select(SEAL.c.id).where(SEAL.c.book_id == BOOK.c.id, SEAL.c.day == day).correlate(BOOK).exists()


def newest_seal(session: Session, book_id: int) -> SealRow | None:
    """A book's newest seal; None before its first."""
    query = _ROWS.where(SEAL.c.book_id == book_id).order_by(SEAL.c.number.desc()).limit(1)
    row = session.connection().execute(query).one_or_none()
    return None if row is None else SealRow(*row)


def seals_between(session: Session, book_id: int, first: date, last: date) -> list[SealRow]:
    """The seals of a book for the days from `first` to `last`, both inside, the newest first."""
    query = _ROWS.where(SEAL.c.book_id == book_id, SEAL.c.day.between(first, last)).order_by(SEAL.c.day.desc())
    return [SealRow(*row) for row in session.connection().execute(query)]


def seals_of(session: Session, market_id: int, day: date) -> list[SealRow]:
    """What was published of a market's books for a day, by book."""
    query = _ROWS.where(SEAL.c.market_id == market_id, SEAL.c.day == day).order_by(SEAL.c.book_id)
    return [SealRow(*row) for row in session.connection().execute(query)]
