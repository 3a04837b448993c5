"""A wrong answer about money that was perhaps told before: it is asked again, and no đồng is lost or doubled."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session

from ledger.books.model import ENTRY
from ledger.books.sums import Takings
from ledger.books.verify import verify
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import Notice
from ledger.refused import Refused
from market.db import Database
from merchants.model import CODE_PAYMENT
from merchants.payment_codes import ask_now
from merchants.payments import Source, take
from merchants.settling import another, hold, reverse, same
from merchants.stalls import StallRow
from tests.merchants.conftest import Desk

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Told = Callable[..., Notice]


@pytest.fixture
def both(session: Session, channel: Source, huong: StallRow, told: Told) -> tuple[int, int]:
    """A payment of 50.000 đ that a webhook told, and the line of a statement without a reference that is held."""
    [paid] = take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW)
    [held] = take(session, channel, "statement", [(told(huong, 50_000, bank_reference=""), b"{}")], NOW)
    assert (paid.status, held.status) == ("recorded", "held")
    return paid.notice_id or 0, held.notice_id or 0


@pytest.fixture
def findings(session: Session, database: Database) -> Callable[[], list[str]]:
    """What `ledger verify` finds in what was written so far."""

    def found() -> list[str]:
        session.commit()
        with database.reading() as reader:
            return [finding.message for finding in verify(reader).findings]

    return found


@pytest.fixture
def ask_again(session: Session, market_id: int) -> Callable[[int], None]:
    def ask(notice_id: int) -> None:
        hold(session, market_id, [notice_id], reason="answered wrongly", login_id=None, now=NOW)

    return ask


@pytest.fixture
def one_more(session: Session, market_id: int, channel: Source) -> Callable[[int], int]:
    """Books a held notice as a payment of its own; gives the entry."""

    def book(notice_id: int) -> int:
        [outcome] = another(session, market_id, [notice_id], sources=[channel], login_id=None, now=NOW)
        assert outcome.entry_id is not None
        return outcome.entry_id

    return book


def statuses(session: Session, *notices: int) -> list[str]:
    found = session.connection().execute(select(NOTICE.c.id, NOTICE.c.status).where(NOTICE.c.id.in_(notices)))
    by_id = {row.id: row.status for row in found}
    return [by_id[notice] for notice in notices]


def originals(session: Session) -> dict[int, int]:
    rows = session.connection().execute(select(NOTICE.c.id, NOTICE.c.same_as).where(NOTICE.c.same_as.is_not(None)))
    return {row.id: row.same_as for row in rows}


def test_what_was_called_the_same_becomes_one_more_payment(
    session: Session, desk: Desk, huong: StallRow, market_id: int, both: tuple[int, int],
    ask_again: Callable[[int], None], one_more: Callable[[int], int],
) -> None:  # fmt: skip
    same(session, market_id, [both[1]])
    ask_again(both[1])
    assert statuses(session, *both) == ["recorded", "held"]
    assert desk.takings(huong) == Takings(1, 50_000, 0, 0)
    one_more(both[1])
    assert desk.takings(huong) == Takings(2, 100_000, 0, 0)


def test_what_was_called_one_more_becomes_the_same_and_its_entry_is_reversed(
    session: Session, desk: Desk, huong: StallRow, market_id: int, both: tuple[int, int],
    ask_again: Callable[[int], None], one_more: Callable[[int], int],
    findings: Callable[[], list[str]],
) -> None:  # fmt: skip
    entry = one_more(both[1])
    ask_again(both[1])
    same(session, market_id, [both[1]])
    assert desk.takings(huong) == Takings(1, 50_000, 0, 0)
    assert originals(session) == {both[1]: both[0]}
    reversal = session.connection().execute(select(ENTRY).where(ENTRY.c.concerns == entry)).one()
    assert (reversal.kind, desk.note(reversal.id)) == ("reversal", "answered wrongly")
    assert findings() == []


def test_an_answer_may_be_changed_again_and_again(
    session: Session, desk: Desk, huong: StallRow, market_id: int, both: tuple[int, int],
    ask_again: Callable[[int], None], one_more: Callable[[int], int],
    findings: Callable[[], list[str]],
) -> None:  # fmt: skip
    for _ in range(3):
        one_more(both[1])
        ask_again(both[1])
        same(session, market_id, [both[1]])
        ask_again(both[1])
    one_more(both[1])
    assert desk.takings(huong) == Takings(2, 100_000, 0, 0)
    assert findings() == []


def test_a_typed_sale_waits_again_and_is_confirmed_by_the_payment_that_comes_back(
    desk: Desk, huong: StallRow, both: tuple[int, int], ask_again: Callable[[int], None],
    one_more: Callable[[int], int],
) -> None:  # fmt: skip
    desk.confirm(desk.type_in(huong, 50_000), one_more(both[1]))
    assert desk.takings(huong) == Takings(2, 100_000, 0, 0)
    ask_again(both[1])
    assert desk.takings(huong) == Takings(1, 50_000, 50_000, 0)
    one_more(both[1])
    assert desk.takings(huong) == Takings(2, 100_000, 0, 0)


def test_the_earlier_of_the_two_can_be_asked_about_as_well(
    session: Session, desk: Desk, huong: StallRow, market_id: int, both: tuple[int, int],
    ask_again: Callable[[int], None], one_more: Callable[[int], int],
    findings: Callable[[], list[str]],
) -> None:  # fmt: skip
    one_more(both[1])
    ask_again(both[0])
    same(session, market_id, [both[0]])
    assert originals(session) == {both[0]: both[1]}
    assert desk.takings(huong) == Takings(1, 50_000, 0, 0)
    assert findings() == []


def test_what_names_its_reference_goes_with_one_that_was_no_twin(
    session: Session,
    channel: Source,
    huong: StallRow,
    told: Told,
    market_id: int,
    ask_again: Callable[[int], None],
    findings: Callable[[], list[str]],
) -> None:
    [line] = take(session, channel, "statement", [(told(huong, 50_000, bank_reference=""), b"")], NOW)
    notice = told(huong, 50_000)
    [held] = take(session, channel, "hook", [(notice, b"{}")], NOW)
    assert held.notice_id is not None
    same(session, market_id, [held.notice_id])
    [polled] = take(session, channel, "poll", [(notice, b"{}")], NOW)
    assert originals(session) == {held.notice_id: line.notice_id, polled.notice_id: line.notice_id}
    ask_again(held.notice_id)
    assert originals(session) == {polled.notice_id: held.notice_id}
    assert findings() == []


def test_the_same_bank_reference_leaves_nothing_to_ask(
    session: Session, channel: Source, huong: StallRow, told: Told, ask_again: Callable[[int], None]
) -> None:
    notice = told(huong, 50_000)
    take(session, channel, "hook", [(notice, b"{}")], NOW)
    [polled] = take(session, channel, "poll", [(notice, b"{}")], NOW)
    with pytest.raises(Refused, match=f"notice {polled.notice_id} names the same bank reference"):
        ask_again(polled.notice_id or 0)


def test_a_payment_that_no_other_feed_told_is_not_asked_about(
    session: Session, channel: Source, huong: StallRow, told: Told, ask_again: Callable[[int], None]
) -> None:
    [paid] = take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW)
    with pytest.raises(Refused, match=f"no payment told by another feed is left that notice {paid.notice_id} could be"):
        ask_again(paid.notice_id or 0)
    assert statuses(session, paid.notice_id or 0) == ["recorded"]


def test_money_that_went_back_is_not_asked_about(
    session: Session, both: tuple[int, int], ask_again: Callable[[int], None], one_more: Callable[[int], int]
) -> None:
    reverse(session, None, one_more(both[1]), reason="went back", reassign=False, login_id=None, now=NOW)
    with pytest.raises(Refused, match="is reversed already"):
        ask_again(both[1])


def test_another_market_asks_nothing(other_market_id: int, session: Session, both: tuple[int, int]) -> None:
    with pytest.raises(Refused, match=f"the market has no notice {both[1]}"):
        hold(session, other_market_id, [both[1]], reason="why", login_id=None, now=NOW)


def test_one_more_that_found_no_stall_is_asked_about_again(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int, ask_again: Callable[[int], None]
) -> None:
    nobodys = told(huong, 50_000, account_number="5550001")
    take(session, channel, "hook", [(nobodys, b"{}")], NOW)
    [held] = take(session, channel, "statement", [(nobodys._replace(event_id="x", bank_reference=""), b"")], NOW)
    assert held.notice_id is not None
    another(session, market_id, [held.notice_id], sources=[channel], login_id=None, now=NOW)
    ask_again(held.notice_id)
    assert statuses(session, held.notice_id) == ["held"]


def test_a_twin_that_nobody_was_asked_about_is_not_asked_about_again(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int, ask_again: Callable[[int], None]
) -> None:
    take(session, channel, "statement", [(told(huong, 50_000, bank_reference=""), b"")], NOW)
    notice = told(huong, 50_000)
    [held] = take(session, channel, "hook", [(notice, b"{}")], NOW)
    same(session, market_id, [held.notice_id or 0])
    [polled] = take(session, channel, "poll", [(notice, b"{}")], NOW)
    with pytest.raises(Refused, match=f"notice {polled.notice_id} names the same bank reference"):
        ask_again(polled.notice_id or 0)


def test_of_several_each_that_cannot_be_is_named(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int, both: tuple[int, int]
) -> None:
    [paid] = take(session, channel, "hook", [(told(huong, 60_000), b"{}")], NOW)
    with pytest.raises(Refused) as refused:
        hold(session, market_id, [paid.notice_id or 0, both[1]], reason="why", login_id=None, now=NOW)
    assert [problem.message for problem in refused.value.problems] == [
        f"notice {both[1]} is held; only an answered one can be held again",
        f"no payment told by another feed is left that notice {paid.notice_id} could be",
    ]


def test_an_entry_is_not_reversed_without_a_reason(
    session: Session, market_id: int, both: tuple[int, int], one_more: Callable[[int], int]
) -> None:
    one_more(both[1])
    with pytest.raises(Refused, match="is needed: say in a few words why"):
        hold(session, market_id, [both[1]], login_id=None, now=NOW)


def test_a_code_that_was_paid_once_is_not_paid_again_by_the_same_payment(
    session: Session, channel: Source, huong: StallRow, told: Told, market_id: int,
    ask_again: Callable[[int], None], one_more: Callable[[int], int],
) -> None:  # fmt: skip
    code = ask_now(session, huong, 50_000, now=NOW)
    take(session, channel, "hook", [(told(huong, 50_000), b"{}")], NOW)
    [held] = take(session, channel, "poll", [(told(huong, 50_000, bank_reference="", memo=code), b"{}")], NOW)
    one_more(held.notice_id or 0)
    ask_again(held.notice_id or 0)
    one_more(held.notice_id or 0)
    rows = session.connection().execute(select(CODE_PAYMENT.c.again).order_by(CODE_PAYMENT.c.entry_id)).scalars()
    assert list(rows) == [False, False]
