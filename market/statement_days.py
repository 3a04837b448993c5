"""Up to which day each stall's bank statements have been imported."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, func, or_, select
from sqlmodel import Session

from ledger.days import local_date
from ledger.inbox.model import NOTICE
from merchants.model import BANK_ACCOUNT, STALL

_LOOKED_BACK = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class StatementDay:
    """A stall with an account that statements told of: `day` is the local day of their newest line."""

    code: str
    name: str
    bin: str
    account_number: str
    day: date


def statement_days(session: Session, market_id: int, now: datetime) -> list[StatementDay]:
    """The stalls of a market that statements told of, the one whose are oldest first. Of an account that webhooks or
    polls told of since, only the statements of the last hundred days are looked for.
    """
    said = {"market": market_id, "now": now, "first": local_date(now) - _LOOKED_BACK}
    return [StatementDay(**row._mapping) for row in session.connection().execute(_DAYS, said)]


# A statement names its bank by the BIN, or not at all; another bank may have given somebody the same number.
_OF_BANK = NOTICE.c.bank.in_(("", BANK_ACCOUNT.c.bin))
_OF_ACCOUNT = (NOTICE.c.market_id == bindparam("market")) & (NOTICE.c.account_number == BANK_ACCOUNT.c.number)
# One look into the index (market, account number, local date), however long an account's history is.
_newest = (
    select(NOTICE.c.id)
    .where(_OF_ACCOUNT, or_(NOTICE.c.feed != "statement", _OF_BANK))
    .order_by(NOTICE.c.local_date.desc(), NOTICE.c.id.desc())
    .limit(1)
    .correlate(BANK_ACCOUNT)
    .scalar_subquery()
)
_lately = (
    select(NOTICE.c.local_date)
    .where(
        _OF_ACCOUNT,
        _OF_BANK,
        NOTICE.c.local_date >= bindparam("first", type_=NOTICE.c.local_date.type),
        NOTICE.c.feed == "statement",
    )
    .order_by(NOTICE.c.local_date.desc())
    .limit(1)
    .correlate(BANK_ACCOUNT)
    .scalar_subquery()
)
_NOW = bindparam("now", type_=BANK_ACCOUNT.c.in_force_from.type)
_LAST = NOTICE.alias("last")
_DAY = func.coalesce(_lately, _LAST.c.local_date)
_DAYS = (
    select(
        STALL.c.code, STALL.c.name, BANK_ACCOUNT.c.bin, BANK_ACCOUNT.c.number.label("account_number"), _DAY.label("day")
    )
    .select_from(BANK_ACCOUNT)
    .join(STALL, STALL.c.id == BANK_ACCOUNT.c.stall_id)
    .outerjoin(_LAST, (_LAST.c.id == _newest) & (_LAST.c.feed == "statement"))
    .where(
        BANK_ACCOUNT.c.market_id == bindparam("market"),
        or_(BANK_ACCOUNT.c.in_force_from.is_(None), BANK_ACCOUNT.c.in_force_from <= _NOW),
        or_(BANK_ACCOUNT.c.in_force_until.is_(None), BANK_ACCOUNT.c.in_force_until > _NOW),
        _DAY.is_not(None),
    )
    .order_by(_DAY, STALL.c.code)
)
