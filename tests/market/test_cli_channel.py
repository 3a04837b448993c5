"""`channel`: where bank news comes from, and that a secret goes in and never comes out."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import select

from ledger import books
from market.cli.secret_given import secret_given
from market.db import Database
from market.model import CHANNEL
from market.secret_key import unseal
from merchants.payments import Source
from merchants.stalls import StallRow
from tests.conftest import NOW

SECRET = "spk_live_4hJk2mPq"
IN_MARKET = ("--market", "ben-song")
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """A file as Notepad leaves it: a byte order mark, the secret on its first line, a line end, perhaps more."""
    path = tmp_path / "secret.txt"
    path.write_text(f"{SECRET}\r\nfrom the provider's page\r\n", encoding="utf-8-sig")
    return path


def test_a_channel_is_added_and_answers_at_its_address(cho: Any, market_id: int) -> None:
    added = cho.json("channel", "add", "sepay", *IN_MARKET)
    assert added == {"channel": added["channel"], "provider": "sepay", "url": f"/hooks/{added['channel']}"}


@on_sqlite
def test_a_channel_without_a_secret_says_how_it_gets_one(cho: Any, market_id: int, secret_file: Path) -> None:
    said = cho.done("channel", "add", "sepay", *IN_MARKET)
    assert said.err == "it keeps no secret yet: run channel secret 1 --secret-file FILE\n"
    assert cho.done("channel", "secret", 1, "--secret-file", secret_file).err == ""
    assert cho.done("channel", "add", "sepay", *IN_MARKET, "--secret-file", secret_file).err == ""


@on_sqlite
def test_a_short_secret_is_taken_with_a_note(cho: Any, market_id: int) -> None:
    note = "note: the secret has only 6 characters and may be guessed; have the provider make one of 16 or more\n"
    assert cho.done("channel", "add", "sepay", *IN_MARKET, "--secret", "-", stdin="abc123\n").err == note
    assert cho.done("channel", "secret", 1, "--secret", "-", stdin="abc124\n").err == note


@on_sqlite
@pytest.mark.parametrize("option", ["--secret", "--token"])
def test_what_is_typed_among_the_arguments_is_refused_and_not_said_again(cho: Any, market_id: int, option: str) -> None:
    said = cho("channel", "add", "sepay", *IN_MARKET, option, SECRET)
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith(f"Error: Invalid value for '{option}': use {option}-file FILE or {option} -\n")
    assert SECRET not in said.err
    assert cho.json("channel", "list") == []


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_asked_for_the_secret_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(text: str) -> str:
        sys.stderr.write(text)
        return SECRET

    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr(click.termui, "hidden_prompt_func", ask)
    assert secret_given(None, "-", "secret") == SECRET
    said = capsys.readouterr()
    assert (said.out, said.err.strip()) == ("", "Secret:")


@on_sqlite
def test_the_table_says_when_it_was_last_heard_as_a_clock_there_does(
    cho: Any, database: Database, channel: Source
) -> None:
    with database.writing() as session:
        session.connection().execute(CHANNEL.update().values(last_heard_at=NOW))
    assert " 2026-11-24 08:00 " in cho.done("channel", "list").out
    assert cho.json("channel", "list")[0]["last_heard_at"] == "2026-11-24T01:00:00+00:00"


@on_sqlite
def test_people_are_told_the_whole_address(cho: Any, market_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHO_BASE_URL", "https://cho.example.vn")
    said = cho.done("channel", "add", "sepay", *IN_MARKET)
    assert said.out == "channel 1 added; the provider calls https://cho.example.vn/hooks/1\n"


def test_the_list_shows_everything_but_the_secret(cho: Any, huong: StallRow, secret_file: Path) -> None:
    first = cho.json("channel", "add", "sepay", *IN_MARKET, "--auth", "hmac", "--secret-file", secret_file)["channel"]
    second = cho.json("channel", "add", "sepay", *IN_MARKET, "--stall", "C-01")["channel"]
    described = {
        "provider": "sepay",
        "market": "ben-song",
        "status": "on",
        "former_until": None,
        "last_heard_at": None,
        "token": False,
        "polled_at": None,
        "poll_trouble": "",
        "trouble": None,
    }
    assert cho.json("channel", "list") == [
        {"channel": first, **described, "stall": None, "auth": "hmac", "secret": True, "url": f"/hooks/{first}"},
        {"channel": second, **described, "stall": "C-01", "auth": "apikey", "secret": False, "url": f"/hooks/{second}"},
    ]
    assert SECRET not in cho.done("channel", "list").out


def test_the_secret_lies_encrypted_under_the_installations_key(
    cho: Any, database: Database, market_id: int, secret_file: Path, data: Path
) -> None:
    said = cho.done("channel", "add", "sepay", *IN_MARKET, "--secret-file", secret_file)
    with database.reading() as session:
        sealed: bytes = session.connection().execute(select(CHANNEL.c.secret)).scalar_one()
    assert SECRET.encode() not in sealed
    assert unseal((data / "secret.key").read_text().strip(), sealed) == SECRET
    assert SECRET not in said.out + said.err


@on_sqlite
def test_the_secret_may_come_from_stdin(cho: Any, database: Database, market_id: int, data: Path) -> None:
    cho.done("channel", "add", "sepay", *IN_MARKET, "--secret", "-", stdin=f"{SECRET}\r\n")
    with database.reading() as session:
        sealed: bytes = session.connection().execute(select(CHANNEL.c.secret)).scalar_one()
    assert unseal((data / "secret.key").read_text().strip(), sealed) == SECRET


@on_sqlite
def test_a_secret_is_never_taken_from_the_command_line(cho: Any, market_id: int) -> None:
    said = cho("channel", "add", "sepay", *IN_MARKET, "--secret", SECRET)
    assert said.code == 2
    assert cho.json("channel", "list") == []


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (
            ["momo", *IN_MARKET],
            "",
            "error: provider: 'momo' is no provider this program reads; it reads sepay, casso, casso-v2,",
        ),
        (["sepay", *IN_MARKET, "--auth", "basic"], "", "error: auth: sepay proves itself by apikey or hmac"),
        (["sepay", "--market", "x"], "", "error: market: there is no market 'x'; the markets are ben-song"),
        (["sepay", *IN_MARKET, "--stall", "X-9"], "", "error: stall: no stall has the code 'X-9'"),
        (["sepay", *IN_MARKET, "--secret", "-"], " \n", "error: secret: is empty; copy it from the provider's page"),
        (["sepay", *IN_MARKET, "--secret-file", "no-such-file"], "", "error: secret-file: no-such-file cannot be read"),
    ],
)
def test_a_channel_is_refused_with_the_field_and_the_mend(
    cho: Any, market_id: int, arguments: list[str], stdin: str, message: str
) -> None:
    (line,) = cho.refused("channel", "add", *arguments, stdin=stdin)
    assert line.startswith(message)
    assert cho.json("channel", "list") == []


def test_a_channel_that_is_off_takes_nothing_and_keeps_what_it_told(
    cho: Any, huong: StallRow, channel: Source, sepay_body: Callable[..., bytes], write: Callable[..., Path]
) -> None:
    cho.done("payment", "import", write(sepay_body()), "--channel", channel.channel_id)
    cho.done("channel", "off", channel.channel_id)
    (line,) = cho.refused("payment", "import", write(sepay_body()), "--channel", channel.channel_id)
    assert line == f"error: channel: channel {channel.channel_id} is off and takes nothing"
    assert [row["status"] for row in cho.json("channel", "list")] == ["off"]
    assert cho.json("report", "month", "2026-11", *IN_MARKET)["transactions"] == 1


@on_sqlite
@pytest.mark.parametrize("act", ["off", "replay"])
def test_a_channel_that_is_not_there_is_refused(cho: Any, act: str) -> None:
    assert cho.refused("channel", act, "9") == ["error: channel: there is no channel 9; `channel list` shows them"]


def test_what_could_not_be_booked_is_kept_and_booked_by_replay(
    cho: Any,
    huong: StallRow,
    channel: Source,
    sepay_body: Callable[..., bytes],
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(books, "post", lambda *_, **__: 1 / 0)
        summary = cho.json("payment", "import", write(sepay_body(), sepay_body()), "--channel", channel.channel_id)
    assert (summary["read"], summary["recorded"], summary["pending"]) == (2, 0, 2)
    assert cho.json("report", "month", "2026-11", *IN_MARKET)["unmatched"] == 2

    assert cho.done("channel", "replay", channel.channel_id).out == "2 taken up, 0 could not be booked\n"
    report = cho.json("report", "month", "2026-11", *IN_MARKET)
    assert (report["transactions"], report["unmatched"]) == (2, 0)
    assert cho.done("channel", "replay", channel.channel_id).out == "0 taken up, 0 could not be booked\n"
