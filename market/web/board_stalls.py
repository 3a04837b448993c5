"""The board's stalls: the list of them, and one with its code, its counts and what may be done with it."""

from collections import Counter
from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, request, url_for
from markupsafe import Markup
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import local_date, parse_day, utc_now
from ledger.refused import Refused
from market.account_changes import changes_told
from market.natural import natural
from market.signs import Printed, static_payload
from market.stall_list import STATES, listed_stalls, stall_history
from market.web import charts
from market.web.app import installation
from market.web.desk import address, enter, matches, one_page, page, page_number
from market.web.gate import signed_in
from market.web.noted import noted
from market.web.words import say
from merchants import stalls
from merchants.account_changes import open_change, open_changes
from merchants.consents import shared_since
from merchants.deletion_requests import open_request, open_requests
from merchants.stalls import StallRow
from qr import banks
from qr.image import svg

blueprint = Blueprint("stalls", __name__, url_prefix="/board/<slug>/stalls")
PAGE = 50


def bank_name(bank_bin: str) -> str:
    """The short name of a stall's bank."""
    bank = banks.by_bin(bank_bin)
    return bank.short_name if bank else bank_bin


@blueprint.get("")
def every(slug: str) -> str:
    """The stalls of a market, all that are not closed or those in one state."""
    state = request.args.get("state", "")
    search = request.args.get("q", "").strip()[:60]
    with installation().database.reading() as session:
        market = enter(session, slug)
        listed = listed_stalls(session, market.id, utc_now())
        counted = Counter(name for stall in listed for name in stall.states)
        there = [s for s in listed if (state in s.states if state in STATES else "closed" not in s.states)]
        found = [
            stall
            for stall in there
            if matches(search, stall.row.code, stall.row.name, stall.row.holder, stall.row.account_name)
        ]
        found.sort(key=lambda stall: natural(stall.row.code))
        return page(
            session,
            market,
            "stalls",
            "board/stalls.html",
            counted=counted,
            changing=open_changes(session, market.id),
            deleting=open_requests(session, market.id),
            everyone=len(listed) - counted["closed"],
            registered=len(listed),
            state=state if state in STATES else "",
            search=search,
            found=len(found),
            **one_page(found, PAGE, page_number(request.args.get("page"))),
            to=lambda number: address(state=state, q=search, page=number),
            pill=lambda name: address(state=name, q=search),
            bank_name=bank_name,
            sign_said=_sign_said,
        )


def _sign_said(sign: Printed) -> str:
    if sign.at is not None:
        return say("Đã in, bản {version}", version=sign.version)
    return say("Cần in lại") if sign.outdated else say("Chưa in")


def find(session: Session, market_id: int, code: str) -> StallRow:
    """The stall, or 404."""
    try:
        return stalls.find_stall(session, market_id, code)
    except Refused:
        abort(404)


@blueprint.get("/<code>")
def one(slug: str, code: str) -> str:
    """One stall."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        stall = find(session, market.id, code)
        history = stall_history(session, stall, local_date(utc_now()))
        picture = "" if stall.status == "closed" else svg(static_payload(stall), error="Q")
        sees_shared = signed_in().may("see_shared_amounts", market_id=market.id)
        return page(
            session,
            market,
            "stalls",
            "board/stall.html",
            stall=stall,
            history=history,
            changing=open_change(session, stall.id),
            shared_since=shared_since(session, stall.id) if sees_shared else None,
            deleting=open_request(session, stall.id),
            changes=[] if stall.forgotten else changes_told(session, stall.id),
            bank_name=bank_name,
            bars=[replace(bar, year_before=None) for bar in history.bars],
            picture=Markup(picture),  # noqa: S704 - drawn here
            bank=bank_name(stall.bin),
            charts=charts,
            today=local_date(utc_now()),
        )


@blueprint.post("/<code>/status")
def status(slug: str, code: str) -> AnyResponse:
    """Pause a stall, or open it again."""
    wanted = request.form.get("status", "")
    if wanted not in ("paused", "open"):
        abort(400)
    with installation().database.writing() as session:
        market = enter(session, slug)
        stall = find(session, market.id, code)
        try:
            stalls.set_status(session, stall, wanted, local_date(utc_now()))
        except Refused:
            flash(say("Sạp này đã nghỉ hẳn. Muốn bán lại thì đăng ký bằng mã mới."))
        else:
            act = "stall_paused" if wanted == "paused" else "stall_opened"
            noted(session, act, market_id=market.id, stall_id=stall.id)
    return redirect(url_for(".one", slug=slug, code=code), 303)


def _why_not(stall: StallRow, kind: str) -> str:
    """Why a day cannot be a stall's last one."""
    if kind == "closed":
        return say("Sạp đã nghỉ hẳn sau ngày {day}.", day=f"{stall.closed_on:%d/%m/%Y}")
    if kind == "taken_over":
        return say(
            "Sạp khác nhận tài khoản này từ sau ngày {day}, không đổi được nữa.", day=f"{stall.closed_on:%d/%m/%Y}"
        )
    return say("Ghi ngày bán cuối cùng, không quá một năm nữa.")


@blueprint.route("/<code>/close", methods=["GET", "POST"])
def close(slug: str, code: str) -> AnyResponse | str | tuple[str, int]:
    """Close a stall for good: first what that means, then its last day, which may be changed until it is past."""
    errors = {}
    today = local_date(utc_now())
    typed = request.form.get("on", "").strip()
    if request.method == "POST":
        with installation().database.writing() as session:
            stall = find(session, enter(session, slug).id, code)
            try:
                day = parse_day(typed, "on")
                stalls.close(session, stall, day, utc_now())
            except Refused as refused:
                errors["on"] = _why_not(stall, refused.problems[0].kind)
            else:
                noted(session, "stall_closed", market_id=stall.market_id, stall_id=stall.id)
                flash(say("Đã ghi: {day} là ngày bán cuối cùng của sạp {code}.", day=f"{day:%d/%m/%Y}", code=code))
                return redirect(url_for(".one", slug=slug, code=code), 303)
    with installation().database.reading() as session:
        market = enter(session, slug)
        stall = find(session, market.id, code)
        on = typed if request.method == "POST" else str(stall.closed_on or today)
        text = page(session, market, "stalls", "board/stall_close.html", stall=stall, on=on, errors=errors)
        return (text, 400) if errors else text
