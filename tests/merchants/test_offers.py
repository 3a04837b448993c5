"""A typed cashless sale is offered the payment that it may be, to the stall's own people, and nobody else."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from ledger import books
from ledger.inbox.notice import Notice
from merchants import settling
from merchants.offers import Offer, offers
from merchants.payments import Source, take
from merchants.stalls import StallRow
from merchants.takings import Actor, NotYours

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Sell = Callable[..., int]


@pytest.fixture
def type_in(session: Session) -> Sell:
    """The stall types a cashless sale: `type_in(huong, 50_000, NOW)` gives its entry."""
    numbers = itertools.count(1)

    def typed(stall: StallRow, amount: int, at: datetime = NOW, *, cash: bool = False) -> int:
        posted, _ = books.enter_sale(
            session,
            book_id=stall.book_id,
            amount=amount,
            cash=cash,
            occurred_at=at,
            client_key=f"phone-{next(numbers):04}",
            login_id=1,
            memo="",
            now=NOW,
        )
        return posted.entry_id

    return typed


@pytest.fixture
def pay(session: Session, channel: Source, told: Callable[..., Notice]) -> Sell:
    """A customer pays and the bank tells; gives the entry."""

    def paid(stall: StallRow, amount: int, **more: Any) -> int:
        notice = told(stall, amount)._replace(**more)
        [outcome] = take(session, channel, "hook", [(notice, b"{}")], NOW)
        assert outcome.entry_id is not None
        return outcome.entry_id

    return paid


@pytest.fixture
def offered(session: Session, huong: StallRow, huong_herself: Actor) -> Callable[..., list[tuple[int, int]]]:
    """What is offered to chị Hương: pairs of a typed sale and a payment."""

    def pairs(**more: object) -> list[tuple[int, int]]:
        found = offers(session, huong_herself, huong.id, since=NOW - DAY, **more)  # type: ignore[arg-type]
        return [(offer.typed, offer.payment) for offer in found]

    return pairs


Offered = Callable[..., list[tuple[int, int]]]


def test_a_payment_of_the_same_amount_is_offered(
    session: Session, type_in: Sell, pay: Sell, huong: StallRow, huong_herself: Actor
) -> None:
    typed, paid = type_in(huong, 50_000), pay(huong, 50_000, at=NOW + 3 * MINUTE)
    assert offers(session, huong_herself, huong.id, since=NOW - DAY) == [
        Offer(typed, paid, 50_000, NOW, NOW + 3 * MINUTE)
    ]


@pytest.mark.parametrize(("minutes", "is_offered"), [(-11, False), (-10, True), (10, True), (11, False)])
def test_only_within_ten_minutes(
    type_in: Sell, pay: Sell, offered: Offered, huong: StallRow, minutes: int, is_offered: bool
) -> None:
    type_in(huong, 50_000)
    pay(huong, 50_000, at=NOW + minutes * MINUTE)
    assert bool(offered()) is is_offered


def test_another_amount_another_stall_and_cash_are_not_offered(
    type_in: Sell, pay: Sell, offered: Offered, huong: StallRow, tu: StallRow
) -> None:
    type_in(huong, 50_000)
    type_in(huong, 70_000, cash=True)
    pay(huong, 50_001)
    pay(tu, 50_000)
    pay(huong, 70_000)
    assert offered() == []


def test_a_payment_of_which_only_the_day_is_known_is_not_offered(
    type_in: Sell, pay: Sell, offered: Offered, huong: StallRow
) -> None:
    type_in(huong, 50_000, NOW + timedelta(hours=4))
    pay(huong, 50_000, at=None)
    assert offered() == []


def test_each_sale_is_offered_the_nearest_payment_and_each_payment_once(
    type_in: Sell, pay: Sell, offered: Offered, huong: StallRow
) -> None:
    first, second = type_in(huong, 50_000), type_in(huong, 50_000, NOW + 4 * MINUTE)
    late, early = pay(huong, 50_000, at=NOW + 5 * MINUTE), pay(huong, 50_000, at=NOW - MINUTE)
    assert offered() == [(first, early), (second, late)]
    third = type_in(huong, 50_000)
    assert third not in {typed for typed, _ in offered()}


def test_what_was_declined_gives_way_to_the_next(type_in: Sell, pay: Sell, offered: Offered, huong: StallRow) -> None:
    typed, near, far = type_in(huong, 50_000), pay(huong, 50_000), pay(huong, 50_000, at=NOW + 5 * MINUTE)
    assert offered(declined={(typed, near)}) == [(typed, far)]


def test_what_is_settled_is_offered_no_more(
    session: Session, type_in: Sell, pay: Sell, offered: Offered, huong: StallRow
) -> None:
    typed, paid = type_in(huong, 50_000), pay(huong, 50_000)
    settling.confirm(session, None, typed, paid, login_id=1, now=NOW)
    assert offered() == []
    again = type_in(huong, 50_000)
    assert offered() == []
    settling.reverse(session, None, again, reason="typed twice", reassign=False, login_id=1, now=NOW)
    pay(huong, 50_000)
    assert offered() == []


@pytest.mark.parametrize("act", ["reverse", "not_sale"])
def test_a_payment_that_is_no_sale_is_not_offered_until_it_is_one(
    session: Session, type_in: Sell, pay: Sell, offered: Offered, huong: StallRow, act: str
) -> None:
    typed, paid = type_in(huong, 50_000), pay(huong, 50_000)
    by = {"reason": "why", "login_id": 1, "now": NOW}
    if act == "reverse":
        settling.reverse(session, None, paid, reassign=False, **by)  # type: ignore[arg-type]
        assert offered() == []
    else:
        settling.mark_not_sale(session, None, paid, **by)  # type: ignore[arg-type]
        assert offered() == []
        settling.mark_sale(session, None, paid, **by)  # type: ignore[arg-type]
        assert offered() == [(typed, paid)]


def test_an_offer_fades_with_its_day(type_in: Sell, pay: Sell, offered: Offered, huong: StallRow) -> None:
    type_in(huong, 50_000, NOW - DAY - MINUTE)
    pay(huong, 50_000, at=NOW - DAY)
    assert offered() == []


def test_only_the_stalls_own_people_are_offered_anything(
    session: Session, huong: StallRow, board: Actor, tu_himself: Actor
) -> None:
    for actor in (board, tu_himself):
        with pytest.raises(NotYours):
            offers(session, actor, huong.id, since=NOW - DAY)
