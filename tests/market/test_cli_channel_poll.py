"""`channel token` and `channel poll`: that a token goes in and never comes out, and what a poll prints."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from market.cli import channel_poll
from market.db import Database
from market.deliveries import Summary
from market.model import CHANNEL
from market.polling import Polled
from market.secret_key import unseal
from merchants.stalls import StallRow
from tests.conftest import NOW

TOKEN = "AK_CS.9fK2.tQ7"
IN_MARKET = ("--market", "ben-song")
pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A file with the token on its first line."""
    path = tmp_path / "token.txt"
    path.write_text(f"{TOKEN}\r\n", encoding="utf-8-sig")
    return path


def _kept(database: Database, data: Path) -> str:
    with database.reading() as session:
        sealed: bytes = session.connection().execute(select(CHANNEL.c.poll_secret)).scalar_one()
    assert TOKEN.encode() not in sealed
    return unseal((data / "secret.key").read_text().strip(), sealed)


def test_a_token_lies_encrypted_and_is_never_shown(
    cho: Any, database: Database, market_id: int, token_file: Path, data: Path
) -> None:
    cho.done("channel", "add", "casso", *IN_MARKET)
    said = cho.done("channel", "token", 1, "--token-file", token_file)
    assert (said.out, said.err) == ("", "channel 1 keeps a token; `channel poll 1` tries it\n")
    assert _kept(database, data) == TOKEN
    assert [row["token"] for row in cho.json("channel", "list")] == [True]
    assert TOKEN not in cho.done("channel", "list").out


def test_a_channel_may_be_added_with_its_token(
    cho: Any, database: Database, market_id: int, token_file: Path, data: Path
) -> None:
    cho.done("channel", "add", "sepay", *IN_MARKET, "--token-file", token_file)
    assert _kept(database, data) == TOKEN


def test_a_token_may_come_from_stdin_but_not_from_the_command_line(
    cho: Any, database: Database, market_id: int, data: Path
) -> None:
    cho.done("channel", "add", "sepay", *IN_MARKET)
    cho.done("channel", "token", 1, "--token", "-", stdin=f"{TOKEN}\n")
    assert _kept(database, data) == TOKEN
    assert cho("channel", "token", 1, "--token", "another").code == 2


def test_a_token_that_would_never_be_used_is_refused_and_no_channel_is_added(
    cho: Any, market_id: int, token_file: Path
) -> None:
    refused = cho.refused("channel", "add", "payos", *IN_MARKET, "--token-file", token_file)
    assert refused == ["error: channel: payos has no interface this program knows; it can ask sepay, casso, casso-v2"]
    assert cho.json("channel", "list") == []


def test_a_token_has_to_be_given(cho: Any, market_id: int) -> None:
    cho.done("channel", "add", "sepay", *IN_MARKET)
    (line,) = cho.refused("channel", "token", 1)
    assert line.startswith("error: token: is needed; ")


def test_a_channel_without_a_token_is_not_polled(cho: Any, market_id: int) -> None:
    cho.done("channel", "add", "sepay", *IN_MARKET)
    assert cho.refused("channel", "poll", 1) == [
        "error: channel: channel 1 keeps no token of sepay; `channel token 1 --token-file FILE` keeps one"
    ]


@pytest.fixture
def polls(cho: Any, huong: StallRow, token_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Channel 1 with a token, whose polls bring what they are told to; gives the days they were asked from."""

    def bring(polled: Polled) -> list[Any]:
        asked: list[Any] = []

        def poll(*arguments: object, **said: Any) -> Polled:
            asked.append(said["since"])
            said["announce"](polled.summary.read, 9)
            return polled

        monkeypatch.setattr(channel_poll, "poll", poll)
        cho.done("channel", "add", "sepay", *IN_MARKET, "--token-file", token_file)
        return asked

    return bring


def test_a_poll_prints_the_summary_of_an_import(cho: Any, polls: Callable[..., list[Any]]) -> None:
    polls(Polled(Summary(read=3, recorded=2, duplicates=1)))
    summary = {"read": 3, "recorded": 2, "duplicates": 1, "unmatched": 0, "held": 0, "ignored": 0, "rejected": []}
    assert cho.json("channel", "poll", 1) == summary
    assert cho.done("channel", "poll", 1).out == "3 read, 2 recorded, 1 duplicates, 0 unmatched, 0 held, 0 ignored\n"


def test_a_poll_from_a_day(cho: Any, polls: Callable[..., list[Any]]) -> None:
    asked = polls(Polled())
    cho.done("channel", "poll", 1, "--since", "2026-11-01")
    assert asked == [date(2026, 11, 1)]
    assert cho.refused("channel", "poll", 1, "--since", "1/11") == [
        "error: since: '1/11' is no day; write YYYY-MM-DD, for example 2026-11-24"
    ]


def test_a_poll_in_trouble_says_what_it_took_and_what_is_wrong(cho: Any, polls: Callable[..., list[Any]]) -> None:
    polls(Polled(Summary(read=2, recorded=2), {"a-1": "id is missing"}, "sepay is out of order (500)"))
    said = cho("channel", "poll", 1)
    assert (said.code, said.out) == (1, "2 read, 2 recorded, 0 duplicates, 0 unmatched, 0 held, 0 ignored\n")
    assert said.err.splitlines() == [
        "error: sepay is out of order (500)",
        "error: transaction a-1: id is missing",
    ]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_poll_that_read_nothing_says_nothing_but_why(
    cho: Any, polls: Callable[..., list[Any]], form: list[str]
) -> None:
    polls(Polled(stopped="sepay at https://x.vn cannot be reached (timed out); check the network"))
    assert cho.refused("channel", "poll", 1, *form) == [
        "error: sepay at https://x.vn cannot be reached (timed out); check the network and CHO_SEPAY_API"
    ]


def test_a_day_to_come_is_refused_before_anything_is_asked(cho: Any, polls: Callable[..., list[Any]]) -> None:
    asked = polls(Polled())
    assert cho.refused("channel", "poll", 1, "--since", "2026-11-25") == [
        "error: since: 2026-11-25 lies in the future; today is 2026-11-24"
    ]
    assert asked == []


def test_the_list_says_when_a_channel_was_polled_and_what_failed(
    cho: Any, database: Database, polls: Callable[..., list[Any]]
) -> None:
    polls(Polled())
    values = {"polled_at": NOW, "poll_trouble": "sepay is out\ntransaction a-1: id is missing"}
    with database.writing() as session:
        session.connection().execute(CHANNEL.update().values(**values))
    (row,) = cho.json("channel", "list")
    assert (row["polled_at"], row["poll_trouble"]) == ("2026-11-24T01:00:00+00:00", values["poll_trouble"])
    assert cho.done("channel", "list").err.splitlines() == [
        "error: channel 1: sepay is out",
        "error: channel 1: transaction a-1: id is missing",
    ]
