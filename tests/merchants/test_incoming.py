"""A stall's payments one by one: its own people see them, in order, and nobody else."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from ledger import books
from ledger.inbox.notice import Notice
from merchants import incoming
from merchants.payment_codes import make_payment_code
from merchants.payments import Source, take
from merchants.stalls import StallRow, change_account, rename_account
from merchants.takings import Actor, NotYours, daily_takings

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture
def pay(session: Session, channel: Source, told: Callable[..., Notice]) -> Callable[..., int]:
    """A customer pays and the bank tells."""

    def paid(stall: StallRow, amount: int, at: datetime | None = NOW, **more: Any) -> int:
        notice = told(stall, amount, at=at or NOW, **more)._replace(at=at)
        [outcome] = take(session, channel, "hook", [(notice, b"{}")], NOW)
        assert outcome.entry_id is not None
        return outcome.entry_id

    return paid


def test_the_newest_come_first(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    for amount in (10_000, 20_000, 30_000):
        pay(huong, amount)
    found = incoming.newest(session, huong_herself, huong.id, 2)
    assert [(payment.number, payment.amount) for payment in found] == [(3, 30_000), (2, 20_000)]


def test_after_a_number_nothing_is_missed_and_nothing_comes_twice(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    for amount in range(1, 8):
        pay(huong, amount * 1_000)
    seen: list[int] = []
    cursor = 0
    while len(seen) < 7:
        found, cursor = incoming.after(session, huong_herself, huong.id, cursor, 3)
        seen += [payment.number for payment in found]
    assert seen == [1, 2, 3, 4, 5, 6, 7]


def test_the_cursor_passes_corrections(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    entry = pay(huong, 10_000)
    books.reverse(session, books.load_group(session, entry), reason="wrong", login_id=None, now=NOW)
    found, cursor = incoming.after(session, huong_herself, huong.id, 1, 50)
    assert (found, cursor) == ([], 2)
    [first] = incoming.newest(session, huong_herself, huong.id, 5)
    assert first.correction == "reversal"


def test_the_other_stalls_payments_are_not_among_them(
    session: Session, huong: StallRow, tu: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    pay(tu, 10_000)
    assert incoming.newest(session, huong_herself, huong.id, 5) == []
    assert incoming.last_number(session, huong_herself, huong.id) == 0


def test_a_board_never_sees_who_paid(session: Session, huong: StallRow, board: Actor) -> None:
    for ask in (
        lambda: incoming.newest(session, board, huong.id, 5),
        lambda: incoming.after(session, board, huong.id, 0, 5),
        lambda: incoming.numbered(session, board, huong.id, 1),
        lambda: incoming.answer_to(session, board, huong.id, "A2345678"),
        lambda: incoming.last_number(session, board, huong.id),
    ):
        with pytest.raises(NotYours):
            ask()


def test_takings_come_day_by_day(
    session: Session, huong: StallRow, huong_herself: Actor, board: Actor, pay: Callable[..., int]
) -> None:
    day = NOW.date()
    pay(huong, 10_000)
    pay(huong, 20_000)
    found = daily_takings(session, huong_herself, huong.id, day, day)
    assert {when: (sums.transactions, sums.cashless) for when, sums in found.items()} == {day: (2, 30_000)}
    with pytest.raises(NotYours):
        daily_takings(session, board, huong.id, day, day)


# What is booked as it is, and flagged.


def flags(session: Session, actor: Actor, stall: StallRow) -> list[set[str]]:
    """The flags of a stall's payments, the oldest first."""
    names = ("late", "again", "small", "former", "doubled")
    found = incoming.newest(session, actor, stall.id, 20)
    return [{name for name in names if getattr(payment, name)} for payment in reversed(found)]


@pytest.fixture
def code(session: Session, huong: StallRow) -> str:
    """A code of chị Hương's that asks for 50.000 đ for an hour."""
    return make_payment_code(
        session,
        market_id=huong.market_id,
        stall_id=huong.id,
        amount=50_000,
        purpose="",
        expires_at=NOW + timedelta(hours=1),
        now=NOW,
        source=random.Random(1),
    )


def test_an_ordinary_payment_has_no_flag(
    session: Session, huong: StallRow, huong_herself: Actor, code: str, pay: Callable[..., int]
) -> None:
    pay(huong, 50_000, memo=code)
    pay(huong, 1_000)
    assert flags(session, huong_herself, huong) == [set(), set()]


def test_a_code_that_is_paid_twice_and_late_is_booked_and_flagged(
    session: Session, huong: StallRow, huong_herself: Actor, code: str, pay: Callable[..., int]
) -> None:
    pay(huong, 50_000, memo=code)
    pay(huong, 60_000, memo=code, at=NOW + timedelta(hours=2))
    assert flags(session, huong_herself, huong) == [set(), {"late", "again"}]
    [second, first] = incoming.newest(session, huong_herself, huong.id, 5)
    assert (first.verdict, second.verdict, second.amount) == ("exact", "over", 60_000)


def test_less_than_a_thousand_is_booked_and_flagged(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    pay(huong, 999)
    assert flags(session, huong_herself, huong) == [{"small"}]


def test_money_to_a_former_account_is_booked_and_flagged(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    pay(huong, 5_000, at=NOW - timedelta(hours=1))
    change_account(session, huong, bank_bin="970422", account_number="0999900009", account_name="", takes_effect=NOW)
    pay(huong, 6_000, at=NOW + timedelta(hours=1))
    pay(huong, 7_000, at=NOW + timedelta(hours=1), account_number="0999900009", bank="970422")
    assert flags(session, huong_herself, huong) == [set(), {"former"}, set()]


MAI = {"payer_name": "NGUYEN THI MAI", "payer_account": "123", "memo": "mua ca"}


def test_the_same_transfer_within_ten_minutes_is_flagged_once(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    pay(huong, 50_000, **MAI)
    pay(huong, 50_000, **MAI, at=NOW + timedelta(minutes=10))
    assert flags(session, huong_herself, huong) == [set(), {"doubled"}]


def test_a_transfer_is_doubled_across_midnight(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    midnight = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    pay(huong, 50_000, **MAI, at=midnight - timedelta(minutes=2))
    pay(huong, 50_000, **MAI, at=midnight + timedelta(minutes=2))
    assert flags(session, huong_herself, huong) == [set(), {"doubled"}]


@pytest.mark.parametrize(
    "changes",
    [
        {"at": NOW + timedelta(minutes=10, seconds=1)},
        {"at": None},
        {"amount": 50_001},
        {"payer_name": "LE HUNG"},
        {"payer_account": "124"},
        {"memo": "mua muc"},
    ],
    ids=str,
)
def test_a_transfer_that_differs_is_not_doubled(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int], changes: dict[str, Any]
) -> None:
    pay(huong, 50_000, **MAI)
    pay(huong, **{"amount": 50_000, **MAI, **changes})
    assert flags(session, huong_herself, huong) == [set(), set()]


def test_payers_that_the_bank_does_not_name_are_not_taken_for_one(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    for _ in range(2):
        pay(huong, 50_000, memo="mua ca")
    assert flags(session, huong_herself, huong) == [set(), set()]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("MBVCB.2.PHAM THANH SON chuyen tien", {"doubled"}),
        ("MBVCB.2.LE VAN TU chuyen tien", set()),
        ("MBVCB.2.mua ca", set()),
        ("PHAM THANH SON CK", {"doubled"}),
    ],
)
def test_where_the_bank_names_no_payer_the_name_in_the_memo_tells(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int], second: str, expected: set[str]
) -> None:
    pay(huong, 50_000, memo="MBVCB.1.PHAM THANH SON chuyen tien")
    pay(huong, 50_000, memo=second)
    assert flags(session, huong_herself, huong) == [set(), expected]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("DO AN SANG", "DO AN SANG"),
        ("tra tien ca toi 4500 TRAN THI HUONG", "mua tom toi 4500 TRAN THI HUONG"),
    ],
    ids=["words", "the payee"],
)
def test_what_is_no_payers_name_makes_nothing_doubled(
    session: Session, huong: StallRow, huong_herself: Actor, pay: Callable[..., int], first: str, second: str
) -> None:
    rename_account(session, huong.id, "Trần Thị Hương")
    for memo in (first, second):
        pay(huong, 50_000, memo=memo)
    assert flags(session, huong_herself, huong) == [set(), set()]


def test_a_transfer_to_another_stall_or_one_that_went_back_doubles_nothing(
    session: Session, huong: StallRow, tu: StallRow, huong_herself: Actor, pay: Callable[..., int]
) -> None:
    pay(tu, 50_000, **MAI)
    entry = pay(huong, 50_000, **MAI)
    books.reverse(session, books.load_group(session, entry), reason="back", login_id=None, now=NOW)
    pay(huong, 50_000, **MAI)
    assert flags(session, huong_herself, huong) == [set(), set()]


def test_what_a_code_asked_for_doubles_nothing(
    session: Session, huong: StallRow, huong_herself: Actor, code: str, pay: Callable[..., int]
) -> None:
    pay(huong, 50_000, **{**MAI, "memo": code})
    pay(huong, 50_000, **MAI)
    assert flags(session, huong_herself, huong) == [set(), set()]
