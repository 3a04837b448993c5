"""`month`: close a month."""

import click

from ledger.days import Month, local_date, utc_now
from market import reports
from market.cli.noted import noted
from market.cli.opened import installation
from market.cli.output import print_json
from market.config import Settings
from market.markets import find_market


@click.group()
def command() -> None:
    """Close a month."""


@command.command()
@click.argument("month")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def close(settings: Settings, month: str, market: str, as_json: bool) -> None:
    """Freeze the report of MONTH (YYYY-MM) under a number; again after changes, under the next."""
    which = Month.parse(month)
    now = utc_now()
    with installation(settings).database.writing() as session:
        row = find_market(session, market)
        version, new = reports.close(session, row, which, login_id=None, now=now)
        if new:
            noted(session, "month_closed", market_id=row.id, month=str(which), version=version)
    if local_date(now) <= which.last:
        click.echo("the month is not over; what comes later makes the next version", err=True)
    if not new:
        click.echo(f"nothing has changed since version {version}", err=True)
    if as_json:
        print_json({"version": version})
    else:
        click.echo(f"{which} closed, version {version}")
