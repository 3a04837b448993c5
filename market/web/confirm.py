"""Once more who it is, before what is sensitive: the phone's PIN, the second factor, or the password."""

import math
import time
from typing import Literal

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from market.access import logins, pins, second_factor, sessions
from market.web import access
from market.web.app import installation, sign_in_cookie
from market.web.noted import noted
from market.web.words import say

blueprint = Blueprint("confirm", __name__)
Way = Literal["pin", "totp", "password"]


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
    with installation().database.reading() as session:
        way: Way = "password"
        if g.person.device_id is not None:
            way = "pin"
        elif second_factor.has_second_factor(session, g.person.login_id):
            way = "totp"
    if request.method == "GET":
        return _page(way, back, "", 200)
    address, now = request.remote_addr or "", time.monotonic()
    whose = f"confirm {g.person.login_id}"
    wait = access.throttle.wait(address, whose, now)
    if wait:
        seconds = math.ceil(wait)
        text, status = _page(way, back, say("Sai nhiều lần rồi. Đợi {seconds} giây rồi thử lại.", seconds=seconds), 429)
        return Response(text, status, {"Retry-After": str(seconds)})
    said = _try(way, request.form.get("proof", ""))
    if said == "right":
        access.throttle.right(address, whose)
        return redirect(back, 303)
    if said == "ended":
        return redirect(url_for("access.sign_in"), 303)
    access.throttle.wrong(address, whose, now)
    errors = {
        "pin": "Mã PIN chưa đúng. Sai 6 lần liền thì điện thoại này bị ngắt, phải xin mã mới.",
        "totp": "Mã chưa đúng hoặc đã dùng rồi. Đợi mã mới hiện ra rồi ghi lại.",
        "password": "Mật khẩu chưa đúng. Ghi lại.",
    }
    return _page(way, back, say(errors[way]), 401)


def _try(way: Way, proof: str) -> Literal["right", "wrong", "ended"]:
    person, now = g.person, utc_now()
    said: Literal["right", "wrong", "ended"]
    with installation().database.writing() as session:
        if way == "pin":
            said = pins.try_pin(session, person.device_id, proof, now)
            acts = {"right": (), "wrong": ("pin_wrong",), "ended": ("pin_wrong", "device_revoked")}
            for act in acts[said]:
                noted(session, act, market_id=logins.market_of(session, person.login_id), device=person.device_id)
        elif way == "totp":
            right = second_factor.take(session, installation().key, person.login_id, proof, now)
            said = "right" if right else "wrong"
        else:
            right = sessions.check_password(session, person.name, proof) == person.login_id
            said = "right" if right else "wrong"
        if said == "right":
            sessions.confirm(session, request.cookies.get(sign_in_cookie(), ""), now)
    return said


def _page(way: Way, back: str, error: str, status: int) -> tuple[str, int]:
    errors = {"proof": error} if error else {}
    return render_template("access/confirm.html", way=way, back=back, errors=errors), status
