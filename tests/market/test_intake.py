"""Webhooks of one moment: one transaction, an answer each, and none has to suffer for another."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from ledger.books.model import ENTRY
from ledger.books.verify import verify
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import Feed, Notice
from ledger.inbox.providers import READERS
from ledger.inbox.twins import lock_accounts
from market.channels import Hook, add_channel, find_hook
from market.db import Database
from market.intake import Intake
from merchants import payments
from merchants.payments import Outcome, Source
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
ACCOUNT = "0123499999"
Tell = Callable[[bytes], str]
Told = Sequence[tuple[Notice, bytes]]


@pytest.fixture
def add_hook(database: Database, market_id: int, huong: StallRow) -> Callable[[], Hook]:
    """Adds a channel of the market's and gives it as its webhook knows it."""

    def add() -> Hook:
        with database.writing() as session:
            channel = add_channel(
                session,
                provider="sepay",
                market_id=market_id,
                stall_id=None,
                auth="apikey",
                sealed_secret=b"sealed",
                now=NOW,
            )
            hook = find_hook(session, channel, NOW)
        assert hook is not None
        return hook

    return add


@pytest.fixture
def tell(database: Database, add_hook: Callable[[], Hook]) -> Tell:
    """Brings a body by the market's channel and gives what became of it: the status, or the error's name."""
    together, hook = Intake(database), add_hook()

    def told(body: bytes, by: Hook = hook) -> str:
        try:
            outcomes = together.take(by, [(notice, body) for notice in READERS["sepay"](body)], NOW)
        except Exception as error:
            return type(error).__name__
        return outcomes[0].status

    return told


@pytest.fixture
def at_once(database: Database, market_id: int) -> Callable[..., list[str]]:
    """Does several things in the same moment, for the first has to wait until all have come: what each gave."""

    def done(*things: Callable[[], str]) -> list[str]:
        gave = [""] * len(things)

        def do(place: int) -> None:
            gave[place] = things[place]()

        threads = [threading.Thread(target=do, args=(place,)) for place in range(len(things))]
        with database.writing() as session:
            session.connection()
            lock_accounts(session, market_id, [ACCOUNT])
            for thread in threads:
                thread.start()
            time.sleep(0.5)
        for thread in threads:
            thread.join()
        return gave

    return done


@contextmanager
def commits(database: Database) -> Iterator[list[object]]:
    """The commits of a block, one item each."""
    seen: list[object] = []

    def note(connection: object) -> None:
        seen.append(connection)

    event.listen(database.engine, "commit", note)
    yield seen
    event.remove(database.engine, "commit", note)


def count(database: Database, table: Any) -> int:
    """The rows of a table, in a database whose books are whole."""
    with database.reading() as session:
        assert verify(session).findings == []
        found: int = session.connection().execute(select(func.count()).select_from(table)).scalar_one()
    return found


def test_what_comes_in_one_moment_shares_a_commit(
    database: Database, tell: Tell, at_once: Callable[..., list[str]], sepay_body: Callable[..., bytes]
) -> None:
    bodies = [sepay_body(referenceCode=f"FT{number}") for number in range(8)]
    with commits(database) as seen:
        assert at_once(*(lambda body=body: tell(body) for body in bodies)) == ["recorded"] * 8
    # The lock that they waited for is one, the first to come may be another.
    assert len(seen) < 8
    assert count(database, ENTRY) == 8


def test_one_event_told_twice_in_one_moment_is_one_payment(
    database: Database, tell: Tell, at_once: Callable[..., list[str]], sepay_body: Callable[..., bytes]
) -> None:
    body = sepay_body()
    assert sorted(at_once(*[lambda: tell(body)] * 4)) == ["duplicate"] * 3 + ["recorded"]
    assert (count(database, NOTICE), count(database, ENTRY)) == (1, 1)


def test_two_channels_that_tell_one_payment_in_one_moment_count_it_once(
    database: Database,
    tell: Callable[..., str],
    add_hook: Callable[[], Hook],
    at_once: Callable[..., list[str]],
    sepay_body: Callable[..., bytes],
) -> None:
    other = add_hook()
    assert sorted(at_once(lambda: tell(sepay_body()), lambda: tell(sepay_body(), other))) == ["duplicate", "recorded"]
    assert (count(database, NOTICE), count(database, ENTRY)) == (2, 1)


def test_one_that_cannot_be_stored_takes_no_other_with_it(
    database: Database,
    tell: Tell,
    at_once: Callable[..., list[str]],
    sepay_body: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def take(session: Session, source: Source, feed: Feed, told: Told, now: datetime) -> list[Outcome]:
        outcomes = payments.take(session, source, feed, told, now)
        if any(notice.amount == 13_000 for notice, _ in told):
            raise ValueError("thirteen")
        return outcomes

    monkeypatch.setattr("market.intake.take", take)
    bodies = [sepay_body(referenceCode=f"FT{number}", transferAmount=number * 1_000) for number in (11, 12, 13, 14)]
    said = at_once(*(lambda body=body: tell(body) for body in bodies))
    assert said == ["recorded", "recorded", "ValueError", "recorded"]
    assert (count(database, NOTICE), count(database, ENTRY)) == (3, 3)


def test_when_the_disk_is_full_all_of_them_are_told_and_none_is_kept(
    database: Database,
    tell: Tell,
    at_once: Callable[..., list[str]],
    sepay_body: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def full(*arguments: Any) -> list[Outcome]:
        payments.take(*arguments)
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    bodies = [sepay_body(referenceCode=f"FT{number}") for number in range(4)]
    with monkeypatch.context() as patch:
        patch.setattr("market.intake.take", full)
        assert at_once(*(lambda body=body: tell(body) for body in bodies)) == ["OperationalError"] * 4
    assert (count(database, NOTICE), count(database, ENTRY)) == (0, 0)
    assert [tell(body) for body in bodies] == ["recorded"] * 4


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_an_account_that_another_program_locks_keeps_waiting_only_who_is_paid_there(
    database: Database, market_id: int, tu: StallRow, tell: Tell, sepay_body: Callable[..., bytes]
) -> None:
    def be_impatient(connection: Any, record: object) -> None:
        connection.execute("SET lock_timeout = '1s'")
        connection.commit()

    bodies = [
        sepay_body(),
        sepay_body(referenceCode="FT2"),
        sepay_body(accountNumber=tu.account_number, gateway=tu.bin),
    ]
    said = [""] * 3

    def do(place: int) -> None:
        said[place] = tell(bodies[place])

    event.listen(database.engine, "connect", be_impatient)
    database.engine.dispose()
    with database.writing() as rival:
        lock_accounts(rival, market_id, [ACCOUNT])
        threads = [threading.Thread(target=do, args=(place,)) for place in range(3)]
        for thread in threads:
            thread.start()
            # The first waits for the account, and the others for their turn together.
            time.sleep(0.2)
        for thread in threads:
            thread.join()
    event.remove(database.engine, "connect", be_impatient)
    assert said == ["OperationalError", "OperationalError", "recorded"]
    assert count(database, ENTRY) == 1
