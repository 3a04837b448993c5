"""The ten stories of the data model, as far as plain functions reach; after each the books verify."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from ledger import books
from ledger.books.counts import month_counts
from ledger.books.model import ENTRY, ENTRY_NOTE, POSTING
from ledger.books.verify import verify
from ledger.days import Month
from ledger.inbox.model import NOTICE_BODY
from ledger.inbox.notice import Feed, Notice
from ledger.refused import Refused
from market.db import Database
from merchants import forgetting, settling
from merchants.model import CODE_PAYMENT
from merchants.payment_codes import make_payment_code
from merchants.payments import FORMER, Outcome, Source, take
from merchants.stalls import StallRow, change_account
from merchants.takings import Actor, takings

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
Told = Callable[..., Notice]


@pytest.fixture(autouse=True)
def the_books_verify_at_the_end(database: Database) -> Iterator[None]:
    yield
    with database.reading() as session:
        assert verify(session).findings == []


def bring(session: Session, channel: Source, *notices: Notice, feed: Feed = "hook") -> list[Outcome]:
    return take(session, channel, feed, [(notice, b"{}") for notice in notices], NOW)


def count(session: Session, stall: StallRow, month: Month = NOVEMBER) -> int:
    return month_counts(session, stall.market_id, month).get(stall.book_id, 0)


def test_story_1_a_webhook_arrives_twice_at_once(
    database: Database, channel: Source, huong: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000)

    def arrive(_: int) -> str:
        with database.writing() as session:
            return bring(session, channel, notice)[0].status

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(arrive, range(2))) == ["duplicate", "recorded"]
    with database.reading() as session:
        assert count(session, huong) == 1


def test_story_2_a_poll_and_a_statement_bring_what_was_notified(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    month = [told(huong, 50_000 + day, at=NOW - day * 24 * HOUR) for day in range(20)]
    bring(session, channel, *month)
    polled = [notice._replace(event_id=f"uuid-{notice.event_id}") for notice in month]
    assert {outcome.status for outcome in bring(session, channel, *polled, feed="poll")} == {"duplicate"}
    lines = [notice._replace(event_id=f"line-{notice.event_id}", bank_reference="") for notice in month]
    held = bring(session, channel, *lines, feed="statement")
    assert {outcome.status for outcome in held} == {"held"}
    assert count(session, huong) == 20
    told_before = [outcome.notice_id for outcome in held if outcome.notice_id is not None]
    same = settling.same(session, channel.market_id, told_before)
    assert {outcome.status for outcome in same} == {"duplicate"}
    assert count(session, huong) == 20


def test_story_3_a_dynamic_code_is_paid_short_and_late(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    reference = make_payment_code(
        session,
        market_id=channel.market_id,
        stall_id=huong.id,
        amount=50_000,
        purpose="",
        expires_at=NOW - HOUR,
        now=NOW - 2 * HOUR,
        source=random.Random(1),
    )
    [outcome] = bring(session, channel, told(huong, 5_000, memo=f"CK {reference}"))
    connection = session.connection()
    bank = select(POSTING.c.amount).where(POSTING.c.entry_id == outcome.entry_id, POSTING.c.account == "bank")
    assert connection.execute(bank).scalar_one() == 5_000
    answer = connection.execute(select(CODE_PAYMENT)).one()
    assert (answer.entry_id, answer.verdict, answer.late, answer.again) == (outcome.entry_id, "short", True, False)


def test_story_4_a_payment_of_a_closed_month_is_reversed(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    [outcome] = bring(session, channel, told(huong, 50_000, at=datetime(2026, 10, 31, 8, 0, tzinfo=UTC)))
    assert (count(session, huong, OCTOBER), count(session, huong)) == (1, 0)
    assert outcome.entry_id is not None
    third = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
    posted = settling.reverse(
        session, None, outcome.entry_id, reason="went back", reassign=False, login_id=None, now=third
    )
    row = session.connection().execute(select(ENTRY).where(ENTRY.c.id == posted.entry_id)).one()
    assert (row.booked_on, row.recorded_at) == (date(2026, 10, 31), third)
    assert (count(session, huong, OCTOBER), count(session, huong)) == (0, 0)


def test_story_5_the_old_sign_is_paid_three_more_times(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    change_account(
        session, huong, bank_bin="970422", account_number="0444", account_name="", takes_effect=NOW - 24 * HOUR
    )
    bring(session, channel, *(told(huong, 50_000) for _ in range(3)))
    bring(session, channel, told(huong, 50_000, account_number="0444", bank="MB"))
    assert count(session, huong) == 4
    assert list(session.connection().execute(select(ENTRY_NOTE.c.reason)).scalars()) == [FORMER] * 3


def test_story_6_a_holder_is_forgotten(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    bring(session, channel, told(huong, 50_000, memo="LE THI tra tien ca", payer_name="LE THI"))
    before = session.connection().execute(select(ENTRY)).all()
    for part in forgetting.batches(forgetting.words_of(session, huong, ())):
        forgetting.delete_words(session, part)
    forgetting.forget(session, huong, login_id=None, now=NOW)
    assert session.connection().execute(select(NOTICE_BODY)).all() == []
    assert session.connection().execute(select(ENTRY)).all() == before
    assert count(session, huong) == 1
    bring(session, channel, told(huong, 20_000))
    assert count(session, huong) == 2


def test_story_7_an_island_takes_up_a_day_from_the_hub(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    cut_off = [told(huong, 50_000 + hour, at=NOW - hour * HOUR) for hour in range(12)]
    bring(session, channel, *cut_off[:4])  # what still came through
    caught_up = bring(session, channel, *cut_off, feed="poll")
    assert [outcome.status for outcome in caught_up] == ["duplicate"] * 4 + ["recorded"] * 8
    again = bring(session, channel, *cut_off, feed="poll")
    assert {outcome.status for outcome in again} == {"duplicate"}
    assert count(session, huong) == 12


def test_story_8_a_payment_is_assigned_to_the_wrong_stall(
    session: Session, channel: Source, huong: StallRow, tu: StallRow, told: Told
) -> None:
    [lost] = bring(session, channel, told(huong, 50_000, account_number="5550001"))
    assert lost.notice_id is not None
    wrong = settling.assign(session, channel.market_id, lost.notice_id, tu, reason="", login_id=7, now=NOW)
    assert wrong.entry_id is not None
    settling.reverse(session, None, wrong.entry_id, reason="not his", reassign=True, login_id=7, now=NOW)
    settling.assign(session, channel.market_id, lost.notice_id, huong, reason="hers", login_id=7, now=NOW)
    assert (count(session, huong), count(session, tu)) == (1, 0)
    turns = select(ENTRY.c.turn).where(ENTRY.c.notice_id == lost.notice_id).order_by(ENTRY.c.turn)
    assert list(session.connection().execute(turns).scalars()) == [1, 2]


def test_story_9_no_sale_a_sale_and_reversed(session: Session, channel: Source, huong: StallRow, told: Told) -> None:
    [outcome] = bring(session, channel, told(huong, 50_000))
    assert outcome.entry_id is not None
    counts = [count(session, huong)]
    for act in (settling.mark_not_sale, settling.mark_sale):
        act(session, None, outcome.entry_id, reason="why", login_id=None, now=NOW)
        counts.append(count(session, huong))
    settling.reverse(session, None, outcome.entry_id, reason="back", reassign=False, login_id=None, now=NOW)
    counts.append(count(session, huong))
    assert counts == [1, 0, 1, 0]
    signs = select(ENTRY.c.counted).order_by(ENTRY.c.number)
    assert list(session.connection().execute(signs).scalars()) == [1, -1, 1, -1]
    sums = select(func.sum(POSTING.c.amount)).group_by(POSTING.c.account)
    assert set(session.connection().execute(sums).scalars()) == {0}
    with pytest.raises(Refused, match="reversed already"):
        settling.reverse(session, None, outcome.entry_id, reason="back", reassign=False, login_id=None, now=NOW)


def test_story_10_a_typed_sale_turns_out_to_be_the_banks_notice(
    session: Session, channel: Source, huong: StallRow, huong_herself: Actor, told: Told
) -> None:
    typed, _ = books.enter_sale(
        session,
        book_id=huong.book_id,
        amount=50_000,
        cash=False,
        occurred_at=NOW - HOUR,
        client_key="phone-0001",
        login_id=1,
        memo="",
        now=NOW,
    )
    [paid] = bring(session, channel, told(huong, 50_000))
    assert paid.entry_id is not None
    settling.confirm(session, None, typed.entry_id, paid.entry_id, login_id=1, now=NOW)
    taken = takings(session, huong_herself, huong.id, NOVEMBER.first, NOVEMBER.last)
    assert (taken.transactions, taken.cashless, taken.typed, taken.cash) == (1, 50_000, 0, 0)
