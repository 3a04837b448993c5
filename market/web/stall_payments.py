"""A stall's payments of a day, one by one: what was no sale, what was typed before, what is another stall's."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, request, session, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import local_date, parse_day, utc_now
from ledger.refused import Refused
from market.web.app import installation
from market.web.desk import page_number
from market.web.formats import money
from market.web.noted import noted
from market.web.stall import chosen_stall, day_first, named_stall, offered, page
from market.web.stall_rows import merged
from market.web.words import say
from merchants import cash, incoming, settling
from merchants.payments import TESTED
from merchants.stalls import StallRow, load_stall
from merchants.takings import takings

blueprint = Blueprint("payments", __name__, url_prefix="/stall")
PAGE = 50
# Why money was no sale, as the stall taps it; the first where nothing else was chosen.
REASONS = {"family": "Người nhà gửi", "debt": "Trả nợ", "other": "Khác"}
# By another page: money that tried the stall's connection.
TRIED = {"test": TESTED}
MOST_DECLINED = 20


@blueprint.get("/day", defaults={"day": ""}, endpoint="day")
@blueprint.get("/day/<day>", endpoint="day")
def of_day(day: str) -> tuple[str, int]:
    """A day's payments and typed sales, the newest first; today's without a day."""
    today = local_date(utc_now())
    shown = day_named(day) if day else today
    at = page_number(request.args.get("page"))
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        sums = takings(reading, g.person.actor, stall.id, shown, shown)
        asked = (reading, g.person.actor, stall.id, shown)
        passed, until = (at - 1) * PAGE, at * PAGE + 1
        rows = merged(incoming.on_day(*asked, limit=until), cash.on_day(*asked, limit=until), until)[passed:]
    return page(
        "stall/payments.html",
        stall,
        day=shown,
        when=day_first(shown),
        sums=sums,
        rows=rows[:PAGE],
        at=at,
        more=len(rows) > PAGE,
        before=shown - timedelta(days=1),
        after=shown + timedelta(days=1) if shown < today else None,
        reasons=REASONS,
    )


def day_named(text: str) -> date:
    """The day that an address names; or 404."""
    try:
        day = parse_day(text, "day")
    except Refused:
        abort(404)
    if not 2000 <= day.year < 3000:
        abort(404)
    return day


def _payment(opened: Session, stall: StallRow, number: int) -> incoming.Incoming:
    found = incoming.numbered(opened, g.person.actor, stall.id, number) if number < 2**31 else None
    if found is None:
        abort(404)
    return found


def _own(opened: Session) -> StallRow:
    """The stall the form names."""
    return load_stall(opened, named_stall(request.form.get("stall", type=int)))


def _back() -> AnyResponse:
    """To the page that the act was asked from."""
    if request.form.get("back") == "today":
        return redirect(url_for("stall.today"), 303)
    if request.form.get("back") == "find":
        return redirect(url_for("find.amount", amount=request.form.get("amount", "")), 303)
    wanted = day_named(request.form.get("day", ""))
    return redirect(url_for(".day", day=wanted, page=request.form.get("page") or None), 303)


@blueprint.post("/payments/<int:number>/sale")
def sale(number: int) -> AnyResponse:
    """The money was no sale, or was one after all. Who taps second is told that it is so already."""
    wanted = request.form.get("sale", "")
    if wanted not in ("no", "yes"):
        abort(400)
    back = _back()
    with installation().database.writing() as writing:
        stall = _own(writing)
        payment = _payment(writing, stall, number)
        by: dict[str, Any] = {"login_id": g.person.login_id, "now": utc_now()}
        try:
            if wanted == "no":
                reason = (REASONS | TRIED).get(request.form.get("reason", ""), REASONS["family"])
                settling.mark_not_sale(writing, stall.market_id, payment.entry_id, reason=reason, **by)
                said = say("Đã bỏ {amount} khỏi tiền bán hàng.", amount=money(payment.amount))
                flash(said, f"undo:{stall.id}:{number}")
            else:
                settling.mark_sale(writing, stall.market_id, payment.entry_id, reason="Là tiền bán hàng", **by)
                flash(say("Đã tính lại {amount} là tiền bán hàng.", amount=money(payment.amount)))
            act = "entry_not_sale" if wanted == "no" else "entry_sale"
            noted(writing, act, market_id=stall.market_id, stall_id=stall.id, entry=payment.entry_id)
        except Refused:
            flash(_already(_payment(writing, stall, number)))
    return back


def _already(payment: incoming.Incoming) -> str:
    if payment.correction == "reversal":
        return say("Khoản này đã huỷ, không đổi được nữa.")
    if payment.correction == "not_sale":
        return say("Khoản này đã được bỏ khỏi tiền bán hàng rồi.")
    return say("Khoản này đang tính là tiền bán hàng rồi.")


@blueprint.get("/payments/<int:number>/return")
def ask_back(number: int) -> AnyResponse | tuple[str, int]:
    """The money is another stall's: what that means, and why."""
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        return _return_page(stall, _payment(reading, stall, number), {}, 200)


def _return_page(
    stall: StallRow, payment: incoming.Incoming, errors: dict[str, str], status: int
) -> AnyResponse | tuple[str, int]:
    if payment.correction == "reversal":
        flash(_already(payment))
        return redirect(url_for(".day"), 303)
    return page("stall/payments_return.html", stall, status, payment=payment, errors=errors)


@blueprint.post("/payments/<int:number>/return")
def give_back(number: int) -> AnyResponse | tuple[str, int]:
    """Back to the board, which looks whose it is."""
    reason = request.form.get("reason", "").strip()[:200]
    try:
        with installation().database.writing() as writing:
            stall = _own(writing)
            payment = _payment(writing, stall, number)
            if not reason:
                errors = {"reason": say("Ghi vài chữ vì sao, ví dụ tiền của sạp bên cạnh.")}
                return _return_page(stall, payment, errors, 400)
            done = settling.reverse(
                writing,
                stall.market_id,
                payment.entry_id,
                reason=reason,
                reassign=True,
                login_id=g.person.login_id,
                now=utc_now(),
            )
            noted(writing, "entry_reversed", market_id=stall.market_id, stall_id=stall.id, entry=payment.entry_id)
    except Refused:
        with installation().database.reading() as reading:
            flash(_already(_payment(reading, _own(reading), number)))
        return redirect(url_for(".day"), 303)
    flash(say("Đã trả khoản này lại. Ban quản lý tìm xem của sạp nào."))
    if done.typed_anew is not None:
        flash(say("Khoản sạp đã ghi trước đó lại chờ ngân hàng báo."))
    return redirect(url_for(".day"), 303)


@blueprint.post("/offers")
def answer() -> AnyResponse:
    """The typed sale is this payment, or is not. A no is remembered by this phone, and fades with the offer."""
    said = request.form.get("answer", "")
    typed, payment = request.form.get("typed", 0, type=int), request.form.get("payment", 0, type=int)
    if said not in ("yes", "no"):
        abort(400)
    with installation().database.writing() as writing:
        stall = _own(writing)
        if (typed, payment) not in {(offer.typed, offer.payment) for offer in offered(writing, stall)}:
            flash(say("Khoản này đã có người trả lời."))
        elif said == "no":
            session["declined"] = [*session.get("declined", ()), (typed, payment)][-MOST_DECLINED:]
            flash(say("Đã ghi là hai khoản khác nhau."))
        else:
            try:
                settling.confirm(writing, stall.market_id, typed, payment, login_id=g.person.login_id, now=utc_now())
                noted(writing, "entry_confirmed", market_id=stall.market_id, stall_id=stall.id, entry=typed)
                flash(say("Đã ghi là một khoản, chỉ tính một lần."))
            except Refused:
                flash(say("Khoản này đã có người trả lời."))
    return redirect(url_for("stall.today"), 303)
