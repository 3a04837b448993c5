"""The board carries out what a stallholder asked for: what would go, read first, and then the deletion for good."""

from flask import Blueprint, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.refused import Refused
from market.forgetting import forget_stall, going
from market.web.app import installation
from market.web.board_stalls import find
from market.web.confirm import ask_to_confirm, confirmed
from market.web.desk import enter, page
from market.web.noted import noted
from market.web.words import say
from merchants import deletion_requests

blueprint = Blueprint("forgetting", __name__, url_prefix="/board/<slug>/stalls")


@blueprint.route("/<code>/forget", methods=["GET", "POST"])
def stall(slug: str, code: str) -> AnyResponse | str:
    """Of a stall that is closed, or whose holder asked: look what would go; delete it, closing the stall today."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        found = find(session, market.id, code)
        request_ = deletion_requests.open_request(session, found.id)
        if not confirmed():
            return ask_to_confirm(url_for(".stall", slug=slug, code=code))
        to_stall = redirect(url_for("stalls.one", slug=slug, code=code), 303)
        if found.status != "closed" and request_ is None:
            return to_stall
        if request.method == "GET":
            look = going(session, found)
            return page(session, market, "stalls", "board/forget.html", stall=found, request_=request_, going=look)
    try:
        forget_stall(
            installation().database,
            found.id,
            close=request.form.get("close") == "1",
            login_id=g.person.login_id,
            now=utc_now(),
            noted=noted,
        )
    except Refused as refused:
        if refused.problems[0].kind == "later":
            flash(say("Sạp còn bán đến ngày {day}. Sau ngày ấy mới xoá được.", day=f"{found.closed_on:%d/%m/%Y}"))
        else:
            flash(say("Sạp vừa có người đổi. Xem lại rồi bấm lần nữa."))
    else:
        flash(say("Đã xoá tên và số của chủ sạp {code}. Sổ của sạp vẫn còn.", code=code))
    return to_stall
