"""A stall is forgotten: what names its holder goes, and what a person wrote or paid; the books stay as they are.

Nothing that goes is hashed, so every entry, count and closed month stays, and `ledger verify` finds nothing amiss. The
stall keeps its code and its book; its account numbers become digests that look-ups still find, so that a payment to a
former account meets its stall however late it is told.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, true, update
from sqlmodel import Session

from ledger.books.model import ENTRY, ENTRY_NOTE
from ledger.days import local_date
from ledger.inbox.model import NOTICE, NOTICE_BODY
from ledger.inbox.retention import BATCH, UNSETTLED, delete_bodies_of
from ledger.refused import Problem, Refused
from merchants import account_changes, deletion_requests, stalls
from merchants.model import ACCOUNT_CHANGE, BANK_ACCOUNT, HOUSEHOLD, PAYMENT_CODE, STALL
from merchants.number_digests import not_forgotten, number_digest
from merchants.stalls import StallRow
from merchants.told import notices_of


@dataclass(frozen=True, slots=True)
class Words:
    """What of a stall is in people's words: the notices whose bodies say who paid, and the entries with a note.

    `waiting` more notices wait for a person, who reads who paid to settle them; their bodies go later, as everybody's.
    """

    notices: tuple[int, ...]
    notes: tuple[int, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class Named:
    """How much else names a stall's holder: name and holder of the stall and its phone, accounts with their numbers,
    changes of account, payment codes with a purpose,
    what stands above its revenue book."""

    stall: int
    accounts: int
    changes: int
    purposes: int
    household: int


def check(stall: StallRow, now: datetime, *, close: bool) -> None:
    """Raises Refused for a stall that still sells, unless it is to `close` today, and for one that closes later."""
    if stall.status != "closed":
        if not close:
            message = f"{stall.code} is not closed; close it first, or in the same act with --close"
            raise Refused(Problem(message, field="stall", kind="open"))
    elif stall.closed_on is not None and stall.closed_on > local_date(now):
        message = f"{stall.code} takes money until {stall.closed_on}; forget it after that day"
        raise Refused(Problem(message, field="stall", kind="later"))


def words_of(session: Session, stall: StallRow, channel_ids: Collection[int]) -> Words:
    """What is there to delete; `channel_ids` are the stall's own channels."""
    connection = session.connection()
    mine = notices_of(session, stall, channel_ids).subquery()
    told = (
        select(NOTICE.c.id, NOTICE.c.status.in_(UNSETTLED).label("waits"))
        .join(mine, mine.c[0] == NOTICE.c.id)
        .join(NOTICE_BODY, NOTICE_BODY.c.notice_id == NOTICE.c.id)
        .distinct()
        .order_by(NOTICE.c.id)
    )
    rows = connection.execute(told).all()
    notes = connection.execute(
        select(ENTRY_NOTE.c.entry_id)
        .join(ENTRY, ENTRY.c.id == ENTRY_NOTE.c.entry_id)
        .where(ENTRY.c.book_id == stall.book_id)
        .order_by(ENTRY_NOTE.c.entry_id)
    )
    return Words(
        notices=tuple(row.id for row in rows if not row.waits),
        notes=tuple(notes.scalars()),
        waiting=sum(row.waits for row in rows),
    )


def batches(words: Words) -> list[Words]:
    """The same in parts, each small enough that whoever is paid meanwhile does not wait for its deletion."""
    longest = max(len(words.notices), len(words.notes))
    return [
        Words(words.notices[start : start + BATCH], words.notes[start : start + BATCH], 0)
        for start in range(0, longest, BATCH)
    ]


def delete_words(session: Session, words: Words) -> None:
    """Delete one part of `batches`."""
    delete_bodies_of(session, words.notices)
    session.connection().execute(delete(ENTRY_NOTE).where(ENTRY_NOTE.c.entry_id.in_(words.notes)))


def named(session: Session, stall: StallRow) -> Named:
    """What `forget` will take away."""
    connection = session.connection()

    def counted(stall_id: ColumnElement[int], condition: ColumnElement[bool]) -> int:
        query = select(func.count()).where(stall_id == stall.id, condition)
        return int(connection.execute(query).scalar_one())

    return Named(
        stall=0 if stall.forgotten else sum(bool(said) for said in (stall.name, stall.holder, stall.phone)),
        accounts=counted(BANK_ACCOUNT.c.stall_id, not_forgotten(BANK_ACCOUNT.c.number)),
        changes=counted(ACCOUNT_CHANGE.c.stall_id, not_forgotten(ACCOUNT_CHANGE.c.number)),
        purposes=counted(PAYMENT_CODE.c.stall_id, PAYMENT_CODE.c.purpose != ""),
        household=counted(HOUSEHOLD.c.stall_id, true()),
    )


def forget(session: Session, stall: StallRow, *, login_id: int | None, now: datetime) -> None:
    """Take the holder's name, phone and account numbers away, closing the stall today where it is open; forgetting
    again takes away what came since. Raises Refused for a stall that closes later."""
    connection = session.connection()
    connection.execute(select(STALL.c.id).where(STALL.c.id == stall.id).with_for_update())
    stall = stalls.load_stall(session, stall.id)
    check(stall, now, close=True)
    if stall.status != "closed":
        stalls.close(session, stall, local_date(now), now)
    waiting = account_changes.open_change(session, stall.id)
    if waiting is not None:
        account_changes.stop(session, waiting.id, login_id=login_id, now=now)
    if not stall.forgotten or deletion_requests.open_request(session, stall.id) is not None:
        deletion_requests.carried_out(session, stall, login_id=login_id, now=now)
    connection.execute(
        update(STALL).where(STALL.c.id == stall.id).values(name=f"Sạp đã xoá {stall.code}", holder="", phone="")
    )
    for table in (BANK_ACCOUNT, ACCOUNT_CHANGE):
        rows = connection.execute(select(table.c.id, table.c.number).where(table.c.stall_id == stall.id)).all()
        for row in rows:
            digest = number_digest(session, stall.market_id, row.number)
            connection.execute(update(table).where(table.c.id == row.id).values(number=digest, name=""))
    connection.execute(
        update(PAYMENT_CODE).where(PAYMENT_CODE.c.stall_id == stall.id, PAYMENT_CODE.c.purpose != "").values(purpose="")
    )
    connection.execute(delete(HOUSEHOLD).where(HOUSEHOLD.c.stall_id == stall.id))
