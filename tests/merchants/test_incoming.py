"""A stall's payments one by one: its own people see them, in order, and nobody else."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from ledger import books
from ledger.inbox.notice import Notice
from merchants import incoming
from merchants.payments import Source, take
from merchants.stalls import StallRow
from merchants.takings import Actor, NotYours, daily_takings

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture
def pay(session: Session, channel: Source, told: Callable[..., Notice]) -> Callable[..., int]:
    """A customer pays and the bank tells."""

    def paid(stall: StallRow, amount: int, **more: object) -> int:
        [outcome] = take(session, channel, "hook", [(told(stall, amount, **more), b"{}")], NOW)
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
