"""`user`: who may sign in."""

import click

from ledger.days import utc_now
from ledger.refused import Problem, Refused
from market.access import enrolment, logins
from market.access.people import find_login
from market.cli.noted import noted
from market.cli.opened import installation
from market.cli.output import print_json
from market.config import Settings
from market.markets import find_market
from market.model import ROLES
from merchants.stalls import find_stall


@click.group()
def command() -> None:
    """Logins: add, code."""


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
        found = find_login(session, login)
        if found is None:
            raise Refused(Problem(f"there is no login {login!r}; `user add` adds one", field="login"))
        login_id, market_id = found
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
