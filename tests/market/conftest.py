"""The command line as a test calls it: in this process, on a database of the test's own."""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from market.cli import main


@dataclass(frozen=True)
class Said:
    """What one command answered: its exit code, and what it wrote where."""

    code: int
    out: str
    err: str


class Cho:
    """Runs commands: `cho("market", "list")` gives what it said, `cho.json("market", "list")` its document."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._capsys = capsys

    def __call__(self, *arguments: object, stdin: str = "") -> Said:
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = self._capsys.readouterr()
        return Said(code, said.out, said.err)

    def done(self, *arguments: object, stdin: str = "") -> Said:
        """What a command said that must succeed."""
        said = self(*arguments, stdin=stdin)
        assert said.code == 0, said
        return said

    def json(self, *arguments: object) -> Any:
        """The one document a command prints on stdout, as a program would read it."""
        return json.loads(self.done(*arguments, "--json").out)

    def refused(self, *arguments: object) -> list[str]:
        """The lines a refusal writes on stderr; nothing may stand on stdout."""
        said = self(*arguments)
        assert (said.code, said.out) == (1, ""), said
        return said.err.splitlines()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder the settings name, not made yet; no other setting is given."""
    for name in ("CHO_DATABASE_URL", "CHO_BASE_URL", "CHO_HOST", "CHO_PORT", "CHO_SECRET_KEY", "CHO_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CHO_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def cho(data: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cho:
    """The command line on a migrated database of either kind, with nothing in its tables."""
    monkeypatch.setenv("CHO_DATABASE_URL", database_url)
    return Cho(monkeypatch, capsys)
