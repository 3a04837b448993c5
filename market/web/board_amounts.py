"""The amounts that stalls let their board see: a month of all of them, one stall's days, and the month's report with
them. Each look is written down for the stall's holder in the transaction that reads them."""

import tempfile
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from sqlmodel import Session

from ledger.days import Month, local_date, local_midnight, utc_now
from market.access import audit
from market.comparisons import earlier
from market.markets import MarketRow
from market.reports import month_report
from market.shared_amounts import shared_month
from market.web.app import installation
from market.web.board_stalls import find
from market.web.desk import address, enter, one_page, page, page_number, sent_file, wanted_month
from market.web.gate import signed_in
from market.web.noted import noted
from merchants.consents import shared_since
from merchants.takings import FEWEST, shared_by_day

blueprint = Blueprint("amounts", __name__, url_prefix="/board/<slug>")
PAGE = 100


@blueprint.get("/amounts")
def month(slug: str) -> str:
    """The stalls that share, and what each was transferred in a month."""
    which, today = wanted_month(request.args.get("month")), local_date(utc_now())
    with installation().database.writing() as session:
        market = enter(session, slug)
        shared = shared_month(session, signed_in().board_actor(market.id), market.id, which)
        shown = one_page(shared.stalls, PAGE, page_number(request.args.get("page")))
        _looked(session, market, [stall.stall_id for stall in shown["shown"]], which)
        return page(
            session,
            market,
            "month",
            "board/amounts.html",
            month=which,
            before=earlier(which, 1),
            after=earlier(which, -1) if which.last < today else None,
            shared=shared,
            fewest=FEWEST,
            to=lambda number: address(month=which, page=number),
            **shown,
        )


@blueprint.get("/amounts.<any(csv, xlsx, pdf):kind>")
def report(slug: str, kind: str) -> Response:
    """The month's report as a file, with the amounts of the stalls that share them."""
    # Slow to import, and no page needs them.
    from market.report_files import write_csv, write_xlsx
    from market.report_print import printed_month, write_pdf

    which = wanted_month(request.args.get("month"))
    with installation().database.writing() as session:
        market = enter(session, slug)
        shared = shared_month(session, signed_in().board_actor(market.id), market.id, which)
        document = month_report(session, market, which)
        printed = printed_month(session, market, which, document, utc_now(), shared)
        said: dict[str, Any] = {"month": str(which), "format": kind}
        for stall in shared.stalls:
            noted(session, "amounts_downloaded", market_id=market.id, stall_id=stall.stall_id, **said)
        noted(session, "report_downloaded", market_id=market.id, report="amounts", **said)
    # Written when nobody waits for the books any more.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"report.{kind}"
        if kind == "pdf":
            write_pdf(printed, file)
        elif kind == "xlsx":
            write_xlsx(document, market.name, file, shared)
        else:
            write_csv(document, file, shared)
        content = file.read_bytes()
    return sent_file(content, kind, f"{market.slug}-{which}-amounts")


@blueprint.get("/stalls/<code>/amounts")
def stall(slug: str, code: str) -> str:
    """A month of one stall by day, as far as it shares; a stall that shares nothing says so."""
    which = wanted_month(request.args.get("month"))
    with installation().database.writing() as session:
        market = enter(session, slug)
        row = find(session, market.id, code)
        since = shared_since(session, row.id)
        # The months in which there is something to see.
        known = since is not None and since <= which.last
        days = {}
        if known:
            days = shared_by_day(session, signed_in().board_actor(market.id), row.id, which.first, which.last)
            _looked(session, market, [row.id], which)
        today = local_date(utc_now())
        return page(
            session,
            market,
            "stalls",
            "board/stall_amounts.html",
            stall=row,
            month=which,
            since=since,
            known=known,
            days=sorted(days.items(), reverse=True),
            total=sum(day.cashless for day in days.values()),
            count=sum(day.transactions for day in days.values()),
            before=Month.of(which.first - timedelta(days=1)) if since and since < which.first else None,
            after=Month.of(which.last + timedelta(days=1)) if which.last < today else None,
        )


def _looked(session: Session, market: MarketRow, stall_ids: Collection[int], which: Month) -> None:
    """A line for each stall whose amounts are shown: one a day for each person and month."""
    today = local_midnight(local_date(utc_now()))
    about = {"month": str(which)}
    told = audit.noted_since(
        session, "amounts_seen", market_id=market.id, login_id=signed_in().login_id, about=about, since=today
    )
    for stall_id in stall_ids:
        if stall_id not in told:
            noted(session, "amounts_seen", market_id=market.id, stall_id=stall_id, **about)
