"""The log holds a line an event, whatever somebody put into it, and none of the market's secrets."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from market.db import Database
from market.logs import OneLine


def _logged(message: str, *values: object, fault: BaseException | None = None) -> list[str]:
    told = (type(fault), fault, fault.__traceback__) if fault else None
    record = logging.LogRecord("market", logging.ERROR, "x.py", 1, message, values, told)
    return OneLine("%(levelname)s %(message)s").format(record).split("\n")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("/s/a\n2026-11-24 ERROR forged", r"/s/a\n2026-11-24 ERROR forged"),
        ("\x1b[2J\x1b[31mred", r"\x1b[2J\x1b[31mred"),
        ("a\r\nb\x00c\x85d", r"a\r\nb\x00c\x85d"),
        ("\u202egnp.exe\u200b", r"\u202egnp.exe\u200b"),
        ("Chợ Bến Sông – sạp 1", "Chợ Bến Sông – sạp 1"),
    ],
)
def test_an_event_is_one_line_whatever_it_tells_of(said: str, written: str) -> None:
    assert _logged("GET %s failed", said) == [f"ERROR GET {written} failed"]


def test_no_line_of_a_traceback_looks_like_an_event() -> None:
    try:
        raise ValueError("typed\n2026-11-24 ERROR forged\x1b[31m")
    except ValueError as error:
        first, *more = _logged("it failed", fault=error)
    assert first == "ERROR it failed"
    assert more[-1] == r"    2026-11-24 ERROR forged\x1b[31m"
    assert all(line.startswith("    ") for line in more)


def test_what_a_failing_statement_was_given_is_not_told(database: Database) -> None:
    with pytest.raises(IntegrityError) as failed, database.writing() as session:
        for _ in range(2):
            session.connection().execute(
                text(
                    "INSERT INTO market (slug, name, city, unit_code, phone, created_at)"
                    " VALUES ('a', :name, '', '', '', '2026-10-01')"
                ),
                {"name": "0123499999"},
            )
    assert "0123499999" not in str(failed.value).split("DETAIL")[0]


def test_the_log_of_a_server_is_written_so(tmp_path: Path) -> None:
    program = (
        "import logging, pathlib, sys; from market.logs import log_to_file;"
        "log_to_file(pathlib.Path(sys.argv[1])); logging.getLogger('market').error('a%sb', chr(10))"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "cho.log")], check=True, cwd=Path(__file__).parents[2]
    )
    (line,) = (tmp_path / "cho.log").read_text("utf-8").splitlines()
    assert line.endswith(r" ERROR market a\nb")


def test_phones_that_wait_for_a_thread_do_not_fill_the_log(tmp_path: Path) -> None:
    said = (
        "import logging, pathlib, sys; from market.logs import log_to_file; log_to_file(pathlib.Path(sys.argv[1]));"
        "logging.getLogger('waitress.queue').warning('Task queue depth is 1'); logging.getLogger('market').warning('x')"
    )
    subprocess.run([sys.executable, "-c", said, str(tmp_path / "cho.log")], check=True, timeout=60)
    assert [line.split(" ", 2)[2] for line in (tmp_path / "cho.log").read_text().splitlines()] == ["WARNING market x"]
