"""Logins: who may sign in, and as what."""

import re
import secrets
from datetime import datetime

from argon2 import PasswordHasher
from sqlalchemy import insert, select
from sqlmodel import Session

from ledger.refused import Problem, Refused
from market.model import LOGIN, ROLE_GRANT, ROLES
from merchants.look_alikes import look_alike_problem

# OWASP's second choice: 19 MiB, so that a small server can check several at once.
HASHER = PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1)
# No letter that looks like another when a password is copied from paper.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
WITH_STALL = ("stallholder", "helper")
WITH_MARKET = ("board", "staff", "auditor", "volunteer", *WITH_STALL)


def make_password() -> str:
    """Sixteen random characters in groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def role_problems(role: str, market_id: int | None, stall_id: int | None) -> list[Problem]:
    """What is wrong with giving this role in this place: each takes a market, a stall, or neither."""
    if role not in ROLES:
        return [Problem(f"{role!r} is no role; the roles are {', '.join(ROLES)}", field="role")]
    problems = []
    if (role in WITH_MARKET) != (market_id is not None):
        need = "needs" if role in WITH_MARKET else "takes no"
        problems.append(Problem(f"the role {role} {need} --market", field="market"))
    if (role in WITH_STALL) != (stall_id is not None):
        need = "needs" if role in WITH_STALL else "takes no"
        problems.append(Problem(f"the role {role} {need} --stall", field="stall"))
    return problems


def add_login(
    session: Session,
    *,
    name: str,
    role: str,
    market_id: int | None,
    stall_id: int | None,
    password: str,
    now: datetime,
) -> int:
    """Add a login with one role and give its id; without a password (empty) it is opened by an enrolled phone only.

    Raises Refused, a problem for each wrong field.
    """
    problems = []
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,63}", name):
        message = f"{name!r} is no login; use 2 to 64 of a-z, 0-9, '.', '-' and '_'"
        if alike := look_alike_problem(name):
            message = f"{name!r} {alike}"
        problems.append(Problem(message, field="login"))
    elif session.connection().execute(select(LOGIN.c.id).where(LOGIN.c.name == name)).first():
        problems.append(Problem(f"{name!r} is taken; choose another", field="login"))
    problems += role_problems(role, market_id, stall_id)
    if problems:
        raise Refused(problems)
    connection = session.connection()
    login_id: int = connection.execute(
        insert(LOGIN)
        .values(
            market_id=market_id,
            name=name,
            password_hash=HASHER.hash(password) if password else "",
            created_at=now,
        )
        .returning(LOGIN.c.id)
    ).scalar_one()
    connection.execute(
        insert(ROLE_GRANT).values(login_id=login_id, role=role, market_id=market_id, stall_id=stall_id, granted_at=now)
    )
    return login_id


def has_password(session: Session, login_id: int) -> bool:
    """Whether a login can be signed in to by password."""
    kept: str = session.connection().execute(select(LOGIN.c.password_hash).where(LOGIN.c.id == login_id)).scalar_one()
    return bool(kept)


def market_of(session: Session, login_id: int) -> int | None:
    """The market a login belongs to; None for those who belong to none."""
    found: int | None = (
        session.connection().execute(select(LOGIN.c.market_id).where(LOGIN.c.id == login_id)).scalar_one()
    )
    return found
