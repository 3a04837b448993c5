"""Passkeys: a key that a person's own phone or computer holds and opens by fingerprint, face or screen lock (WebAuthn
level 3, W3C).

A browser's is a whole sign-in, for the device itself asked whose hand it is in. One that was added on an enrolled phone
stands in for that phone's PIN and opens nothing elsewhere, so that a phone which is ended takes its passkeys with it.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from market.access import second_factor
from market.access.logins import market_of
from market.access.model import PASSKEY, PASSKEY_CHALLENGE
from market.model import LOGIN

# What is asked: a new key, a whole sign-in, the step after the password, or once more who it is.
Purpose = Literal["add", "sign_in", "second", "confirm"]
LASTS: Final = timedelta(minutes=5)
# Strangers ask for challenges too: the oldest give way.
MOST_OPEN: Final = 10_000
MOST_EACH: Final = 10
LONGEST_NAME: Final = 40
# WebAuthn, 4: a credential's id has at most 1023 bytes. No public key that we take is near this long.
LONGEST_ID: Final = 1023
LONGEST_KEY: Final = 2000


@dataclass(frozen=True, slots=True)
class Site:
    """What passkeys are bound to: the name that they answer to, and the address a page must have that asks them."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey as its owner is shown it; `device_id` is the enrolled device whose PIN it stands in for."""

    id: int
    device_id: int | None
    rp_id: str
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of a passkey that was shown, and whose it is where it is known at all. `copied`: it said that it was
    used less often than it had said before, so there are two of it (WebAuthn, 6.1.1)."""

    said: Literal["right", "refused", "copied"]
    login_id: int | None = None
    passkey_id: int | None = None


def site_of(base_url: str) -> Site | None:
    """What passkeys are bound to at this public address; None where browsers know none: over plain http, and at an
    address that is no name (WebAuthn, 5.1.3: an effective domain)."""
    address = urlsplit(base_url)
    name = address.hostname or ""
    try:
        ip_address(name)
    except ValueError:
        if address.scheme == "https" or name == "localhost":
            return Site(name, base_url)
    return None


def ask_to_add(
    session: Session, site: Site, key: str, *, login_id: int, device_id: int | None, now: datetime
) -> tuple[bytes, str]:
    """A new challenge for adding a passkey, and what the browser is to be asked (JSON). `key` is the installation's;
    a passkey for an enrolled device is not one that is offered at sign-in."""
    connection = session.connection()
    name: str = connection.execute(select(LOGIN.c.name).where(LOGIN.c.id == login_id)).scalar_one()
    resident = ResidentKeyRequirement.REQUIRED if device_id is None else ResidentKeyRequirement.DISCOURAGED
    options = generate_registration_options(
        rp_id=site.rp_id,
        rp_name="Chợ 4.0",
        user_name=name,
        user_id=_user_handle(key, login_id, device_id),
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=resident, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_named(session, login_id, device_id),
    )
    _keep(session, options.challenge, "add", login_id, now)
    return options.challenge, options_to_json(options)


def add(
    session: Session,
    site: Site,
    *,
    challenge: bytes,
    login_id: int,
    device_id: int | None,
    answer: str,
    name: str,
    now: datetime,
) -> int | None:
    """Take up the passkey that a browser made and give its id; None where this is no answer to the challenge, the
    passkey is somebody's already, or there are ten. The challenge is used up either way."""
    if not _take(session, challenge, "add", login_id, now):
        return None
    try:
        made = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception:
        # Whatever the library trips over in what a browser sent: it is no passkey.
        return None
    if len(made.credential_id) > LONGEST_ID or len(made.credential_public_key) > LONGEST_KEY:
        return None
    if count(session, login_id, device_id) >= MOST_EACH:
        return None
    try:
        with session.begin_nested():
            passkey_id: int = (
                session.connection()
                .execute(
                    insert(PASSKEY)
                    .values(
                        market_id=market_of(session, login_id),
                        login_id=login_id,
                        device_id=device_id,
                        rp_id=site.rp_id,
                        credential_id=made.credential_id,
                        public_key=made.credential_public_key,
                        sign_count=made.sign_count,
                        name=name,
                        added_at=now,
                    )
                    .returning(PASSKEY.c.id)
                )
                .scalar_one()
            )
    except IntegrityError:
        # Somebody has it already.
        return None
    return passkey_id


def ask_to_show(
    session: Session, site: Site, *, purpose: Purpose, login_id: int | None, device_id: int | None, now: datetime
) -> tuple[bytes, str]:
    """A new challenge for showing a passkey, and what the browser is to be asked (JSON): for one of this login's, or
    where it is None for whichever the browser's owner chooses."""
    options = generate_authentication_options(
        rp_id=site.rp_id,
        timeout=_MILLISECONDS,
        allow_credentials=None if login_id is None else _named(session, login_id, device_id),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _keep(session, options.challenge, purpose, login_id, now)
    return options.challenge, options_to_json(options)


def show(
    session: Session,
    site: Site,
    key: str,
    *,
    challenge: bytes,
    purpose: Purpose,
    login_id: int | None,
    device_id: int | None,
    answer: str,
    now: datetime,
) -> Shown:
    """Whether this answers the challenge with a passkey of the login (None: of whomever it is) that is good here: in a
    browser, or on the enrolled device. The challenge is used up either way.

    Two answers with one passkey at the same moment wait for one another, so that its count is compared once each.
    """
    if not _take(session, challenge, purpose, login_id, now):
        return Shown("refused")
    try:
        credential = parse_authentication_credential_json(answer)
    except Exception:
        return Shown("refused")
    row = (
        session.connection()
        .execute(
            select(PASSKEY)
            .join(LOGIN, LOGIN.c.id == PASSKEY.c.login_id)
            .where(PASSKEY.c.credential_id == credential.raw_id, LOGIN.c.ended_at.is_(None))
            .with_for_update(of=PASSKEY)
        )
        .one_or_none()
    )
    if row is None or row.device_id != device_id or login_id not in (None, row.login_id):
        return Shown("refused")
    refused = Shown("refused", row.login_id, row.id)
    handle = credential.response.user_handle
    # Without a login it is the handle that says whose the passkey is (WebAuthn, 7.2, step 6).
    if handle != _user_handle(key, row.login_id, device_id) and (handle or login_id is None):
        return refused
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            # Compared below, where a copy can be told from what is simply wrong.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:
        return refused
    if verified.new_sign_count <= row.sign_count and (verified.new_sign_count or row.sign_count):
        return Shown("copied", row.login_id, row.id)
    session.connection().execute(
        update(PASSKEY).where(PASSKEY.c.id == row.id).values(sign_count=verified.new_sign_count, used_at=now)
    )
    return Shown("right", row.login_id, row.id)


def count(session: Session, login_id: int, device_id: int | None) -> int:
    """How many passkeys a login has in browsers, or on one enrolled device."""
    found: int = (
        session.connection()
        .execute(select(func.count()).select_from(PASSKEY).where(*_good(login_id, device_id)))
        .scalar_one()
    )
    return found


def passkeys_of(session: Session, login_id: int) -> list[PasskeyRow]:
    """Every passkey of a login, the oldest first."""
    rows = session.connection().execute(
        select(*(PASSKEY.c[name] for name in PasskeyRow.__dataclass_fields__))
        .where(PASSKEY.c.login_id == login_id)
        .order_by(PASSKEY.c.id)
    )
    return [PasskeyRow(**row._mapping) for row in rows]


def remove(session: Session, login_id: int, passkey_id: int) -> bool:
    """Forget a passkey of this login; False where it has none of this id. With its last second factor the recovery
    codes go, too."""
    mine = (PASSKEY.c.id == passkey_id, PASSKEY.c.login_id == login_id)
    found = session.connection().execute(delete(PASSKEY).where(*mine).returning(PASSKEY.c.id)).first()
    second_factor.forget_unused_codes(session, login_id)
    return found is not None


_MILLISECONDS = int(LASTS.total_seconds() * 1000)


def _user_handle(key: str, login_id: int, device_id: int | None) -> bytes:
    """What a device knows a login by: the same each time, so that a newer passkey takes the older one's place there,
    and without the installation's key it tells nobody whose it is (WebAuthn, 14.6.1)."""
    return hmac.digest(key.encode(), f"cho passkey {login_id} {device_id}".encode(), hashlib.sha256)


def _good(login_id: int, device_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return PASSKEY.c.login_id == login_id, PASSKEY.c.device_id.is_not_distinct_from(device_id)


def _named(session: Session, login_id: int, device_id: int | None) -> list[PublicKeyCredentialDescriptor]:
    found = session.connection().execute(select(PASSKEY.c.credential_id).where(*_good(login_id, device_id)))
    return [PublicKeyCredentialDescriptor(id=each) for each in found.scalars()]


def _keep(session: Session, challenge: bytes, purpose: Purpose, login_id: int | None, now: datetime) -> None:
    connection = session.connection()
    open_ones = PASSKEY_CHALLENGE.c
    newest = connection.execute(
        insert(PASSKEY_CHALLENGE)
        .values(
            market_id=None if login_id is None else market_of(session, login_id),
            login_id=login_id,
            purpose=purpose,
            challenge=challenge,
            expires_at=now + LASTS,
        )
        .returning(open_ones.id)
    ).scalar_one()
    connection.execute(
        delete(PASSKEY_CHALLENGE).where((open_ones.expires_at < now) | (open_ones.id <= newest - MOST_OPEN))
    )


def _take(session: Session, challenge: bytes, purpose: Purpose, login_id: int | None, now: datetime) -> bool:
    """Whether this was asked, of this login for this purpose, and is not answered yet; now it is."""
    asked = PASSKEY_CHALLENGE.c
    until = (
        session.connection()
        .execute(
            delete(PASSKEY_CHALLENGE)
            .where(
                asked.challenge == challenge,
                asked.purpose == purpose,
                asked.login_id.is_not_distinct_from(login_id),
            )
            .returning(asked.expires_at)
        )
        .scalar_one_or_none()
    )
    return until is not None and now <= until
