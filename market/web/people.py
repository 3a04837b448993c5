"""The people of a market: adding one, a one-time code for a phone, a lost phone, the end of a role."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from market.access import devices, enrolment, roster
from market.access.people import Person
from market.access.roster import OF_BOARD, OF_STALLS, Member
from market.markets import MarketRow
from market.web.app import installation
from market.web.desk import enter, page
from market.web.gate import signed_in
from market.web.link_pictures import link_picture
from market.web.noted import noted
from market.web.stall_words import LOOK_ALIKE
from market.web.words import say
from merchants.look_alikes import look_alike
from merchants.stalls import StallRow, list_stalls

blueprint = Blueprint("people", __name__, url_prefix="/board/<slug>/people")
LONGEST_NAME = 60


def _roles(person: Person, market: MarketRow) -> tuple[str, ...]:
    """The roles that a person may give in this market, and whose phones may be enrolled."""
    return OF_BOARD if person.may("change_people", market_id=market.id) else OF_STALLS


def _not_theirs(session: Session, person: Person, market: MarketRow) -> set[int]:
    """The stalls at which a person may enrol nobody: for a volunteer those where a holder has ever signed in."""
    return set() if person.may("change_people", market_id=market.id) else roster.stalls_in_use(session, market.id)


def _member(session: Session, market: MarketRow, member_id: int) -> Member:
    """Somebody of the market whom the person may enrol; or 404."""
    person, found = signed_in(), next(iter(roster.members(session, market.id, login_id=member_id)), None)
    if found is None or not found.opened_by_code(_roles(person, market), _not_theirs(session, person, market)):
        abort(404)
    return found


@blueprint.get("")
def every(slug: str) -> str:
    """Everybody with a role in the market, with their phones."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        person, found = signed_in(), roster.members(session, market.id)
        roles, not_theirs = _roles(person, market), _not_theirs(session, person, market)
        opened = {member.login_id for member in found if member.opened_by_code(roles, not_theirs)}
        return page(session, market, "people", "people/every.html", members=found, opened=opened)


@blueprint.route("/new", methods=["GET", "POST"])
def new(slug: str) -> AnyResponse | str | tuple[str, int]:
    """Add somebody, and show the code for the phone at once."""
    typed = {name: request.values.get(name, "").strip() for name in ("role", "stall", "name")}
    if request.method == "GET":
        with installation().database.reading() as session:
            return _new_page(session, enter(session, slug), typed | {"role": typed["role"] or "stallholder"}, {})
    with installation().database.writing() as session:
        market = enter(session, slug)
        stall = _stall(session, market, typed["stall"])
        person = signed_in()
        errors = _errors(typed, stall, _roles(person, market))
        if stall and stall.id in _not_theirs(session, person, market):
            errors["stall"] = say("Chủ sạp này đã vào rồi. Thêm người hay thêm máy thì nhờ ban quản lý.")
        if errors:
            return _new_page(session, market, typed, errors), 400
        at_stall = stall if typed["role"] in OF_STALLS else None
        called = typed["name"] or (at_stall.holder if at_stall else "")
        now = utc_now()
        member_id = roster.add_member(
            session,
            market_id=market.id,
            called=called,
            role=typed["role"],
            stall_id=at_stall.id if at_stall else None,
            now=now,
        )
        noted(
            session,
            "person_added",
            market_id=market.id,
            stall_id=at_stall.id if at_stall else None,
            login=member_id,
            role=typed["role"],
        )
        return _code_page(session, market, member_id)


def _stall(session: Session, market: MarketRow, code: str) -> StallRow | None:
    wanted = code.casefold()
    return next(
        (row for row in list_stalls(session, market.id) if row.code.casefold() == wanted and not row.forgotten), None
    )


def _errors(typed: dict[str, str], stall: StallRow | None, roles: tuple[str, ...]) -> dict[str, str]:
    errors = {}
    if typed["role"] not in roles:
        errors["role"] = say("Chọn một việc trong danh sách.")
    if typed["role"] in OF_STALLS and stall is None:
        errors["stall"] = say("Chợ không có sạp mang mã này. Ghi mã như C-17.")
    of_holder = typed["role"] == "stallholder" and not typed["name"]
    if len(typed["name"]) > LONGEST_NAME or not typed["name"].isprintable() or not (typed["name"] or of_holder):
        errors["name"] = say("Ghi tên, từ 1 đến 60 chữ.")
    elif look_alike(typed["name"]):
        errors["name"] = say(LOOK_ALIKE)
    return errors


def _new_page(session: Session, market: MarketRow, typed: dict[str, str], errors: dict[str, str]) -> str:
    roles = _roles(signed_in(), market)
    stalls = [row for row in list_stalls(session, market.id) if row.status != "closed"]
    return page(session, market, "people", "people/new.html", typed=typed, errors=errors, roles=roles, stalls=stalls)


@blueprint.get("/<int:member_id>")
def one(slug: str, member_id: int) -> str:
    """One person: roles, phones, a new code."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        return _one_page(session, market, _member(session, market, member_id), "", "")


def _one_page(session: Session, market: MarketRow, member: Member, typed: str, error: str) -> str:
    errors = {"stall": error} if error else {}
    return page(session, market, "people", "people/one.html", member=member, typed=typed, errors=errors)


@blueprint.post("/<int:member_id>/code")
def code(slug: str, member_id: int) -> str:
    """Show a new one-time code; the one before it ends."""
    with installation().database.writing() as session:
        market = enter(session, slug)
        return _code_page(session, market, _member(session, market, member_id).login_id)


@blueprint.post("/<int:member_id>/lost/<int:device_id>")
def lost(slug: str, member_id: int, device_id: int) -> str:
    """A phone is lost: it ends, and a new code is shown for the next one."""
    with installation().database.writing() as session:
        market = enter(session, slug)
        member = _member(session, market, member_id)
        if device_id not in {phone.id for phone in member.phones}:
            abort(404)
        devices.revoke(session, device_id, utc_now())
        noted(session, "device_revoked", market_id=market.id, device=device_id, login=member_id)
        return _code_page(session, market, member_id)


@blueprint.post("/<int:member_id>/stall")
def stall(slug: str, member_id: int) -> AnyResponse | tuple[str, int]:
    """One more stall for somebody who has one already, in the same role."""
    with installation().database.writing() as session:
        market = enter(session, slug)
        member = _member(session, market, member_id)
        role = next((held.role for held in member.held if held.stall), None)
        if role is None:
            abort(404)
        wanted = request.form.get("stall", "").strip()
        found = _stall(session, market, wanted)
        if found is None:
            error = say("Chợ không có sạp mang mã này. Ghi mã như C-17.")
            return _one_page(session, market, member, wanted, error), 400
        roster.add_stall(session, member_id, market_id=market.id, role=role, stall_id=found.id, now=utc_now())
        noted(session, "role_added", market_id=market.id, stall_id=found.id, login=member_id, role=role)
    flash(say("Đã thêm sạp {code}.", code=found.code))
    return redirect(url_for(".one", slug=slug, member_id=member_id), 303)


@blueprint.post("/<int:member_id>/end/<int:grant_id>")
def end(slug: str, member_id: int, grant_id: int) -> AnyResponse:
    """End a role; the person is signed out everywhere at once."""
    with installation().database.writing() as session:
        market = enter(session, slug)
        member = _member(session, market, member_id)
        held = next((held for held in member.held if held.grant_id == grant_id), None)
        if held is None:
            abort(404)
        ended = roster.end_role(session, member_id, grant_id, utc_now())
        noted(session, "role_ended", market_id=market.id, stall_id=held.stall_id, login=member_id, role=held.role)
        for act, about in ended.acts:
            noted(session, act, market_id=market.id, stall_id=held.stall_id, **about)
    flash(say("Đã cho thôi. Người này bị thoát khỏi mọi máy."))
    return redirect(url_for(".every", slug=slug), 303)


def _code_page(session: Session, market: MarketRow, member_id: int) -> str:
    now = utc_now()
    made = enrolment.make_enrolment(
        session, market_id=market.id, login_id=member_id, made_by=signed_in().login_id, now=now
    )
    noted(session, "enrolment_made", market_id=market.id, login=member_id)
    [member] = roster.members(session, market.id, login_id=member_id)
    site = installation().settings.base_url
    return page(
        session,
        market,
        "people",
        "people/code.html",
        member=member,
        code=made,
        site=f"{site}/enrol",
        until=now + enrolment.LASTS,
        picture=link_picture(f"{site}/enrol?code={made}"),
    )
