"""A simulated market: the program and its database on one side, the truth on the other, and people in between."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlmodel import Session

from ledger import books
from ledger.books.counts import month_counts
from ledger.books.sums import takings_between
from ledger.books.verify import verify
from ledger.days import Month, local_date
from ledger.refused import Refused
from market.db import Database
from merchants import settling
from merchants.payments import take, take_up
from merchants.stalls import StallRow, change_account, close
from tests.conftest import NUMBER_KEY
from tests.simulation.faults import FAULTS, Died, Faults
from tests.simulation.records import Records
from tests.simulation.truth import NOW, Payment, Teller, Truth

T = TypeVar("T")
MONTHS = (Month(2026, 10), Month(2026, 11))
SETTLED = ("recorded", "unmatched")


@dataclass
class Typed:
    """A sale that somebody typed, and the payment that it turned out to be, if any."""

    entry: int
    stall: int
    kind: str
    amount: int
    day: date
    confirmed_by: int | None = None
    anew_for: tuple[int, str, str] | None = None


class Lost(Exception):
    """The act did not come to its end, or nobody heard of it."""


class Market(Records):
    """Each step is done in a transaction of its own, which a fault may end at any statement."""

    def __init__(self, database: Database, stalls: Sequence[StallRow], tellers: Sequence[Teller], seed: int) -> None:
        super().__init__(database)
        self.stalls, self.tellers = stalls, tellers
        self.random = random.Random(seed)
        self.truth = Truth(self.random, stalls)
        self.faults = Faults(database.engine)
        self.to_tell: list[tuple[Teller, Payment]] = []
        self.acknowledged: list[tuple[Teller, Payment]] = []
        self.attempted: set[int] = set()
        self.told_by: dict[str, list[Teller]] = {}
        self.typed: list[Typed] = []
        self.keys = 0
        # What people said of payments' entries: `sale`, `not_sale`, `returned`, by entry.
        self.said: dict[int, str] = {}
        self.calm = False

    # The machine: a step is whole or nothing, and what was promised stays.

    def do(self, act: Callable[[Session], T]) -> T:
        """Raises Lost where a fault came first; the program starts again then."""
        faulty = not self.calm and self.random.random() < 0.25
        statement, fault = self.random.randrange(1, 30), self.random.choice(FAULTS)
        try:
            if not faulty:
                with self.database.writing() as session:
                    return act(session)
            with self.faults.at(statement, fault), self.database.writing() as session:
                return act(session)
        except (Died, ArithmeticError) as fault_met:
            self._restart()
            raise Lost from fault_met
        except Exception as error:
            if not faulty or "disk I/O error" not in str(error):
                raise
            self._restart()
            raise Lost from error

    def _restart(self) -> None:
        self.database.engine.dispose()
        self.database = Database(self.database.engine, lambda: NUMBER_KEY)

    def step(self) -> None:
        """One thing that happens in a market, then a look at what must always hold."""
        acts: list[tuple[Callable[[], None], int]] = [
            (self.pay, 10),
            (self.tell, 14),
            (self.tell_again, 4),
            (self.sweep, 3),
            (self.settle_held, 5),
            (self.settle_all_held, 1),
            (self.assign, 4),
            (self.reverse, 2),
            (self.mark, 3),
            (self.type_in, 2),
            (self.confirm, 1),
            (self.move_account, 1),
            (self.close_stall, 1),
        ]
        act = self.random.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
        with suppress(Lost):
            act()
        self.must_hold()

    # What happens.

    def pay(self) -> None:
        payment = self.truth.pay()
        some = self.random.sample(self.tellers, self.random.choice((1, 1, 2, 2, 3, 5)))
        # Two that are alike to the reference are two only where the same feeds tell both.
        for teller in self.told_by.setdefault(payment.reference, some):
            self.by_event[*teller.key, payment.told_by(teller).event_id] = payment
            self.to_tell += [(teller, payment)] * self.random.choice((1, 1, 2, 3))

    def tell(self) -> None:
        """A feed tells some of what it has to, in any order."""
        if self.to_tell:
            teller = self.random.choice(self.to_tell)[0]
            mine = [each for each in self.to_tell if each[0] is teller]
            self._deliver(teller, self.random.sample(mine, min(len(mine), self.random.choice((1, 1, 2, 6)))))

    def tell_again(self) -> None:
        if self.acknowledged:
            teller, payment = self.random.choice(self.acknowledged)
            [status] = self._deliver(teller, [(teller, payment)])
            assert status == "duplicate"

    def _deliver(self, teller: Teller, batch: Sequence[tuple[Teller, Payment]]) -> list[str]:
        self.attempted |= {payment.number for _, payment in batch}
        deliveries = [(payment.told_by(teller), b"{}") for _, payment in batch]
        outcomes = self.do(lambda session: take(session, teller.source, teller.feed, deliveries, NOW))
        if not self.calm and self.random.random() < 0.1:
            raise Lost  # the answer did: what was told is kept, and will be told again
        self.acknowledged += batch
        for each in batch:
            if each in self.to_tell:
                self.to_tell.remove(each)
        return [outcome.status for outcome in outcomes]

    def sweep(self) -> None:
        for source in {teller.source.channel_id: teller.source for teller in self.tellers}.values():
            self.do(lambda session, source=source: take_up(session, source, NOW))  # type: ignore[misc]

    # What people do. They know the truth, and see what the pages show.

    def settle_held(self) -> None:
        held = [row for row in self.notices() if row.status == "held"]
        if held:
            self._settle(self.random.choice(held))

    def _settle(self, row: Any) -> bool:
        """Whether the person found an answer that the program takes."""
        market_id, payment = row.market_id, self.payment_of(row)
        alike = [r for r in self.notices() if self.payment_of(r).kind == payment.kind]
        real = len({self.payment_of(r).number for r in alike})
        known = sum(r.status in SETTLED for r in alike)
        if known < real:
            sources = [teller.source for teller in self.tellers]
            self.do(
                lambda session: settling.another(session, market_id, [row.id], sources=sources, login_id=1, now=NOW)
            )
            return True
        try:
            self.do(lambda session: settling.same(session, market_id, [row.id]))
        except Refused:
            return False
        return True

    def settle_all_held(self) -> None:
        """One tap for everything of which each real payment is in the books already."""
        rows = self.notices()
        real: dict[object, set[int]] = {}
        known: Counter[object] = Counter()
        for row in rows:
            payment = self.payment_of(row)
            real.setdefault(payment.kind, set()).add(payment.number)
            known[payment.kind] += row.status in SETTLED
        held = [
            row
            for row in rows
            if row.status == "held" and known[self.payment_of(row).kind] >= len(real[self.payment_of(row).kind])
        ]
        if held:
            with suppress(Refused):
                self.do(lambda session: settling.same(session, held[0].market_id, [row.id for row in held]))

    def assign(self) -> None:
        lost = [row for row in self.notices() if row.status == "unmatched"]
        if lost:
            row = self.random.choice(lost)
            right = self.payment_of(row).stall
            self._assign(row, right if self.random.random() < 0.8 else self.random.randrange(len(self.stalls)))

    def _assign(self, row: Any, stall: int) -> None:
        outcome = self.do(
            lambda session: settling.assign(
                session, row.market_id, row.id, self.stalls[stall], reason="why", login_id=1, now=NOW
            )
        )
        for typed in self.typed:
            if outcome.entry_id is not None and typed.anew_for == (row.channel_id, row.feed, row.event_id):
                # Back in the book that it was taken from, it confirms what it confirmed, unless it is no sale there.
                [entry] = [each for each in self.payments() if each.id == outcome.entry_id]
                if (typed.stall, typed.confirmed_by, self.state(entry)) == (stall, None, "sale"):
                    typed.confirmed_by = outcome.entry_id
                typed.anew_for = None

    def reverse(self) -> None:
        if entries := self.standing():
            entry = self.random.choice(entries)
            self._reverse(entry, reassign=self.random.random() < 0.6)

    def _reverse(self, entry: Any, *, reassign: bool) -> None:
        reversal = self.do(
            lambda session: settling.reverse(
                session, None, entry.id, reason="why", reassign=reassign, login_id=1, now=NOW
            )
        )
        self.said[entry.id] = "reversed" if reassign else "returned"
        for typed in self.typed:
            if reassign and typed.confirmed_by == entry.id:
                assert reversal.typed_anew is not None
                typed.entry, typed.confirmed_by = reversal.typed_anew, None
                typed.anew_for = (entry.channel_id, entry.feed, entry.event_id)

    def mark(self) -> None:
        if entries := self.standing():
            entry = self.random.choice(entries)
            if self.state(entry) == "sale":
                self.do(lambda s: settling.mark_not_sale(s, None, entry.id, reason="why", login_id=1, now=NOW))
                self.said[entry.id] = "not_sale"
            else:
                self.do(lambda s: settling.mark_sale(s, None, entry.id, reason="why", login_id=1, now=NOW))
                self.said[entry.id] = "sale"

    def type_in(self) -> None:
        stall, cash = self.random.randrange(len(self.stalls)), self.random.random() < 0.5
        at = NOW - timedelta(hours=self.random.randrange(24 * 50))
        self.keys += 1
        amount, key = 1000 * self.random.randrange(1, 40), f"phone-{self.keys:04}"

        def enter(session: Session) -> tuple[books.Posted, bool]:
            return books.enter_sale(
                session,
                book_id=self.stalls[stall].book_id,
                amount=amount,
                cash=cash,
                occurred_at=at,
                client_key=key,
                login_id=1,
                memo="",
                now=NOW,
            )

        posted, _ = self.do(enter)
        self.typed.append(Typed(posted.entry_id, stall, "cash" if cash else "typed", amount, local_date(at)))
        # A phone without a line sends it again.
        assert self.do(enter) == (posted, False)

    def confirm(self) -> None:
        for typed in self.typed:
            mine = [
                entry
                for entry in self.standing()
                if entry.book_id == self.stalls[typed.stall].book_id and self.state(entry) == "sale"
            ]
            if (typed.kind, typed.confirmed_by) == ("typed", None) and mine:
                paid = self.random.choice(mine).id
                try:
                    self.do(lambda s: settling.confirm(s, None, typed.entry, paid, login_id=1, now=NOW))  # noqa: B023
                except Refused as refused:
                    assert "confirms another" in str(refused)
                    return
                typed.confirmed_by = paid
                return

    def move_account(self) -> None:
        number = f"77{len(self.truth.payments):06}"
        day = NOW - timedelta(days=self.random.randrange(50))
        which = self.random.randrange(len(self.stalls))
        self.do(
            lambda session: change_account(
                session,
                self.stalls[which],
                bank_bin="970422",
                account_number=number,
                account_name="",
                takes_effect=day,
            )
        )
        if self.random.random() < 0.7:
            self.truth.move_account(which, number, "970422")

    def close_stall(self) -> None:
        stall = self.random.choice(self.stalls)
        day = local_date(NOW) - timedelta(days=self.random.randrange(50))
        try:
            self.do(lambda session: close(session, stall, day, NOW))
        except Refused as refused:
            assert "already" in str(refused)

    def state(self, entry: Any) -> str:
        """Whether a standing payment is a sale: as a person said, else by the stall's own rule."""
        stall = next(each for each in self.stalls if each.book_id == entry.book_id)
        payment = self.payment_of(entry)
        named = payment.coded and self.stalls[payment.stall] is stall
        return self.said.get(entry.id, "not_sale" if stall.coded_only and not named else "sale")

    # What must hold.

    def must_hold(self) -> None:
        """After every step: nothing acknowledged is lost, and nothing is in the books more often than it was paid."""
        rows = self.notices()
        there = {(row.channel_id, row.feed, row.event_id) for row in rows}
        for teller, payment in self.acknowledged:
            assert (*teller.key, payment.told_by(teller).event_id) in there
        told = Counter(self.truth.payments[number - 1].kind for number in self.attempted)
        booked = Counter(self.payment_of(entry).kind for entry in self.standing())
        assert booked <= told
        if self.random.random() < 0.005:
            self.verify()

    def verify(self) -> None:
        with self.database.reading() as session:
            found = verify(session).findings
        assert found == []

    def finish(self) -> None:
        """No more faults; everything is told, taken up, and settled by people who know."""
        self.calm = True
        while self.to_tell:
            self.tell()
        self.sweep()
        for _ in range(60):
            if not self._mend():
                break
        assert {row.status for row in self.notices()} <= {"recorded", "duplicate"}

    def _mend(self) -> bool:
        """Put right what is not; whether there was anything."""
        held = [row for row in self.notices() if row.status == "held"]
        settled = any(self._settle(row) for row in held)
        for row in self.notices():
            if row.status == "unmatched":
                self._assign(row, self.payment_of(row).stall)
                return True
        for entry in self.standing():
            if entry.book_id != self.stalls[self.payment_of(entry).stall].book_id:
                self._reverse(entry, reassign=True)
                return True
        return settled

    def must_be_true(self) -> None:
        """At the end the books say what happened, whatever the order in which it was told."""
        self.verify()
        paid = Counter(payment.kind for payment in self.truth.payments if payment.number in self.attempted)
        standing = self.standing()
        returned = [entry for entry in self.payments() if self.said.get(entry.id) == "returned"]
        assert Counter(self.payment_of(entry).kind for entry in standing + returned) == paid
        for entry in standing:
            payment = self.payment_of(entry)
            right = self.stalls[payment.stall].book_id, payment.day, payment.amount
            assert (entry.book_id, entry.booked_on, entry.amount) == right
        sold = [entry for entry in standing if self.state(entry) == "sale"]
        for stall in self.stalls:
            for month in MONTHS:
                mine = [e.amount for e in sold if (e.book_id, Month.of(e.booked_on)) == (stall.book_id, month)]
                typed = {
                    kind: sum(
                        each.amount
                        for each in self.typed
                        if (each.kind, each.confirmed_by) == (kind, None)
                        and self.stalls[each.stall] is stall
                        and Month.of(each.day) == month
                    )
                    for kind in ("typed", "cash")
                }
                with self.database.reading() as session:
                    counted = month_counts(session, stall.market_id, month).get(stall.book_id, 0)
                    took = takings_between(session, stall.book_id, month.first, month.last)
                assert (counted, took.transactions) == (len(mine), len(mine))
                assert (took.cashless, took.typed, took.cash) == (sum(mine), typed["typed"], typed["cash"])
