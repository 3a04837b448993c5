"""`upgrade`: an older database, made this program's."""

import click

from market.cli.opened import installation
from market.config import Settings
from market.upgrade import upgrade, write_anew


@click.command()
@click.pass_obj
def command(settings: Settings) -> None:
    """Back up, then migrate an older database."""
    installation(settings).make_folder()
    before, after, backup = upgrade(settings.database_url, settings.data / "backups")
    if backup is not None:
        click.echo(f"backed up to {backup}", err=True)
    click.echo(f"the database stands at revision {after}" + (f", was {before}" if backup else ""))
    if hindered := write_anew(settings.database_url):
        click.echo(
            f"note: the database file could not be written anew: {hindered}; run upgrade again when nobody else writes"
            " and the disk has room for one more of it",
            err=True,
        )
