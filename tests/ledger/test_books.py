"""The books as they are written and read: sales that people type, numbers without a gap, days that add up, counts."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from ledger import books
from ledger.books.counts import heads, lines, month_counts
from ledger.books.model import BOOK, DAY_TOTAL, ENTRY, ENTRY_NOTE, POSTING
from ledger.books.sums import Takings, takings_between
from ledger.days import Month
from ledger.inbox.notice import Notice
from ledger.refused import Refused
from merchants.payments import Source, take
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
EVENING = datetime(2026, 10, 31, 16, 59, 59, tzinfo=UTC)


def type_in(session: Session, stall: StallRow, amount: int = 5_000, **changes: Any) -> tuple[books.Posted, bool]:
    said: dict[str, Any] = {
        "cash": True,
        "occurred_at": NOW,
        "client_key": "phone-0001",
        "login_id": 1,
        "memo": "",
        "now": NOW,
        **changes,
    }
    return books.enter_sale(session, book_id=stall.book_id, amount=amount, **said)


def legs(session: Session, entry_id: int) -> dict[str, int]:
    rows = session.connection().execute(select(POSTING).where(POSTING.c.entry_id == entry_id))
    return {row.account: row.amount for row in rows}


def entry(session: Session, entry_id: int) -> Any:
    return session.connection().execute(select(ENTRY).where(ENTRY.c.id == entry_id)).one()


@pytest.mark.parametrize(
    ("cash", "kind", "account", "takings"),
    [(True, "cash", "cash", Takings(0, 0, 0, 5_000)), (False, "typed", "other", Takings(0, 0, 5_000, 0))],
)
def test_a_typed_sale_is_taken_and_never_counted(
    session: Session, huong: StallRow, cash: bool, kind: str, account: str, takings: Takings
) -> None:
    posted, new = type_in(session, huong, cash=cash)
    assert new
    assert legs(session, posted.entry_id) == {account: 5_000, "sales": -5_000}
    assert (entry(session, posted.entry_id).kind, entry(session, posted.entry_id).counted) == (kind, 0)
    assert takings_between(session, huong.book_id, TODAY, TODAY) == takings
    assert month_counts(session, huong.market_id, Month(2026, 11)) == {}


def test_a_typed_sale_lies_on_the_local_day_it_happened(session: Session, huong: StallRow) -> None:
    posted, _ = type_in(session, huong, occurred_at=EVENING)
    row = entry(session, posted.entry_id)
    assert (row.booked_on, row.occurred_at, row.recorded_at) == (date(2026, 10, 31), EVENING, NOW)


def test_without_a_time_a_sale_happens_now(session: Session, huong: StallRow) -> None:
    posted, _ = type_in(session, huong, occurred_at=None)
    assert entry(session, posted.entry_id).occurred_at == NOW


@pytest.mark.parametrize("occurred_at", [NOW, None])
def test_the_same_key_again_is_the_same_entry(session: Session, huong: StallRow, occurred_at: datetime | None) -> None:
    posted, _ = type_in(session, huong)
    assert type_in(session, huong, occurred_at=occurred_at, now=NOW + timedelta(hours=1)) == (posted, False)


@pytest.mark.parametrize(
    "changes", [{"amount": 5_001}, {"cash": False}, {"occurred_at": NOW + timedelta(seconds=1)}], ids=str
)
def test_the_same_key_for_another_sale_is_refused(session: Session, huong: StallRow, changes: dict[str, Any]) -> None:
    posted, _ = type_in(session, huong)
    with pytest.raises(Refused, match=rf"was used for entry {posted.entry_id} .* a new sale needs a new key"):
        type_in(session, huong, **changes)


def test_two_books_may_use_the_same_key(session: Session, huong: StallRow, tu: StallRow) -> None:
    assert type_in(session, huong)[1]
    assert type_in(session, tu)[1]


def test_a_memo_is_kept_beside_the_entry(session: Session, huong: StallRow) -> None:
    posted, _ = type_in(session, huong, memo="cá thu")
    note = session.connection().execute(select(ENTRY_NOTE)).one()
    assert (note.entry_id, note.reason) == (posted.entry_id, "cá thu")


def test_the_books_refuse_a_sale_of_nothing(session: Session, huong: StallRow) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        type_in(session, huong, 0)


def test_entries_of_a_book_are_numbered_and_chained(session: Session, huong: StallRow, tu: StallRow) -> None:
    for number in range(3):
        type_in(session, huong, client_key=f"phone-000{number}")
        type_in(session, tu, client_key=f"phone-000{number}")
    for stall in (huong, tu):
        rows = (
            session.connection()
            .execute(select(ENTRY).where(ENTRY.c.book_id == stall.book_id).order_by(ENTRY.c.number))
            .all()
        )
        assert [row.number for row in rows] == [1, 2, 3]
        assert [row.previous for row in rows] == ["", rows[0].hash, rows[1].hash]
        book = session.connection().execute(select(BOOK).where(BOOK.c.id == stall.book_id)).one()
        assert (book.entries, book.head) == (3, rows[-1].hash)


def test_a_posted_entry_has_ids_without_a_gap(session: Session, huong: StallRow) -> None:
    ids = [type_in(session, huong, client_key=f"phone-000{number}")[0].entry_id for number in range(3)]
    assert ids == [1, 2, 3]


def test_posting_nothing_writes_nothing(session: Session) -> None:
    assert books.post(session, {}, [], recorded_at=NOW) == []


def test_several_entries_of_several_books_are_posted_at_once(session: Session, huong: StallRow, tu: StallRow) -> None:
    locked = books.lock(session, {huong.book_id, tu.book_id})
    drafts = [
        books.Draft(
            book_id=stall.book_id,
            kind="cash",
            legs=books.sale_legs("cash", amount),
            booked_on=TODAY,
            occurred_at=NOW,
        )
        for stall, amount in ((huong, 1), (tu, 2), (huong, 4))
    ]
    posted = books.post(session, locked, drafts, recorded_at=NOW)
    assert [(place.book_id, place.number) for place in posted] == [
        (huong.book_id, 1),
        (tu.book_id, 1),
        (huong.book_id, 2),
    ]
    assert takings_between(session, huong.book_id, TODAY, TODAY).cash == 5


def test_a_day_has_one_total_that_grows(session: Session, huong: StallRow) -> None:
    for number, amount in enumerate((5, 7, 11)):
        type_in(session, huong, amount, client_key=f"phone-000{number}")
    [row] = session.connection().execute(select(DAY_TOTAL)).all()
    assert (row.booked_on, row.cashless_count, row.cashless_sum, row.typed_sum, row.cash_sum) == (TODAY, 0, 0, 0, 23)


@pytest.fixture
def paid(session: Session, channel: Source, huong: StallRow, tu: StallRow, told: Callable[..., Notice]) -> Session:
    """Two payments to chị Hương in November, one on the last evening of October; one to anh Tư."""
    notices = [told(huong, 1), told(huong, 2), told(huong, 3, at=EVENING), told(tu, 4)]
    take(session, channel, "hook", [(notice, b"{}") for notice in notices], NOW)
    return session


def test_a_month_is_counted_by_book(paid: Session, huong: StallRow, tu: StallRow) -> None:
    assert month_counts(paid, huong.market_id, Month(2026, 11)) == {huong.book_id: 2, tu.book_id: 1}
    assert month_counts(paid, huong.market_id, Month(2026, 10)) == {huong.book_id: 1}
    assert month_counts(paid, huong.market_id + 1, Month(2026, 11)) == {}


def test_heads_name_the_end_of_every_book_that_has_any(paid: Session, huong: StallRow, tu: StallRow) -> None:
    rows = paid.connection().execute(select(BOOK)).all()
    assert heads(paid, huong.market_id) == {row.id: (row.entries, row.head) for row in rows}
    assert heads(paid, huong.market_id)[huong.book_id][0] == 3


def test_an_empty_book_has_no_head(session: Session, huong: StallRow) -> None:
    assert heads(session, huong.market_id) == {}


def test_lines_come_by_book_and_number(paid: Session, huong: StallRow, tu: StallRow) -> None:
    places = [(line.book_id, line.number) for line in lines(paid, huong.market_id, None)]
    assert places == [(huong.book_id, 1), (huong.book_id, 2), (huong.book_id, 3), (tu.book_id, 1)]


def test_lines_of_a_month_are_those_booked_in_it(paid: Session, huong: StallRow) -> None:
    [line] = lines(paid, huong.market_id, Month(2026, 10))
    assert (line.booked_on, line.kind, line.concerns) == (date(2026, 10, 31), "payment", None)
    assert list(lines(paid, huong.market_id + 1, None)) == []
