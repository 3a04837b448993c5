"""Signing in and out, the first administrator, the language; and where everybody begins."""

import math
import re
import time

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask import session as form_session
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.refused import Refused
from market.access import audit, first, logins, passkeys, second_factor, sessions
from market.access.passwords import password_problem
from market.access.people import Person, find_login, find_person
from market.access.throttle import Throttle
from market.markets import MarketRow, add_market, list_markets
from market.web import known
from market.web.app import app_is_secure, installation, sign_in_cookie
from market.web.stall_words import LOOK_ALIKE
from market.web.typed import parse_number
from market.web.words import LANGUAGES, say
from merchants.look_alikes import look_alike
from merchants.stalls import load_stall
from qr.text import fold

blueprint = Blueprint("access", __name__)
throttle = Throttle()
SECOND_FACTOR_WAITS = 300
MOST_WRONG = 5
MOST_HELPING = 4
YEAR = 365 * 86_400
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


@blueprint.get("/")
def home() -> AnyResponse | str:
    """Everybody's own first page; who has several chooses."""
    with installation().database.reading() as session:
        if not sessions.has_administrator(session):
            return redirect(url_for(".first_run"))
        if g.person is None:
            return redirect(url_for(".sign_in"))
        places = _places(session, g.person)
    if len(places) == 1:
        return redirect(places[0][0])
    return render_template("access/choose.html" if places else "access/nothing.html", places=places)


def _places(session: Session, person: Person) -> list[tuple[str, str, str]]:
    """Where a person may begin: address, picture and name."""
    places = []
    if person.may("read_province"):
        places.append((url_for("province.month"), "list", say("Các chợ trong tỉnh")))
    for market in list_markets(session):
        if market.id in person.markets and person.may("read_month", market_id=market.id):
            places.append((url_for("board.month", slug=market.slug), "book", market.name))
        elif market.id in person.markets and person.may("enrol", market_id=market.id):
            places.append((url_for("people.every", slug=market.slug), "person", market.name))
    stalls = [load_stall(session, stall_id).code for stall_id in person.stalls_with("use_till")]
    if stalls:
        places.append((url_for("stall.today"), "today", say("Sạp {codes}", codes=", ".join(stalls))))
    return places


def own_path(text: str) -> str:
    """The path where it is one of this site, else the first page: no form or link leads to another site."""
    # Browsers read a backslash as a slash, and pass over tabs and line ends.
    if not text.isprintable() or not re.match(r"/(?!/)", text) or "\\" in text:
        return "/"
    return text


@blueprint.route("/signin", methods=["GET", "POST"])
def sign_in() -> AnyResponse | tuple[str, int]:
    """By login and password. What is wrong is told in the same words, after the same time, for every login."""
    back = own_path(request.values.get("next", "/"))
    if request.method == "GET":
        with installation().database.reading() as session:
            if not sessions.has_administrator(session):
                return redirect(url_for(".first_run"))
        return redirect(back) if g.person else sign_in_page(back, "", {}, 200)
    typed = request.form.get("login", "").strip()
    password = request.form.get("password", "")
    errors = {}
    if not typed:
        errors["login"] = say("Ghi tên đăng nhập.")
    if not password:
        errors["password"] = say("Ghi mật khẩu.")
    if errors:
        return sign_in_page(back, typed, errors, 400)
    # A name that cannot exist is looked for all the same, so that it takes as long.
    name = typed.lower() if LOGIN.fullmatch(typed.lower()) else ""
    address, now = known.tries_from(name), time.monotonic()
    wait = throttle.wait(address, name, now)
    if wait:
        seconds = math.ceil(wait)
        errors["password"] = say("Sai nhiều lần rồi. Đợi {seconds} giây rồi thử lại.", seconds=seconds)
        page, status = sign_in_page(back, typed, errors, 429)
        return Response(page, status, {"Retry-After": str(seconds)})
    with installation().database.reading() as session:
        login_id = sessions.check_password(session, name, password)
    if login_id is None:
        if throttle.worth_telling(name, now):
            _tell_wrong(name)
        errors["password"] = say("Tên đăng nhập hoặc mật khẩu chưa đúng. Xem lại cả hai rồi thử lại.")
        return sign_in_page(back, typed, errors, 401)
    throttle.right(address, name)
    with installation().database.reading() as session:
        second = second_factor.has_second_factor(session, login_id)
    return ask_second_factor(login_id, back) if second else begin(login_id, back, confirmed=True)


def ask_second_factor(login_id: int, back: str) -> AnyResponse:
    """The password was right; the browser keeps for five minutes whose, and is asked for the second factor."""
    until = int(time.time() + SECOND_FACTOR_WAITS)
    form_session["second"] = {"login": login_id, "back": back, "until": until}
    return redirect(url_for(".second"), 303)


@blueprint.route("/signin/code", methods=["GET", "POST"])
def second() -> AnyResponse | tuple[str, int]:
    """The second factor, of whoever has just shown a password here. Wrong five times, the password is asked anew."""
    asked = second_asked()
    if asked is None:
        return redirect(url_for(".sign_in"), 303)
    login_id, back = asked
    if request.method == "GET":
        return second_page(login_id, {}, 200)
    with installation().database.reading() as session:
        name = find_person(session, login_id).name
    address, now, whose = known.tries_from(name), time.monotonic(), f"second {login_id}"
    wait = throttle.wait(address, whose, now)
    if not wait and not known.is_known(name):
        wait = throttle.wait_anywhere(login_id, now)
    if wait:
        seconds = math.ceil(wait)
        errors = {"code": say("Sai nhiều lần rồi. Đợi {seconds} giây rồi thử lại.", seconds=seconds)}
        page, status = second_page(login_id, errors, 429)
        return Response(page, status, {"Retry-After": str(seconds)})
    with installation().database.writing() as session:
        right = second_factor.take(session, installation().key, login_id, request.form.get("code", ""), utc_now())
        if not right and throttle.worth_telling(whose, now):
            market_id, about = logins.market_of(session, login_id), {"login": login_id}
            audit.note(session, "second_factor_wrong", market_id=market_id, about=about, at=utc_now())
    if not right:
        wrong = form_session["second"].get("wrong", 0) + 1
        if wrong >= MOST_WRONG:
            del form_session["second"]
            errors = {"password": say("Ghi sai mã 5 lần rồi. Ghi lại mật khẩu để thử tiếp.")}
            return sign_in_page(back, name, errors, 401)
        form_session["second"] = form_session["second"] | {"wrong": wrong}
        errors = {"code": say("Mã chưa đúng hoặc đã dùng rồi. Đợi mã mới hiện ra rồi ghi lại.")}
        return second_page(login_id, errors, 401)
    throttle.right(address, whose)
    return begin(login_id, back, confirmed=True)


def second_page(login_id: int, errors: dict[str, str], status: int) -> tuple[str, int]:
    """Whoever has just shown this login's password is asked for one thing more."""
    with installation().database.reading() as session:
        digits = second_factor.has_digits(session, login_id)
        passkey = passkeys.count(session, login_id, None) > 0
    return render_template("access/second.html", errors=errors, digits=digits, passkey=passkey), status


def second_asked() -> tuple[int, str] | None:
    """The login whose password was right in this browser within the last five minutes, and where it leads back to."""
    asked = form_session.get("second")
    return (asked["login"], asked["back"]) if asked and time.time() <= asked["until"] else None


def _tell_wrong(name: str) -> None:
    """Somebody tried to be this login, where there is one."""
    with installation().database.writing() as session:
        found = find_login(session, name)
        if found is not None:
            login_id, market_id = found
            audit.note(session, "sign_in_wrong", market_id=market_id, about={"login": login_id}, at=utc_now())


def sign_in_page(back: str, login: str, errors: dict[str, str], status: int) -> tuple[str, int]:
    """The ways in."""
    with installation().database.reading() as session:
        markets = list_markets(session)
    only = markets[0] if len(markets) == 1 else None
    # Of a whole province's markets nobody reads the telephones.
    helping = [market for market in markets if market.phone] if len(markets) <= MOST_HELPING else []
    text = render_template("access/sign_in.html", back=back, login=login, errors=errors, market=only, helping=helping)
    return text, status


def begin(
    login_id: int,
    back: str,
    *,
    device_id: int | None = None,
    passkey_id: int | None = None,
    confirmed: bool = False,
) -> AnyResponse:
    """Sign a person in here, whoever was before, and lead to a page: on an enrolled phone, or in a browser that has
    just `confirmed` it with password, second factor or the passkey `passkey_id`."""
    _forget_forms()
    former = request.cookies.get(sign_in_cookie())
    about = {} if passkey_id is None else {"passkey": passkey_id}
    with installation().database.writing() as session:
        if former:
            sessions.sign_out(session, former)
        token = sessions.sign_in(session, login_id, utc_now(), device_id=device_id, confirmed=confirmed)
        market_id, name = logins.market_of(session, login_id), find_person(session, login_id).name
        now = utc_now()
        audit.note(session, "sign_in", market_id=market_id, about=about, login_id=login_id, device_id=device_id, at=now)
    response = redirect(back, 303)
    response.set_cookie(
        sign_in_cookie(),
        token,
        max_age=int((sessions.LONGEST if device_id is None else sessions.DEVICE_LONGEST).total_seconds()),
        secure=app_is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response if device_id is not None else known.remember(response, name)


def _forget_forms() -> None:
    """What a browser's pages kept for whoever was signed in is not shown to whoever comes next. Wrong codes stay
    counted: they are the browser's own."""
    enrolling = form_session.get("enrolling")
    form_session.clear()
    if enrolling is not None:
        form_session["enrolling"] = enrolling


@blueprint.post("/signout")
def sign_out() -> AnyResponse:
    """End the session here; the browser forgets the pages it kept."""
    _forget_forms()
    token = request.cookies.get(sign_in_cookie())
    if token:
        with installation().database.writing() as session:
            sessions.sign_out(session, token)
    response = redirect(url_for(".sign_in"), 303)
    response.delete_cookie(sign_in_cookie(), secure=app_is_secure(), httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.post("/language")
def language() -> AnyResponse:
    """Keep the language in this browser, and for the person; back to the same page."""
    wanted = request.form.get("language", "")
    response = redirect(own_path(request.form.get("back", "/")), 303)
    if wanted in LANGUAGES:
        _remember(response, "lang", wanted)
        if g.person:
            with installation().database.writing() as session:
                sessions.set_language(session, g.person.login_id, wanted)
    return response


def _remember(response: AnyResponse, name: str, value: str) -> None:
    """Keep what a browser's reader likes, signed in or not."""
    response.set_cookie(name, value, max_age=YEAR, secure=app_is_secure(), httponly=True, samesite="Lax")


@blueprint.post("/light")
def light() -> AnyResponse:
    """Keep in this browser whether its screen stands in the sun; back to the same page."""
    response = redirect(own_path(request.form.get("back", "/")), 303)
    if request.form.get("light") == "sun":
        _remember(response, "light", "sun")
    else:
        response.delete_cookie("light", secure=app_is_secure(), httponly=True, samesite="Lax")
    return response


@blueprint.route("/first", methods=["GET", "POST"])
def first_run() -> AnyResponse | str | tuple[str, int]:
    """The first administrator and, where there is none yet, the first market."""
    with installation().database.reading() as session:
        if sessions.has_administrator(session):
            return redirect("/")
        markets = list_markets(session)
    if request.method == "GET":
        return render_template("access/first.html", typed={}, errors={}, has_market=bool(markets))
    typed = {name: request.form.get(name, "").strip() for name in ("code", "name", "target", "login")}
    password = request.form.get("password", "")
    errors = _first_errors(typed, password, bool(markets))
    if errors:
        return render_template("access/first.html", typed=typed, errors=errors, has_market=bool(markets)), 400
    try:
        login_id, market = _make_first(typed, password, markets)
    except Refused:
        errors["login"] = say("Tên này đã có người dùng. Chọn tên khác.")
        return render_template("access/first.html", typed=typed, errors=errors, has_market=bool(markets)), 400
    first.forget_first_code(installation())
    return begin(login_id, url_for("stall_import.bring", slug=market.slug), confirmed=True)


def _make_first(typed: dict[str, str], password: str, markets: list[MarketRow]) -> tuple[int, MarketRow]:
    now = utc_now()
    with installation().database.writing() as session:
        if markets:
            market = markets[0]
        else:
            target = parse_number(typed["target"])
            market = add_market(session, slug=_slug(typed["name"]), name=typed["name"], target=target, now=now)
            audit.note(session, "market_added", market_id=market.id, at=now)
        login_id = logins.add_login(
            session,
            name=typed["login"].lower(),
            role="administrator",
            market_id=None,
            stall_id=None,
            password=password,
            now=now,
        )
        about: dict[str, int | str] = {"login": login_id, "role": "administrator"}
        audit.note(session, "person_added", market_id=None, about=about, at=now)
    return login_id, market


def _first_errors(typed: dict[str, str], password: str, has_market: bool) -> dict[str, str]:
    errors = {}
    address, now = request.remote_addr or "", time.monotonic()
    wait = throttle.wait(address, "first", now)
    if wait:
        errors["code"] = say("Sai nhiều lần rồi. Đợi {seconds} giây rồi thử lại.", seconds=math.ceil(wait))
    elif first.is_first_code(installation(), typed["code"]):
        throttle.right(address, "first")
    else:
        errors["code"] = say("Mã chưa đúng. Chép lại mã trên màn hình máy chạy chương trình.")
    if not has_market:
        if not 0 < len(typed["name"]) <= 60 or not _slug(typed["name"]):
            errors["name"] = say("Ghi tên chợ, từ 1 đến 60 chữ, ví dụ Chợ Quảng Ngãi.")
        target = parse_number(typed["target"])
        if typed["target"] and (target is None or not 0 < target <= 10_000_000):
            errors["target"] = say("Ghi một số từ 1 đến 10.000.000, hoặc để trống.")
    if not LOGIN.fullmatch(typed["login"].lower()):
        plain = "Dùng từ 2 đến 64 chữ không dấu, số, dấu chấm hoặc gạch, ví dụ thuha."
        errors["login"] = say(LOOK_ALIKE if look_alike(typed["login"]) else plain)
    wrong = password_error(password, [typed["login"], typed["name"]])
    if wrong:
        errors["password"] = wrong
    return errors


def password_error(password: str, own: list[str]) -> str:
    """What is wrong with a new password of somebody whose own words these are, and how to mend it; empty: nothing."""
    problems = {
        "short": "Mật khẩu cần ít nhất 8 ký tự.",
        "long": "Mật khẩu dài quá, nhiều nhất 200 ký tự.",
        "common": "Mật khẩu này nhiều người dùng, dễ bị đoán. Ghép ba bốn từ không liên quan.",
        "own": "Mật khẩu trùng tên đăng nhập hoặc tên chợ. Chọn cái khác.",
    }
    problem = password_problem(password, own)
    return say(problems[problem]) if problem else ""


def _slug(name: str) -> str:
    """Chợ Quảng Ngãi → quang-ngai; empty where no Latin letter or figure is left."""
    words = re.findall(r"[a-z0-9]+", fold(name).lower())
    if len(words) > 1 and words[0] == "cho":
        del words[0]
    return "-".join(words)[:40].strip("-")
