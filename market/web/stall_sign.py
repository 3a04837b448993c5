"""The stall's own sign on its phone: to show, to print, and to save as a picture."""

from flask import Blueprint, Response, abort
from markupsafe import Markup

from ledger.days import local_date, utc_now
from ledger.refused import Refused
from market.markets import list_markets
from market.signs import mark_printed, market_signs, printed, static_payload
from market.web.app import installation
from market.web.file_names import to_keep
from market.web.noted import noted
from market.web.stall import chosen_stall, end_of_book, is_closed, page
from market.web.words import say
from merchants.stalls import load_stall
from qr import image
from qr.sign import SignError, write_signs

blueprint = Blueprint("stall_sign", __name__, url_prefix="/stall")


@blueprint.get("/sign")
def show() -> tuple[str, int]:
    """The stall's own code, to show, print or save."""
    return _page("", 200)


def _page(problem: str, status: int) -> tuple[str, int]:
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        outdated = printed(reading, stall.market_id, stall.id)[stall.id].outdated
        last = end_of_book(reading, stall)
    picture = "" if is_closed(stall) else image.svg(static_payload(stall), error="Q")
    safe = Markup(picture)  # noqa: S704 - figures only, made here
    return page("stall/sign.html", stall, status, picture=safe, problem=problem, outdated=outdated, last=last)


@blueprint.get("/sign.pdf")
def pdf() -> Response | tuple[str, int]:
    """The stall's sign on an A5 page."""
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        market = next(market for market in list_markets(reading) if market.id == stall.market_id)
        try:
            signs = market_signs(reading, market, [stall.code], local_date(utc_now()))
        except Refused:
            abort(404)
    try:
        content = write_signs(signs, "a5")
    except SignError:
        problem = say("Bảng mã chưa in được vì tên của sạp còn thiếu hoặc dài quá. Nhờ ban quản lý chợ sửa lại.")
        return _page(problem, 409)
    with installation().database.writing() as writing:
        mark_printed(writing, stall.market_id, [stall.code], utc_now())
        noted(writing, "sign_printed", market_id=stall.market_id, stall_id=stall.id)
    return _file(content, "application/pdf", f"{stall.code}.pdf")


@blueprint.get("/sign.png")
def png() -> Response:
    """The stall's code as a picture to send on."""
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
    if is_closed(stall):
        abort(404)
    return _file(image.png(static_payload(stall), scale=16, error="Q"), "image/png", f"{stall.code}.png")


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, mimetype=kind, headers={"Content-Disposition": to_keep(name)})
