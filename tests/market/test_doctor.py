"""`doctor` finds what is wrong with an installation, one line each with the mend, and changes nothing."""

import http.server
import json
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text, update

from ledger.inbox.notice import Notice
from market import doctor
from market.access import audit
from market.access.logins import add_login
from market.access.model import PASSKEY
from market.channels import add_channel
from market.db import Database
from market.model import CHANNEL
from market.secret_key import seal
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.market.certificates import Authority
from tests.market.conftest import NOW

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def free_port(monkeypatch: pytest.MonkeyPatch, data: Path) -> int:
    """The settings name a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    monkeypatch.setenv("CHO_PORT", str(port))
    return port


@pytest.fixture
def well(cho: Any, data: Path) -> Any:
    """An installation with nothing wrong."""
    data.mkdir(mode=0o700)
    return cho


def _found(cho: Any) -> dict[str, tuple[str, str]]:
    """By check, message and mend of what is wrong."""
    said = cho("doctor", "--json")
    document = json.loads(said.out)
    assert (said.code, document["ok"]) == ((1, False) if document["findings"] else (0, True))
    return {each["check"]: (each["message"], each["mend"]) for each in document["findings"]}


def test_a_well_installation_is_told_so(well: Any) -> None:
    assert well.done("doctor").out.splitlines()[-1] == "all is well"
    assert _found(well) == {}


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(bare_cho: Any, data: Path) -> None:
    assert "note: data: " in bare_cho.done("doctor").out
    assert not data.exists()


def test_each_finding_is_one_line_with_its_mend(well: Any, data: Path) -> None:
    data.chmod(0o755)
    said = well("doctor")
    (line,) = [line for line in said.out.splitlines() if not line.startswith("note: ")]
    assert line == f"data: {data} is open to others (mode 0755); chmod 700 {data}"
    assert (said.code, said.err) == (1, "1 thing to mend\n")


@on_sqlite
def test_a_key_that_others_may_read_is_found(well: Any, data: Path) -> None:
    (data / "secret.key").write_text("k" * 40)
    (data / "secret.key").chmod(0o640)
    assert _found(well)["key"][1] == f"chmod 600 {data / 'secret.key'}"


@on_sqlite
def test_a_disk_that_is_nearly_full_is_found(well: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 10**18)
    assert "MB are free" in _found(well)["disk"][0]


@on_sqlite
def test_an_old_sqlite_is_found(well: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SAFE_WAL", (99, 0, 0))
    assert "is older than 3.51.3" in _found(well)["sqlite"][0]


def test_guards_that_are_gone_are_found(well: Any, engine: Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE entry DISABLE TRIGGER USER"))
        else:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            connection.execute(text(f"DROP TRIGGER {names[0]}"))
    message, mend = _found(well)["guards"]
    assert "gone or altered" in message
    assert mend.endswith("python3 run.py upgrade")


@on_sqlite
def test_tables_without_a_mark_of_the_version_are_found(well: Any, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    message, mend = _found(well)["database"]
    assert message == "it holds tables and no mark of this program's version, so no command opens it"
    assert mend == "bring back a backup with backup restore, or name another database"


@pytest.mark.parametrize(("revision", "mend"), [("0001", "run python3 run.py upgrade"), ("9999", "install the newer")])
def test_a_database_of_another_revision_is_found(well: Any, engine: Engine, revision: str, mend: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    assert _found(well)["database"][1].startswith(mend)


@on_sqlite
def test_a_database_that_is_damaged_is_found(well: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "letter.sqlite").write_bytes(b"dear diary " * 1000)
    monkeypatch.setenv("CHO_DATABASE_URL", f"sqlite:///{tmp_path / 'letter.sqlite'}")
    assert "is no SQLite database" in _found(well)["database"][0]


@on_sqlite
def test_a_server_that_cannot_be_reached_is_found(well: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHO_DATABASE_URL", "postgresql+psycopg://cho:s3cret@127.0.0.1:1/cho")
    message, mend = _found(well)["database"]
    assert "cannot be reached" in message
    assert "s3cret" not in message + mend


def test_a_clock_that_is_behind_is_found(
    well: Any, database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice]
) -> None:
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW + timedelta(hours=2))
    assert "something was recorded at 2026-11-24T03:00" in _found(well)["clock"][0]


def test_books_that_were_never_backed_up_or_long_ago_are_found(
    well: Any,
    database: Database,
    huong: StallRow,
    channel: Source,
    told: Callable[..., Notice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW)
    assert _found(well)["backup"][0] == "no backup was ever made"
    with database.writing() as session:
        audit.note(session, "backup_made", market_id=None, at=NOW - timedelta(days=9))
    assert _found(well)["backup"][0] == "the last backup is 9 days old"
    with database.writing() as session:
        audit.note(session, "backup_made", market_id=None, at=NOW - timedelta(days=1))
    assert "backup" not in _found(well)


def test_books_that_nobody_sealed_are_found(
    well: Any, database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice]
) -> None:
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW - timedelta(days=2))
    assert _found(well)["seals"][0].startswith("books of ben-song are not sealed")
    well.done("ledger", "seal")
    assert "seals" not in _found(well)


def test_a_secret_under_another_key_is_found(
    well: Any, database: Database, market_id: int, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as session:
        channel = add_channel(
            session,
            provider="sepay",
            market_id=market_id,
            stall_id=None,
            auth=None,
            sealed_secret=seal("another key" * 4, "khoa"),
            now=NOW,
        )
    message, mend = _found(well)["key"]
    assert message == f"{data / 'secret.key'} is not there, and 1 secret lies under it"
    assert mend.startswith("bring it back from a backup")
    assert not (data / "secret.key").exists()
    monkeypatch.setenv("CHO_SECRET_KEY", "k" * 40)
    message, mend = _found(well)["secrets"]
    assert message == f"the secret of channel {channel} lies under another key"
    assert mend.endswith(f"give it again with `channel secret {channel}`")


def test_passkeys_of_another_address_are_found(well: Any, database: Database, market_id: int) -> None:
    with database.writing() as session:
        login_id = add_login(
            session, name="ha", role="board", market_id=market_id, stall_id=None, password="hoa-phuong-do", now=NOW
        )
        session.connection().execute(
            insert(PASSKEY).values(
                login_id=login_id,
                rp_id="cho.example.vn",
                credential_id=b"1",
                public_key=b"",
                sign_count=0,
                name="",
                added_at=NOW,
            )
        )
    assert "1 passkeys were added at cho.example.vn" in _found(well)["passkeys"][0]


def test_channels_in_trouble_and_silent_stalls_are_found(
    well: Any,
    database: Database,
    huong: StallRow,
    channel: Source,
    told: Callable[..., Notice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHO_SECRET_KEY", "k" * 40)
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 50_000, at=NOW - timedelta(days=5)), b"{}")], NOW)
        sealed = seal("k" * 40, "a secret of the provider")
        session.connection().execute(update(CHANNEL).values(secret=sealed, last_heard_at=NOW - timedelta(days=5)))
    assert _found(well)["channels"] == (
        "ben-song: nothing is heard of 1 stalls (C-01)",
        "`stall connections --market ben-song` says why",
    )
    with database.writing() as session:
        session.connection().execute(update(CHANNEL).values(poll_trouble="the token is wrong", last_heard_at=NOW))
    assert "is polled in vain: the token is wrong" in _found(well)["channels"][0]


def test_a_channel_that_keeps_no_secret_is_found_as_long_as_it_is_on_and_not_polled(
    well: Any, database: Database, channel: Source
) -> None:
    number = channel.channel_id
    assert _found(well)["channels"] == (
        f"channel {number} keeps no secret of sepay, so every webhook is refused",
        f"`channel secret {number} --secret-file FILE` keeps one",
    )
    with database.writing() as session:
        session.connection().execute(update(CHANNEL).values(status="off"))
    assert _found(well) == {}
    well.done("channel", "token", number, "--token", "-", stdin="a token of the provider\n")
    with database.writing() as session:
        session.connection().execute(update(CHANNEL).values(status="on"))
    assert "channels" not in _found(well)


@on_sqlite
def test_a_short_secret_is_worth_a_note(well: Any, market_id: int) -> None:
    well.done("channel", "add", "sepay", "--market", "ben-song", "--secret", "-", stdin="abc123\n")
    said = well.done("doctor")
    assert "note: secrets: the secret of channel 1 has only 6 characters and may be guessed; have one of 16" in said.out
    assert "abc123" not in said.out + said.err


def test_notices_that_wait_too_long_or_are_parked_are_found(
    well: Any, database: Database, huong: StallRow, channel: Source, told: Callable[..., Notice], engine: Engine
) -> None:
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW - timedelta(minutes=6))
        session.connection().execute(text("UPDATE notice SET status = 'pending'"))
    assert "1 notices wait to be booked" in _found(well)["notices"][0]
    with database.writing() as session:
        session.connection().execute(text("UPDATE notice SET status = 'parked'"))
    assert "1 notices could not be booked in five tries" in _found(well)["notices"][0]


@on_sqlite
@pytest.mark.parametrize(
    ("said", "sign"),
    [
        ({"CHO_BASE_URL": "http://cho.example.vn"}, "browsers switch off the service worker"),
        ({"CHO_BASE_URL": "https://cho.example.vn"}, "every visitor seems to come from it"),
        ({"CHO_BASE_URL": "https://203.0.113.7", "CHO_PROXIES": "127.0.0.1"}, "browsers know no passkeys there"),
        ({"CHO_HOST": "0.0.0.0"}, "links and codes lead to http://0.0.0.0:"),  # noqa: S104
    ],
)
def test_an_address_that_switches_something_off_is_found(
    well: Any, said: dict[str, str], sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert sign in _found(well)["address"][0]


@on_sqlite
def test_behind_a_proxy_that_is_named_all_is_well(well: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHO_BASE_URL", "https://cho.example.vn")
    monkeypatch.setenv("CHO_PROXIES", "127.0.0.1")
    assert _found(well) == {}


@on_sqlite
@pytest.mark.parametrize(
    ("days", "name", "sign"),
    [
        (90, "127.0.0.1", ""),
        (5, "127.0.0.1", "it holds 4 days more"),
        (-1, "127.0.0.1", "expired on"),
        (90, "cho.example.vn", "it does not name cho.example.vn"),
    ],
)
def test_a_certificate_is_looked_at(
    well: Any, days: int, name: str, sign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    well.at(datetime.now(UTC))
    Authority().issue(tmp_path, days=days)
    (tmp_path / "key.pem").chmod(0o600)
    monkeypatch.setenv("CHO_BASE_URL", f"https://{name}")
    monkeypatch.setenv("CHO_TLS_CERT", str(tmp_path / "cert.pem"))
    monkeypatch.setenv("CHO_TLS_KEY", str(tmp_path / "key.pem"))
    found = _found(well)
    assert sign in found["certificate"][0] if sign else "certificate" not in found


@on_sqlite
def test_a_port_that_another_program_has_is_found_and_our_own_is_not(well: Any, free_port: int) -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        page = b"somebody else"

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.page)

        def log_message(self, *said: object) -> None:
            """Nothing."""

    with http.server.HTTPServer(("127.0.0.1", free_port), Page) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        assert f"port {free_port} is in use" in _found(well)["port"][0]
        Page.page = b"ok\n"
        assert "port" not in _found(well)
        other.shutdown()


def test_looking_changes_nothing(well: Any, database: Database, huong: StallRow, data: Path) -> None:
    before = sorted(data.iterdir())
    well.done("doctor")
    assert sorted(data.iterdir()) == before
