"""Cash on the phone: a sale typed at the till, the same told later by a phone that was offline, and its taking back."""

import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, g, jsonify, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import Month, local_date, utc_now
from ledger.refused import Problem, Refused
from market import closings
from market.web.app import csrf, installation
from market.web.formats import clock, money
from market.web.noted import noted
from market.web.own_address import sent_from_here
from market.web.spoken import spoken
from market.web.stall import named_stall, numbered, page, place, till_page
from market.web.stall_kept import person_mark
from market.web.stall_rows import called, late_said, memo_shown, reason_said
from market.web.typed import parse_vnd
from market.web.words import say
from merchants import cash
from merchants.stalls import StallRow, load_stall
from merchants.takings import NotYours

blueprint = Blueprint("cash", __name__, url_prefix="/stall/cash")
# What a script of ours says with an entry: another site's page cannot say it, whatever it makes a browser send.
HEADER: Final = "X-Cho-Entry"
# Whose page sends it: what one person typed is not booked under the name of the next one on the same phone.
PERSON: Final = "X-Cho-Person"
LONGEST_BODY = 2_000
# A finger that hits twice does so within this; later the same amount on the same page is another customer, or a doubt.
DOUBLE_TAP = timedelta(seconds=10)
# Why a sale is taken back, as the stall taps it.
REASONS: Final = {
    "amount": "Ghi nhầm số tiền",
    "twice": "Ghi hai lần",
    "returned": "Khách trả lại hàng",
    "other": "Lý do khác",
}
FIELDS: Final = {"stall", "amount", "at", "key"}


blueprint.app_template_filter("called")(called)
blueprint.app_template_filter("late")(late_said)
blueprint.app_template_filter("reason")(reason_said)
blueprint.app_template_filter("memo")(memo_shown)


@blueprint.app_template_global()
def new_key() -> str:
    """A key for the sale that a page is about to type: pressed twice, it is one entry."""
    return secrets.token_urlsafe(12)


@blueprint.app_template_global()
def just_typed(stall: StallRow) -> tuple[cash.Typed, str] | None:
    """The cash sale that the till has written down just now, and its place; None where there is none."""
    at = request.args.get("cash")
    if at is None or request.args.get("stall", type=int) != stall.id:
        return None
    with installation().database.reading() as reading:
        typed = cash.numbered(reading, g.person.actor, stall.id, numbered(stall.id, at))
    return None if typed is None or typed.undone else (typed, at)


@blueprint.post("", endpoint="add")
def add() -> AnyResponse | tuple[str, int]:
    """Write the amount at the till down as paid in cash."""
    wanted = named_stall(request.form.get("stall", type=int))
    typed = request.form.get("amount", "").strip()
    amount = parse_vnd(typed)
    now = utc_now()
    with installation().database.writing() as writing:
        stall = load_stall(writing, wanted)
        try:
            if amount is None:
                raise Refused(Problem("is no amount", field="amount", kind="unread"))
            added = _added(writing, stall, amount=amount, at=None, key=request.form.get("key", ""), now=now)
        except Refused as refused:
            return till_page(stall, 400, typed=typed, error=_in_words(refused.problems))
    if not added.new and now - added.recorded_at > DOUBLE_TAP:
        said = {"amount": money(amount), "time": clock(added.recorded_at)}
        error = say("Khoản {amount} này đã ghi lúc {time}. Khách khác cũng trả thì bấm Tiền mặt lần nữa.", **said)
        return till_page(stall, 409, typed=typed, error=error)
    return redirect(url_for("stall.till", cash=place(stall.id, added.number), stall=stall.id), 303)


def _added(
    writing: Session, stall: StallRow, *, amount: int, at: datetime | None, key: str, now: datetime
) -> cash.Added:
    closed = closings.latest(writing, stall.market_id, Month.of(local_date(at or now))) is not None
    added = cash.add(
        writing, g.person.actor, stall, amount=amount, at=at, key=key, month_closed=closed and at is not None, now=now
    )
    if added.new:
        noted(writing, "entry_added", market_id=stall.market_id, stall_id=stall.id, entry=added.entry_id)
    return added


csrf.exempt(f"{__name__}.entries")


@blueprint.post("/entries", endpoint="entries")
def entries() -> tuple[Response, int]:
    """One cash sale as a phone tells it, also days later: `{"stall", "amount", "at", "key"}` → `{"status",
    "url"}`, where the till shows it.

    201 recorded, 200 duplicate: it is in the book, the phone may forget it. 409: the key was used for something else;
    422: a field is wrong; both say what and how to mend it, and the phone keeps the sale. The page that sends it may be
    a day old, so no token of a form is asked for, but that the request comes from a page of ours (`HEADER`).
    """
    if not sent_from_here() or request.headers.get(HEADER) != "1":
        abort(403)
    if request.headers.get(PERSON, person_mark()) != person_mark():
        return jsonify(status="refused"), 401
    sent, problems = _sent()
    stall_id = sent["stall"]
    if type(stall_id) is int:
        named_stall(stall_id)
    if problems:
        return _refused(422, problems)
    with installation().database.writing() as writing:
        stall = load_stall(writing, stall_id)
        try:
            added = _added(writing, stall, amount=sent["amount"], at=sent["at"], key=sent["key"], now=utc_now())
        except Refused as refused:
            used = any(problem.kind == "used" for problem in refused.problems)
            return _refused(409 if used else 422, refused.problems)
    url = url_for("stall.till", cash=place(stall.id, added.number), stall=stall.id)
    return jsonify(status="recorded" if added.new else "duplicate", url=url), 201 if added.new else 200


def _sent() -> tuple[dict[str, Any], list[Problem]]:
    """The fields of the body, and what is wrong with their form."""
    if request.mimetype != "application/json":
        abort(415)
    if (request.content_length or 0) > LONGEST_BODY:
        abort(413)
    try:
        body = json.loads(request.get_data(), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        abort(400)
    if not isinstance(body, dict):
        abort(400)
    problems = [Problem("is not known", field=str(name)[:40], kind="unknown") for name in body.keys() - FIELDS]
    stall, amount, key = body.get("stall"), body.get("amount"), body.get("key")
    if type(stall) is not int:
        problems.append(Problem("must be a whole number", field="stall", kind="stall"))
    if type(amount) is not int:
        problems.append(Problem("must be whole đồng", field="amount", kind="amount"))
    if not isinstance(key, str):
        problems.append(Problem("must be text", field="key", kind="key"))
    at = _moment(body.get("at"))
    if at is None:
        problems.append(Problem("must be ISO 8601 with its zone", field="at", kind="moment"))
    return {"stall": stall, "amount": amount, "at": at, "key": key}, problems


def _moment(said: object) -> datetime | None:
    """A moment in UTC; None for what is none, or has no zone."""
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) and len(said) <= 40 else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _refused(status: int, problems: Iterable[Problem]) -> tuple[Response, int]:
    """What is wrong, and this server's time: a phone whose clock is wrong can mend what it tells."""
    said = [{"field": one.field, "kind": one.kind, "message": _in_words([one])} for one in problems]
    return jsonify(status="refused", problems=said, now=utc_now().isoformat()), status


def _in_words(problems: Iterable[Problem]) -> str:
    """The first problem, ending with its mend."""
    kind = next(iter(problems)).kind
    if kind == "amount":
        return say("Ghi từ {least} đến {most}.", least=money(cash.LEAST), most=money(cash.MOST))
    if kind == "old":
        return say("Khoản này đã quá {days} ngày, không ghi vào sổ được nữa.", days=cash.KEPT.days)
    return say(_TEXTS.get(kind, "Trang này chưa gửi đúng. Mở lại trang rồi ghi lại."))


_TEXTS: Final = {
    "unread": "Chưa đọc được số tiền này. Ghi số đồng, ví dụ 50000 hoặc 50.000.",
    "future": "Giờ của điện thoại đang chạy trước. Chỉnh lại giờ rồi gửi lại.",
    "closed": "Sạp này đã đóng, không nhận tiền nữa.",
    "used": "Trang này đã ghi một khoản khác rồi. Xem lại số tiền, bấm Tiền mặt lần nữa.",
}


@blueprint.get("/<int:stall_id>/<sale>", endpoint="ask_back")
def ask_back(stall_id: int, sale: str) -> AnyResponse | tuple[str, int]:
    """Sai chỗ nào? Each reason is one tap."""
    number = numbered(named_stall(stall_id), sale)
    now = utc_now()
    with installation().database.reading() as reading:
        stall = load_stall(reading, stall_id)
        typed = cash.numbered(reading, g.person.actor, stall_id, number)
    if typed is None:
        abort(404)
    if typed.undone or typed.kind == "count" or not cash.may_take_back(g.person.actor, stall_id, typed, now):
        flash(_why_not(typed))
        return redirect(url_for("stall.today"), 303)
    return page("stall/cash_back.html", stall, typed=typed, reasons=REASONS, words=spoken(typed.amount, g.language))


def _why_not(typed: cash.Typed) -> str:
    if typed.undone:
        return say("Khoản này đã hoàn lại rồi.")
    if typed.kind == "count":
        return say("Khoản này ghi lúc đếm tiền. Muốn sửa thì chốt sổ lại.")
    return say("Đã quá lâu để tự hoàn lại. Nhờ chủ sạp hoàn lại khoản này.")


@blueprint.post("/<int:stall_id>/<sale>", endpoint="take_back")
def take_back(stall_id: int, sale: str) -> AnyResponse:
    """Take the sale back. Who taps second is told that it is so already."""
    number = numbered(named_stall(stall_id), sale)
    reason = request.form.get("reason", "")
    if reason not in REASONS:
        abort(400)
    with installation().database.writing() as writing:
        stall = load_stall(writing, stall_id)
        typed = cash.numbered(writing, g.person.actor, stall_id, number)
        if typed is None:
            abort(404)
        try:
            cash.take_back(writing, g.person.actor, stall, number, reason=REASONS[reason], now=utc_now())
            noted(writing, "entry_reversed", market_id=stall.market_id, stall_id=stall.id, entry=typed.entry_id)
            flash(say("Đã hoàn lại {amount}.", amount=money(typed.amount)))
        except (Refused, NotYours):
            flash(_why_not(typed))
    return redirect(url_for("stall.today"), 303)
