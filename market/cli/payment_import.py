"""`payment import`: a file of provider bodies, or a bank statement, taken whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlmodel import Session

from ledger.days import utc_now
from ledger.inbox.providers import READERS
from ledger.inbox.statements.headings import MEANINGS
from ledger.inbox.statements.sheet import MOST_BYTES
from ledger.inbox.statements.statement import Statement
from ledger.refused import Problem, Refused
from market.channels import ChannelRow, find_channel, list_channels
from market.cli.noted import noted
from market.cli.numbers import NUMBER
from market.cli.opened import installation
from market.cli.output import print_json, print_problems, progress
from market.config import Settings
from market.deliveries import Summary, import_bodies
from market.markets import find_market
from market.statements import PROVIDER, import_statement, read_for_market
from qr import banks
from qr.errors import FieldError


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--channel", type=NUMBER, help="The channel that told it; or --market.")
@click.option("--market", help="The market's slug; or --channel.")
@click.option("--format", "form", help="A provider (sepay …) for a .jsonl; the bank of a statement that names none.")
@click.option("--account", default="", help="The account of a statement that names none.")
@click.option("--bank", help="The bank of a statement that names none: BIN, code or name.")
@click.option("--map", "maps", multiple=True, metavar="MEANING=HEADING", help=f"One of {', '.join(MEANINGS)}.")
@click.option("--dry-run", is_flag=True, help="Say what would be recorded.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def import_(
    settings: Settings,
    file: Path,
    channel: int | None,
    market: str | None,
    form: str | None,
    account: str,
    bank: str | None,
    maps: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Take a file of bank news; all lines or none. What was seen before is a duplicate.

    A .jsonl file holds provider bodies, one a line, for one channel. A .csv or .xlsx file is a bank statement; a dry
    run shows how it was understood. Headings that nobody knows are mapped once and remembered.
    """
    if (channel is None) == (market is None):
        raise click.UsageError("name either --channel ID or --market SLUG")
    database = installation(settings).database
    with database.reading() as session:
        named = find_channel(session, channel) if channel is not None else None
        market_id = named.market_id if named is not None else find_market(session, market or "").id
        content = _content(file)
        if _holds_bodies(file, content, form):
            if account or bank or maps:
                raise click.UsageError("--account, --bank and --map are for bank statements")
            row, statement = _channel_of_bodies(session, named, market_id, form), None
        else:
            statement = read_for_market(
                session, market_id, content, file.name, account=account, bank=_bin(bank, form), columns=_columns(maps)
            )
    now = utc_now()
    if statement is None:
        summary = _with_progress(
            file, lambda steps: import_bodies(database, row, file, now=now, dry_run=dry_run, **steps)
        )
    else:
        # A statement is the market's, whichever of its channels is named: it says itself of which accounts it is.
        if named is not None and named.status != "on":
            raise Refused(Problem(f"channel {channel} is off and takes nothing", field="channel"))
        if dry_run:
            _describe(statement, to_stderr=as_json)
        summary = _with_progress(
            file, lambda steps: import_statement(database, market_id, statement, now=now, dry_run=dry_run, **steps)
        )
    if not dry_run and not summary.rejected:
        with database.writing() as session:
            noted(session, "payments_imported", market_id=market_id, rows=summary.read)
    return _say(summary, dry_run, as_json)


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused(Problem(f"{file} cannot be read: {error.strerror}")) from None


def _holds_bodies(file: Path, content: bytes, form: str | None) -> bool:
    if form is not None:
        return form in READERS
    return file.suffix.lower() == ".jsonl" or content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def _channel_of_bodies(session: Session, named: ChannelRow | None, market_id: int, form: str | None) -> ChannelRow:
    if named is not None:
        if named.provider == PROVIDER:
            message = f"channel {named.id} takes bank statements; provider bodies need their provider's channel"
            raise Refused(Problem(message, field="channel"))
        if form not in (None, named.provider):
            raise Refused(Problem(f"channel {named.id} is of {named.provider}, not of {form}", field="format"))
        return named
    own = [row for row in list_channels(session) if row.market_id == market_id and row.provider in READERS]
    if form is None and len(own) == 1:
        return own[0]
    if form is None:
        message = f"a file of bodies does not name its provider: add --format with one of {', '.join(READERS)}"
        raise Refused(Problem(message, field="format"))
    rows = [row for row in own if row.provider == form]
    if len(rows) != 1:
        ids = ", ".join(str(row.id) for row in rows)
        mend = (
            f"several channels of {form}; name one with --channel: {ids}"
            if rows
            else (f"no channel of {form}; add one with `channel add {form}`")
        )
        raise Refused(Problem(f"the market has {mend}", field="format"))
    return rows[0]


def _bin(bank: str | None, form: str | None) -> str:
    """The BIN of the bank that was named; a bank may be named as the format too."""
    named = bank if bank is not None else form
    if named is None or (bank is None and named.lower() in (PROVIDER, "csv", "xlsx")):
        return ""
    try:
        return banks.find(named).bin
    except FieldError as error:
        known = "" if bank is not None else f"; --format is a bank, or one of {', '.join(READERS)}"
        raise Refused(Problem(error.message + known, field="bank" if bank is not None else "format")) from None


def _columns(maps: tuple[str, ...]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for said in maps:
        meaning, mark, heading = said.partition("=")
        if not mark or meaning not in MEANINGS or not heading.strip() or meaning in columns:
            message = f"{said!r} maps nothing; write MEANING=HEADING once for each of {', '.join(MEANINGS)}"
            raise Refused(Problem(message, field="map"))
        columns[meaning] = heading.strip()
    return columns


def _describe(statement: Statement, *, to_stderr: bool) -> None:
    """How the file was understood, before anything is written."""
    bank = banks.by_bin(statement.bank)
    lines = {
        "bank": f"{bank.short_name} ({bank.bin})" if bank else statement.bank or "not named; accounts decide alone",
        "account": ", ".join(statement.accounts) or "none",
        **{meaning: f"column {heading!r}" for meaning, heading in statement.columns.items()},
        "lines": f"{len(statement.lines)}, {statement.first} to {statement.last}" if statement.lines else "none",
        "in": f"{statement.total_in} đồng",
        "out": f"{statement.total_out} đồng",
    }
    width = max(map(len, lines))
    for name, said in lines.items():
        click.echo(f"{name.ljust(width)}  {said}", err=to_stderr)


def _with_progress(file: Path, take: Callable[[dict[str, Any]], Summary]) -> Summary:
    size = file.stat().st_size
    with progress(f"Importing {file.name}", max(size, 1)) as step:
        total = 0

        def announce(deliveries: int) -> None:
            nonlocal total
            total = deliveries

        return take({"announce": announce, "progress": lambda done: step(size * done // max(total, 1))})


def _say(summary: Summary, dry_run: bool, as_json: bool) -> int:
    print_problems([Problem(each["error"], each["line"]) for each in summary.rejected])
    if as_json:
        print_json(summary.document())
    elif summary.rejected:
        click.echo("nothing was recorded: mend or remove the lines above and import the file again", err=True)
    else:
        said = ", ".join(f"{count} {name}" for name, count in summary.document().items() if isinstance(count, int))
        click.echo(f"dry run: {said}" if dry_run else said)
    return 1 if summary.rejected else 0
