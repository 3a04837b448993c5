"""Months whose true answer is known, imported and compared with it: to the payment, to the đồng."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.books.verify import verify
from ledger.days import Month
from market import channels
from market.channels import ChannelRow, add_channel
from market.db import Database
from market.deliveries import Summary, import_bodies
from market.demo.months import Delivery, Payee, Truth, make_month
from market.demo.stalls import make_stalls
from market.markets import MarketRow, add_market, find_market
from market.reports import month_report
from merchants.stalls import StallRow, list_stalls, register
from merchants.takings import Actor, takings

NOW = datetime(2026, 12, 2, 1, 0, tzinfo=UTC)
MONTHS = [
    (1, Month(2026, 10), 2_500),
    (2, Month(2026, 2), 2_500),  # with Tết
    (3, Month(2026, 11), 2_500),
    (4, Month(2024, 2), 2_500),  # with a leap day
]


@dataclass(frozen=True)
class Known:
    """A market with its stalls, a month's deliveries in a file, and the true answer."""

    market: MarketRow
    channel: ChannelRow
    stalls: list[StallRow]
    file: Path
    deliveries: list[Delivery]
    truth: Truth
    month: Month


@pytest.fixture
def known_month(database: Database, tmp_path: Path) -> Callable[[int, Month, int], Known]:
    """Makes a market of sixty stalls, many of which share an account or a number, and a month for it."""

    def make(seed: int, month: Month, payments: int) -> Known:
        with database.writing() as session:
            add_market(session, slug="cho", name="Chợ", now=NOW)
            market = find_market(session, "cho")
            stalls = make_stalls(60, str(seed))
            register(session, market.id, stalls, source=random.Random(seed), now=NOW)
            channel_id = add_channel(
                session, provider="sepay", market_id=market.id, stall_id=None, auth=None, sealed_secret=None, now=NOW
            )
            registered = list_stalls(session, market.id)
            channel = channels.find_channel(session, channel_id)
        numbers = [stall.account_number for stall in registered]
        payees = [
            Payee(
                code=stall.code,
                bin=stall.bin,
                account_number=stall.account_number,
                account_name=stall.account_name,
                reference=stall.reference,
                # Most of what is hard happens where an account number has two owners.
                weight=8.0 if numbers.count(stall.account_number) > 1 else 1.0,
            )
            for stall in registered
        ]
        deliveries, truth = make_month(payees, month, payments, seed=str(seed), across_the_edges=True)
        file = tmp_path / "month.jsonl"
        file.write_bytes(b"".join(delivery.body + b"\n" for delivery in deliveries))
        return Known(market, channel, registered, file, deliveries, truth, month)

    return make


def _import(database: Database, known: Known) -> Summary:
    return import_bodies(database, known.channel, known.file, now=NOW)


def _is_true(database: Database, known: Known) -> None:
    """Every figure that is reported is the true one, in the month and in its neighbours."""
    truth = known.truth
    for month in (Month.parse(text) for text in {*truth.counts, *truth.unmatched_in}):
        counts, amounts = truth.counts[str(month)], truth.amounts[str(month)]
        with database.reading() as session:
            report = month_report(session, known.market, month)
            assert {line.code: line.transactions for line in report.stalls} == {
                stall.code: counts.get(stall.code, 0) for stall in known.stalls
            }
            assert report.transactions == sum(counts.values())
            assert report.unmatched == truth.unmatched_in.get(str(month), 0)
            for stall in known.stalls:
                owner = Actor(1, frozenset({stall.id}))
                took = takings(session, owner, stall.id, month.first, month.last)
                assert took.cashless == amounts.get(stall.code, 0), stall.code


@pytest.mark.parametrize(("seed", "month", "payments"), MONTHS)
def test_a_month_comes_to_its_true_answer(
    database: Database, known_month: Callable[..., Known], seed: int, month: Month, payments: int
) -> None:
    known = known_month(seed, month, payments)
    summary = _import(database, known)
    truth = known.truth
    assert (summary.recorded, summary.unmatched, summary.duplicates, summary.ignored) == (
        truth.recorded,
        truth.unmatched,
        truth.duplicates,
        truth.ignored,
    )
    assert summary.read == len(known.deliveries)
    _is_true(database, known)


def test_the_month_holds_every_difficulty(database: Database, known_month: Callable[..., Known]) -> None:
    known = known_month(5, Month(2026, 10), 2_500)
    truth, month = known.truth, str(known.month)
    bodies = b"\n".join(delivery.body for delivery in known.deliveries)
    assert min(truth.unmatched, truth.duplicates, truth.ignored) > 10
    assert set(truth.counts) == {"2026-09", "2026-10", "2026-11"}
    assert truth.unmatched_in[month] > 10
    assert b'"transferAmount":"' in bodies
    assert b'"gateway":""' in bodies
    assert b'"transferType":"IN"' in bodies
    assert b"2026-10-31 23:59:59" in bodies
    told_at = [body.split(b'"transactionDate":"')[1][:19] for body in bodies.split(b"\n")]
    assert told_at != sorted(told_at)


def test_a_second_import_of_the_month_changes_nothing(database: Database, known_month: Callable[..., Known]) -> None:
    known = known_month(6, Month(2026, 10), 2_000)
    _import(database, known)
    again = _import(database, known)
    assert again.document() | {"read": 0, "duplicates": 0} == Summary().document()
    assert again.duplicates == len(known.deliveries)
    _is_true(database, known)


def test_deliveries_in_any_other_order_come_to_the_same(database: Database, known_month: Callable[..., Known]) -> None:
    known = known_month(7, Month(2026, 10), 2_000)
    # Each event once, as it was told first: of one told with two amounts the first counts.
    firsts = {delivery.body: None for delivery in known.deliveries}
    events = {body.split(b",")[0]: body for body in reversed(firsts)}
    shuffled = list(events.values())
    random.Random(7).shuffle(shuffled)
    known.file.write_bytes(b"\n".join(shuffled))
    summary = _import(database, known)
    assert (summary.recorded, summary.unmatched, summary.ignored) == (
        known.truth.recorded,
        known.truth.unmatched,
        known.truth.ignored,
    )
    _is_true(database, known)


def test_after_a_month_every_invariant_of_the_books_holds(
    database: Database, known_month: Callable[..., Known]
) -> None:
    known = known_month(8, Month(2026, 10), 2_000)
    _import(database, known)
    with database.reading() as session:
        assert verify(session).findings == []


def test_a_large_month_comes_to_its_true_answer(database: Database, known_month: Callable[..., Known]) -> None:
    known = known_month(9, Month(2026, 10), 15_000)
    assert _import(database, known).recorded == known.truth.recorded
    _is_true(database, known)


def test_the_same_seed_makes_the_same_month(database: Database, known_month: Callable[..., Known]) -> None:
    known = known_month(10, Month(2026, 10), 300)
    payees = [Payee(s.code, s.bin, s.account_number, s.account_name, s.reference, typical=50_000) for s in known.stalls]
    once, again, other = (make_month(payees, known.month, 300, seed=seed)[0] for seed in ("10", "10", "11"))
    assert once == again
    assert once != other
