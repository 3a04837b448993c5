"""`audit list`: what commands did is in the trail, by nobody who signed in."""

from collections.abc import Callable
from typing import Any

import pytest

from merchants.payments import Source
from merchants.stalls import StallRow

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def acts(cho: Any) -> Callable[[], list[str]]:
    """The acts in the trail of chợ Bến Sông, the oldest first."""
    return lambda: [line["act"] for line in cho.json("audit", "list", "--market", "ben-song")][::-1]


def test_a_line_says_when_what_and_about_which_stall(cho: Any, huong: StallRow) -> None:
    cho.done("stall", "pause", huong.code, "--market", "ben-song")
    [line] = cho.json("audit", "list", "--market", "ben-song")
    assert line == {
        "id": line["id"],
        "at": "2026-11-24T01:00:00.000000Z",
        "act": "stall_paused",
        "login": None,
        "token": None,
        "device": None,
        "stall": huong.code,
        "about": {},
    }


def test_the_table_says_the_same(cho: Any, huong: StallRow) -> None:
    cho.done("user", "add", "chi.lan", "--role", "board", "--market", "ben-song")
    said = cho.done("audit", "list", "--market", "ben-song").out
    assert "person_added" in said
    assert "role=board" in said


def test_what_a_command_does_to_a_stall_is_told(cho: Any, huong: StallRow, acts: Callable[[], list[str]]) -> None:
    here = ("--market", "ben-song")
    cho.done("stall", "open", huong.code, *here)
    cho.done("stall", "coded", huong.code, *here, "--on")
    cho.done("stall", "coded", huong.code, *here, "--off")
    cho.done("stall", "close", huong.code, *here, "--on", "2026-11-24")
    assert acts() == ["stall_opened", "coded_only_on", "coded_only_off", "stall_closed"]


def test_what_a_command_does_to_entries_is_told(cho: Any, huong: StallRow, acts: Callable[[], list[str]]) -> None:
    sale = ("payment", "add", "--market", "ben-song", "--stall", huong.code, "--amount", 50_000, "--key", "sang-nay-1")
    entry = cho.json(*sale)["entry"]
    cho.json(*sale)
    cho.done("payment", "reverse", entry, "--reason", "gõ nhầm")
    assert acts() == ["entry_added", "entry_reversed"]


def test_no_amount_and_no_reason_is_in_the_trail(cho: Any, huong: StallRow) -> None:
    sale = ("payment", "add", "--market", "ben-song", "--stall", huong.code, "--amount", 51_234, "--key", "sang-nay-1")
    cho.done("payment", "reverse", cho.json(*sale)["entry"], "--reason", "gõ nhầm")
    said = cho.done("audit", "list", "--market", "ben-song", "--json").out
    assert "51234" not in said
    assert "nhầm" not in said


def test_what_a_command_does_to_channels_is_told(cho: Any, channel: Source, acts: Callable[[], list[str]]) -> None:
    cho.done("channel", "off", channel.channel_id)
    cho.done("channel", "on", channel.channel_id)
    cho.done("channel", "secret", channel.channel_id, "--secret", "-", stdin="khoa-moi-cua-kenh\n")
    assert acts() == ["channel_off", "channel_on", "channel_secret_renewed"]


def test_a_month_is_told_where_it_was_closed_anew_only(
    cho: Any, huong: StallRow, acts: Callable[[], list[str]]
) -> None:
    cho.done("month", "close", "2026-10", "--market", "ben-song")
    cho.done("month", "close", "2026-10", "--market", "ben-song")
    assert acts() == ["month_closed"]


def test_what_is_refused_is_not_told(cho: Any, huong: StallRow, acts: Callable[[], list[str]]) -> None:
    cho.refused("payment", "reverse", 999, "--reason", "gõ nhầm")
    assert acts() == []


def test_the_installation_has_a_trail_of_its_own(cho: Any, huong: StallRow) -> None:
    cho.done("user", "add", "chi.lan", "--role", "administrator")
    assert [line["act"] for line in cho.json("audit", "list")] == ["person_added"]


def test_an_older_part_is_read_from_where_the_list_ended(cho: Any, huong: StallRow) -> None:
    for status in ("pause", "open", "pause"):
        cho.done("stall", status, huong.code, "--market", "ben-song")
    newest = cho.json("audit", "list", "--market", "ben-song", "--limit", 2)
    rest = cho.json("audit", "list", "--market", "ben-song", "--before", newest[-1]["id"])
    assert [line["act"] for line in newest + rest] == ["stall_paused", "stall_opened", "stall_paused"]
