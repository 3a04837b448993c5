"""What the board answered lately about money that was perhaps told before, and the way back from a wrong answer."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.inbox.waiting import Answered, answered
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
# Stands in a stall's book as the reason why a payment left it.
LOOKED_AT_AGAIN = "Có thể đã được báo rồi, ban quản lý xem lại"
MOST_ANSWERS = 1000
# What an answer made of a notice; of one that is something else now, there is nothing to take back.
_MADE = {"notice_same": "duplicate", "notice_another": "recorded"}


@blueprint.get("")
def every(slug: str) -> str:
    """The answers of the last days that still hold, the newest first; those of a whole file together."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        answers = _answers(session, market)
        shown = one_page(answers, PAGE, page_number(request.args.get("page")))
        names = provider_names(session)
        return jobs_page(session, market, "answered", "board/answered.html", names=names, **shown)


def _answers(session: Session, market: MarketRow) -> list[tuple[Line, list[Answered]]]:
    """Each line of the trail with the notices that are still what it says; whoever answered saw their amounts then."""
    seen: set[int] = set()
    answers = []
    for line in _lines(session, market):
        found = [one for one in _about(session, market, line) if one.told.notice not in seen]
        seen |= {one.told.notice for one in found}
        if found:
            answers.append((line, found))
    return answers


def _lines(session: Session, market: MarketRow, *, before: int | None = None, limit: int = MOST_ANSWERS) -> list[Line]:
    since = utc_now() - ANSWERED_FOR
    return trail(session, market.id, before=before, limit=limit, acts=tuple(_MADE), since=since)


def _about(session: Session, market: MarketRow, line: Line) -> list[Answered]:
    first = line.about.get("notice")
    last = line.about.get("last", first)
    if not isinstance(first, int) or not isinstance(last, int):
        return []
    return answered(session, market.id, _MADE[line.act], first, last)


@blueprint.post("/<int:line_id>")
def ask_again(slug: str, line_id: int) -> AnyResponse:
    """The answer was wrong: what it was about is held again, and its entry, if it has one, is reversed."""
    with installation().database.writing() as session:
        market = enter(session, slug)
        notices = [one.told.notice for line, found in _answers(session, market) if line.id == line_id for one in found]
        try:
            held = settling.hold(
                session,
                market.id,
                notices,
                reason=LOOKED_AT_AGAIN,
                login_id=signed_in().login_id,
                now=utc_now(),
            )
        except Refused:
            flash(say("Khoản này đã có người xử lý."))
            return redirect(url_for(".every", slug=slug), 303)
        about = {"notice": min(notices), "last": max(notices), "rows": len(held)}
        noted(session, "notice_held", market_id=market.id, **about)
    flash(say("Hỏi lại {count} khoản: đã báo rồi, hay là khoản khác?", count=len(held)))
    return redirect(url_for("held.every", slug=slug), 303)
