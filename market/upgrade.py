"""Bringing an older database to this program's revision: a backup first, then the migrations; a SQLite file is written
anew, for in the free pages of an older one may stand who was forgotten."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from ledger.refused import Refused
from market.copies import copy_database
from market.db import migrate, open_engine, revision_of, revisions


def upgrade(url: str, backups: Path) -> tuple[str | None, str, Path | None]:
    """Give the revision before, the one after, and the backup made between (None where nothing was to be done)."""
    engine = open_engine(url)
    try:
        return _upgrade(engine, backups)
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
    if engine.dialect.name == "sqlite":
        outside = engine.raw_connection()
        outside.cursor().execute("VACUUM")
        outside.close()
    return before, newest, backup
