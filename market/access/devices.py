"""Enrolled phones: which there are, and ending one that is lost."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session

from market.access.logins import HASHER
from market.access.model import DEVICE, PASSKEY
from market.model import ROLE_GRANT, SESSION

LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A phone that is enrolled for a login."""

    id: int
    market_id: int
    login_id: int
    name: str
    enrolled_at: datetime
    seen_at: datetime


_STANDING = select(*(DEVICE.c[name] for name in DeviceRow.__dataclass_fields__)).where(DEVICE.c.revoked_at.is_(None))


def add(session: Session, *, market_id: int, login_id: int, name: str, pin: str, now: datetime) -> int:
    """Take a phone up for a login and give its id; the PIN is one that `market.access.pins` has nothing against."""
    device_id: int = (
        session.connection()
        .execute(
            insert(DEVICE)
            .values(
                market_id=market_id,
                login_id=login_id,
                name=name,
                pin_hash=HASHER.hash(pin),
                pin_wrong=0,
                enrolled_at=now,
                seen_at=now,
            )
            .returning(DEVICE.c.id)
        )
        .scalar_one()
    )
    return device_id


def devices_of(session: Session, *login_ids: int) -> list[DeviceRow]:
    """The phones of these logins that are not ended, those seen last first."""
    rows = session.connection().execute(
        _STANDING.where(DEVICE.c.login_id.in_(login_ids)).order_by(DEVICE.c.seen_at.desc(), DEVICE.c.id.desc())
    )
    return [DeviceRow(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a stall's phone is told of the phones that came to the stall's people of late: what they are called, those
    that came last first, and when the last of them came."""

    name: str
    enrolled_at: datetime


def newcomer(session: Session, stall_id: int, *, device_id: int | None, since: datetime) -> Newcomer | None:
    """The phones that came to a stall's people since this moment, before the phone `device_id` that asks or after it,
    but for itself; None where none did."""
    at_stall = select(ROLE_GRANT.c.login_id).where(ROLE_GRANT.c.stall_id == stall_id, ROLE_GRANT.c.revoked_at.is_(None))
    rows = (
        session.connection()
        .execute(
            _STANDING.where(
                DEVICE.c.login_id.in_(at_stall), DEVICE.c.enrolled_at > since, DEVICE.c.id != (device_id or 0)
            ).order_by(DEVICE.c.id.desc())
        )
        .all()
    )
    return Newcomer(", ".join(row.name for row in rows), rows[0].enrolled_at) if rows else None


def revoke(session: Session, device_id: int, now: datetime) -> None:
    """End a phone: it is signed out at once and opens nothing any more until it is enrolled anew; its passkeys go."""
    connection = session.connection()
    connection.execute(
        update(DEVICE).where(DEVICE.c.id == device_id, DEVICE.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    connection.execute(delete(SESSION).where(SESSION.c.device_id == device_id))
    connection.execute(delete(PASSKEY).where(PASSKEY.c.device_id == device_id))
