"""People: the login behind a request, its roles, and what it may do with them (`market.access.rights`)."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ledger.direct import Statement
from market.access.rights import OF_INSTALLATION, OF_MARKET, OF_STALL, RIGHTS
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

    def may(self, right: str, *, market_id: int | None = None, stall_id: int | None = None) -> bool:
        """Whether the person holds this right there: in the market, at the stall, or in the installation.

        Raises KeyError for what is no right, and for one asked for in a place where it is not held.
        """
        if stall_id is not None:
            return any(grant.role in OF_STALL[right] and grant.stall_id == stall_id for grant in self.grants)
        if market_id is None:
            return any(grant.role in OF_INSTALLATION[right] for grant in self.grants)
        roles = OF_MARKET[right]
        return any(
            grant.role in roles and (grant.role == "administrator" or grant.market_id == market_id)
            for grant in self.grants
        )

    def may_somewhere(self, right: str) -> bool:
        """Whether the person holds this right anywhere at all."""
        return any(grant.role in RIGHTS[right] for grant in self.grants)

    def stalls_with(self, right: str) -> tuple[int, ...]:
        """The stalls where the person holds this right, in the order they were given."""
        found = (grant.stall_id for grant in self.grants if grant.role in OF_STALL[right])
        return tuple(dict.fromkeys(stall_id for stall_id in found if stall_id is not None))

    @property
    def stalls(self) -> tuple[int, ...]:
        """The stalls this person owns."""
        return self.stalls_with("own_stall")

    @property
    def markets(self) -> frozenset[int]:
        """The markets where this person has a desk: as board, staff, auditor or volunteer."""
        return frozenset(
            grant.market_id for grant in self.grants if grant.market_id is not None and grant.stall_id is None
        )

    @property
    def first_pages(self) -> int:
        """How many places there are to begin at: the province, each desk, the phone of the stalls."""
        return self.may("read_province") + len(self.markets) + bool(self.stalls_with("use_till"))

    @property
    def actor(self) -> Actor:
        """The person as `merchants.takings` knows one, at the stalls that are its own."""
        return Actor(self.login_id, frozenset(self.stalls), helps=frozenset(self.stalls_with("use_till")))

    def board_actor(self, market_id: int) -> Actor:
        """The person as `merchants.takings` knows one who may see what the stalls of a market let their board see."""
        return Actor(self.login_id, board_of=market_id if self.may("see_shared_amounts", market_id=market_id) else None)


def find_login(session: Session, name: str) -> tuple[int, int | None] | None:
    """The id of the login of this name and the market that it belongs to, if any; None where there is no such login."""
    row = session.connection().execute(select(LOGIN.c.id, LOGIN.c.market_id).where(LOGIN.c.name == name)).one_or_none()
    return (row.id, row.market_id) if row else None


def find_person(session: Session, login_id: int, device_id: int | None = None) -> Person:
    """The login with its roles that are not revoked."""
    (login,) = _LOGIN.rows(session, login=login_id)
    grants = _GRANTS.rows(session, login=login_id)
    return Person(login_id, login.name, login.language, tuple(Grant(*row) for row in grants), device_id)


_LOGIN = Statement(select(LOGIN.c.name, LOGIN.c.language).where(LOGIN.c.id == bindparam("login")))
_GRANTS = Statement(
    select(ROLE_GRANT.c.role, ROLE_GRANT.c.market_id, ROLE_GRANT.c.stall_id)
    .where(ROLE_GRANT.c.login_id == bindparam("login"), ROLE_GRANT.c.revoked_at.is_(None))
    .order_by(ROLE_GRANT.c.id)
)
