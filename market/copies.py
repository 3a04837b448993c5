"""A copy of the database as a file of its own, taken while others write to it; and such a copy, brought back."""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url

from ledger.refused import Refused
from market.db import revision_of, sqlite_driver, trouble

SUFFIXES = {"sqlite": ".sqlite", "postgresql": ".dump"}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds, for comparison: its revision, the rows of each table, the SHA-256 of every book's head,
    and how many books do not end with the entry that their head names."""

    revision: str
    rows: dict[str, int]
    heads: str
    broken: int


def contents(connection: Connection) -> Contents:
    """Count and digest what is there, whatever its revision. Raises Refused where the tables are not ours."""
    revision = revision_of(connection)
    if revision is None:
        raise Refused("the database has no tables of this program")
    names = sorted(inspect(connection).get_table_names())
    rows = {name: int(connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()) for name in names}  # noqa: S608
    heads = hashlib.sha256()
    for book in connection.execute(text("SELECT id, entries, head FROM book ORDER BY id")):
        heads.update(f"{book.id} {book.entries} {book.head}\n".encode())
    broken = connection.execute(
        text(
            "SELECT count(*) FROM book LEFT JOIN entry ON entry.book_id = book.id AND entry.number = book.entries"
            " WHERE coalesce(entry.hash, '') <> book.head"
        )
    ).scalar_one()
    return Contents(revision, rows, heads.hexdigest(), int(broken))


def copy_database(engine: Engine, target: Path) -> tuple[Path, Contents]:
    """Copy the database into `target` with its own suffix, and give that path and what the copy holds.

    Raises Refused where it cannot be done; a file that was begun is left for the caller to remove.
    """
    kind = engine.dialect.name
    target = target.with_name(target.name + SUFFIXES[kind])
    return target, (_copy_sqlite if kind == "sqlite" else _dump)(engine, target)


def _copy_sqlite(engine: Engine, target: Path) -> Contents:
    driver = sqlite_driver()
    path = Path(str(make_url(engine.url).database))
    free = shutil.disk_usage(target.parent).free
    try:
        _copy_into(driver, path, target)
    except driver.Error as error:
        raise Refused(_why_not_copied(error, path, target, free)) from None
    with target.open("rb+") as written:
        os.fsync(written.fileno())
    return sqlite_contents(target)


def _copy_into(driver: ModuleType, path: Path, target: Path) -> None:
    source = driver.connect(str(path))
    try:
        # One moment of the source, whose writers go on meanwhile; without its free pages, where what was deleted before
        # this program wiped it may still stand. The copy is one file, with nothing beside it.
        source.execute("VACUUM INTO ?", (str(target),)).close()
    finally:
        source.close()


def _why_not_copied(error: Any, path: Path, target: Path, free: int) -> str:
    """In words for the operator; `free` is what was free before, in bytes."""
    said = str(error)
    needed = path.stat().st_size
    if "full" in said or ("I/O" in said and free < needed):
        room = f"it needs {needed / 1_000_000:.1f} MB and {free / 1_000_000:.1f} MB were free"
        return f"there is no room for a copy of the database ({room}); free some space or name another disk"
    if str(target) in said:
        return f"{target} cannot be written; check the rights of its folder"
    return trouble(error) or f"the database {path} cannot be copied ({said}); check the disk and restore a backup"


def sqlite_contents(path: Path) -> Contents:
    """What a SQLite file holds. Raises Refused where it is damaged or not ours."""
    driver = sqlite_driver()
    probe = driver.connect(str(path))
    try:
        (found,) = probe.execute("PRAGMA integrity_check").fetchone()
    except driver.DatabaseError as error:
        found = str(error)
    finally:
        probe.close()
    if found != "ok":
        raise Refused(f"the copy {path} is damaged ({found}); check the disk and the database it was taken from")
    # Not as the program opens its own: looking at a copy leaves it as it is.
    engine = create_engine(f"sqlite:///{path}", module=driver)
    try:
        with engine.connect() as connection:
            return contents(connection)
    finally:
        engine.dispose()


def _dump(engine: Engine, target: Path) -> Contents:
    tool = _tool("pg_dump", "so no backup can be made")
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        # The dump is of the very moment whose contents are counted.
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        found = contents(connection)
        _run(
            [tool, "--format=custom", f"--snapshot={snapshot}", f"--file={target}"],
            make_url(engine.url),
            "pg_dump could not back up the database",
        )
    return found


def bring_back(path: Path, engine: Engine) -> None:
    """Fill an empty PostgreSQL database from a dump, all or nothing. Raises Refused."""
    tool = _tool("pg_restore", "so nothing can be restored")
    with engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise Refused("the database that CHO_DATABASE_URL names is not empty; make a new one for what is restored")
    _run(
        [tool, "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", str(path)],
        make_url(engine.url),
        "pg_restore could not fill the database",
    )


def _tool(name: str, so: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Refused(f"{name} is not installed, {so}; install PostgreSQL's client programs")
    return found


def _run(command: list[str], url: URL, failed: str) -> None:
    # The password goes by the environment: a command line can be read by everyone on the machine.
    secret = {"PGPASSWORD": url.password} if url.password else {}
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    done = subprocess.run(  # noqa: S603
        [*command, f"--dbname={plain}"], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        if (older := re.search(r"server version: ([0-9]+)[^;]*; pg_dump version: ([0-9.]+)", done.stderr)) is not None:
            mend = f"install PostgreSQL's client programs of version {older[1]} (Debian: postgresql-client-{older[1]})"
            raise Refused(f"pg_dump {older[2]} is older than the server; {mend}; nothing was changed")
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refused(f"{failed} ({said}); nothing was changed")
