"""What cannot be booked is kept: taken up again, parked after five tries, and it holds up nobody else."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from ledger.books.model import ENTRY
from ledger.books.verify import verify
from ledger.inbox.model import NOTICE, NOTICE_TRY
from ledger.inbox.notice import Notice
from market.db import Database
from merchants import payments
from merchants.payment_codes import Answer, record_answers
from merchants.payments import Source, take, take_up
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Told = Callable[..., Notice]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "merchants.payments")


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[int]]:
    """Amounts whose booking fails, after the entry was written."""
    poisoned: set[int] = set()

    def fail(session: Session, market_id: int, answers: list[Answer]) -> None:
        amounts = session.connection().execute(select(NOTICE.c.amount).join(ENTRY, ENTRY.c.notice_id == NOTICE.c.id))
        if poisoned & set(amounts.scalars()):
            raise ArithmeticError("poisoned")
        record_answers(session, market_id, answers)

    monkeypatch.setattr(payments, "record_answers", fail)
    yield poisoned


def bring(session: Session, channel: Source, *notices: Notice) -> list[str]:
    return [one.status for one in take(session, channel, "hook", [(notice, b"{}") for notice in notices], NOW)]


def test_a_notice_that_cannot_be_booked_is_kept(
    session: Session, channel: Source, huong: StallRow, told: Told, poison: set[int]
) -> None:
    poison.add(13)
    assert bring(session, channel, told(huong, 13)) == ["pending"]
    tried = session.connection().execute(select(NOTICE_TRY)).one()
    assert (tried.attempts, tried.last_error) == (1, "ArithmeticError: poisoned")
    assert session.connection().execute(select(ENTRY)).all() == []


def test_one_poisoned_notice_holds_up_only_itself(
    session: Session, channel: Source, huong: StallRow, tu: StallRow, told: Told, poison: set[int]
) -> None:
    poison.add(13)
    batch = [told(huong, 1), told(huong, 13), told(tu, 2), told(huong, 3)]
    assert bring(session, channel, *batch) == ["recorded", "pending", "recorded", "recorded"]


def test_the_books_are_whole_after_a_failure(
    database: Database, channel: Source, huong: StallRow, told: Told, poison: set[int]
) -> None:
    poison.add(13)
    with database.writing() as session:
        bring(session, channel, told(huong, 1), told(huong, 13), told(huong, 2))
    with database.reading() as session:
        found = verify(session)
    assert (found.entries, found.findings) == (2, [])


def test_what_was_kept_is_taken_up_again(
    session: Session, channel: Source, huong: StallRow, told: Told, poison: set[int]
) -> None:
    poison.add(13)
    bring(session, channel, told(huong, 13))
    assert [one.status for one in take_up(session, channel, NOW)] == ["pending"]
    poison.clear()
    assert [one.status for one in take_up(session, channel, NOW)] == ["recorded"]
    assert take_up(session, channel, NOW) == []


def test_a_kept_notice_told_again_is_a_duplicate(
    session: Session, channel: Source, huong: StallRow, told: Told, poison: set[int]
) -> None:
    poison.add(13)
    notice = told(huong, 13)
    assert bring(session, channel, notice) == ["pending"]
    assert bring(session, channel, notice) == ["duplicate"]


def test_the_fifth_failure_parks_a_notice(
    session: Session, channel: Source, huong: StallRow, told: Told, poison: set[int]
) -> None:
    poison.add(13)
    said = bring(session, channel, told(huong, 13))
    for _ in range(4):
        said += [one.status for one in take_up(session, channel, NOW)]
    assert said == ["pending", "pending", "pending", "pending", "parked"]
    assert take_up(session, channel, NOW) == []


def test_only_so_many_are_taken_up_at_a_time(
    session: Session, channel: Source, huong: StallRow, told: Told, poison: set[int]
) -> None:
    poison |= {11, 12, 13}
    bring(session, channel, told(huong, 11), told(huong, 12), told(huong, 13))
    poison.clear()
    assert len(take_up(session, channel, NOW, limit=2)) == 2
    assert len(take_up(session, channel, NOW, limit=2)) == 1


def test_a_lock_time_out_is_no_fault_of_the_notice(
    session: Session, channel: Source, huong: StallRow, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(*_: object) -> None:
        raise OperationalError("", {}, Exception("lock timeout"))

    monkeypatch.setattr(payments, "record_answers", time_out)
    with pytest.raises(OperationalError):
        bring(session, channel, told(huong, 13))
    monkeypatch.undo()


@pytest.mark.parametrize("changes", [{"direction": "out"}, {"test": True}], ids=["going out", "a test"])
def test_money_going_out_and_tests_are_kept_and_never_booked(
    session: Session, channel: Source, huong: StallRow, told: Told, changes: dict[str, object]
) -> None:
    assert bring(session, channel, told(huong, 50_000, **changes)) == ["ignored"]
    assert session.connection().execute(select(NOTICE.c.status)).scalars().all() == ["ignored"]
    assert session.connection().execute(select(ENTRY)).all() == []


def test_outcomes_stand_in_the_order_of_the_deliveries(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    one = told(huong, 1)
    batch = [one, told(huong, 2, account_number="5550001"), one, told(huong, 3, direction="out"), told(huong, 4)]
    assert bring(session, channel, *batch) == ["recorded", "unmatched", "duplicate", "ignored", "recorded"]
