"""Files that are damaged, foreign or changed, and wrong passphrases, are refused and change nothing."""

import json
import random
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ledger.refused import Refused
from market.backup_file import check_part, opened_backup
from market.copies import sqlite_contents
from market.db import Database

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="files are limited in size by POSIX's setrlimit")


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


@on_sqlite
def test_a_bit_that_was_changed_in_the_zips_directory_is_no_fault_of_the_program(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    damaged = tmp_path / "damaged.backup"
    refused = 0
    for place in range(len(whole) - 300, len(whole)):
        for bit in range(4, 8):
            damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            try:
                with opened_backup(damaged) as (archive, manifest):
                    for part in manifest.parts:
                        check_part(archive, part, None, lambda done: None)
            except Refused:
                refused += 1
    assert refused > 600


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


@on_sqlite
def test_a_database_that_is_damaged_is_told_and_leaves_nothing(
    cho: Any, file: Path, tmp_path: Path, database: Database, database_url: str
) -> None:
    path = Path(database_url.removeprefix("sqlite:///"))
    database.engine.dispose()
    whole = path.read_bytes()
    for content in (b"dear diary " * 1000, whole[:4096] + b"\xff" * (len(whole) - 4096)):
        path.write_bytes(content)
        for rest in ("-wal", "-shm"):
            path.with_name(f"{path.name}{rest}").unlink(missing_ok=True)
        (line,) = cho.refused("backup", "create", tmp_path / "out.backup")
        assert line.startswith("error: the database file is ")
        assert line.endswith("; restore it from a backup")
        assert not list(tmp_path.glob("*out.backup*"))


@on_sqlite
def test_a_database_that_cannot_be_opened_is_told(
    cho: Any, passphrase: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv("CHO_DATABASE_URL", f"sqlite:///{tmp_path / 'folder'}")
    (line,) = cho.refused("backup", "create", tmp_path / "out.backup")
    assert line.startswith("error: the database file cannot be opened; check")


@on_sqlite
@posix_only
@pytest.mark.parametrize(
    ("free", "said"),
    [
        (3_000, "there is no room for a copy of the database (it needs "),
        (10**9, "the disk refused to write; check its space and health"),
    ],
)
def test_a_disk_that_takes_no_copy_is_told_with_what_is_needed(
    cho: Any, file: Path, tmp_path: Path, free: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        (line,) = cho.refused("backup", "create", tmp_path / "out.backup")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert line.startswith(f"error: {said}")
    assert not list(tmp_path.glob("*out.backup*"))


@on_sqlite
@pytest.mark.parametrize("begins", [b"SQLite format 3\0", b"PGDMP\x01\x0f"])
def test_what_upgrade_copied_is_called_by_its_name(cho: Any, passphrase: Path, tmp_path: Path, begins: bytes) -> None:
    path = tmp_path / "before-0012-20261124-080000"
    path.write_bytes(begins + bytes(1000))
    assert cho.refused("backup", "restore", path, "--into", tmp_path / "new") == [
        f"error: {path} is a copy of the database alone, as `upgrade` makes it first, and no backup;"
        " docs/backup.md says how to go back to it"
    ]


@on_postgresql
def test_a_pg_dump_older_than_the_server_is_told_with_the_version_to_install(
    cho: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "programs" / "pg_dump"
    older.parent.mkdir()
    older.write_text(
        "#!/bin/sh\n"
        "echo 'pg_dump: error: aborting because of server version mismatch' >&2\n"
        "echo 'pg_dump: detail: server version: 18.1 (Debian 18.1-1); pg_dump version: 15.6 (Debian 15.6-0)' >&2\n"
        "exit 1\n"
    )
    older.chmod(0o700)
    monkeypatch.setenv("PATH", str(older.parent))
    assert cho.refused("backup", "create", tmp_path / "out.backup") == [
        "error: pg_dump 15.6 is older than the server; install PostgreSQL's client programs of version 18"
        " (Debian: postgresql-client-18); nothing was changed"
    ]


@on_sqlite
def test_without_the_key_nothing_is_backed_up_and_the_last_backup_stays(cho: Any, file: Path, data: Path) -> None:
    cho.done("channel", "add", "sepay", "--market", "ben-song", "--secret", "-", stdin="a secret of theirs\n")
    former = file.read_bytes()
    (data / "secret.key").unlink()
    (line,) = cho.refused("backup", "create", file)
    assert "is not there, and 1 secret lies under it; bring it back from a backup" in line
    assert file.read_bytes() == former
