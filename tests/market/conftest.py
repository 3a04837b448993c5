"""The command line as a test calls it: in this process, at a moment of the test's own, on a database of its own."""

import importlib
import io
import json
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import market.cli
from market.cli import main
from market.config import SETTINGS

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """What one command answered: its exit code, and what it wrote where."""

    code: int
    out: str
    err: str


class Cho:
    """Runs commands: `cho("market", "list")` gives what it said, whatever that was. `folder` is the test's own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._patch = patch
        self._capsys = capsys
        self.at(NOW)

    def __call__(self, *arguments: object, stdin: str = "") -> Said:
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = self._capsys.readouterr()
        return Said(code, said.out, said.err)

    def at(self, now: datetime) -> None:
        """Later commands find this moment on the clock."""
        for _, name, _ in pkgutil.iter_modules(market.cli.__path__):
            module = importlib.import_module(f"market.cli.{name}")
            if hasattr(module, "utc_now"):
                self._patch.setattr(module, "utc_now", lambda: now)

    def done(self, *arguments: object, stdin: str = "") -> Said:
        """What a command said that must succeed."""
        said = self(*arguments, stdin=stdin)
        assert said.code == 0, said
        return said

    def json(self, *arguments: object) -> Any:
        """The one document that a command prints on stdout."""
        return json.loads(self.done(*arguments, "--json").out)

    def refused(self, *arguments: object, stdin: str = "") -> list[str]:
        """The lines on stderr of a command that must be refused, and then says nothing on stdout."""
        said = self(*arguments, stdin=stdin)
        assert (said.code, said.out) == (1, ""), said
        return said.err.splitlines()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that the settings name, not made yet; no other setting is given."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CHO_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def cho(
    data: Path, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cho:
    """The command line on a migrated database, with nothing in its tables but what other fixtures put there."""
    monkeypatch.setenv("CHO_DATABASE_URL", database_url)
    return Cho(tmp_path, monkeypatch, capsys)


@pytest.fixture
def bare_cho(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cho:
    """The command line before its first call: no data folder, no database."""
    return Cho(tmp_path, monkeypatch, capsys)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes bodies into a file, one a line: `write(body, body)`."""

    def to_file(*bodies: bytes, name: str = "bodies.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(body + b"\n" for body in bodies))
        return path

    return to_file
