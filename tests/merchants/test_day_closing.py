"""Closing a stall's day: counted cash beside what the book says, what the difference was, and again after a change."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from ledger.books.cash_counts import CashCounted
from ledger.books.sums import Takings
from ledger.books.verify import verify
from ledger.refused import Refused
from market.db import Database
from merchants import cash, day_closing, settling
from merchants.stalls import StallRow
from merchants.takings import Actor, NotYours, takings
from tests.merchants.conftest import NOW, Desk

TODAY = date(2026, 11, 24)


@pytest.fixture
def herself(huong: StallRow) -> Actor:
    """Chị Hương, at her own stall."""
    return Actor(1, frozenset({huong.id}), helps=frozenset({huong.id}))


def sell(session: Session, actor: Actor, stall: StallRow, amount: int, key: str = "sale-0001") -> int:
    return cash.add(session, actor, stall, amount=amount, at=NOW, key=key, now=NOW).entry_id


def close(session: Session, actor: Actor, stall: StallRow, counted: int, **changes: Any) -> tuple[CashCounted, bool]:
    """Count the drawer, having looked at what should be there."""
    said: dict[str, Any] = {"float_amount": 100_000, "said": "open", "now": NOW, "day": TODAY, **changes}
    day = said.pop("day")
    seen = day_closing.drawer(session, actor, stall.id, day, said["float_amount"]).expected
    return day_closing.close_day(session, actor, stall, day, counted=counted, **{"seen": seen, **said})


def taken(session: Session, actor: Actor, stall: StallRow) -> Takings:
    return takings(session, actor, stall.id, TODAY, TODAY)


def holds(database: Database) -> list[str]:
    with database.reading() as session:
        return [finding.message for finding in verify(session).findings]


def test_the_drawer_should_hold_the_float_and_the_days_cash(
    session: Session, huong: StallRow, herself: Actor, desk: Desk
) -> None:
    sell(session, herself, huong, 50_000)
    desk.pay(huong, 70_000)
    assert day_closing.drawer(session, herself, huong.id, TODAY, 100_000) == day_closing.Drawer(100_000, 50_000)


def test_a_drawer_that_agrees_writes_a_count_and_no_entry(session: Session, huong: StallRow, herself: Actor) -> None:
    sell(session, herself, huong, 50_000)
    count, new = close(session, herself, huong, 150_000)
    assert new
    assert (count.version, count.difference, count.entry_id, count.found) == (1, 0, None, "")
    assert (count.expected, count.at_number, count.number) == (150_000, 1, 1)


@pytest.mark.parametrize(
    ("counted", "said", "found", "legs", "cash_sum"),
    [
        (170_000, "forgotten", "sales", {"cash": 20_000, "sales": -20_000}, 70_000),
        (170_000, "put_in", "other", {"cash": 20_000, "other": -20_000}, 50_000),
        (120_000, "taken_out", "other", {"cash": -30_000, "other": 30_000}, 50_000),
        (120_000, "lost", "other", {"cash": -30_000, "other": 30_000}, 50_000),
    ],
)
def test_a_difference_is_written_as_what_it_is_said_to_be(
    session: Session,
    huong: StallRow,
    herself: Actor,
    desk: Desk,
    counted: int,
    said: str,
    found: str,
    legs: dict[str, int],
    cash_sum: int,
) -> None:
    sell(session, herself, huong, 50_000)
    count, _ = close(session, herself, huong, counted, said=said)
    assert count.entry_id is not None
    assert (count.found, count.reason) == (found, day_closing.SAID[said][1])
    assert desk.legs(count.entry_id) == legs
    assert taken(session, herself, huong) == Takings(0, 0, 0, cash_sum)
    assert desk.count(huong) == 0


def test_a_difference_may_stay_open(session: Session, huong: StallRow, herself: Actor) -> None:
    sell(session, herself, huong, 50_000)
    count, _ = close(session, herself, huong, 120_000)
    assert (count.difference, count.entry_id) == (-30_000, None)


def test_asked_again_with_nothing_changed_it_is_the_same_count(
    session: Session, huong: StallRow, herself: Actor
) -> None:
    sell(session, herself, huong, 50_000)
    first, _ = close(session, herself, huong, 170_000, said="forgotten")
    again, new = close(session, herself, huong, 170_000, said="forgotten")
    assert (again, new) == (first, False)


def test_counted_again_it_is_the_next_version_and_the_entry_before_is_taken_back(
    session: Session, huong: StallRow, herself: Actor, desk: Desk
) -> None:
    sell(session, herself, huong, 50_000)
    close(session, herself, huong, 170_000, said="forgotten")
    count, new = close(session, herself, huong, 160_000, said="forgotten")
    assert (new, count.version, count.expected, count.difference) == (True, 2, 150_000, 10_000)
    assert taken(session, herself, huong).cash == 60_000
    assert [each.version for each in day_closing.closings(session, herself, huong.id, TODAY, TODAY)] == [2, 1]


def test_sold_after_the_count_it_is_known_and_the_next_count_expects_it(
    session: Session, huong: StallRow, herself: Actor
) -> None:
    count, _ = close(session, herself, huong, 100_000)
    sell(session, herself, huong, 30_000)
    assert day_closing.cash_since(session, herself, huong.id, count) == 30_000
    again, _ = close(session, herself, huong, 130_000)
    assert (again.version, again.difference) == (2, 0)


def test_an_entry_that_was_reversed_at_the_computer_is_not_reversed_again(
    session: Session, huong: StallRow, herself: Actor
) -> None:
    count, _ = close(session, herself, huong, 120_000, said="forgotten")
    assert count.entry_id is not None
    settling.reverse(session, None, count.entry_id, reason="wrong", reassign=False, login_id=None, now=NOW)
    again, _ = close(session, herself, huong, 130_000, said="forgotten")
    assert taken(session, herself, huong).cash == 30_000
    assert again.version == 2


def test_what_was_sold_while_the_page_was_open_is_shown_before_anything_is_written(
    session: Session, huong: StallRow, herself: Actor
) -> None:
    sell(session, herself, huong, 50_000)
    with pytest.raises(Refused) as refused:
        close(session, herself, huong, 150_000, seen=100_000, said="forgotten")
    assert refused.value.problems[0].kind == "moved"


def test_a_refused_recount_takes_nothing_back(session: Session, huong: StallRow, herself: Actor) -> None:
    sell(session, herself, huong, 50_000)
    first, _ = close(session, herself, huong, 170_000, said="forgotten")
    sell(session, herself, huong, 5_000, "sale-0002")
    with pytest.raises(Refused) as refused:
        close(session, herself, huong, 180_000, seen=150_000, said="forgotten")
    assert refused.value.problems[0].kind == "moved"
    assert taken(session, herself, huong).cash == 75_000
    assert day_closing.closings(session, herself, huong.id, TODAY, TODAY) == [first]


@pytest.mark.parametrize(
    ("counted", "said"), [(170_000, "lost"), (120_000, "forgotten"), (100_000, "forgotten"), (170_000, "nonsense")]
)
def test_an_answer_that_does_not_fit_the_difference_is_refused(
    session: Session, huong: StallRow, herself: Actor, counted: int, said: str
) -> None:
    if counted != 100_000:
        sell(session, herself, huong, 50_000)
    with pytest.raises(Refused):
        close(session, herself, huong, counted, said=said)


@pytest.mark.parametrize("changes", [{"counted": -1}, {"counted": 10**12}, {"float_amount": -1}])
def test_a_sum_that_cannot_be_is_refused(
    session: Session, huong: StallRow, herself: Actor, changes: dict[str, int]
) -> None:
    with pytest.raises(Refused):
        close(session, herself, huong, **{"counted": 100_000, **changes})


@pytest.mark.parametrize("days", [-8, 1])
def test_only_the_last_seven_days_are_closed(session: Session, huong: StallRow, herself: Actor, days: int) -> None:
    with pytest.raises(Refused) as refused:
        close(session, herself, huong, 100_000, day=TODAY + timedelta(days=days))
    assert refused.value.problems[0].kind == "day"


def test_yesterday_is_closed_in_the_morning(session: Session, huong: StallRow, herself: Actor) -> None:
    yesterday = TODAY - timedelta(days=1)
    count, _ = close(session, herself, huong, 130_000, day=yesterday, said="forgotten")
    assert count.day == yesterday
    assert takings(session, herself, huong.id, yesterday, yesterday).cash == 30_000


def test_the_float_is_remembered(session: Session, huong: StallRow, herself: Actor) -> None:
    assert day_closing.last_float(session, herself, huong.id) == 0
    close(session, herself, huong, 300_000, float_amount=300_000)
    assert day_closing.last_float(session, herself, huong.id) == 300_000


def test_nobody_but_the_holder_counts_or_sees_it(session: Session, huong: StallRow, board: Actor) -> None:
    helper = Actor(9, helps=frozenset({huong.id}))
    for actor in (helper, board, Actor(9)):
        with pytest.raises(NotYours):
            day_closing.drawer(session, actor, huong.id, TODAY, 0)
        with pytest.raises(NotYours):
            day_closing.closings(session, actor, huong.id, TODAY, TODAY)


def test_what_a_count_found_is_not_taken_back_by_itself(session: Session, huong: StallRow, herself: Actor) -> None:
    count, _ = close(session, herself, huong, 120_000, said="forgotten")
    with pytest.raises(Refused) as refused:
        cash.take_back(session, herself, huong, count.number, reason="Ghi hai lần", now=NOW)
    assert refused.value.problems[0].kind == "count"


# Whatever is done in whatever order, the books hold.

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), st.integers(1, 9)),
        st.tuples(st.just("take back"), st.integers(0, 5)),
        st.tuples(st.just("count"), st.integers(0, 60), st.integers(0, 9), st.integers(0, 2), st.integers(0, 1)),
    ),
    max_size=14,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=STEPS)
def walk(database: Database, stall: StallRow, keys: Any, steps: list[tuple[Any, ...]]) -> None:
    """Sell, take back and count at random; each step is known beforehand, and the books say so afterwards."""
    actor = Actor(1, frozenset({stall.id}), helps=frozenset({stall.id}))
    for step in steps:
        with database.writing() as session:
            before = taken(session, actor, stall).cash
            if step[0] == "sell":
                sell(session, actor, stall, step[1] * 1_000, next(keys))
                assert taken(session, actor, stall).cash == before + step[1] * 1_000
            elif step[0] == "take back":
                sold = [one for one in cash.on_day(session, actor, stall.id, TODAY, limit=6) if not one.undone]
                sold = [one for one in sold if one.kind == "cash"][step[1] :]
                if sold:
                    cash.take_back(session, actor, stall, sold[0].number, reason="Ghi hai lần", now=NOW)
                    assert taken(session, actor, stall).cash == before - sold[0].amount
            else:
                _, counted, float_amount, answer, days = step
                day = TODAY - timedelta(days=days)
                place = day_closing.drawer(session, actor, stall.id, day, float_amount * 1_000)
                answers = day_closing.answers(counted * 1_000 - place.expected)
                count, _ = day_closing.close_day(
                    session,
                    actor,
                    stall,
                    day,
                    counted=counted * 1_000,
                    float_amount=float_amount * 1_000,
                    seen=place.expected,
                    said=answers[answer % len(answers)],
                    now=NOW,
                )
                assert count.expected == place.expected
                assert count.difference == counted * 1_000 - place.expected
    assert holds(database) == []


def test_after_any_sales_undos_and_counts_the_books_hold(database: Database, huong: StallRow) -> None:
    numbers = iter(range(10**6))
    walk(database, huong, (f"sale-{number:06}" for number in numbers))
