"""Money that waits for a person: whose it is, and whether it was told before. It belongs to no stall yet, so its amount
is shown."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.inbox.receive import Waiting, waiting
from ledger.refused import Refused
from market.channels import list_channels
from market.markets import MarketRow
from market.overview import natural
from market.web.app import installation
from market.web.board_stalls import find
from market.web.desk import enter, matches, page, page_number, pages_of, signed_in
from market.web.words import say
from merchants import settling
from merchants.payments import Outcome
from merchants.stalls import StallRow, list_stalls

blueprint = Blueprint("unmatched", __name__, url_prefix="/board/<slug>/unmatched")
PAGE = 50
FOUND = 30


@blueprint.get("", endpoint="waiting")
def every(slug: str) -> str:
    """All that waits, the oldest first."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        unmatched = waiting(session, market.id, "unmatched")
        pages, at = pages_of(len(unmatched), PAGE, page_number(request.args.get("page")))
        return page(
            session,
            market,
            "unmatched",
            "board/unmatched.html",
            unmatched=len(unmatched),
            shown=unmatched[(at - 1) * PAGE : at * PAGE],
            held=waiting(session, market.id, "held"),
            at=at,
            pages=pages,
        )


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
    found = _found(list_stalls(session, market.id), notice, search)
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


def _found(stalls: list[StallRow], notice: Waiting, search: str) -> list[StallRow]:
    """The stalls that match a search; before one, those paid to the same account."""
    if search:
        found = [s for s in stalls if matches(search, s.code, s.name, s.holder, s.account_name, s.account_number[-4:])]
    else:
        found = [stall for stall in stalls if stall.account_number == notice.account_number]
    return sorted(found, key=lambda stall: (stall.status == "closed", natural(stall.code)))


@blueprint.post("/<int:notice_id>")
def assign(slug: str, notice_id: int) -> AnyResponse | tuple[str, int]:
    """The notice is this stall's."""
    now = utc_now()
    with installation().database.writing() as session:
        market = enter(session, slug)
        stall = find(session, market.id, request.form.get("stall", ""))
        try:
            outcome = settling.assign(
                session,
                market.id,
                notice_id,
                stall,
                reason=request.form.get("reason", "").strip()[:200],
                login_id=signed_in().login_id,
                now=now,
            )
        except Refused as refused:
            if refused.problems[0].field == "reason":
                errors = {"reason": say("Khoản này đã ghi một lần rồi huỷ. Ghi vì sao lần này là của sạp này.")}
                return _choice(session, market, _one(session, market, notice_id), errors), 400
            flash(say("Khoản này đã có người xử lý."))
        else:
            flash(_became(outcome, stall))
    return redirect(url_for(".waiting", slug=slug), 303)


def _became(outcome: Outcome, stall: StallRow) -> str:
    if outcome.status == "duplicate":
        return say("Khoản này đã được báo trước đó, nên không ghi thêm.")
    if outcome.status == "held":
        return say("Khoản này giống một khoản đã báo. Xem ở mục Có thể đã báo rồi.")
    return say("Đã ghi cho sạp {code}, {name}.", code=stall.code, name=stall.name)


@blueprint.post("/<int:notice_id>/told")
def told(slug: str, notice_id: int) -> AnyResponse:
    """A held notice is the one told before (`same`), or one more (`another`)."""
    answer = request.form.get("answer", "")
    if answer not in ("same", "another"):
        abort(400)
    with installation().database.writing() as session:
        market = enter(session, slug)
        try:
            if answer == "same":
                settling.same(session, market.id, [notice_id])
                flash(say("Đã ghi là một khoản, không tính thêm."))
            else:
                [outcome] = settling.another(
                    session,
                    market.id,
                    [notice_id],
                    sources=[channel.source for channel in list_channels(session)],
                    login_id=signed_in().login_id,
                    now=utc_now(),
                )
                flash(
                    say("Đã ghi thêm khoản này.")
                    if outcome.status == "recorded"
                    else say("Là khoản khác, nhưng chưa rõ của sạp nào. Chọn sạp cho nó.")
                )
        except Refused:
            flash(say("Chưa làm được: không còn khoản nào trước đó để khớp, hoặc đã có người xử lý."))
    return redirect(url_for(".waiting", slug=slug), 303)
