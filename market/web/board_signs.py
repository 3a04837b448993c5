"""Printing the stalls' signs: how large, for which stalls, as one PDF."""

import re

from flask import Blueprint, Response, request
from sqlmodel import Session

from ledger.days import local_date, utc_now
from market.markets import MarketRow
from market.natural import natural
from market.signs import mark_printed, market_signs, outdated_signs
from market.web.app import installation
from market.web.desk import enter, page
from market.web.noted import noted
from market.web.words import say
from merchants.stalls import StallRow, list_stalls
from qr.errors import PictureError
from qr.sign import LAYOUTS, SignError, write_signs

blueprint = Blueprint("signs", __name__, url_prefix="/board/<slug>/signs")
# A thousand signs are drawn and read back in about ten seconds.
MOST = 1000
NAMED = 20


def _open_stalls(session: Session, market: MarketRow) -> list[StallRow]:
    found = [stall for stall in list_stalls(session, market.id) if stall.status != "closed"]
    return sorted(found, key=lambda stall: natural(stall.code))


@blueprint.get("")
def choose(slug: str) -> str:
    """Choose the layout and the stalls."""
    with installation().database.reading() as session:
        return _form(session, enter(session, slug), {})


def _form(session: Session, market: MarketRow, errors: dict[str, str]) -> str:
    stalls = _open_stalls(session, market)
    layout = request.args.get("layout", "a5")
    return page(
        session,
        market,
        "signs",
        "board/signs.html",
        stalls=len(stalls),
        sections=sorted({stall.section for stall in stalls if stall.section}, key=natural),
        which=request.args.get("which", "all"),
        section=request.args.get("section", ""),
        outdated=sorted(outdated_signs(session, market.id), key=natural),
        codes=", ".join(_codes()),
        layout=layout if layout in LAYOUTS else "a5",
        errors=errors,
    )


def _codes() -> list[str]:
    """The codes ticked in the list, or typed with commas or spaces between them."""
    typed = " ".join(request.args.getlist("stall"))
    return list(dict.fromkeys(re.split(r"[\s,;]+", typed.strip()))) if typed.strip() else []


@blueprint.get("/print.pdf")
def printed(slug: str) -> Response | tuple[str, int]:
    """The signs; what cannot be printed is told beside the form."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        wanted, errors = _wanted(_open_stalls(session, market))
        layout = request.args.get("layout", "")
        if layout not in LAYOUTS:
            errors["layout"] = say("Chọn một cỡ.")
        if errors:
            return _form(session, market, errors), 400
        signs = market_signs(session, market, wanted, local_date(utc_now()))
        try:
            pdf = write_signs(signs, layout)
        except SignError as error:
            stalls = dict.fromkeys(re.findall(r"^stall '?([^\s':]+)", str(error), re.MULTILINE))
            codes = ", ".join([*stalls][:NAMED]) + (", …" if len(stalls) > NAMED else "")
            message = say(
                "Cỡ này không in được sạp {codes}: thiếu tên, tên dài quá hay có ký tự lạ. Sửa tên hoặc chọn cỡ khác.",
                codes=codes,
            )
            return _form(session, market, {"layout": message}), 400
        except PictureError:
            return _form(session, market, {"layout": say("Có mã in ra không đọc lại được. Chọn cỡ khác.")}), 400
    with installation().database.writing() as session:
        mark_printed(session, market.id, wanted, utc_now())
        noted(session, "sign_printed", market_id=market.id, rows=len(wanted))
    answer = Response(pdf, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f"inline; filename={market.slug}-{layout}.pdf"
    return answer


def _wanted(stalls: list[StallRow]) -> tuple[list[str], dict[str, str]]:
    """The codes of the stalls to print, and what is wrong with the choice."""
    which, section = request.args.get("which", ""), request.args.get("section", "")
    if which == "chosen":
        known = {stall.code.casefold(): stall.code for stall in stalls}
        typed = _codes()
        strange = [code for code in typed if code.casefold() not in known]
        if strange:
            return [], {"stall": say("Không có sạp nào đang bán mang mã {codes}.", codes=", ".join(strange[:9]))}
        if not typed:
            return [], {"stall": say("Ghi mã những sạp cần in, ví dụ C-17, B-04.")}
        found = [known[code.casefold()] for code in typed]
    elif which == "section":
        found = [stall.code for stall in stalls if stall.section == section]
        if not section or not found:
            return [], {"section": say("Chọn một dãy.")}
    else:
        found = [stall.code for stall in stalls]
        if not found:
            return [], {"which": say("Chợ chưa có sạp nào để in.")}
    if len(found) > MOST:
        return [], {"which": say("Nhiều quá, mỗi lần in nhiều nhất 1.000 sạp. In từng dãy.")}
    return found, {}
