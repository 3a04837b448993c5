"""A payment is booked as it is; how it answers the code that asked for it stands beside it."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from ledger.inbox.notice import Notice
from ledger.refused import Refused
from merchants.model import CODE_PAYMENT
from merchants.payment_codes import make_payment_code
from merchants.payments import Source, take
from merchants.references import is_reference, owners
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
EXPIRY = NOW + timedelta(minutes=15)
Told = Callable[..., Notice]
Answer = Callable[..., list[tuple[str, bool, bool]]]


def ask(session: Session, stall: StallRow, amount: int, seed: int = 1) -> str:
    return make_payment_code(
        session,
        market_id=stall.market_id,
        stall_id=stall.id,
        amount=amount,
        purpose="",
        expires_at=EXPIRY,
        now=NOW,
        source=random.Random(seed),
    )


@pytest.fixture
def answers(session: Session, channel: Source) -> Answer:
    """Delivers notices and gives the verdicts: which, late, again."""

    def deliver(*notices: Notice) -> list[tuple[str, bool, bool]]:
        outcomes = take(session, channel, "hook", [(notice, b"{}") for notice in notices], NOW)
        assert {outcome.status for outcome in outcomes} == {"recorded"}
        code = CODE_PAYMENT.c
        rows = session.connection().execute(select(code.verdict, code.late, code.again).order_by(code.entry_id))
        return [(row.verdict, row.late, row.again) for row in rows]

    return deliver


def test_a_code_has_a_reference_of_its_own(session: Session, huong: StallRow) -> None:
    reference = ask(session, huong, 50_000)
    assert is_reference(reference)
    stall_id, code_id = owners(session, [reference])[reference]
    assert stall_id == huong.id
    assert code_id is not None


@pytest.mark.parametrize("amount", [0, -1])
def test_a_code_asks_for_more_than_nothing(session: Session, huong: StallRow, amount: int) -> None:
    with pytest.raises(Refused, match="amount: must be more than 0 đồng"):
        ask(session, huong, amount)


@pytest.mark.parametrize(("amount", "verdict"), [(50_000, "exact"), (5_000, "short"), (50_001, "over")])
def test_the_verdict_compares_what_came_with_what_was_asked(
    session: Session, answers: Answer, huong: StallRow, told: Told, amount: int, verdict: str
) -> None:
    assert answers(told(huong, amount, memo=ask(session, huong, 50_000))) == [(verdict, False, False)]


@pytest.mark.parametrize(("after", "late"), [(timedelta(0), False), (timedelta(seconds=1), True)])
def test_a_payment_is_late_after_the_expiry(
    session: Session, answers: Answer, huong: StallRow, told: Told, after: timedelta, late: bool
) -> None:
    notice = told(huong, 50_000, at=EXPIRY + after, memo=ask(session, huong, 50_000))
    assert answers(notice) == [("exact", late, False)]


def test_a_code_paid_again_says_so(session: Session, answers: Answer, huong: StallRow, told: Told) -> None:
    memo = ask(session, huong, 50_000)
    assert answers(told(huong, 50_000, memo=memo)) == [("exact", False, False)]
    assert answers(told(huong, 50_000, memo=memo))[1:] == [("exact", False, True)]


def test_a_code_paid_twice_in_one_batch_says_so(session: Session, answers: Answer, huong: StallRow, told: Told) -> None:
    memo = ask(session, huong, 50_000)
    both = answers(told(huong, 50_000, memo=memo), told(huong, 5_000, memo=memo))
    assert both == [("exact", False, False), ("short", False, True)]


def test_a_payment_without_a_codes_reference_has_no_verdict(
    session: Session, answers: Answer, huong: StallRow, told: Told
) -> None:
    ask(session, huong, 50_000)
    assert answers(told(huong, 50_000, memo=huong.reference)) == []


def test_another_stalls_code_has_no_verdict_here(
    session: Session, answers: Answer, huong: StallRow, tu: StallRow, told: Told
) -> None:
    assert answers(told(huong, 50_000, memo=ask(session, tu, 50_000))) == []


def test_two_codes_in_one_memo_are_one_payment(session: Session, answers: Answer, huong: StallRow, told: Told) -> None:
    memo = f"{ask(session, huong, 50_000, 1)} {ask(session, huong, 30_000, 2)}"
    assert len(answers(told(huong, 50_000, memo=memo))) == 1


def test_a_code_told_twice_in_one_memo_is_one_payment(
    session: Session, answers: Answer, huong: StallRow, told: Told
) -> None:
    reference = ask(session, huong, 50_000)
    assert answers(told(huong, 50_000, memo=f"{reference} {reference}")) == [("exact", False, False)]
