"""The board's month: its page, its files, and closing it."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import Month, local_date, utc_now
from ledger.refused import Refused
from market import closings
from market.comparisons import earlier
from market.connections import Lacking, lacking
from market.markets import MarketRow
from market.natural import natural
from market.overview import StallMonth, fingerprint, last_days, overview
from market.reports import close as close_month
from market.reports import closed_report, month_report
from market.web import charts
from market.web.app import installation
from market.web.desk import (
    address,
    enter,
    matches,
    one_page,
    page,
    page_number,
    register,
    sent_file,
    wanted_month,
)
from market.web.gate import signed_in
from market.web.kept import kept_counts, kept_parts
from market.web.noted import noted
from merchants.consents import sharing_stalls
from merchants.deletion_requests import open_requests

blueprint = Blueprint("board", __name__)
blueprint.record_once(register)
PAGE = 100
# What else the month's page leads to, for those who may go there.
BUTTONS = ("close_month", "run_stalls")
SHARED = "see_shared_amounts"
ORDERS: dict[str, Callable[[StallMonth], object]] = {
    "code": lambda stall: natural(stall.code),
    "name": lambda stall: natural(stall.name),
    "section": lambda stall: natural(stall.section),
    "category": lambda stall: natural(stall.category),
    "transactions": lambda stall: stall.transactions,
    "change": lambda stall: stall.change if stall.change is not None else float("-inf"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader of the table asked for; an unknown order or page is the first there is."""

    search: str
    section: str
    category: str
    order: str
    down: bool
    page: int

    @classmethod
    def asked(cls) -> "Wanted":
        order = request.args.get("sort", "-transactions")
        known = order.removeprefix("-") in ORDERS
        return cls(
            search=request.args.get("q", "").strip()[:60],
            section=request.args.get("section", ""),
            category=request.args.get("category", ""),
            order=order.removeprefix("-") if known else "transactions",
            down=order.startswith("-") if known else True,
            page=page_number(request.args.get("page")),
        )

    def address(self, **changes: object) -> str:
        """The query string of this table with something changed; changing anything but the page begins at the first."""
        said = {
            "month": request.args.get("month", ""),
            "q": self.search,
            "section": self.section,
            "category": self.category,
            "sort": f"{'-' if self.down else ''}{self.order}",
            **changes,
        }
        return address(**said)

    def sorting(self, order: str) -> str:
        """The address that sorts by this column; the column sorted by turns round, figures begin with the greatest."""
        down = not self.down if order == self.order else order in ("transactions", "change")
        return self.address(sort=f"{'-' if down else ''}{order}") + "#stalls"

    def page_address(self, page: int) -> str:
        """The address of a page of this table."""
        return self.address(page=page) + "#stalls"

    def chosen(self, stalls: tuple[StallMonth, ...]) -> list[StallMonth]:
        """The stalls found, in order; a search reads code and name without diacritics."""
        found = [
            stall
            for stall in stalls
            if (not self.section or stall.section == self.section)
            and (not self.category or stall.category == self.category)
            and (not self.search or matches(self.search, stall.code, stall.name))
        ]
        found.sort(key=ORDERS["code"])  # type: ignore[arg-type]
        found.sort(key=ORDERS[self.order], reverse=self.down)  # type: ignore[arg-type]
        return found


@dataclass(frozen=True, slots=True)
class Body:
    """The part of the month's page that is kept; `closing` is the month's newest version, and `as_closed` whether the
    live month still says the same."""

    html: Markup
    closing: closings.ClosingRow | None
    as_closed: bool


@blueprint.get("/board/<slug>/")
def month(slug: str) -> str:
    """A month of the market, this one where none is named."""
    now = utc_now()
    which, wanted, today = wanted_month(request.args.get("month")), Wanted.asked(), local_date(now)
    with installation().database.reading() as session:
        market = enter(session, slug)
        rights = {right for right in BUTTONS if signed_in().may(right, market_id=market.id)}
        missing = lacking(session, market.id)
        body: Body = kept_parts().get(
            ("month", market, which, wanted, g.language, frozenset(rights)),
            (fingerprint(session, market.id), missing, today),
            lambda: _body(session, market, which, wanted, today, rights, missing),
        )
        sharing = sharing_stalls(session, market.id) if signed_in().may(SHARED, market_id=market.id) else {}
        return page(
            session,
            market,
            "month",
            "board/month.html",
            month=which,
            before=earlier(which, 1),
            after=earlier(which, -1) if which.last < today else None,
            now=now,
            body=body,
            deleting=open_requests(session, market.id),
            sharing=sum(since <= which.last for since in sharing.values()),
        )


def _body(
    session: Session, market: MarketRow, which: Month, wanted: Wanted, today: date, rights: set[str], missing: Lacking
) -> Body:
    look = overview(session, market, which, today, kept_counts().of(session, market.id))
    closing = look.closing
    as_closed = closing is not None and closing.document == look.report.frozen()
    found = wanted.chosen(look.stalls)
    shown = one_page(found, PAGE, wanted.page)
    html = render_template(
        "board/month_body.html",
        look=look,
        rights=rights,
        missing=missing,
        as_closed=as_closed,
        wanted=wanted,
        found=found,
        **shown,
        most=max((stall.transactions for stall in look.stalls), default=0),
        days=last_days(session, [stall.book_id for stall in shown["shown"]], look.until),
        sections=sorted({stall.section for stall in look.stalls if stall.section}, key=natural),
        categories=sorted({stall.category for stall in look.stalls if stall.category}, key=natural),
        charts=charts,
    )
    return Body(Markup(html), closing, as_closed)  # noqa: S704


@blueprint.get("/board/<slug>/report.<any(csv, xlsx, pdf):kind>")
def report(slug: str, kind: str) -> Response:
    """The month's report as a file: the live month, or a closed `version` of it."""
    # Slow to import, and no page needs them.
    from market.report_files import write_csv, write_xlsx
    from market.report_print import printed_month, write_pdf

    which, version = wanted_month(request.args.get("month")), request.args.get("version", "")
    with installation().database.reading() as session, tempfile.TemporaryDirectory() as folder:
        market = enter(session, slug)
        if not version:
            document = month_report(session, market, which)
        else:
            try:
                document = closed_report(session, market, which, int(version))
            except (Refused, ValueError):
                abort(404)
        file = Path(folder) / f"report.{kind}"
        if kind == "pdf":
            write_pdf(printed_month(session, market, which, document, utc_now()), file)
        elif kind == "xlsx":
            write_xlsx(document, market.name, file)
        else:
            write_csv(document, file)
        content = file.read_bytes()
    with installation().database.writing() as session:
        said: dict[str, Any] = {"version": version} if version else {}
        noted(session, "report_downloaded", market_id=market.id, report="month", month=str(which), format=kind, **said)
    return sent_file(content, kind, f"{market.slug}-{which}{f'-v{version}' if version else ''}")


@blueprint.route("/board/<slug>/close", methods=["GET", "POST"])
def close(slug: str) -> AnyResponse | str:
    """Close a month: first what would be frozen, then freezing it."""
    which = wanted_month(request.values.get("month"))
    if request.method == "POST":
        with installation().database.writing() as session:
            market = enter(session, slug)
            version, new = close_month(session, market, which, login_id=signed_in().login_id, now=utc_now())
            if new:
                noted(session, "month_closed", market_id=market.id, month=str(which), version=version)
        return redirect(url_for(".month", slug=slug, month=which), 303)
    with installation().database.reading() as session:
        market = enter(session, slug)
        live, closing = month_report(session, market, which), closings.latest(session, market.id, which)
        return page(
            session,
            market,
            "month",
            "board/close.html",
            month=which,
            report=live,
            closing=closing,
            differences=_differences(closing.document, live.frozen()) if closing else [],
            over=which.last < local_date(utc_now()),
        )


@blueprint.get("/board/<slug>/closed")
def closed(slug: str) -> str:
    """A closed version of a month, the newest where none is named, beside the one after it or the live month."""
    which = wanted_month(request.args.get("month"))
    with installation().database.reading() as session:
        market = enter(session, slug)
        versions = closings.versions(session, market.id, which)
        named = request.args.get("version") or (str(versions[0].version) if versions else "")
        shown = next((closing for closing in versions if str(closing.version) == named), None)
        if shown is None:
            abort(404)
        following = next((closing for closing in versions if closing.version == shown.version + 1), None)
        then = following.document if following else month_report(session, market, which).frozen()
        return page(
            session,
            market,
            "month",
            "board/closed.html",
            month=which,
            versions=versions,
            shown=shown,
            following=following,
            then=then,
            differences=_differences(shown.document, then),
        )


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[closings.Difference]:
    found = closings.differences(before["stalls"], after["stalls"])
    return sorted(found, key=lambda difference: natural(difference.code))
