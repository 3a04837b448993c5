"""How the database is opened: what it promises on every connection, and what is refused before a command touches it."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from ledger.books.model import BOOK
from ledger.refused import Refused
from market.db import SAFE_WAL, Database, open_database, open_engine, revisions, shown, sqlite_driver, trouble


def add_book(database: Database) -> None:
    with database.writing() as session:
        session.connection().execute(BOOK.insert().values(market_id=1, entries=0, head=""))


def books(database: Database) -> int:
    with database.reading() as session:
        return int(session.connection().execute(select(func.count()).select_from(BOOK)).scalar_one())


def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    add_book(database)
    assert books(database) == 1


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        session.connection().execute(BOOK.insert().values(market_id=1, entries=0, head=""))
        raise ZeroDivisionError
    assert books(database) == 0


def test_a_failed_savepoint_undoes_only_itself(database: Database) -> None:
    with database.writing() as session:
        session.connection().execute(BOOK.insert().values(id=1, market_id=1, entries=0, head=""))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.connection().execute(BOOK.insert().values(id=2, market_id=1, entries=0, head=""))
            session.connection().execute(BOOK.insert().values(id=1, market_id=1, entries=0, head=""))
        session.connection().execute(BOOK.insert().values(id=3, market_id=1, entries=0, head=""))
    with database.reading() as session:
        assert list(session.connection().execute(select(BOOK.c.id).order_by(BOOK.c.id)).scalars()) == [1, 3]


def test_a_look_leaves_nothing_behind(database: Database) -> None:
    with database.reading() as session:
        session.connection().execute(BOOK.insert().values(market_id=1, entries=0, head=""))
    assert books(database) == 0


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("pragma", "value"), [("foreign_keys", 1), ("recursive_triggers", 1), ("synchronous", 2), ("busy_timeout", 5000)]
)
def test_every_sqlite_connection_keeps_its_promises(engine: Engine, pragma: str, value: int) -> None:
    for _ in range(2):
        with engine.connect() as connection:
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value
        engine.dispose()


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_server_that_says_too_early_that_a_commit_is_done_is_told_to_wait(database_url: str) -> None:
    engine = open_engine(f"{database_url}{'&' if '?' in database_url else '?'}options=-csynchronous_commit%3Doff")
    with engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
    engine.dispose()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_write_ahead_log_is_used_where_it_is_safe(engine: Engine) -> None:
    wanted = "wal" if sqlite_driver().sqlite_version_info >= SAFE_WAL else "delete"
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == wanted


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_writer_has_the_lock_from_its_first_statement(database: Database) -> None:
    with database.writing() as session:
        session.connection().execute(select(BOOK)).all()
        with database.engine.execution_options(reading=True).connect() as reader:
            path = reader.execute(text("SELECT file FROM pragma_database_list")).scalar_one()
        rival = sqlite_driver().connect(path, timeout=0)
        with pytest.raises(sqlite_driver().OperationalError, match="locked"):
            rival.execute("BEGIN IMMEDIATE")
        rival.close()


def test_eight_writers_that_read_first_lose_nothing(database: Database) -> None:
    """A deferred BEGIN that reads and then writes fails at once on SQLite when another writer came between."""

    def write() -> None:
        for _ in range(5):
            with database.writing() as session:
                session.connection().execute(select(func.count()).select_from(BOOK)).scalar_one()
                session.connection().execute(BOOK.insert().values(market_id=1, entries=0, head=""))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert books(database) == 40


def test_an_empty_database_gets_its_tables(empty_url: str) -> None:
    database = open_database(empty_url)
    assert books(database) == 0
    database.engine.dispose()


def test_opening_again_changes_nothing(empty_url: str) -> None:
    for _ in range(2):
        database = open_database(empty_url)
        add_book(database)
        database.engine.dispose()
    database = open_database(empty_url)
    assert books(database) == 2
    database.engine.dispose()


def stand_at(url: str, revision: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


def test_an_older_database_is_refused_with_the_command_that_mends_it(database_url: str) -> None:
    stand_at(database_url, "0001")
    with pytest.raises(Refused, match=f"at revision 0001, this program needs {revisions()[-1]}: run python3 run.py"):
        open_database(database_url)


def test_a_newer_database_is_refused(database_url: str) -> None:
    stand_at(database_url, "9999")
    with pytest.raises(Refused, match=r"at revision 9999, .* it is newer than the program; install the newer program"):
        open_database(database_url)


def test_a_database_of_another_program_is_refused(empty_url: str) -> None:
    engine = open_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE recipes (name TEXT)"))
    engine.dispose()
    with pytest.raises(Refused, match="holds tables that are not this program's; name another database"):
        open_database(empty_url)
    engine = open_engine(empty_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM recipes")).scalar_one() == 0
    engine.dispose()


def test_two_programs_that_meet_an_empty_database_make_its_tables_once(empty_url: str) -> None:
    opened: list[Database] = []
    failed: list[Exception] = []

    def meet() -> None:
        try:
            opened.append(open_database(empty_url))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=meet) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in opened:
        database.engine.dispose()
    assert failed == []
    assert len(opened) == 2


def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "cho.sqlite"
    path.write_bytes(b"ma,ten\n" * 1000)
    with pytest.raises(Exception, match="not a database") as raised:
        open_database(f"sqlite:///{path}")
    assert "is no SQLite database; restore it from a backup" in str(trouble(raised.value))  # type: ignore[arg-type]


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(OperationalError) as raised:
        open_database(f"sqlite:///{tmp_path / 'nowhere' / 'cho.sqlite'}")
    assert "cannot be opened; check that the data folder can be written" in str(trouble(raised.value))


def test_a_server_that_is_not_there_is_told_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(OperationalError) as raised:
        open_database(f"postgresql+psycopg://postgres:secret@/cho?host={tmp_path}")
    said = str(trouble(raised.value))
    assert "cannot be reached" in said
    assert "check CHO_DATABASE_URL" in said
    assert "secret" not in said


def test_a_fault_of_the_program_is_no_trouble_of_the_database(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised, database.writing() as session:
        session.connection().execute(BOOK.insert().values(market_id=None, entries=0, head=""))
    assert trouble(raised.value) is None


def test_a_url_is_shown_without_its_password() -> None:
    assert shown("postgresql+psycopg://cho:secret@db/cho") == "postgresql+psycopg://cho:***@db/cho"


def test_an_old_sqlite_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    monkeypatch.setattr("market.db.sqlite_driver", lambda: sqlite3)
    with pytest.raises(Refused, match=r"3\.39 or later is needed: update Python"):
        open_engine("sqlite:///x")
