"""Which account numbers the notices of a market name."""

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from ledger.inbox.model import NOTICE

# From one account number to the next by the index: a market of a year has millions of notices and a few hundred
# accounts.
_numbers = (
    select(func.min(NOTICE.c.account_number).label("account_number"))
    .where(NOTICE.c.market_id == bindparam("market"))
    .cte("numbers", recursive=True)
)
_next = (
    select(func.min(NOTICE.c.account_number))
    .where(NOTICE.c.market_id == bindparam("market"), NOTICE.c.account_number > _numbers.c.account_number)
    .correlate(_numbers)
    .scalar_subquery()
)
# One row a number, `account_number`, and a last one that is null; takes the parameter `market`.
NUMBERS = _numbers.union_all(select(_next).where(_numbers.c.account_number.is_not(None)))
_TOLD = select(NUMBERS.c.account_number).where(NUMBERS.c.account_number.is_not(None))


def numbers_told(session: Session, market_id: int) -> list[str]:
    """Every account number that a notice of the market names."""
    return list(session.connection().execute(_TOLD, {"market": market_id}).scalars())
