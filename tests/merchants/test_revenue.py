"""A stall's revenue book: a line a day with its origins, corrections taken off, the sum proven; its people's alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from ledger import books
from ledger.books.correct import sale_legs
from ledger.books.post import Draft, lock, post
from ledger.books.sales import sales_sum
from ledger.days import local_date
from ledger.inbox.notice import Notice
from ledger.refused import Refused
from market.db import Database
from merchants import settling
from merchants.consents import record_consent
from merchants.payments import Source, take
from merchants.periods import Period
from merchants.revenue import ORIGINS, Disagrees, Revenue, revenue, revenue_year
from merchants.stalls import NewStall, StallRow, find_stall, register
from merchants.takings import Actor, NotYours
from tests.merchants.conftest import Desk

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
NOVEMBER = Period("month", 2026, 11)


def count_in(session: Session, stall: StallRow, amount: int, day: date = TODAY) -> int:
    """Cash that was counted in the evening and nobody had entered."""
    at = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
    draft = Draft(stall.book_id, "count", sale_legs("cash", amount), day, at)
    return post(session, lock(session, {stall.book_id}), [draft], recorded_at=at)[0].entry_id


@pytest.fixture
def kept_book(session: Session, huong: StallRow, huong_herself: Actor) -> Callable[..., Revenue]:
    """Chị Hương's revenue book of November, or of another period."""

    def made(period: Period = NOVEMBER) -> Revenue:
        return revenue(session, huong_herself, huong.id, period, now=NOW)

    return made


def test_a_day_is_one_line_whose_parts_say_where_the_money_came_in(
    desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]
) -> None:
    desk.pay(huong, 50_000)
    desk.pay(huong, 20_000)
    desk.type_in(huong, 7_000)
    desk.type_in(huong, 3_000, "phone-0002", cash=True)
    count_in(desk.session, huong, 500)
    [line] = kept_book().lines
    assert (line.day, line.amount) == (TODAY, 80_500)
    assert [(part.origin, part.amount, part.times) for part in line.parts] == [
        ("payment", 70_000, 2),
        ("typed", 7_000, 1),
        ("cash", 3_000, 1),
        ("count", 500, 1),
    ]


def test_lines_stand_in_the_order_of_their_days(desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]) -> None:
    for days in (1, 3, 2):
        at = NOW - timedelta(days=days)
        desk.pay(huong, days, at=at, local_date=local_date(at))
    assert [line.day.day for line in kept_book().lines] == [21, 22, 23]


def test_what_was_reversed_stands_in_no_line(desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]) -> None:
    desk.reverse(desk.pay(huong, 50_000))
    assert kept_book().lines == ()
    assert kept_book().total == 0


def test_what_was_no_sale_stands_in_no_line_and_is_told_apart(
    desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]
) -> None:
    desk.pay(huong, 50_000)
    desk.not_sale(desk.pay(huong, 8_000))
    made = kept_book()
    assert (made.total, made.not_sale) == (50_000, (8_000, 1))


def test_money_that_was_a_sale_after_all_is_back(
    desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]
) -> None:
    entry = desk.pay(huong, 8_000)
    desk.not_sale(entry)
    desk.sale(entry)
    assert (kept_book().total, kept_book().not_sale) == (8_000, (0, 0))


def test_what_was_no_sale_and_went_back_is_nowhere(
    desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]
) -> None:
    entry = desk.pay(huong, 8_000)
    desk.not_sale(entry)
    desk.reverse(entry)
    assert (kept_book().total, kept_book().not_sale) == (0, (0, 0))


def test_a_correction_in_november_takes_october_money_off_october(
    desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]
) -> None:
    at = NOW - timedelta(days=30)
    entry = desk.pay(huong, 9_000, at=at, local_date=local_date(at))
    october = Period("month", 2026, 10)
    assert kept_book(october).total == 9_000
    desk.reverse(entry)
    assert kept_book(october).total == kept_book().total == 0


def test_a_typed_sale_that_the_bank_confirms_counts_once(
    desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]
) -> None:
    typed = desk.type_in(huong, 50_000)
    desk.confirm(typed, desk.pay(huong, 50_000))
    made = kept_book()
    assert made.total == 50_000
    assert made.by_origin == {"payment": (50_000, 1), "typed": (0, 0), "cash": (0, 0), "count": (0, 0)}


def test_the_book_names_its_last_entry_and_its_head(
    desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]
) -> None:
    empty = kept_book()
    assert (empty.entries, empty.head) == (0, "")
    desk.pay(huong, 50_000)
    made = kept_book()
    head = desk.session.connection().execute(text("SELECT hash FROM entry ORDER BY number DESC")).scalars().first()
    assert (made.entries, made.head, made.made_at) == (1, head, NOW)


@pytest.mark.parametrize("who", ["tu_himself", "board", "stranger"])
def test_nobody_else_gets_it(
    request: pytest.FixtureRequest, session: Session, huong: StallRow, tu: StallRow, who: str
) -> None:
    actor = request.getfixturevalue(who)
    with pytest.raises(NotYours):
        revenue(session, actor, huong.id, NOVEMBER, now=NOW)
    with pytest.raises(NotYours):
        revenue_year(session, actor, huong.id, 2026, TODAY)


def test_a_board_that_may_see_amounts_does_not_get_it_either(session: Session, huong: StallRow, board: Actor) -> None:
    record_consent(
        session, market_id=huong.market_id, stall_id=huong.id, given=True, text_version="1", login_id=1, now=NOW
    )
    with pytest.raises(NotYours):
        revenue(session, board, huong.id, NOVEMBER, now=NOW)


def test_no_document_is_made_where_a_days_total_is_wrong(
    desk: Desk, huong: StallRow, kept_book: Callable[..., Revenue]
) -> None:
    desk.pay(huong, 50_000)
    desk.session.connection().execute(text("UPDATE day_total SET cash_sum = cash_sum + 1"))
    with pytest.raises(Disagrees, match=r"lines make 50000 đồng.*day totals 50001; run `ledger verify`"):
        kept_book()


def test_an_entry_that_comes_between_two_looks_is_in_all_of_it_or_in_nothing(
    database: Database,
    channel: Source,
    huong: StallRow,
    huong_herself: Actor,
    told: Callable[..., Notice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def and_meanwhile(*asked: Any) -> int:
        monkeypatch.setattr("merchants.revenue.sales_sum", sales_sum)
        with database.writing() as writing:
            take(writing, channel, "hook", [(told(huong, 50_000), b"{}")], NOW)
        return sales_sum(*asked)

    with database.writing() as writing:
        take(writing, channel, "hook", [(told(huong, 20_000), b"{}")], NOW)
    monkeypatch.setattr("merchants.revenue.sales_sum", and_meanwhile)
    with database.reading() as reading:
        made = revenue(reading, huong_herself, huong.id, NOVEMBER, now=NOW)
    assert (made.entries, made.total) in ((1, 20_000), (2, 70_000))


# The year.


def test_the_year_is_told_by_month_up_to_today(desk: Desk, huong: StallRow, huong_herself: Actor) -> None:
    for days in (0, 20, 40, 400):
        at = NOW - timedelta(days=days)
        desk.pay(huong, 1_000 + days, at=at, local_date=local_date(at))
    year = revenue_year(desk.session, huong_herself, huong.id, 2026, TODAY)
    assert year.months == (0,) * 9 + (1_040, 2_020)
    assert year.total == 3_060
    before = revenue_year(desk.session, huong_herself, huong.id, 2025, TODAY)
    assert (len(before.months), before.total) == (12, 1_400)


def test_the_year_is_measured_by_the_level_of_its_own_time(
    session: Session, huong: StallRow, huong_herself: Actor
) -> None:
    level = revenue_year(session, huong_herself, huong.id, 2026, TODAY).level
    assert level is not None
    assert level.amount == 1_000_000_000
    assert revenue_year(session, huong_herself, huong.id, 2025, TODAY).level is None


# Whatever a stall does, in whatever order.

DAYS = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1), date(2026, 12, 31)]
PERIODS = [
    *(Period("month", 2026, month) for month in (9, 10, 11, 12)),
    Period("quarter", 2026, 3),
    Period("quarter", 2026, 4),
    Period("year", 2026, 1),
]
ACTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(ORIGINS), st.integers(1, 10**9), st.sampled_from(DAYS)),
        st.tuples(st.sampled_from(("reverse", "not_sale", "sale")), st.integers(0, 30), st.none()),
    ),
    max_size=25,
)


@dataclass
class Done:
    """A first entry as the test remembers it."""

    entry: int
    origin: str
    amount: int
    day: date
    state: str = "sale"


@dataclass
class Stallholder:
    """Somebody who sells and corrects in a new book, and remembers what should have become of it."""

    session: Session
    channel: Source
    told: Callable[..., Notice]
    stall: StallRow
    done: list[Done] = field(default_factory=list)

    def sell(self, origin: str, amount: int, day: date) -> None:
        at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        if origin == "payment":
            notice = self.told(self.stall, amount, at=at)
            [outcome] = take(self.session, self.channel, "hook", [(notice, b"{}")], NOW)
            assert outcome.entry_id is not None
            entry = outcome.entry_id
        elif origin == "count":
            entry = count_in(self.session, self.stall, amount, day)
        else:
            posted, _ = books.enter_sale(
                self.session,
                book_id=self.stall.book_id,
                amount=amount,
                cash=origin == "cash",
                occurred_at=at,
                client_key=f"phone-{len(self.done):04}",
                login_id=1,
                memo="",
                now=NOW,
            )
            entry = posted.entry_id
        self.done.append(Done(entry, origin, amount, day))

    def correct(self, act: str, place: int) -> None:
        if not self.done:
            return
        one = self.done[place % len(self.done)]
        try:
            if act == "reverse":
                group = books.load_group(self.session, one.entry)
                books.reverse(self.session, group, reason="", login_id=1, now=NOW)
            else:
                mark = settling.mark_not_sale if act == "not_sale" else settling.mark_sale
                mark(self.session, None, one.entry, reason="", login_id=1, now=NOW)
            one.state = act
        except Refused:
            pass


@given(acts=ACTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_book_is_what_was_sold_and_not_taken_back(
    session: Session, channel: Source, told: Callable[..., Notice], acts: list[tuple[str, int, date | None]]
) -> None:
    with session.begin_nested() as nested:
        new = NewStall("H-99", "Sạp H-99", "", "", "", "", "970436", "0777712345", "")
        register(session, channel.market_id, [new], source=Random(1), now=NOW)
        holder = Stallholder(session, channel, told, find_stall(session, channel.market_id, "H-99"))
        for act, value, day in acts:
            if day is None:
                holder.correct(act, value)
            else:
                holder.sell(act, value, day)
        actor = Actor(1, frozenset({holder.stall.id}))
        for period in PERIODS:
            made = revenue(session, actor, holder.stall.id, period, now=NOW)
            inside = [one for one in holder.done if period.first <= one.day <= period.last]
            sold = [one for one in inside if one.state == "sale"]
            assert made.total == sum(one.amount for one in sold)
            for origin in ORIGINS:
                amounts = [one.amount for one in sold if one.origin == origin]
                assert made.by_origin[origin] == (sum(amounts), len(amounts))
                for line in made.lines:
                    assert line.of(origin) == sum(o.amount for o in sold if (o.origin, o.day) == (origin, line.day))
            assert {line.day for line in made.lines} == {one.day for one in sold}
            away = [one.amount for one in inside if one.state == "not_sale"]
            assert made.not_sale == (sum(away), len(away))
        nested.rollback()
