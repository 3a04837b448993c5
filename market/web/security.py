"""One's own security: the password, the second factor, passkeys, the phones, and signing out everywhere else."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask import session as form_session
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from market.access import devices, logins, passkeys, passwords, pins, second_factor, sessions
from market.markets import list_markets
from market.secret_key import seal
from market.web import known
from market.web.access import password_error
from market.web.app import installation, sign_in_cookie
from market.web.confirm import ask_to_confirm, confirmed
from market.web.enrol import pin_errors
from market.web.link_pictures import link_picture
from market.web.noted import noted
from market.web.words import say

blueprint = Blueprint("security", __name__, url_prefix="/security")
# Whoever holds one of these opens a whole market: a password alone is little for that.
ADVISED = frozenset({"administrator", "board"})


@blueprint.app_template_global()
def lacks_second_factor() -> bool:
    """Whether whoever is asking should have a second factor, and has none yet."""
    person = g.get("person")
    if person is None or person.device_id is not None or ADVISED.isdisjoint(grant.role for grant in person.grants):
        return False
    with installation().database.reading() as session:
        return not second_factor.has_second_factor(session, person.login_id)


def _token() -> str:
    return request.cookies.get(sign_in_cookie(), "")


def _market(session: Session) -> int | None:
    return logins.market_of(session, g.person.login_id)


def _with_password() -> None:
    """Passwords and second factors are of those who sign in by one; for others there is no such page."""
    with installation().database.reading() as session:
        if not logins.has_password(session, g.person.login_id):
            abort(404)


@blueprint.get("")
def own() -> str:
    """What guards this login, and its phones."""
    bound = passkeys.site_of(installation().settings.base_url)
    with installation().database.reading() as session:
        login_id = g.person.login_id
        return render_template(
            "access/security.html",
            has_password=logins.has_password(session, login_id),
            has_digits=second_factor.has_digits(session, login_id),
            has_second=second_factor.has_second_factor(session, login_id),
            codes_left=second_factor.codes_left(session, login_id),
            own_passkeys=passkeys.passkeys_of(session, login_id),
            rp_id=bound.rp_id if bound else "",
            phones=devices.devices_of(session, login_id),
        )


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> AnyResponse | str | tuple[str, int]:
    """Change the password; every other session ends."""
    _with_password()
    if not confirmed():
        return ask_to_confirm(url_for(".password"))
    if request.method == "GET":
        return render_template("access/password.html", errors={})
    wanted = request.form.get("password", "")
    with installation().database.writing() as session:
        names = [market.name for market in list_markets(session)]
        error = password_error(wanted, [g.person.name, *names])
        if error:
            return render_template("access/password.html", errors={"password": error}), 400
        passwords.set_password(session, g.person.login_id, wanted, but=_token())
        noted(session, "password_changed", market_id=_market(session))
    flash(say("Đã đổi mật khẩu. Các máy khác đã bị thoát."))
    return known.remember(redirect(url_for(".own"), 303), g.person.name)


@blueprint.route("/pin", methods=["GET", "POST"])
def pin() -> AnyResponse | str | tuple[str, int]:
    """Change the PIN of the phone in the hand, after the old one or its passkey."""
    device_id = g.person.device_id
    if device_id is None:
        abort(404)
    if not confirmed():
        return ask_to_confirm(url_for(".pin"))
    if request.method == "GET":
        return render_template("access/pin.html", errors={})
    wanted, again = ("".join(request.form.get(name, "").split()) for name in ("pin", "again"))
    errors = pin_errors(wanted, again)
    if errors:
        return render_template("access/pin.html", errors=errors), 400
    with installation().database.writing() as session:
        pins.set_pin(session, device_id, wanted)
        noted(session, "pin_changed", market_id=_market(session), device=device_id)
    flash(say("Đã đổi mã PIN của điện thoại này."))
    return redirect(url_for(".own"), 303)


@blueprint.route("/second", methods=["GET", "POST"])
def second() -> AnyResponse | str | tuple[str, int]:
    """Turn the second factor on: scan, write the digits it shows, keep the recovery codes."""
    _with_password()
    if not confirmed():
        return ask_to_confirm(url_for(".second"))
    with installation().database.reading() as session:
        if second_factor.has_digits(session, g.person.login_id):
            return redirect(url_for(".own"), 303)
    secret = _new_secret(g.person.login_id)
    if request.method == "GET":
        return _second_page(secret, {})
    step = second_factor.step_of(secret, request.form.get("code", ""), utc_now())
    if step is None:
        error = say("Mã chưa khớp. Xem giờ của điện thoại có đúng không, rồi ghi mã đang hiện.")
        return _second_page(secret, {"code": error}), 400
    with installation().database.writing() as session:
        codes = second_factor.turn_on(session, g.person.login_id, seal(installation().key, secret), step)
        noted(session, "second_factor_on", market_id=_market(session))
    del form_session["to_turn_on"]
    return codes_page(codes, say("Đã bật bước thứ hai"))


def _new_secret(login_id: int) -> str:
    """The secret that this login is shown until it is turned on: one of its own, whoever sat here before."""
    kept = form_session.get("to_turn_on")
    if kept is None or kept["login"] != login_id:
        kept = form_session["to_turn_on"] = {"login": login_id, "secret": second_factor.new_secret()}
    return str(kept["secret"])


def codes_page(codes: list[str], said: str) -> str:
    """The recovery codes, shown once, under what was just done."""
    return render_template("access/recovery.html", codes=codes, said=said)


def _second_page(secret: str, errors: dict[str, str]) -> str:
    link = second_factor.setup_link(secret, g.person.name, "Chợ 4.0")
    groups = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    return render_template("access/second_new.html", picture=link_picture(link), secret=groups, errors=errors)


@blueprint.post("/codes")
def codes() -> AnyResponse | str:
    """New recovery codes; those that were left open nothing any more."""
    if not confirmed():
        return ask_to_confirm(url_for(".own"))
    with installation().database.writing() as session:
        if not second_factor.has_second_factor(session, g.person.login_id):
            abort(404)
        made = second_factor.new_codes(session, g.person.login_id)
        noted(session, "recovery_codes_made", market_id=_market(session))
    return codes_page(made, say("Mã dự phòng mới"))


@blueprint.post("/second/off")
def second_off() -> AnyResponse:
    """Ask for no digits any more."""
    if not confirmed():
        return ask_to_confirm(url_for(".own"))
    with installation().database.writing() as session:
        second_factor.turn_off(session, g.person.login_id)
        noted(session, "second_factor_off", market_id=_market(session))
        passkey = second_factor.has_second_factor(session, g.person.login_id)
    if passkey:
        flash(say("Đã tắt mã 6 số. Sau mật khẩu vẫn hỏi vân tay, khuôn mặt."))
    else:
        flash(say("Đã bỏ bước thứ hai. Từ nay chỉ hỏi mật khẩu."))
    return redirect(url_for(".own"), 303)


@blueprint.post("/everywhere")
def everywhere() -> AnyResponse:
    """End every session of this login but this one."""
    with installation().database.writing() as session:
        sessions.end_sessions(session, g.person.login_id, but=_token())
        noted(session, "sign_out_everywhere", market_id=_market(session))
    flash(say("Đã thoát ở mọi máy khác."))
    return redirect(url_for(".own"), 303)


@blueprint.post("/phones/<int:device_id>/end")
def end_phone(device_id: int) -> AnyResponse:
    """End one of one's own phones; the one in the hand signs out with it."""
    if not confirmed():
        return ask_to_confirm(url_for(".own"))
    with installation().database.writing() as session:
        if device_id not in {phone.id for phone in devices.devices_of(session, g.person.login_id)}:
            abort(404)
        devices.revoke(session, device_id, utc_now())
        noted(session, "device_revoked", market_id=_market(session), device=device_id)
    flash(say("Đã ngắt điện thoại đó."))
    return redirect(url_for(".own"), 303)
