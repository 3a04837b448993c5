"""Passkeys: adding one, signing in with it, showing it once more before what is sensitive, removing it.

The script asks for a challenge (`ask`), has the device answer it and sends the answer with an ordinary form.
"""

import time

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for
from flask import session as form_session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from market.access import logins, passkeys, second_factor, sessions
from market.access.passkeys import LONGEST_NAME, Purpose, Shown, Site
from market.web import access
from market.web import confirm as confirming
from market.web.app import installation, sign_in_cookie
from market.web.enrol import device_name
from market.web.noted import noted
from market.web.security import codes_page
from market.web.words import say

blueprint = Blueprint("passkeys", __name__)


def site() -> Site | None:
    """What passkeys are bound to here; None where the public address switches them off."""
    return passkeys.site_of(installation().settings.base_url)


@blueprint.app_template_global()
def passkeys_work() -> bool:
    """Whether browsers know passkeys at the public address."""
    return site() is not None


def _site() -> Site:
    found = site()
    if found is None:
        abort(404)
    return found


@blueprint.post("/passkey/ask/<any(add, sign_in, second, confirm):purpose>")
def ask(purpose: Purpose) -> Response:
    """What this browser is to ask its device, as JSON: in `challenge` something that nobody was asked before."""
    bound, now = _site(), utc_now()
    login_id, device_id = _whose(purpose)
    with installation().database.writing() as session:
        if purpose == "add":
            key = installation().key
            assert login_id is not None
            challenge, options = passkeys.ask_to_add(
                session, bound, key, login_id=login_id, device_id=device_id, now=now
            )
        else:
            challenge, options = passkeys.ask_to_show(
                session, bound, purpose=purpose, login_id=login_id, device_id=device_id, now=now
            )
    form_session["passkey"] = challenge
    return Response(options, mimetype="application/json")


def _whose(purpose: Purpose) -> tuple[int | None, int | None]:
    """Whose passkey is asked for, of a browser or of which enrolled device; 401 for who may not ask for that."""
    if purpose == "sign_in":
        return None, None
    if purpose == "second":
        asked = access.second_asked()
        return (asked[0], None) if asked else abort(401)
    if g.person is None or (purpose == "add" and not confirming.confirmed()):
        abort(401)
    return g.person.login_id, g.person.device_id


def _shown(purpose: Purpose) -> Shown:
    """What became of the answer that this form brings; a wrong one of a known passkey is written into the trail."""
    bound, now = _site(), utc_now()
    login_id, device_id = _whose(purpose)
    with installation().database.writing() as session:
        shown = passkeys.show(
            session,
            bound,
            installation().key,
            challenge=form_session.pop("passkey", b""),
            purpose=purpose,
            login_id=login_id,
            device_id=device_id,
            answer=request.form.get("credential", ""),
            now=now,
        )
        if shown.login_id is not None and shown.passkey_id is not None and shown.said != "right":
            told = access.throttle.worth_telling(f"passkey {shown.login_id}", time.monotonic())
            if shown.said == "copied" or told:
                noted(
                    session,
                    f"passkey_{shown.said}",
                    market_id=logins.market_of(session, shown.login_id),
                    login=shown.login_id,
                    passkey=shown.passkey_id,
                )
        if shown.said == "right" and purpose == "confirm":
            sessions.confirm(session, request.cookies.get(sign_in_cookie(), ""), now)
    return shown


def _wrong() -> dict[str, str]:
    return {"passkey": say("Máy chưa xác nhận được. Thử lại, hoặc dùng cách kia.")}


@blueprint.post("/signin/passkey")
def sign_in() -> AnyResponse | tuple[str, int]:
    """With a passkey alone; or with one of the login whose password was just shown."""
    purpose: Purpose = "second" if request.form.get("purpose") == "second" else "sign_in"
    asked = access.second_asked()
    if purpose == "second" and asked is None:
        return redirect(url_for("access.sign_in"), 303)
    shown = _shown(purpose)
    back = asked[1] if purpose == "second" and asked else access.own_path(request.form.get("next", "/"))
    if shown.said == "right" and shown.login_id is not None:
        return access.begin(shown.login_id, back, passkey_id=shown.passkey_id, confirmed=True)
    if purpose == "second" and asked:
        return access.second_page(asked[0], _wrong(), 401)
    return access.sign_in_page(back, "", _wrong(), 401)


@blueprint.post("/confirm/passkey")
def confirm() -> AnyResponse | tuple[str, int]:
    """Once more who it is, in the place of PIN, digits or password."""
    back = access.own_path(request.form.get("next", "/"))
    return redirect(back, 303) if _shown("confirm").said == "right" else confirming.page(back, _wrong(), 401)


@blueprint.route("/security/passkeys/new", methods=["GET", "POST"])
def new() -> AnyResponse | str | tuple[str, int]:
    """Add one, under a name that tells which device it is on. With the first second factor come the recovery codes."""
    bound = _site()
    if not confirming.confirmed():
        return confirming.ask_to_confirm(url_for(".new"))
    if request.method == "GET":
        return _new_page(device_name(request.user_agent.string), {}, 200)
    name = request.form.get("name", "").strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        return _new_page(name, {"name": say("Ghi tên máy, từ 1 đến 40 chữ.")}, 400)
    login_id, device_id = g.person.login_id, g.person.device_id
    with installation().database.writing() as session:
        had_second = second_factor.has_second_factor(session, login_id)
        passkey_id = passkeys.add(
            session,
            bound,
            challenge=form_session.pop("passkey", b""),
            login_id=login_id,
            device_id=device_id,
            answer=request.form.get("credential", ""),
            name=name,
            now=utc_now(),
        )
        codes = []
        if passkey_id is not None:
            noted(session, "passkey_added", market_id=logins.market_of(session, login_id), passkey=passkey_id)
            if device_id is None and not had_second:
                codes = second_factor.new_codes(session, login_id)
    if passkey_id is None:
        return _new_page(name, {"passkey": say("Chưa thêm được. Thử lại; máy đã thêm rồi thì khỏi thêm nữa.")}, 400)
    if codes:
        return codes_page(codes, say("Đã thêm khoá vân tay"))
    flash(say("Đã thêm khoá vân tay."))
    return redirect(url_for("security.own"), 303)


def _new_page(name: str, errors: dict[str, str], status: int) -> tuple[str, int]:
    return render_template("access/passkey_new.html", name=name, errors=errors), status


@blueprint.post("/security/passkeys/<int:passkey_id>/remove")
def remove(passkey_id: int) -> AnyResponse:
    """Forget one of one's own."""
    if not confirming.confirmed():
        return confirming.ask_to_confirm(url_for("security.own"))
    with installation().database.writing() as session:
        if not passkeys.remove(session, g.person.login_id, passkey_id):
            abort(404)
        market_id = logins.market_of(session, g.person.login_id)
        noted(session, "passkey_removed", market_id=market_id, passkey=passkey_id)
    flash(say("Đã bỏ khoá vân tay đó."))
    return redirect(url_for("security.own"), 303)
