"""Tokens: what a program shows to the API instead of signing in, and what it may do there."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlmodel import Session

from ledger.refused import Problem, Refused
from market.access import audit
from market.access.logins import role_problems
from market.access.model import API_TOKEN
from market.access.rights import RIGHTS
from market.model import MARKET, ROLES
from merchants.model import STALL

# What a token may be for, and the rights (`market.access.rights`) of which its role needs one. `counts`: the months of
# its markets; `stalls`: their lists; `accounts`: with the account numbers; `payments`: what comes in at its stall;
# `book`: with numbers of its book and what was typed; `codes`: codes that ask for an amount; `sales`: typing a sale.
_OPENED_BY = {
    "counts": ("read_month", "read_province"),
    "stalls": ("read_month",),
    "accounts": ("run_stalls",),
    "payments": ("use_till",),
    "book": ("own_stall",),
    "codes": ("own_stall",),
    "sales": ("own_stall",),
}
# Role → its scopes.
SCOPES: dict[str, frozenset[str]] = {
    role: frozenset(scope for scope, rights in _OPENED_BY.items() if any(role in RIGHTS[right] for right in rights))
    for role in ROLES
}
# So that whoever finds one in a file knows what it opens.
PREFIX = "cho_"
# Writing down each use would make every look a write.
NOTED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever shows a token: its role, and the market and stall it is for; None where the role has none."""

    token_id: int
    role: str
    market_id: int | None
    stall_id: int | None

    def may(self, scope: str) -> bool:
        """Whether the role has this scope of SCOPES."""
        return scope in SCOPES[self.role]

    def reaches(self, market_id: int) -> bool:
        """Whether the market is one the token is for; without a market of its own it is for all of them."""
        return self.market_id in (None, market_id)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is listed: never the token itself."""

    id: int
    role: str
    market: str | None
    stall: str | None
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def add_token(session: Session, *, role: str, market_id: int | None, stall_id: int | None, now: datetime) -> str:
    """Make a token and give it; only its digest is kept. Raises Refused, a problem for each wrong field."""
    problems = role_problems(role, market_id, stall_id)
    if problems:
        raise Refused(problems)
    token = PREFIX + secrets.token_urlsafe(32)
    token_id: int = (
        session.connection()
        .execute(
            insert(API_TOKEN)
            .values(market_id=market_id, stall_id=stall_id, role=role, token_digest=_digest(token), made_at=now)
            .returning(API_TOKEN.c.id)
        )
        .scalar_one()
    )
    audit.note(
        session,
        "token_added",
        market_id=market_id,
        stall_id=stall_id,
        about={"token": token_id, "role": role},
        at=now,
    )
    return token


def list_tokens(session: Session) -> list[TokenRow]:
    """Every token, in the order they were made; those that are off, too."""
    shown = ("id", "role", "made_at", "used_at", "revoked_at")
    rows = session.connection().execute(
        select(*(API_TOKEN.c[name] for name in shown), MARKET.c.slug.label("market"), STALL.c.code.label("stall"))
        .outerjoin(MARKET, MARKET.c.id == API_TOKEN.c.market_id)
        .outerjoin(STALL, STALL.c.id == API_TOKEN.c.stall_id)
        .order_by(API_TOKEN.c.id)
    )
    return [TokenRow(**row._mapping) for row in rows]


def end_token(session: Session, token_id: int, now: datetime) -> None:
    """The token opens nothing from now on; one that is off already stays so. Raises Refused where there is none."""
    row = _one(session, API_TOKEN.c.id == token_id)
    if row is None:
        raise Refused(Problem(f"there is no token {token_id}; `token list` shows them", field="token"))
    if row.revoked_at is not None:
        return
    session.connection().execute(update(API_TOKEN).where(API_TOKEN.c.id == token_id).values(revoked_at=now))
    audit.note(
        session, "token_ended", market_id=row.market_id, stall_id=row.stall_id, about={"token": token_id}, at=now
    )


def end_tokens_at(session: Session, stall_id: int, now: datetime) -> tuple[int, ...]:
    """The tokens of a stall open nothing from now on; gives the ids of those that did, for the edge to note."""
    ended = session.connection().execute(
        update(API_TOKEN)
        .where(API_TOKEN.c.stall_id == stall_id, API_TOKEN.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(API_TOKEN.c.id)
    )
    return tuple(sorted(ended.scalars()))


def find_bearer(session: Session, token: str, now: datetime) -> tuple[Bearer, bool] | None:
    """Whoever shows this token, and whether it is time to `note_use`; None where it opens nothing."""
    row = _one(session, API_TOKEN.c.token_digest == _digest(token))
    if row is None or row.revoked_at is not None:
        return None
    bearer = Bearer(row.id, row.role, row.market_id, row.stall_id)
    return bearer, row.used_at is None or now - row.used_at > NOTED


def note_use(session: Session, token_id: int, now: datetime) -> None:
    """The token was used just now."""
    session.connection().execute(update(API_TOKEN).where(API_TOKEN.c.id == token_id).values(used_at=now))


def _one(session: Session, condition: ColumnElement[bool]) -> Row[Any] | None:
    return session.connection().execute(select(API_TOKEN).where(condition)).one_or_none()
