"""The amounts that stalls let their board see, of a market's month: for a page, and for files; and who agreed to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlmodel import Session

from ledger.days import Month
from market.model import LOGIN
from market.natural import natural
from merchants.consents import Said, history
from merchants.model import STALL
from merchants.takings import Actor, Shared, shared_by_stall, sum_of


@dataclass(frozen=True, slots=True)
class SharedStall:
    """A stall that lets its board see its amounts, and what it lets it see of the month."""

    stall_id: int
    code: str
    name: str
    shared: Shared


@dataclass(frozen=True)
class SharedMonth:
    """The stalls of a market that let its board see something of the month, by code. `total` is their sum in đồng;
    None where they are too few for one (`merchants.takings.FEWEST`)."""

    month: Month
    stalls: tuple[SharedStall, ...]
    total: int | None

    @cached_property
    def by_code(self) -> Mapping[str, Shared]:
        return {stall.code: stall.shared for stall in self.stalls}


def shared_month(session: Session, actor: Actor, market_id: int, month: Month) -> SharedMonth:
    """What the stalls of a market let its board see of a month. Raises NotYours."""
    shared = shared_by_stall(session, actor, market_id, month.first, month.last)
    rows = session.connection().execute(select(STALL.c.id, STALL.c.code, STALL.c.name).where(STALL.c.id.in_(shared)))
    stalls = [SharedStall(row.id, row.code, row.name, shared[row.id]) for row in rows]
    stalls.sort(key=lambda stall: natural(stall.code))
    return SharedMonth(month, tuple(stalls), sum_of(shared))


def consents_told(session: Session, stall_id: int) -> list[tuple[Said, str | None]]:
    """Every yes and no of a stall, the newest first, with the name of who said it."""
    said = history(session, stall_id)
    rows = session.connection().execute(
        select(LOGIN.c.id, LOGIN.c.name).where(LOGIN.c.id.in_({each.login_id for each in said}))
    )
    names: dict[int, str] = {row.id: row.name for row in rows}
    return [(each, names.get(each.login_id)) for each in said]
