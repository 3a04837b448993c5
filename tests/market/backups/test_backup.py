"""A whole installation goes into one file and comes back from it, on both databases; nothing is half done."""

import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ledger import guards
from ledger.books.verify import verify
from market.access.audit import trail
from market.copies import contents
from market.db import Database, open_engine

RUN = Path(__file__).resolve().parents[3] / "run.py"
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


def _restored(folder: Path) -> Engine:
    url = os.environ["CHO_DATABASE_URL"]
    return open_engine(url if url.startswith("postgresql") else f"sqlite:///{folder / 'cho.sqlite'}")


def test_everything_comes_back_as_it_was(
    cho: Any, file: Path, elsewhere: None, database: Database, data: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(file) as archive:
        said = json.loads(archive.read("manifest.json"))
    folder = tmp_path / "new"
    cho.done("backup", "restore", file, "--into", folder)
    engine = _restored(folder)
    with engine.connect() as connection:
        found = contents(connection)
    # And one line more, which says that it was brought back.
    rows = said["contents"]["rows"]
    assert (found.rows, found.heads, found.broken) == (
        {**rows, "audit": rows["audit"] + 1},
        said["contents"]["heads"],
        0,
    )
    assert found.rows["entry"] == 3
    with Database(engine).reading() as session:
        assert verify(session).findings == []
    engine.dispose()
    assert (folder / "secret.key").read_text() == (data / "secret.key").read_text()
    assert (folder / "photos" / "1" / "Cá nục.jpg").read_bytes() == b"a picture"
    assert sorted(path.name for path in folder.iterdir() if path.name != "cho.sqlite") == ["photos", "secret.key"]


def test_the_guards_come_back_too(cho: Any, file: Path, elsewhere: None, tmp_path: Path) -> None:
    cho.done("backup", "restore", file, "--into", tmp_path / "new")
    engine = _restored(tmp_path / "new")
    with engine.connect() as connection:
        assert guards.missing(connection) == []
    engine.dispose()


def test_a_backup_is_noted_in_the_audit_trail(cho: Any, file: Path, database: Database) -> None:
    with database.reading() as session:
        (line,) = trail(session, None, limit=10)
    assert (line.act, line.person) == ("backup_made", None)


def test_a_restored_market_says_in_its_audit_trail_that_it_was(
    cho: Any, file: Path, elsewhere: None, tmp_path: Path
) -> None:
    said = cho.done("backup", "restore", file, "--into", tmp_path / "new")
    assert "who was forgotten since then is back: run stall forget for them again" in said.err
    engine = _restored(tmp_path / "new")
    with Database(engine).reading() as session:
        (line,) = trail(session, None, limit=10)
    engine.dispose()
    assert (line.act, line.person, line.market) == ("backup_restored", None, None)


def test_only_its_owner_reads_it_and_the_key_lies_in_it_sealed(file: Path, data: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert (data / "secret.key").read_bytes().strip() not in whole


def test_what_is_written_while_it_is_made_is_in_it_whole_or_not_at_all(
    cho: Any, passphrase: Path, sold: Callable[[int], None], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    sold(1)
    ending = threading.Event()

    def keep_selling() -> None:
        while not ending.is_set():
            sold(1)

    selling = threading.Thread(target=keep_selling)
    selling.start()
    try:
        for _ in range(2):
            # The second while a former one is there.
            cho.done("backup", "create", tmp_path / "busy.backup")
    finally:
        ending.set()
        selling.join()
    request.getfixturevalue("elsewhere")
    cho.done("backup", "restore", tmp_path / "busy.backup", "--into", tmp_path / "new")
    engine = _restored(tmp_path / "new")
    with engine.connect() as connection:
        found = contents(connection)
    engine.dispose()
    assert found.broken == 0
    assert found.rows["entry"] == found.rows["notice"] == found.rows["posting"] / 2 >= 1


@on_sqlite
def test_it_comes_back_into_an_empty_data_folder(
    cho: Any, file: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATA", str(tmp_path / "machine"))
    monkeypatch.delenv("CHO_DATABASE_URL")
    cho.done("backup", "restore", file)
    assert [market["slug"] for market in cho.json("market", "list")] == ["ben-song"]
    assert cho.json("ledger", "verify")["ok"]


@on_sqlite
@pytest.mark.parametrize("taken", ["cho.sqlite", "secret.key", "photos", "letter.txt"])
def test_nothing_is_overwritten(cho: Any, file: Path, taken: str, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / taken).write_text("mine")
    (line,) = cho.refused("backup", "restore", file, "--into", tmp_path / "new")
    assert f"is not empty ({taken})" in line
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == {taken: "mine"}


def test_a_database_that_is_not_empty_is_left_alone(cho: Any, file: Path, tmp_path: Path, dialect: str) -> None:
    into = ["--into", tmp_path / "new"] if dialect == "postgresql" else []
    (line,) = cho.refused("backup", "restore", file, *into)
    assert "is not empty" in line or "is there already" in line
    assert not (tmp_path / "new").exists()


@on_sqlite
def test_a_former_backup_is_replaced_and_another_file_never(cho: Any, file: Path, tmp_path: Path) -> None:
    former = file.read_bytes()
    cho.done("backup", "create", file)
    assert file.read_bytes() != former
    letter = tmp_path / "letter"
    letter.write_text("dear diary")
    (line,) = cho.refused("backup", "create", letter)
    assert "is there already and no backup" in line
    assert letter.read_text() == "dear diary"


@on_sqlite
def test_a_folder_that_cannot_be_written_is_one_line(cho: Any, file: Path, tmp_path: Path) -> None:
    (line,) = cho.refused("backup", "create", tmp_path / "nowhere" / "b")
    assert "cannot be written: No such file or directory" in line


@on_sqlite
def test_a_wrong_data_folder_is_not_backed_up_as_a_new_one(
    cho: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHO_DATABASE_URL")
    monkeypatch.setenv("CHO_DATA", str(tmp_path / "mistyped"))
    (line,) = cho.refused("backup", "create", tmp_path / "b")
    assert "there is no database" in line
    assert not (tmp_path / "mistyped").exists()


@on_postgresql
@pytest.mark.parametrize(("tool", "call"), [("pg_dump", "create"), ("pg_restore", "restore")])
def test_without_the_tools_of_postgresql_they_are_named(
    cho: Any, file: Path, elsewhere: None, tool: str, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    into = ["--into", tmp_path / "new"] if call == "restore" else []
    target = file if call == "restore" else tmp_path / "b"
    said = cho("backup", call, target, *into)
    assert said.code == 1
    assert f"{tool} is not installed" in said.err
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "b").exists()


@on_sqlite
def test_what_is_killed_half_way_leaves_no_half_file(
    cho: Any, file: Path, sold: Callable[[int], None], data: Path, tmp_path: Path
) -> None:
    # Enough to take a moment, and to be caught in the middle.
    (data / "photos" / "2").mkdir()
    for number in range(20):
        (data / "photos" / "2" / f"{number}.jpg").write_bytes(random.Random(number).randbytes(2_000_000))
    target = tmp_path / "out" / "killed.backup"
    target.parent.mkdir()
    caught = 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, str(RUN), "backup", "create", str(target)])
        while process.poll() is None and not (target.parent / ".killed.backup.part" / "backup").exists():
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        caught += process.wait() == -signal.SIGKILL
        assert not target.exists()
    assert caught == 3
    cho.done("backup", "create", target)
    assert [path.name for path in target.parent.iterdir()] == ["killed.backup"]
