"""Polling, when something is wrong: with the line, with the provider, with a record, with the channel."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from sqlalchemy import update

from ledger.refused import Refused
from market import fetching, polling
from market.channels import ChannelRow, find_channel
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.model import CHANNEL
from market.polling import Polled
from market.secret_key import seal
from merchants.stalls import StallRow
from tests.conftest import NOW
from tests.market.polls.provider import KEY, TODAY, TOKEN, Provider, channel, cuts, kept, says

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@on_sqlite
@pytest.mark.parametrize("fault", [says(500), says(503), cuts], ids=["500", "503", "cut in the middle"])
def test_what_fails_in_the_middle_is_asked_again(
    fault: Callable[[BaseHTTPRequestHandler], None],
    provider: Provider,
    sepay: ChannelRow,
    ask: Callable[..., Polled],
    waited: list[float],
) -> None:
    for n in range(7):
        provider.paid(10_000 + n)
    provider.faults = {1: fault, 2: fault}
    polled = ask(sepay)
    assert (polled.summary.recorded, polled.stopped) == (7, "")
    assert waited == [polling.PACE, 1.0, 2.0, polling.PACE]


@on_sqlite
def test_a_slow_answer_is_asked_for_again(
    provider: Provider,
    sepay: ChannelRow,
    ask: Callable[..., Polled],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.5)
    released = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        released.wait(30)

    provider.paid(10_000)
    provider.faults[0] = slow
    assert ask(sepay).summary.recorded == 1
    released.set()


@on_sqlite
def test_an_answer_that_drips_for_ever_is_given_up(
    provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "ANSWER_WITHIN", -1.0)
    provider.paid(10_000)
    assert ask(sepay).stopped == "sepay the answer was not whole after -1 seconds"


@on_sqlite
def test_a_provider_that_asks_for_fewer_questions_is_given_the_time_it_names(
    provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled], waited: list[float]
) -> None:
    provider.paid(10_000)
    provider.faults[0] = says(429, Retry_After="7")
    assert ask(sepay).summary.recorded == 1
    assert waited == [7.0]


@on_sqlite
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (says(429, Retry_After="900"), "sepay asks for fewer questions (429)"),
        (says(401), "sepay refuses the token (401); give a new one with `channel token ID --token-file FILE`"),
        (says(422), "sepay refuses the question (422)"),
        (says(302, Location="http://127.0.0.1:1/"), "sepay points to another address (302), and the token is not"),
        (says(200, b"<html>"), "sepay answers with no page of transactions: not JSON at character 1"),
        (says(200, b'{"data": []}'), "sepay answers with no page of transactions: meta must be an object"),
        (says(200, b" " * (fetching.LARGEST_ANSWER + 1)), "sepay the answer is longer than 4 MiB"),
    ],
)
def test_what_no_second_try_mends_ends_the_poll_and_is_kept_as_trouble(
    fault: Callable[[BaseHTTPRequestHandler], None],
    said: str,
    database: Database,
    provider: Provider,
    sepay: ChannelRow,
    ask: Callable[..., Polled],
) -> None:
    for n in range(4):
        provider.paid(10_000 + n)
    provider.faults[1] = fault
    polled = ask(sepay)
    assert polled.stopped.startswith(said)
    assert polled.summary.recorded == 3
    assert kept(database, sepay) == ("2026-11-24", NOW, polled.stopped)
    assert len(provider.asked) == 2


@on_sqlite
def test_trouble_ends_with_the_poll_that_goes_through(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    provider.paid(10_000)
    provider.faults = dict.fromkeys(range(4), says(500))
    assert ask(sepay).stopped == "sepay is out of order (500)"
    assert kept(database, sepay) == (None, None, "sepay is out of order (500)")
    ask(sepay)
    assert kept(database, sepay) == ("2026-11-24", NOW, "")


@on_sqlite
def test_a_provider_nobody_reaches_is_told(
    sepay: ChannelRow, ask: Callable[..., Polled], installation: Installation
) -> None:
    nowhere = {"CHO_DATA": str(installation.settings.data), "CHO_SEPAY_API": "http://127.0.0.1:1"}
    installation.settings = Settings.from_environment({**nowhere, "CHO_SECRET_KEY": KEY})
    assert ask(sepay).stopped == (
        "sepay at http://127.0.0.1:1 cannot be reached (connection refused); check the network"
    )


@on_sqlite
def test_a_provider_that_turns_in_a_circle_is_left(
    provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    for n in range(4):
        provider.paid(10_000 + n)
    circle = {"pagination": {"has_more": True, "current_page": 0, "total": 9}}
    body = json.dumps({"data": [provider.records[0]], "meta": circle}).encode()
    provider.faults[1] = says(200, body)
    assert ask(sepay).stopped == "sepay names page 1 as the one after page 2"


def test_a_record_that_cannot_be_read_stops_no_other_and_stays_named(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    provider.paid(10_000)
    odd = provider.paid(20_000, amount_in="20.000")
    provider.paid(30_000)
    polled = ask(sepay)
    trouble = f'transaction {odd["id"]}: amount_in must be whole đồng, 0 or more, not "20.000"'
    assert (polled.summary.read, polled.summary.recorded) == (3, 2)
    assert polled.summary.rejected == [{"line": None, "error": trouble}]
    assert kept(database, sepay)[2] == trouble
    provider.records.remove(odd)
    ask(sepay)
    assert kept(database, sepay)[2] == trouble


@on_sqlite
def test_what_could_not_be_read_is_let_go_when_it_is_read(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    odd = provider.paid(20_000, amount_in="20.000")
    ask(sepay)
    odd["amount_in"] = 20_000
    assert ask(sepay).summary.recorded == 1
    assert kept(database, sepay)[2] == ""


@on_sqlite
def test_a_poll_from_a_later_day_lets_go_of_what_cannot_be_read(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    provider.paid(20_000, amount_in="20.000", day=TODAY - timedelta(days=1))
    ask(sepay)
    ask(sepay, since=TODAY)
    assert kept(database, sepay)[2] == ""


@on_sqlite
def test_a_record_that_cannot_be_read_is_logged_once(
    provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled], caplog: pytest.LogCaptureFixture
) -> None:
    provider.paid(20_000, amount_in="20.000")
    ask(sepay)
    ask(sepay)
    (record,) = caplog.records
    assert "transaction 07ad3dc9-0000-4000-8000-000000000001 cannot be read: amount_in" in record.message


@on_sqlite
def test_where_many_cannot_be_read_nothing_counts_as_read(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    for n in range(22):
        provider.paid(20_000 + n, amount_in="20.000", day=TODAY - timedelta(days=3))
    provider.paid(10_000)
    assert ask(sepay).summary.recorded == 1
    cursor, _, trouble = kept(database, sepay)
    assert cursor == "2026-11-17"
    assert trouble.splitlines()[20:] == ["and 2 more that cannot be read; nothing counts as read until they can be"]


@on_sqlite
def test_a_channel_that_cannot_be_polled_is_refused_with_the_mend(
    database: Database, market_id: int, ask: Callable[..., Polled], sepay: ChannelRow
) -> None:
    with pytest.raises(Refused, match="payos has no interface this program knows; it can ask sepay, casso, casso-v2"):
        ask(channel(database, market_id, "payos"))
    bare = channel(database, market_id, "sepay", token=None)
    with pytest.raises(Refused, match=f"keeps no token of sepay; `channel token {bare.id} --token-file FILE` keeps"):
        ask(bare)
    with database.writing() as session:
        session.connection().execute(update(CHANNEL).values(status="off"))
        row = find_channel(session, sepay.id)
    with pytest.raises(Refused, match="is off and takes nothing"):
        ask(row)


@on_sqlite
def test_a_token_kept_under_another_key_is_trouble(
    database: Database, market_id: int, ask: Callable[..., Polled], provider: Provider, huong: StallRow
) -> None:
    polled = channel(database, market_id, "sepay")
    with database.writing() as session:
        session.connection().execute(update(CHANNEL).values(poll_secret=seal("x" * 32, TOKEN)))
    assert ask(polled).stopped.startswith("the token was kept under another key")
    assert provider.asked == []


@on_sqlite
def test_the_channel_was_heard_when_a_poll_brought_something_new(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    provider.paid(10_000)
    ask(sepay)
    ask(sepay, now=NOW + timedelta(hours=1))
    with database.reading() as session:
        assert find_channel(session, sepay.id).last_heard_at == NOW
