"""What the board answered lately about money that was perhaps told before, and the way back from a wrong answer."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.inbox.waiting import Answered, answered, together_with
from ledger.refused import Refused
from market.access.audit import Line, trail
from market.markets import MarketRow
from market.web.app import installation
from market.web.board_held import provider_names
from market.web.board_unmatched import jobs_page
from market.web.desk import enter, one_page, page_number
from market.web.gate import signed_in
from market.web.noted import noted
from market.web.words import say
from merchants import settling

blueprint = Blueprint("answered", __name__, url_prefix="/board/<slug>/held/answered")
ANSWERED_FOR = timedelta(days=7)
PAGE = 20
MOST_ANSWERS = 1000
# Stands in a stall's book as the reason why a payment left it.
LOOKED_AT_AGAIN = "Có thể đã được báo rồi, ban quản lý xem lại"
# What an answer makes of a notice; of one that is something else now, there is nothing to take back.
_MADE = {"notice_same": ("duplicate",), "notice_another": ("recorded", "unmatched")}


@blueprint.get("")
def every(slug: str) -> str:
    """The answers of the last days, the newest first; those of a whole file together. Whoever answered saw the amounts
    then."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        lines = _lines(session, market)
        values = one_page(lines, PAGE, page_number(request.args.get("page")))
        values["shown"] = _answers(session, market, lines, values["shown"])
        return jobs_page(session, market, "answered", "board/answered.html", names=provider_names(session), **values)


def _lines(session: Session, market: MarketRow) -> list[Line]:
    since = utc_now() - ANSWERED_FOR
    lines = trail(session, market.id, limit=MOST_ANSWERS, acts=tuple(_MADE), since=since)
    return [line for line in lines if isinstance(line.about.get("notice"), int)]


def _answers(
    session: Session, market: MarketRow, lines: list[Line], wanted: list[Line]
) -> list[tuple[Line, list[Answered]]]:
    """Each of the wanted lines with the notices that it still holds of. A notice is its newest line's; where it was
    answered alone as well as with its file, the line about it alone."""
    alone = {line.about["notice"]: line.id for line in reversed(lines) if "last" not in line.about}
    about: dict[int, set[int]] = {}
    for line in wanted:
        first, last = int(line.about["notice"]), line.about.get("last")
        if last is None:
            about[line.id] = {first} if alone[first] == line.id else set()
        else:
            about[line.id] = set(together_with(session, market.id, first, int(last))) - alone.keys()
    found = {one.told.notice: one for one in answered(session, market.id, set().union(*about.values()))}
    answers = []
    for line in wanted:
        still = [found[number] for number in sorted(about[line.id] & found.keys())]
        if still := [one for one in still if one.status in _MADE[line.act]]:
            answers.append((line, still))
    return answers


@blueprint.post("/<int:line_id>")
def ask_again(slug: str, line_id: int) -> AnyResponse:
    """The answer was wrong: what it was about is held again, and its entry, if it has one, is reversed."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        lines = _lines(session, market)
        answers = _answers(session, market, lines, [line for line in lines if line.id == line_id])
    notices = [one.told.notice for _, still in answers for one in still]
    try:
        with installation().database.writing() as session:
            held = settling.hold(
                session,
                market.id,
                notices,
                reason=LOOKED_AT_AGAIN,
                login_id=signed_in().login_id,
                now=utc_now(),
            )
            if held:
                noted(session, "notice_held", market_id=market.id, notice=min(notices), rows=len(held))
    except Refused:
        held = []
    if not held:
        flash(say("Không xem lại được: không còn khoản nào trước đó giống khoản này, hoặc đã có người xử lý."))
        return redirect(url_for(".every", slug=slug), 303)
    flash(say("Xem lại {count} khoản: đã báo rồi, hay là khoản khác?", count=len(held)))
    return redirect(url_for("held.every", slug=slug), 303)
