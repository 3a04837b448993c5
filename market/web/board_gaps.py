"""The gap report on the board's pages: which payments of a month a bank statement has and no channel told."""

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta

from flask import Blueprint, Response, request
from sqlmodel import Session

from ledger.days import Month, local_date, utc_now
from market.comparisons import earlier
from market.gaps import Gap, gap_report, statement_taken
from market.markets import MarketRow
from market.natural import natural
from market.web.app import installation
from market.web.board_stalls import bank_name
from market.web.desk import enter, page, sent_file, wanted_month
from market.web.formats import day
from market.web.noted import noted
from merchants.stalls import StallRow, list_stalls

blueprint = Blueprint("gaps", __name__, url_prefix="/board/<slug>")
CSV_COLUMNS = ("stall", "name", "bank", "account_ends_in", "payments", "held", "days", "bank_references")
# As many references as are read at a glance; the file has them all.
REFERENCES = 8


@blueprint.get("/gaps")
def month(slug: str) -> str:
    """A month's gaps, this one's where none is named."""
    which, today = wanted_month(request.args.get("month")), local_date(utc_now())
    with installation().database.reading() as session:
        market = enter(session, slug)
        gaps = _gaps(session, market, which)
        return page(
            session,
            market,
            "month",
            "board/gaps.html",
            month=which,
            before=earlier(which, 1),
            after=earlier(which, -1) if which.last < today else None,
            gaps=gaps,
            known=bool(gaps) or statement_taken(session, market.id, which),
            bank_name=bank_name,
            spans=spans,
            most=REFERENCES,
        )


def _gaps(session: Session, market: MarketRow, which: Month) -> list[tuple[Gap, StallRow | None]]:
    """The gaps with their stalls, in the order of these; at the end what no stall has alone."""
    stalls = {stall.code: stall for stall in list_stalls(session, market.id)}
    found = sorted(gap_report(session, market, which).gaps, key=lambda gap: (not gap.stall, natural(gap.stall)))
    return [(gap, stalls.get(gap.stall)) for gap in found]


def spans(days: Sequence[date]) -> list[str]:
    """Days in their order as they are said: those that follow each other from the first to the last."""
    found: list[tuple[date, date]] = []
    for one in days:
        if found and one - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return [day(first) if first == last else f"{first:%d/%m}–{day(last)}" for first, last in found]


@blueprint.get("/gaps.csv")
def listed(slug: str) -> Response:
    """The same as a file, with every day and every reference of the banks."""
    # Slow to import, and no page needs it.
    from market.report_files import plain

    which = wanted_month(request.args.get("month"))
    with installation().database.writing() as session:
        market = enter(session, slug)
        gaps = _gaps(session, market, which)
        noted(session, "report_downloaded", market_id=market.id, report="gaps", month=str(which))
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    for gap, stall in gaps:
        told = (" ".join(f"{one}" for one in gap.days), " ".join(gap.bank_references))
        names = (gap.stall, stall.name if stall else "", bank_name(gap.bank), f"…{gap.account_number[-4:]}")
        rows.writerow([*map(plain, names), gap.notices, gap.held, *map(plain, told)])
    return sent_file(text.getvalue().encode("utf-8-sig"), "csv", f"{market.slug}-{which}-gaps")
