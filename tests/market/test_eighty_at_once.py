"""Eighty at once: what is told again and again, by several feeds and in any order, is in the books once."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ledger.books.sums import takings_between
from ledger.books.verify import verify
from ledger.days import Month
from ledger.inbox.notice import Feed, Notice
from market.db import Database
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.market.served import market_to_serve

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
THREADS = 80
PAYMENTS = 60


def test_every_payment_told_many_times_by_eighty_threads_is_booked_once(
    database: Database, channel: Source, huong: StallRow, tu: StallRow, told: Callable[..., Notice]
) -> None:
    feeds: list[tuple[Source, Feed]] = [
        (channel, "hook"),
        (replace(channel, channel_id=channel.channel_id + 1), "hook"),
        (channel, "poll"),
    ]
    payments = [told((huong, tu)[number % 2], 1000 + number) for number in range(PAYMENTS)]
    deliveries = [(source, feed, payment) for source, feed in feeds for payment in payments] * 4
    random.Random(80).shuffle(deliveries)

    def deliver(one: tuple[Source, Feed, Notice]) -> str:
        source, feed, payment = one
        return database.write(lambda session: take(session, source, feed, [(payment, b"{}")], NOW)[0].status)

    with ThreadPoolExecutor(THREADS) as pool:
        answers = Counter(pool.map(deliver, deliveries))
    assert answers == {"recorded": PAYMENTS, "duplicate": len(deliveries) - PAYMENTS}
    month = Month(2026, 11)
    with database.reading() as session:
        takings = [takings_between(session, stall.book_id, month.first, month.last) for stall in (huong, tu)]
    assert [(each.transactions, each.cashless) for each in takings] == [
        (PAYMENTS // 2, sum(1000 + number for number in range(0, PAYMENTS, 2))),
        (PAYMENTS // 2, sum(1000 + number for number in range(1, PAYMENTS, 2))),
    ]
    with database.reading() as session:
        assert verify(session).findings == []


def test_eighty_connections_that_repeat_themselves_are_each_answered(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with market_to_serve(database, database_url, tmp_path) as market:
        bodies = [market.body() for _ in range(PAYMENTS)]
        deliveries = bodies * 8
        random.Random(80).shuffle(deliveries)
        market.start()
        with ThreadPoolExecutor(THREADS) as pool:
            answers = Counter(pool.map(market.tell, deliveries))
        assert answers == {(200, "recorded"): PAYMENTS, (200, "duplicate"): len(deliveries) - PAYMENTS}
        market.books_hold(bodies)
