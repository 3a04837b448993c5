"""A stall's amounts, and who may see them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from ledger import books
from ledger.books import counts
from ledger.books.sums import Takings
from ledger.inbox.notice import Notice
from merchants import settling
from merchants.consents import VERSION, record_consent
from merchants.payments import Source, take
from merchants.stalls import StallRow
from merchants.takings import (
    FEWEST,
    Actor,
    NotYours,
    Shared,
    shared_by_day,
    shared_by_stall,
    shared_entries,
    sum_of,
    takings,
)

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
FIRST, LAST, DAY = date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 24)
Told = Callable[..., Notice]


@pytest.fixture
def sold(session: Session, channel: Source, huong: StallRow, told: Told) -> Session:
    """Chị Hương took 50.000 and 20.000 by bank, 7.000 typed and 3.000 in cash in November, and 9.000 on 31 October."""
    october = told(huong, 9_000, at=datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    paid = [told(huong, 50_000), told(huong, 20_000), october]
    take(session, channel, "hook", [(notice, b"{}") for notice in paid], NOW)
    for key, amount, cash in (("phone-0001", 7_000, False), ("phone-0002", 3_000, True)):
        books.enter_sale(
            session,
            book_id=huong.book_id,
            amount=amount,
            cash=cash,
            occurred_at=None,
            client_key=key,
            login_id=1,
            memo="",
            now=NOW,
        )
    return session


def consent(session: Session, stall: StallRow, given: bool, at: datetime = NOW) -> None:
    record_consent(
        session, market_id=stall.market_id, stall_id=stall.id, given=given, text_version=VERSION, login_id=1, now=at
    )


def test_the_owner_sees_what_her_stall_took(sold: Session, huong: StallRow, huong_herself: Actor) -> None:
    taken = takings(sold, huong_herself, huong.id, FIRST, LAST)
    assert taken == Takings(transactions=2, cashless=70_000, typed=7_000, cash=3_000)


def test_both_days_are_inside(sold: Session, huong: StallRow, huong_herself: Actor) -> None:
    assert takings(sold, huong_herself, huong.id, date(2026, 10, 31), date(2026, 10, 31)).cashless == 9_000
    assert takings(sold, huong_herself, huong.id, date(2026, 11, 24), date(2026, 11, 24)).cashless == 70_000
    assert takings(sold, huong_herself, huong.id, date(2026, 11, 25), LAST) == Takings(0, 0, 0, 0)


def test_another_stallholder_sees_nothing(sold: Session, huong: StallRow, tu_himself: Actor) -> None:
    with pytest.raises(NotYours):
        takings(sold, tu_himself, huong.id, FIRST, LAST)


def test_a_stranger_sees_nothing(sold: Session, huong: StallRow, stranger: Actor) -> None:
    with pytest.raises(NotYours):
        takings(sold, stranger, huong.id, FIRST, LAST)


def test_the_board_sees_nothing_without_consent(sold: Session, huong: StallRow, board: Actor) -> None:
    for look in (shared_by_day, shared_entries):
        with pytest.raises(NotYours):
            look(sold, board, huong.id, FIRST, LAST)
    assert shared_by_stall(sold, board, huong.market_id, FIRST, LAST) == {}


def test_the_board_sees_what_the_stall_agreed_to_share_and_no_cash(
    sold: Session, huong: StallRow, board: Actor
) -> None:
    consent(sold, huong, given=True)
    seen = Shared(DAY, transactions=2, cashless=70_000)
    assert shared_by_day(sold, board, huong.id, FIRST, LAST) == {DAY: seen}
    assert shared_by_stall(sold, board, huong.market_id, FIRST, LAST) == {huong.id: seen}
    assert sorted(shared_entries(sold, board, huong.id, FIRST, LAST).values()) == [20_000, 50_000]


def test_even_with_consent_what_is_the_stalls_own_stays_its_own(sold: Session, huong: StallRow, board: Actor) -> None:
    consent(sold, huong, given=True)
    with pytest.raises(NotYours):
        takings(sold, board, huong.id, FIRST, LAST)


def test_the_board_sees_the_day_of_the_consent_and_none_before(
    sold: Session, huong: StallRow, channel: Source, told: Told, board: Actor
) -> None:
    before = told(huong, 11_000, at=NOW - timedelta(days=1))
    take(sold, channel, "hook", [(before, b"{}")], NOW)
    consent(sold, huong, given=True, at=NOW + timedelta(hours=8))
    first = date(2026, 1, 1)
    assert set(shared_by_day(sold, board, huong.id, first, LAST)) == {DAY}
    assert shared_by_stall(sold, board, huong.market_id, first, LAST)[huong.id].cashless == 70_000
    assert sum(shared_entries(sold, board, huong.id, first, LAST).values()) == 70_000


def test_a_day_on_which_only_cash_was_typed_is_not_told(sold: Session, huong: StallRow, board: Actor) -> None:
    consent(sold, huong, given=True)
    later = NOW + timedelta(days=1)
    books.enter_sale(
        sold,
        book_id=huong.book_id,
        amount=8_000,
        cash=True,
        occurred_at=later,
        client_key="phone-0003",
        login_id=1,
        memo="",
        now=later,
    )
    assert set(shared_by_day(sold, board, huong.id, FIRST, LAST)) == {DAY}


def test_the_consent_of_one_stall_opens_no_other(sold: Session, huong: StallRow, tu: StallRow, board: Actor) -> None:
    consent(sold, tu, given=True)
    with pytest.raises(NotYours):
        shared_by_day(sold, board, huong.id, FIRST, LAST)
    assert set(shared_by_stall(sold, board, huong.market_id, FIRST, LAST)) == {tu.id}


def test_the_board_of_another_market_sees_nothing_even_with_consent(
    other_board: Actor, sold: Session, huong: StallRow
) -> None:
    consent(sold, huong, given=True)
    with pytest.raises(NotYours):
        shared_by_day(sold, other_board, huong.id, FIRST, LAST)
    with pytest.raises(NotYours):
        shared_by_stall(sold, other_board, huong.market_id, FIRST, LAST)


def test_nobody_else_sees_anything_by_the_boards_consent(
    sold: Session, huong: StallRow, tu_himself: Actor, stranger: Actor
) -> None:
    consent(sold, huong, given=True)
    for actor in (tu_himself, stranger):
        with pytest.raises(NotYours):
            shared_by_day(sold, actor, huong.id, FIRST, LAST)
        with pytest.raises(NotYours):
            takings(sold, actor, huong.id, FIRST, LAST)


def test_when_it_is_withdrawn_nothing_is_seen_not_even_of_the_days_before(
    sold: Session, huong: StallRow, board: Actor
) -> None:
    consent(sold, huong, given=True)
    consent(sold, huong, given=False, at=NOW + timedelta(minutes=1))
    for look in (shared_by_day, shared_entries):
        with pytest.raises(NotYours):
            look(sold, board, huong.id, FIRST, LAST)
    assert shared_by_stall(sold, board, huong.market_id, FIRST, LAST) == {}


def test_given_again_it_begins_anew(sold: Session, huong: StallRow, board: Actor) -> None:
    consent(sold, huong, given=True)
    consent(sold, huong, given=False, at=NOW + timedelta(days=1))
    consent(sold, huong, given=True, at=NOW + timedelta(days=2))
    assert shared_by_day(sold, board, huong.id, FIRST, LAST) == {}


def test_stalls_that_share_nothing_of_these_days_are_not_among_them(
    sold: Session, huong: StallRow, board: Actor
) -> None:
    consent(sold, huong, given=True)
    assert shared_by_stall(sold, board, huong.market_id, date(2026, 10, 1), date(2026, 10, 31)) == {}


def test_a_payment_that_is_taken_back_leaves_what_is_shared(sold: Session, huong: StallRow, board: Actor) -> None:
    consent(sold, huong, given=True)
    entry = next(iter(shared_entries(sold, board, huong.id, FIRST, LAST)))
    settling.reverse(sold, huong.market_id, entry, reason="went back", reassign=False, login_id=1, now=NOW)
    changes = shared_entries(sold, board, huong.id, FIRST, LAST)
    assert sum(changes.values()) == shared_by_day(sold, board, huong.id, FIRST, LAST)[DAY].cashless < 70_000


def test_fewer_than_five_stalls_have_no_sum() -> None:
    stalls = {number: Shared(DAY, 1, 1_000) for number in range(FEWEST)}
    assert sum_of(stalls) == 5_000
    del stalls[0]
    assert sum_of(stalls) is None


def test_no_type_that_boards_read_has_a_place_for_an_amount() -> None:
    types = [value for value in vars(counts).values() if hasattr(value, "__dataclass_fields__")]
    names = {name for each in types for name in each.__dataclass_fields__}
    assert types
    assert not [name for name in names if any(word in name for word in ("amount", "sum", "cash", "memo", "total"))]


def test_no_page_and_no_command_asks_the_books_for_a_sum_by_itself() -> None:
    files = list((Path(__file__).parents[2] / "market").rglob("*.py"))
    # The type that a sum has asks nothing.
    asking = re.compile(
        r"ledger\.books\.sums(?! import Takings$)|from ledger\.books import .*\bsums\b|DAY_TOTAL\.c\.\w+_sum",
        re.MULTILINE,
    )
    assert len(files) > 100
    assert [file.name for file in files if asking.search(file.read_text("utf-8"))] == []
