"""Once more who it is, before what is sensitive: a passkey, the phone's PIN, the second factor, or the password."""

import math
import time
from typing import Literal

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from market.access import logins, passkeys, pins, second_factor, sessions
from market.web import access
from market.web.app import installation, sign_in_cookie
from market.web.noted import noted
from market.web.words import say

blueprint = Blueprint("confirm", __name__)
Way = Literal["pin", "totp", "recovery", "password"]


def confirmed() -> bool:
    """Whether PIN, second factor or password was shown on this session within the last ten minutes."""
    with installation().database.reading() as session:
        return sessions.is_confirmed(session, request.cookies.get(sign_in_cookie(), ""), utc_now())


def ask_to_confirm(back: str = "") -> AnyResponse:
    """The way to show it: a page that leads back to the path `back`; without it to the page that is being read."""
    if not back:
        back = (request.full_path if request.query_string else request.path) if request.method == "GET" else "/"
    return redirect(url_for("confirm.show", next=back), 303)


@blueprint.route("/confirm", methods=["GET", "POST"])
def show() -> AnyResponse | tuple[str, int]:
    """Ask for it, and lead back. Wrong ones are slowed; a PIN that is wrong six times in a row ends the phone."""
    back = access.own_path(request.values.get("next", "/"))
    way = _way()
    if request.method == "GET":
        return page(back, {}, 200)
    # A session waits for its own wrong tries only, for nobody else's behind the same address.
    here, whose = f"session {request.cookies.get(sign_in_cookie(), '')}", f"confirm {g.person.login_id}"
    wait = access.throttle.wait(here, whose, time.monotonic())
    if wait:
        seconds = math.ceil(wait)
        errors = {"proof": say("Sai nhiều lần rồi. Đợi {seconds} giây rồi thử lại.", seconds=seconds)}
        text, status = page(back, errors, 429)
        return Response(text, status, {"Retry-After": str(seconds)})
    said = _try(way, request.form.get("proof", ""))
    if said == "right":
        access.throttle.right(here, whose)
        return redirect(back, 303)
    if said == "ended":
        return redirect(url_for("access.sign_in"), 303)
    wrong = {
        "pin": "Mã PIN chưa đúng. Sai 6 lần liền thì điện thoại này bị ngắt, phải xin mã mới.",
        "totp": "Mã chưa đúng hoặc đã dùng rồi. Đợi mã mới hiện ra rồi ghi lại.",
        "recovery": "Mã chưa đúng hoặc đã dùng rồi. Ghi một mã dự phòng khác.",
        "password": "Mật khẩu chưa đúng. Ghi lại.",
    }
    return page(back, {"proof": say(wrong[way])}, 401)


def _way() -> Way:
    """What is asked for beside a passkey."""
    person = g.person
    with installation().database.reading() as session:
        if person.device_id is not None:
            return "pin"
        if second_factor.has_digits(session, person.login_id):
            return "totp"
        return "recovery" if second_factor.has_second_factor(session, person.login_id) else "password"


def _try(way: Way, proof: str) -> Literal["right", "wrong", "ended"]:
    person, now = g.person, utc_now()
    said: Literal["right", "wrong", "ended"]
    with installation().database.writing() as session:
        if way == "pin":
            said = pins.try_pin(session, person.device_id, proof, now)
            acts = {"right": (), "wrong": ("pin_wrong",), "ended": ("pin_wrong", "device_revoked")}
            for act in acts[said]:
                noted(session, act, market_id=logins.market_of(session, person.login_id), device=person.device_id)
        elif way in ("totp", "recovery"):
            right = second_factor.take(session, installation().key, person.login_id, proof, now)
            said = "right" if right else "wrong"
        else:
            right = sessions.check_password(session, person.name, proof) == person.login_id
            said = "right" if right else "wrong"
        if (
            way != "pin"
            and said == "wrong"
            and access.throttle.worth_telling(f"confirm {person.login_id}", time.monotonic())
        ):
            act = "sign_in_wrong" if way == "password" else "second_factor_wrong"
            noted(session, act, market_id=logins.market_of(session, person.login_id), login=person.login_id)
        if said == "right":
            sessions.confirm(session, request.cookies.get(sign_in_cookie(), ""), now)
    return said


def page(back: str, errors: dict[str, str], status: int) -> tuple[str, int]:
    """What this session may show, and what was wrong with what it did."""
    with installation().database.reading() as session:
        passkey = passkeys.count(session, g.person.login_id, g.person.device_id) > 0
    return render_template("access/confirm.html", way=_way(), back=back, passkey=passkey, errors=errors), status
