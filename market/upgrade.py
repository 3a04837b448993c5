"""Bringing an older database to this program's revision: a backup first, then the migrations; a SQLite file is written
anew, for in what an older program left free in it may stand who was forgotten."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from ledger.refused import Refused
from market.copies import copy_database
from market.db import Database, migrate, open_engine, revision_of, revisions, sqlite_driver


def upgrade(url: str, backups: Path) -> tuple[str | None, str, Path | None]:
    """Give the revision before, the one after, and the backup made between (None where nothing was to be done)."""
    engine = open_engine(url)
    try:
        return _upgrade(engine, backups)
    finally:
        engine.dispose()


def write_anew(url: str) -> str | None:
    """Write a SQLite file anew, also one that is up to date or has no free page, for a full one has free places too.
    Gives why it could not be; the database is whole then, and can be used. PostgreSQL sees to its own."""
    engine = open_engine(url)
    try:
        if engine.dialect.name != "sqlite":
            return None
        with closing(engine.raw_connection()) as outside:
            outside.cursor().execute("VACUUM")
        return None if Database(engine).begin_journal_anew() else "another program is reading it"
    except sqlite_driver().Error as error:
        return str(error)
    finally:
        engine.dispose()


def _upgrade(engine: Engine, backups: Path) -> tuple[str | None, str, Path | None]:
    with engine.execution_options(reading=True).connect() as connection:
        before = revision_of(connection)
    newest = revisions()[-1]
    if before is None or before == newest:
        migrate(engine)
        return before, newest, None
    if before not in revisions():
        raise Refused(
            f"the database stands at revision {before}, this program knows {newest}: install the newer program"
        )
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    backup, _ = copy_database(engine, backups / f"before-{newest}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    migrate(engine)
    return before, newest, backup
