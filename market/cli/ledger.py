"""`ledger`: check the books, seal them, and take them out as a file."""

import csv
import io
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from ledger.books.counts import lines
from ledger.books.seals import day_to_seal, seal_books, seals_of
from ledger.days import Month, parse_day, stamp, utc_now
from market.cli.noted import noted
from market.cli.opened import installation
from market.cli.output import print_json, print_table, progress
from market.config import Settings
from market.files import write_whole
from market.markets import find_market
from market.sealing import seal_days
from market.verified import rows_to_check, verified
from merchants.consents import sharing_stalls
from merchants.stalls import list_stalls
from merchants.takings import Actor, shared_entries

HEAD = ("stall", "number", "entry", "kind", "booked_on", "occurred_at", "recorded_at", "concerns", "hash")


@click.group()
def command() -> None:
    """The books: verify, seal, export."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def verify(settings: Settings, as_json: bool) -> int:
    """Check every invariant of the books; exit 1 with a line for each that is broken."""
    database = installation(settings).database
    with progress("Verifying", rows_to_check(database)) as step:
        books, entries, found = verified(database, progress=step)
    findings = [asdict(each) for each in found]
    if as_json:
        print_json({"ok": not findings, "books": books, "entries": entries, "findings": findings})
    else:
        for each in findings:
            place = ", ".join(f"{name} {value}" for name, value in list(each.items())[1:4] if value is not None)
            click.echo(f"{each['check']}: {place + ': ' if place else ''}{each['message']}")
        said = "every invariant holds" if not findings else f"{len(findings)} findings"
        click.echo(f"{books} books, {entries} entries: {said}", err=bool(findings))
    return 1 if findings else 0


@command.command()
@click.option("--market", help="The market's slug; without it, every market.")
@click.pass_obj
def seal(settings: Settings, market: str | None) -> None:
    """Publish the head of every book with new entries, for the day that ended last; the server does so itself."""
    database = installation(settings).database
    now = utc_now()
    if market is None:
        sealed = seal_days(database, now)
    else:
        with database.writing() as session:
            sealed = seal_books(session, find_market(session, market).id, now=now)
    done = f"{sealed} book{'s' if sealed > 1 else ''} sealed" if sealed else "sealed already"
    click.echo(f"{day_to_seal(now)}: {done}")


@command.command()
@click.argument("day")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def seals(settings: Settings, day: str, market: str, as_json: bool) -> None:
    """What was published of each stall's book for DAY (YYYY-MM-DD): how many entries, and the hash of the last."""
    which = parse_day(day, "day")
    with installation(settings).database.reading() as session:
        row = find_market(session, market)
        codes = {stall.book_id: stall.code for stall in list_stalls(session, row.id)}
        found = [(codes[one.book_id], one.number, one.head) for one in seals_of(session, row.id, which)]
    head = ("code", "number", "head")
    if as_json:
        print_json([dict(zip(head, one, strict=True)) for one in found])
    else:
        print_table(head, found)


@command.command()
@click.option("--market", required=True, help="The market's slug.")
@click.option("--month", help="YYYY-MM; without it, everything.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The CSV to write.")
@click.pass_obj
def export(settings: Settings, market: str, month: str | None, output: Path) -> None:
    """Every entry of a market as CSV: who, when, which kind and the hash; no memo, and amounts only of stalls that let
    their board see them: `amount` is what an entry changes in the sum of what banks told, in đồng."""
    which = None if month is None else Month.parse(month)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    database = installation(settings).database
    with database.reading() as session:
        row = find_market(session, market)
        codes = {stall.book_id: stall.code for stall in list_stalls(session, row.id)}
        sharing = sharing_stalls(session, row.id)
        actor = Actor(login_id=0, board_of=row.id)
        first, last = (date.min, date.max) if which is None else (which.first, which.last)
        amounts: dict[int, int] = {}
        for stall_id in sharing:
            amounts |= shared_entries(session, actor, stall_id, first, last)
        writer.writerow((*HEAD, "amount") if sharing else HEAD)
        written = 0
        for line in lines(session, row.id, which):
            writer.writerow(
                (
                    codes[line.book_id],
                    line.number,
                    line.entry_id,
                    line.kind,
                    line.booked_on.isoformat(),
                    stamp(line.occurred_at),
                    stamp(line.recorded_at),
                    line.concerns or "",
                    line.hash,
                    *((amounts.get(line.entry_id, ""),) if sharing else ()),
                )
            )
            written += 1
    # No file without its lines, and no line without its file.
    with database.writing() as session:
        for stall_id in sharing:
            noted(session, "amounts_exported", market_id=row.id, stall_id=stall_id)
        noted(session, "ledger_exported", market_id=row.id, rows=written)
        write_whole(output, text.getvalue().encode("utf-8"))
    click.echo(f"{written} entries in {output}", err=True)
