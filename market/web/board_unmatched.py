"""Money that no stall has: whose it is, and the way back from a wrong stall. It belongs to nobody, so its amount is
shown."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from markupsafe import Markup
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.inbox.receive import Waiting, waiting
from ledger.inbox.waiting import count_by_status
from ledger.refused import Refused
from market.connections import lacking
from market.markets import MarketRow
from market.natural import natural
from market.web.app import installation
from market.web.board_stalls import find
from market.web.desk import enter, matches, one_page, page, page_number
from market.web.gate import signed_in
from market.web.noted import noted
from market.web.words import say
from merchants import settling
from merchants.assigned import Assigned, assigned_since
from merchants.number_digests import number_digest
from merchants.payments import Outcome
from merchants.stalls import StallRow, list_stalls

blueprint = Blueprint("unmatched", __name__, url_prefix="/board/<slug>/unmatched")
PAGE = 50
ASSIGNED_FOR = timedelta(days=7)
FOUND = 30


@blueprint.get("", endpoint="waiting")
def every(slug: str) -> str:
    """All that waits, the oldest first."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        unmatched = waiting(session, market.id, "unmatched")
        shown = one_page(unmatched, PAGE, page_number(request.args.get("page")))
        missing = lacking(session, market.id)
        return jobs_page(session, market, "unmatched", "board/unmatched.html", missing=missing, **shown)


def jobs_page(session: Session, market: MarketRow, here: str, template: str, **values: Any) -> str:
    """A page of the board's work, with how much of each kind there is; `here` is the kind that it shows."""
    return page(session, market, "unmatched", template, here=here, counts=count_by_status(session, market.id), **values)


def _one(session: Session, market: MarketRow, notice_id: int) -> Waiting:
    found = [notice for notice in waiting(session, market.id, "unmatched") if notice.notice == notice_id]
    if not found:
        abort(404)
    return found[0]


@blueprint.get("/<int:notice_id>")
def one(slug: str, notice_id: int) -> str:
    """One notice: look for its stall."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        return _choice(session, market, _one(session, market, notice_id), {})


def _choice(session: Session, market: MarketRow, notice: Waiting, errors: dict[str, str]) -> str:
    search = request.values.get("q", "").strip()[:60]
    numbers = (notice.account_number, number_digest(session, market.id, notice.account_number))
    found = _found(list_stalls(session, market.id), numbers, search)
    return page(
        session,
        market,
        "unmatched",
        "board/assign.html",
        notice=notice,
        search=search,
        found=found[:FOUND],
        more=max(len(found) - FOUND, 0),
        reason=request.form.get("reason", ""),
        errors=errors,
    )


def _found(stalls: list[StallRow], numbers: Collection[str], search: str) -> list[StallRow]:
    """The stalls that match a search; before one, those paid to the account of one of these numbers."""
    if search:
        found = [s for s in stalls if matches(search, s.code, s.name, s.holder, s.account_name, s.last_figures)]
    else:
        found = [stall for stall in stalls if stall.account_number in numbers]
    return sorted(found, key=lambda stall: (stall.status == "closed", natural(stall.code)))


@blueprint.post("/<int:notice_id>")
def assign(slug: str, notice_id: int) -> AnyResponse | tuple[str, int]:
    """The notice is this stall's."""
    now = utc_now()
    try:
        with installation().database.writing() as session:
            market = enter(session, slug)
            stall = find(session, market.id, request.form.get("stall", ""))
            outcome = settling.assign(
                session,
                market.id,
                notice_id,
                stall,
                reason=request.form.get("reason", "").strip()[:200],
                login_id=signed_in().login_id,
                now=now,
            )
            noted(session, "notice_assigned", market_id=market.id, stall_id=stall.id, notice=notice_id)
    except Refused as refused:
        if refused.problems[0].field == "reason":
            errors = {"reason": say("Khoản này đã ghi một lần rồi huỷ. Ghi vì sao lần này là của sạp này.")}
            with installation().database.reading() as session:
                market = enter(session, slug)
                return _choice(session, market, _one(session, market, notice_id), errors), 400
        flash(say("Khoản này đã có người xử lý."))
    else:
        flash(_became(slug, outcome, stall))
    return redirect(url_for(".waiting", slug=slug), 303)


def _became(slug: str, outcome: Outcome, stall: StallRow) -> str:
    if outcome.status == "duplicate":
        return say("Khoản này đã được báo trước đó, nên không ghi thêm.")
    if outcome.status == "held":
        return say("Khoản này giống một khoản đã báo. Xem ở mục Có thể đã báo rồi.")
    done = say("Đã ghi cho sạp {code}, {name}.", code=stall.code, name=stall.name)
    back = url_for(".ask_back", slug=slug, entry_id=outcome.entry_id)
    return Markup('{} <a href="{}">{}</a>').format(done, back, say("Nhầm sạp? Lấy lại"))


@blueprint.get("/assigned")
def assigned(slug: str) -> str:
    """What the board gave to stalls in the last days; whoever did so saw the amounts then."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        found = assigned_since(session, market.id, utc_now() - ASSIGNED_FOR)
        shown = one_page(found, PAGE, page_number(request.args.get("page")))
        return jobs_page(session, market, "assigned", "board/assigned.html", **shown)


def _assigned(session: Session, market: MarketRow, entry_id: int) -> Assigned:
    found = [one for one in assigned_since(session, market.id, utc_now() - ASSIGNED_FOR) if one.entry == entry_id]
    if not found:
        abort(404)
    return found[0]


@blueprint.get("/assigned/<int:entry_id>")
def ask_back(slug: str, entry_id: int) -> str:
    """A payment that was given to the wrong stall: what taking it back means, and why."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        one = _assigned(session, market, entry_id)
        return page(session, market, "unmatched", "board/assigned_back.html", one=one, errors={})


@blueprint.post("/assigned/<int:entry_id>")
def take_back(slug: str, entry_id: int) -> AnyResponse | tuple[str, int]:
    """It waits for a stall again, with the reason."""
    reason = request.form.get("reason", "").strip()[:200]
    try:
        with installation().database.writing() as session:
            market = enter(session, slug)
            one = _assigned(session, market, entry_id)
            if not reason:
                errors = {"reason": say("Ghi vài chữ vì sao, ví dụ chọn nhầm sạp.")}
                return page(session, market, "unmatched", "board/assigned_back.html", one=one, errors=errors), 400
            done = settling.reverse(
                session,
                market.id,
                entry_id,
                reason=reason,
                reassign=True,
                login_id=signed_in().login_id,
                now=utc_now(),
            )
            stall = find(session, market.id, one.code)
            noted(session, "entry_reversed", market_id=market.id, stall_id=stall.id, entry=entry_id)
    except Refused:
        flash(say("Khoản này đã có người xử lý."))
        return redirect(url_for(".assigned", slug=slug), 303)
    flash(say("Đã lấy lại khoản này từ sạp {code}. Chọn sạp đúng cho nó.", code=one.code))
    if done.typed_anew is not None:
        flash(say("Khoản sạp đã ghi trước đó lại chờ ngân hàng báo."))
    return redirect(url_for(".one", slug=slug, notice_id=one.notice), 303)
