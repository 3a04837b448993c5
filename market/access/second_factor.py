"""The second factor of boards and administrators: six digits of an app that change every half minute (RFC 6238) or a
passkey, and recovery codes for the day the phone is gone."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import select, update
from sqlmodel import Session

from market.access.codes import bare, make_code
from market.access.model import PASSKEY
from market.model import LOGIN
from market.secret_key import unseal

STEP = 30
# A clock may be half a minute wrong in either direction.
_NEAR = (-1, 0, 1)
RECOVERY_CODES = 8


def new_secret() -> str:
    """A secret of 160 bits in base32, as authenticator apps take it (RFC 4226, 4)."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def setup_link(secret: str, login: str, issuer: str) -> str:
    """What the QR code of a new second factor holds (the key URI format of authenticator apps)."""
    return f"otpauth://totp/{quote(issuer)}:{quote(login)}?secret={secret}&issuer={quote(issuer)}"


def code_at(secret: str, step: int) -> str:
    """The six digits of one half minute since 1970 (RFC 4226, 5.3)."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """The half minute that the typed digits are of, if it is now or next to now."""
    digits = "".join(typed.split()).encode()
    middle = int(now.timestamp()) // STEP
    # All are compared, so that the time it takes tells nothing.
    found = [near for near in _NEAR if hmac.compare_digest(code_at(secret, middle + near).encode(), digits)]
    return middle + found[0] if found else None


def turn_on(session: Session, login_id: int, sealed: bytes, step: int) -> list[str]:
    """Ask this login for its second factor from now on; gives the recovery codes, to be shown once.

    `sealed` is the secret under the installation's key, `step` the half minute of the digits that proved it.
    """
    session.connection().execute(update(LOGIN).where(LOGIN.c.id == login_id).values(totp_secret=sealed, totp_step=step))
    return new_codes(session, login_id)


def new_codes(session: Session, login_id: int) -> list[str]:
    """New recovery codes in the place of those that are left, to be shown once."""
    codes = [make_code(12) for _ in range(RECOVERY_CODES)]
    kept = " ".join(_digest(code) for code in codes)
    session.connection().execute(update(LOGIN).where(LOGIN.c.id == login_id).values(recovery=kept))
    return codes


def turn_off(session: Session, login_id: int) -> None:
    """Ask this login for no digits any more: for its password only, or else for a passkey that it has."""
    session.connection().execute(update(LOGIN).where(LOGIN.c.id == login_id).values(totp_secret=None, totp_step=0))
    forget_unused_codes(session, login_id)


def forget_unused_codes(session: Session, login_id: int) -> None:
    """The recovery codes of a login that is asked for its password only stand in for nothing."""
    if not has_second_factor(session, login_id):
        session.connection().execute(update(LOGIN).where(LOGIN.c.id == login_id).values(recovery=""))


def has_digits(session: Session, login_id: int) -> bool:
    """Whether this login has an app that shows six digits."""
    found = session.connection().execute(select(LOGIN.c.totp_secret).where(LOGIN.c.id == login_id)).scalar_one()
    return found is not None


def has_second_factor(session: Session, login_id: int) -> bool:
    """Whether this login is asked for a second factor: the digits, or a passkey of a browser."""
    passkey = select(PASSKEY.c.id).where(PASSKEY.c.login_id == login_id, PASSKEY.c.device_id.is_(None)).limit(1)
    return has_digits(session, login_id) or session.connection().execute(passkey).first() is not None


def take(session: Session, key: str, login_id: int, typed: str, now: datetime) -> bool:
    """Whether these are the login's digits of now, or one of its recovery codes; either is good once."""
    connection = session.connection()
    row = connection.execute(
        select(LOGIN.c.totp_secret, LOGIN.c.totp_step, LOGIN.c.recovery).where(LOGIN.c.id == login_id).with_for_update()
    ).one()
    mine = LOGIN.c.id == login_id
    step = None if row.totp_secret is None else step_of(unseal(key, row.totp_secret), typed, now)
    if step is not None:
        if step <= row.totp_step:
            return False
        connection.execute(update(LOGIN).where(mine).values(totp_step=step))
        return True
    left = row.recovery.split()
    if _digest(typed) not in left:
        return False
    left.remove(_digest(typed))
    connection.execute(update(LOGIN).where(mine).values(recovery=" ".join(left)))
    return True


def codes_left(session: Session, login_id: int) -> int:
    """How many recovery codes are not used yet."""
    kept: str = session.connection().execute(select(LOGIN.c.recovery).where(LOGIN.c.id == login_id)).scalar_one()
    return len(kept.split())


def _digest(code: str) -> str:
    return hashlib.sha256(bare(code).encode()).hexdigest()
