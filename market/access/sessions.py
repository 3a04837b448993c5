"""Signing in and out: sessions are kept on the server, so that ending one ends it at once on every device."""

import hashlib
import secrets
from datetime import datetime, timedelta

from argon2.exceptions import VerificationError
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlmodel import Session

from ledger.direct import Statement
from market.access.logins import HASHER, market_of
from market.access.model import DEVICE
from market.access.people import Person, find_person
from market.model import LOGIN, ROLE_GRANT, SESSION

# A browser stays signed in for months; one that lies unused for a month is signed out.
IDLE = timedelta(days=30)
LONGEST = timedelta(days=180)
# An enrolled phone has a PIN, and can be ended from afar; no browser keeps a cookie for longer than 400 days.
DEVICE_IDLE = timedelta(days=90)
DEVICE_LONGEST = timedelta(days=400)
# How long what is sensitive may be done after PIN, second factor or password was shown.
CONFIRMED_FOR = timedelta(minutes=10)
# Writing down each look would make every page a write.
NOTED = timedelta(minutes=5)
# Checked where a login does not exist, so that the time an answer takes tells nobody which names do.
_NOBODY = HASHER.hash(secrets.token_hex(16))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(session: Session, name: str, password: str) -> int | None:
    """The id of the login whose password this is, else None; both take the same time, and so do a login that has no
    password and one that has ended."""
    row = (
        session.connection()
        .execute(
            select(LOGIN.c.id, LOGIN.c.password_hash).where(
                LOGIN.c.name == name.strip().lower(), LOGIN.c.password_hash != "", LOGIN.c.ended_at.is_(None)
            )
        )
        .one_or_none()
    )
    try:
        HASHER.verify(row.password_hash if row else _NOBODY, password)
    except VerificationError:
        return None
    return row.id if row else None


def sign_in(
    session: Session, login_id: int, now: datetime, *, device_id: int | None = None, confirmed: bool = False
) -> str:
    """Begin a session and give the token for the cookie; only its digest is kept.

    `device_id` is the enrolled phone it is on; `confirmed`: a password or second factor was shown just now.
    """
    token = secrets.token_urlsafe(32)
    market_id = market_of(session, login_id)
    session.connection().execute(
        insert(SESSION).values(
            token_digest=_digest(token),
            login_id=login_id,
            market_id=market_id,
            created_at=now,
            seen_at=now,
            device_id=device_id,
            confirmed_at=now if confirmed else None,
        )
    )
    return token


def who(session: Session, token: str, now: datetime) -> tuple[Person, bool] | None:
    """The person behind a cookie, and whether it is time to `note` the visit; None when the session has ended."""
    rows = _WHO.rows(session, token=_digest(token))
    if not rows:
        return None
    (row,) = rows
    idle, longest = (IDLE, LONGEST) if row.device_id is None else (DEVICE_IDLE, DEVICE_LONGEST)
    if now - row.seen_at > idle or now - row.created_at > longest:
        return None
    return find_person(session, row.login_id, row.device_id), now - row.seen_at > NOTED


_WHO = Statement(
    select(SESSION.c.login_id, SESSION.c.device_id, SESSION.c.created_at, SESSION.c.seen_at)
    .select_from(SESSION)
    .join(LOGIN, LOGIN.c.id == SESSION.c.login_id)
    .outerjoin(DEVICE, DEVICE.c.id == SESSION.c.device_id)
    .where(SESSION.c.token_digest == bindparam("token"), LOGIN.c.ended_at.is_(None), DEVICE.c.revoked_at.is_(None))
)


def note(session: Session, token: str, now: datetime) -> None:
    """The session was used just now, and so was the phone it is on."""
    mine = SESSION.c.token_digest == _digest(token)
    connection = session.connection()
    connection.execute(update(SESSION).where(mine).values(seen_at=now))
    phone = select(SESSION.c.device_id).where(mine).scalar_subquery()
    connection.execute(update(DEVICE).where(DEVICE.c.id == phone).values(seen_at=now))


def confirm(session: Session, token: str, now: datetime) -> None:
    """PIN, second factor or password was shown on this session just now."""
    session.connection().execute(
        update(SESSION).where(SESSION.c.token_digest == _digest(token)).values(confirmed_at=now)
    )


def is_confirmed(session: Session, token: str, now: datetime) -> bool:
    """Whether PIN, second factor or password was shown on this session within the last ten minutes."""
    at = (
        session.connection()
        .execute(select(SESSION.c.confirmed_at).where(SESSION.c.token_digest == _digest(token)))
        .scalar_one_or_none()
    )
    return at is not None and timedelta(0) <= now - at <= CONFIRMED_FOR


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.connection().execute(delete(SESSION).where(SESSION.c.token_digest == _digest(token)))


def end_sessions(session: Session, login_id: int, *, but: str = "") -> None:
    """End a login's sessions everywhere, except for the one with the token `but`."""
    session.connection().execute(
        delete(SESSION).where(SESSION.c.login_id == login_id, SESSION.c.token_digest != _digest(but))
    )


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
