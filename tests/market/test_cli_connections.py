"""`stall connections` and `stall coded`: which stalls are heard, and what a stall counts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from market.db import Database
from merchants.stalls import StallRow, load_stall

IN_MARKET = ("--market", "ben-song")


def test_stalls_that_are_not_connected_come_first(
    cho: Any, huong: StallRow, tu: StallRow, sepay_body: Callable[..., bytes], write: Callable[..., Path]
) -> None:
    number = cho.json("channel", "add", "sepay", *IN_MARKET)["channel"]
    cho.done("payment", "import", write(sepay_body()), "--channel", number)
    assert cho.json("stall", "connections", *IN_MARKET) == [
        {
            "code": "G-02",
            "name": "Sạp G-02",
            "state": "never",
            "since": None,
            "trouble": "no_secret",
            "way": "market",
            "channel": None,
        },
        {
            "code": "C-01",
            "name": "Sạp C-01",
            "state": "heard",
            "since": "2026-11-24",
            "trouble": None,
            "way": "market",
            "channel": number,
        },
    ]


def test_a_channel_that_is_off_is_named_as_the_reason(
    cho: Any, huong: StallRow, sepay_body: Callable[..., bytes], write: Callable[..., Path]
) -> None:
    number = cho.json("channel", "add", "sepay", *IN_MARKET, "--stall", "C-01")["channel"]
    assert [row["way"] for row in cho.json("stall", "connections", *IN_MARKET)] == ["own"]
    cho.done("payment", "import", write(sepay_body()), "--channel", number)
    cho.done("channel", "off", number)
    (row,) = cho.json("stall", "connections", *IN_MARKET)
    assert (row["state"], row["since"], row["trouble"], row["way"]) == ("silent", "2026-11-24", "off", "statements")


def test_a_secret_under_another_key_is_named_as_the_reason(
    cho: Any,
    huong: StallRow,
    sepay_body: Callable[..., bytes],
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = cho.done("channel", "add", "sepay", *IN_MARKET, "--secret", "-", "--json", stdin="khoa\n")
    assert document.code == 0
    (channel,) = cho.json("channel", "list")
    cho.done("payment", "import", write(sepay_body()), "--channel", channel["channel"])
    monkeypatch.setenv("CHO_SECRET_KEY", "k" * 40)
    (row,) = cho.json("stall", "connections", *IN_MARKET)
    assert (row["state"], row["trouble"]) == ("silent", "locked")


def test_a_stall_that_was_never_heard_is_told_what_is_wrong_with_its_channel(
    cho: Any, huong: StallRow, tu: StallRow
) -> None:
    cho.done("channel", "add", "sepay", *IN_MARKET)
    own = cho.json("channel", "add", "sepay", *IN_MARKET, "--stall", "C-01")["channel"]
    cho.done("channel", "off", own)
    rows = cho.json("stall", "connections", *IN_MARKET)
    assert [(row["code"], row["trouble"], row["way"]) for row in rows] == [
        ("C-01", "off", "market"),
        ("G-02", "no_secret", "market"),
    ]


def test_the_table_has_a_line_a_stall(cho: Any, huong: StallRow, tu: StallRow) -> None:
    lines = cho.done("stall", "connections", *IN_MARKET).out.splitlines()
    assert [line.split()[0] for line in lines] == ["code", "C-01", "G-02"]


@pytest.mark.parametrize(("option", "on"), [("--on", True), ("--off", False)])
def test_a_stall_counts_only_coded_payments_or_all(
    cho: Any, huong: StallRow, database: Database, option: str, on: bool
) -> None:
    cho.done("stall", "coded", "C-01", *IN_MARKET, "--off" if on else "--on")
    cho.done("stall", "coded", "C-01", *IN_MARKET, option)
    with database.reading() as session:
        assert load_stall(session, huong.id).coded_only is on


def test_what_a_stall_counts_is_not_guessed(cho: Any, huong: StallRow) -> None:
    assert cho("stall", "coded", "C-01", *IN_MARKET).code == 2
