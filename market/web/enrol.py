"""A trader's phone takes the one-time code of the board, a name and a PIN, and is signed in from then on."""

import math
import secrets
import time

from flask import Blueprint, Response, render_template, request, session
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from market.access import audit, enrolment
from market.access.devices import LONGEST_NAME
from market.access.people import find_person
from market.access.pins import pin_problem
from market.access.roster import Member, members, stalls_in_use
from market.markets import MarketRow, list_markets
from market.web import access
from market.web.app import installation
from market.web.words import say

blueprint = Blueprint("enrol", __name__)


@blueprint.route("/enrol", methods=["GET", "POST"])
def phone() -> AnyResponse | tuple[str, int]:
    """First the code, typed or scanned; then whose it is, the phone's name and a PIN. A wrong code, an old one, one
    that was used and a volunteer's that came too late are told in the same words."""
    typed = request.values.get("code", "").strip()[:40]
    if not typed:
        errors = {"code": say("Ghi 8 chữ của mã.")} if request.method == "POST" else {}
        return _ask_code("", errors, 400 if errors else 200)
    address, now = request.remote_addr or "", time.monotonic()
    # A browser's wrong tries slow that browser first: a market's people may all come from one address.
    whose = "enrol " + session.setdefault("enrolling", secrets.token_hex(8))
    wait = access.throttle.wait(address, whose, now)
    if wait:
        seconds = math.ceil(wait)
        errors = {"code": say("Sai nhiều lần rồi. Đợi {seconds} giây rồi thử lại.", seconds=seconds)}
        text, status = _ask_code(typed, errors, 429)
        return Response(text, status, {"Retry-After": str(seconds)})
    name = request.form.get("name", "").strip()
    pin = "".join(request.form.get("pin", "").split())
    errors = _errors(name, pin, "".join(request.form.get("again", "").split())) if "pin" in request.form else {}
    with installation().database.writing() as writing:
        found = enrolment.find_enrolment(writing, typed, utc_now())
        member = _member(writing, found) if found else None
        if found is None or member is None:
            unusable = say("Mã chưa đúng, đã dùng rồi hoặc quá 10 phút. Xem lại, hoặc xin ban quản lý mã mới.")
            return _ask_code(typed, {"code": unusable}, 400)
        access.throttle.right(address, whose)
        if errors or "pin" not in request.form:
            market = next(row for row in list_markets(writing) if row.id == found.market_id)
            return _ask_pin(typed, market, member, name or device_name(request.user_agent.string), errors)
        device_id = enrolment.enrol(writing, found, name=name, pin=pin, now=utc_now())
        audit.note(
            writing,
            "device_enrolled",
            market_id=found.market_id,
            about={"enrolment": found.id, "device": device_id},
            login_id=found.login_id,
            device_id=device_id,
            at=utc_now(),
        )
    return access.begin(found.login_id, "/", device_id=device_id)


def device_name(user_agent: str) -> str:
    """What a phone is called until its owner says otherwise."""
    if "iPhone" in user_agent:
        return say("Điện thoại iPhone")
    if "iPad" in user_agent:
        return say("Máy tính bảng iPad")
    if "Android" in user_agent:
        return say("Điện thoại Android") if "Mobile" in user_agent else say("Máy tính bảng Android")
    return say("Máy tính")


def _member(reading: Session, found: enrolment.Enrolment) -> Member | None:
    """Whoever the code is for, as long as there is a role in the market and, where a volunteer made the code, no holder
    has come to the stall since."""
    member = next(iter(members(reading, found.market_id, login_id=found.login_id)), None)
    if member is None or found.made_by is None:
        return member
    if find_person(reading, found.made_by).may("change_people", market_id=found.market_id):
        return member
    in_use = stalls_in_use(reading, found.market_id)
    return member if in_use.isdisjoint(held.stall_id for held in member.held) else None


def _errors(name: str, pin: str, again: str) -> dict[str, str]:
    errors = {}
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        errors["name"] = say("Ghi tên điện thoại, từ 1 đến 40 chữ.")
    return errors | pin_errors(pin, again)


def pin_errors(pin: str, again: str) -> dict[str, str]:
    """What is wrong with a new PIN, typed twice."""
    errors = {}
    problem = pin_problem(pin)
    if problem == "shape":
        errors["pin"] = say("Mã PIN gồm đúng 6 số.")
    elif problem == "weak":
        errors["pin"] = say("Mã này dễ đoán quá. Chọn 6 số khác, đừng liền nhau hay lặp lại.")
    elif pin != again:
        errors["again"] = say("Hai lần ghi chưa giống nhau. Ghi lại mã PIN cả hai ô.")
    return errors


def _ask_code(typed: str, errors: dict[str, str], status: int) -> tuple[str, int]:
    return render_template("access/enrol_code.html", typed=typed, errors=errors), status


def _ask_pin(code: str, market: MarketRow, member: Member, name: str, errors: dict[str, str]) -> tuple[str, int]:
    text = render_template("access/enrol_pin.html", code=code, market=market, member=member, name=name, errors=errors)
    return text, 400 if errors else 200
