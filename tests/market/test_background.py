"""What runs beside the answering: when a channel is polled, what is logged, and that it ends when it is told to."""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from ledger.refused import Problem, Refused
from market import background
from market.background import BUSIEST, POLL_AT_LEAST_EVERY, POLL_EVERY, Turn, poll_channels, poll_once
from market.channels import ChannelRow, find_channel
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.model import CHANNEL
from market.polling import Polled
from tests.conftest import NOW

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def installation(database: Database) -> Installation:
    """An installation on the test's database."""
    opened = Installation(Settings.from_environment({}))
    opened.__dict__["database"] = database
    return opened


@pytest.fixture
def add(database: Database, market_id: int) -> Callable[..., ChannelRow]:
    """Adds a channel with a token: `add("sepay")`."""

    def added(provider: str, **changes: object) -> ChannelRow:
        said = {"provider": provider, "auth": "", "status": "on", "created_at": NOW, "poll_secret": b"x", **changes}
        with database.writing() as session:
            statement = insert(CHANNEL).values(market_id=market_id, **said).returning(CHANNEL.c.id)
            return find_channel(session, session.connection().execute(statement).scalar_one())

    return added


class Polls:
    """Stands in for `poll`: says what it is told to, in turn and then the last for ever; keeps who was polled."""

    def __init__(self, *says: str | Exception) -> None:
        self.says = list(says)
        self.polled: list[int] = []
        self.then: Callable[[], None] = lambda: None

    def __call__(self, installation: Installation, channel: ChannelRow, **said: Any) -> Polled:
        self.polled.append(channel.id)
        self.then()
        saying = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(saying, Exception):
            raise saying
        return Polled(stopped=saying)


def _turns(installation: Installation, channel: ChannelRow, times: int) -> list[float]:
    """How long a channel rests after each of so many polls, in seconds."""
    turn = Turn()
    rests = []
    for _ in range(times):
        began = time.monotonic()
        poll_once(installation, channel, turn, lambda seconds: None)
        rests.append(turn.due - began)
    return rests


def test_a_channel_is_polled_about_every_five_minutes(
    installation: Installation, add: Callable[..., ChannelRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "poll", Polls(""))
    (rest,) = _turns(installation, add("sepay"), 1)
    assert 0.9 * POLL_EVERY <= rest <= 1.2 * POLL_EVERY


def test_each_failure_doubles_the_rest_up_to_an_hour_and_a_success_ends_it(
    installation: Installation, add: Callable[..., ChannelRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "poll", Polls(*["sepay is out of order (500)"] * 6, ""))
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)
    rests = _turns(installation, add("sepay"), 7)
    expected = [2 * POLL_EVERY, 4 * POLL_EVERY, 8 * POLL_EVERY, *[POLL_AT_LEAST_EVERY] * 3, POLL_EVERY]
    assert [round(rest, -1) for rest in rests] == expected


def test_a_long_poll_is_followed_by_a_long_rest(
    installation: Installation, add: Callable[..., ChannelRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = add("sepay")
    clock = iter([0.0, 900.0])
    monkeypatch.setattr(background, "poll", Polls(""))
    monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    turn = Turn()
    poll_once(installation, channel, turn, lambda seconds: None)
    assert turn.due == 900.0 + 900.0 / BUSIEST


def test_a_failure_is_logged_once_and_so_is_its_end(
    installation: Installation,
    add: Callable[..., ChannelRow],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refusal = Refused(Problem("is off", field="channel"))
    fault = RuntimeError("a fault of the program")
    monkeypatch.setattr(background, "poll", Polls("is out", "is out", refusal, refusal, fault, fault, "", ""))
    _turns(installation, add("sepay"), 8)
    assert [record.message for record in caplog.records] == [
        "channel 1 is polled in vain: is out",
        "channel 1 is polled in vain: channel: is off",
        "channel 1 is polled in vain: RuntimeError: a fault of the program",
        "channel 1 is polled again",
    ]


def test_every_channel_with_a_token_is_polled_at_the_start_and_no_other(
    installation: Installation, add: Callable[..., ChannelRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "PACE", 0.0)
    ending = threading.Event()
    expected = [add("sepay").id, add("casso").id]
    add("sepay", poll_secret=None)
    add("casso", status="off")
    add("payos")
    polls = Polls("")
    polls.then = lambda: ending.set() if len(polls.polled) == 2 else None
    monkeypatch.setattr(background, "poll", polls)
    poll_channels(installation, ending)
    assert polls.polled == expected


def test_a_poll_that_waits_ends_at_once_when_the_worker_does(
    installation: Installation, add: Callable[..., ChannelRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    add("sepay")
    ending = threading.Event()

    def waits(installation: Installation, channel: ChannelRow, **said: Any) -> Polled:
        ending.set()
        said["pause"](3600.0)
        raise AssertionError("the poll went on")

    monkeypatch.setattr(background, "poll", waits)
    poll_channels(installation, ending)


def test_a_channel_that_is_given_a_token_is_seen_without_a_restart(
    installation: Installation, database: Database, add: Callable[..., ChannelRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(background, "PACE", 0.0)
    first, second = add("sepay"), add("casso", poll_secret=None)
    ending = threading.Event()
    polls = Polls("")

    def then() -> None:
        if len(polls.polled) == 2:
            ending.set()
        with database.writing() as session:
            session.connection().execute(update(CHANNEL).values(poll_secret=b"x", last_heard_at=NOW + timedelta(1)))

    polls.then = then
    monkeypatch.setattr(background, "poll", polls)
    poll_channels(installation, ending)
    assert polls.polled == [first.id, second.id]


def test_one_step_that_fails_keeps_no_later_one_from_being_done(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = []

    def step(name: str) -> Callable[..., None]:
        def fail(*_: object, **__: object) -> None:
            done.append(name)
            raise RuntimeError(name)

        return fail

    for name in ("channels_behind", "seal_days", "change_accounts", "forget_payers"):
        monkeypatch.setattr(background, name, step(name))
    ending = threading.Event()
    ending.set()
    background.sweep(database, ending, timedelta(days=180))
    assert done == ["channels_behind", "seal_days", "change_accounts", "forget_payers"]
    assert [record.message.partition(";")[0] for record in caplog.records] == [
        "booking what was left over failed",
        "sealing the days failed",
        "changing accounts failed",
        "forgetting who paid failed",
    ]


def test_one_channel_that_cannot_be_booked_keeps_no_other_waiting(
    database: Database, add: Callable[..., ChannelRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add("sepay"), add("casso")
    taken = []

    def take_up(_: object, source: Any, __: object) -> None:
        taken.append(source.channel_id)
        raise RuntimeError

    monkeypatch.setattr(background, "channels_behind", lambda _: {first.id, second.id})
    monkeypatch.setattr(background, "take_up", take_up)
    ending = threading.Event()
    ending.set()
    background.sweep(database, ending, timedelta(days=180))
    assert taken == [first.id, second.id]


def test_the_journal_is_begun_anew_as_soon_as_it_can_be(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = iter([False, False, True])
    ending = threading.Event()
    monkeypatch.setattr(background, "SWEEP_EVERY", 0.0)
    monkeypatch.setattr(background, "forget_payers", lambda *_, **__: database.begin_journal_anew())
    monkeypatch.setattr(background, "change_accounts", lambda *_: None if database.traces_left else ending.set())
    monkeypatch.setattr(Database, "_truncate_journal", lambda *_: next(tried))
    database.traces_left = True
    background.sweep(database, ending, timedelta(days=180))
    assert next(tried, None) is None
    assert [record.message for record in caplog.records] == [
        "traces of what was deleted stand in the journal; it is tried again in a minute"
    ]
