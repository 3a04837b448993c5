"""An event that is told again with another content: booked as first told, kept as told again, and in sight."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from market.access.audit import trail
from market.db import Database
from merchants.payments import Source
from merchants.stalls import StallRow

IN_MARKET = ("--market", "ben-song")
Body = Callable[..., bytes]


@pytest.fixture
def bring(cho: Any, channel: Source, huong: StallRow, write: Callable[..., Path]) -> Callable[..., dict[str, Any]]:
    """Imports bodies of one channel and gives the summary."""

    def bring_(*bodies: bytes, options: tuple[str, ...] = ()) -> dict[str, Any]:
        found: dict[str, Any] = cho.json("payment", "import", write(*bodies), "--channel", channel.channel_id, *options)
        return found

    return bring_


@pytest.fixture
def noted(database: Database, market_id: int) -> Callable[[], int]:
    """How many lines of the market's trail tell of such an event."""

    def count() -> int:
        with database.reading() as session:
            return len(trail(session, market_id, limit=10, acts=("notice_differs",)))

    return count


def test_both_tellings_are_listed_as_they_were_sent(cho: Any, bring: Callable[..., Any], sepay_body: Body) -> None:
    first, second = sepay_body(id=1, transferAmount=50_000), sepay_body(id=1, transferAmount=5_000)
    bring(first)
    assert bring(second)["duplicates"] == 1
    told = cho.json("payment", "differing", *IN_MARKET)
    assert [(each["first"], each["body"].encode()) for each in told] == [(True, first), (False, second)]
    assert len({each["notice"] for each in told}) == 1
    assert "5000" in cho.done("payment", "differing", *IN_MARKET).out


def test_the_books_keep_the_first_telling(cho: Any, bring: Callable[..., Any], sepay_body: Body) -> None:
    bring(sepay_body(id=1, transferAmount=50_000))
    bring(sepay_body(id=1, transferAmount=5_000))
    assert cho.json("report", "month", "2026-11", *IN_MARKET)["transactions"] == 1
    assert cho.json("ledger", "verify")["ok"]


def test_the_trail_and_the_doctor_tell_of_it_once(
    cho: Any, bring: Callable[..., Any], noted: Callable[[], int], sepay_body: Body
) -> None:
    bring(sepay_body(id=1, transferAmount=50_000))
    for _ in range(3):
        bring(sepay_body(id=1, transferAmount=5_000))
    assert noted() == 1
    findings = cho("doctor").out
    assert "ben-song: events told again with another content in the last 30 days: 1" in findings
    assert "`payment differing --market ben-song` shows them" in findings


def test_what_is_told_again_word_for_word_is_nothing_to_look_at(
    cho: Any, bring: Callable[..., Any], noted: Callable[[], int], sepay_body: Body
) -> None:
    for _ in range(2):
        bring(sepay_body(id=1))
    assert (noted(), cho.json("payment", "differing", *IN_MARKET)) == (0, [])


def test_a_dry_run_writes_no_line(bring: Callable[..., Any], noted: Callable[[], int], sepay_body: Body) -> None:
    bring(sepay_body(id=1, transferAmount=50_000))
    bring(sepay_body(id=1, transferAmount=5_000), options=("--dry-run",))
    assert noted() == 0


def test_another_market_is_not_told(
    cho: Any, bring: Callable[..., Any], other_market_id: int, sepay_body: Body
) -> None:
    bring(sepay_body(id=1, transferAmount=50_000))
    bring(sepay_body(id=1, transferAmount=5_000))
    assert cho.json("payment", "differing", "--market", "chan-nui") == []
