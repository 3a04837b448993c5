"""One payment told by two feeds is booked once; what is only probably the same waits for a person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session

from ledger.books.model import BOOK
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import Feed, Notice
from ledger.refused import Refused
from merchants.payments import Outcome, Source, take
from merchants.settling import another, assign, reverse, same
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOBODYS = "5550001"
Told = Callable[..., Notice]


def bring(session: Session, channel: Source, feed: Feed, *notices: Notice) -> list[Outcome]:
    return take(session, channel, feed, [(notice, b"{}") for notice in notices], NOW)


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def twins(session: Session) -> dict[int, int]:
    rows = session.connection().execute(select(NOTICE.c.id, NOTICE.c.same_as).where(NOTICE.c.same_as.is_not(None)))
    return {row.id: row.same_as for row in rows}


def entries(session: Session, stall: StallRow) -> int:
    return int(session.connection().execute(select(BOOK.c.entries).where(BOOK.c.id == stall.book_id)).scalar_one())


@pytest.mark.parametrize("feed", ["poll", "statement"])
def test_another_feed_of_the_channel_with_the_same_reference_is_a_twin(
    session: Session, channel: Source, huong: StallRow, told: Told, feed: Feed
) -> None:
    notice = told(huong, 50_000)
    [original] = bring(session, channel, "hook", notice)
    [again] = bring(session, channel, feed, notice._replace(event_id="x"))
    assert again.status == "duplicate"
    assert twins(session) == {again.notice_id: original.notice_id}
    assert entries(session, huong) == 1


def test_another_channel_with_the_same_reference_is_a_twin(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    bring(session, channel, "hook", notice)
    other = replace(channel, channel_id=channel.channel_id + 1)
    assert statuses(bring(session, other, "hook", notice)) == ["duplicate"]


def test_within_one_feed_the_same_reference_is_another_payment(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    first, second = told(huong, 50_000, bank_reference="10418"), told(huong, 50_000, bank_reference="10418")
    assert statuses(bring(session, channel, "hook", first, second)) == ["recorded", "recorded"]


@pytest.mark.parametrize("other", ["amount", "local_date", "account_number", "bank_reference"])
def test_a_notice_that_differs_is_no_twin(
    session: Session, channel: Source, huong: StallRow, tu: StallRow, told: Told, other: str
) -> None:
    notice = told(huong, 50_000)
    changes: dict[str, dict[str, Any]] = {
        "amount": {"amount": 50_001},
        "local_date": {"at": NOW - timedelta(days=1), "local_date": notice.local_date - timedelta(days=1)},
        "account_number": {"account_number": tu.account_number, "bank": tu.bin},
        "bank_reference": {"bank_reference": "FT99999999"},
    }
    bring(session, channel, "hook", notice)
    assert statuses(bring(session, channel, "poll", notice._replace(**changes[other]))) == ["recorded"]


def test_money_going_out_is_nobodys_twin(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice = told(huong, 50_000, direction="out")
    assert statuses(bring(session, channel, "hook", notice)) == ["ignored"]
    assert statuses(bring(session, channel, "poll", notice._replace(direction="in"))) == ["recorded"]


@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_without_a_reference_on_one_side_a_near_one_is_held(
    session: Session, channel: Source, huong: StallRow, told: Told, minutes: int
) -> None:
    bring(session, channel, "hook", told(huong, 50_000))
    near = told(huong, 50_000, at=NOW + minutes * MINUTE, bank_reference="")
    assert statuses(bring(session, channel, "statement", near)) == ["held"]
    assert entries(session, huong) == 1


@pytest.mark.parametrize("seconds", [-601, 601])
def test_without_a_reference_one_more_than_ten_minutes_away_is_booked(
    session: Session, channel: Source, huong: StallRow, told: Told, seconds: int
) -> None:
    bring(session, channel, "hook", told(huong, 50_000, bank_reference=""))
    far = told(huong, 50_000, at=NOW + timedelta(seconds=seconds))
    assert statuses(bring(session, channel, "statement", far)) == ["recorded"]


def test_without_a_time_on_one_side_the_day_is_near_enough(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    bring(session, channel, "hook", told(huong, 50_000, at=NOW))
    line = told(huong, 50_000, bank_reference="")._replace(at=None)
    assert statuses(bring(session, channel, "statement", line)) == ["held"]


def test_the_feed_with_the_reference_may_come_second(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    bring(session, channel, "statement", told(huong, 50_000, bank_reference=""))
    assert statuses(bring(session, channel, "hook", told(huong, 50_000))) == ["held"]


@pytest.mark.parametrize("first", ["hook", "statement"])
def test_references_of_unlike_forms_do_not_tell_a_statement_from_the_others(
    session: Session, channel: Source, huong: StallRow, told: Told, first: Feed
) -> None:
    """Vietcombank's webhooks and its statement number the same payment differently, whichever comes first."""
    second: Feed = "statement" if first == "hook" else "hook"
    said = {"hook": "MBVCB.3278907687", "statement": "5243.65937"}
    bring(session, channel, first, told(huong, 50_000, bank_reference=said[first]))
    assert statuses(bring(session, channel, second, told(huong, 50_000, bank_reference=said[second]))) == ["held"]


def test_a_line_of_another_form_is_held_though_others_are_of_one_form(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    both = told(huong, 70_000, bank_reference="5243.1")
    bring(session, channel, "hook", both, told(huong, 50_000, bank_reference="MBVCB.1"))
    lines = [both._replace(event_id="line"), told(huong, 50_000, bank_reference="5243.2")]
    assert statuses(bring(session, channel, "statement", *lines)) == ["duplicate", "held"]


def test_between_two_live_feeds_unlike_references_are_two_payments(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    bring(session, channel, "hook", told(huong, 50_000, bank_reference="MBVCB.1"))
    assert statuses(bring(session, channel, "poll", told(huong, 50_000, bank_reference="5243.2"))) == ["recorded"]


def test_no_line_is_held_for_what_is_certainly_a_later_lines(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    named = told(huong, 50_000)
    bring(session, channel, "hook", named)
    lines = [told(huong, 50_000, bank_reference=""), named._replace(event_id="line")]
    assert statuses(bring(session, channel, "statement", *lines)) == ["recorded", "duplicate"]


def test_an_original_has_one_twin_a_feed(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice = told(huong, 50_000, bank_reference="10418")
    bring(session, channel, "hook", notice)
    lines = [notice._replace(event_id="line 1"), notice._replace(event_id="line 2")]
    assert statuses(bring(session, channel, "statement", *lines)) == ["duplicate", "recorded"]
    assert entries(session, huong) == 2


def test_equal_payments_take_a_twin_each(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice = told(huong, 50_000, bank_reference="10418")
    both = bring(session, channel, "hook", notice, notice._replace(event_id="second"))
    lines = [notice._replace(event_id="line 1"), notice._replace(event_id="line 2")]
    assert statuses(bring(session, channel, "statement", *lines)) == ["duplicate", "duplicate"]
    assert set(twins(session).values()) == {one.notice_id for one in both}


def test_a_third_feed_is_the_twin_of_the_original_too(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    [original] = bring(session, channel, "hook", notice)
    bring(session, channel, "poll", notice)
    bring(session, channel, "statement", notice)
    assert set(twins(session).values()) == {original.notice_id}
    assert entries(session, huong) == 1


def test_an_unmatched_notice_has_twins_as_well(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice = told(huong, 50_000, account_number=NOBODYS)
    assert statuses(bring(session, channel, "hook", notice)) == ["unmatched"]
    assert statuses(bring(session, channel, "poll", notice)) == ["duplicate"]


def test_a_payment_that_went_back_is_not_booked_by_its_twin(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    [paid] = bring(session, channel, "hook", notice)
    assert paid.entry_id is not None
    reverse(session, None, paid.entry_id, reason="went back", reassign=False, login_id=None, now=NOW)
    assert statuses(bring(session, channel, "statement", notice)) == ["duplicate"]


def test_same_makes_a_held_notice_the_duplicate_of_the_nearest(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    far, near = told(huong, 50_000, at=NOW - 9 * MINUTE), told(huong, 50_000, at=NOW + MINUTE)
    originals = bring(session, channel, "hook", far, near)
    [held] = bring(session, channel, "statement", told(huong, 50_000, bank_reference=""))
    assert held.notice_id is not None
    assert statuses(same(session, market_id, [held.notice_id])) == ["duplicate"]
    assert twins(session) == {held.notice_id: originals[1].notice_id}


def test_a_whole_held_file_is_settled_at_once(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    originals = bring(session, channel, "hook", told(huong, 50_000), told(huong, 50_000))
    lines = [told(huong, 50_000, bank_reference="") for _ in range(2)]
    held = [one.notice_id for one in bring(session, channel, "statement", *lines) if one.notice_id]
    assert statuses(same(session, market_id, held)) == ["duplicate", "duplicate"]
    assert set(twins(session).values()) == {one.notice_id for one in originals}


def test_more_held_lines_than_payments_are_not_all_the_same(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    bring(session, channel, "hook", told(huong, 50_000))
    lines = [told(huong, 50_000, bank_reference="") for _ in range(2)]
    held = [one.notice_id for one in bring(session, channel, "statement", *lines) if one.notice_id]
    with pytest.raises(Refused, match="no payment told by another feed is left"), session.begin_nested():
        same(session, market_id, held)
    assert twins(session) == {}


def test_another_books_a_held_notice(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    bring(session, channel, "hook", told(huong, 50_000))
    [held] = bring(session, channel, "statement", told(huong, 50_000, bank_reference=""))
    assert held.notice_id is not None
    assert statuses(another(session, market_id, [held.notice_id], sources=[channel], login_id=None, now=NOW)) == [
        "recorded"
    ]
    assert entries(session, huong) == 2


@pytest.mark.parametrize("settle", ["same", "another"])
def test_only_a_held_notice_is_settled_so(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int, settle: str
) -> None:
    [paid] = bring(session, channel, "hook", told(huong, 50_000))
    assert paid.notice_id is not None
    with pytest.raises(Refused, match=f"notice {paid.notice_id} is recorded; .* run first: payment hold"):
        if settle == "same":
            same(session, market_id, [paid.notice_id])
        else:
            another(session, market_id, [paid.notice_id], sources=[channel], login_id=None, now=NOW)


def test_a_twin_that_has_a_twin_hands_it_over(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    [original] = bring(session, channel, "hook", told(huong, 50_000, bank_reference=""))
    line = told(huong, 50_000)
    [held] = bring(session, channel, "statement", line)
    [polled] = bring(session, channel, "poll", line)
    assert (held.status, polled.status) == ("held", "duplicate")
    assert held.notice_id is not None
    same(session, market_id, [held.notice_id])
    assert twins(session) == {held.notice_id: original.notice_id, polled.notice_id: original.notice_id}


def test_an_unmatched_payment_is_assigned_though_a_line_is_held_for_it(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    [lost] = bring(session, channel, "hook", told(huong, 50_000, account_number=NOBODYS))
    line = told(huong, 50_000, account_number=NOBODYS, bank_reference="")
    assert statuses(bring(session, channel, "statement", line)) == ["held"]
    assert lost.notice_id is not None
    assigned = assign(session, market_id, lost.notice_id, huong, reason="", login_id=None, now=NOW)
    assert assigned.status == "recorded"


def test_one_more_payment_of_nobody_can_be_assigned(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    bring(session, channel, "hook", told(huong, 50_000, account_number=NOBODYS))
    line = told(huong, 50_000, account_number=NOBODYS, bank_reference="")
    [held] = bring(session, channel, "statement", line)
    assert held.notice_id is not None
    assert statuses(another(session, market_id, [held.notice_id], sources=[channel], login_id=None, now=NOW)) == [
        "unmatched"
    ]
    assigned = assign(session, market_id, held.notice_id, huong, reason="", login_id=None, now=NOW)
    assert assigned.status == "recorded"


def test_two_payments_that_one_feed_told_stay_two_when_one_is_assigned(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    notice = told(huong, 50_000, account_number=NOBODYS, bank_reference="10418")
    [lost] = bring(session, channel, "hook", notice)
    lines = [notice._replace(event_id="line 1"), notice._replace(event_id="line 2")]
    assert statuses(bring(session, channel, "statement", *lines)) == ["duplicate", "unmatched"]
    assert lost.notice_id is not None
    assigned = assign(session, market_id, lost.notice_id, huong, reason="", login_id=None, now=NOW)
    assert assigned.status == "recorded"


def test_a_twin_told_to_another_market_is_none(
    session: Session, channel: Source, huong: StallRow, told: Told, other_market_id: int
) -> None:
    notice = told(huong, 50_000)
    bring(session, channel, "hook", notice)
    elsewhere = Source(channel.channel_id + 1, other_market_id)
    assert statuses(bring(session, elsewhere, "hook", notice)) == ["unmatched"]


def test_a_reference_that_only_a_twin_named_makes_the_next_one_certain(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    [line] = bring(session, channel, "statement", told(huong, 50_000, at=NOW - 8 * MINUTE, bank_reference=""))
    notice = told(huong, 50_000)
    [held] = bring(session, channel, "hook", notice)
    assert held.notice_id is not None
    same(session, market_id, [held.notice_id])
    [polled] = bring(session, channel, "poll", notice._replace(at=NOW + 8 * MINUTE))
    assert twins(session) == {held.notice_id: line.notice_id, polled.notice_id: line.notice_id}
    assert entries(session, huong) == 1


def test_one_that_is_held_itself_is_what_another_is_the_same_as_only_at_the_last(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    [paid] = bring(session, channel, "hook", told(huong, 50_000, at=NOW - MINUTE))
    bring(session, channel, "statement", told(huong, 50_000, bank_reference=""))
    elsewhere = replace(channel, channel_id=channel.channel_id + 1)
    [line] = bring(session, elsewhere, "statement", told(huong, 50_000, bank_reference=""))
    assert line.notice_id is not None
    same(session, market_id, [line.notice_id])
    assert twins(session) == {line.notice_id: paid.notice_id}


def test_two_held_ones_with_a_twin_each_are_not_the_same_as_one(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int
) -> None:
    bring(session, channel, "statement", told(huong, 50_000, bank_reference=""))
    notices = [told(huong, 50_000), told(huong, 50_000)]
    held = [one.notice_id for one in bring(session, channel, "hook", *notices) if one.notice_id]
    assert statuses(bring(session, channel, "poll", *notices)) == ["duplicate", "duplicate"]
    with pytest.raises(Refused, match=f"no payment told by another feed is left that notice {held[1]} could be"):
        same(session, market_id, held)
