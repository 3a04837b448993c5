"""`stall`: bring in a market's list, show it, and mark what became of a stall."""

import random
from dataclasses import asdict
from pathlib import Path

import click

from ledger.days import local_date, parse_day, utc_now
from market.cli.opened import installation
from market.cli.output import print_json, print_problems, print_table
from market.config import Settings
from market.markets import find_market
from merchants import stalls
from merchants.stall_file import import_stalls


@click.group()
def command() -> None:
    """Stalls: import, list, close, pause, open."""


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--market", required=True, help="The market's slug.")
@click.option("--dry-run", is_flag=True, help="Check the file and say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def import_(settings: Settings, file: Path, market: str, dry_run: bool, as_json: bool) -> int:
    """Bring in a list of stalls: a CSV file, all its rows or none."""
    with installation(settings).database.writing() as session:
        result = import_stalls(
            session,
            find_market(session, market).id,
            file,
            source=random.SystemRandom(),
            now=utc_now(),
            dry_run=dry_run,
        )
    print_problems(result.errors)
    if as_json:
        errors = [{"line": e.line, "field": e.field, "error": e.message} for e in result.errors]
        print_json({**asdict(result), "errors": errors})
    elif result.errors:
        click.echo(f"nothing was changed: mend the lines above and import {file.name} again", err=True)
    else:
        would = "would be " if dry_run else ""
        click.echo(
            f"{result.read} read: {result.created} {would}created, {result.updated} {would}updated,"
            f" {result.unchanged} unchanged"
        )
    return 1 if result.errors else 0


@command.command("list")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(settings: Settings, market: str, as_json: bool) -> None:
    """Every stall of a market, with the account and the reference its code carries."""
    with installation(settings).database.reading() as session:
        rows = stalls.list_stalls(session, find_market(session, market).id)
    shown = ("code", "name", "category", "section", "status", "bin", "account_number", "reference")
    if as_json:
        print_json([{name: getattr(row, name) for name in shown} for row in rows])
    else:
        print_table(shown, [[getattr(row, name) for name in shown] for row in rows])


@command.command()
@click.argument("code")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--on", "day", required=True, help="The stall's last day, YYYY-MM-DD.")
@click.pass_obj
def close(settings: Settings, code: str, market: str, day: str) -> None:
    """The stall is given up; its account ends with that day, its book stays."""
    last = parse_day(day, "on")
    with installation(settings).database.writing() as session:
        stall = stalls.find_stall(session, find_market(session, market).id, code)
        stalls.close(session, stall, last, utc_now())
    click.echo(f"{code} closed on {last}", err=True)


def _set_status(settings: Settings, code: str, market: str, status: str) -> None:
    with installation(settings).database.writing() as session:
        stall = stalls.find_stall(session, find_market(session, market).id, code)
        stalls.set_status(session, stall, status, local_date(utc_now()))
    click.echo(f"{code} is {status}", err=True)


@command.command()
@click.argument("code")
@click.option("--market", required=True, help="The market's slug.")
@click.pass_obj
def pause(settings: Settings, code: str, market: str) -> None:
    """The stall does not sell for a while; what is paid to it is booked all the same."""
    _set_status(settings, code, market, "paused")


@command.command("open")
@click.argument("code")
@click.option("--market", required=True, help="The market's slug.")
@click.pass_obj
def open_(settings: Settings, code: str, market: str) -> None:
    """A paused stall sells again."""
    _set_status(settings, code, market, "open")
