"""A market's month, year, and a province's month: counts only, from one set of rows, whoever shows them."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from ledger import books
from ledger.books.counts import month_counts
from ledger.days import Month
from ledger.inbox.receive import unmatched_in
from market.closings import close_month, find, latest
from market.markets import MarketRow, list_markets
from merchants.stalls import list_stalls, registered


@dataclass(frozen=True, slots=True)
class StallLine:
    """One stall's month."""

    code: str
    name: str
    section: str
    category: str
    transactions: int


@dataclass(frozen=True, slots=True)
class MonthReport:
    """A market's month, counts only. A transaction is a notice booked to a stall in that month, neither reversed nor
    marked as no sale; `unmatched` counts the notices that no stall has; `closed` is the newest closing, if any."""

    market: str
    month: str
    transactions: int
    stalls_active: int
    stalls_registered: int
    stalls_connected: int
    unmatched: int
    closed: dict[str, int] | None
    stalls: list[StallLine]

    def document(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return asdict(self)

    def frozen(self) -> dict[str, Any]:
        """What closing the month freezes: codes and numbers only, for a name may have to be forgotten."""
        return {
            "transactions": self.transactions,
            "stalls_active": self.stalls_active,
            "stalls_registered": self.stalls_registered,
            "stalls_connected": self.stalls_connected,
            "unmatched": self.unmatched,
            "stalls": {line.code: line.transactions for line in self.stalls},
        }


def month_report(session: Session, market: MarketRow, month: Month) -> MonthReport:
    """The live report of a month. Every registered stall has a row, and every stall with a transaction."""
    by_book = month_counts(session, market.id, month)
    every = registered(session, market.id, month)
    rows = [
        StallLine(stall.code, stall.name, stall.section, stall.category, by_book.get(stall.book_id, 0))
        for stall in every
        if stall.in_month or by_book.get(stall.book_id)
    ]
    closing = latest(session, market.id, month)
    return MonthReport(
        market=market.slug,
        month=str(month),
        transactions=sum(row.transactions for row in rows),
        stalls_active=sum(row.transactions > 0 for row in rows),
        stalls_registered=sum(stall.in_month for stall in every),
        stalls_connected=sum(stall.in_month and stall.connected for stall in every),
        unmatched=unmatched_in(session, market.id, month),
        closed=None
        if closing is None
        else {"version": closing.version, "transactions": closing.document["transactions"]},
        stalls=rows,
    )


def close(
    session: Session, market: MarketRow, month: Month, *, login_id: int | None, now: datetime
) -> tuple[int, bool]:
    """Freeze the report of a month as `closings.close_month` does; gives the version, and whether it is new."""
    # Held, so that no payment comes between the figures and the heads of the books that they are said of.
    books.lock(session, {stall.book_id for stall in list_stalls(session, market.id)})
    frozen = month_report(session, market, month).frozen()
    return close_month(session, market.id, month, frozen, login_id=login_id, now=now)


def closed_report(session: Session, market: MarketRow, month: Month, version: int) -> MonthReport:
    """A month as it was closed: the frozen numbers, with today's names beside the codes."""
    closing = find(session, market.id, month, version)
    frozen = closing.document
    named = {stall.code: stall for stall in registered(session, market.id, month)}
    return MonthReport(
        market=market.slug,
        month=str(month),
        transactions=frozen["transactions"],
        stalls_active=frozen["stalls_active"],
        stalls_registered=frozen["stalls_registered"],
        stalls_connected=frozen["stalls_connected"],
        unmatched=frozen["unmatched"],
        closed={"version": closing.version, "transactions": frozen["transactions"]},
        stalls=[
            StallLine(code, named[code].name, named[code].section, named[code].category, count)
            for code, count in frozen["stalls"].items()
        ],
    )


def year_report(session: Session, market: MarketRow, year: int) -> dict[str, Any]:
    """Twelve months of a market."""
    months = []
    for number in range(1, 13):
        month = Month(year, number)
        by_book = month_counts(session, market.id, month)
        months.append(
            {
                "month": str(month),
                "transactions": sum(by_book.values()),
                "stalls_active": sum(count > 0 for count in by_book.values()),
            }
        )
    return {"market": market.slug, "year": year, "months": months}


def province_report(session: Session, month: Month) -> dict[str, Any]:
    """Every market's month, side by side."""
    markets = []
    for market in list_markets(session):
        report = month_report(session, market, month)
        markets.append(
            {
                "slug": market.slug,
                "name": market.name,
                "transactions": report.transactions,
                "stalls_active": report.stalls_active,
                "stalls_registered": report.stalls_registered,
            }
        )
    return {"month": str(month), "markets": markets}
