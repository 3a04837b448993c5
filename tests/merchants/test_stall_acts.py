"""The acts of a stall's life: registered, changed, paused, opened, closed."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from ledger.books.model import BOOK
from ledger.days import Month, local_midnight
from ledger.inbox.notice import Notice
from ledger.refused import Refused
from merchants.account_changes import ask, stop
from merchants.bank_accounts import holdings
from merchants.payments import Source, take
from merchants.references import is_reference
from merchants.stalls import (
    NewStall,
    StallRow,
    accounts_in_use,
    change,
    change_account,
    close,
    find_stall,
    list_stalls,
    register,
    registered,
    rename_account,
    set_status,
)

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
NEW = NewStall("K-09", "Rau sạch", "rau", "khu B", "chị Ba", "0905123456", "970422", "0333", "NGUYEN THI BA")


def again(session: Session, stall: StallRow) -> StallRow:
    return find_stall(session, stall.market_id, stall.code)


def test_a_registered_stall_is_found_as_it_was_given(session: Session, market_id: int) -> None:
    [stall_id] = register(session, market_id, [NEW], source=random.Random(5), now=NOW)
    found = find_stall(session, market_id, "K-09")
    assert {name: getattr(found, name) for name in NewStall.__dataclass_fields__} == {
        name: getattr(NEW, name) for name in NewStall.__dataclass_fields__
    }
    assert (found.id, found.market_id, found.status, found.closed_on) == (stall_id, market_id, "open", None)
    assert is_reference(found.reference)


def test_every_stall_has_a_book_and_a_reference_of_its_own(session: Session, market_id: int) -> None:
    new = [replace(NEW, code=f"K-{number:03}", account_number=str(number)) for number in range(60)]
    ids = register(session, market_id, new, source=random.Random(5), now=NOW)
    stalls = {stall.id: stall for stall in list_stalls(session, market_id)}
    assert [stalls[stall_id].code for stall_id in ids] == [stall.code for stall in new]
    assert len({stall.book_id for stall in stalls.values()}) == len({s.reference for s in stalls.values()}) == 62
    book = session.connection().execute(select(BOOK).where(BOOK.c.id == stalls[ids[0]].book_id)).one()
    assert (book.market_id, book.entries, book.head) == (market_id, 0, "")


def test_registering_nothing_registers_nothing(session: Session, market_id: int) -> None:
    assert register(session, market_id, [], source=random.Random(5), now=NOW) == []


def test_stalls_are_listed_by_code_and_market(session: Session, market_id: int, huong: StallRow, tu: StallRow) -> None:
    assert list_stalls(session, market_id) == [huong, tu]
    assert list_stalls(session, market_id + 99) == []


def test_a_code_that_no_stall_has_is_refused(session: Session, market_id: int) -> None:
    with pytest.raises(Refused, match="stall: no stall has the code 'X-1'; `stall list` shows them"):
        find_stall(session, market_id, "X-1")


def test_the_same_code_in_another_market_is_another_stall(
    add_stall: Callable[..., StallRow], other_market_id: int, huong: StallRow
) -> None:
    assert add_stall(other_market_id, huong.code, "970422", "0333").id != huong.id


def test_what_may_simply_be_changed_is(session: Session, huong: StallRow) -> None:
    change(session, huong.id, name="Cá biển", holder="chị Hai")
    rename_account(session, huong.id, "LE THI HUONG")
    found = again(session, huong)
    assert found == replace(huong, name="Cá biển", holder="chị Hai", account_name="LE THI HUONG")


def test_the_latest_account_is_the_stalls(session: Session, huong: StallRow, market_id: int) -> None:
    change_account(session, huong, bank_bin="970422", account_number="0444", account_name="X", takes_effect=NOW)
    found = again(session, huong)
    assert (found.bin, found.account_number, found.account_name) == ("970422", "0444", "X")
    assert found.reference == huong.reference
    [former] = holdings(session, market_id, [huong.account_number])[huong.account_number]
    assert (former.since, former.until) == (None, NOW)


def test_a_former_account_is_still_in_use(session: Session, huong: StallRow, market_id: int) -> None:
    change_account(session, huong, bank_bin="970422", account_number="0444", account_name="X", takes_effect=NOW)
    in_use = accounts_in_use(session, market_id, NOW)
    assert (in_use[huong.account_number], in_use["0444"]) == ("C-01", "C-01")


def test_an_account_that_is_asked_for_is_in_use_unless_it_is_stopped(
    session: Session, huong: StallRow, market_id: int
) -> None:
    asked = ask(session, huong, bank="970422", number="0444", name="LE THI HUONG", login_id=None, now=NOW)
    assert accounts_in_use(session, market_id, NOW)["0444"] == "C-01"
    stop(session, asked.id, login_id=None, now=NOW)
    assert "0444" not in accounts_in_use(session, market_id, NOW)


@pytest.mark.parametrize(("days", "in_use"), [(7, True), (0, True), (-90, True), (-91, False)])
def test_a_closed_stalls_account_is_in_use_for_ninety_days(
    session: Session, huong: StallRow, market_id: int, days: int, in_use: bool
) -> None:
    close(session, huong, TODAY + timedelta(days=days), NOW)
    assert (huong.account_number in accounts_in_use(session, market_id, NOW)) == in_use


def test_no_account_of_another_market_is_in_use(session: Session, huong: StallRow, other_market_id: int) -> None:
    assert accounts_in_use(session, other_market_id, NOW) == {}


def test_a_stall_is_paused_and_opened(session: Session, huong: StallRow) -> None:
    set_status(session, huong, "paused", TODAY)
    assert again(session, huong).status == "paused"
    set_status(session, huong, "open", TODAY)
    assert again(session, huong).status == "open"


def test_a_stall_is_closed_with_its_last_day(session: Session, huong: StallRow, market_id: int) -> None:
    close(session, huong, TODAY, NOW)
    found = again(session, huong)
    assert (found.status, found.closed_on) == ("closed", TODAY)
    [holding] = holdings(session, market_id, [huong.account_number])[huong.account_number]
    assert holding.until == local_midnight(TODAY + timedelta(days=1))


def test_a_closed_stall_stays_closed(session: Session, huong: StallRow) -> None:
    close(session, huong, TODAY, NOW)
    for status in ("open", "paused"):
        with pytest.raises(Refused, match="C-01 closed on 2026-11-24; a closed stall stays closed"):
            set_status(session, again(session, huong), status, TODAY)


def test_closing_again_on_the_same_day_changes_nothing(session: Session, huong: StallRow) -> None:
    close(session, huong, TODAY, NOW)
    closed = again(session, huong)
    close(session, closed, TODAY, NOW)
    assert again(session, huong) == closed


def test_once_the_last_day_is_past_another_is_refused(session: Session, huong: StallRow) -> None:
    close(session, huong, TODAY, NOW)
    with pytest.raises(Refused, match="C-01 closed on 2026-11-24 already"):
        close(session, again(session, huong), TODAY + timedelta(days=2), NOW + timedelta(days=1))


@pytest.mark.parametrize("days", [-1, 0, 1, 7])
def test_until_the_last_day_is_past_it_may_be_another(
    session: Session, huong: StallRow, market_id: int, days: int
) -> None:
    close(session, huong, TODAY + timedelta(days=3), NOW)
    close(session, again(session, huong), TODAY + timedelta(days=days), NOW)
    assert again(session, huong).closed_on == TODAY + timedelta(days=days)
    [holding] = holdings(session, market_id, [huong.account_number])[huong.account_number]
    assert holding.until == local_midnight(TODAY + timedelta(days=days + 1))


@pytest.mark.parametrize("days", [2, 9])
def test_a_last_day_stays_once_another_stall_has_the_account_from_then(
    session: Session, huong: StallRow, market_id: int, days: int
) -> None:
    close(session, huong, TODAY + timedelta(days=5), NOW)
    closing = again(session, huong)
    heir = replace(NEW, bin=huong.bin, account_number=huong.account_number)
    register(session, market_id, [heir], source=random.Random(1), now=NOW)
    with pytest.raises(
        Refused, match="another stall has its account from the day after 2026-11-29, so C-01 closes then"
    ):
        close(session, closing, TODAY + timedelta(days=days), NOW)
    assert again(session, huong) == closing


def test_no_account_of_a_stall_outlives_it(session: Session, huong: StallRow, market_id: int) -> None:
    change_account(session, huong, bank_bin="970422", account_number="0444", account_name="X", takes_effect=NOW)
    close(session, again(session, huong), TODAY - timedelta(days=20), NOW)
    found = holdings(session, market_id, [huong.account_number, "0444"])
    end = local_midnight(TODAY - timedelta(days=19))
    assert [holding.until for each in found.values() for holding in each] == [end, end]


def test_an_account_given_up_before_ends_when_it_ended(session: Session, huong: StallRow, market_id: int) -> None:
    number = huong.account_number
    change_account(session, huong, bank_bin="970422", account_number="0444", account_name="X", takes_effect=NOW)
    for days in (3, 5):
        close(session, again(session, huong), TODAY + timedelta(days=days), NOW)
    [former] = holdings(session, market_id, [number])[number]
    assert former.until == NOW


def test_a_last_day_far_ahead_is_a_slip(session: Session, huong: StallRow) -> None:
    with pytest.raises(Refused, match="on: 2028-11-24 is more than a year ahead"):
        close(session, huong, date(2028, 11, 24), NOW)


def test_a_new_stall_with_a_given_up_account_has_it_from_when_that_ends(
    session: Session, huong: StallRow, market_id: int
) -> None:
    last_day = TODAY + timedelta(days=6)
    close(session, huong, last_day, NOW)
    heir = replace(NEW, bin=huong.bin, account_number=huong.account_number)
    register(session, market_id, [heir], source=random.Random(5), now=NOW)
    held = holdings(session, market_id, [huong.account_number])[huong.account_number]
    assert [holding.since for holding in held] == [None, local_midnight(last_day + timedelta(days=1))]


def test_the_given_up_number_at_another_bank_is_not_the_account(
    session: Session, huong: StallRow, market_id: int
) -> None:
    close(session, huong, TODAY, NOW)
    register(
        session,
        market_id,
        [replace(NEW, bin="970422", account_number=huong.account_number)],
        source=random.Random(5),
        now=NOW,
    )
    held = holdings(session, market_id, [huong.account_number])[huong.account_number]
    assert [holding.since for holding in held] == [None, None]


@pytest.mark.parametrize(
    ("month", "in_month"), [(Month(2026, 10), True), (Month(2026, 11), True), (Month(2026, 12), False)]
)
def test_a_stall_is_registered_in_every_month_not_wholly_after_it_closed(
    session: Session, huong: StallRow, market_id: int, month: Month, in_month: bool
) -> None:
    close(session, huong, date(2026, 11, 1), NOW)
    found = {stall.code: stall.in_month for stall in registered(session, market_id, month)}
    assert found == {"C-01": in_month, "G-02": True}


def test_a_stall_is_connected_once_a_notice_named_its_account(
    session: Session, channel: Source, huong: StallRow, market_id: int, told: Callable[..., Notice]
) -> None:
    take(session, channel, "hook", [(told(huong, 50_000, direction="out"), b"{}")], NOW)
    found = {stall.code: stall.connected for stall in registered(session, market_id, Month(2026, 11))}
    assert found == {"C-01": True, "G-02": False}
