"""The database: how it is opened, when it is made, and what is refused before a command touches it."""

import importlib
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, OperationalError, SQLAlchemyError
from sqlmodel import Session

import ledger.books.model
import ledger.inbox.model
import market.access.model
import market.model
import merchants.model
from ledger import guards
from ledger.direct import execute
from ledger.refused import Problem, Refused
from merchants.number_digests import NUMBER_KEY

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
# All models are known before any is used: a foreign key finds its table by name.
_MODELS = (ledger.books.model, ledger.inbox.model, market.model, market.access.model, merchants.model)
# Below these a write-ahead log that two processes use can be corrupted (SQLite's WAL-reset bug), so there the older
# journal is used; and below 3.39 the guards' SQL is not understood.
SAFE_WAL = (3, 51, 3)
OLDEST_SQLITE = (3, 39, 0)
# How long a writer waits for another that is writing, on either database. A provider hangs up on its webhook after half
# a minute, so a stuck writer has to be given up on well before.
BUSY_SECONDS = 5.0
# How long a connection to PostgreSQL may have rested and be taken as it is.
ASKED_AFTER_SECONDS = 1.0
# The driver keeps prepared statements by how often they were used: where there is no room for all of the program's, the
# newcomers push out each other for ever, and each payment is compiled anew.
KEPT_STATEMENTS = 1000
# Of two writers that wait for each other PostgreSQL undoes one; done anew it finds the other finished.
DEADLOCK, LOCK_TIMEOUT, DISK_FULL = "40P01", "55P03", "53100"
TRIES = 5
BUSY = "another program is writing to the database; try again in a moment"
# The connection that was used last comes first, for it holds the newest pages and prepared statements; and no thread of
# the server's finds none and opens one for a single use.
_POOL: Any = {"pool_use_lifo": True, "pool_size": 20}
T = TypeVar("T")


def sqlite_driver() -> ModuleType:
    """The SQLite that pip brought, where there is a wheel for this machine; else Python's own."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3


def open_engine(url: str) -> Engine:
    """An engine on which every SQLite transaction holds the write lock from its first statement, unless it is opened
    by `reading`. What fails tells no values of its statement: names and account numbers are not for the log. Raises
    Refused where the database cannot be used."""
    if not url.startswith("sqlite"):
        try:
            engine = create_engine(url, hide_parameters=True, **_POOL)
        except (ArgumentError, ValueError) as error:
            raise Refused(Problem(f"is no database URL: {error}", field="CHO_DATABASE_URL")) from None
        event.listen(engine, "connect", _wait_for_locks_and_disk)
        event.listen(engine, "checkin", _rested)
        event.listen(engine, "checkout", partial(_still_there, engine.dialect))
        return engine
    driver = sqlite_driver()
    version: tuple[int, ...] = driver.sqlite_version_info
    if version < OLDEST_SQLITE:
        raise Refused(f"this machine's SQLite is {driver.sqlite_version}; 3.39 or later is needed: update Python")
    settings = {"timeout": BUSY_SECONDS, "cached_statements": KEPT_STATEMENTS}
    engine = create_engine(url, module=driver, connect_args=settings, hide_parameters=True, **_POOL)
    journal = "WAL" if version >= SAFE_WAL else "DELETE"

    def on_connect(connection: Any, record: Any) -> None:
        # The driver's own BEGIN would come too late and leak savepoints; `on_begin` says it instead.
        connection.isolation_level = None
        _set_journal(connection, driver, journal)
        # Who is forgotten is not to be read out of the file's free pages afterwards (docs/privacy.md).
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    def on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        # A deferred BEGIN that reads and then writes fails at once when another writer came between, whatever the
        # time-out; an immediate one waits its turn.
        execute(connection, "BEGIN" if reading else "BEGIN IMMEDIATE", ())

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def _wait_for_locks_and_disk(connection: Any, record: Any) -> None:
    """PostgreSQL waits for a lock without end unless it is told otherwise, and a server may be set to say that a commit
    is done before the disk has it. Said here and not among the connection's options, which the operator's URL may name
    as well."""
    connection.execute(f"SET lock_timeout = {round(BUSY_SECONDS * 1000)}").close()
    durable = "SELECT set_config('synchronous_commit', 'on', false)"
    connection.execute(f"{durable} WHERE current_setting('synchronous_commit') = 'off'").close()
    connection.commit()


def _rested(connection: Any, record: Any) -> None:
    record.info["rested"] = time.monotonic()


def _still_there(dialect: Dialect, connection: Any, record: Any, proxy: Any) -> None:
    """Ask a connection that rested a while whether its server still knows it, before something is made of it; another
    one is opened where it does not. Asked each time, it would cost a payment an eighth of its time."""
    if time.monotonic() - record.info.get("rested", math.inf) < ASKED_AFTER_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


def _set_journal(connection: Any, driver: ModuleType, journal: str) -> None:
    """Switching a new file to its journal does not wait for another program that does the same, so wait here."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode={journal}").close()
            return
        except driver.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _no_number_key() -> bytes:
    raise RuntimeError("this database was opened without the installation's key")


class Database:
    """A migrated database; every command and request reads and writes through one of its two doors."""

    def __init__(self, engine: Engine, number_key: Callable[[], bytes] = _no_number_key) -> None:
        """`number_key` gives the key of the digests of account numbers that were forgotten. `traces_left` says that the
        journal is to be begun anew still."""
        self.engine = engine
        self._said = {NUMBER_KEY: number_key}
        # SQLite has one writer and lets the others try again after a nap; threads that queue here are woken in turn.
        self._turn = threading.RLock() if engine.dialect.name == "sqlite" else None
        self._committed = 0
        self._read_only = engine.execution_options(reading=True)
        self.traces_left = False

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, or nothing of it. This is the edge that commits.

        Raises OperationalError where another writer holds the lock for more than BUSY_SECONDS.
        """
        with self._in_turn(), Session(self.engine, expire_on_commit=False, info=self._said) as session:
            yield session
            session.commit()
            self._committed += 1

    def write(self, act: Callable[[Session], T]) -> T:
        """What `act` gives, done in one `writing`; done anew where PostgreSQL undid it to end a deadlock."""
        for _ in range(TRIES - 1):
            try:
                with self.writing() as session:
                    return act(session)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != DEADLOCK:
                    raise
        with self.writing() as session:
            return act(session)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        committed = self._committed
        while not self._turn.acquire(timeout=BUSY_SECONDS):
            # Where others write meanwhile the turn will come. Where nobody does, another program has the lock, and each
            # thread would begin its own wait for it after the last one's.
            if self._committed == committed:
                raise OperationalError("BEGIN IMMEDIATE", None, sqlite_driver().OperationalError("database is locked"))
            committed = self._committed
        try:
            yield
        finally:
            self._turn.release()

    def begin_journal_anew(self) -> bool:
        """Whether what was deleted is gone from SQLite's journal too, where pages stay as they were until it is begun
        anew: that takes a moment in which nobody reads. PostgreSQL sees to its own.

        Never raises, for what was deleted is: where it could not be, `traces_left` is set until it can.
        """
        if self._turn is None:
            return True
        # Before it is tried, so that nobody's failure meanwhile is taken for mended.
        self.traces_left = False
        try:
            with closing(self.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
                begun = self._truncate_journal(cursor)
        except (SQLAlchemyError, sqlite_driver().Error):
            begun = False
        if not begun:
            self.traces_left = True
        return begun

    def _truncate_journal(self, cursor: Any) -> bool:
        try:
            # Not as long as a writer waits for another, for no writer goes on meanwhile.
            cursor.execute("PRAGMA busy_timeout=500")
            for _ in range(TRIES):
                with self._in_turn():
                    (busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return True
                time.sleep(0.1)
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A look that locks nobody out and leaves nothing behind."""
        with Session(self._read_only, expire_on_commit=False, info=self._said) as session:
            yield session


def revisions() -> list[str]:
    """The migrations this program knows, oldest first; a file's name begins with its revision."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def revision_of(connection: Connection) -> str | None:
    """Where this database stands; None where it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def open_database(url: str, number_key: Callable[[], bytes] = _no_number_key) -> Database:
    """Open a database, making the tables of an empty one; `number_key` as `Database` takes it. Raises Refused for an
    older, newer or unreachable one."""
    engine = open_engine(url)
    try:
        _make_or_refuse(engine, url)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, number_key)


def _make_or_refuse(engine: Engine, url: str) -> None:
    known = revisions()
    with engine.execution_options(reading=True).connect() as connection:
        revision = revision_of(connection)
        if revision is None and inspect(connection).get_table_names():
            raise Refused(f"{shown(url)} holds tables that are not this program's; name another database")
    if revision is None:
        migrate(engine)
    elif revision not in known:
        raise Refused(
            f"the database stands at revision {revision}, this program knows {known[-1]}: it is newer than the program;"
            " install the newer program"
        )
    elif revision != known[-1]:
        raise Refused(
            f"the database stands at revision {revision}, this program needs {known[-1]}: run python3 run.py upgrade"
        )


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring a database to a revision, and put the guards in place where that is the newest; all or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Two programs that meet an empty database make its tables once.
            connection.execute(text("SELECT pg_advisory_xact_lock(4040)"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if revision in ("head", revisions()[-1]):
            guards.install(connection)


def shown(url: str) -> str:
    """A database URL as it may be shown: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def trouble(error: SQLAlchemyError) -> str | None:
    """What the operator can do about a database that failed, in one line; None when it is no such trouble."""
    said = str(getattr(error, "orig", error)).strip().splitlines()
    first = said[0] if said else ""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in (DEADLOCK, LOCK_TIMEOUT):
        return BUSY
    if state == DISK_FULL:
        return "the database server's disk is full; free some space and run the command again"
    for sign, mend in (
        ("disk is full", "the disk is full; free some space and run the command again"),
        ("disk I/O error", "the disk refused to write; check its space and health, and run the command again"),
        ("readonly database", "the data folder is read-only; give this user the right to write"),
        ("unable to open database", "the database file cannot be opened; check that the data folder can be written"),
        ("database is locked", BUSY),
        ("not a database", "the database file is no SQLite database; restore it from a backup"),
        ("malformed", "the database file is damaged; restore it from a backup"),
        ("read-only transaction", "the database server is read-only; let it write again"),
    ):
        if any(sign in line for line in said):
            return mend
    if isinstance(error, DBAPIError) and error.statement is None:
        return f"the database cannot be reached ({first}); check CHO_DATABASE_URL"
    return None
