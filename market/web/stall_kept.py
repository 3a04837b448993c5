"""What a stall's phone keeps to work without a network, and what makes the pages an app that can be installed."""

import hashlib
import hmac
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, g, jsonify, request, session, url_for
from flask import current_app as app
from flask_wtf.csrf import generate_csrf

from market.web import stall as phone
from market.web import stall_sign
from market.web.app import ROOT, installation
from market.web.words import say
from merchants.stalls import StallRow, load_stall

blueprint = Blueprint("kept", __name__, url_prefix="/stall")
MARK = "Cho-Keep"
KEPT = frozenset({"stall.today", "stall.till", "stall_sign.show"})


@cache
def version() -> str:
    """A digest of every page, script, picture and word: another one, and phones take all of them anew."""
    digest = hashlib.sha256()
    for folder in (ROOT / "templates", ROOT / "market" / "static", Path(__file__).with_name("english")):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def mark_of(stall: StallRow) -> str:
    """Under which mark a phone keeps this stall's pages: the version, and a seal over whoever they are for and all in
    them that money goes by, so that another person, stall, language, light or account replaces all of them."""
    own = stall.id in g.person.stalls
    parts = (g.person.login_id, own, g.language, g.sun, stall.id, stall.bin, stall.account_number, stall.reference)
    seal = hmac.digest(installation().key.encode(), f"cho kept {parts}".encode(), hashlib.sha256)
    return f"{version()}-{seal.hex()[:16]}"


@blueprint.app_template_global()
def kept_version() -> str:
    """The version a page is of."""
    return version()


@blueprint.app_template_global()
def person_mark() -> str:
    """Whose a page is: what a phone writes down without a network is shown to, and sent by, the same person only."""
    seal = hmac.digest(installation().key.encode(), f"cho unsent {g.person.login_id}".encode(), hashlib.sha256)
    return seal.hex()[:16]


@blueprint.after_app_request
def mark(response: Response) -> Response:
    """Mark the pages that a phone may keep, as they stand at their own address."""
    shown = g.get("stall")
    if shown is not None and request.endpoint in KEPT and response.status_code == 200 and not request.query_string:
        response.headers[MARK] = mark_of(shown)
    if shown is not None:
        # A kept page's form is sent after the browser was closed: the cookie that its token goes with is to last. It is
        # there from the first page, for two answers that each make one leave the forms of the first without theirs.
        session.permanent = True
        generate_csrf()
    return response


@blueprint.get("/kept")
def pages() -> Response:
    """All pages that a phone keeps, in one answer: what they have in common is sent once, as `shared`, and each page
    has a comment with its number in its place. A phone that has the styles of this version says so, and gets none."""
    with installation().database.reading() as reading:
        stall = load_stall(reading, phone.chosen_stall())
    made = {
        url_for("stall.today"): phone.today,
        url_for("stall.till"): phone.till,
        url_for("stall_sign.show"): stall_sign.show,
        url_for(".made"): made_here,
        url_for(".offline"): offline,
    }
    written = {address: view()[0] for address, view in made.items()}
    style = app.jinja_env.globals["style"]
    assert callable(style)
    shared = [str(style(sheet)) for sheet in ("base.css", "phone.css")]
    for number, sheet in enumerate(shared):
        written = {address: html.replace(sheet, f"<!--{number}-->") for address, html in written.items()}
    has_them = request.args.get("styles") == version()
    response = jsonify(shared=None if has_them else shared, pages=written)
    response.headers[MARK] = mark_of(stall)
    return response


@blueprint.get("/made", endpoint="made")
def made_here() -> tuple[str, int]:
    """A code with an amount that the phone makes itself; it carries the stall's own reference, as its sign does."""
    with installation().database.reading() as reading:
        stall = load_stall(reading, phone.chosen_stall())
        last = phone.end_of_book(reading, stall)
    return phone.page("stall/made.html", stall, last=last)


@blueprint.get("/offline")
def offline() -> tuple[str, int]:
    """What stands in the place of a page that needs the network."""
    with installation().database.reading() as reading:
        stall = load_stall(reading, phone.chosen_stall())
    return phone.page("stall/offline.html", stall)


@blueprint.get("/app.webmanifest")
def manifest() -> Response:
    """The app as a phone installs it (W3C, Web Application Manifest)."""
    asset = app.jinja_env.globals["asset"]
    assert callable(asset)
    icons = [
        {"src": asset(name), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
        for name, side, purpose in (
            ("app-192.png", 192, "any"),
            ("app-512.png", 512, "any"),
            ("app-mask-512.png", 512, "maskable"),
        )
    ]
    said = {
        "id": "/stall/",
        "name": say("Chợ 4.0 · Sạp"),
        "short_name": say("Chợ 4.0"),
        "lang": g.language,
        "start_url": "/stall/",
        "scope": "/stall/",
        "display": "standalone",
        "background_color": "#fcf3da",
        "theme_color": "#0f3a8a",
        "icons": icons,
    }
    response = jsonify(said)
    response.mimetype = "application/manifest+json"
    return response


@blueprint.get("/sw.js")
def worker() -> Response:
    """The script that keeps them; it may do so below its own address only."""
    script = (ROOT / "market" / "static" / "sw.js").read_text("utf-8")
    return Response(script, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})
