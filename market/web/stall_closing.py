"""Closing a stall's day: cash is counted and laid beside the book, the difference said in words; a slip to print."""

from datetime import date
from typing import Any, Final

from flask import Blueprint, abort, flash, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.books.cash_counts import CashCounted
from ledger.books.seals import marked, seals_between
from ledger.days import local_date, utc_now
from ledger.refused import Refused
from market.markets import list_markets
from market.web.app import installation
from market.web.formats import money
from market.web.noted import noted
from market.web.stall import chosen_stall, day_first, named_stall, page
from market.web.stall_payments import day_named
from market.web.stall_rows import FOUND_SAID
from market.web.typed import parse_number, parse_vnd
from market.web.words import say
from merchants import day_closing
from merchants.stalls import StallRow, load_stall
from merchants.takings import takings

blueprint = Blueprint("closing", __name__, url_prefix="/stall/closing")
# The notes in use, in đồng: a drawer is counted note by note.
NOTES: Final = (500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000)


@blueprint.get("/", defaults={"day": ""}, endpoint="day")
@blueprint.get("/<day>", endpoint="day")
def of_day(day: str) -> tuple[str, int]:
    """How the day was closed; before that, and with `again`, what to count. Today's without a day."""
    today = local_date(utc_now())
    shown = day_named(day) if day else today
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        counts = day_closing.closings(reading, g.person.actor, stall.id, shown, shown)
        if counts and "again" not in request.args:
            return page("stall/closed.html", stall, **_about(reading, stall, shown, counts))
        first = counts[0].float_amount if counts else day_closing.last_float(reading, g.person.actor, stall.id)
    typed = {"float": _plain(first) if first else "", "counted": ""}
    return _form(stall, shown, typed, {}, 200)


def _plain(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


def _about(opened: Session, stall: StallRow, day: date, counts: list[CashCounted]) -> dict[str, Any]:
    """All that a closed day is, for its page and its slip."""
    newest = counts[0]
    actor = g.person.actor
    today = local_date(utc_now())
    return {
        "day": day,
        "when": day_first(day),
        "counts": counts,
        "newest": newest,
        "said": difference_said(newest.difference),
        "mark": marked(newest.head) if newest.head else "",
        "since": day_closing.cash_since(opened, actor, stall.id, newest),
        "sums": takings(opened, actor, stall.id, day, day),
        "seals": seals_between(opened, stall.book_id, day, day),
        "may_again": today - day_closing.WITHIN <= day <= today,
    }


def difference_said(difference: int) -> str:
    """What the drawer is beside the book, in words."""
    if difference == 0:
        return say("Khớp với sổ")
    if difference > 0:
        return say("Thừa {amount} so với sổ", amount=money(difference))
    return say("Thiếu {amount} so với sổ", amount=money(-difference))


def _form(stall: StallRow, day: date, typed: dict[str, str], errors: dict[str, str], status: int) -> tuple[str, int]:
    return page(
        "stall/closing.html",
        stall,
        status,
        day=day,
        when=day_first(day),
        typed=typed,
        errors=errors,
        notes=NOTES,
    )


@blueprint.post("/<day>", endpoint="count")
def count(day: str) -> AnyResponse | tuple[str, int]:
    """First what was counted is laid beside the book; then, with what the difference was, the day is closed."""
    closed = day_named(day)
    wanted = named_stall(request.form.get("stall", type=int))
    typed = {name: request.form.get(name, "").strip() for name in ("float", "counted", *map(_field, NOTES))}
    float_amount, counted, errors = _counted(typed)
    now = utc_now()
    if float_amount is None or counted is None:
        with installation().database.reading() as reading:
            return _form(load_stall(reading, wanted), closed, typed, errors, 400)
    actor = g.person.actor
    said, seen = request.form.get("said", ""), request.form.get("seen", type=int)
    problem = kind = ""
    if said and seen is not None:
        try:
            with installation().database.writing() as writing:
                stall = load_stall(writing, wanted)
                written, new = day_closing.close_day(
                    writing,
                    actor,
                    stall,
                    closed,
                    counted=counted,
                    float_amount=float_amount,
                    seen=seen,
                    said=said,
                    now=now,
                )
                if new:
                    about = {"market_id": stall.market_id, "stall_id": stall.id}
                    noted(writing, "day_counted", **about, version=written.version)
        except Refused as refused:
            kind = refused.problems[0].kind
            problem = say("Sổ vừa có thêm khoản. Xem lại số bên dưới rồi chọn lần nữa.")
        else:
            flash(say("Đã chốt sổ {day}.", day=f"{closed:%d/%m/%Y}"))
            return redirect(url_for(".day", day=closed), 303)
    with installation().database.reading() as reading:
        stall = load_stall(reading, wanted)
        if kind in ("day", "amount"):
            return _form(stall, closed, typed, {"counted": _refusal(kind)}, 400)
        drawer = day_closing.drawer(reading, actor, stall.id, closed, float_amount)
    difference = counted - drawer.expected
    return page(
        "stall/closing_look.html",
        stall,
        409 if problem else 200,
        day=closed,
        when=day_first(closed),
        float_amount=float_amount,
        counted=counted,
        drawer=drawer,
        difference=difference,
        said=difference_said(difference),
        answers={name: _answer(name, difference) for name in day_closing.answers(difference)},
        problem=problem,
    )


def _field(note: int) -> str:
    return f"n{note}"


def _counted(typed: dict[str, str]) -> tuple[int | None, int | None, dict[str, str]]:
    """The float and the sum that was counted, note by note where it was not written; or what is wrong, by field."""
    errors = {}
    float_amount = parse_vnd(typed["float"]) if typed["float"] else 0
    if float_amount is None:
        errors["float"] = say("Chưa đọc được số tiền này. Ghi số đồng, ví dụ 50000 hoặc 50.000.")
    counted: int | None = None
    by_note = {note: typed[_field(note)] for note in NOTES if typed[_field(note)]}
    if typed["counted"]:
        counted = parse_vnd(typed["counted"])
        if counted is None:
            errors["counted"] = say("Chưa đọc được số tiền này. Ghi số đồng, ví dụ 50000 hoặc 50.000.")
    elif by_note:
        pieces = {note: parse_number(said) for note, said in by_note.items()}
        wrong = [note for note, number in pieces.items() if number is None or number > 100_000]
        for note in wrong:
            errors[_field(note)] = say("Ghi số tờ, ví dụ 12.")
        counted = None if wrong else sum(note * (number or 0) for note, number in pieces.items())
    else:
        errors["counted"] = say("Ghi số tiền đếm được; trong hộp không có tiền thì ghi 0.")
    return float_amount, counted, errors


def _refusal(kind: str) -> str:
    if kind == "day":
        return say("Chỉ chốt được {days} ngày gần đây.", days=day_closing.WITHIN.days)
    return say("Số này lớn quá. Xem lại có gõ dư số 0 không.")


def _answer(name: str, difference: int) -> str:
    if name == "open":
        return say("Để vậy, chỉ ghi số đếm được") if difference else say("Chốt sổ")
    return say(FOUND_SAID[name])


@blueprint.get("/<day>/slip", endpoint="slip")
def slip(day: str) -> tuple[str, int]:
    """The closed day on a sheet to print."""
    shown = day_named(day)
    now = utc_now()
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        counts = day_closing.closings(reading, g.person.actor, stall.id, shown, shown)
        if not counts:
            abort(404)
        [market] = [one for one in list_markets(reading) if one.id == stall.market_id]
        about = _about(reading, stall, shown, counts)
    return page("stall/closing_slip.html", stall, market=market, now=now, **about)
