"""What anybody sees: a stall's page and its code, whether the program is well, and what went wrong."""

import hashlib
import logging
import re
import secrets
from functools import lru_cache

from flask import Blueprint, Response, g, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy import text
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import Gone, HTTPException, MethodNotAllowed, NotFound

from ledger.books.seals import newest_seal
from ledger.days import local_date, utc_now
from ledger.refused import Refused
from market.access.people import Person
from market.db import revision_of, revisions
from market.markets import MarketRow, find_market, list_markets
from market.web import api_problems
from market.web.app import installation
from market.web.words import say
from merchants.stalls import StallRow, find_stall
from qr import banks, image, vietqr
from qr.errors import FieldError
from qr.napas import MAX_AMOUNT

blueprint = Blueprint("public", __name__)
log = logging.getLogger(__name__)
SCALE = 16
RETRY_AFTER = 5


@blueprint.get("/s/<market>/<code>")
def stall(market: str, code: str) -> str:
    """Whose account a stall's code pays, and the code to scan or keep."""
    of, found = _find(market, code)
    with installation().database.reading() as session:
        seal = newest_seal(session, found.book_id)
    bank = banks.by_bin(found.bin)
    return render_template(
        "public/stall.html",
        market=of,
        stall=found,
        bank=bank.short_name if bank else found.bin,
        closed=found.closed_by(local_date(utc_now())),
        seal=seal,
    )


@blueprint.get("/s/<market>/<code>/qr.svg")
def qr_svg(market: str, code: str) -> Response:
    """The stall's code as SVG; with `?amount=N` (đồng) one that asks for it."""
    return _picture(market, code, "image/svg+xml")


@blueprint.get("/s/<market>/<code>/qr.png")
def qr_png(market: str, code: str) -> Response:
    """The stall's code as PNG; with `?amount=N` (đồng) one that asks for it."""
    return _picture(market, code, "image/png")


def _find(market: str, code: str) -> tuple[MarketRow, StallRow]:
    # PostgreSQL takes no NUL in a text; no market and no stall has one.
    if "\0" in market + code:
        raise NotFound
    with installation().database.reading() as session:
        try:
            of = find_market(session, market)
            found = find_stall(session, of.id, code)
        except Refused:
            raise NotFound from None
    if found.forgotten:
        raise Gone
    return of, found


def _picture(market: str, code: str, kind: str) -> Response:
    _, found = _find(market, code)
    if found.closed_by(local_date(utc_now())):
        raise NotFound
    typed = request.args.get("amount")
    try:
        amount = None if typed is None else _amount(typed)
        payload = vietqr.encode(bin=found.bin, account=found.account_number, amount=amount, purpose=found.reference)
    except FieldError:
        said = say("amount là số đồng, chỉ gồm chữ số, từ 1 đến {most}, ví dụ 50000.", most=MAX_AMOUNT)
        return Response(f"{said}\n", 400, mimetype="text/plain")
    tag = hashlib.sha256(f"{kind} {payload}".encode()).hexdigest()[:32]
    # Kept by whoever shows it, and asked after each time: an account that changed must not be paid from a cache.
    known = tag in request.if_none_match
    response = Response(status=304) if known else Response(_drawn(payload, kind), mimetype=kind)
    response.set_etag(tag)
    response.headers["Cache-Control"] = "public, no-cache"
    if kind == "image/png":
        response.headers["Content-Disposition"] = f'inline; filename="{found.reference}.png"'
    return response


def _amount(typed: str) -> int:
    if not re.fullmatch(r"[0-9]{1,13}", typed):
        raise FieldError("amount", "is no whole number of đồng")
    return int(typed)


@lru_cache(maxsize=512)
def _drawn(payload: str, kind: str) -> bytes:
    return image.png(payload, scale=SCALE) if kind == "image/png" else image.svg(payload).encode()


@blueprint.get("/healthz")
def healthz() -> Response:
    """The program is alive."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """The database answers and has the tables this program needs."""
    try:
        with installation().database.reading() as session:
            session.connection().execute(text("SELECT 1"))
            revision = revision_of(session.connection())
    except SQLAlchemyError:
        return Response("the database does not answer\n", 503, mimetype="text/plain")
    if revision != revisions()[-1]:
        return Response("the database needs python3 run.py upgrade\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


@blueprint.app_errorhandler(HTTPException)
def refused(error: HTTPException) -> Response | tuple[str, int]:
    """Every refusal in plain words, with a way on."""
    if error.response is not None or error.code is None or error.code < 400:
        answer = error.get_response()
        assert isinstance(answer, Response)
        return answer
    if api_problems.asks_the_api():
        return api_problems.said(error)
    if error.code >= 500:
        return _trouble(error.code)
    if isinstance(error, CSRFError):
        head, mend = say("Trang này mở đã lâu"), say("Mở lại trang rồi làm lại, chưa có gì thay đổi.")
    elif error.code == 404 and request.blueprint == "public":
        return _no_stall()
    elif error.code == 404:
        head, mend = (
            say("Không có trang này"),
            say("Địa chỉ có thể gõ thiếu, hoặc trang không phải của tên đăng nhập này."),
        )
    elif error.code == 403:
        head, mend = say("Không được làm việc này"), say("Việc này phải bấm từ chính trang của chợ.")
    elif error.code == 410:
        head, mend = say("Trang này không còn"), say("Sạp đã nghỉ hẳn và chủ sạp đã xin xoá.")
    elif error.code == 413:
        head, mend = say("Tệp gửi lên lớn quá"), say("Gửi tệp nhỏ hơn 20 MB, hoặc chia ra nhiều lần.")
    else:
        head, mend = say("Chưa làm được việc này"), say("Quay lại trang trước, xem lại rồi thử lần nữa.")
    answer = Response(render_template("public/error.html", head=head, mend=mend, code="", phone=""), error.code)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(error.valid_methods)
    return answer


def _no_stall() -> tuple[str, int]:
    """A shopper has scanned or followed what leads to no stall: no money is to go that way."""
    with installation().database.reading() as session:
        slug = (request.view_args or {}).get("market")
        phone = next((market.phone for market in list_markets(session) if market.slug == slug), "")
    head = say("Chợ không có sạp này")
    mend = say("Đừng chuyển tiền theo mã hay đường dẫn này. Hỏi lại người bán, hoặc gọi ban quản lý chợ.")
    return render_template("public/error.html", head=head, mend=mend, code="", phone=phone, shopper=True), 404


@blueprint.app_errorhandler(OperationalError)
def busy(error: OperationalError) -> Response | tuple[str, int, dict[str, str]]:
    """The database is locked, full or away: try again soon."""
    log.error("the database failed: %s", error)
    if api_problems.asks_the_api():
        return api_problems.problem(503, headers={"Retry-After": str(RETRY_AFTER)})
    page, status = _trouble(503)
    return page, status, {"Retry-After": str(RETRY_AFTER)}


@blueprint.app_errorhandler(DataError)
def unheard_of(error: DataError) -> Response | tuple[str, int]:
    """What no column can hold, a NUL or a number beyond all ids, is nowhere in the database: there is no such page."""
    log.warning("%s was asked for what no column holds", request.endpoint)
    return refused(NotFound())


def _trouble(status: int) -> tuple[str, int]:
    code = "".join(secrets.choice("ACDEFGHJKMNPQRTUVWXY34679") for _ in range(4))
    log.error("%s %s was answered %d; its reader sees the code %s", request.method, request.path, status, code)
    head, mend = (
        say("Chưa mở được trang này"),
        say("Máy chủ của chợ đang bận. Tiền khách chuyển vẫn vào tài khoản của sạp."),
    )
    return render_template("public/error.html", head=head, mend=mend, code=code, phone=_board_phone()), status


def _board_phone() -> str:
    """The telephone of the market of whoever asks; empty for a stranger, and where the database cannot tell."""
    person: Person | None = g.get("person")
    of = next((grant.market_id for grant in person.grants if grant.market_id is not None), None) if person else None
    if of is None:
        return ""
    try:
        with installation().database.reading() as session:
            return next((market.phone for market in list_markets(session) if market.id == of), "")
    except SQLAlchemyError:
        return ""
