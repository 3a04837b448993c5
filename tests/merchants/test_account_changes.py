"""Another bank account for a stall: asked for, waiting, stopped or in effect."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from ledger.inbox.notice import Notice
from ledger.refused import Refused
from merchants.account_changes import WAIT, Change, ask, carry_out, changes_of, due, open_change, open_changes, stop
from merchants.bank_accounts import holdings
from merchants.model import ACCOUNT_CHANGE
from merchants.payments import Source, take
from merchants.stalls import StallRow, close, load_stall

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Told = Callable[..., Notice]


def ask_mb(session: Session, stall: StallRow, number: str = "0777700001") -> Change:
    return ask(session, stall, bank="MB", number=number, name="LE THI HUONG", login_id=7, now=NOW)


def account(session: Session, stall: StallRow) -> tuple[str, str]:
    found = load_stall(session, stall.id)
    return found.bin, found.account_number


def test_nothing_changes_before_the_wait_is_over(session: Session, huong: StallRow) -> None:
    change = ask_mb(session, huong)
    assert account(session, huong) == ("970436", "0123499999")
    assert (change.takes_effect, change.is_open) == (NOW + WAIT, True)
    assert due(session, NOW + WAIT - timedelta(seconds=1)) == []


def test_after_the_wait_the_stall_is_paid_to_the_other_account(session: Session, huong: StallRow) -> None:
    change = ask_mb(session, huong)
    assert due(session, NOW + WAIT) == [change.id]
    done = carry_out(session, change.id, NOW + WAIT)
    assert account(session, huong) == ("970422", "0777700001")
    assert (done.done_at, done.is_open) == (NOW + WAIT, False)
    assert due(session, NOW + 2 * WAIT) == []


def test_the_former_account_still_leads_to_the_stall(
    session: Session, huong: StallRow, channel: Source, told: Told
) -> None:
    carry_out(session, ask_mb(session, huong).id, NOW + WAIT)
    later = NOW + 2 * WAIT
    [outcome] = take(session, channel, "hook", [(told(huong, 50_000, at=later), b"{}")], later)
    assert outcome.status == "recorded"


def test_a_stall_may_go_back_to_the_account_it_had(
    session: Session, huong: StallRow, channel: Source, told: Told
) -> None:
    carry_out(session, ask_mb(session, huong).id, NOW + WAIT)
    there = load_stall(session, huong.id)
    back = ask(session, there, bank="VCB", number="0123499999", name="HUONG", login_id=7, now=NOW + WAIT)
    carry_out(session, back.id, NOW + 2 * WAIT)
    at = NOW + 3 * WAIT
    [outcome] = take(session, channel, "hook", [(told(huong, 50_000, at=at), b"{}")], at)
    assert outcome.status == "recorded"
    assert (back.former_bin, back.former_number) == ("970422", "0777700001")


def test_a_stopped_change_never_takes_effect(session: Session, huong: StallRow) -> None:
    change = ask_mb(session, huong)
    stopped = stop(session, change.id, login_id=8, now=NOW + timedelta(hours=1))
    assert (stopped.stopped_by, stopped.is_open) == (8, False)
    assert due(session, NOW + WAIT) == []
    with pytest.raises(Refused, match="does not wait any more"):
        carry_out(session, change.id, NOW + WAIT)


def test_what_took_effect_cannot_be_stopped(session: Session, huong: StallRow) -> None:
    change = ask_mb(session, huong)
    carry_out(session, change.id, NOW + WAIT)
    with pytest.raises(Refused, match="does not wait any more"):
        stop(session, change.id, login_id=8, now=NOW + WAIT)


def test_a_stall_has_one_open_change_at_most(session: Session, huong: StallRow) -> None:
    first = ask_mb(session, huong)
    with pytest.raises(Refused, match="waits already"):
        ask_mb(session, huong, "0777700002")
    stop(session, first.id, login_id=None, now=NOW)
    assert ask_mb(session, huong, "0777700002").is_open


def test_the_database_refuses_a_second_open_change(session: Session, huong: StallRow) -> None:
    ask_mb(session, huong)
    row = {"market_id": huong.market_id, "stall_id": huong.id, "bin": "970422", "number": "1", "name": ""}
    with pytest.raises(IntegrityError), session.begin_nested():
        session.connection().execute(insert(ACCOUNT_CHANGE).values(**row, asked_at=NOW, takes_effect=NOW))


@pytest.mark.parametrize(
    ("bank", "number", "name", "field"),
    [
        ("Ngân hàng Mây", "0777700001", "LE THI HUONG", "bank"),
        ("MB", "077 77-1", "LE THI HUONG", "account_number"),
        ("MB", "4111111111111111", "LE THI HUONG", "account_number"),
        ("MB", "0777700001", "", "account_name"),
        ("VCB", "0123499999", "LE THI HUONG", "account_number"),
    ],
)
def test_an_account_is_checked_as_a_new_stall_s_is(
    session: Session, huong: StallRow, bank: str, number: str, name: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        ask(session, huong, bank=bank, number=number, name=name, login_id=7, now=NOW)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert open_change(session, huong.id) is None


def test_a_closed_stall_keeps_its_account(session: Session, huong: StallRow) -> None:
    change = ask_mb(session, huong)
    close(session, huong, date(2026, 11, 24), NOW)
    assert carry_out(session, change.id, NOW + WAIT).stopped_at == NOW + WAIT
    assert account(session, huong) == ("970436", "0123499999")
    with pytest.raises(Refused, match="closed"):
        ask_mb(session, load_stall(session, huong.id))


@pytest.fixture
def next_one(session: Session, add_stall: Callable[..., StallRow], huong: StallRow) -> StallRow:
    """A stall that has chị Hương's account from the first of December, the day after she closes."""
    close(session, huong, date(2026, 11, 30), NOW)
    session.commit()
    return add_stall(huong.market_id, "C-02", huong.bin, huong.account_number)


@pytest.mark.parametrize("wait", [WAIT, timedelta(0)])
def test_an_account_that_is_to_come_is_the_former_one(session: Session, next_one: StallRow, wait: timedelta) -> None:
    said: dict[str, Any] = {"bank": "MB", "number": "0777700001", "name": "LE", "login_id": 7}
    change = ask(session, next_one, **said, now=NOW, wait=wait)
    done = carry_out(session, change.id, NOW + wait)
    formers = [(each.former_bin, each.former_number) for each in (change, done)]
    assert formers == [("970436", "0123499999")] * 2


def test_an_account_that_was_to_come_never_comes_beside_the_other(session: Session, next_one: StallRow) -> None:
    carry_out(session, ask_mb(session, next_one).id, NOW + WAIT)
    found = holdings(session, next_one.market_id, ("0123499999", "0777700001"))
    for days, numbers in ((0, []), (1, ["0777700001"]), (9, ["0777700001"])):
        at = NOW + days * WAIT
        own = [number for number in found for h in found[number] if h.stall_id == next_one.id and h.in_force(at)]
        assert own == numbers


def test_a_change_without_the_wait_names_the_account_before_it(session: Session, huong: StallRow) -> None:
    change = ask(session, huong, bank="MB", number="0777700001", name="LE", login_id=7, now=NOW, wait=timedelta(0))
    assert carry_out(session, change.id, NOW).former_number == "0123499999"


def test_what_waits_is_told_of_its_own_market_only(
    session: Session, huong: StallRow, tu: StallRow, other_market_id: int
) -> None:
    change = ask_mb(session, huong)
    assert open_changes(session, huong.market_id) == [change]
    assert open_changes(session, other_market_id) == []
    assert changes_of(session, tu.id) == []


def test_the_trail_is_told_only_the_end_of_an_account(session: Session, huong: StallRow) -> None:
    change = ask_mb(session, huong)
    assert change.about == {"account_change": change.id, "former": "970436 9999", "account": "970422 0001"}
