"""Adding a stall by form, and changing one; whom its money goes to is read back before anything is saved."""

import hashlib
import random

from flask import Blueprint, flash, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.refused import Problem
from market.markets import MarketRow
from market.web.app import installation
from market.web.board_stalls import bank_name, find
from market.web.desk import enter, page
from market.web.gate import signed_in
from market.web.noted import noted
from market.web.stall_words import by_field, field_name
from market.web.words import say
from merchants.bank_accounts import holdings
from merchants.look_alikes import seen_from_afar
from merchants.stall_check import COLUMNS, PLAIN, check_stall
from merchants.stalls import NewStall, StallRow, accounts_in_use, change, list_stalls, register, rename_account
from qr import banks

blueprint = Blueprint("stall_forms", __name__, url_prefix="/board/<slug>/stalls")
CHANGEABLE = (*PLAIN, "account_name")


def _typed(names: tuple[str, ...]) -> dict[str, str]:
    return {name: request.form.get(name, "") for name in names}


@blueprint.route("/new", methods=["GET", "POST"])
def new(slug: str) -> AnyResponse | str | tuple[str, int]:
    """Type a stall; read its names back; save it."""
    typed = _typed(COLUMNS)
    stall: NewStall | None = None
    errors: dict[str, str] = {}
    with (
        installation().database.writing() if request.form.get("read") else installation().database.reading() as session
    ):
        market = enter(session, slug)
        if request.method == "POST":
            stall, errors = _checked(session, market, typed)
        if stall is None or errors or request.form.get("mend"):
            text = page(
                session,
                market,
                "stalls",
                "board/stall_new.html",
                typed=typed,
                errors=errors,
                **_choices(session, market),
            )
            return (text, 400) if errors else text
        if not request.form.get("read"):
            shared = [
                held.stall_id
                for held in holdings(session, market.id, [stall.account_number])[stall.account_number]
                if held.bin == stall.bin and held.until is None
            ]
            every = list_stalls(session, market.id)
            owners = [row for row in every if row.id in shared]
            named_alike = [
                row
                for row in every
                if row.status != "closed" and seen_from_afar(row.name) == seen_from_afar(stall.name)
            ]
            return page(
                session,
                market,
                "stalls",
                "board/stall_read.html",
                stall=stall,
                typed=typed,
                account=(bank_name(stall.bin), stall.account_number),
                owners=owners,
                named_alike=named_alike,
            )
        [stall_id] = register(session, market.id, [stall], source=random.SystemRandom(), now=utc_now())
        noted(session, "stall_added", market_id=market.id, stall_id=stall_id)
    flash(say("Đã thêm sạp {code}.", code=stall.code))
    return redirect(url_for("stalls.one", slug=slug, code=stall.code), 303)


def _checked(session: Session, market: MarketRow, typed: dict[str, str]) -> tuple[NewStall, dict[str, str]]:
    """The stall that was typed, and what is wrong with it. Where two stalls have an account, a payment that names
    neither is nobody's: who may not change a stall's account does not make it so either."""
    stall, problems = check_stall(typed)
    if stall.code.casefold() in {row.code.casefold() for row in list_stalls(session, market.id)}:
        problems.append(Problem(f"{stall.code!r} is taken", field="code", kind="taken"))
    owner = accounts_in_use(session, market.id, utc_now()).get(stall.account_number)
    if owner and not signed_in().may("change_accounts", market_id=market.id):
        problems.append(Problem(f"is the account of stall {owner}", field="account_number", kind="shared"))
    return stall, by_field(problems)


def _choices(session: Session, market: MarketRow) -> dict[str, object]:
    """What a form proposes while somebody types."""
    rows = list_stalls(session, market.id)
    return {
        "banks": banks.all_banks(),
        "sections": sorted({row.section for row in rows if row.section}),
        "categories": sorted({row.category for row in rows if row.category}),
        "field_name": field_name,
    }


def _digest(stall: StallRow) -> str:
    """Marks what a form was filled with, so that saving it can tell whether somebody else came between."""
    return hashlib.sha256("\x1f".join(getattr(stall, name) for name in CHANGEABLE).encode()).hexdigest()[:16]


@blueprint.route("/<code>/edit", methods=["GET", "POST"])
def edit(slug: str, code: str) -> AnyResponse | str | tuple[str, int]:
    """Change what may simply be changed, a new name of the account's holder read back first; a bank account has its own
    way."""
    if request.method == "POST":
        with installation().database.writing() as session:
            market = enter(session, slug)
            stall = find(session, market.id, code)
            if stall.forgotten:
                return redirect(url_for("stalls.one", slug=slug, code=code), 303)
            typed = _typed(CHANGEABLE)
            checked, problems = check_stall(
                {**typed, "code": stall.code, "bank": stall.bin, "account_number": stall.account_number}
            )
            errors = by_field(problem for problem in problems if problem.field in CHANGEABLE)
            between = {}
            if request.form.get("loaded") != _digest(stall):
                between = {
                    name: getattr(stall, name) for name in CHANGEABLE if getattr(stall, name) != typed[name].strip()
                }
            if errors or between or request.form.get("mend"):
                text = _edit_page(session, market, stall, typed, errors, between)
                return text, 409 if between else 400 if errors else 200
            renamed = checked.account_name != stall.account_name
            if renamed and not request.form.get("read"):
                return page(
                    session,
                    market,
                    "stalls",
                    "board/stall_read.html",
                    stall=checked,
                    typed={**typed, "loaded": _digest(stall)},
                    account=(say("{bank}, số cuối", bank=bank_name(stall.bin)), stall.last_figures),
                    owners=[],
                    named_alike=[],
                )
            change(session, stall.id, **{name: getattr(checked, name) for name in PLAIN})
            if renamed:
                rename_account(session, stall.id, checked.account_name)
            noted(session, "stall_changed", market_id=market.id, stall_id=stall.id)
        flash(say("Đã lưu."))
        return redirect(url_for("stalls.one", slug=slug, code=code), 303)
    with installation().database.reading() as session:
        market = enter(session, slug)
        stall = find(session, market.id, code)
        if stall.forgotten:
            return redirect(url_for("stalls.one", slug=slug, code=code), 303)
        typed = {name: getattr(stall, name) for name in CHANGEABLE}
        return _edit_page(session, market, stall, typed, {}, {})


def _edit_page(
    session: Session,
    market: MarketRow,
    stall: StallRow,
    typed: dict[str, str],
    errors: dict[str, str],
    between: dict[str, str],
) -> str:
    return page(
        session,
        market,
        "stalls",
        "board/stall_edit.html",
        stall=stall,
        typed=typed,
        errors=errors,
        between=between,
        loaded=_digest(stall),
        bank=bank_name(stall.bin),
        **_choices(session, market),
    )
