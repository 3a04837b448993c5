"""People: the login behind a request, its roles, and what follows from them."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from market.model import LOGIN, ROLE_GRANT
from merchants.takings import Actor


@dataclass(frozen=True, slots=True)
class Grant:
    """One role of a login: in the installation, in a market, or at a stall."""

    role: str
    market_id: int | None
    stall_id: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever is signed in; `device_id` is the enrolled device it is done from, None for a browser with a password."""

    login_id: int
    name: str
    language: str
    grants: tuple[Grant, ...]
    device_id: int | None = None

    @property
    def administrator(self) -> bool:
        """May do everything a board may, in every market, and add markets."""
        return any(grant.role == "administrator" for grant in self.grants)

    @property
    def sees_province(self) -> bool:
        """May compare every market's counts."""
        return any(grant.role in ("administrator", "province") for grant in self.grants)

    def runs_market(self, market_id: int) -> bool:
        """May see and change a market's stalls, months and unmatched money: its board."""
        return self.administrator or any(
            grant.role in ("board", "staff") and grant.market_id == market_id for grant in self.grants
        )

    @property
    def markets(self) -> frozenset[int]:
        """The markets whose board this person is on."""
        return frozenset(g.market_id for g in self.grants if g.role in ("board", "staff") and g.market_id is not None)

    @property
    def stalls(self) -> tuple[int, ...]:
        """The stalls this person owns."""
        return tuple(g.stall_id for g in self.grants if g.role == "stallholder" and g.stall_id is not None)

    @property
    def actor(self) -> Actor:
        """The person as `merchants.takings` knows one."""
        return Actor(self.login_id, frozenset(self.stalls), next(iter(sorted(self.markets)), None))


def find_person(session: Session, login_id: int, device_id: int | None = None) -> Person:
    """The login with its roles that are not revoked."""
    connection = session.connection()
    login = connection.execute(select(LOGIN.c.name, LOGIN.c.language).where(LOGIN.c.id == login_id)).one()
    grants = connection.execute(
        select(ROLE_GRANT.c.role, ROLE_GRANT.c.market_id, ROLE_GRANT.c.stall_id)
        .where(ROLE_GRANT.c.login_id == login_id, ROLE_GRANT.c.revoked_at.is_(None))
        .order_by(ROLE_GRANT.c.id)
    )
    return Person(login_id, login.name, login.language, tuple(Grant(*row) for row in grants), device_id)
