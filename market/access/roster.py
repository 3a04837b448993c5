"""The people of a market: who has which role there, adding one, ending a role; and every login there is."""

import re
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlmodel import Session

from ledger.refused import Problem, Refused
from market.access import devices, enrolment, passkeys, sessions, tokens
from market.access.logins import add_login
from market.access.model import DEVICE, PASSKEY
from market.access.passwords import set_password
from market.access.people import Grant
from market.model import LOGIN, MARKET, ROLE_GRANT
from merchants.consents import end_consent
from merchants.model import STALL
from qr.text import fold

# Whom a volunteer enrols, and whom the board does. A board's or an administrator's own login is opened by no code: it
# would pass by their password and second factor.
OF_STALLS = ("stallholder", "helper")
OF_BOARD = (*OF_STALLS, "staff", "auditor", "volunteer")


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody has in the market; `stall` and `stall_name` are empty where it is at none."""

    grant_id: int
    role: str
    stall_id: int | None
    stall: str
    stall_name: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a role in the market, with the enrolled phones."""

    login_id: int
    name: str
    has_password: bool
    elsewhere: bool
    held: tuple[Held, ...]
    phones: tuple[devices.DeviceRow, ...]

    def opened_by_code(self, roles: Iterable[str], in_use: Set[int] = frozenset()) -> bool:
        """Whether a one-time code may be made for this login by who may enrol these roles, at stalls that are not among
        those `in_use`: it opens nothing else."""
        known, at = {held.role for held in self.held}, {held.stall_id for held in self.held}
        return not self.elsewhere and known <= set(roles) and at.isdisjoint(in_use)


def stalls_in_use(session: Session, market_id: int) -> set[int]:
    """The stalls where a holder has a phone or a password, or ever had one: whoever enrols one more phone there would
    see that holder's amounts."""
    phone = select(DEVICE.c.id).where(DEVICE.c.login_id == LOGIN.c.id).exists()
    found = session.connection().execute(
        select(ROLE_GRANT.c.stall_id)
        .join(LOGIN, LOGIN.c.id == ROLE_GRANT.c.login_id)
        .where(
            ROLE_GRANT.c.market_id == market_id,
            ROLE_GRANT.c.role == "stallholder",
            or_(phone, LOGIN.c.password_hash != ""),
        )
    )
    return set(found.scalars())


def members(session: Session, market_id: int, *, login_id: int | None = None) -> list[Member]:
    """Everybody with a role in the market, by name; with `login_id` that one only, or nobody."""
    here = (ROLE_GRANT.c.market_id == market_id, ROLE_GRANT.c.revoked_at.is_(None), LOGIN.c.ended_at.is_(None))
    wanted = (
        select(
            LOGIN.c.id,
            LOGIN.c.name,
            LOGIN.c.password_hash,
            ROLE_GRANT.c.id.label("grant_id"),
            ROLE_GRANT.c.role,
            ROLE_GRANT.c.stall_id,
            STALL.c.code,
            STALL.c.name.label("stall_name"),
        )
        .select_from(ROLE_GRANT)
        .join(LOGIN, LOGIN.c.id == ROLE_GRANT.c.login_id)
        .outerjoin(STALL, STALL.c.id == ROLE_GRANT.c.stall_id)
        .where(*here)
        .order_by(LOGIN.c.name, ROLE_GRANT.c.id)
    )
    if login_id is not None:
        wanted = wanted.where(LOGIN.c.id == login_id)
    connection = session.connection()
    rows = connection.execute(wanted).all()
    of_login: dict[int, list[Held]] = {}
    for row in rows:
        of_login.setdefault(row.id, []).append(
            Held(row.grant_id, row.role, row.stall_id, row.code or "", row.stall_name or "")
        )
    phones: dict[int, list[devices.DeviceRow]] = {}
    for phone in devices.devices_of(session, *of_login):
        phones.setdefault(phone.login_id, []).append(phone)
    elsewhere = _elsewhere(connection, market_id, of_login)
    said = {row.id: row for row in rows}
    return [
        Member(
            login_id=found,
            name=said[found].name,
            has_password=bool(said[found].password_hash),
            elsewhere=found in elsewhere,
            held=tuple(held),
            phones=tuple(phones.get(found, ())),
        )
        for found, held in of_login.items()
    ]


def _elsewhere(connection: Connection, market_id: int, login_ids: Iterable[int]) -> set[int]:
    """Those of the logins that have a role in another market, or in the whole installation."""
    found = connection.execute(
        select(ROLE_GRANT.c.login_id).where(
            ROLE_GRANT.c.login_id.in_(list(login_ids)),
            ROLE_GRANT.c.revoked_at.is_(None),
            func.coalesce(ROLE_GRANT.c.market_id, 0) != market_id,
        )
    )
    return set(found.scalars())


def add_member(session: Session, *, market_id: int, called: str, role: str, stall_id: int | None, now: datetime) -> int:
    """Add somebody without a password, with one role, and give the login's id. The login is made of what the person is
    `called`: Trần Thị Hương → tran-thi-huong, and the next of that name tran-thi-huong-2."""
    wanted = "-".join(re.findall(r"[a-z0-9]+", fold(called).lower()))[:56].strip("-")
    if len(wanted) < 2:
        wanted = f"nguoi-{wanted}".strip("-")
    alike = select(LOGIN.c.name).where(LOGIN.c.name.startswith(wanted, autoescape=True))
    taken = set(session.connection().execute(alike).scalars())
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return add_login(session, name=name, role=role, market_id=market_id, stall_id=stall_id, password="", now=now)


def add_stall(session: Session, login_id: int, *, market_id: int, role: str, stall_id: int, now: datetime) -> None:
    """Give somebody of the stalls one more stall; one that the person has in this role already changes nothing."""
    same = (
        ROLE_GRANT.c.login_id == login_id,
        ROLE_GRANT.c.role == role,
        ROLE_GRANT.c.stall_id == stall_id,
        ROLE_GRANT.c.revoked_at.is_(None),
    )
    connection = session.connection()
    if connection.execute(select(ROLE_GRANT.c.id).where(*same)).first() is None:
        connection.execute(
            insert(ROLE_GRANT).values(
                login_id=login_id, role=role, market_id=market_id, stall_id=stall_id, granted_at=now
            )
        )


@dataclass(frozen=True, slots=True)
class EndedWith:
    """What ended with a stallholder's role: the consent to show amounts, and tokens of the stall's, by their ids."""

    consent: bool = False
    tokens: tuple[int, ...] = ()

    @property
    def acts(self) -> list[tuple[str, dict[str, int]]]:
        """What the audit trail is told of it, beside the role's own line: an act and what it is about."""
        return [("consent_withdrawn", {})] * self.consent + [("token_ended", {"token": one}) for one in self.tokens]


def end_role(session: Session, login_id: int, grant_id: int, now: datetime) -> EndedWith:
    """End one role of a login: it is signed out everywhere at once, its phones end, its unused codes open nothing.
    What a stall's former holder agreed to binds no other one, and programs show no token of a stall without a holder.

    Whoever has another role left enrols anew for that.
    """
    mine = (ROLE_GRANT.c.id == grant_id, ROLE_GRANT.c.login_id == login_id)
    connection = session.connection()
    connection.execute(update(ROLE_GRANT).where(*mine).values(revoked_at=now))
    enrolment.end_enrolments(session, login_id, now)
    for phone in devices.devices_of(session, login_id):
        devices.revoke(session, phone.id, now)
    sessions.end_sessions(session, login_id)
    held = connection.execute(select(ROLE_GRANT.c.role, ROLE_GRANT.c.market_id, ROLE_GRANT.c.stall_id).where(*mine))
    role, market_id, stall_id = held.one()
    if role != "stallholder":
        return EndedWith()
    consent = end_consent(session, market_id=market_id, stall_id=stall_id, given_by=login_id, now=now)
    return EndedWith(consent, () if _has_holder(connection, stall_id) else tokens.end_tokens_at(session, stall_id, now))


def _has_holder(connection: Connection, stall_id: int) -> bool:
    holders = (
        select(ROLE_GRANT.c.id)
        .join(LOGIN, LOGIN.c.id == ROLE_GRANT.c.login_id)
        .where(
            ROLE_GRANT.c.stall_id == stall_id,
            ROLE_GRANT.c.role == "stallholder",
            ROLE_GRANT.c.revoked_at.is_(None),
            LOGIN.c.ended_at.is_(None),
        )
    )
    return connection.execute(holders.limit(1)).first() is not None


def has_ended(session: Session, login_id: int) -> bool:
    """Whether nothing opens a login any more."""
    ended = select(LOGIN.c.ended_at).where(LOGIN.c.id == login_id)
    return session.connection().execute(ended).scalar_one() is not None


def shut_out(
    session: Session, login_id: int, *, password: str, now: datetime
) -> tuple[list[passkeys.PasskeyRow], list[devices.DeviceRow]]:
    """Give a login this password, where somebody else may have had the former one: whatever that could have added opens
    nothing any more. Gives the passkeys that were removed and the phones that were ended; the six digits stay."""
    keys, phones = passkeys.passkeys_of(session, login_id), devices.devices_of(session, login_id)
    for key in keys:
        passkeys.remove(session, login_id, key.id)
    for phone in phones:
        devices.revoke(session, phone.id, now)
    enrolment.end_enrolments(session, login_id, now)
    set_password(session, login_id, password, but="")
    return keys, phones


def end_login(session: Session, login_id: int, now: datetime) -> list[tuple[Grant, EndedWith]]:
    """End a login with every role that it has: nothing opens it any more. Gives the roles, with what ended with each.

    Raises Refused for the last administrator.
    """
    connection = session.connection()
    standing = (ROLE_GRANT.c.revoked_at.is_(None), LOGIN.c.ended_at.is_(None))
    granted = select(ROLE_GRANT).join(LOGIN, LOGIN.c.id == ROLE_GRANT.c.login_id).where(*standing)
    held = connection.execute(granted.where(LOGIN.c.id == login_id).order_by(ROLE_GRANT.c.id)).all()
    others = granted.where(LOGIN.c.id != login_id, ROLE_GRANT.c.role == "administrator")
    if any(row.role == "administrator" for row in held) and connection.execute(others.limit(1)).first() is None:
        raise Refused(Problem("is the only administrator; add another one first: user add", field="login"))
    ended = [(Grant(row.role, row.market_id, row.stall_id), end_role(session, login_id, row.id, now)) for row in held]
    sessions.end_sessions(session, login_id)
    connection.execute(update(LOGIN).where(LOGIN.c.id == login_id, LOGIN.c.ended_at.is_(None)).values(ended_at=now))
    return ended


@dataclass(frozen=True, slots=True)
class Login:
    """Whoever may sign in, or might until `ended_at`: the roles that stand (role, market, stall), how it is opened."""

    login: str
    roles: tuple[tuple[str, str, str], ...]
    password: bool
    phones: int
    passkeys: int
    ended_at: datetime | None


def list_logins(session: Session) -> list[Login]:
    """Every login of the installation, by name."""
    connection = session.connection()
    roles: dict[int, list[tuple[str, str, str]]] = {}
    for row in connection.execute(
        select(ROLE_GRANT.c.login_id, ROLE_GRANT.c.role, MARKET.c.slug, STALL.c.code)
        .outerjoin(MARKET, MARKET.c.id == ROLE_GRANT.c.market_id)
        .outerjoin(STALL, STALL.c.id == ROLE_GRANT.c.stall_id)
        .where(ROLE_GRANT.c.revoked_at.is_(None))
        .order_by(ROLE_GRANT.c.id)
    ):
        roles.setdefault(row.login_id, []).append((row.role, row.slug or "", row.code or ""))
    logins = connection.execute(select(LOGIN).order_by(LOGIN.c.name)).all()
    phones = Counter(phone.login_id for phone in devices.devices_of(session, *(row.id for row in logins)))
    keys = Counter(connection.execute(select(PASSKEY.c.login_id)).scalars())
    return [
        Login(
            row.name, tuple(roles.get(row.id, ())), bool(row.password_hash), phones[row.id], keys[row.id], row.ended_at
        )
        for row in logins
    ]
