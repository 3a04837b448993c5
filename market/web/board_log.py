"""The audit trail of a market ("Nhật ký") and of the installation, and the page where a market's books are checked."""

import threading
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from sqlmodel import Session

from ledger.books.seals import day_to_seal, seals_of
from ledger.days import parse_day, utc_now
from ledger.refused import Refused
from market.access.audit import KINDS, trail
from market.markets import MarketRow
from market.natural import natural
from market.verified import Found, rows_to_check, verified
from market.web.app import installation
from market.web.board_stalls import find
from market.web.desk import address, enter, page
from market.web.log_words import KINDS_SAID, what, who
from market.web.noted import noted
from market.web.words import say
from merchants.stalls import list_stalls

blueprint = Blueprint("log", __name__)
PAGE = 50
# So many entries and notices are checked in a few seconds; more are for the command line.
MOST_CHECKED = 200_000
SHOWN = 200
_checking = threading.Lock()
_FIRST = date(2000, 1, 1)


@blueprint.get("/board/<slug>/log")
def every(slug: str) -> str:
    """What was done in a market, the newest first; of one kind or about one stall where that is asked for."""
    code = request.args.get("stall", "").strip()[:40]
    with installation().database.reading() as session:
        market = enter(session, slug)
        stall_id = find(session, market.id, code).id if code else None
        shown = _shown(session, market.id, stall_id)
        return page(session, market, "log", "board/log.html", code=code, **shown)


@blueprint.get("/province/log")
def of_installation() -> str:
    """What was done in no market in particular: who signed in above them, which reports were taken, backups."""
    with installation().database.reading() as session:
        shown = _shown(session, None, None)
    return render_template("board/log.html", tab="log", code="", **shown)


def _shown(session: Session, market_id: int | None, stall_id: int | None) -> dict[str, object]:
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before < 2**31:
        before = None
    lines = trail(
        session, market_id, before=before, limit=PAGE + 1, stall_id=stall_id, acts=KINDS[kind] if kind else ()
    )
    code = request.args.get("stall", "")
    return {
        "lines": lines[:PAGE],
        "older": address(kind=kind, stall=code, before=lines[PAGE - 1].id) if len(lines) > PAGE else "",
        "newest": address(kind=kind, stall=code) if before is not None else "",
        "kind": kind,
        "kinds": {name: say(KINDS_SAID[name]) for name in KINDS},
        "what": what,
        "who": who,
    }


@blueprint.route("/board/<slug>/check", methods=["GET", "POST"])
def check(slug: str) -> str | tuple[str, int]:
    """The marks that were published of a market's books, and checking the books now."""
    database = installation().database
    with database.reading() as session:
        market = enter(session, slug)
    too_many = rows_to_check(database, MOST_CHECKED + 1) > MOST_CHECKED
    if request.method == "GET" or too_many:
        return _check_page(market, too_many=too_many), 200 if request.method == "GET" else 409
    if not _checking.acquire(blocking=False):
        return _check_page(market, busy=True), 409
    try:
        _, _, found = verified(database)
    finally:
        _checking.release()
    # What is of no market, such as a missing guard, concerns every one.
    found = [one for one in found if one.market in (None, market.slug)]
    with database.writing() as session:
        noted(session, "ledger_verified", market_id=market.id, rows=len(found))
    return _check_page(market, found=found)


def _check_page(
    market: MarketRow, *, found: list[Found] | None = None, too_many: bool = False, busy: bool = False
) -> str:
    newest = day_to_seal(utc_now())
    try:
        day = min(max(parse_day(request.args.get("day", ""), "day"), _FIRST), newest)
    except Refused:
        day = newest
    with installation().database.reading() as session:
        codes = {stall.book_id: stall.code for stall in list_stalls(session, market.id)}
        seals = sorted(
            ((codes[seal.book_id], seal) for seal in seals_of(session, market.id, day)),
            key=lambda one: natural(one[0]),
        )
        return page(
            session,
            market,
            "log",
            "board/log_check.html",
            day=day,
            before=day - timedelta(days=1),
            after=day + timedelta(days=1) if day < newest else None,
            seals=seals,
            found=found[:SHOWN] if found is not None else None,
            wrong=len(found or ()),
            too_many=too_many,
            busy=busy,
        )
