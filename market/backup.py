"""A whole installation as one file, and back: database, photos, and the key that its secrets lie under."""

import contextlib
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from sqlmodel import Session

from ledger.days import stamp
from ledger.refused import Problem, Refused
from market.access import audit
from market.backup_file import Manifest, check_part, open_key, opened_backup, write_backup
from market.config import Settings
from market.copies import SUFFIXES, bring_back, contents, copy_database, sqlite_contents
from market.db import open_engine, revisions
from market.installation import Installation

Progress = Callable[[int], None]


def _nothing(done: int) -> None:
    """For whoever looks at no progress."""


def create(
    settings: Settings, path: Path, passphrase: str, *, now: datetime, progress: Progress = _nothing
) -> Manifest:
    """Back everything up into `path`, while the server serves; the file stands there whole, or not at all.

    `progress` is told of bytes read, twice as many as there are, for the file is read back. Raises Refused where there
    is nothing to back up, the file cannot be written, or what stands there already is no backup.
    """
    target = path.resolve()
    _may_be_written(target)
    engine = open_engine(_database_there_is(settings))
    # Named for the target, so that what a killed run left behind is found by the next.
    aside = target.with_name(f".{target.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(mode=0o700)
        copy, found = copy_database(engine, aside / "database")
        photos = settings.data / "photos"
        files = [(copy.name, copy), *((f"photos/{_inside(file, photos)}", file) for file in _files(photos))]
        manifest = write_backup(
            aside / "backup",
            files,
            made_at=stamp(now),
            database=engine.dialect.name,
            contents=found,
            key=Installation(settings).key,
            passphrase=passphrase,
            progress=progress,
        )
        with opened_backup(aside / "backup") as (archive, written):
            for part in written.parts:
                check_part(archive, part, None, progress)
        _keep(aside / "backup", target)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}; choose another place, nothing was left") from None
    finally:
        engine.dispose()
        shutil.rmtree(aside, ignore_errors=True)
    return manifest


def size(settings: Settings) -> int:
    """About how many bytes `create` will read."""
    engine = open_engine(_database_there_is(settings))
    try:
        if engine.dialect.name == "sqlite":
            database = Path(str(engine.url.database)).stat().st_size
        else:
            with engine.connect() as connection:
                database = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    finally:
        engine.dispose()
    return 2 * (database + sum(file.stat().st_size for file in _files(settings.data / "photos")))


def _database_there_is(settings: Settings) -> str:
    """Its URL: a wrong CHO_DATA must not end in a backup of a new, empty database."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise Refused(f"there is no database {url.database}; check CHO_DATA and CHO_DATABASE_URL")
    return settings.database_url


def _may_be_written(target: Path) -> None:
    if target.is_dir():
        raise Refused(f"{target} is a folder; name a file in it")
    if target.exists():
        try:
            with opened_backup(target):
                return
        except Refused:
            raise Refused(f"{target} is there already and no backup; name another file") from None


def _files(folder: Path) -> list[Path]:
    """What is hidden is half written, or the system's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in files if not any(step.startswith(".") for step in path.relative_to(folder).parts))


def _inside(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _keep(file: Path, target: Path) -> None:
    """Move into place, for good."""
    with file.open("rb+") as written:
        os.fsync(written.fileno())
    file.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def restore(
    settings: Settings, path: Path, ask: Callable[[], str], *, into: Path | None = None, progress: Progress = _nothing
) -> Manifest:
    """Bring a backup back into an empty data folder, or `into` another, and give what it said of itself.

    `ask` gives the passphrase. A PostgreSQL database is brought back into the empty one that the settings name, a
    SQLite file where they say, or inside `into`. Raises Refused where anything would be overwritten, or the file or
    the passphrase is wrong: then nothing was changed.
    """
    folder = (into or settings.data).absolute()
    with opened_backup(path) as (archive, manifest):
        if manifest.contents.revision not in revisions():
            raise Refused(
                f"the backup stands at revision {manifest.contents.revision}, this program knows {revisions()[-1]}:"
                " install the newer program"
            )
        database = _database_for(settings, manifest, None if into is None else folder)
        key_file = settings.secret_key_file if into is None else folder / "secret.key"
        _must_be_empty(folder)
        key = open_key(manifest, ask())
        _must_fit(settings, key_file, key, elsewhere=into is not None)
        made = _make(folder)
        aside = folder / ".restoring"
        try:
            aside.mkdir(mode=0o700)
            for part in manifest.parts:
                check_part(archive, part, aside / part.name, progress)
            copy = aside / f"database{SUFFIXES[manifest.database]}"
            if database is not None and sqlite_contents(copy) != manifest.contents:
                raise Refused(f"the database in {path} is not what its manifest says; take another backup")
            _put(settings, manifest, copy, database, key_file, key, folder)
        except OSError as error:
            raise Refused(f"{folder} cannot be written: {error.strerror}; nothing was restored") from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            with contextlib.suppress(OSError):
                if made and not any(folder.iterdir()):
                    folder.rmdir()
    return manifest


def note_restored(settings: Settings, manifest: Manifest, *, into: Path | None, now: datetime) -> bool:
    """Say in the audit trail of what `restore` brought back that it was; False where that is too old to have one."""
    url = settings.database_url
    if into is not None and manifest.database == "sqlite":
        url = f"sqlite:///{into.absolute() / 'cho.sqlite'}"
    engine = open_engine(url)
    try:
        with Session(engine) as session:
            if not inspect(session.connection()).has_table("audit"):
                return False
            rows = sum(manifest.contents.rows.values())
            audit.note(session, "backup_restored", market_id=None, about={"rows": rows}, at=now)
            session.commit()
    finally:
        engine.dispose()
    return True


def _put(
    settings: Settings, manifest: Manifest, copy: Path, database: Path | None, key_file: Path, key: str, folder: Path
) -> None:
    """Everything is checked: into place with it, the database last, for without one an installation is a new one."""
    if database is None:
        engine = open_engine(settings.database_url)
        try:
            bring_back(copy, engine)
            with engine.connect() as connection:
                found = contents(connection)
        finally:
            engine.dispose()
        if found != manifest.contents:
            raise Refused(
                "the database brought back is not what the backup's manifest says; make it anew and try again"
            )
    if not key_file.exists() and (settings.secret_key is None or key_file.parent == folder):
        key_file.touch(mode=0o600)
        key_file.write_text(key + "\n", encoding="ascii")
    if (copy.parent / "photos").exists():
        (copy.parent / "photos").rename(folder / "photos")
    if database is not None:
        _keep(copy, database)


def _database_for(settings: Settings, manifest: Manifest, into: Path | None) -> Path | None:
    """Where the SQLite file goes; None for PostgreSQL. Raises Refused where the settings name the other kind."""
    url = make_url(settings.database_url)
    if manifest.database == "postgresql":
        if url.get_backend_name() != "postgresql":
            message = "must name an empty PostgreSQL database, for the backup is of one"
            raise Refused(Problem(message, field="CHO_DATABASE_URL"))
        return None
    if into is not None:
        return into / "cho.sqlite"
    if url.get_backend_name() != "sqlite":
        message = "names PostgreSQL, and the backup is of SQLite; leave it out, or restore --into a folder"
        raise Refused(Problem(message, field="CHO_DATABASE_URL"))
    path = Path(str(url.database)).absolute()
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")):
        if each.exists():
            raise Refused(f"{each} is there already; nothing is overwritten: move it away first")
    return path


def _must_be_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is no folder; name another")
    # The log may tell why the restoring is needed, and backups may lie beside what they are of.
    found = (
        sorted(path.name for path in folder.iterdir() if path.name not in ("backups", ".restoring"))
        if folder.exists()
        else []
    )
    if taken := [name for name in found if not name.startswith("cho.log")]:
        raise Refused(f"{folder} is not empty ({taken[0]}); nothing is overwritten: name another folder with --into")


def _must_fit(settings: Settings, key_file: Path, key: str, *, elsewhere: bool) -> None:
    """Another key is never overwritten, and never stands in the way of this one unseen."""
    if elsewhere:
        return
    if settings.secret_key is not None:
        if settings.secret_key != key:
            message = "is not the key of this backup, whose secrets it would not open; leave it out"
            raise Refused(Problem(message, field="CHO_SECRET_KEY"))
    elif key_file.exists() and key_file.read_text(encoding="ascii", errors="replace").strip() != key:
        message = f"{key_file} holds another key than the backup; move it away first"
        raise Refused(Problem(message, field="CHO_SECRET_KEY_FILE"))


def _make(folder: Path) -> bool:
    """Whether the folder had to be made."""
    if folder.exists():
        shutil.rmtree(folder / ".restoring", ignore_errors=True)
        return False
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Refused(f"{folder} cannot be made: {error.strerror}; name another") from None
    return True
