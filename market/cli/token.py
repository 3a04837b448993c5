"""`token`: what programs show to the API."""

from dataclasses import asdict
from datetime import datetime

import click

from ledger.days import utc_now
from market.access import tokens
from market.cli.numbers import NUMBER
from market.cli.opened import installation
from market.cli.output import print_json, print_rows
from market.config import Settings
from market.markets import find_market
from market.model import ROLES
from merchants.stalls import find_stall


@click.group()
def command() -> None:
    """Tokens for the API: add, list, off."""


@command.command()
@click.option("--role", required=True, help=", ".join(ROLES))
@click.option("--market", help="The market's slug.")
@click.option("--stall", help="The stall's code.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def add(settings: Settings, role: str, market: str | None, stall: str | None, as_json: bool) -> None:
    """Make a token and print it, once."""
    if stall is not None and market is None:
        raise click.UsageError("--stall needs --market")
    with installation(settings).database.writing() as session:
        market_id = None if market is None else find_market(session, market).id
        stall_id = None
        if stall is not None and market_id is not None:
            stall_id = find_stall(session, market_id, stall).id
        token = tokens.add_token(session, role=role, market_id=market_id, stall_id=stall_id, now=utc_now())
    if as_json:
        print_json({"token": token})
    else:
        click.echo(f"{token} (it is shown only now)")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """Every token: its role and place, when it was made, last used (to five minutes), and ended."""
    with installation(settings).database.reading() as session:
        rows = [asdict(row) for row in tokens.list_tokens(session)]
    for row in rows:
        row |= {name: moment.isoformat() for name, moment in row.items() if isinstance(moment, datetime)}
    head = ("id", "role", "market", "stall", "made_at", "used_at", "revoked_at")
    print_rows(head, rows, as_json=as_json)


@command.command()
@click.argument("token", type=NUMBER, metavar="ID")
@click.pass_obj
def off(settings: Settings, token: int) -> None:
    """The token with this ID opens nothing any more."""
    with installation(settings).database.writing() as session:
        tokens.end_token(session, token, utc_now())
    click.echo(f"token {token} is off", err=True)
