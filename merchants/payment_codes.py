"""Payment codes: a stall asks for an amount; what comes in answer is booked as it is, with a verdict beside it."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, insert, select
from sqlmodel import Session

from ledger.books.model import stands
from ledger.refused import Problem, Refused
from merchants.model import CODE_PAYMENT, PAYMENT_CODE, REFERENCE
from merchants.references import new_references
from merchants.stalls import StallRow

LASTS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Answer:
    """A payment, booked as `entry_id`, that carried the reference of a payment code."""

    payment_code_id: int
    entry_id: int
    amount: int
    at: datetime


def make_payment_code(
    session: Session,
    *,
    market_id: int,
    stall_id: int,
    amount: int,
    purpose: str,
    expires_at: datetime,
    now: datetime,
    source: random.Random,
    test: bool = False,
    rest_of: str = "",
) -> str:
    """Ask for an amount in đồng; gives the reference that stands in the code's 62.08. What answers a `test` is booked
    and marked as no sale, unless it is more. `rest_of`: the reference of the stall's code that was paid short, where
    this asks for the rest; of any other it is not heard."""
    if amount <= 0:
        raise Refused(Problem("must be more than 0 đồng", field="amount"))
    connection = session.connection()
    code_id = connection.execute(
        insert(PAYMENT_CODE)
        .values(
            market_id=market_id,
            stall_id=stall_id,
            amount=amount,
            purpose=purpose,
            created_at=now,
            expires_at=expires_at,
            test=test,
            rest_of=_first_code(session, stall_id, rest_of) if rest_of else None,
        )
        .returning(PAYMENT_CODE.c.id)
    ).scalar_one()
    reference = next(new_references(session, 1, source))
    connection.execute(
        insert(REFERENCE).values(reference=reference, market_id=market_id, stall_id=stall_id, payment_code_id=code_id)
    )
    return reference


def ask_now(
    session: Session,
    stall: StallRow,
    amount: int,
    *,
    now: datetime,
    purpose: str = "",
    test: bool = False,
    rest_of: str = "",
) -> str:
    """`make_payment_code` for a shopper who stands there: good for `LASTS`, its reference drawn at random."""
    return make_payment_code(
        session,
        market_id=stall.market_id,
        stall_id=stall.id,
        amount=amount,
        purpose=purpose,
        expires_at=now + LASTS,
        now=now,
        source=random.SystemRandom(),
        test=test,
        rest_of=rest_of,
    )


def _first_code(session: Session, stall_id: int, reference: str) -> int | None:
    """The code that this one, or the first of its rests, asked for; None where the stall has no such code."""
    asked = select(func.coalesce(PAYMENT_CODE.c.rest_of, PAYMENT_CODE.c.id))
    asked = asked.join(REFERENCE, REFERENCE.c.payment_code_id == PAYMENT_CODE.c.id)
    wanted = (REFERENCE.c.reference == reference, PAYMENT_CODE.c.stall_id == stall_id)
    found: int | None = session.connection().execute(asked.where(*wanted)).scalar_one_or_none()
    return found


def rest_paid() -> ColumnElement[bool]:
    """In a query of PAYMENT_CODE: whether a later code for the rest of it was paid whole, by a payment that stands."""
    rest, paid = PAYMENT_CODE.alias("rest"), CODE_PAYMENT.alias("rest_paid")
    return (
        select(rest.c.id)
        .join(paid, paid.c.payment_code_id == rest.c.id)
        .where(
            rest.c.rest_of == func.coalesce(PAYMENT_CODE.c.rest_of, PAYMENT_CODE.c.id),
            rest.c.id > PAYMENT_CODE.c.id,
            paid.c.verdict.in_(("exact", "over")),
            stands(paid.c.entry_id),
        )
        .correlate(PAYMENT_CODE)
        .exists()
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A payment code: the stall that asks, the amount in đồng, since when and until when (UTC); whether it only tries
    a connection."""

    stall_id: int
    reference: str
    amount: int
    created_at: datetime
    expires_at: datetime
    test: bool


def find_payment_code(session: Session, reference: str) -> Asked | None:
    """The payment code with this reference; None where there is none, or it is a stall's own."""
    row = (
        session.connection()
        .execute(
            select(
                PAYMENT_CODE.c.stall_id,
                REFERENCE.c.reference,
                PAYMENT_CODE.c.amount,
                PAYMENT_CODE.c.created_at,
                PAYMENT_CODE.c.expires_at,
                PAYMENT_CODE.c.test,
            )
            .join(REFERENCE, REFERENCE.c.payment_code_id == PAYMENT_CODE.c.id)
            .where(REFERENCE.c.reference == reference)
        )
        .one_or_none()
    )
    return None if row is None else Asked(**row._mapping)


def answers_to_tests(session: Session, entry_ids: Iterable[int]) -> set[int]:
    """Which of these entries only tried a connection: they answer a code made for that, and are no more than it asked
    for. A customer whose bank fills in the memo of last time pays a price with it."""
    wanted = sorted(set(entry_ids))
    if not wanted:
        return set()
    rows = session.connection().execute(
        select(CODE_PAYMENT.c.entry_id)
        .join(PAYMENT_CODE, PAYMENT_CODE.c.id == CODE_PAYMENT.c.payment_code_id)
        .where(CODE_PAYMENT.c.entry_id.in_(wanted), CODE_PAYMENT.c.verdict != "over", PAYMENT_CODE.c.test)
    )
    return {row.entry_id for row in rows}


def record_answers(session: Session, market_id: int, answers: list[Answer]) -> None:
    """Write the verdict on each: exact, short or over; late after the expiry; `again` when the code was paid before and
    that payment stands."""
    if not answers:
        return
    connection = session.connection()
    wanted = sorted({answer.payment_code_id for answer in answers})
    codes = {row.id: row for row in connection.execute(select(PAYMENT_CODE).where(PAYMENT_CODE.c.id.in_(wanted)))}
    before = select(CODE_PAYMENT.c.payment_code_id).where(
        CODE_PAYMENT.c.payment_code_id.in_(wanted), stands(CODE_PAYMENT.c.entry_id)
    )
    paid = {row.payment_code_id for row in connection.execute(before)}
    rows = []
    for answer in answers:
        code = codes[answer.payment_code_id]
        asked = int(code.amount)
        rows.append(
            {
                "entry_id": answer.entry_id,
                "market_id": market_id,
                "payment_code_id": code.id,
                "verdict": "exact" if answer.amount == asked else "short" if answer.amount < asked else "over",
                "late": answer.at > code.expires_at,
                "again": code.id in paid,
            }
        )
        paid.add(code.id)
    connection.execute(insert(CODE_PAYMENT), rows)
