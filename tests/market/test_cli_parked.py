"""`payment parked`, one more try by `channel replay`, and what the answers to held and wrongly assigned money say."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger import books
from market.db import Database
from merchants.payments import Source, take_up
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
IN_MARKET = ("--market", "ben-song")
Body = Callable[..., bytes]
Write = Callable[..., Path]


@pytest.fixture
def parked(
    cho: Any, huong: StallRow, channel: Source, sepay_body: Body, write: Write, database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> int:  # fmt: skip
    """The notice of a payment that could not be booked five times."""
    with monkeypatch.context() as broken:
        broken.setattr(books, "post", lambda *_, **__: 1 / 0)
        cho.done("payment", "import", write(sepay_body(content="tien ca")), "--channel", channel.channel_id)
        for _ in range(4):
            with database.writing() as session:
                take_up(session, channel, NOW)
    return int(cho.json("payment", "unmatched", *IN_MARKET)[0]["notice"])


def test_what_could_not_be_booked_is_listed_with_why(cho: Any, parked: int, channel: Source) -> None:
    assert cho.json("payment", "parked", *IN_MARKET) == [
        {
            "notice": parked,
            "at": "2026-11-24T08:00:00+07:00",
            "bank": "Vietcombank",
            "account_number": "0123499999",
            "amount": 50_000,
            "memo": "tien ca",
            "channel": channel.channel_id,
            "attempts": 5,
            "error": "ZeroDivisionError: division by zero",
        }
    ]
    assert "ZeroDivisionError" in cho.done("payment", "parked", *IN_MARKET).out


def test_the_sweep_leaves_a_parked_notice_alone(cho: Any, parked: int, channel: Source, database: Database) -> None:
    with database.writing() as session:
        assert take_up(session, channel, NOW) == []
    assert [row["notice"] for row in cho.json("payment", "parked", *IN_MARKET)] == [parked]


def test_replay_tries_a_parked_notice_once_more(cho: Any, parked: int, channel: Source) -> None:
    assert cho.done("channel", "replay", channel.channel_id).out == "1 taken up, 0 could not be booked\n"
    assert cho.json("payment", "parked", *IN_MARKET) == []
    assert cho.json("report", "month", "2026-11", *IN_MARKET)["transactions"] == 1


def test_what_fails_once_more_is_parked_again(
    cho: Any, parked: int, channel: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "post", lambda *_, **__: 1 / 0)
    assert cho.done("channel", "replay", channel.channel_id).out == "0 taken up, 1 could not be booked\n"
    assert [row["attempts"] for row in cho.json("payment", "parked", *IN_MARKET)] == [6]


def test_one_more_payment_by_a_channel_of_one_stall_is_that_stalls(
    cho: Any, huong: StallRow, add_stall: Callable[..., StallRow], sepay_body: Body, write: Write
) -> None:
    add_stall(huong.market_id, "C-02", huong.bin, huong.account_number)
    first, second = (cho.json("channel", "add", "sepay", *IN_MARKET, "--stall", "C-01")["channel"] for _ in range(2))
    cho.done("payment", "import", write(sepay_body(id=1)), "--channel", first)
    cho.done("payment", "import", write(sepay_body(id=2, referenceCode="")), "--channel", second)
    [held] = cho.json("payment", "held", *IN_MARKET)
    [outcome] = cho.json("payment", "another", held["notice"])
    assert outcome["status"] == "recorded"
    rows = cho.json("report", "month", "2026-11", *IN_MARKET)["stalls"]
    assert {row["code"]: row["transactions"] for row in rows} == {"C-01": 2, "C-02": 0}


def test_a_payment_that_was_anothers_says_which_sale_is_typed_anew(
    cho: Any, huong: StallRow, channel: Source, sepay_body: Body, write: Write
) -> None:
    typed = cho.json("payment", "add", *IN_MARKET, "--stall", "C-01", "--amount", 50_000, "--key", "typed-01")["entry"]
    cho.done("payment", "import", write(sepay_body()), "--channel", channel.channel_id)
    payment = typed + 1
    cho.done("payment", "confirm", typed, payment)
    said = cho.done("payment", "reverse", payment, "--reason", "anh Tư's", "--reassign", "--json")
    assert said.out.startswith(f'{{"entry": {payment + 2}}}')
    assert said.err == f"it had confirmed a typed sale, which is typed anew: entry {payment + 3}\n"
    assert cho.json("ledger", "verify")["ok"]
