"""Another bank account for the stall, on its holder's phone: typed after the PIN, its holder's name read back, asked
for; and the tap that stops it."""

from flask import Blueprint, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import local_date, utc_now
from market.web.app import installation
from market.web.confirm import ask_to_confirm, confirmed
from market.web.formats import clock
from market.web.noted import noted
from market.web.stall import chosen_stall, named_stall, page
from market.web.stall_words import by_field
from market.web.words import say
from merchants.account_changes import FIELDS, Change, ask, check, open_change, stop
from merchants.stalls import StallRow, load_stall
from qr import banks

blueprint = Blueprint("stall_account", __name__, url_prefix="/stall/account")


def typed_account() -> dict[str, str]:
    """What the form says of the account."""
    return {name: request.form.get(name, "") for name in FIELDS}


def when(change: Change) -> str:
    """When a change takes effect: 08:15 ngày 25/11."""
    moment = change.takes_effect
    return say("{time} ngày {day}", time=clock(moment), day=f"{local_date(moment):%d/%m}")


blueprint.app_template_filter("takes_effect")(when)


@blueprint.get("")
def form() -> AnyResponse | tuple[str, int]:
    """Type the account."""
    if not confirmed():
        return ask_to_confirm(url_for(".form"))
    with installation().database.reading() as session:
        return _form(load_stall(session, chosen_stall()), {}, {})


@blueprint.post("")
def asked() -> AnyResponse | tuple[str, int]:
    """Read the name of the account's holder back; ask for it."""
    stall_id, typed = named_stall(request.form.get("stall", type=int)), typed_account()
    if not confirmed():
        return ask_to_confirm(url_for(".form"))
    with installation().database.writing() as session:
        stall = load_stall(session, stall_id)
        wanted, problems = check(stall, bank=typed["bank"], number=typed["account_number"], name=typed["account_name"])
        errors = by_field(problems)
        if errors or request.form.get("mend") or open_change(session, stall.id) or stall.status == "closed":
            return _form(stall, typed, errors)
        if not request.form.get("read"):
            found = banks.by_bin(wanted.bin)
            return page(
                "stall/account_read.html",
                stall,
                typed=typed,
                wanted=wanted,
                its_bank=found.short_name if found else wanted.bin,
            )
        change = ask(
            session,
            stall,
            bank=typed["bank"],
            number=typed["account_number"],
            name=typed["account_name"],
            login_id=g.person.login_id,
            now=utc_now(),
        )
        noted(session, "account_asked", market_id=stall.market_id, stall_id=stall.id, **change.about)
    return redirect(url_for("stall.today"), 303)


def _form(stall: StallRow, typed: dict[str, str], errors: dict[str, str]) -> tuple[str, int]:
    every = sorted(banks.all_banks(), key=lambda bank: bank.short_name.casefold())
    return page("stall/account.html", stall, 400 if errors else 200, typed=typed, errors=errors, banks=every)


@blueprint.post("/stop")
def stopped() -> AnyResponse:
    """The change never takes effect: one tap, for stopping harms nobody."""
    stall_id = named_stall(request.form.get("stall", type=int))
    with installation().database.writing() as session:
        waiting = open_change(session, stall_id)
        if waiting is None or waiting.id != request.form.get("change", type=int):
            return redirect(url_for("stall.today"), 303)
        stopped_change = stop(session, waiting.id, login_id=g.person.login_id, now=utc_now())
        noted(session, "account_stopped", market_id=waiting.market_id, stall_id=stall_id, **stopped_change.about)
    flash(say("Đã dừng, tài khoản của sạp giữ nguyên."))
    return redirect(url_for("stall.today"), 303)
