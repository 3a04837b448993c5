"""`channel`: where bank news comes from."""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from ledger.days import HO_CHI_MINH, utc_now
from ledger.inbox.waiting import parked_of
from ledger.refused import Problem, Refused
from market import channels
from market.cli.channel_poll import poll_, token
from market.cli.noted import noted
from market.cli.numbers import NUMBER
from market.cli.opened import installation
from market.cli.output import print_json, print_problems, print_table
from market.cli.secret_given import DASH, secret_given
from market.config import Settings
from market.deliveries import BATCH
from market.markets import find_market
from market.polling import keep_token
from market.secret_key import GUESSED_BELOW, seal
from merchants.payments import take_up
from merchants.settling import try_again
from merchants.stalls import find_stall

SEALED_OTHERWISE = (
    "its secret lies under another key than this installation's, and every call is answered 503: restore the key, or"
    " give the secret again with `channel secret`"
)


@click.group()
def command() -> None:
    """Sources of bank news: add, list, renew a secret, off and on, replay, poll."""


command.add_command(token)
command.add_command(poll_)


@command.command()
@click.argument("provider")
@click.option("--market", required=True, help="The market's slug.")
@click.option("--stall", help="Code of the one stall this channel credits; without it, the whole market.")
@click.option("--secret-file", type=click.Path(path_type=Path), help="File whose first line is the provider's secret.")
@click.option("--secret", type=DASH, help="Read the secret from stdin; on a terminal it is asked for, unseen.")
@click.option("--auth", help="How the provider proves itself, where it has several ways.")
@click.option("--token-file", type=click.Path(path_type=Path), help="File with the token of the provider's interface.")
@click.option("--token", type=DASH, help="Read that token from stdin.")
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
    token_file: Path | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Add a channel of PROVIDER: sepay, casso, casso-v2, payos, pay2s or generic. A generic one's secret is made here
    unless one is given, and printed this once."""
    said = secret_given(secret_file, secret, "secret")
    made = secrets.token_urlsafe(32) if said is None and provider in channels.MAKES_ITS_SECRET else None
    said = said or made
    opens = secret_given(token_file, token, "token")
    opened = installation(settings)
    with opened.database.writing() as session:
        row = find_market(session, market)
        stall_id = None if stall is None else find_stall(session, row.id, stall).id
        channel_id = channels.add_channel(
            session,
            provider=provider,
            market_id=row.id,
            stall_id=stall_id,
            auth=auth,
            sealed_secret=None if said is None else seal(opened.key, said),
            now=utc_now(),
        )
        if opens is not None:
            keep_token(session, channel_id, seal(opened.key, opens))
        noted(session, "channel_added", market_id=row.id, stall_id=stall_id, channel=channel_id, provider=provider)
    url = f"/hooks/{channel_id}"
    if as_json:
        document = {"channel": channel_id, "provider": provider, "url": url}
        print_json(document if made is None else {**document, "secret": made})
    else:
        click.echo(f"channel {channel_id} added; the provider calls {settings.base_url}{url}")
        _print_made(made)
    if said is None:
        click.echo(f"it keeps no secret yet: run channel secret {channel_id} --secret-file FILE", err=True)
    else:
        _note_short(said)


def _note_short(secret: str) -> None:
    if len(secret) < GUESSED_BELOW:
        mend = f"have the provider make one of {GUESSED_BELOW} or more"
        click.echo(f"note: the secret has only {len(secret)} characters and may be guessed; {mend}", err=True)


def _print_made(secret: str | None) -> None:
    if secret is not None:
        click.echo(f"secret: {secret}")
        click.echo("it is shown this once; give it to the sender now", err=True)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """Every channel; never its secret. `former_until`: so long the secret before the present one is taken too."""
    opened = installation(settings)
    now = utc_now()
    with opened.database.reading() as session:
        sealed_otherwise = channels.sealed_otherwise(session, opened.key)
        rows: list[dict[str, Any]] = [
            {
                "channel": row.id,
                "provider": row.provider,
                "market": row.market,
                "stall": row.stall,
                "auth": row.auth,
                "status": row.status,
                "secret": row.secret_kept,
                "former_until": row.former_until.isoformat() if row.former_until and row.former_until > now else None,
                "last_heard_at": row.last_heard_at.isoformat() if row.last_heard_at else None,
                "token": row.token_kept,
                "polled_at": row.polled_at.isoformat() if row.polled_at else None,
                "url": f"/hooks/{row.id}",
                "poll_trouble": row.poll_trouble,
                "trouble": SEALED_OTHERWISE if row.id in sealed_otherwise else None,
            }
            for row in channels.list_channels(session)
        ]
    if as_json:
        print_json(rows)
    else:
        head = [name for name in rows[0] if name not in ("poll_trouble", "trouble")] if rows else []
        print_table(head, [[row[name] for name in head] for row in rows])
        for row in rows:
            troubles = [row["trouble"] or "", *row["poll_trouble"].splitlines()]
            print_problems([Problem(line, field=f"channel {row['channel']}") for line in troubles if line])


@command.command()
@click.argument("channel", type=NUMBER)
@click.option("--secret-file", type=click.Path(path_type=Path), help="File whose first line is the provider's secret.")
@click.option("--secret", type=DASH, help="Read the secret from stdin; on a terminal it is asked for, unseen.")
@click.option(
    "--overlap",
    type=click.IntRange(0, 24 * 30),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="How long the former secret is taken beside it; 0: it ends at once.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def secret(
    settings: Settings, channel: int, secret_file: Path | None, secret: str | None, overlap: int, as_json: bool
) -> None:
    """Give CHANNEL another secret. A generic one's is made here unless one is given, and printed this once."""
    said = secret_given(secret_file, secret, "secret")
    opened = installation(settings)
    now = utc_now()
    with opened.database.writing() as session:
        row = channels.find_channel(session, channel)
        made = secrets.token_urlsafe(32) if said is None and row.provider in channels.MAKES_ITS_SECRET else None
        said = said or made
        if said is None:
            mend = "is needed; copy it from the provider's page and give --secret-file FILE or --secret -"
            raise Refused(Problem(mend, field="secret"))
        former_until = channels.renew_secret(
            session, channel, sealed_secret=seal(opened.key, said), overlap=timedelta(hours=overlap), now=now
        )
        noted(session, "channel_secret_renewed", market_id=row.market_id, stall_id=row.stall_id, channel=channel)
    if as_json:
        document = {"channel": channel, "former_until": former_until.isoformat() if former_until else None}
        print_json(document if made is None else {**document, "secret": made})
    else:
        until = f"until {former_until.astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M}" if former_until else "no longer"
        click.echo(f"channel {channel} has another secret; the former one is taken {until}")
        _print_made(made)
    _note_short(said)


@command.command()
@click.argument("channel", type=NUMBER)
@click.pass_obj
def on(settings: Settings, channel: int) -> None:
    """The channel takes what it is told again."""
    with installation(settings).database.writing() as session:
        channels.switch_on(session, channel)
        noted(session, "channel_on", market_id=channels.find_channel(session, channel).market_id, channel=channel)
    click.echo(f"channel {channel} is on", err=True)


@command.command()
@click.argument("channel", type=NUMBER)
@click.pass_obj
def off(settings: Settings, channel: int) -> None:
    """The channel takes nothing any more; what it told stays."""
    with installation(settings).database.writing() as session:
        channels.switch_off(session, channel)
        noted(session, "channel_off", market_id=channels.find_channel(session, channel).market_id, channel=channel)
    click.echo(f"channel {channel} is off", err=True)


@command.command()
@click.argument("channel", type=NUMBER)
@click.pass_obj
def replay(settings: Settings, channel: int) -> None:
    """Book what the channel told and could not be booked then; what is parked gets one more try."""
    database = installation(settings).database
    taken = 0
    still = 0
    last = 0
    while True:
        with database.writing() as session:
            row = channels.find_channel(session, channel)
            parked = parked_of(session, row.market_id, channel, after=last, limit=BATCH)
            outcomes = try_again(session, row.source, parked, utc_now())
            if outcomes:
                noted(session, "notice_tried_again", market_id=row.market_id, channel=channel, rows=len(outcomes))
        if not parked:
            break
        last = parked[-1]
        taken += len(outcomes)
        still += sum(outcome.status == "parked" for outcome in outcomes)
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
