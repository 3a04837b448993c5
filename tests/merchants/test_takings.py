"""A stall's amounts, and who may see them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from ledger import books
from ledger.books import counts
from ledger.books.sums import Takings
from ledger.inbox.notice import Notice
from merchants.model import CONSENT
from merchants.payments import Source, take
from merchants.stalls import StallRow
from merchants.takings import Actor, NotYours, record_consent, shares_amounts, takings

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
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
        session, market_id=stall.market_id, stall_id=stall.id, given=given, text_version="1", login_id=1, now=at
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
    with pytest.raises(NotYours):
        takings(sold, board, huong.id, FIRST, LAST)


def test_the_board_sees_what_the_stall_agreed_to_share(sold: Session, huong: StallRow, board: Actor) -> None:
    consent(sold, huong, given=True)
    assert takings(sold, board, huong.id, FIRST, LAST).cashless == 70_000


def test_the_consent_of_one_stall_opens_no_other(sold: Session, huong: StallRow, tu: StallRow, board: Actor) -> None:
    consent(sold, tu, given=True)
    with pytest.raises(NotYours):
        takings(sold, board, huong.id, FIRST, LAST)


def test_the_board_of_another_market_sees_nothing_even_with_consent(
    other_board: Actor, sold: Session, huong: StallRow
) -> None:
    consent(sold, huong, given=True)
    with pytest.raises(NotYours):
        takings(sold, other_board, huong.id, FIRST, LAST)


def test_nobody_else_sees_anything_by_the_boards_consent(
    sold: Session, huong: StallRow, tu_himself: Actor, stranger: Actor
) -> None:
    consent(sold, huong, given=True)
    for actor in (tu_himself, stranger):
        with pytest.raises(NotYours):
            takings(sold, actor, huong.id, FIRST, LAST)


def test_consent_can_be_withdrawn_and_given_again(sold: Session, huong: StallRow) -> None:
    said = []
    for given in (True, False, True, False):
        consent(sold, huong, given)
        said.append(shares_amounts(sold, huong.id))
    assert said == [True, False, True, False]


def test_every_word_of_consent_is_kept_with_its_time(sold: Session, huong: StallRow) -> None:
    consent(sold, huong, given=True)
    consent(sold, huong, given=False, at=NOW + timedelta(days=1))
    rows = sold.connection().execute(select(CONSENT.c.given, CONSENT.c.at).order_by(CONSENT.c.id)).all()
    assert [tuple(row) for row in rows] == [(True, NOW), (False, NOW + timedelta(days=1))]


def test_no_type_that_boards_read_has_a_place_for_an_amount() -> None:
    types = [value for value in vars(counts).values() if hasattr(value, "__dataclass_fields__")]
    names = {name for each in types for name in each.__dataclass_fields__}
    assert types
    assert not [name for name in names if any(word in name for word in ("amount", "sum", "cash", "memo", "total"))]
