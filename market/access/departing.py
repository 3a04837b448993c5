"""Those who signed in for a stall that is forgotten: their roles, phones and tokens end, and so do their names where
they have no role anywhere else."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update
from sqlmodel import Session

from market.access import devices, enrolment, sessions
from market.access.model import API_TOKEN, API_WRITE, DEVICE, PASSKEY, PASSKEY_CHALLENGE
from market.model import LOGIN, ROLE_GRANT


@dataclass(frozen=True, slots=True)
class Departing:
    """Who and what would end: logins (with their names), roles at the stall, phones of those logins, tokens."""

    logins: tuple[int, ...]
    roles: int
    phones: int
    tokens: int


def departing(session: Session, stall_id: int) -> Departing:
    """What `end_people` will end at a stall."""
    connection = session.connection()
    logins = _only_here(connection, stall_id)
    roles = select(func.count()).where(ROLE_GRANT.c.stall_id == stall_id, ROLE_GRANT.c.revoked_at.is_(None))
    phones = select(func.count()).where(DEVICE.c.login_id.in_(logins), DEVICE.c.name != "")
    tokens = select(func.count()).where(API_TOKEN.c.stall_id == stall_id, API_TOKEN.c.revoked_at.is_(None))
    return Departing(logins, *(int(connection.execute(query).scalar_one()) for query in (roles, phones, tokens)))


def _only_here(connection: Connection, stall_id: int) -> tuple[int, ...]:
    """The logins that have, or had, a role at the stall and have none elsewhere, unless they were forgotten before."""
    elsewhere = (
        select(ROLE_GRANT.c.login_id)
        .where(ROLE_GRANT.c.revoked_at.is_(None), ROLE_GRANT.c.stall_id.is_distinct_from(stall_id))
        .scalar_subquery()
    )
    rows = connection.execute(
        select(LOGIN.c.id, LOGIN.c.name)
        .join(ROLE_GRANT, ROLE_GRANT.c.login_id == LOGIN.c.id)
        .where(ROLE_GRANT.c.stall_id == stall_id, LOGIN.c.id.not_in(elsewhere))
        .distinct()
        .order_by(LOGIN.c.id)
    )
    return tuple(row.id for row in rows if row.name != _pseudonym(row.id))


def _pseudonym(login_id: int) -> str:
    return f"da-xoa-{login_id}"


def end_people(session: Session, stall_id: int, now: datetime) -> None:
    """End them. Whoever has a role elsewhere keeps login and phones, and has one stall less."""
    connection = session.connection()
    for login_id in _only_here(connection, stall_id):
        enrolment.end_enrolments(session, login_id, now)
        for phone in devices.devices_of(session, login_id):
            devices.revoke(session, phone.id, now)
        sessions.end_sessions(session, login_id)
        connection.execute(delete(PASSKEY).where(PASSKEY.c.login_id == login_id))
        connection.execute(delete(PASSKEY_CHALLENGE).where(PASSKEY_CHALLENGE.c.login_id == login_id))
        connection.execute(update(DEVICE).where(DEVICE.c.login_id == login_id).values(name="", pin_hash=""))
        connection.execute(
            update(LOGIN)
            .where(LOGIN.c.id == login_id)
            .values(
                name=_pseudonym(login_id),
                password_hash="",
                totp_secret=None,
                recovery="",
                ended_at=func.coalesce(LOGIN.c.ended_at, now),
            )
        )
    connection.execute(
        update(ROLE_GRANT)
        .where(ROLE_GRANT.c.stall_id == stall_id, ROLE_GRANT.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    # What they answered has the account in it.
    its_tokens = select(API_TOKEN.c.id).where(API_TOKEN.c.stall_id == stall_id)
    connection.execute(delete(API_WRITE).where(API_WRITE.c.token_id.in_(its_tokens)))
    connection.execute(
        update(API_TOKEN)
        .where(API_TOKEN.c.stall_id == stall_id, API_TOKEN.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
