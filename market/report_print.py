"""The printed report of a month: gathered from the books' counts, and written as an A4 PDF."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session

from ledger.books.counts import counts_between, first_days, newest_days
from ledger.days import HO_CHI_MINH, Month, local_date
from market.closings import ClosingRow, find
from market.comparisons import Compared, counted, earlier, history, number
from market.files import write_whole
from market.markets import MarketRow
from market.natural import natural
from market.remarks import remarks
from market.report_pages import PrintedMonth, PrintedSection, PrintedStall, compared_name, pages
from market.reports import MonthReport, StallLine
from market.shared_amounts import SharedMonth
from merchants.model import STALL
from merchants.stalls import Registered, registered


def write_pdf(printed: PrintedMonth, path: Path) -> None:
    """The report as an A4 PDF in Vietnamese. Raises Refused where the file cannot be written."""
    write_whole(path, pages(printed))


def printed_month(
    session: Session,
    market: MarketRow,
    month: Month,
    report: MonthReport,
    now: datetime,
    shared: SharedMonth | None = None,
) -> PrintedMonth:
    """What the printed report of this month says. `report` is the live month or a closed version of it; a version's
    own counts are printed as they were closed, what they are compared with is as the books have it now. With `shared`,
    the amounts of the stalls that share them, where any does."""
    closing, today = None, local_date(now)
    if report.closed is not None:
        closing = find(session, market.id, month, report.closed["version"])
    is_version = closing is not None and closing.document == report.frozen()
    counted_on = local_date(closing.closed_at) if closing and is_version else today
    until, elapsed, running = counted(month, counted_on)

    firsts = first_days(session, market.id)
    past = history(session, market.id, month, until, min(firsts.values(), default=None))
    so_far = partial(past.compare, month, elapsed=elapsed, running=running, transactions=report.transactions)
    month_before = so_far(earlier(month, 1))

    every = registered(session, market.id, month)
    counts = _Counts.gather(session, market.id, month, report, every, month_before, elapsed)
    newest = newest_days(session, market.id, until)
    books = {stall.code: stall.book_id for stall in every}
    stalls = tuple(
        PrintedStall(
            code=line.code,
            name=line.name,
            section=line.section,
            category=line.category,
            transactions=line.transactions,
            now=counts.now.get(line.code, 0),
            before=None if counts.before is None else counts.before.get(line.code, 0),
            newest=newest.get(books[line.code]),
        )
        for line in sorted(report.stalls, key=lambda line: natural(line.code))
    )
    newcomers = tuple(stall for stall in stalls if stall.transactions and _begun(firsts, books[stall.code], month))
    sections = _sections(report.stalls, every, counts)
    return PrintedMonth(
        board=_board(market.name),
        place=market.city,
        month=month,
        until=until,
        elapsed=elapsed,
        running=running,
        # Printed, so that a paper can be held against what is kept.
        check=f"Dấu của bản {closing.version}: {closing.mark}" if closing and is_version else "",
        state=_state(closing, now, is_version=is_version, finished=today > month.last),
        transactions=report.transactions,
        target=market.target,
        active=report.stalls_active,
        registered=report.stalls_registered,
        newcomers=len(newcomers),
        month_before=month_before,
        year_before=so_far(earlier(month, 12)),
        bars=past.twelve_months(month, elapsed=elapsed, transactions=report.transactions),
        sections=sections,
        stalls=stalls,
        remarks=remarks(
            stalls,
            sections,
            newcomers,
            _closed(session, market.id, until) | {stall.code for stall in every if not stall.connected},
            other=compared_name(month_before, month),
            until=until,
            unmatched=report.unmatched,
        ),
        shared=shared if shared and shared.stalls else None,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """Transactions by stall over the days that are compared: this month's, and last month's where they are known."""

    now: Mapping[str, int]
    before: Mapping[str, int] | None

    @classmethod
    def gather(
        cls,
        session: Session,
        market_id: int,
        month: Month,
        report: MonthReport,
        every: list[Registered],
        compared: Compared,
        elapsed: int,
    ) -> "_Counts":
        codes = {stall.book_id: stall.code for stall in every}

        def by_code(first: date) -> dict[str, int]:
            found = counts_between(session, market_id, first, first.replace(day=compared.days))
            return {codes[book_id]: count for book_id, count in found.items()}

        if compared.before is None:
            return cls({line.code: line.transactions for line in report.stalls}, None)
        if compared.days == elapsed:
            return cls({line.code: line.transactions for line in report.stalls}, by_code(compared.other.first))
        return cls(by_code(month.first), by_code(compared.other.first))


def _sections(lines: list[StallLine], every: list[Registered], counts: _Counts) -> tuple[PrintedSection, ...]:
    """Sections by name, those without one last. What is compared counts stalls that have closed since, too."""
    sections = {line.section for line in lines}
    if counts.before is not None:
        sections |= {stall.section for stall in every if counts.before.get(stall.code)}
    members: dict[str, list[StallLine]] = {section: [] for section in sections}
    for line in lines:
        members[line.section].append(line)
    codes: dict[str, list[str]] = {section: [] for section in sections}
    for stall in every:
        if stall.section in codes:
            codes[stall.section].append(stall.code)
    return tuple(
        PrintedSection(
            name=section,
            categories=tuple(
                name for name, _ in Counter(line.category for line in members[section] if line.category).most_common()
            ),
            active=sum(line.transactions > 0 for line in members[section]),
            stalls=len(members[section]),
            transactions=sum(line.transactions for line in members[section]),
            now=sum(counts.now.get(code, 0) for code in codes[section]),
            before=None if counts.before is None else sum(counts.before.get(code, 0) for code in codes[section]),
        )
        for section in sorted(sections, key=lambda section: (not section, natural(section)))
    )


def _state(closing: ClosingRow | None, now: datetime, *, is_version: bool, finished: bool) -> tuple[str, ...]:
    """Which version this is, or that it is none; of a month that runs, counted until which minute."""
    counted_at = f"{now.astimezone(HO_CHI_MINH):{'%d/%m/%Y' if finished else '%d/%m/%Y lúc %H:%M'}}"
    if closing is None:
        return (f"Chưa chốt, số liệu ngày {counted_at}" if finished else f"Chưa chốt, tính đến {counted_at}",)
    closed_at = f"{closing.closed_at.astimezone(HO_CHI_MINH):%d/%m/%Y lúc %H:%M}"
    if is_version:
        return (f"Bản {closing.version}, chốt {closed_at}",)
    return (
        f"Số liệu ngày {counted_at}, đã khác bản {closing.version}",
        f"Bản {closing.version}: {number(closing.document['transactions'])}, chốt {closed_at}",
    )


def _board(name: str) -> str:
    """The market's board of management; "Chợ" is written small inside a phrase."""
    return f"Ban quản lý {'c' + name[1:] if name.startswith('Chợ ') else name}"


def _begun(firsts: Mapping[int, date], book_id: int, month: Month) -> bool:
    first = firsts.get(book_id)
    return first is not None and month.first <= first <= month.last


def _closed(session: Session, market_id: int, until: date) -> frozenset[str]:
    """The codes of the stalls whose last day was not after this one."""
    rows = session.connection().execute(
        select(STALL.c.code).where(STALL.c.market_id == market_id, STALL.c.closed_on <= until)
    )
    return frozenset(row.code for row in rows)
