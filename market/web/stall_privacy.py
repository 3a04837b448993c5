"""What is known of the stall and who sees it, on its holder's phone; and whether the board sees its amounts: read and
agreed to after the PIN, ended with one tap, with who looked."""

from flask import Blueprint, abort, flash, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from market.access.audit import LOOKS, trail
from market.shared_amounts import consents_told
from market.web import log_words
from market.web.app import installation
from market.web.confirm import ask_to_confirm, confirmed
from market.web.noted import noted
from market.web.stall import chosen_stall, named_stall, page
from market.web.words import say
from merchants.consents import TEXTS, VERSION, record_consent, shared_since
from merchants.stalls import StallRow, load_stall

blueprint = Blueprint("stall_privacy", __name__, url_prefix="/stall/privacy")
LOOKS_SHOWN = 20


@blueprint.get("")
def own() -> tuple[str, int]:
    """Who sees what of the stall, and what its holder may decide about it."""
    with installation().database.reading() as session:
        stall = load_stall(session, chosen_stall())
        since = shared_since(session, stall.id)
    return page("stall/privacy.html", stall, since=since, payers_days=installation().settings.keep_payers.days)


@blueprint.get("/amounts")
def amounts() -> tuple[str, int]:
    """Whether the board sees the stall's amounts, who looked, and every yes and no."""
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before < 2**63:
        before = None
    with installation().database.reading() as session:
        stall = load_stall(session, chosen_stall())
        looks = trail(session, stall.market_id, before=before, limit=LOOKS_SHOWN + 1, stall_id=stall.id, acts=LOOKS)
        return page(
            "stall/privacy_amounts.html",
            stall,
            since=shared_since(session, stall.id),
            said=consents_told(session, stall.id),
            looks=looks[:LOOKS_SHOWN],
            older=looks[LOOKS_SHOWN - 1].id if len(looks) > LOOKS_SHOWN else None,
            newest=before is None,
            what=log_words.what,
            who=log_words.who,
        )


@blueprint.get("/amounts/agree")
def agree() -> AnyResponse | tuple[str, int]:
    """The text that is agreed to."""
    if not confirmed():
        return ask_to_confirm(url_for(".agree"))
    with installation().database.reading() as session:
        stall = load_stall(session, chosen_stall())
    return page("stall/privacy_agree.html", stall, version=VERSION, text=TEXTS[VERSION][g.language])


@blueprint.post("/amounts/agree")
def agreed() -> AnyResponse:
    """From today the board sees the stall's amounts. Whoever read another text than the one in force reads this one."""
    stall_id = named_stall(request.form.get("stall", type=int))
    if not confirmed():
        return ask_to_confirm(url_for(".agree"))
    if request.form.get("version") != VERSION:
        return redirect(url_for(".agree"), 303)
    with installation().database.writing() as session:
        stall = load_stall(session, stall_id)
        if shared_since(session, stall.id) is None:
            _record(session, stall, given=True)
            flash(say("Từ hôm nay ban quản lý xem được số tiền của sạp."))
    return redirect(url_for(".amounts"), 303)


@blueprint.post("/amounts/withdraw")
def withdraw() -> AnyResponse:
    """The board sees no amount any more: one tap, for stopping harms nobody."""
    stall_id = named_stall(request.form.get("stall", type=int))
    with installation().database.writing() as session:
        stall = load_stall(session, stall_id)
        if shared_since(session, stall.id) is not None:
            _record(session, stall, given=False)
            flash(say("Ban quản lý không còn thấy số tiền của sạp."))
    return redirect(url_for(".amounts"), 303)


def _record(session: Session, stall: StallRow, *, given: bool) -> None:
    record_consent(
        session,
        market_id=stall.market_id,
        stall_id=stall.id,
        given=given,
        text_version=VERSION,
        login_id=g.person.login_id,
        now=utc_now(),
    )
    act = "consent_given" if given else "consent_withdrawn"
    noted(session, act, market_id=stall.market_id, stall_id=stall.id, version=VERSION)


@blueprint.get("/amounts/text/<version>")
def text(version: str) -> tuple[str, int]:
    """What was agreed to in this version, word for word."""
    if version not in TEXTS:
        abort(404)
    with installation().database.reading() as session:
        stall = load_stall(session, chosen_stall())
    return page("stall/privacy_text.html", stall, version=version, text=TEXTS[version][g.language])
