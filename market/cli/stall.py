"""`stall`: bring in a market's list, show it, and mark what became of a stall."""

import random
from dataclasses import asdict
from pathlib import Path

import click

from ledger.days import HO_CHI_MINH, local_date, parse_day, utc_now
from ledger.refused import Problem, Refused
from market.account_changes import carry_out_noted
from market.cli.noted import noted
from market.cli.opened import installation
from market.cli.output import print_json, print_problems, print_rows, print_table
from market.config import Settings
from market.connections import connections
from market.files import writing_whole
from market.forgetting import forget_stall, going
from market.markets import find_market
from market.stall_copy import write_copy
from market.web.log_words import in_vietnamese
from merchants import account_changes, stalls
from merchants.feeds import STATES
from merchants.forgetting import check as check_closed
from merchants.stall_file import import_stalls


@click.group()
def command() -> None:
    """Stalls: import, list, connections, account, close, pause, open, coded, export, forget."""


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--market", required=True, help="The market's slug.")
@click.option("--dry-run", is_flag=True, help="Check the file and say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def import_(settings: Settings, file: Path, market: str, dry_run: bool, as_json: bool) -> int:
    """Bring in a list of stalls: a CSV file, all its rows or none."""
    with installation(settings).database.writing() as session:
        market_id = find_market(session, market).id
        result = import_stalls(session, market_id, file, source=random.SystemRandom(), now=utc_now(), dry_run=dry_run)
        if not dry_run and not result.errors:
            noted(session, "stalls_imported", market_id=market_id, rows=result.created + result.updated)
    print_problems(result.errors)
    for code, other in result.alike:
        click.echo(
            f"note: the name of {code} looks like that of {other}; add something that tells them apart", err=True
        )
    if as_json:
        errors = [{"line": e.line, "field": e.field, "error": e.message} for e in result.errors]
        told = {name: value for name, value in asdict(result).items() if name != "alike"}
        print_json({**told, "errors": errors})
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
    documents = [
        {name: None if name == "account_number" and row.forgotten else getattr(row, name) for name in shown}
        for row in rows
    ]
    print_rows(shown, documents, as_json=as_json)


@command.command("connections")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def connections_(settings: Settings, market: str, as_json: bool) -> None:
    """Whether each stall's bank is heard (never, silent, statements, quiet, heard), since when, and why not; those not
    connected first. `way`: by the stall's own channel, the market's, or statements."""
    opened = installation(settings)
    with opened.database.reading() as session:
        found = connections(session, find_market(session, market).id, key=opened.key, now=utc_now())
    rows = [
        {
            "code": one.stall.code,
            "name": one.stall.name,
            "state": one.feed.state,
            "since": one.feed.since.isoformat() if one.feed.since else None,
            "trouble": one.feed.trouble or None,
            "way": one.way,
            "channel": one.feed.channel_id,
        }
        for one in sorted(found, key=lambda one: STATES.index(one.feed.state))
    ]
    print_rows(("code", "name", "state", "since", "trouble", "way", "channel"), rows, as_json=as_json)


@command.command()
@click.argument("code")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--on/--off", required=True, help="Only payments with one of its references, or all.")
@click.pass_obj
def coded(settings: Settings, code: str, market: str, on: bool) -> None:
    """The stall counts only payments that carry the reference of one of its codes, or all again; what was booked before
    stays."""
    with installation(settings).database.writing() as session:
        stall = stalls.find_stall(session, find_market(session, market).id, code)
        stalls.set_coded_only(session, stall.id, on=on)
        act = "coded_only_on" if on else "coded_only_off"
        noted(session, act, market_id=stall.market_id, stall_id=stall.id)
    click.echo(f"{code} counts {'only payments with its references' if on else 'all its payments'}", err=True)


@command.command()
@click.argument("code")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--bank", help="The bank: a BIN, a short code or a name.")
@click.option("--number", help="The number of the account.")
@click.option("--name", help="Its holder, as the bank shows it.")
@click.option("--now", "at_once", is_flag=True, help="Without the wait of a day.")
@click.option("--stop", is_flag=True, help="Stop the change that waits.")
@click.pass_obj
def account(
    settings: Settings,
    code: str,
    market: str,
    bank: str | None,
    number: str | None,
    name: str | None,
    at_once: bool,
    stop: bool,
) -> None:
    """Ask for another bank account for a stall, which it is paid to after a day; or stop that. The former account still
    leads to the stall."""
    if stop == any((bank, number, name, at_once)) or not (stop or (bank and number and name)):
        raise click.UsageError("give --bank, --number and --name; or --stop alone")
    now = utc_now()
    with installation(settings).database.writing() as session:
        stall = stalls.find_stall(session, find_market(session, market).id, code)
        if stop:
            waiting = account_changes.open_change(session, stall.id)
            if waiting is None:
                raise Refused(Problem(f"no change of the account of {code} waits", field="stall"))
            change = account_changes.stop(session, waiting.id, login_id=None, now=now)
        else:
            change = account_changes.ask(
                session, stall, bank=bank or "", number=number or "", name=name or "", login_id=None, now=now
            )
        act = "account_stopped" if stop else "account_asked"
        noted(session, act, market_id=stall.market_id, stall_id=stall.id, **change.about)
        if at_once:
            change = carry_out_noted(session, change.id, now)
    if change.is_open:
        told = f"takes effect at {change.takes_effect.astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M}"
    else:
        told = "is stopped" if stop else "is in effect; print its signs again"
    click.echo(f"{code}: the account {change.bin} …{change.number[-4:]} of {change.name} {told}", err=True)


@command.command()
@click.option("--market", required=True, help="The market's slug.")
@click.option("--stall", "code", required=True, help="The stall's code.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The ZIP to write.")
@click.pass_obj
def export(settings: Settings, market: str, code: str, output: Path) -> None:
    """Everything the program holds of a stall and its people, as one ZIP: for the holder who asks for it."""
    database = installation(settings).database
    now = utc_now()
    with database.reading() as session, writing_whole(output) as file:
        stall = stalls.find_stall(session, find_market(session, market).id, code)
        rows = write_copy(session, stall, file, told=in_vietnamese, now=now)
    with database.writing() as session:
        noted(session, "stall_copied", market_id=stall.market_id, stall_id=stall.id, rows=rows)
    click.echo(f"{rows} rows in {output}", err=True)


@command.command()
@click.option("--market", required=True, help="The market's slug.")
@click.option("--stall", "code", required=True, help="The stall's code.")
@click.option("--close", is_flag=True, help="Close a stall that still sells, today and in the same act.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def forget(settings: Settings, market: str, code: str, close: bool, dry_run: bool, as_json: bool) -> None:
    """Delete what the program holds of a stall's holder: names, phone, account numbers, who paid, notes, logins. The
    books stay, without a name. There is no way back; done again, what came since goes too."""
    database = installation(settings).database
    now = utc_now()
    with database.reading() as session:
        stall = stalls.find_stall(session, find_market(session, market).id, code)
        check_closed(stall, now, close=close)
        found = going(session, stall)
    if not dry_run:
        found = forget_stall(database, stall.id, close=close, login_id=None, now=now, noted=noted)
    if database.traces_left:
        click.echo("note: traces stand in the journal until the server has a quiet moment or ends", err=True)
    if as_json:
        print_json(asdict(found))
    else:
        print_table(("what", "gone" if not dry_run else "would go"), list(asdict(found).items()))


@command.command()
@click.argument("code")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--on", "day", required=True, help="The stall's last day, YYYY-MM-DD.")
@click.pass_obj
def close(settings: Settings, code: str, market: str, day: str) -> None:
    """The stall is given up; its account ends with that day, its book stays. The day may change until it is past."""
    last = parse_day(day, "on")
    with installation(settings).database.writing() as session:
        stall = stalls.find_stall(session, find_market(session, market).id, code)
        stalls.close(session, stall, last, utc_now())
        noted(session, "stall_closed", market_id=stall.market_id, stall_id=stall.id)
    click.echo(f"{stall.code}: {last} is its last day", err=True)


def _set_status(settings: Settings, code: str, market: str, status: str) -> None:
    with installation(settings).database.writing() as session:
        stall = stalls.find_stall(session, find_market(session, market).id, code)
        stalls.set_status(session, stall, status, local_date(utc_now()))
        act = "stall_paused" if status == "paused" else "stall_opened"
        noted(session, act, market_id=stall.market_id, stall_id=stall.id)
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
