"""Every rule of an entry that the database holds by itself, broken by a hand that writes rows without the program."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from ledger.books.model import ENTRY, POSTING
from ledger.guards import _ENTRY_RULES
from ledger.inbox.model import NOTICE
from market.db import Database
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
CASH = {"cash": 5, "sales": -5}
TYPED = {"other": 5, "sales": -5}
BANK = {"bank": 5, "sales": -5}
UNDONE = {"bank": -5, "sales": 5}
NO_SALE = {"sales": 5, "other": -5}
A_SALE = {"sales": -5, "other": 5}


class Hand:
    """Writes rows as they are given; what is not given is as the rules want it."""

    def __init__(self, connection: Connection, market_id: int, book_id: int, other_book_id: int) -> None:
        self.connection, self.market_id = connection, market_id
        self.book_id, self.other_book_id = book_id, other_book_id

    def notice(self) -> int:
        said = {
            "market_id": self.market_id,
            "channel_id": 1,
            "feed": "hook",
            "event_id": str(self.connection.execute(select(func.count()).select_from(NOTICE)).scalar_one()),
            "account_number": "0123499999",
            "bank": "",
            "amount": 5,
            "direction": "in",
            "bank_reference": "",
            "at": NOW,
            "local_date": TODAY,
            "received_at": NOW,
            "digest": "",
            "status": "pending",
        }
        written: int = self.connection.execute(insert(NOTICE).values(**said).returning(NOTICE.c.id)).scalar_one()
        return written

    def entry(self, kind: str, legs: dict[str, int], **changes: Any) -> int:
        book_id = changes.get("book_id", self.book_id)
        newest = self.connection.execute(
            select(ENTRY.c.number, ENTRY.c.hash).where(ENTRY.c.book_id == book_id).order_by(ENTRY.c.number.desc())
        ).first()
        number = newest.number + 1 if newest else 1
        entry_id: int = self.connection.execute(select(func.coalesce(func.max(ENTRY.c.id), 0) + 1)).scalar_one()
        said = {
            "id": entry_id,
            "market_id": self.market_id,
            "book_id": book_id,
            "number": number,
            "kind": kind,
            "origin": kind,
            "counted": 0,
            "booked_on": TODAY,
            "occurred_at": NOW,
            "recorded_at": NOW,
            "form": 1,
            "previous": newest.hash if newest else "",
            "hash": f"{book_id:032}{number:032}",
            **changes,
        }
        postings = [
            {"entry_id": entry_id, "market_id": self.market_id, "account": account, "amount": amount}
            for account, amount in legs.items()
        ]
        if postings:
            self.connection.execute(insert(POSTING), postings)
        self.connection.execute(insert(ENTRY), said)
        return entry_id

    def payment(self, **changes: Any) -> int:
        said = {"counted": 1, "turn": 1, **changes}
        if "notice_id" not in said:
            said["notice_id"] = self.notice()
        return self.entry("payment", BANK, **said)

    def correction(self, kind: str, legs: dict[str, int], concerns: int, step: int = 1, **changes: Any) -> int:
        sales = legs.get("sales", 0)
        origin = changes.get("origin", "payment")
        counted = (sales < 0) - (sales > 0) if origin == "payment" else 0
        said = {"origin": origin, "counted": counted, "concerns": concerns, "step": step, **changes}
        return self.entry(kind, legs, **said)


@pytest.fixture
def hand(database: Database, market_id: int, huong: StallRow, tu: StallRow) -> Iterator[Hand]:
    with database.engine.begin() as connection:
        yield Hand(connection, market_id, huong.book_id, tu.book_id)


def no_leg(hand: Hand) -> None:
    hand.entry("cash", {})


def one_leg(hand: Hand) -> None:
    hand.entry("cash", {"cash": 5})


def unbalanced(hand: Hand) -> None:
    hand.entry("cash", {"cash": 5, "sales": -4})


def a_number_left_out(hand: Hand) -> None:
    hand.entry("cash", CASH, number=2)


def a_number_again(hand: Hand) -> None:
    hand.entry("cash", CASH)
    hand.entry("cash", CASH, number=1)


def another_hash_before(hand: Hand) -> None:
    hand.entry("cash", CASH)
    hand.entry("cash", CASH, previous="0" * 64)


def cash_that_counts(hand: Hand) -> None:
    hand.entry("cash", CASH, counted=1)


def a_payment_that_counts_not(hand: Hand) -> None:
    hand.payment(counted=0)


def a_payment_that_counts_backwards(hand: Hand) -> None:
    hand.payment(counted=-1)


def a_reversal_that_counts_up(hand: Hand) -> None:
    hand.correction("reversal", UNDONE, hand.payment(), counted=1)


def a_reversal_of_no_sale_that_counts(hand: Hand) -> None:
    payment = hand.payment()
    hand.correction("not_sale", NO_SALE, payment)
    hand.correction("reversal", {"bank": -5, "other": 5}, payment, step=2, counted=-1)


def cash_of_typed_origin(hand: Hand) -> None:
    hand.entry("cash", CASH, origin="typed")


def a_correction_of_nothing(hand: Hand) -> None:
    hand.correction("reversal", UNDONE, 99)


def a_correction_of_a_correction(hand: Hand) -> None:
    not_sale = hand.correction("not_sale", NO_SALE, hand.payment())
    hand.correction("reversal", A_SALE, not_sale)


def a_correction_in_another_book(hand: Hand) -> None:
    hand.correction("reversal", UNDONE, hand.payment(), book_id=hand.other_book_id)


def a_correction_on_another_day(hand: Hand) -> None:
    hand.correction("reversal", UNDONE, hand.payment(), booked_on=date(2026, 11, 25))


def a_correction_of_another_origin(hand: Hand) -> None:
    hand.correction("reversal", UNDONE, hand.payment(), origin="cash")


def a_step_left_out(hand: Hand) -> None:
    hand.correction("not_sale", NO_SALE, hand.payment(), step=2)


def a_second_reversal(hand: Hand) -> None:
    payment = hand.payment()
    hand.correction("reversal", UNDONE, payment)
    hand.correction("reversal", BANK, payment, step=2)


def a_reversal_taken_back(hand: Hand) -> None:
    payment = hand.payment()
    hand.correction("reversal", UNDONE, payment)
    hand.correction("sale", A_SALE, payment, step=2)


def no_sale_twice(hand: Hand) -> None:
    payment = hand.payment()
    hand.correction("not_sale", NO_SALE, payment)
    hand.correction("not_sale", NO_SALE, payment, step=2)


def a_sale_that_was_one(hand: Hand) -> None:
    hand.correction("sale", A_SALE, hand.payment())


def cash_that_is_no_sale(hand: Hand) -> None:
    hand.correction("not_sale", NO_SALE, hand.entry("cash", CASH), origin="cash")


def half_of_it_no_sale(hand: Hand) -> None:
    hand.correction("not_sale", {"sales": 2, "other": -2}, hand.payment())


def half_of_it_a_sale_again(hand: Hand) -> None:
    payment = hand.payment()
    hand.correction("not_sale", NO_SALE, payment)
    hand.correction("sale", {"sales": -2, "other": 2}, payment, step=2)


def no_sale_by_way_of_cash(hand: Hand) -> None:
    hand.correction("not_sale", {"sales": 5, "cash": -5}, hand.payment())


def half_a_reversal(hand: Hand) -> None:
    hand.correction("reversal", {"bank": -2, "sales": 2}, hand.payment())


def a_reversal_in_another_account(hand: Hand) -> None:
    hand.correction("reversal", {"cash": -5, "sales": 5}, hand.payment())


def a_reversal_that_forgets_a_correction(hand: Hand) -> None:
    payment = hand.payment()
    hand.correction("not_sale", NO_SALE, payment)
    hand.correction("reversal", UNDONE, payment, step=2)


def a_notice_booked_twice(hand: Hand) -> None:
    notice_id = hand.notice()
    hand.payment(notice_id=notice_id)
    hand.payment(notice_id=notice_id, turn=2, book_id=hand.other_book_id)


def a_turn_left_out(hand: Hand) -> None:
    hand.payment(turn=2)


def a_turn_again(hand: Hand) -> None:
    notice_id = hand.notice()
    hand.correction("reversal", UNDONE, hand.payment(notice_id=notice_id))
    hand.payment(notice_id=notice_id, turn=1)


def a_payment_confirmed(hand: Hand) -> None:
    hand.correction("reversal", UNDONE, hand.payment(), confirms=hand.payment())


def confirmed_by_cash(hand: Hand) -> None:
    typed, cash = hand.entry("typed", TYPED), hand.entry("cash", CASH)
    hand.correction("reversal", NO_SALE, typed, origin="typed", confirms=cash)


def confirmed_by_a_payment_of_another_stall(hand: Hand) -> None:
    typed, payment = hand.entry("typed", TYPED), hand.payment(book_id=hand.other_book_id)
    hand.correction("reversal", NO_SALE, typed, origin="typed", confirms=payment)


BROKEN: dict[str, list[Callable[[Hand], None]]] = {
    "an entry needs two or more legs that sum to zero": [no_leg, one_leg, unbalanced],
    "an entry takes the next number of its book and names the hash before it": [
        a_number_left_out,
        a_number_again,
        another_hash_before,
    ],
    "counted is minus the sign of the sales leg of a payment or its correction, else 0": [
        cash_that_counts,
        a_payment_that_counts_not,
        a_payment_that_counts_backwards,
        a_reversal_that_counts_up,
        a_reversal_of_no_sale_that_counts,
    ],
    "the origin of a first entry is its kind": [cash_of_typed_origin],
    "a correction concerns a first entry of the same book, day and origin": [
        a_correction_of_nothing,
        a_correction_of_a_correction,
        a_correction_in_another_book,
        a_correction_on_another_day,
        a_correction_of_another_origin,
    ],
    "corrections are numbered 1, 2, 3": [a_step_left_out],
    "nothing follows a reversal": [a_second_reversal, a_reversal_taken_back],
    "a payment is marked no sale once, until it is marked a sale again": [
        no_sale_twice,
        a_sale_that_was_one,
        cash_that_is_no_sale,
    ],
    "marking a payment moves its whole amount between sales and other": [
        half_of_it_no_sale,
        half_of_it_a_sale_again,
        no_sale_by_way_of_cash,
    ],
    "a reversal leaves every account of the entry and its corrections at zero": [
        half_a_reversal,
        a_reversal_in_another_account,
        a_reversal_that_forgets_a_correction,
    ],
    "a notice is booked again only when its last turn is reversed": [
        a_notice_booked_twice,
        a_turn_left_out,
        a_turn_again,
    ],
    "only a typed or cash entry is confirmed, by a payment in the same book": [
        a_payment_confirmed,
        confirmed_by_cash,
        confirmed_by_a_payment_of_another_stall,
    ],
}


CASES = [(rule, write) for rule, hands in BROKEN.items() for write in hands]


@pytest.mark.parametrize(("rule", "write"), CASES, ids=[write.__name__ for _, write in CASES])
def test_the_database_refuses(hand: Hand, rule: str, write: Callable[[Hand], None]) -> None:
    with pytest.raises(IntegrityError, match=rule), hand.connection.begin_nested():
        write(hand)


def test_every_rule_is_broken_by_some_hand() -> None:
    assert list(BROKEN) == [message for message, _, _ in _ENTRY_RULES]


def test_the_database_takes_what_keeps_the_rules(hand: Hand) -> None:
    notice_id = hand.notice()
    payment = hand.payment(notice_id=notice_id)
    hand.correction("not_sale", NO_SALE, payment)
    hand.correction("sale", A_SALE, payment, step=2)
    hand.correction("not_sale", NO_SALE, payment, step=3)
    hand.correction("reversal", {"bank": -5, "other": 5}, payment, step=4)
    again = hand.payment(notice_id=notice_id, turn=2, book_id=hand.other_book_id)
    typed = hand.entry("typed", TYPED, book_id=hand.other_book_id)
    undone = {"other": -5, "sales": 5}
    hand.correction("reversal", undone, typed, origin="typed", confirms=again, book_id=hand.other_book_id)
    hand.entry("count", {"cash": 7, "sales": -7})
    hand.entry("count", {"cash": -7, "other": 7})
    assert hand.connection.execute(select(func.count()).select_from(ENTRY)).scalar_one() == 10


@pytest.mark.parametrize(
    ("constraint", "kind", "changes"),
    [
        ("kind", "gift", {}),
        ("notice", "payment", {"counted": 1}),
        ("turn", "cash", {"turn": 1}),
        ("step", "cash", {"step": 1}),
        ("concerns", "cash", {"concerns": 1, "step": 1, "origin": "payment", "counted": 1}),
        ("confirms", "cash", {"confirms": 1}),
    ],
    ids=str,
)
def test_no_entry_can_be_such_a_row(hand: Hand, constraint: str, kind: str, changes: dict[str, Any]) -> None:
    assert hand.payment() == 1
    with pytest.raises(IntegrityError, match=f"ck_entry_{constraint}"), hand.connection.begin_nested():
        hand.entry(kind, CASH, **changes)


@pytest.mark.parametrize(("constraint", "legs"), [("amount", {"other": 0}), ("account", {"gift": 5})], ids=str)
def test_no_leg_can_be_such_a_row(hand: Hand, constraint: str, legs: dict[str, int]) -> None:
    with pytest.raises(IntegrityError, match=f"ck_posting_{constraint}"), hand.connection.begin_nested():
        hand.entry("cash", {**CASH, **legs})


def test_a_payment_confirms_one_typed_sale_at_most(hand: Hand) -> None:
    payment, one, two = hand.payment(), hand.entry("typed", TYPED), hand.entry("typed", TYPED)
    undone = {"other": -5, "sales": 5}
    hand.correction("reversal", undone, one, origin="typed", confirms=payment)
    with pytest.raises(IntegrityError), hand.connection.begin_nested():
        hand.correction("reversal", undone, two, origin="typed", confirms=payment)


def test_a_client_key_is_used_once_in_a_book(hand: Hand) -> None:
    hand.entry("cash", CASH, client_key="phone-0001")
    hand.entry("cash", CASH, client_key="phone-0001", book_id=hand.other_book_id)
    with pytest.raises(IntegrityError), hand.connection.begin_nested():
        hand.entry("cash", CASH, client_key="phone-0001")
