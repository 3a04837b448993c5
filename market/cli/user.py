"""`user`: who may sign in."""

from functools import partial

import click
from sqlmodel import Session

from ledger.days import utc_now
from ledger.refused import Problem, Refused
from market.access import enrolment, logins, roster, second_factor
from market.access.people import find_login
from market.cli.noted import noted
from market.cli.opened import installation
from market.cli.output import print_json, print_table
from market.config import Settings
from market.markets import find_market
from market.model import ROLES
from merchants.stalls import find_stall


@click.group()
def command() -> None:
    """Logins: list, add, password, code, off."""


def _found(session: Session, login: str) -> tuple[int, int | None]:
    found = find_login(session, login)
    if found is None:
        raise Refused(Problem(f"there is no login {login!r}; `user list` shows them", field="login"))
    return found


def _standing(session: Session, login: str) -> tuple[int, int | None]:
    login_id, market_id = _found(session, login)
    if roster.has_ended(session, login_id):
        raise Refused(Problem(f"{login!r} is off; add another login: user add", field="login"))
    return login_id, market_id


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """Every login: its roles and places, whether it has a password, its phones and passkeys, and when it ended."""
    with installation(settings).database.reading() as session:
        found = roster.list_logins(session)
    rows = [
        {
            "login": one.login,
            "roles": [{"role": role, "market": slug or None, "stall": code or None} for role, slug, code in one.roles],
            "password": one.password,
            "phones": one.phones,
            "passkeys": one.passkeys,
            "ended_at": one.ended_at and one.ended_at.isoformat(),
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    said = [", ".join(" ".join(filter(None, held)) for held in one.roles) for one in found]
    table = [
        (one.login, roles, "yes" if one.password else "no", one.phones, one.passkeys, "yes" if one.ended_at else "")
        for one, roles in zip(found, said, strict=True)
    ]
    print_table(("login", "roles", "password", "phones", "passkeys", "ended"), table)


@command.command()
@click.argument("login")
@click.option("--role", required=True, help=", ".join(ROLES))
@click.option("--market", help="The market's slug.")
@click.option("--stall", help="The stall's code.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def add(settings: Settings, login: str, role: str, market: str | None, stall: str | None, as_json: bool) -> None:
    """Add LOGIN and print its password, once."""
    if stall is not None and market is None:
        raise click.UsageError("--stall needs --market")
    password = logins.make_password()
    with installation(settings).database.writing() as session:
        market_id = None if market is None else find_market(session, market).id
        stall_id = None
        if stall is not None and market_id is not None:
            stall_id = find_stall(session, market_id, stall).id
        login_id = logins.add_login(
            session,
            name=login,
            role=role,
            market_id=market_id,
            stall_id=stall_id,
            password=password,
            now=utc_now(),
        )
        noted(session, "person_added", market_id=market_id, stall_id=stall_id, login=login_id, role=role)
    if as_json:
        print_json({"login": login, "role": role, "password": password})
    else:
        click.echo(f"{login} may sign in with the password {password} (it is shown only now)")


@command.command()
@click.argument("login")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def code(settings: Settings, login: str, as_json: bool) -> None:
    """Print a one-time code that enrols a phone for LOGIN, good for ten minutes; an earlier one ends."""
    now = utc_now()
    with installation(settings).database.writing() as session:
        login_id, market_id = _standing(session, login)
        if market_id is None:
            message = f"{login!r} belongs to no market and signs in by password only"
            raise Refused(Problem(message, field="login"))
        made = enrolment.make_enrolment(session, market_id=market_id, login_id=login_id, made_by=None, now=now)
        noted(session, "enrolment_made", market_id=market_id, login=login_id)
    address = f"{settings.base_url}/enrol"
    if as_json:
        print_json({"login": login, "code": made, "url": f"{address}?code={made}"})
    else:
        click.echo(f"{made} enrols a phone for {login} at {address}, once, within ten minutes")


@command.command()
@click.argument("login")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def password(settings: Settings, login: str, as_json: bool) -> None:
    """Give LOGIN a new password and print it, once. It is signed out everywhere, its passkeys and phones are gone: who
    had the old password could have added them. The six digits of its second step stay."""
    made, now = logins.make_password(), utc_now()
    with installation(settings).database.writing() as session:
        login_id, market_id = _standing(session, login)
        keys, phones = roster.shut_out(session, login_id, password=made, now=now)
        stays = second_factor.has_digits(session, login_id)
        note = partial(noted, session, market_id=market_id, login=login_id)
        note("password_given")
        for key in keys:
            note("passkey_removed", passkey=key.id)
        for phone in phones:
            note("device_revoked", device=phone.id)
    step = "its second step stays, the six digits" if stays else "it has no second step"
    click.echo(f"{login}: passkeys removed: {len(keys)}, phones ended: {len(phones)}; {step}", err=True)
    if as_json:
        print_json({"login": login, "password": made})
    else:
        click.echo(f"{login} may sign in with the password {made} (it is shown only now)")


@command.command()
@click.argument("login")
@click.pass_obj
def off(settings: Settings, login: str) -> None:
    """End LOGIN with all its roles, phones and sessions; what it did stays, and its name is not used again."""
    with installation(settings).database.writing() as session:
        login_id, own_market = _found(session, login)
        if not roster.has_ended(session, login_id):
            noted(session, "login_ended", market_id=own_market, login=login_id)
        for held, ended in roster.end_login(session, login_id, utc_now()):
            note = partial(noted, session, market_id=held.market_id, stall_id=held.stall_id)
            note("role_ended", login=login_id, role=held.role)
            for act, about in ended.acts:
                note(act, **about)
    click.echo(f"{login} is off", err=True)
