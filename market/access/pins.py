"""The six digits that guard what is sensitive on an enrolled phone: a lost phone that lies open is not enough."""

import re
from datetime import datetime
from itertools import pairwise
from typing import Literal

from argon2.exceptions import VerificationError
from sqlalchemy import select, update
from sqlmodel import Session

from market.access import devices
from market.access.logins import HASHER
from market.access.model import DEVICE

# Wrong so often in a row, it is not its owner who tries.
MOST_WRONG = 6


def pin_problem(pin: str) -> Literal["shape", "weak"] | None:
    """What is wrong with a new PIN: it is not six digits, or among the first that anybody tries."""
    if not re.fullmatch(r"[0-9]{6}", pin):
        return "shape"
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    counted = steps in ({1}, {9})
    repeated = pin in (pin[0] * 6, pin[:2] * 3, pin[:3] * 2)
    return "weak" if counted or repeated else None


def set_pin(session: Session, device_id: int, pin: str) -> None:
    """Another PIN for a device, one that `pin_problem` has nothing against; wrong tries are counted anew."""
    session.connection().execute(
        update(DEVICE).where(DEVICE.c.id == device_id).values(pin_hash=HASHER.hash(pin), pin_wrong=0)
    )


def try_pin(session: Session, device_id: int, pin: str, now: datetime) -> Literal["right", "wrong", "ended"]:
    """Whether this is the device's PIN. Wrong six times in a row, it ends the device and with it its sessions.

    Tries at the same moment wait for one another, so that no more are looked at than are counted.
    """
    row = (
        session.connection()
        .execute(
            select(DEVICE.c.pin_hash, DEVICE.c.pin_wrong)
            .where(DEVICE.c.id == device_id, DEVICE.c.revoked_at.is_(None))
            .with_for_update()
        )
        .one_or_none()
    )
    if row is None:
        return "ended"
    try:
        HASHER.verify(row.pin_hash, pin)
        wrong = 0
    except VerificationError:
        wrong = row.pin_wrong + 1
    session.connection().execute(update(DEVICE).where(DEVICE.c.id == device_id).values(pin_wrong=wrong))
    if wrong >= MOST_WRONG:
        devices.revoke(session, device_id, now)
        return "ended"
    return "wrong" if wrong else "right"
