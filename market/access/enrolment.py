"""One-time codes: a board shows one, a phone that brings it is signed in from then on without a password."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlmodel import Session

from market.access import devices
from market.access.codes import bare, make_code
from market.access.model import ENROLMENT
from market.model import LOGIN

LASTS = timedelta(minutes=10)
# Eight letters are 40 bits; every wrong one is slowed.
LETTERS = 8


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A code that is still good, the login that it is for, and the one that made it; None: the computer itself."""

    id: int
    market_id: int
    login_id: int
    made_by: int | None


def make_enrolment(session: Session, *, market_id: int, login_id: int, made_by: int | None, now: datetime) -> str:
    """Make a code for a login, as `K7M2-X9QA`, good for ten minutes and one use; those made before end with it.

    Only its digest is kept. `made_by` is the login that asked for it, None at the computer itself.
    """
    end_enrolments(session, login_id, now)
    code = make_code(LETTERS)
    session.connection().execute(
        insert(ENROLMENT).values(
            market_id=market_id,
            login_id=login_id,
            code_digest=_digest(code),
            made_by=made_by,
            made_at=now,
            expires_at=now + LASTS,
        )
    )
    return code


def end_enrolments(session: Session, login_id: int, now: datetime) -> None:
    """The codes of a login that nobody has used open nothing any more."""
    session.connection().execute(
        update(ENROLMENT)
        .where(ENROLMENT.c.login_id == login_id, ENROLMENT.c.used_at.is_(None), ENROLMENT.c.expires_at > now)
        .values(expires_at=now)
    )


def find_enrolment(session: Session, typed: str, now: datetime) -> Enrolment | None:
    """What a typed code is for; None for one that is unknown, used, or older than ten minutes, all alike.

    Until the transaction ends nobody else takes it.
    """
    row = (
        session.connection()
        .execute(
            select(*(ENROLMENT.c[name] for name in Enrolment.__dataclass_fields__))
            .join(LOGIN, LOGIN.c.id == ENROLMENT.c.login_id)
            .where(
                ENROLMENT.c.code_digest == _digest(typed),
                ENROLMENT.c.used_at.is_(None),
                ENROLMENT.c.expires_at > now,
                LOGIN.c.ended_at.is_(None),
            )
            .with_for_update(of=ENROLMENT)
        )
        .one_or_none()
    )
    return Enrolment(**row._mapping) if row else None


def enrol(session: Session, found: Enrolment, *, name: str, pin: str, now: datetime) -> int:
    """Use a code up for a phone of this name with this PIN; gives the phone's id.

    `found` comes from `find_enrolment` in the same transaction, the PIN has been asked of `market.access.pins`.
    """
    device_id = devices.add(session, market_id=found.market_id, login_id=found.login_id, name=name, pin=pin, now=now)
    session.connection().execute(
        update(ENROLMENT).where(ENROLMENT.c.id == found.id).values(used_at=now, device_id=device_id)
    )
    return device_id


def _digest(code: str) -> str:
    return hashlib.sha256(bare(code).encode()).hexdigest()
