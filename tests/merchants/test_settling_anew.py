"""Decisions about many notices at once, and what becomes of a typed sale whose payment was another stall's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ledger.books.model import ENTRY
from ledger.books.sums import Takings
from merchants import settling
from merchants.payments import Source, take
from merchants.stalls import StallRow, find_stall, set_coded_only
from tests.merchants.conftest import Desk

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=9)


def test_a_payment_that_was_anothers_leaves_the_typed_sale_it_confirmed_to_stand_again(
    desk: Desk, huong: StallRow
) -> None:
    payment = desk.pay(huong, 50_000)
    desk.confirm(desk.type_in(huong, 50_000), payment)
    anew = desk.reverse(payment, "rice, not fish", reassign=True).typed_anew
    assert desk.takings(huong) == Takings(0, 0, 50_000, 0)
    row = desk.session.connection().execute(select(ENTRY).where(ENTRY.c.id == anew)).one()
    assert (row.kind, row.occurred_at, row.client_key) == ("typed", NOW, f"again-{payment:08}")
    assert desk.note(row.id) == f"entry 2 once more: payment {payment}, which confirmed it, was not the stall's"


def test_a_typed_sale_that_was_typed_anew_is_confirmed_by_its_own_payment(desk: Desk, huong: StallRow) -> None:
    wrong, right = desk.pay(huong, 50_000), desk.pay(huong, 50_000)
    desk.confirm(desk.type_in(huong, 50_000), wrong)
    anew = desk.reverse(wrong, "rice, not fish", reassign=True).typed_anew
    assert anew is not None
    desk.confirm(anew, right)
    assert desk.takings(huong) == Takings(1, 50_000, 0, 0)


def test_a_payment_that_comes_back_as_no_sale_leaves_the_sale_typed_anew_to_stand(desk: Desk, huong: StallRow) -> None:
    payment = desk.pay(huong, 50_000, memo="tien ca")
    desk.confirm(desk.type_in(huong, 50_000), payment)
    desk.reverse(payment, "rice, not fish", reassign=True)
    set_coded_only(desk.session, huong.id, on=True)
    coded_only = find_stall(desk.session, desk.market_id, huong.code)
    assert desk.assign(desk.notice_of(payment), coded_only, "fish after all").status == "recorded"
    assert desk.takings(huong) == Takings(0, 0, 50_000, 0)


def test_where_the_money_went_back_the_typed_sale_stays_reversed(desk: Desk, huong: StallRow) -> None:
    payment = desk.pay(huong, 50_000)
    desk.confirm(desk.type_in(huong, 50_000), payment)
    assert desk.reverse(payment).typed_anew is None
    assert desk.takings(huong) == Takings(0, 0, 0, 0)


def test_a_payment_that_confirmed_nothing_types_nothing_anew(desk: Desk, huong: StallRow) -> None:
    assert desk.reverse(desk.pay(huong, 50_000), reassign=True).typed_anew is None
    assert desk.takings(huong) == Takings(0, 0, 0, 0)


@pytest.fixture
def sharing(add_stall: Callable[..., StallRow], market_id: int, huong: StallRow) -> StallRow:
    """A stall paid to chị Hương's own account."""
    return add_stall(market_id, "C-02", huong.bin, huong.account_number)


def test_one_more_payment_told_by_a_stalls_own_channel_is_that_stalls(
    sharing: StallRow, desk: Desk, huong: StallRow
) -> None:
    desk.lose(huong, 50_000)
    own = Source(desk.channel.channel_id, desk.market_id, huong.id)
    take(desk.session, own, "hook", [(desk.told(huong, 50_000), b"{}")], NOW)
    line = desk.told(huong, 50_000, bank_reference="")
    [held] = take(desk.session, own, "statement", [(line, b"")], NOW)
    assert held.status == "held"
    assert held.notice_id is not None
    [outcome] = settling.another(desk.session, desk.market_id, [held.notice_id], sources=[own], login_id=7, now=LATER)
    assert outcome.status == "recorded"
    assert (desk.count(huong), desk.count(sharing)) == (2, 0)


def hold(desk: Desk, stall: StallRow, *amounts: int) -> list[int]:
    """Lines of one statement that are held; gives their notices."""
    lines = [(desk.told(stall, amount, bank_reference=""), b"") for amount in amounts]
    outcomes = take(desk.session, desk.channel, "statement", lines, NOW)
    assert {outcome.status for outcome in outcomes} == {"held"}
    return [outcome.notice_id for outcome in outcomes if outcome.notice_id is not None]


def test_of_a_whole_file_only_what_was_told_before_is_settled(desk: Desk, huong: StallRow) -> None:
    desk.pay(huong, 20_000)
    desk.pay(huong, 50_000)
    first, second, other = hold(desk, huong, 50_000, 50_000, 20_000)
    outcomes = settling.same_where_told(desk.session, desk.market_id, [first, second, other])
    assert {outcome.notice_id: outcome.status for outcome in outcomes} == {
        first: "duplicate",
        second: "held",
        other: "duplicate",
    }
    assert (desk.status(second), desk.count(huong)) == ("held", 2)


def test_many_more_payments_are_booked_in_one_go(desk: Desk, huong: StallRow) -> None:
    desk.pay(huong, 20_000)
    desk.pay(huong, 50_000)
    held = hold(desk, huong, 50_000, 20_000)
    outcomes = settling.another(desk.session, desk.market_id, held, sources=[desk.channel], login_id=7, now=LATER)
    assert [outcome.status for outcome in outcomes] == ["recorded", "recorded"]
    assert desk.count(huong) == 4
