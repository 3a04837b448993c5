"""Bringing an older database to this program's revision: a backup first, then the migrations."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from ledger.refused import Refused
from market.db import migrate, open_engine, revision_of, revisions, sqlite_driver


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
    name = f"before-{newest}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    backup = _back_up(engine, backups / name)
    migrate(engine)
    return before, newest, backup


def _back_up(engine: Engine, target: Path) -> Path:
    url = make_url(engine.url)
    if url.get_backend_name() == "sqlite":
        target = target.with_suffix(".sqlite")
        driver = sqlite_driver()
        source, copy = driver.connect(url.database), driver.connect(str(target))
        try:
            source.backup(copy)
            (found,) = copy.execute("PRAGMA integrity_check").fetchone()
        finally:
            copy.close()
            source.close()
        if found != "ok":
            raise Refused(f"the backup {target} is damaged ({found}), so nothing was migrated; check the disk")
        return target
    target = target.with_suffix(".dump")
    tool = shutil.which("pg_dump")
    if tool is None:
        raise Refused("pg_dump is not installed, so no backup can be made; install PostgreSQL's client programs")
    # The password goes by the environment: a command line can be read by everyone on the machine.
    secret = {"PGPASSWORD": url.password} if url.password else {}
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    done = subprocess.run(  # noqa: S603
        [tool, "--format=custom", f"--file={target}", f"--dbname={plain}"],
        env=os.environ | secret,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refused(f"pg_dump could not back up the database ({said}), so nothing was migrated")
    return target
