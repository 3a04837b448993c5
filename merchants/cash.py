"""Cash sales that a stall's people type, and the taking back of one; a phone that was offline sends them late.

A sale is typed under a key that its phone made: sent again, it is the same entry. What is told late is booked on the
day it happened, with the reason beside it, and changes no figure that a board has frozen: cash is in no board's count.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session

from ledger import books
from ledger.books.model import ENTRY, ENTRY_NOTE, POSTING
from ledger.days import local_date
from ledger.refused import Problem, Refused
from merchants import settling
from merchants.incoming import book_of
from merchants.stalls import StallRow
from merchants.takings import Actor, NotYours

# Below it a figure was forgotten: no note in use buys so little. Above it no stall is paid in notes.
LEAST, MOST = 500, 499_999_999
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
# A phone's clock may be a little ahead; one that was offline for weeks still gets rid of what it kept.
AHEAD, KEPT = timedelta(minutes=5), timedelta(days=90)
LATE_AFTER = timedelta(days=1)
LATE = "told more than a day after the sale"
MONTH_CLOSED = "told after the board had closed the month"
# So long whoever typed a sale may take it back; later the stall's holder does.
OWN_MISTAKE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Typed:
    """One sale that a person typed, as entry `number` of the stall's book.

    `kind` is cash, typed (cashless, told by no bank) or count (found when cash was counted); `amount` in đồng;
    `login_id` who typed it; `late` why it was told late, empty where it was not. `undone` when it was taken back, `why`
    the reason as far as it is kept; `confirmed` when that was in favour of the bank's payment that it was.
    """

    number: int
    entry_id: int
    kind: str
    amount: int
    booked_on: date
    at: datetime
    recorded_at: datetime
    login_id: int | None
    late: str
    undone: bool
    why: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Added:
    """Where a cash sale went; `new` is false where the same had been typed under its key, at `recorded_at`."""

    entry_id: int
    number: int
    new: bool
    recorded_at: datetime


def add(
    session: Session,
    actor: Actor,
    stall: StallRow,
    *,
    amount: int,
    at: datetime | None,
    key: str,
    month_closed: bool = False,
    now: datetime,
) -> Added:
    """Write a cash sale of `amount` đồng into the stall's book; without `at` it happened now.

    `month_closed` says that the board had closed the month of `at`. Raises Refused, with the kind of each problem and
    the field, for what cannot be (amount, key, future, old, closed, used), and NotYours.
    """
    book_id = book_of(session, actor, stall.id)
    problems = [*_problems(stall, amount, at, key, now)]
    if problems:
        raise Refused(problems)
    when = at or now
    late = LATE if now - when > LATE_AFTER else MONTH_CLOSED if month_closed else ""
    posted, new = books.enter_sale(
        session,
        book_id=book_id,
        amount=amount,
        cash=True,
        occurred_at=at,
        client_key=key,
        login_id=actor.login_id,
        memo=late,
        now=now,
    )
    if new:
        return Added(posted.entry_id, posted.number, True, now)
    earlier = session.connection().execute(select(ENTRY.c.recorded_at).where(ENTRY.c.id == posted.entry_id))
    return Added(posted.entry_id, posted.number, False, earlier.scalar_one())


def _problems(stall: StallRow, amount: int, at: datetime | None, key: str, now: datetime) -> list[Problem]:
    found = []
    if not LEAST <= amount <= MOST:
        found.append(Problem(f"must be between {LEAST} and {MOST} đồng", field="amount", kind="amount"))
    found += key_problems(key)
    if at is not None and at > now + AHEAD:
        found.append(Problem("lies in the future; set the phone's clock", field="at", kind="future"))
    elif at is not None and at < now - KEPT:
        found.append(Problem(f"is more than {KEPT.days} days ago", field="at", kind="old"))
    elif stall.closed_by(local_date(at or now)):
        found.append(Problem("is after the stall had closed", field="at", kind="closed"))
    return found


def key_problems(key: str) -> list[Problem]:
    """What is wrong with the key that a client made for a sale."""
    if not KEY.fullmatch(key):
        return [Problem("must be 8 to 64 of A-Z, a-z, 0-9, _ and -", field="key", kind="key")]
    if key.startswith(settling.AGAIN):
        return [Problem(f"must not begin with {settling.AGAIN!r}, as the program's own do", field="key", kind="key")]
    return []


def take_back(session: Session, actor: Actor, stall: StallRow, number: int, *, reason: str, now: datetime) -> Typed:
    """Reverse what was typed; gives it as it was. Raises Refused where it is taken back already (kind undone) or lies
    in the counted cash of a day (kind count), and NotYours for whoever may not (`may_take_back`)."""
    typed = numbered(session, actor, stall.id, number)
    if typed is None or not may_take_back(actor, stall.id, typed, now):
        raise NotYours
    if typed.undone:
        raise Refused(Problem("is taken back already", field="entry", kind="undone"))
    if typed.kind == "count":
        raise Refused(Problem("was found when cash was counted; count the day once more", field="entry", kind="count"))
    settling.reverse(
        session,
        stall.market_id,
        typed.entry_id,
        reason=reason,
        reassign=False,
        login_id=actor.login_id,
        now=now,
    )
    return typed


def may_take_back(actor: Actor, stall_id: int, typed: Typed, now: datetime) -> bool:
    """The stall's holder always may; who helps there what was typed by the same login just now."""
    own = typed.login_id == actor.login_id and now - typed.recorded_at <= OWN_MISTAKE
    return stall_id in actor.stalls or (stall_id in actor.helps and own)


_CORRECTION = ENTRY.alias("correction")


def _described() -> Select[Any]:
    """Typed sales with what became of them, of any book; shortages of counted cash are no sales and not among them."""
    reversal = _CORRECTION.outerjoin(ENTRY_NOTE, ENTRY_NOTE.c.entry_id == _CORRECTION.c.id)
    undone, why, confirms = (
        select(said)
        .select_from(reversal)
        .where(_CORRECTION.c.concerns == ENTRY.c.id)
        .correlate(ENTRY)
        .scalar_subquery()
        for said in (_CORRECTION.c.id, ENTRY_NOTE.c.reason, _CORRECTION.c.confirms)
    )
    late = select(ENTRY_NOTE.c.reason).where(ENTRY_NOTE.c.entry_id == ENTRY.c.id).correlate(ENTRY).scalar_subquery()
    return (
        select(
            ENTRY.c.number,
            ENTRY.c.id.label("entry_id"),
            ENTRY.c.kind,
            (-POSTING.c.amount).label("amount"),
            ENTRY.c.booked_on,
            ENTRY.c.occurred_at.label("at"),
            ENTRY.c.recorded_at,
            ENTRY.c.login_id,
            func.coalesce(late, "").label("late"),
            undone.is_not(None).label("undone"),
            func.coalesce(why, "").label("why"),
            confirms.is_not(None).label("confirmed"),
        )
        .join(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "sales"))
        .where(ENTRY.c.kind.in_(("cash", "typed", "count")))
    )


def _read(session: Session, query: Select[Any]) -> list[Typed]:
    return [Typed(**row._mapping) for row in session.connection().execute(query)]


def numbered(session: Session, actor: Actor, stall_id: int, number: int) -> Typed | None:
    """The typed sale with this number in the stall's book; None where there is none. Raises NotYours."""
    book_id = book_of(session, actor, stall_id)
    found = _read(session, _described().where(ENTRY.c.book_id == book_id, ENTRY.c.number == number))
    return found[0] if found else None


def on_day(session: Session, actor: Actor, stall_id: int, day: date, *, limit: int) -> list[Typed]:
    """The newest typed sales of a local day, the newest first. Raises NotYours."""
    book_id = book_of(session, actor, stall_id)
    query = _described().where(ENTRY.c.book_id == book_id, ENTRY.c.booked_on == day)
    return _read(session, query.order_by(ENTRY.c.number.desc()).limit(limit))


def of_amounts(
    session: Session, actor: Actor, stall_id: int, amounts: Collection[int], *, since: date, limit: int
) -> list[Typed]:
    """The newest typed sales of one of these amounts (đồng), booked on a day or later. Raises NotYours."""
    book_id = book_of(session, actor, stall_id)
    wanted = POSTING.c.amount.in_([-amount for amount in amounts])
    query = _described().where(ENTRY.c.book_id == book_id, wanted, ENTRY.c.booked_on >= since)
    return _read(session, query.order_by(ENTRY.c.number.desc()).limit(limit))
