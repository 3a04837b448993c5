"""Thousands of random acts against a count kept beside them in plain Python.

Payments are told once and again, by other feeds, out of order; assigned, reversed, marked, typed, confirmed. Month
counts, takings, what waits, and `verify` agree with the count all along.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from ledger import books
from ledger.books.counts import month_counts
from ledger.books.model import ENTRY
from ledger.books.sums import takings_between
from ledger.books.verify import verify
from ledger.days import Month, local_date, local_midnight
from ledger.inbox.notice import Feed, Notice
from ledger.inbox.receive import unmatched_in, waiting
from ledger.refused import Refused
from market.db import Database
from merchants import settling
from merchants.payments import Outcome, Source, take
from merchants.stalls import StallRow
from tests.merchants.shadow import Entry, Movement, Told

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
MONTHS = (Month(2026, 9), Month(2026, 10), Month(2026, 11))
FEEDS: tuple[Feed, ...] = ("hook", "poll", "statement")
BY = 7


class Simulation:
    """The program on one side, the shadow on the other; each act is done on both."""

    def __init__(self, session: Session, channel: Source, stalls: list[StallRow], seed: int) -> None:
        self.session, self.channel, self.stalls = session, channel, stalls
        self.random = random.Random(seed)
        self.movements: list[Movement] = []
        self.entries: list[Entry] = []
        self.told: list[Told] = []
        self.typed: list[Entry] = []
        self.keys = self.held_again = self.confirmed_again = 0

    def act(self) -> None:
        acts: list[tuple[Callable[[], None], int]] = [
            (self.deliver, 12),
            (self.type_in, 3),
            (self.assign, 4),
            (self.settle_held, 4),
            (self.hold, 1),
            (self.reverse, 3),
            (self.mark, 4),
            (self.confirm, 3),
        ]
        self.random.choices([act for act, _ in acts], [weight for _, weight in acts])[0]()

    # What banks tell.

    def deliver(self) -> None:
        feed = self.random.choice(FEEDS)
        batch = [self._movement() for _ in range(self.random.choice((1, 1, 1, 2, 5)))]
        expected = [self._expect(movement, feed) for movement in batch]
        notices = [self._notice(movement, feed) for movement in batch]
        outcomes = take(self.session, self.channel, feed, [(notice, b"{}") for notice in notices], NOW)
        for outcome, one in zip(outcomes, expected, strict=True):
            self._compare(outcome, one)

    def _movement(self) -> Movement:
        """A new movement, or one that was told before."""
        if self.movements and self.random.random() < 0.5:
            return self.random.choice(self.movements[-40:])
        number = len(self.movements) + 1
        which = self.random.randrange(7)
        day = local_midnight(date(2026, 9, 1) + timedelta(days=self.random.randrange(84)))
        at = day + self.random.choice((timedelta(0), timedelta(hours=12), timedelta(days=1, microseconds=-1)))
        shared, nobodys = self.stalls[2], "5550001"
        if which < 4:
            stall = self.stalls[which]
            memo = f"CK.{stall.reference.lower()}.tien" if which >= 2 else "tien ca"
            movement = Movement(number, which, stall.account_number, stall.bin, at, memo)
        elif which == 4:
            movement = Movement(number, None, shared.account_number, shared.bin, at, "tien ca")
        else:
            movement = Movement(number, None, nobodys, "", at, self.stalls[0].reference)
        self.movements.append(movement)
        return movement

    def _notice(self, movement: Movement, feed: Feed) -> Notice:
        return Notice(
            event_id=f"{feed} {movement.number}",
            account_number=movement.account,
            bank=movement.bank,
            amount=movement.number,
            direction="in",
            bank_reference=f"FT{movement.number}" if self._has_reference(movement, feed) else "",
            at=movement.at,
            local_date=local_date(movement.at),
            memo=movement.memo,
        )

    @staticmethod
    def _has_reference(movement: Movement, feed: Feed) -> bool:
        """Feeds differ in whether they know the bank's reference, each movement in another way."""
        return bool(movement.number & (1 << FEEDS.index(feed)))

    def _expect(self, movement: Movement, feed: Feed) -> Told | None:
        """What becomes of this telling; None for one that was told before by the same feed."""
        if feed in movement.told:
            return None
        one = Told(0, movement, feed, self._has_reference(movement, feed), "unmatched")
        others = movement.free({feed})
        if twins := movement.certain(one):
            movement.become_twin(one, twins[0])
        elif others:
            one.status = "held"
        elif movement.stall is not None:
            self._book(one, movement.stall)
        movement.told[feed] = one
        self.told.append(one)
        return one

    def _book(self, one: Told, stall: int) -> None:
        former, one.status, one.turns = one.entry, "recorded", one.turns + 1
        one.entry = Entry(0, stall, local_date(one.movement.at), "payment", one.movement.number, told=one)
        self.entries.append(one.entry)
        for typed in self.entries:
            if former and typed.anew_for is former and (typed.stall, typed.state) == (stall, "sale"):
                typed.state, one.entry.confirms = "reversed", typed
                self.confirmed_again += 1

    @staticmethod
    def _compare(outcome: Outcome, one: Told | None) -> None:
        if one is None:
            assert (outcome.status, outcome.notice_id) == ("duplicate", None)
            return
        assert outcome.status == one.status
        one.id = outcome.notice_id or 0
        if one.status == "recorded" and one.entry is not None:
            one.entry.id = outcome.entry_id or 0

    # What people do.

    def type_in(self) -> None:
        stall, cash = self.random.randrange(len(self.stalls)), self.random.random() < 0.5
        at = NOW - timedelta(hours=self.random.randrange(24 * 60))
        again = self.random.random() < 0.2 and self.keys > 0
        self.keys += not again
        amount, key = 10_000 + self.keys, f"phone-{self.keys:04}"
        if again:
            stall, cash = self.typed[-1].stall, self.typed[-1].kind == "cash"
        posted, new = books.enter_sale(
            self.session,
            book_id=self.stalls[stall].book_id,
            amount=amount,
            cash=cash,
            occurred_at=None if again else at,
            client_key=key,
            login_id=BY,
            memo="",
            now=NOW,
        )
        assert new is not again
        if again:
            assert posted.entry_id == self.typed[-1].id
        else:
            self.typed.append(Entry(posted.entry_id, stall, local_date(at), "cash" if cash else "typed", amount))
            self.entries.append(self.typed[-1])

    def assign(self) -> None:
        if one := self._some_told("unmatched"):
            again = one.entry is not None and self.random.random() < 0.5
            stall = one.entry.stall if again and one.entry else self.random.randrange(len(self.stalls))
            self._refused_unless(one.status == "unmatched", lambda: self._assign(one, stall))

    def _assign(self, one: Told, stall: int) -> None:
        outcome = settling.assign(
            self.session, self.channel.market_id, one.id, self.stalls[stall], reason="why", login_id=BY, now=NOW
        )
        if twins := one.movement.certain(one):
            one.movement.become_twin(one, twins[0])
        else:
            self._book(one, stall)
        self._compare(outcome, one)

    def settle_held(self) -> None:
        if one := self._some_told("held"):
            act = self._same if self.random.random() < 0.6 else self._another
            possible = one.status == "held" and (act == self._another or bool(self._others(one)))
            self._refused_unless(possible, lambda: act(one))

    def _others(self, one: Told) -> list[Told]:
        others = [other for other in one.movement.free(one.movement.feeds(one)) if other is not one]
        return one.movement.certain(one) + sorted(others, key=lambda other: other.status == "held")

    def _same(self, one: Told) -> None:
        [outcome] = settling.same(self.session, self.channel.market_id, [one.id])
        assert outcome.status == "duplicate"
        one.movement.become_twin(one, self._others(one)[0])

    def _another(self, one: Told) -> None:
        [outcome] = settling.another(
            self.session, self.channel.market_id, [one.id], sources=[self.channel], login_id=BY, now=NOW
        )
        one.status = "unmatched"
        if one.movement.stall is not None:
            self._book(one, one.movement.stall)
        self._compare(outcome, one)

    def hold(self) -> None:
        if one := self._some_told(self.random.choice(("duplicate", "recorded", "unmatched"))):
            stands = one.status == "recorded" and one.entry is not None and one.entry.state != "reversed"
            possible = (stands or one.status == "unmatched") and bool(self._others(one))
            if one.original is not None:
                possible = not one.surely_a_twin
            self._refused_unless(possible, lambda: self._hold(one))

    def _hold(self, one: Told) -> None:
        [outcome] = settling.hold(self.session, self.channel.market_id, [one.id], reason="why", login_id=BY, now=NOW)
        assert (outcome.status, outcome.notice_id) == ("held", one.id)
        if one.entry is not None and one.status == "recorded":
            again = ENTRY.c.client_key == f"again-{one.entry.id:08}"
            typed = self.session.connection().execute(select(ENTRY.c.id).where(again)).scalar_one_or_none()
            self._gave_back(one.entry, typed)
        original, one.status, one.original = one.original, "held", None
        for other in one.movement.told.values():
            if original is not None and other.original is original and one.reference and other.reference:
                other.original = one
        self.held_again += 1

    def reverse(self) -> None:
        if entry := self._some_entry():
            reassign = self.random.random() < 0.5
            possible = entry.state != "reversed" and (entry.kind == "payment" or not reassign)
            self._refused_unless(possible, lambda: self._reverse(entry, reassign))

    def _reverse(self, entry: Entry, reassign: bool) -> None:
        done = settling.reverse(self.session, None, entry.id, reason="why", reassign=reassign, login_id=BY, now=NOW)
        entry.state = "reversed"
        assert reassign or done.typed_anew is None
        if reassign and entry.told is not None:
            entry.told.status = "unmatched"
            self._gave_back(entry, done.typed_anew)

    def _gave_back(self, entry: Entry, typed_anew: int | None) -> None:
        """A payment that was not the stall's: the sale typed before, which it confirmed, stands again."""
        entry.state = "reversed"
        assert (typed_anew is not None) == (entry.confirms is not None)
        if typed_anew is not None and entry.confirms is not None:
            typed = entry.confirms
            anew = Entry(typed_anew, typed.stall, typed.day, "typed", typed.amount, anew_for=entry)
            self.entries.append(anew)

    def mark(self) -> None:
        if entry := self._some_entry():
            no_sale = self.random.random() < 0.6
            wanted = "sale" if no_sale else "not_sale"
            possible = entry.kind == "payment" and entry.state == wanted
            self._refused_unless(possible, lambda: self._mark(entry, no_sale))

    def _mark(self, entry: Entry, no_sale: bool) -> None:
        act = settling.mark_not_sale if no_sale else settling.mark_sale
        act(self.session, None, entry.id, reason="why", login_id=BY, now=NOW)
        entry.state = "not_sale" if no_sale else "sale"

    def confirm(self) -> None:
        typed = self._some_entry("typed")
        # Mostly where it can be: a payment of the same stall.
        own = [
            one
            for one in self.entries
            if typed and (one.kind, one.stall, one.state) == ("payment", typed.stall, "sale")
        ]
        payment = self.random.choice(own) if own and self.random.random() < 0.7 else self._some_entry("payment")
        if typed and payment:
            possible = typed.stall == payment.stall and (typed.state, payment.state) == ("sale", "sale")
            self._refused_unless(possible and payment.confirms is None, lambda: self._confirm(typed, payment))

    def _confirm(self, typed: Entry, payment: Entry) -> None:
        settling.confirm(self.session, None, typed.id, payment.id, login_id=BY, now=NOW)
        typed.state, payment.confirms = "reversed", typed

    def _refused_unless(self, possible: bool, act: Callable[[], None]) -> None:
        if possible:
            act()
            return
        with pytest.raises(Refused), self.session.begin_nested():
            act()

    def _some_entry(self, kind: str | None = None) -> Entry | None:
        found = [entry for entry in self.entries if kind in (None, entry.kind)]
        return self.random.choice(found) if found else None

    def _some_told(self, status: str) -> Told | None:
        """Mostly one of this status, now and then any other."""
        found = [one for one in self.told if one.status == status or self.random.random() < 0.01]
        return self.random.choice(found) if found else None

    # Do both sides agree?

    def compare(self) -> None:
        market_id = self.channel.market_id
        for month in MONTHS:
            counts = month_counts(self.session, market_id, month)
            for number, stall in enumerate(self.stalls):
                mine = [
                    entry
                    for entry in self.entries
                    if entry.stall == number and entry.state == "sale" and Month.of(entry.day) == month
                ]
                sums = {kind: sum(e.amount for e in mine if e.kind == kind) for kind in ("payment", "typed", "cash")}
                paid = sum(entry.kind == "payment" for entry in mine)
                taken = takings_between(self.session, stall.book_id, month.first, month.last)
                assert counts.get(stall.book_id, 0) == paid
                assert (taken.transactions, *sums.values()) == (paid, taken.cashless, taken.typed, taken.cash)
            lost = [Month.of(local_date(one.movement.at)) for one in self.told if one.status == "unmatched"]
            assert unmatched_in(self.session, market_id, month) == lost.count(month)
        for status in ("unmatched", "held"):
            listed = {one.notice for one in waiting(self.session, market_id, status)}
            assert listed == {one.id for one in self.told if one.status == status}


@pytest.fixture
def four_stalls(
    add_stall: Callable[..., StallRow], market_id: int, huong: StallRow, tu: StallRow
) -> Iterator[list[StallRow]]:
    """Chị Hương, anh Tư, and two stalls that share an account."""
    yield [huong, tu, *(add_stall(market_id, code, "970436", "0777700001") for code in ("R-01", "R-02"))]


@pytest.mark.parametrize("seed", [1, 2])
def test_books_and_shadow_agree(
    database: Database, four_stalls: list[StallRow], channel: Source, seed: int, thorough: bool
) -> None:
    with database.writing() as session:
        simulation = Simulation(session, channel, four_stalls, seed)
        for _ in range(40 if thorough else 3):
            for _ in range(250):
                simulation.act()
            session.commit()
            simulation.compare()
    with database.reading() as session:
        assert verify(session).findings == []
    assert {one.status for one in simulation.told} == {"recorded", "unmatched", "held", "duplicate"}
    assert {entry.state for entry in simulation.entries} == {"sale", "not_sale", "reversed"}
    assert any(one.turns > 1 for one in simulation.told)
    assert any(entry.confirms for entry in simulation.entries)
    assert simulation.held_again
    assert simulation.confirmed_again or not thorough
