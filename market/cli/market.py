"""`market`: add a market, list them."""

from dataclasses import asdict

import click

from ledger.days import utc_now
from market import markets
from market.cli.noted import noted
from market.cli.opened import installation
from market.cli.output import print_rows
from market.config import Settings


@click.group()
def command() -> None:
    """Markets: add, list."""


@command.command()
@click.argument("slug")
@click.option("--name", required=True, help="As it stands on signs and reports, such as Chợ Quảng Ngãi.")
@click.option("--city", default="", help="City or commune.")
@click.option("--unit", default="", help="Administrative unit code.")
@click.option("--phone", default="", help="The board's phone, printed on signs.")
@click.option("--target", type=int, help="Transactions a month that the board aims for.")
@click.pass_obj
def add(settings: Settings, slug: str, name: str, city: str, unit: str, phone: str, target: int | None) -> None:
    """Add a market; SLUG names it in commands and addresses."""
    with installation(settings).database.writing() as session:
        market = markets.add_market(
            session, slug=slug, name=name, city=city, unit_code=unit, phone=phone, target=target, now=utc_now()
        )
        noted(session, "market_added", market_id=market.id)
    click.echo(f"{market.slug} added", err=True)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """Every market, with its stalls that are not closed."""
    with installation(settings).database.reading() as session:
        rows = [asdict(market) for market in markets.listed_markets(session)]
    print_rows(("slug", "name", "city", "stalls", "target"), rows, as_json=as_json)
