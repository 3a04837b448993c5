"""Markets: adding one, finding one."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlmodel import Session

from ledger.refused import Problem, Refused
from market.model import MARKET
from merchants.look_alikes import look_alike_problem
from merchants.model import STALL


@dataclass(frozen=True, slots=True)
class MarketRow:
    """A market; `target` is in transactions a month."""

    id: int
    slug: str
    name: str
    city: str
    unit_code: str
    phone: str
    target: int | None


_DESCRIBED = select(*(MARKET.c[name] for name in MarketRow.__dataclass_fields__))


def add_market(
    session: Session,
    *,
    slug: str,
    name: str,
    city: str = "",
    unit_code: str = "",
    phone: str = "",
    target: int | None = None,
    now: datetime,
) -> MarketRow:
    """Add a market. Raises Refused, a problem for each wrong field."""
    problems = []
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", slug):
        message = f"{slug!r} is no market slug; use 1 to 40 of a-z, 0-9 and -, as in quang-ngai"
        problems.append(Problem(message, field="slug"))
    elif _find(session, slug) is not None:
        problems.append(Problem(f"a market {slug!r} is there already; choose another", field="slug"))
    if not name.strip():
        problems.append(Problem("must have 1 to 60 characters", field="name"))
    if message := look_alike_problem(name):
        problems.append(Problem(message, field="name"))
    for field, value in {"name": name, "city": city, "unit": unit_code, "phone": phone}.items():
        if len(value) > 60 or not value.isprintable():
            problems.append(Problem("must have 60 characters at most, on one line", field=field))
    if target is not None and not 0 < target <= 10_000_000:
        problems.append(Problem("must be between 1 and 10000000 transactions a month", field="target"))
    if problems:
        raise Refused(problems)
    session.connection().execute(
        insert(MARKET).values(
            slug=slug,
            name=name.strip(),
            city=city.strip(),
            unit_code=unit_code.strip(),
            phone=phone.strip(),
            target=target,
            created_at=now,
        )
    )
    return find_market(session, slug)


def _find(session: Session, slug: str) -> MarketRow | None:
    row = session.connection().execute(_DESCRIBED.where(MARKET.c.slug == slug)).one_or_none()
    return None if row is None else MarketRow(**row._mapping)


def find_market(session: Session, slug: str) -> MarketRow:
    """The market with this slug. Raises Refused where there is none."""
    found = _find(session, slug)
    if found is None:
        known = ", ".join(market.slug for market in list_markets(session)) or "none yet: add one with market add"
        raise Refused(Problem(f"there is no market {slug!r}; the markets are {known}", field="market"))
    return found


def list_markets(session: Session) -> list[MarketRow]:
    """Every market, by slug."""
    return [MarketRow(**row._mapping) for row in session.connection().execute(_DESCRIBED.order_by(MARKET.c.slug))]


@dataclass(frozen=True, slots=True)
class ListedMarket:
    """A market as it is listed; `stalls` counts those that are not closed, `target` is in transactions a month."""

    slug: str
    name: str
    city: str
    stalls: int
    target: int | None


def listed_markets(session: Session, only: int | None = None) -> list[ListedMarket]:
    """Every market by slug, or the one with this id."""
    stalls = stall_counts(session)
    return [
        ListedMarket(market.slug, market.name, market.city, stalls.get(market.id, 0), market.target)
        for market in list_markets(session)
        if only in (None, market.id)
    ]


def stall_counts(session: Session) -> dict[int, int]:
    """Stalls that are not closed, by market."""
    rows = session.connection().execute(
        select(STALL.c.market_id, func.count()).where(STALL.c.status != "closed").group_by(STALL.c.market_id)
    )
    return {row[0]: row[1] for row in rows}
