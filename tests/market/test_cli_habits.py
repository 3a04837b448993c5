"""What every command does alike: exit codes, help, one line a problem; and what goes wrong around the program."""

import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import Engine, text

from market import db, markets
from market.cli import GROUPS, output
from market.cli import cho as program
from market.config import SETTINGS

IN_MARKET = ("--market", "ben-song")
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-c", "import sys; from market.cli import main; sys.exit(main(sys.argv[1:]))"]
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")


def _paths(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _paths(found, *path, name)


COMMANDS = list(_paths(program))


def _fail(*arguments: object) -> None:
    raise KeyError("oh no")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(bare_cho: Any, data: Path, path: tuple[str, ...]) -> None:
    for option in ("--help", "-h"):
        said = bare_cho.done(*path, option)
        assert said.out.startswith("Usage: run.py")
        assert said.err == ""
    assert not data.exists()


def test_the_help_names_every_command_of_every_group(bare_cho: Any) -> None:
    for name, *commands in [path for path in COMMANDS if len(path) > 1]:
        assert set(commands) <= set(re.findall(r"[\w-]+", GROUPS[name].partition(": ")[2])), name
    assert re.search(r"^  test +Run the tests", bare_cho.done("--help").out, re.MULTILINE)


def test_a_table_says_moments_as_a_clock_in_viet_nam_and_what_people_wrote_as_they_did(
    capsys: pytest.CaptureFixture[str],
) -> None:
    at = "2026-11-24T01:00:30.123456"
    output.print_table(
        ("at", "used_at", "memo"), [(f"{at}Z", f"{at}+00:00", f"{at}Z"), ("2026-11-24", None, "2026-11-24")]
    )
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["2026-11-24", "08:00", "2026-11-24", "08:00", f"{at}Z"],
        ["2026-11-24", "2026-11-24"],
    ]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_argument_and_option_is_described(path: tuple[str, ...]) -> None:
    command: click.Command = program
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name) or pytest.fail()
    assert command.help
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["stall"],
        ["stall", "no-such-command"],
        ["stall", "list"],
        ["stall", "list", "--market"],
        ["stall", "list", "--no-such-option"],
        ["market", "add", "x", "--name", "x", "--target", "many"],
        ["payment", "reverse", "one", "--reason", "x"],
        ["payment", "import", "file", "--channel", "one"],
        ["payment", "reverse", "99999999999999999999", "--reason", "x"],
        ["payment", "assign", "0", "--stall", "x"],
        ["channel", "off", "9223372036854775808"],
        ["report", "month", "2026-10", "--market", "x", "--version", "٣"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two_and_touches_nothing(bare_cho: Any, data: Path, arguments: list[str]) -> None:
    said = bare_cho(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err
    assert not data.exists()


def test_a_first_command_makes_a_data_folder_for_its_owner_and_the_tables(bare_cho: Any, data: Path) -> None:
    assert bare_cho.json("market", "list") == []
    assert (data / "cho.sqlite").exists()
    assert bare_cho.json("ledger", "verify")["ok"]


@posix_only
def test_nobody_else_looks_into_the_data_folder(bare_cho: Any, data: Path) -> None:
    bare_cho.done("market", "list")
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_command_leaves_one_whole_file_behind(bare_cho: Any, data: Path) -> None:
    bare_cho.done("market", "add", "ben-song", "--name", "Chợ")
    assert [path.name for path in data.iterdir()] == ["cho.sqlite"]


@pytest.mark.parametrize("arguments", [["market", "list"], ["qr", "encode", "--bank", "VCB", "--account", "1"]])
def test_an_unknown_setting_stops_every_command(
    bare_cho: Any, data: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("CHO_DATABASE", "x")
    (line,) = bare_cho.refused(*arguments)
    assert line == f"error: CHO_DATABASE: is no setting; the settings are {', '.join(SETTINGS)}"
    assert not data.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///", "error: CHO_DATABASE_URL: must name a file, or nothing would be kept"),
        ("sqlite:///:memory:", "error: CHO_DATABASE_URL: must name a file, or nothing would be kept"),
        (
            "sqlite:///no/such/folder/cho.sqlite",
            "error: the database file cannot be opened; check that the data folder",
        ),
        (
            "postgresql+psycopg://cho:s3cret@127.0.0.1:1/cho",
            "error: the database cannot be reached (connection failed:",
        ),
        ("postgresql+psycopg://cho:s3cret@127.0.0.1:x/cho", "error: CHO_DATABASE_URL: is no database URL: "),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_in_one_line_without_its_password(
    bare_cho: Any, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", url)
    (line,) = bare_cho.refused("market", "list")
    assert line.startswith(message)
    assert "s3cret" not in line


def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(bare_cho: Any, data: Path) -> None:
    data.write_text("a file where the folder should be")
    (line,) = bare_cho.refused("market", "list")
    assert line == f"error: CHO_DATA: {data} cannot be made: File exists; name a folder you can write"


def test_a_file_that_is_no_database_is_told_in_one_line_and_left_alone(bare_cho: Any, data: Path) -> None:
    data.mkdir()
    (data / "cho.sqlite").write_bytes(b"these are my photos " * 100)
    assert bare_cho.refused("market", "list") == [
        "error: the database file is no SQLite database; restore it from a backup"
    ]
    assert (data / "cho.sqlite").read_bytes() == b"these are my photos " * 100


def test_another_programs_database_is_told_in_one_line_and_left_alone(
    cho: Any, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = db.open_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE photo (id INTEGER)"))
    engine.dispose()
    monkeypatch.setenv("CHO_DATABASE_URL", empty_url)
    (line,) = cho.refused("market", "list")
    assert line.endswith("holds tables that are not this program's; name another database")


def test_a_database_that_another_program_writes_to_is_told_after_the_time_out(
    bare_cho: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.05)
    bare_cho.done("market", "list")
    # Locks are a process's own, so that two SQLite libraries in one process would not see each other's.
    writer = db.sqlite_driver().connect(data / "cho.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert bare_cho.refused("market", "add", "ben-song", "--name", "Chợ") == [
        "error: another program is writing to the database; try again in a moment"
    ]
    assert bare_cho.json("market", "list") == []
    writer.close()
    bare_cho.done("market", "add", "ben-song", "--name", "Chợ")


def test_a_read_only_database_is_told_in_one_line(bare_cho: Any, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare_cho.done("market", "list")
    monkeypatch.setenv("CHO_DATABASE_URL", f"sqlite:///file:{data / 'cho.sqlite'}?mode=ro&uri=true")
    assert bare_cho.refused("market", "add", "ben-song", "--name", "Chợ") == [
        "error: the data folder is read-only; give this user the right to write"
    ]


@posix_only
def test_a_full_disk_is_told_in_one_line_and_nothing_is_changed(
    bare_cho: Any, data: Path, write: Callable[..., Path]
) -> None:
    import resource

    header = b"code,name,category,section,holder,phone,bank,account_number,account_name"
    rows = (f"C-{n},Cá,,,Lê,,VCB,{n:010},LE".encode() for n in range(3000))
    bare_cho.done("market", "add", "ben-song", "--name", "Chợ")
    size = (data / "cho.sqlite").stat().st_size

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50_000, size + 50_000))

    full = subprocess.run(
        [*PROGRAM, "stall", "import", str(write(header, *rows)), *IN_MARKET],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert (full.returncode, full.stdout) == (1, "")
    (line,) = full.stderr.splitlines()
    assert line.startswith(("error: the disk is full; free some space", "error: the disk refused to write; check its"))
    assert bare_cho.json("stall", "list", *IN_MARKET) == []
    assert bare_cho.json("ledger", "verify")["ok"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_stdout_is_told_in_one_line(bare_cho: Any, data: Path) -> None:
    bare_cho.done("market", "list")
    with Path("/dev/full").open("w") as full:
        said = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from market.cli import main; sys.exit(main(['market', 'list', '--json']))",
            ],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert said.returncode == 1
    assert said.stderr.splitlines()[0] == "error: the disk is full; free some space and run the command again"


def test_vietnamese_is_written_whatever_the_pipe_was_made_for(
    bare_cho: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare_cho.done("market", "add", "ben-song", "--name", "Chợ Bến Sông")
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    said = subprocess.run([*PROGRAM, "market", "list"], cwd=ROOT, capture_output=True, check=True)
    assert "Chợ Bến Sông" in said.stdout.decode("utf-8")


@posix_only
def test_an_argument_that_is_not_utf_8_is_told_in_one_line(bare_cho: Any) -> None:
    (line,) = bare_cho.refused("stall", "list", "--market", "ch\udce9")
    assert line == "error: 'ch\\udce9' is not UTF-8; type it again"


def test_a_fault_of_ours_is_three_one_line_and_a_traceback_in_the_log(
    bare_cho: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markets, "list_markets", _fail)
    said = bare_cho("market", "list", "--json")
    assert (said.code, said.out) == (3, "")
    assert said.err == (
        "fault: KeyError in the program itself; what was not finished was undone;"
        f" the traceback is in {data / 'cho.log'}\n"
    )
    log = (data / "cho.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert log.rstrip().endswith("KeyError: 'oh no'")


def test_a_fault_that_cannot_be_logged_there_is_one_line_and_a_traceback_in_a_file_of_its_own(
    bare_cho: Any, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markets, "list_markets", _fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data.mkdir()
    (data / "cho.log").mkdir()
    said = bare_cho("market", "list")
    (log,) = tmp_path.glob("cho-*.log")
    assert (said.code, len(said.err.splitlines())) == (3, 1)
    assert said.err.endswith(f"the traceback is in {log}\n")
    assert log.read_text(encoding="utf-8").rstrip().endswith("KeyError: 'oh no'")


def test_a_fault_that_cannot_be_logged_at_all_is_shown(
    bare_cho: Any, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markets, "list_markets", _fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    data.mkdir()
    (data / "cho.log").mkdir()
    said = bare_cho("market", "list")
    assert said.code == 3
    assert said.err.splitlines()[-1].endswith("the traceback stands above")
    assert "Traceback" in said.err


def test_a_fault_undoes_what_was_begun(cho: Any, market_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(markets, "find_market", _fail)
        assert cho("market", "add", "chan-nui", "--name", "Chợ").code == 3
    assert [market["slug"] for market in cho.json("market", "list")] == ["ben-song"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, click.Abort])
def test_an_interrupted_command_undoes_what_was_begun(
    bare_cho: Any, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    def interrupt(session: object, slug: str) -> None:
        raise interruption

    with monkeypatch.context() as broken:
        broken.setattr(markets, "find_market", interrupt)
        said = bare_cho("market", "add", "chan-nui", "--name", "Chợ")
    assert (said.code, said.out, said.err.strip()) == (130, "", "stopped")
    assert bare_cho.json("market", "list") == []


@on_sqlite
@pytest.mark.parametrize(
    "arguments",
    [
        ["market", "list"],
        ["stall", "list", *IN_MARKET],
        ["channel", "list"],
        ["payment", "unmatched", *IN_MARKET],
        ["payment", "held", *IN_MARKET],
    ],
    ids=" ".join,
)
def test_an_empty_list_is_an_empty_document_and_a_word_on_stderr(
    cho: Any, market_id: int, engine: Engine, arguments: list[str]
) -> None:
    if arguments[0] == "market":
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM market"))
    assert cho.json(*arguments) == []
    said = cho.done(*arguments)
    assert (said.out, said.err) == ("", "none\n")
