"""`doctor`: what is wrong with this installation, and the mend."""

from dataclasses import asdict

import click

from ledger.days import utc_now
from market.cli.output import print_json
from market.config import Settings
from market.doctor import address, certificate, machine
from market.doctor_database import database


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> int:
    """Say what is wrong with this installation, a line each with its mend; exit 1 where anything is."""
    now = utc_now()
    found = [*machine(settings), *database(settings, now), *address(settings), *certificate(settings, now)]
    wrong = [each for each in found if each.wrong]
    if as_json:
        lists = {"findings": wrong, "notes": [each for each in found if not each.wrong]}
        shown = {
            name: [{key: value for key, value in asdict(each).items() if key != "wrong"} for each in some]
            for name, some in lists.items()
        }
        print_json({"ok": not wrong, **shown})
    else:
        for each in found:
            click.echo(f"{'' if each.wrong else 'note: '}{each.check}: {each.message}; {each.mend}")
        click.echo(
            f"{len(wrong)} thing{'s' if len(wrong) > 1 else ''} to mend" if wrong else "all is well", err=bool(wrong)
        )
    return 1 if wrong else 0
