"""`channel`: where bank news comes from."""

import sys
from pathlib import Path

import click

from ledger.days import utc_now
from ledger.refused import Problem, Refused
from market import channels
from market.cli.numbers import NUMBER
from market.cli.opened import installation
from market.cli.output import print_json, print_table
from market.config import Settings
from market.markets import find_market
from market.secret_key import seal
from merchants.payments import take_up
from merchants.stalls import find_stall


@click.group()
def command() -> None:
    """Sources of bank news: add, list, off, replay."""


@command.command()
@click.argument("provider")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--stall", help="Code of the one stall this channel credits; without it, the whole market.")
@click.option("--secret-file", type=click.Path(path_type=Path), help="File whose first line is the provider's secret.")
@click.option("--secret", type=click.Choice(["-"]), help="Read the secret from stdin.")
@click.option("--auth", help="How the provider proves itself, where it has several ways.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def add(
    settings: Settings,
    provider: str,
    market: str,
    stall: str | None,
    secret_file: Path | None,
    secret: str | None,
    auth: str | None,
    as_json: bool,
) -> None:
    """Add a channel of PROVIDER (sepay)."""
    if secret_file is not None and secret is not None:
        raise click.UsageError("give --secret-file or --secret -, not both")
    said = _secret(secret_file, from_stdin=secret is not None)
    opened = installation(settings)
    with opened.database.writing() as session:
        row = find_market(session, market)
        channel_id = channels.add_channel(
            session,
            provider=provider,
            market_id=row.id,
            stall_id=None if stall is None else find_stall(session, row.id, stall).id,
            auth=auth,
            sealed_secret=None if said is None else seal(opened.key, said),
            now=utc_now(),
        )
    url = f"/hooks/{channel_id}"
    if as_json:
        print_json({"channel": channel_id, "provider": provider, "url": url})
    else:
        click.echo(f"channel {channel_id} added; the provider calls {settings.base_url}{url}")


def _secret(file: Path | None, *, from_stdin: bool) -> str | None:
    if file is not None:
        try:
            said = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(Problem(f"{file} cannot be read: {error}", field="secret-file")) from None
    elif from_stdin:
        said = sys.stdin.readline()
    else:
        return None
    secret = said.strip().split("\n")[0].strip()
    if not secret:
        raise Refused(Problem("is empty; copy it from the provider's page", field="secret"))
    return secret


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """Every channel; never its secret."""
    with installation(settings).database.reading() as session:
        rows = [
            {
                "channel": row.id,
                "provider": row.provider,
                "market": row.market,
                "stall": row.stall,
                "auth": row.auth,
                "status": row.status,
                "secret": row.secret_kept,
                "last_heard_at": row.last_heard_at.isoformat() if row.last_heard_at else None,
                "url": f"/hooks/{row.id}",
            }
            for row in channels.list_channels(session)
        ]
    if as_json:
        print_json(rows)
    else:
        head = ("channel", "provider", "market", "stall", "auth", "status", "secret", "last_heard_at", "url")
        print_table(head, [list(row.values()) for row in rows])


@command.command()
@click.argument("channel", type=NUMBER)
@click.pass_obj
def off(settings: Settings, channel: int) -> None:
    """The channel takes nothing any more; what it told stays."""
    with installation(settings).database.writing() as session:
        channels.switch_off(session, channel)
    click.echo(f"channel {channel} is off", err=True)


@command.command()
@click.argument("channel", type=NUMBER)
@click.pass_obj
def replay(settings: Settings, channel: int) -> None:
    """Book what the channel told and could not be booked then."""
    database = installation(settings).database
    taken = 0
    still = 0
    while True:
        with database.writing() as session:
            row = channels.find_channel(session, channel)
            outcomes = take_up(session, row.source, utc_now())
        taken += len(outcomes)
        failed = sum(outcome.status in ("pending", "parked") for outcome in outcomes)
        still += failed
        # A batch in which one failed would only be met again.
        if not outcomes or failed:
            break
    click.echo(f"{taken - still} taken up, {still} could not be booked")
