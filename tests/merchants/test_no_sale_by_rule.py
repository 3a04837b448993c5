"""What the program itself marks as no sale, in the same transaction: the answer to a test code, and, in a stall that
counts only coded payments, what carries none of its references."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import Session

from ledger.books.model import DAY_TOTAL, ENTRY, ENTRY_NOTE
from ledger.books.verify import verify
from ledger.inbox.model import NOTICE_BODY
from ledger.inbox.notice import Notice
from market.db import Database
from merchants.model import STALL
from merchants.payment_codes import make_payment_code
from merchants.payments import NOT_CODED, TESTED, Source, take
from merchants.settling import assign, mark_sale, reverse
from merchants.stalls import StallRow, find_stall

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Told = Callable[..., Notice]


def ask(session: Session, stall: StallRow, *, test: bool) -> str:
    return make_payment_code(
        session,
        market_id=stall.market_id,
        stall_id=stall.id,
        amount=1_000,
        purpose="",
        expires_at=NOW + timedelta(minutes=15),
        now=NOW,
        source=random.Random(1),
        test=test,
    )


@pytest.fixture
def coded_only(session: Session, huong: StallRow) -> StallRow:
    """Chị Hương's stall, which counts only payments with her code's reference."""
    session.connection().execute(update(STALL).where(STALL.c.id == huong.id).values(coded_only=True))
    return find_stall(session, huong.market_id, huong.code)


def tell(session: Session, channel: Source, notice: Notice) -> int:
    outcome = take(session, channel, "hook", [(notice, b"{}")], NOW)[0]
    assert (outcome.status, outcome.entry_id is None) == ("recorded", False)
    return outcome.entry_id or 0


def book_of(session: Session, stall: StallRow) -> list[tuple[str, int, str | None]]:
    rows = session.connection().execute(
        select(ENTRY.c.kind, ENTRY.c.counted, ENTRY_NOTE.c.reason)
        .outerjoin(ENTRY_NOTE, ENTRY_NOTE.c.entry_id == ENTRY.c.id)
        .where(ENTRY.c.book_id == stall.book_id)
        .order_by(ENTRY.c.number)
    )
    return [(row.kind, row.counted, row.reason) for row in rows]


def totals(session: Session, stall: StallRow) -> list[tuple[Any, ...]]:
    day = select(DAY_TOTAL.c.cashless_count, DAY_TOTAL.c.cashless_sum).where(DAY_TOTAL.c.book_id == stall.book_id)
    return [tuple(row) for row in session.connection().execute(day)]


def test_the_answer_to_a_test_code_is_booked_and_no_sale(
    database: Database, session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    tell(session, channel, told(huong, 1_000, memo=f"thu noi {ask(session, huong, test=True)}"))
    assert book_of(session, huong) == [("payment", 1, None), ("not_sale", -1, TESTED)]
    assert totals(session, huong) == [(0, 0)]
    session.commit()
    with database.reading() as reader:
        assert verify(reader).findings == []


def test_more_money_than_a_test_asks_for_is_a_sale(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    reference = ask(session, huong, test=True)
    tell(session, channel, told(huong, 1_000, memo=f"thu noi {reference}"))
    tell(session, channel, told(huong, 500_000, memo=f"thu noi {reference}"))
    assert totals(session, huong) == [(1, 500_000)]


def test_the_answer_to_an_ordinary_code_is_a_sale(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    tell(session, channel, told(huong, 1_000, memo=ask(session, huong, test=False)))
    assert book_of(session, huong) == [("payment", 1, None)]


def test_a_stall_that_counts_coded_payments_leaves_out_one_without_its_reference(
    session: Session, channel: Source, coded_only: StallRow, tu: StallRow, told: Told
) -> None:
    tell(session, channel, told(coded_only, 50_000, memo=f"chi gui tien {tu.reference}"))
    assert book_of(session, coded_only) == [("payment", 1, None), ("not_sale", -1, NOT_CODED)]
    assert totals(session, coded_only) == [(0, 0)]


def test_it_counts_one_with_its_printed_reference(
    session: Session, channel: Source, coded_only: StallRow, told: Told
) -> None:
    tell(session, channel, told(coded_only, 50_000, memo=f"MBVCB.123.{coded_only.reference.lower()}.CT tu 0123"))
    assert totals(session, coded_only) == [(1, 50_000)]


def test_it_counts_one_with_the_reference_of_one_of_its_codes(
    session: Session, channel: Source, coded_only: StallRow, told: Told
) -> None:
    tell(session, channel, told(coded_only, 1_000, memo=ask(session, coded_only, test=False)))
    assert totals(session, coded_only) == [(1, 1_000)]


def test_what_was_left_out_is_a_sale_after_all_when_a_person_says_so(
    session: Session, channel: Source, coded_only: StallRow, told: Told
) -> None:
    entry = tell(session, channel, told(coded_only, 50_000))
    mark_sale(session, coded_only.market_id, entry, reason="khách quen", login_id=None, now=NOW)
    assert totals(session, coded_only) == [(1, 50_000)]


def test_the_rule_holds_for_what_a_person_assigns_to_the_stall(
    session: Session, channel: Source, coded_only: StallRow, told: Told
) -> None:
    notice = told(coded_only, 50_000, account_number="0999900009")
    stored = take(session, channel, "hook", [(notice, b"{}")], NOW)[0]
    assert stored.status == "unmatched"
    assign(session, coded_only.market_id, stored.notice_id or 0, coded_only, reason="", login_id=None, now=NOW)
    assert totals(session, coded_only) == [(0, 0)]


def test_what_counted_still_counts_when_it_is_given_back_after_its_memo_was_deleted(
    session: Session, channel: Source, coded_only: StallRow, told: Told
) -> None:
    entry = tell(session, channel, told(coded_only, 50_000, memo=coded_only.reference))
    [notice] = session.connection().execute(select(ENTRY.c.notice_id).where(ENTRY.c.id == entry)).scalars()
    session.connection().execute(delete(NOTICE_BODY))
    reverse(session, None, entry, reason="nhầm sạp", reassign=True, login_id=None, now=NOW)
    assign(session, coded_only.market_id, notice, coded_only, reason="đúng sạp", login_id=None, now=NOW)
    assert totals(session, coded_only) == [(1, 50_000)]


def test_a_batch_keeps_each_book_in_order(
    database: Database, session: Session, channel: Source, coded_only: StallRow, told: Told
) -> None:
    batch = [told(coded_only, 10_000 * n, memo=coded_only.reference if n % 2 else "") for n in range(1, 7)]
    take(session, channel, "hook", [(notice, b"{}") for notice in batch], NOW)
    assert totals(session, coded_only) == [(3, 90_000)]
    session.commit()
    with database.reading() as reader:
        assert verify(reader).findings == []
