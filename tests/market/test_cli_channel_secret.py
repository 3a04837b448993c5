"""`channel secret`, a secret the program makes, and `channel on`: what is shown once and never again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from market.db import Database
from market.model import CHANNEL
from market.secret_key import unseal
from merchants.payments import Source

IN_MARKET = ("--market", "ben-song")
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def kept(database: Database, data: Path) -> Any:
    """What the one channel keeps, opened: its secret, and the former one or None."""

    def look() -> tuple[str, str | None]:
        with database.reading() as session:
            row = session.connection().execute(select(CHANNEL.c.secret, CHANNEL.c.former_secret)).one()
        key = (data / "secret.key").read_text().strip()
        return unseal(key, row.secret), None if row.former_secret is None else unseal(key, row.former_secret)

    return look


def _add(cho: Any, provider: str = "casso-v2", stdin: str = "first\n") -> int:
    said = cho.done("channel", "add", provider, *IN_MARKET, "--secret", "-", stdin=stdin)
    return int(said.out.split()[1])


def test_the_former_secret_stays_beside_the_new_one_for_a_day(cho: Any, market_id: int, kept: Any) -> None:
    channel = _add(cho)
    said = cho.done("channel", "secret", channel, "--secret", "-", stdin="second\n")
    assert said.out == f"channel {channel} has another secret; the former one is taken until 2026-11-25 08:00\n"
    assert kept() == ("second", "first")
    assert cho.json("channel", "list")[0]["former_until"] == "2026-11-25T01:00:00+00:00"


@on_sqlite
def test_the_overlap_is_as_many_hours_as_asked_for(cho: Any, market_id: int, tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("second\n")
    said = cho.json("channel", "secret", _add(cho), "--secret-file", tmp_path / "key.txt", "--overlap", "48")
    assert said == {"channel": 1, "former_until": "2026-11-26T01:00:00+00:00"}


@on_sqlite
def test_without_an_overlap_the_former_secret_is_gone(cho: Any, market_id: int, kept: Any) -> None:
    channel = _add(cho)
    said = cho.done("channel", "secret", channel, "--secret", "-", "--overlap", "0", stdin="second\n")
    assert said.out == f"channel {channel} has another secret; the former one is taken no longer\n"
    assert kept() == ("second", None)
    assert cho.json("channel", "list")[0]["former_until"] is None


@on_sqlite
def test_a_channel_added_without_a_secret_gets_its_first_one(cho: Any, market_id: int, kept: Any) -> None:
    channel = cho.json("channel", "add", "payos", *IN_MARKET)["channel"]
    cho.done("channel", "secret", channel, "--secret", "-", stdin="first\n")
    assert kept() == ("first", None)
    assert cho.json("channel", "list")[0]["secret"] is True


@on_sqlite
def test_an_overlap_that_is_over_is_listed_no_more(cho: Any, market_id: int) -> None:
    _add(cho)
    cho.done("channel", "secret", 1, "--secret", "-", "--overlap", "1", stdin="second\n")
    cho.at(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    assert cho.json("channel", "list")[0]["former_until"] is None


def test_a_generic_channels_secret_is_made_and_shown_this_once(cho: Any, market_id: int, kept: Any) -> None:
    added = cho.json("channel", "add", "generic", *IN_MARKET)
    assert len(added["secret"]) >= 43
    assert kept() == (added["secret"], None)
    listed = cho.done("channel", "list")
    assert added["secret"] not in listed.out + listed.err + cho.done("channel", "list", "--json").out


@on_sqlite
def test_a_generic_channels_secret_is_made_anew_each_time(cho: Any, market_id: int, kept: Any) -> None:
    first = cho.json("channel", "add", "generic", *IN_MARKET)["secret"]
    second = cho.json("channel", "secret", 1)["secret"]
    assert first != second
    assert kept() == (second, first)


@on_sqlite
def test_people_see_a_made_secret_on_a_line_of_its_own(cho: Any, market_id: int, kept: Any) -> None:
    said = cho.done("channel", "add", "generic", *IN_MARKET)
    assert said.out.splitlines()[1] == f"secret: {kept()[0]}"
    assert "shown this once" in said.err
    renewed = cho.done("channel", "secret", 1)
    assert renewed.out.splitlines()[1] == f"secret: {kept()[0]}"


@on_sqlite
def test_a_secret_that_was_given_is_never_printed(cho: Any, market_id: int) -> None:
    added = cho.done("channel", "add", "generic", *IN_MARKET, "--secret", "-", "--json", stdin="my-own-key\n")
    renewed = cho.done("channel", "secret", 1, "--secret", "-", "--json", stdin="my-other-key\n")
    assert "key" not in added.out + added.err + renewed.out + renewed.err


@on_sqlite
def test_only_a_generic_channels_secret_can_be_made_here(cho: Any, market_id: int, kept: Any) -> None:
    (line,) = cho.refused("channel", "secret", _add(cho, "payos"))
    assert line.startswith("error: secret: is needed; copy it from the provider's page")
    assert kept() == ("first", None)


@on_sqlite
@pytest.mark.parametrize("overlap", ["-1", "721", "x"])
def test_an_overlap_is_up_to_thirty_days(cho: Any, market_id: int, overlap: str) -> None:
    assert cho("channel", "secret", _add(cho), "--secret", "-", "--overlap", overlap, stdin="second\n").code == 2


@pytest.mark.parametrize("number", ["9", "2147483648"])
@pytest.mark.parametrize("act", ["on", "off"])
def test_a_channel_that_is_not_there_is_refused(cho: Any, act: str, number: str) -> None:
    (line,) = cho.refused("channel", act, number)
    assert line == f"error: channel: there is no channel {number}; `channel list` shows them"


@on_sqlite
def test_a_secret_of_a_channel_that_is_not_there_is_refused(cho: Any) -> None:
    (line,) = cho.refused("channel", "secret", "9", "--secret", "-", stdin="x\n")
    assert line == "error: channel: there is no channel 9; `channel list` shows them"


@on_sqlite
def test_a_channel_of_statements_has_no_secret_to_renew(cho: Any, database: Database, channel: Source) -> None:
    with database.writing() as session:
        session.connection().execute(CHANNEL.update().values(provider="statement"))
    (line,) = cho.refused("channel", "secret", channel.channel_id, "--secret", "-", stdin="x\n")
    assert line == f"error: channel: channel {channel.channel_id} takes statements and has no secret"


def test_a_channel_that_is_off_is_switched_on_again(cho: Any, channel: Source) -> None:
    for act, status in (("off", "off"), ("on", "on"), ("on", "on")):
        cho.done("channel", act, channel.channel_id)
        assert [row["status"] for row in cho.json("channel", "list")] == [status]


def test_a_secret_under_another_installation_key_is_told_with_the_mend(cho: Any, market_id: int, data: Path) -> None:
    _add(cho)
    (data / "secret.key").write_text("another key of this installation, made by mistake\n")
    (row,) = cho.json("channel", "list")
    assert row["trouble"].startswith("its secret lies under another key than this installation's")
    listed = cho.done("channel", "list")
    assert f"error: channel {row['channel']}: its secret lies under another key" in listed.err

    cho.done("channel", "secret", row["channel"], "--secret", "-", stdin="second\n")
    assert cho.json("channel", "list")[0]["trouble"] is None
