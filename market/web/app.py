"""The Flask application: its blueprints, who is asking, and what every answer carries."""

import base64
import gzip
import hashlib
import hmac
import re
from importlib import import_module
from pathlib import Path

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFProtect
from markupsafe import Markup
from werkzeug.routing import IntegerConverter, Map

from ledger.days import utc_now
from market.access import sessions
from market.installation import Installation
from market.proxies import Proxies
from market.web import formats, own_address, words
from market.web.gate import guard

ROOT = Path(__file__).resolve().parent.parent.parent
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' {styles}; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
# Every module of this package that has a blueprint.
_PAGES = (
    "access",
    "api",
    "board",
    "board_account",
    "board_amounts",
    "board_answered",
    "board_connect",
    "board_forget",
    "board_forms",
    "board_gaps",
    "board_held",
    "board_import",
    "board_log",
    "board_signs",
    "board_stalls",
    "board_statements",
    "board_unmatched",
    "confirm",
    "enrol",
    "hooks",
    "passkeys",
    "people",
    "province",
    "public",
    "security",
    "stall",
    "stall_account",
    "stall_cash",
    "stall_closing",
    "stall_connect",
    "stall_find",
    "stall_kept",
    "stall_data",
    "stall_loa",
    "stall_payments",
    "stall_revenue",
    "stall_week",
    "stall_privacy",
    "stall_sign",
)
# What a style sheet says to who reads it, no phone has to load.
_REMARK = re.compile(r"/\*.*?\*/\n?", re.DOTALL)
csrf = CSRFProtect()


def create_app(installation: Installation) -> Flask:
    """The application over one installation; its database is opened (and, when empty, made) here."""
    app = Flask("market", root_path=str(ROOT / "market"), template_folder=str(ROOT / "templates"))
    settings = installation.settings
    app.wsgi_app = Proxies(app.wsgi_app, settings.proxies)  # type: ignore[method-assign]
    secure = settings.base_url.startswith("https://")
    app.extensions["cho"] = installation
    app.config.update(
        SECRET_KEY=hmac.digest(installation.key.encode(), b"cho web forms", hashlib.sha256),
        SESSION_COOKIE_NAME="__Host-forms" if secure else "forms",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Sent with a phone's pages only (market.web.stall_kept): a file that everybody keeps carries no cookie.
        SESSION_REFRESH_EACH_REQUEST=False,
        SIGN_IN_COOKIE="__Host-cho" if secure else "cho",
        # A stall's phone shows one page all day, and browsers inside other apps send no Referer.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=20_000_000,
        MAX_FORM_MEMORY_SIZE=200_000,
        MAX_FORM_PARTS=100,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
    )
    app.url_map.converters["int"] = _Id
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    assert installation.database, "the tables are made before the first request"
    app.before_request(_bound_bodies)
    own_address.register(app, settings.base_url, given=settings.base_url_given)
    app.before_request(_meet)
    app.before_request(guard)
    # After the guard, for it reads the body to its end: of a page's large form a stranger's is not read at all.
    csrf.init_app(app)
    app.after_request(_compress)
    app.after_request(_harden)
    formats.register(app)
    words.register(app)
    _static_files(app)
    _blueprints(app)
    return app


class _Id(IntegerConverter):
    """A number in an address: one that no column could hold leads nowhere."""

    def __init__(self, map: Map, max: int = 2**63 - 1) -> None:  # noqa: A002 (the library's names)
        super().__init__(map, max=max)


def _blueprints(app: Flask) -> None:
    for name in _PAGES:
        app.register_blueprint(import_module(f"market.web.{name}").blueprint)


def _bound_bodies() -> None:
    """What is no file is small, whatever room a page gives its form's fields: werkzeug bounds those of a form with
    files only, and takes any other apart whole."""
    if request.mimetype != "multipart/form-data":
        request.max_content_length = current_app.config["MAX_FORM_MEMORY_SIZE"]


def _meet() -> None:
    """Find out who is asking, in which language and light; `g.person` is None for a stranger."""
    g.person = None
    g.sun = request.cookies.get("light") == "sun"
    token = request.cookies.get(sign_in_cookie())
    if token and request.endpoint != "static":
        database = installation().database
        with database.reading() as session:
            found = sessions.who(session, token, utc_now())
        if found is not None:
            g.person, worth_noting = found
            if worth_noting:
                with database.writing() as session:
                    sessions.note(session, token, utc_now())
    g.language = words.choose(request.cookies.get("lang") or (g.person.language if g.person else ""))


def _harden(response: Response) -> Response:
    headers = response.headers
    if response.content_length != 0:
        # A phone asks all day whether money came; what brings no content needs no policy for it.
        headers["Content-Security-Policy"] = current_app.extensions["cho content policy"]
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "geolocation=(), microphone=(), payment=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if app_is_secure():
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static" and "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store" if getattr(g, "person", None) else "no-cache"
    return response


def _compress(response: Response) -> Response:
    """Text goes out compressed: a phone on a slow line waits for every kilobyte."""
    kind = response.mimetype or ""
    text = kind.startswith("text/") or kind in ("application/json", "image/svg+xml", "text/javascript")
    if (
        not text
        or response.status_code != 200
        or "gzip" not in request.headers.get("Accept-Encoding", "")
        or "Content-Encoding" in response.headers
    ):
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) < 500:
        return response
    response.set_data(gzip.compress(content, 6, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    tag = response.get_etag()[0]
    if tag is not None:
        # Another sequence of bytes for the same content, so the tag stays but is weak (RFC 9110, 8.8.3).
        response.set_etag(tag, weak=True)
    return response


def _static_files(app: Flask) -> None:
    """Static files are named with a digest of their content, so that a phone keeps them and never an old one."""
    digests: dict[str, str] = {}

    def asset(name: str) -> str:
        if name not in digests or app.debug:
            content = (ROOT / "market" / "static" / name).read_bytes()
            digests[name] = base64.b32encode(hashlib.sha256(content).digest())[:10].decode().lower()
        return f"/static/{name}?v={digests[name]}"

    app.jinja_env.globals["asset"] = asset
    _styles(app)


def _styles(app: Flask) -> None:
    """A page carries its style sheets in itself: on a line that answers after two seconds a second request would keep
    a phone white for as long again. The policy names each by its digest, so that no other style is taken."""
    sheets = {
        path.name: _REMARK.sub("", path.read_text("utf-8"))
        for path in sorted((ROOT / "market" / "static").glob("*.css"))
    }
    digests = (base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode() for sheet in sheets.values())
    styles = " ".join(f"'sha256-{digest}'" for digest in digests)
    app.extensions["cho content policy"] = CONTENT_SECURITY_POLICY.format(styles=styles)
    app.jinja_env.globals["style"] = lambda name: Markup(f"<style>{sheets[name]}</style>")  # noqa: S704 (our own file)


def installation() -> Installation:
    """The installation this request is about."""
    found = current_app.extensions["cho"]
    assert isinstance(found, Installation)
    return found


def sign_in_cookie() -> str:
    """The name of the cookie that holds a person's session."""
    return str(current_app.config["SIGN_IN_COOKIE"])


def app_is_secure() -> bool:
    """Whether the public address is https."""
    return bool(current_app.config["SESSION_COOKIE_SECURE"])
