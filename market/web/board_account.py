"""The board asks for another bank account for a stall, with the same wait as its holder; and stops such a change."""

from flask import Blueprint, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from market.web.app import installation
from market.web.board_stalls import bank_name, find
from market.web.confirm import ask_to_confirm, confirmed
from market.web.desk import enter, page
from market.web.noted import noted
from market.web.stall_account import typed_account
from market.web.stall_words import by_field, field_name
from market.web.words import say
from merchants.account_changes import ask, check, open_change, stop
from qr import banks

blueprint = Blueprint("accounts", __name__, url_prefix="/board/<slug>/stalls")


@blueprint.route("/<code>/account", methods=["GET", "POST"])
def change(slug: str, code: str) -> AnyResponse | str | tuple[str, int]:
    """Type the account; read it back; ask for it."""
    typed = typed_account()
    asking = request.method == "POST" and bool(request.form.get("read")) and confirmed()
    with installation().database.writing() if asking else installation().database.reading() as session:
        market = enter(session, slug)
        stall = find(session, market.id, code)
        if not confirmed():
            return ask_to_confirm(url_for(".change", slug=slug, code=code))
        if stall.status == "closed" or open_change(session, stall.id):
            return redirect(url_for("stalls.one", slug=slug, code=code), 303)
        wanted, problems = check(stall, bank=typed["bank"], number=typed["account_number"], name=typed["account_name"])
        errors = by_field(problems) if request.method == "POST" else {}
        if request.method == "GET" or errors or request.form.get("mend"):
            text = page(
                session,
                market,
                "stalls",
                "board/account.html",
                stall=stall,
                typed=typed,
                errors=errors,
                banks=banks.all_banks(),
                bank=bank_name(stall.bin),
                field_name=field_name,
            )
            return (text, 400) if errors else text
        if not asking:
            return page(
                session,
                market,
                "stalls",
                "board/account_read.html",
                stall=stall,
                typed=typed,
                wanted=wanted,
                bank=bank_name(wanted.bin),
            )
        asked = ask(
            session,
            stall,
            bank=typed["bank"],
            number=typed["account_number"],
            name=typed["account_name"],
            login_id=g.person.login_id,
            now=utc_now(),
        )
        noted(session, "account_asked", market_id=market.id, stall_id=stall.id, **asked.about)
    return redirect(url_for("stalls.one", slug=slug, code=code), 303)


@blueprint.post("/<code>/account/stop")
def stopped(slug: str, code: str) -> AnyResponse:
    """The change never takes effect."""
    with installation().database.writing() as session:
        market = enter(session, slug)
        stall = find(session, market.id, code)
        waiting = open_change(session, stall.id)
        if waiting is not None and waiting.id == request.form.get("change", type=int):
            told = stop(session, waiting.id, login_id=g.person.login_id, now=utc_now())
            noted(session, "account_stopped", market_id=market.id, stall_id=stall.id, **told.about)
            flash(say("Đã dừng, sạp {code} giữ tài khoản cũ.", code=stall.code))
    return redirect(url_for("stalls.one", slug=slug, code=code), 303)
