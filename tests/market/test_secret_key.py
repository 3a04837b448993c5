"""The installation's key: made once, for its owner only, and what is sealed under it."""

import stat
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from sqlalchemy import Table

from ledger.refused import Refused
from market.access.logins import add_login
from market.config import Settings
from market.db import Database
from market.model import CHANNEL, LOGIN
from market.secret_key import installation_key, seal, unseal
from merchants.model import BANK_ACCOUNT
from merchants.payments import Source
from merchants.stalls import StallRow
from tests.conftest import NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that name a folder and nothing else."""
    return Settings.from_environment({"CHO_DATA": str(tmp_path)})


def test_the_first_start_makes_a_key_and_the_next_finds_it(settings: Settings) -> None:
    key = installation_key(settings)
    assert len(key) >= 64
    assert installation_key(settings) == key


def test_every_installation_has_a_key_of_its_own(settings: Settings, tmp_path: Path) -> None:
    other = replace(settings, secret_key_file=tmp_path / "other.key")
    assert installation_key(other) != installation_key(settings)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_may_read_the_key(settings: Settings) -> None:
    installation_key(settings)
    assert stat.S_IMODE(settings.secret_key_file.stat().st_mode) == 0o600


def test_first_starts_at_once_end_with_one_key_and_leave_nothing_beside_it(settings: Settings) -> None:
    found: list[str] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        found.append(installation_key(settings))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (8, 1)
    assert [path.name for path in settings.data.iterdir()] == ["secret.key"]


def test_a_key_from_the_environment_needs_no_file(settings: Settings) -> None:
    assert installation_key(replace(settings, secret_key="k" * 40)) == "k" * 40
    assert not settings.secret_key_file.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"short\n", "holds fewer than 32 characters; restore it"), (b"\xff" * 40, "cannot be read or made")],
)
def test_a_damaged_key_is_refused_and_left_alone(settings: Settings, content: bytes, message: str) -> None:
    settings.secret_key_file.write_bytes(content)
    with pytest.raises(Refused, match=message):
        installation_key(settings)
    assert settings.secret_key_file.read_bytes() == content


def test_a_key_file_that_cannot_be_made_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read or made"):
        installation_key(replace(settings, secret_key_file=tmp_path / "none" / "secret.key"))


def test_what_is_sealed_opens_under_its_key_only() -> None:
    sealed = seal("a" * 32, "bí mật")
    assert unseal("a" * 32, sealed) == "bí mật"
    with pytest.raises(InvalidToken):
        unseal("b" * 32, sealed)


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    assert seal("a" * 32, "secret") != seal("a" * 32, "secret")


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (CHANNEL, {"secret": b"sealed"}),
        (CHANNEL, {"former_secret": b"sealed"}),
        (CHANNEL, {"poll_secret": b"sealed"}),
        (LOGIN, {"totp_secret": b"sealed"}),
        (BANK_ACCOUNT, {"number": "~digest"}),
    ],
    ids=["secret", "former secret", "token", "second factor", "forgotten account"],
)
def test_no_new_key_is_made_where_the_database_keeps_what_lies_under_the_lost_one(
    cho: Any, database: Database, huong: StallRow, channel: Source, data: Path, table: Table, values: dict[str, Any]
) -> None:
    with database.writing() as session:
        lan = {"name": "chi.lan", "role": "administrator", "password": ""}
        add_login(session, **lan, market_id=None, stall_id=None, now=NOW)
        session.connection().execute(table.update().values(**values))
    lost = f"error: CHO_SECRET_KEY_FILE: {data / 'secret.key'} is not there, and 1 secret lies under it; bring it back"
    (line,) = cho.refused("channel", "add", "sepay", "--market", "ben-song", "--secret", "-", stdin="another secret\n")
    assert line.startswith(lost)
    assert not (data / "secret.key").exists()
    # What needs no key goes on.
    assert [row["slug"] for row in cho.json("market", "list")] == ["ben-song"]
    assert cho("doctor").code == 1
    assert not (data / "secret.key").exists()


def test_where_nothing_lies_under_it_a_lost_key_is_made_anew(
    cho: Any, database: Database, huong: StallRow, channel: Source, data: Path
) -> None:
    cho.done("channel", "add", "sepay", "--market", "ben-song", "--secret", "-", stdin="another secret\n")
    assert (data / "secret.key").exists()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_key_is_asked_for_in_the_middle_of_writing(
    database: Database, database_url: str, huong: StallRow, tmp_path: Path
) -> None:
    said = {"CHO_DATA": str(tmp_path), "CHO_DATABASE_URL": database_url}
    with database.writing() as session:
        session.connection().execute(BANK_ACCOUNT.update().values(name="HUONG"))
        assert installation_key(Settings.from_environment(said))
