"""`audit`: who did or looked at what."""

import click

from ledger.days import stamp
from market.access.audit import trail
from market.cli.opened import installation
from market.cli.output import print_json, print_table
from market.config import Settings
from market.markets import find_market


@click.group()
def command() -> None:
    """The audit trail: list."""


@command.command("list")
@click.option("--market", help="The market's slug; without it, what concerns the whole installation.")
@click.option("--before", type=int, help="Only lines with a smaller id: the last one of the list before.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many lines.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(settings: Settings, market: str | None, before: int | None, limit: int, as_json: bool) -> None:
    """Who did or looked at what, the newest first; without a person and a token it was done at this computer."""
    with installation(settings).database.reading() as session:
        market_id = None if market is None else find_market(session, market).id
        lines = trail(session, market_id, before=before, limit=limit)
    head = ("id", "at", "act", "login", "token", "device", "stall", "about")
    rows = [
        (line.id, stamp(line.at), line.act, line.person, line.token, line.device, line.stall, line.about)
        for line in lines
    ]
    if as_json:
        print_json([dict(zip(head, row, strict=True)) for row in rows])
    else:
        told = [" ".join(f"{name}={value}" for name, value in line.about.items()) for line in lines]
        print_table(head, [(*row[:-1], said) for row, said in zip(rows, told, strict=True)])
