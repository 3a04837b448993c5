"""What people decide about payments, and every decision that is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from ledger.books.model import ENTRY
from ledger.books.sums import Takings
from ledger.refused import Refused
from merchants.payments import take
from merchants.stalls import StallRow
from tests.merchants.conftest import Desk

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=9)


def test_an_unmatched_notice_is_booked_to_the_stall_it_is_assigned_to(desk: Desk, huong: StallRow) -> None:
    notice_id = desk.lose(huong, 50_000)
    outcome = desk.assign(notice_id, huong, "she showed the app")
    assert (outcome.status, desk.status(notice_id)) == ("recorded", "recorded")
    assert desk.takings(huong) == Takings(1, 50_000, 0, 0)
    assert outcome.entry_id is not None
    assert desk.note(outcome.entry_id) == "she showed the app"


def test_an_assigned_payment_has_its_own_day_and_time(desk: Desk, huong: StallRow) -> None:
    outcome = desk.assign(desk.lose(huong, 50_000), huong)
    row = desk.session.connection().execute(select(ENTRY).where(ENTRY.c.id == outcome.entry_id)).one()
    assert (row.booked_on, row.occurred_at, row.recorded_at) == (date(2026, 11, 24), NOW, LATER)
    assert (row.turn, row.login_id) == (1, 7)


def test_assigning_needs_a_notice_of_the_market(desk: Desk, huong: StallRow, other_market_id: int) -> None:
    notice_id = desk.lose(huong, 50_000)
    with pytest.raises(Refused, match=f"the market has no notice {notice_id}"):
        desk.assign(notice_id, huong, market_id=other_market_id)
    with pytest.raises(Refused, match="the market has no notice 999"):
        desk.assign(999, huong)


def test_a_recorded_notice_is_not_assigned(desk: Desk, huong: StallRow, tu: StallRow) -> None:
    notice_id = desk.notice_of(desk.pay(huong, 50_000))
    with pytest.raises(Refused, match="is recorded; reverse its entry with --reassign first"):
        desk.assign(notice_id, tu)


def test_a_held_notice_is_not_assigned(desk: Desk, huong: StallRow) -> None:
    desk.pay(huong, 50_000)
    line = desk.told(huong, 50_000, bank_reference="")
    [held] = take(desk.session, desk.channel, "statement", [(line, b"")], NOW)
    assert held.notice_id is not None
    with pytest.raises(Refused, match="is held; say first whether it was told before"):
        desk.assign(held.notice_id, huong)


def test_a_payment_that_went_back_counts_no_more_and_stays_recorded(desk: Desk, huong: StallRow) -> None:
    entry_id = desk.pay(huong, 50_000)
    posted = desk.reverse(entry_id, "  paid twice by mistake ")
    assert desk.takings(huong) == Takings(0, 0, 0, 0)
    assert desk.status(desk.notice_of(entry_id)) == "recorded"
    assert desk.note(posted.entry_id) == "paid twice by mistake"
    assert desk.legs(posted.entry_id) == {"bank": -50_000, "sales": 50_000}


def test_a_reversal_takes_the_day_of_what_it_reverses(desk: Desk, huong: StallRow) -> None:
    posted = desk.reverse(desk.pay(huong, 50_000))
    row = desk.session.connection().execute(select(ENTRY).where(ENTRY.c.id == posted.entry_id)).one()
    assert (row.booked_on, row.recorded_at, row.counted) == (date(2026, 11, 24), LATER, -1)


def test_a_reassigned_payment_waits_and_is_booked_anew_as_its_next_turn(
    desk: Desk, huong: StallRow, tu: StallRow
) -> None:
    entry_id = desk.pay(huong, 50_000)
    notice_id = desk.notice_of(entry_id)
    desk.reverse(entry_id, "rice, not fish", reassign=True)
    assert desk.status(notice_id) == "unmatched"
    outcome = desk.assign(notice_id, tu, "rice, not fish")
    row = desk.session.connection().execute(select(ENTRY).where(ENTRY.c.id == outcome.entry_id)).one()
    assert (row.turn, row.book_id) == (2, tu.book_id)
    assert (desk.count(huong), desk.count(tu)) == (0, 1)


def test_a_later_turn_needs_a_reason(desk: Desk, huong: StallRow, tu: StallRow) -> None:
    entry_id = desk.pay(huong, 50_000)
    desk.reverse(entry_id, reassign=True)
    with pytest.raises(Refused, match="reason: is needed: the notice was booked before"):
        desk.assign(desk.notice_of(entry_id), tu)


def test_a_payment_goes_from_stall_to_stall_and_back(desk: Desk, huong: StallRow, tu: StallRow) -> None:
    entry_id = desk.pay(huong, 50_000)
    notice_id = desk.notice_of(entry_id)
    for stall in (tu, huong, tu, huong):
        desk.reverse(entry_id, reassign=True)
        outcome = desk.assign(notice_id, stall, "once more")
        assert outcome.entry_id is not None
        entry_id = outcome.entry_id
    assert (desk.count(huong), desk.count(tu)) == (1, 0)


def test_what_came_from_no_notice_is_not_reassigned(desk: Desk, huong: StallRow) -> None:
    with pytest.raises(Refused, match="came from no bank notice; reverse it without --reassign"):
        desk.reverse(desk.type_in(huong, 5_000), reassign=True)


@pytest.mark.parametrize("cash", [True, False])
def test_a_typed_sale_is_reversed(desk: Desk, huong: StallRow, cash: bool) -> None:
    desk.reverse(desk.type_in(huong, 5_000, cash=cash))
    assert desk.takings(huong) == Takings(0, 0, 0, 0)


def test_an_entry_is_reversed_once(desk: Desk, huong: StallRow) -> None:
    entry_id = desk.pay(huong, 50_000)
    desk.reverse(entry_id)
    with pytest.raises(Refused, match=f"entry {entry_id} is reversed already"):
        desk.reverse(entry_id)


def test_a_correction_is_not_corrected(desk: Desk, huong: StallRow) -> None:
    entry_id = desk.pay(huong, 50_000)
    posted = desk.not_sale(entry_id)
    with pytest.raises(Refused, match=f"is a not_sale of entry {entry_id}; name that one"):
        desk.reverse(posted.entry_id)


@pytest.mark.parametrize("act", ["reverse", "not_sale", "sale"])
def test_a_correction_needs_a_reason(desk: Desk, huong: StallRow, act: str) -> None:
    entry_id = desk.pay(huong, 50_000)
    with pytest.raises(Refused, match="reason: is needed: say in a few words why"):
        getattr(desk, act)(entry_id, " ")


@pytest.mark.parametrize("act", ["reverse", "not_sale", "sale"])
def test_an_entry_that_is_not_there_is_not_corrected(desk: Desk, act: str) -> None:
    with pytest.raises(Refused, match="there is no entry 999"):
        getattr(desk, act)(999, "why")


def test_an_entry_of_another_market_is_not_there(desk: Desk, huong: StallRow, other_market_id: int) -> None:
    entry_id = desk.pay(huong, 50_000)
    with pytest.raises(Refused, match=f"there is no entry {entry_id}"):
        desk.reverse(entry_id, market_id=other_market_id)


def test_money_that_was_no_sale_leaves_counts_and_takings(desk: Desk, huong: StallRow) -> None:
    posted = desk.not_sale(desk.pay(huong, 50_000))
    assert desk.takings(huong) == Takings(0, 0, 0, 0)
    assert desk.legs(posted.entry_id) == {"sales": 50_000, "other": -50_000}


def test_it_can_be_a_sale_after_all(desk: Desk, huong: StallRow) -> None:
    entry_id = desk.pay(huong, 50_000)
    desk.not_sale(entry_id)
    posted = desk.sale(entry_id)
    assert desk.takings(huong) == Takings(1, 50_000, 0, 0)
    assert desk.legs(posted.entry_id) == {"sales": -50_000, "other": 50_000}


def test_it_is_marked_no_sale_once(desk: Desk, huong: StallRow) -> None:
    entry_id = desk.pay(huong, 50_000)
    desk.not_sale(entry_id)
    with pytest.raises(Refused, match="is marked as no sale already"):
        desk.not_sale(entry_id)


def test_a_sale_is_not_marked_a_sale(desk: Desk, huong: StallRow) -> None:
    with pytest.raises(Refused, match="counts as a sale already"):
        desk.sale(desk.pay(huong, 50_000))


@pytest.mark.parametrize("act", ["not_sale", "sale"])
@pytest.mark.parametrize("cash", [True, False])
def test_only_a_payment_is_marked(desk: Desk, huong: StallRow, act: str, cash: bool) -> None:
    with pytest.raises(Refused, match=r"is no bank payment but a .* entry; reverse it instead"):
        getattr(desk, act)(desk.type_in(huong, 5_000, cash=cash))


@pytest.mark.parametrize("act", ["not_sale", "sale"])
def test_a_reversed_payment_is_not_marked(desk: Desk, huong: StallRow, act: str) -> None:
    entry_id = desk.pay(huong, 50_000)
    desk.reverse(entry_id)
    with pytest.raises(Refused, match=f"entry {entry_id} is reversed"):
        getattr(desk, act)(entry_id)


def test_no_sale_can_be_reversed(desk: Desk, huong: StallRow) -> None:
    entry_id = desk.pay(huong, 50_000)
    desk.not_sale(entry_id)
    posted = desk.reverse(entry_id)
    assert desk.legs(posted.entry_id) == {"bank": -50_000, "other": 50_000}
    assert desk.takings(huong) == Takings(0, 0, 0, 0)


def test_a_confirmed_typed_sale_is_taken_once(desk: Desk, huong: StallRow) -> None:
    typed = desk.type_in(huong, 50_000)
    payment = desk.pay(huong, 50_000)
    assert desk.takings(huong) == Takings(1, 50_000, 50_000, 0)
    posted = desk.confirm(typed, payment)
    assert desk.takings(huong) == Takings(1, 50_000, 0, 0)
    row = desk.session.connection().execute(select(ENTRY).where(ENTRY.c.id == posted.entry_id)).one()
    assert (row.kind, row.concerns, row.confirms, row.counted) == ("reversal", typed, payment, 0)


def test_only_a_typed_sale_is_confirmed(desk: Desk, huong: StallRow) -> None:
    with pytest.raises(Refused, match="is no typed cashless sale"):
        desk.confirm(desk.pay(huong, 1), desk.pay(huong, 1))
    with pytest.raises(Refused, match="is no typed cashless sale"):
        desk.confirm(desk.type_in(huong, 1, cash=True), desk.pay(huong, 1))


def test_only_a_payment_of_the_same_stall_confirms(desk: Desk, huong: StallRow, tu: StallRow) -> None:
    typed, again = desk.type_in(huong, 50_000), desk.type_in(huong, 50_000, "phone-0002")
    for other in (again, desk.pay(tu, 50_000), 999):
        with pytest.raises(Refused, match=f"entry {other} is no bank payment of the same stall"):
            desk.confirm(typed, other)


def test_a_payment_confirms_once(desk: Desk, huong: StallRow) -> None:
    payment = desk.pay(huong, 50_000)
    desk.confirm(desk.type_in(huong, 50_000), payment)
    with pytest.raises(Refused, match=f"entry {payment} confirms another typed sale already"):
        desk.confirm(desk.type_in(huong, 50_000, "phone-0002"), payment)


def test_a_typed_sale_is_confirmed_once(desk: Desk, huong: StallRow) -> None:
    typed = desk.type_in(huong, 50_000)
    desk.confirm(typed, desk.pay(huong, 50_000))
    with pytest.raises(Refused, match=f"entry {typed} is reversed already"):
        desk.confirm(typed, desk.pay(huong, 50_000))


def test_a_reversed_payment_confirms_nothing(desk: Desk, huong: StallRow) -> None:
    payment = desk.pay(huong, 50_000)
    desk.reverse(payment)
    with pytest.raises(Refused, match=f"entry {payment} is reversed"):
        desk.confirm(desk.type_in(huong, 50_000), payment)


def test_a_payment_that_is_no_sale_confirms_nothing_until_it_is_one(desk: Desk, huong: StallRow) -> None:
    typed, payment = desk.type_in(huong, 50_000), desk.pay(huong, 50_000)
    desk.not_sale(payment)
    with pytest.raises(Refused, match=f"is marked as no sale; if it is one, run first: payment sale {payment}"):
        desk.confirm(typed, payment)
    assert desk.takings(huong) == Takings(0, 0, 50_000, 0)
    desk.sale(payment)
    desk.confirm(typed, payment)
    assert desk.takings(huong) == Takings(1, 50_000, 0, 0)


def test_nothing_is_confirmed_across_markets(desk: Desk, huong: StallRow, other_market_id: int) -> None:
    typed = desk.type_in(huong, 50_000)
    with pytest.raises(Refused, match=f"there is no entry {typed}"):
        desk.confirm(typed, desk.pay(huong, 50_000), market_id=other_market_id)
