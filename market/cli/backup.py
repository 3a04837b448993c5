"""`backup`: a whole installation as one file, and back."""

import sys
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from ledger.days import utc_now
from ledger.refused import Problem, Refused
from market.access import audit
from market.backup import create as create_backup
from market.backup import note_restored, size
from market.backup import restore as restore_backup
from market.backup_file import SHORTEST_PASSPHRASE, opened_backup
from market.cli.opened import installation
from market.cli.output import progress
from market.config import Settings
from market.db import revisions

PASSPHRASE_FILE = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="Its first line is the passphrase for the installation's key; else CHO_BACKUP_PASSPHRASE_FILE, or asked for.",
)


@click.group()
def command() -> None:
    """The whole installation as one file: create, restore."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@PASSPHRASE_FILE
@click.pass_obj
def create(settings: Settings, file: Path, passphrase_file: Path | None) -> None:
    """Back up the database, the photos and the installation's key into FILE, while the server serves."""
    total = size(settings)
    passphrase = _passphrase(settings, passphrase_file, twice=True)
    now = utc_now()
    with progress("Backing up", total) as step:
        manifest = create_backup(settings, file, passphrase, now=now, progress=step)
    found = manifest.contents
    click.echo(f"{file}: {sum(found.rows.values())} rows at revision {found.revision}, {len(manifest.parts)} files")
    if found.broken:
        click.echo(f"{found.broken} books do not end with their own last entry: run ledger verify", err=True)
    if found.revision == revisions()[-1]:
        try:
            with installation(settings).database.writing() as session:
                audit.note(session, "backup_made", market_id=None, about={"rows": sum(found.rows.values())}, at=now)
        except SQLAlchemyError:
            click.echo("the database could not note that it was backed up; the backup itself is whole", err=True)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), help="Another folder than CHO_DATA, new or empty.")
@PASSPHRASE_FILE
@click.pass_obj
def restore(settings: Settings, file: Path, into: Path | None, passphrase_file: Path | None) -> None:
    """Bring FILE back into an empty CHO_DATA; nothing is overwritten, nothing migrated."""
    with opened_backup(file) as (_, manifest):
        total = sum(part.size for part in manifest.parts)
    with progress("Restoring", total) as step:
        manifest = restore_backup(
            settings, file, lambda: _passphrase(settings, passphrase_file, twice=False), into=into, progress=step
        )
    found = manifest.contents
    click.echo(f"{into or settings.data}: {sum(found.rows.values())} rows of {manifest.made_at} are back")
    try:
        noted = note_restored(settings, manifest, into=into, now=utc_now())
    except SQLAlchemyError:
        noted = False
    if not noted:
        click.echo("its audit trail could not take that it was restored; everything is back", err=True)
    click.echo("who was forgotten since then is back: run stall forget for them again", err=True)
    if found.revision != revisions()[-1]:
        click.echo(f"it stands at revision {found.revision}: run python3 run.py upgrade", err=True)


def _passphrase(settings: Settings, file: Path | None, *, twice: bool) -> str:
    file = file or settings.backup_passphrase_file
    if file is not None:
        try:
            said = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(Problem(f"{file} cannot be read: {error}", field="passphrase-file")) from None
        passphrase = (said.splitlines() or [""])[0].strip()
    elif sys.stdin.isatty():
        passphrase = str(
            click.prompt("Passphrase for the installation's key", hide_input=True, confirmation_prompt=twice, err=True)
        )
    else:
        message = "cannot be asked for without a terminal; name a file in CHO_BACKUP_PASSPHRASE_FILE"
        raise Refused(Problem(message, field="passphrase"))
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refused(Problem(f"must have {SHORTEST_PASSPHRASE} characters or more", field="passphrase"))
    return passphrase
