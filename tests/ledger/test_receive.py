"""Notices are stored before anything else is done with them, each once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from ledger.days import Month
from ledger.inbox.model import NOTICE, NOTICE_BODY, NOTICE_TRY
from ledger.inbox.notice import Feed, Notice
from ledger.inbox.receive import Received, load, market_of, pending, receive, settle, unmatched_in, waiting
from ledger.inbox.tries import PARK_AFTER, failed
from ledger.refused import Refused
from merchants.payments import Source
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Told = Callable[..., Notice]


def deliver(session: Session, channel: Source, *notices: Notice, feed: Feed = "hook") -> list[Received]:
    bodies = [(notice, f"{notice.memo} {number}".encode()) for number, notice in enumerate(notices)]
    return receive(session, bodies, market_id=channel.market_id, channel_id=channel.channel_id, feed=feed, now=NOW)


def stored_id(received: Received) -> int:
    assert received.stored is not None
    return received.stored.id


def rows(session: Session, table: object = NOTICE) -> int:
    return int(session.connection().execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_a_notice_is_stored_pending_with_its_body(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000, memo="tien ca", payer_name="LE", payer_account="99")
    stored = load(session, stored_id(deliver(session, channel, notice)[0]))
    assert stored is not None
    assert (stored.status, stored.notice, stored.turns) == ("pending", notice, 0)


def test_the_same_event_again_is_not_stored(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice = told(huong, 50_000)
    deliver(session, channel, notice)
    assert deliver(session, channel, notice) == [Received(None)]
    assert (rows(session), rows(session, NOTICE_BODY)) == (1, 1)


def test_the_same_event_twice_in_one_delivery_is_stored_once(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    first, second = deliver(session, channel, notice, notice)
    assert first.stored is not None
    assert second == Received(None)
    assert rows(session) == 1


def test_the_same_event_with_another_content_is_kept_and_flagged(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000, memo="first")
    kept = stored_id(deliver(session, channel, notice)[0])
    assert deliver(session, channel, notice._replace(amount=5_000, memo="second")) == [Received(None, differs=kept)]
    stored = load(session, kept)
    assert stored is not None
    assert stored.notice == notice
    assert rows(session, NOTICE_BODY) == 2


def test_another_content_in_the_same_delivery_is_flagged_too(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    first, second = deliver(session, channel, notice, notice._replace(amount=5_000))
    assert second.differs == stored_id(first)


def test_another_content_is_kept_and_flagged_once(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    kept = stored_id(deliver(session, channel, notice)[0])
    again = [deliver(session, channel, notice._replace(amount=5_000))[0].differs for _ in range(3)]
    assert again == [kept, None, None]
    assert rows(session, NOTICE_BODY) == 2


def test_another_memo_alone_is_no_other_content(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice = told(huong, 50_000, memo="as first sent")
    deliver(session, channel, notice)
    assert deliver(session, channel, notice._replace(memo="as sent again"))[0].differs is None


def test_an_event_id_means_nothing_on_another_channel_or_feed(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)
    other = replace(channel, channel_id=channel.channel_id + 1)
    received = [*deliver(session, channel, notice), *deliver(session, other, notice)]
    received += deliver(session, channel, notice, feed="poll")
    assert all(one.stored for one in received)
    assert rows(session) == 3


def test_deliveries_are_answered_in_their_order(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notices = [told(huong, amount, event_id=event_id) for amount, event_id in [(1, "z"), (2, "a"), (3, "m"), (4, "10")]]
    received = deliver(session, channel, *notices)
    assert [one.stored.notice.amount for one in received if one.stored] == [1, 2, 3, 4]


def test_nothing_delivered_is_nothing_stored(session: Session, channel: Source) -> None:
    assert deliver(session, channel) == []


def test_a_notice_with_only_a_day_has_no_moment(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice = told(huong, 50_000, at=NOW)
    only_a_day = notice._replace(at=None, local_date=date(2026, 11, 1))
    stored = load(session, stored_id(deliver(session, channel, only_a_day)[0]))
    assert stored is not None
    assert (stored.notice.at, stored.notice.local_date) == (None, date(2026, 11, 1))


def test_a_notice_without_its_body_is_still_one(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice_id = stored_id(deliver(session, channel, told(huong, 50_000, memo="forget me"))[0])
    session.connection().execute(NOTICE_BODY.delete())
    stored = load(session, notice_id)
    assert stored is not None
    assert stored.notice.memo == ""


def test_what_is_pending_comes_oldest_first_of_one_channel(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    other = replace(channel, channel_id=channel.channel_id + 1)
    deliver(session, other, told(huong, 9))
    ids = [stored_id(one) for one in deliver(session, channel, *(told(huong, amount) for amount in (1, 2, 3)))]
    settle(session, [(ids[0], "unmatched", None)])
    assert [stored.notice.amount for stored in pending(session, channel.market_id, channel.channel_id, 10)] == [2, 3]
    assert [stored.notice.amount for stored in pending(session, channel.market_id, channel.channel_id, 1)] == [2]


def test_settling_moves_each_notice_to_its_own_status(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    ids = [stored_id(one) for one in deliver(session, channel, *(told(huong, amount) for amount in (1, 2, 3)))]
    settle(session, [(ids[0], "unmatched", None), (ids[1], "duplicate", ids[0]), (ids[2], "held", None)])
    found = session.connection().execute(select(NOTICE.c.status, NOTICE.c.same_as).order_by(NOTICE.c.id)).all()
    assert [tuple(row) for row in found] == [("unmatched", None), ("duplicate", ids[0]), ("held", None)]


def test_what_waits_is_listed_by_day_with_its_memo(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    late, early = told(huong, 2, memo="late"), told(huong, 1, at=NOW - timedelta(days=3), memo="early")
    out = told(huong, 3, direction="out")
    for one in deliver(session, channel, late, early, out):
        settle(session, [(stored_id(one), "unmatched", None)])
    assert [one.memo for one in waiting(session, channel.market_id, "unmatched")] == ["early", "late"]
    assert waiting(session, channel.market_id, "held") == []
    assert waiting(session, channel.market_id + 1, "unmatched") == []


@pytest.mark.parametrize(
    ("status", "counts"),
    [("pending", 1), ("unmatched", 1), ("parked", 1), ("held", 0), ("recorded", 0), ("ignored", 0)],
)
def test_unmatched_in_a_month_is_what_no_stall_has(
    session: Session, channel: Source, huong: StallRow, told: Told, status: str, counts: int
) -> None:
    settle(session, [(stored_id(deliver(session, channel, told(huong, 1))[0]), status, None)])
    assert unmatched_in(session, channel.market_id, Month(2026, 11)) == counts
    assert unmatched_in(session, channel.market_id, Month(2026, 10)) == 0


def test_the_market_of_a_notice_is_found(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice_id = stored_id(deliver(session, channel, told(huong, 1))[0])
    assert market_of(session, notice_id) == channel.market_id
    with pytest.raises(Refused, match="there is no notice"):
        market_of(session, notice_id + 1)


def test_the_fifth_failed_try_is_the_last(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    notice_id = stored_id(deliver(session, channel, told(huong, 1))[0])
    tried = [failed(session, channel.market_id, notice_id, f"error {number}", NOW) for number in range(PARK_AFTER)]
    assert tried == [False, False, False, False, True]
    kept = session.connection().execute(select(NOTICE_TRY)).one()
    assert (kept.attempts, kept.last_error, kept.next_try_at) == (5, "error 4", NOW + timedelta(minutes=1))
