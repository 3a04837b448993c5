"""`channel token` and `channel poll`: a provider's own interface, asked for what its webhook did not tell."""

import time
from pathlib import Path

import click

from ledger.days import local_date, parse_day, utc_now
from ledger.refused import Problem, Refused
from market.channels import find_channel
from market.cli.noted import noted
from market.cli.numbers import NUMBER
from market.cli.opened import installation
from market.cli.output import print_json, print_problems, progress
from market.cli.secret_given import DASH, secret_given
from market.config import INTERFACES, Settings
from market.fetching import UNREACHED
from market.polling import keep_token, poll
from market.secret_key import seal


@click.command()
@click.argument("channel", type=NUMBER)
@click.option("--token-file", type=click.Path(path_type=Path), help="File whose first line is the token.")
@click.option("--token", type=DASH, help="Read the token from stdin; on a terminal it is asked for, unseen.")
@click.pass_obj
def token(settings: Settings, channel: int, token_file: Path | None, token: str | None) -> None:
    """Keep the token (Casso: API key) that opens the provider's own interface to CHANNEL; from then on it is polled."""
    said = secret_given(token_file, token, "token")
    if said is None:
        mend = "is needed; make one on the provider's page and give --token-file FILE or --token -"
        raise Refused(Problem(mend, field="token"))
    opened = installation(settings)
    with opened.database.writing() as session:
        keep_token(session, channel, seal(opened.key, said))
        noted(session, "channel_token_set", market_id=find_channel(session, channel).market_id, channel=channel)
    click.echo(f"channel {channel} keeps a token; `channel poll {channel}` tries it", err=True)


@click.command("poll")
@click.argument("channel", type=NUMBER)
@click.option("--since", metavar="DAY", help="Ask for everything from this day on; default: two days before the last.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def poll_(settings: Settings, channel: int, since: str | None, as_json: bool) -> int:
    """Catch up now: ask the provider for what its webhook did not tell, and record it once."""
    day = None if since is None else parse_day(since, "since")
    now = utc_now()
    if day is not None and day > local_date(now):
        raise Refused(Problem(f"{day} lies in the future; today is {local_date(now)}", field="since"))
    opened = installation(settings)
    with opened.database.reading() as session:
        row = find_channel(session, channel)
    with progress(f"Polling {row.provider}", 1000) as step:
        shown = 0

        def announce(read: int, total: int) -> None:
            nonlocal shown
            part = 1000 * read // max(read, total, 1)
            step(part - shown)
            shown = part

        polled = poll(opened, row, now=now, pause=time.sleep, since=day, announce=announce)
    document = polled.summary.document()
    nothing_read = polled.stopped and not polled.summary.read
    if as_json and not nothing_read:
        print_json(document)
    elif not nothing_read:
        click.echo(", ".join(f"{count} {name}" for name, count in document.items() if isinstance(count, int)))
    trouble = polled.trouble
    if UNREACHED in polled.stopped:
        trouble = trouble.replace(polled.stopped, f"{polled.stopped} and {INTERFACES[row.provider]}", 1)
    print_problems([Problem(line) for line in trouble.splitlines()])
    return 1 if polled.trouble else 0
