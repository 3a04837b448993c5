"""`stall account`: another bank account for a stall, with the wait or without."""

from collections.abc import Callable
from typing import Any

import pytest

from market.access.audit import trail
from market.db import Database
from merchants.stalls import StallRow, load_stall

ASKED = (
    "stall",
    "account",
    "C-01",
    "--market",
    "ben-song",
    "--bank",
    "MB",
    "--number",
    "0777700001",
    "--name",
    "LE THI",
)


def number(database: Database, stall: StallRow) -> str:
    with database.reading() as session:
        return load_stall(session, stall.id).account_number


def acts(database: Database, stall: StallRow) -> list[str]:
    with database.reading() as session:
        return [line.act for line in reversed(trail(session, stall.market_id, limit=9))]


def test_it_waits_a_day(cho: Any, database: Database, huong: StallRow) -> None:
    said = cho.done(*ASKED)
    assert said.err == "C-01: the account 970422 …0001 of LE THI takes effect at 2026-11-25 08:00\n"
    assert number(database, huong) == "0123499999"
    assert acts(database, huong) == ["account_asked"]


def test_whoever_sits_at_the_computer_may_skip_the_wait_and_the_trail_says_so(
    cho: Any, database: Database, huong: StallRow
) -> None:
    assert cho.done(*ASKED, "--now").err.endswith("is in effect; print its signs again\n")
    assert number(database, huong) == "0777700001"
    assert acts(database, huong) == ["account_asked", "account_changed"]


@pytest.mark.parametrize("options", [(), ("--now",)])
def test_a_stall_whose_account_is_to_come_gets_another(
    cho: Any, huong: StallRow, add_stall: Callable[..., StallRow], options: tuple[str, ...]
) -> None:
    cho.done("stall", "close", "C-01", "--market", "ben-song", "--on", "2026-11-30")
    add_stall(huong.market_id, "C-02", huong.bin, huong.account_number)
    asked = ["C-02" if word == "C-01" else word for word in ASKED]
    assert "970422 …0001" in cho.done(*asked, *options).err


def test_it_is_stopped(cho: Any, database: Database, huong: StallRow) -> None:
    cho.done(*ASKED)
    assert cho.done("stall", "account", "C-01", "--market", "ben-song", "--stop").err.endswith("is stopped\n")
    assert acts(database, huong) == ["account_asked", "account_stopped"]
    cho.refused("stall", "account", "C-01", "--market", "ben-song", "--stop")


def test_half_an_account_is_wrong_usage(cho: Any, huong: StallRow) -> None:
    assert cho(*ASKED[:-2]).code == 2
    assert cho(*ASKED, "--stop").code == 2
