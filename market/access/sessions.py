"""Signing in and out: sessions are kept on the server, so that ending one ends it at once on every device."""

import hashlib
import secrets
from datetime import datetime, timedelta

from argon2.exceptions import VerificationError
from sqlalchemy import delete, func, insert, select, update
from sqlmodel import Session

from market.access.logins import HASHER
from market.access.people import Person, find_person
from market.model import LOGIN, ROLE_GRANT, SESSION

# A stall's phone stays signed in for months; one that lies unused for a month is signed out.
IDLE = timedelta(days=30)
LONGEST = timedelta(days=180)
# Writing down each look would make every page a write.
NOTED = timedelta(minutes=5)
# Checked where a login does not exist, so that the time an answer takes tells nobody which names do.
_NOBODY = HASHER.hash(secrets.token_hex(16))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(session: Session, name: str, password: str) -> int | None:
    """The id of the login whose password this is, else None; both take the same time."""
    row = (
        session.connection()
        .execute(select(LOGIN.c.id, LOGIN.c.password_hash).where(LOGIN.c.name == name.strip().lower()))
        .one_or_none()
    )
    try:
        HASHER.verify(row.password_hash if row else _NOBODY, password)
    except VerificationError:
        return None
    return row.id if row else None


def sign_in(session: Session, login_id: int, now: datetime) -> str:
    """Begin a session and give the token for the cookie; only its digest is kept."""
    token = secrets.token_urlsafe(32)
    market_id = session.connection().execute(select(LOGIN.c.market_id).where(LOGIN.c.id == login_id)).scalar_one()
    session.connection().execute(
        insert(SESSION).values(
            token_digest=_digest(token), login_id=login_id, market_id=market_id, created_at=now, seen_at=now
        )
    )
    return token


def who(session: Session, token: str, now: datetime) -> tuple[Person, bool] | None:
    """The person behind a cookie, and whether it is time to `note` the visit; None when the session has ended."""
    row = (
        session.connection()
        .execute(
            select(SESSION.c.login_id, SESSION.c.device_id, SESSION.c.created_at, SESSION.c.seen_at).where(
                SESSION.c.token_digest == _digest(token)
            )
        )
        .one_or_none()
    )
    if row is None or now - row.seen_at > IDLE or now - row.created_at > LONGEST:
        return None
    return find_person(session, row.login_id, row.device_id), now - row.seen_at > NOTED


def note(session: Session, token: str, now: datetime) -> None:
    """The session was used just now."""
    session.connection().execute(update(SESSION).where(SESSION.c.token_digest == _digest(token)).values(seen_at=now))


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.connection().execute(delete(SESSION).where(SESSION.c.token_digest == _digest(token)))


def set_language(session: Session, login_id: int, language: str) -> None:
    """Keep the language a person reads."""
    session.connection().execute(update(LOGIN).where(LOGIN.c.id == login_id).values(language=language))


def has_administrator(session: Session) -> bool:
    """Whether anybody can administer this installation yet."""
    count: int = (
        session.connection()
        .execute(select(func.count()).select_from(ROLE_GRANT).where(ROLE_GRANT.c.role == "administrator"))
        .scalar_one()
    )
    return count > 0
