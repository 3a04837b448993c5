"""Many at once: threads with a connection each, and every đồng still booked once."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from ledger import books
from ledger.books.model import ENTRY
from ledger.books.verify import verify
from ledger.inbox.notice import Feed, Notice
from ledger.inbox.receive import load
from ledger.refused import Refused
from market.db import Database
from merchants.payments import Source, take
from merchants.settling import assign, reverse
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
THREADS = 20
Told = Callable[..., Notice]


def at_once(act: Callable[[int], str]) -> Counter[str]:
    """What twenty threads, let go in the same instant, each got for an answer."""
    together = threading.Barrier(THREADS)

    def one(number: int) -> str:
        together.wait()
        return act(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(THREADS)))


def deliver(database: Database, source: Source, feed: Feed, notice: Notice) -> str:
    with database.writing() as session:
        return take(session, source, feed, [(notice, b"{}")], NOW)[0].status


def entries(database: Database) -> int:
    with database.reading() as session:
        assert verify(session).findings == []
        return int(session.connection().execute(select(func.count()).select_from(ENTRY)).scalar_one())


def test_twenty_deliveries_of_one_event_make_one_entry(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    answers = at_once(lambda _: deliver(database, channel, "hook", notice))
    assert answers == {"recorded": 1, "duplicate": THREADS - 1}
    assert entries(database) == 1


def test_twenty_payments_to_one_stall_are_twenty_entries_without_a_gap(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    notices = [told(huong, 50_000) for _ in range(THREADS)]
    answers = at_once(lambda number: deliver(database, channel, "hook", notices[number]))
    assert answers == {"recorded": THREADS}
    assert entries(database) == THREADS


def test_twenty_feeds_that_tell_one_payment_make_one_entry(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    sources = [replace(channel, channel_id=1000 + number) for number in range(THREADS)]
    answers = at_once(lambda number: deliver(database, sources[number], "hook", notice))
    assert answers == {"recorded": 1, "duplicate": THREADS - 1}
    assert entries(database) == 1


def test_twenty_feeds_that_tell_a_payment_of_nobody_are_twins_all_the_same(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000, account_number="5550001")
    sources = [replace(channel, channel_id=1000 + number) for number in range(THREADS)]
    answers = at_once(lambda number: deliver(database, sources[number], "hook", notice))
    assert answers == {"unmatched": 1, "duplicate": THREADS - 1}


def test_batches_that_overlap_in_another_order_record_each_payment_once(
    database: Database, channel: Source, huong: StallRow, tu: StallRow, told: Told
) -> None:
    notices = [told((huong, tu)[number % 2], 50_000 + number) for number in range(30)]

    def bring(number: int) -> str:
        turned = notices[number:] + notices[:number]
        with database.writing() as session:
            outcomes = take(session, channel, "hook", [(notice, b"{}") for notice in turned], NOW)
        return str(sum(outcome.status == "recorded" for outcome in outcomes))

    answers = at_once(bring)
    assert sum(int(recorded) * times for recorded, times in answers.items()) == 30
    assert entries(database) == 30


def test_twenty_sales_typed_with_one_key_are_one_entry(database: Database, huong: StallRow) -> None:
    def type_in(_: int) -> str:
        with database.writing() as session:
            posted, new = books.enter_sale(
                session,
                book_id=huong.book_id,
                amount=5_000,
                cash=True,
                occurred_at=NOW,
                client_key="phone-0001",
                login_id=1,
                memo="",
                now=NOW,
            )
        return f"{'recorded' if new else 'duplicate'} {posted.entry_id}"

    assert at_once(type_in) == {"recorded 1": 1, "duplicate 1": THREADS - 1}
    assert entries(database) == 1


def test_twenty_reversals_of_one_payment_reverse_it_once(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    deliver(database, channel, "hook", told(huong, 50_000))

    def undo(_: int) -> str:
        try:
            with database.writing() as session:
                reverse(session, None, 1, reason="back", reassign=False, login_id=None, now=NOW)
        except Refused as refusal:
            return str(refusal)
        return "reversed"

    answers = at_once(undo)
    assert answers == {"reversed": 1, "entry: entry 1 is reversed already": THREADS - 1}
    assert entries(database) == 2


def test_one_notice_assigned_to_two_stalls_at_once_goes_to_one(
    database: Database, channel: Source, huong: StallRow, tu: StallRow, told: Told
) -> None:
    deliver(database, channel, "hook", told(huong, 50_000, account_number="5550001"))

    def give(number: int) -> str:
        try:
            with database.writing() as session:
                stall = (huong, tu)[number % 2]
                return assign(session, channel.market_id, 1, stall, reason="", login_id=None, now=NOW).status
        except Refused as refusal:
            return str(refusal).partition(";")[0]

    answers = at_once(give)
    assert answers == {"recorded": 1, "notice: notice 1 is recorded": THREADS - 1}
    assert entries(database) == 1


def test_a_reader_in_between_sees_a_payment_whole_or_not_at_all(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    notices = [told(huong, 50_000) for _ in range(THREADS)]

    def act(number: int) -> str:
        if number % 2:
            return deliver(database, channel, "hook", notices[number])
        with database.reading() as session:
            return "; ".join(finding.message for finding in verify(session).findings)

    assert at_once(act) == {"recorded": THREADS // 2, "": THREADS // 2}


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_twin_does_not_wait_for_a_person_who_has_its_original_in_hand(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000, account_number="5550001")
    deliver(database, channel, "hook", notice)
    with database.writing() as person:
        assert load(person, 1) is not None
        assert deliver(database, channel, "poll", notice) == "duplicate"
