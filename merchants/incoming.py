"""A stall's incoming payments one by one, with who paid and which code was answered: for its own people only."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlmodel import Session

from ledger.books.model import BOOK, ENTRY, ENTRY_NOTE, POSTING
from ledger.days import local_date
from ledger.direct import Statement
from ledger.inbox.model import NOTICE, NOTICE_BODY
from merchants.doubled import doubled
from merchants.model import BANK_ACCOUNT, CODE_PAYMENT, PAYMENT_CODE, REFERENCE, STALL
from merchants.payment_codes import rest_paid
from merchants.takings import Actor, NotYours


@dataclass(frozen=True, slots=True)
class Incoming:
    """One payment a bank told of, as entry `number` of the stall's book.

    `booked_on` is its local day, `at` the bank's own moment in UTC, None where it gave only a day; `recorded_at` when
    it was booked. `payer` and `memo` as the bank sends them; they may be empty, and are once who paid was forgotten.
    Where the payment answered a code: its `reference`, the amount `asked` for, and the `verdict` (exact, short, over;
    `again` when the code had been paid before, `late` after its expiry; `rest_paid` when what was missing came
    later). `former`: paid to an account that the stall had before. `doubled`: without a code, and the same payer had
    just sent the same (`merchants.doubled`).
    `correction` is its last correction's kind, None where it stands, and `why` the reason that was given for it, as far
    as it is kept.
    """

    entry_id: int
    number: int
    amount: int
    booked_on: date
    at: datetime | None
    recorded_at: datetime
    payer: str
    reference: str | None
    asked: int | None
    verdict: str | None
    again: bool
    late: bool
    former: bool
    correction: str | None
    why: str
    memo: str = ""
    rest_paid: bool = False
    doubled: bool = False

    @property
    def small(self) -> bool:
        """Less than anybody sells for: somebody tried the code, or mistyped."""
        return self.amount < LEAST

    @property
    def too_little(self) -> bool:
        """No goods are handed over for it without a look."""
        return (self.verdict == "short" and not self.rest_paid) or self.small

    def age(self, now: datetime) -> timedelta | None:
        """How long ago it was paid; since it was booked where the bank told only that it was today, and None where it
        told only an earlier day."""
        if self.at is not None:
            return now - self.at
        return now - self.recorded_at if self.booked_on == local_date(now) else None


LEAST = 1_000

_CORRECTION = ENTRY.alias("correction")
_account = BANK_ACCOUNT.c
_IN_FORCE = and_(
    or_(_account.in_force_from.is_(None), _account.in_force_from <= ENTRY.c.occurred_at),
    or_(_account.in_force_until.is_(None), _account.in_force_until > ENTRY.c.occurred_at),
)


def _held(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The stall has an account, of the number that the notice names, for which this is so."""
    named = or_(_account.number == NOTICE.c.account_number, _account.number == NOTICE.c.virtual_account)
    return (
        select(_account.id)
        .where(_account.stall_id == STALL.c.id, named, condition)
        .correlate(STALL, NOTICE, ENTRY)
        .exists()
    )


@cache
def _described() -> Select[Any]:
    """Payments with what is known of them, of any book."""
    payer, memo = (
        select(said)
        .where(NOTICE_BODY.c.notice_id == ENTRY.c.notice_id)
        .order_by(NOTICE_BODY.c.received_at, NOTICE_BODY.c.digest)
        .limit(1)
        .correlate(ENTRY)
        .scalar_subquery()
        for said in (NOTICE_BODY.c.payer_name, NOTICE_BODY.c.memo)
    )
    corrections = _CORRECTION.outerjoin(ENTRY_NOTE, ENTRY_NOTE.c.entry_id == _CORRECTION.c.id)
    correction, why = (
        select(said)
        .select_from(corrections)
        .where(_CORRECTION.c.concerns == ENTRY.c.id)
        .order_by(_CORRECTION.c.step.desc())
        .limit(1)
        .correlate(ENTRY)
        .scalar_subquery()
        for said in (_CORRECTION.c.kind, ENTRY_NOTE.c.reason)
    )
    return (
        select(
            ENTRY.c.number,
            ENTRY.c.id.label("entry_id"),
            POSTING.c.amount,
            ENTRY.c.booked_on,
            NOTICE.c.at,
            ENTRY.c.recorded_at,
            func.coalesce(payer, "").label("payer"),
            func.coalesce(memo, "").label("memo"),
            REFERENCE.c.reference,
            PAYMENT_CODE.c.amount.label("asked"),
            CODE_PAYMENT.c.verdict,
            func.coalesce(CODE_PAYMENT.c.again, False).label("again"),
            func.coalesce(CODE_PAYMENT.c.late, False).label("late"),
            rest_paid().label("rest_paid"),
            (_held(_account.in_force_until <= ENTRY.c.occurred_at) & ~_held(_IN_FORCE)).label("former"),
            correction.label("correction"),
            func.coalesce(why, "").label("why"),
        )
        .join(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "bank"))
        .join(NOTICE, NOTICE.c.id == ENTRY.c.notice_id)
        .join(STALL, STALL.c.book_id == ENTRY.c.book_id)
        .outerjoin(CODE_PAYMENT, CODE_PAYMENT.c.entry_id == ENTRY.c.id)
        .outerjoin(PAYMENT_CODE, PAYMENT_CODE.c.id == CODE_PAYMENT.c.payment_code_id)
        .outerjoin(REFERENCE, REFERENCE.c.payment_code_id == PAYMENT_CODE.c.id)
        .where(ENTRY.c.kind == "payment")
    )


def book_of(session: Session, actor: Actor, stall_id: int) -> int:
    """The book of a stall, for its own people and those who help there. Raises NotYours."""
    if stall_id not in actor.stalls | actor.helps:
        raise NotYours
    (row,) = _BOOK_OF.rows(session, stall=stall_id)
    return int(row.book_id)


_BOOK_OF = Statement(select(STALL.c.book_id).where(STALL.c.id == bindparam("stall")))
_LAST = Statement(select(BOOK.c.entries).where(BOOK.c.id == bindparam("book")))


def _read(session: Session, query: Select[Any]) -> list[Incoming]:
    found = [Incoming(**row._mapping) for row in session.connection().execute(query)]
    again = doubled(session, {one.entry_id: one.at for one in found if one.reference is None and one.at is not None})
    return [replace(one, doubled=one.entry_id in again) for one in found]


def newest(session: Session, actor: Actor, stall_id: int, limit: int) -> list[Incoming]:
    """The stall's newest payments, the newest first. Raises NotYours."""
    book_id = book_of(session, actor, stall_id)
    query = _described().where(ENTRY.c.book_id == book_id).order_by(ENTRY.c.number.desc()).limit(limit)
    return _read(session, query)


def on_day(session: Session, actor: Actor, stall_id: int, day: date, *, limit: int) -> list[Incoming]:
    """The newest payments of a local day, the newest first. Raises NotYours."""
    book_id = book_of(session, actor, stall_id)
    query = _described().where(ENTRY.c.book_id == book_id, ENTRY.c.booked_on == day)
    return _read(session, query.order_by(ENTRY.c.number.desc()).limit(limit))


def of_amounts(
    session: Session, actor: Actor, stall_id: int, amounts: Collection[int], *, since: date, limit: int
) -> list[Incoming]:
    """The stall's newest payments of one of these amounts (đồng), booked on a day or later. Raises NotYours."""
    book_id = book_of(session, actor, stall_id)
    query = _described().where(ENTRY.c.book_id == book_id, POSTING.c.amount.in_(amounts), ENTRY.c.booked_on >= since)
    return _read(session, query.order_by(ENTRY.c.number.desc()).limit(limit))


def after(session: Session, actor: Actor, stall_id: int, number: int, limit: int) -> tuple[list[Incoming], int]:
    """The payments behind a number of the stall's book, the oldest first, and the number to go on from.

    That is the last entry's own where nothing was left off, so that corrections are passed too. Raises NotYours.
    """
    book_id = book_of(session, actor, stall_id)
    last = _last(session, book_id)
    if number >= last:
        # Most looks of a phone that waits: nothing new, and nothing more to ask.
        return [], number
    query = (
        _described()
        .where(ENTRY.c.book_id == book_id, ENTRY.c.number > number, ENTRY.c.number <= last)
        .order_by(ENTRY.c.number)
    )
    found = _read(session, query.limit(limit))
    return found, found[-1].number if len(found) == limit else last


def numbered(session: Session, actor: Actor, stall_id: int, number: int) -> Incoming | None:
    """The payment with this number in the stall's book; None where there is none. Raises NotYours."""
    book_id = book_of(session, actor, stall_id)
    found = _read(session, _described().where(ENTRY.c.book_id == book_id, ENTRY.c.number == number))
    return found[0] if found else None


def answer_to(session: Session, actor: Actor, stall_id: int, reference: str) -> Incoming | None:
    """The newest payment that answered the code with this reference and was not reversed; None while it waits.

    Raises NotYours.
    """
    book_id = book_of(session, actor, stall_id)
    query = _described().where(ENTRY.c.book_id == book_id, REFERENCE.c.reference == reference)
    found = _read(session, query.order_by(ENTRY.c.number.desc()).limit(20))
    return next((payment for payment in found if payment.correction != "reversal"), None)


def last_number(session: Session, actor: Actor, stall_id: int) -> int:
    """The number of the newest entry of the stall's book, 0 while it is empty. Raises NotYours."""
    return _last(session, book_of(session, actor, stall_id))


def _last(session: Session, book_id: int) -> int:
    (row,) = _LAST.rows(session, book=book_id)
    return int(row.entries)
