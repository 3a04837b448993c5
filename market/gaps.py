"""The gap report: what a bank's statement credits in a month and no webhook or poll ever told. Counts, days and the
bank's references; no amounts."""

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlmodel import Session

from ledger.among import among
from ledger.books.model import ENTRY
from ledger.days import Month
from ledger.inbox.model import NOTICE
from ledger.inbox.numbers import NUMBERS
from market.markets import MarketRow
from merchants.model import BANK_ACCOUNT, STALL
from merchants.number_digests import digests_of

_TOLD = ("hook", "poll")


@dataclass(slots=True)
class Gap:
    """One account, and the stall it belongs to ("" where none, or several, have it): how many credits of the month only
    the statement tells, how many of them are `held`, on which days, with which references of the bank."""

    account_number: str
    bank: str
    stall: str
    notices: int = 0
    held: int = 0
    days: list[date] = field(default_factory=list)
    bank_references: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The gap as JSON has it."""
        return asdict(self) | {"days": [day.isoformat() for day in self.days]}


@dataclass(frozen=True, slots=True)
class GapReport:
    """A market's gaps of one month, by account and stall; empty where every credit was told."""

    market: str
    month: str
    gaps: list[Gap]

    def document(self) -> dict[str, Any]:
        """The report as JSON has it."""
        notices = sum(gap.notices for gap in self.gaps)
        return {
            "market": self.market,
            "month": self.month,
            "notices": notices,
            "gaps": [gap.document() for gap in self.gaps],
        }


def gap_report(session: Session, market: MarketRow, month: Month) -> GapReport:
    """The credits of a month that only a statement tells, of the accounts that a webhook or poll has told of at any
    time: an account fed by statements alone has no gap. A line that is held counts, until a person says it was told.
    """
    accounts = [row.account_number for row in session.connection().execute(_TOLD_ACCOUNTS, {"market": market.id})]
    if not accounts:
        return GapReport(market.slug, str(month), [])
    said = {"market": market.id, "accounts": accounts, "first": month.first, "last": month.last}
    # A notice that was booked again at another stall stands once for each turn; the last one holds.
    found = {row.id: row for row in session.connection().execute(_ONLY_IN_STATEMENTS, said)}
    holders = _holders(session, market.id, accounts)
    gaps: dict[tuple[str, str], Gap] = {}
    for row in found.values():
        stall = row.code if row.status == "recorded" and row.code else holders.get(row.account_number, "")
        gap = gaps.setdefault((row.account_number, stall), Gap(row.account_number, row.bank, stall))
        gap.notices += 1
        gap.held += row.status == "held"
        if row.local_date not in gap.days[-1:]:
            gap.days.append(row.local_date)
        if row.bank_reference:
            gap.bank_references.append(row.bank_reference)
    return GapReport(market.slug, str(month), [gaps[key] for key in sorted(gaps, key=lambda key: (key[1], key[0]))])


def statement_taken(session: Session, market_id: int, month: Month) -> bool:
    """Whether any bank statement of the market has a line of this month; without one nothing is known of its gaps."""
    said = {"market": market_id, "first": month.first, "last": month.last}
    return bool(session.connection().execute(_ANY_STATEMENT, said).scalar_one())


def _holders(session: Session, market_id: int, accounts: list[str]) -> dict[str, str]:
    """The code of the one stall that has, or had, each account."""
    forgotten = digests_of(session, market_id, accounts)
    codes: dict[str, set[str]] = defaultdict(set)
    said = {"market": market_id, "accounts": [*accounts, *forgotten]}
    for row in session.connection().execute(_HOLDERS, said):
        codes[forgotten.get(row.number, row.number)].add(row.code)
    return {number: next(iter(stalls)) for number, stalls in codes.items() if len(stalls) == 1}


_TOLD_ACCOUNTS = select(NUMBERS.c.account_number).where(
    exists()
    .where(
        NOTICE.c.market_id == bindparam("market"),
        NOTICE.c.account_number == NUMBERS.c.account_number,
        NOTICE.c.feed.in_(_TOLD),
    )
    .correlate(NUMBERS)
)
_ANY_STATEMENT = select(
    exists()
    .where(
        NOTICE.c.market_id == bindparam("market"),
        NOTICE.c.account_number == NUMBERS.c.account_number,
        NOTICE.c.local_date.between(bindparam("first"), bindparam("last")),
        NOTICE.c.feed == "statement",
    )
    .select_from(NUMBERS)
)
_twin = NOTICE.alias("twin")
_ONLY_IN_STATEMENTS = (
    select(
        NOTICE.c.id,
        NOTICE.c.account_number,
        NOTICE.c.bank,
        NOTICE.c.local_date,
        NOTICE.c.bank_reference,
        NOTICE.c.status,
        STALL.c.code,
    )
    .outerjoin(ENTRY, (ENTRY.c.notice_id == NOTICE.c.id) & (ENTRY.c.kind == "payment"))
    .outerjoin(STALL, STALL.c.book_id == ENTRY.c.book_id)
    .where(
        NOTICE.c.market_id == bindparam("market"),
        among(NOTICE.c.account_number, "accounts"),
        NOTICE.c.local_date.between(bindparam("first"), bindparam("last")),
        NOTICE.c.feed == "statement",
        NOTICE.c.direction == "in",
        NOTICE.c.status.in_(("recorded", "unmatched", "held")),
        # Told later than the statement: the webhook's notice is then the statement's duplicate.
        ~exists().where(_twin.c.same_as == NOTICE.c.id, _twin.c.feed.in_(_TOLD)),
    )
    .order_by(NOTICE.c.local_date, NOTICE.c.id, ENTRY.c.turn)
)
_HOLDERS = (
    select(BANK_ACCOUNT.c.number, STALL.c.code)
    .join(STALL, STALL.c.id == BANK_ACCOUNT.c.stall_id)
    .where(BANK_ACCOUNT.c.market_id == bindparam("market"), among(BANK_ACCOUNT.c.number, "accounts"))
)
