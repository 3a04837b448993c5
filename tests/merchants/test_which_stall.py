"""Which stall a notice is booked to: the account at the payment's own time, then a whole reference, else nobody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from ledger.books.model import ENTRY, ENTRY_NOTE
from ledger.days import local_midnight
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import Notice
from merchants.bank_accounts import holdings
from merchants.payments import FORMER, Source, take
from merchants.references import ALPHABET
from merchants.settling import reverse
from merchants.stalls import StallRow, change_account, close, set_status

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
VIETCOMBANK, MB = "970436", "970422"
SHARED = "0777700001"
Told = Callable[..., Notice]
AddStall = Callable[..., StallRow]


@pytest.fixture
def booked(session: Session, channel: Source) -> Callable[..., int | None]:
    """Delivers a notice and gives the book that its entry is in; None where nobody has it."""

    def deliver(notice: Notice, source: Source = channel) -> int | None:
        [outcome] = take(session, source, "hook", [(notice, b"{}")], NOW)
        if outcome.entry_id is None:
            assert outcome.status == "unmatched"
            return None
        where = ENTRY.c.id == outcome.entry_id
        return int(session.connection().execute(select(ENTRY.c.book_id).where(where)).scalar_one())

    return deliver


Booked = Callable[..., int | None]


def notes(session: Session) -> list[str]:
    return list(session.connection().execute(select(ENTRY_NOTE.c.reason)).scalars())


@pytest.fixture
def sharing(add_stall: AddStall, market_id: int, huong: StallRow, tu: StallRow) -> tuple[StallRow, StallRow]:
    """Two stalls of a couple, paid to one account."""
    return add_stall(market_id, "R-01", VIETCOMBANK, SHARED), add_stall(market_id, "R-02", VIETCOMBANK, SHARED)


def test_the_stall_with_the_credited_account_has_it(booked: Booked, huong: StallRow, tu: StallRow, told: Told) -> None:
    assert booked(told(huong, 50_000)) == huong.book_id
    assert booked(told(tu, 50_000)) == tu.book_id


def test_an_account_that_no_stall_has_is_nobodys(booked: Booked, huong: StallRow, told: Told) -> None:
    assert booked(told(huong, 50_000, account_number="5550001")) is None


@pytest.mark.parametrize(
    "bank", ["970436", "Vietcombank", "VCB", "VIETCOMBANK", "Ngân hàng TMCP Ngoại Thương Việt Nam"]
)
def test_a_bank_is_known_by_any_of_its_names(booked: Booked, huong: StallRow, told: Told, bank: str) -> None:
    assert booked(told(huong, 50_000, bank=bank)) == huong.book_id


@pytest.mark.parametrize("bank", ["", "a bank nobody knows"])
def test_where_no_known_bank_is_named_the_number_is_enough(
    booked: Booked, huong: StallRow, told: Told, bank: str
) -> None:
    assert booked(told(huong, 50_000, bank=bank)) == huong.book_id


def test_the_same_number_at_another_bank_is_another_account(booked: Booked, huong: StallRow, told: Told) -> None:
    assert booked(told(huong, 50_000, bank="MBBank")) is None


@pytest.fixture
def same_number(add_stall: AddStall, market_id: int, huong: StallRow, tu: StallRow) -> StallRow:
    """A stall whose account has chị Hương's number, at MB Bank."""
    return add_stall(market_id, "M-01", MB, huong.account_number)


def test_one_number_at_two_banks_is_told_apart_by_the_bank(
    same_number: StallRow, booked: Booked, huong: StallRow, told: Told
) -> None:
    assert booked(told(huong, 50_000, bank="MBBank")) == same_number.book_id
    assert booked(told(huong, 50_000, bank="Vietcombank")) == huong.book_id


def test_one_number_at_two_banks_is_nobodys_when_the_bank_is_not_named(
    same_number: StallRow, booked: Booked, huong: StallRow, told: Told
) -> None:
    assert booked(told(huong, 50_000, bank="")) is None


def test_one_number_at_two_banks_is_told_apart_by_the_reference_too(
    same_number: StallRow, booked: Booked, huong: StallRow, told: Told
) -> None:
    assert booked(told(huong, 50_000, bank="", memo=f"CK {same_number.reference}")) == same_number.book_id


def test_a_shared_account_without_a_reference_is_nobodys(
    sharing: tuple[StallRow, StallRow], booked: Booked, told: Told
) -> None:
    assert booked(told(sharing[0], 50_000, memo="tien ca")) is None


@pytest.mark.parametrize("which", [0, 1])
def test_a_whole_reference_decides_between_stalls_that_share_an_account(
    sharing: tuple[StallRow, StallRow], booked: Booked, told: Told, which: int
) -> None:
    memo = f"MBVCB.452.{sharing[which].reference.lower()}.CT tu 0905"
    assert booked(told(sharing[0], 50_000, memo=memo)) == sharing[which].book_id


def test_a_near_miss_of_a_reference_is_nobodys(sharing: tuple[StallRow, StallRow], booked: Booked, told: Told) -> None:
    reference = sharing[0].reference
    mistyped = reference[:-1] + ALPHABET[(ALPHABET.index(reference[-1]) + 1) % 31]
    assert booked(told(sharing[0], 50_000, memo=mistyped)) is None


def test_the_references_of_both_are_nobodys(sharing: tuple[StallRow, StallRow], booked: Booked, told: Told) -> None:
    memo = f"{sharing[0].reference} {sharing[1].reference}"
    assert booked(told(sharing[0], 50_000, memo=memo)) is None


def test_the_reference_of_a_stall_with_another_account_decides_nothing(
    sharing: tuple[StallRow, StallRow], booked: Booked, huong: StallRow, told: Told
) -> None:
    assert booked(told(sharing[0], 50_000, memo=huong.reference)) is None
    memo = f"{huong.reference} {sharing[1].reference}"
    assert booked(told(sharing[0], 50_000, memo=memo)) == sharing[1].book_id


def test_the_account_stands_above_another_stalls_reference(
    booked: Booked, huong: StallRow, tu: StallRow, told: Told
) -> None:
    assert booked(told(huong, 50_000, memo=tu.reference)) == huong.book_id


def test_a_reference_alone_leads_to_nobody(booked: Booked, huong: StallRow, told: Told) -> None:
    assert booked(told(huong, 50_000, account_number="5550001", memo=huong.reference)) is None


def changed(session: Session, stall: StallRow, at: datetime) -> None:
    change_account(session, stall, bank_bin=MB, account_number="0444", account_name="", takes_effect=at)


def test_a_former_account_still_leads_to_the_stall_and_is_flagged(
    session: Session, booked: Booked, huong: StallRow, told: Told
) -> None:
    changed(session, huong, NOW - DAY)
    assert booked(told(huong, 50_000)) == huong.book_id
    assert notes(session) == [FORMER]


def test_a_payment_from_before_the_change_is_not_flagged(
    session: Session, booked: Booked, huong: StallRow, told: Told
) -> None:
    changed(session, huong, NOW)
    assert booked(told(huong, 50_000, at=NOW - SECOND)) == huong.book_id
    assert notes(session) == []


def test_a_new_account_leads_nowhere_before_it_took_effect(
    session: Session, booked: Booked, huong: StallRow, told: Told
) -> None:
    changed(session, huong, NOW)
    new = {"account_number": "0444", "bank": MB}
    assert booked(told(huong, 50_000, at=NOW - SECOND, **new)) is None
    assert booked(told(huong, 50_000, at=NOW, **new)) == huong.book_id


def test_an_account_in_force_stands_above_one_that_was(
    session: Session, booked: Booked, huong: StallRow, tu: StallRow, told: Told
) -> None:
    change_account(session, huong, bank_bin=MB, account_number="0444", account_name="", takes_effect=NOW - 2 * DAY)
    change_account(
        session,
        tu,
        bank_bin=huong.bin,
        account_number=huong.account_number,
        account_name="",
        takes_effect=NOW - DAY,
    )
    assert booked(told(huong, 50_000)) == tu.book_id
    assert booked(told(huong, 50_000, at=NOW - DAY - SECOND)) == huong.book_id


def test_a_paused_stall_is_booked_as_ever(session: Session, booked: Booked, huong: StallRow, told: Told) -> None:
    set_status(session, huong, "paused", NOW.date())
    assert booked(told(huong, 50_000)) == huong.book_id


def test_closing_ends_the_account_with_that_day(session: Session, booked: Booked, huong: StallRow, told: Told) -> None:
    close(session, huong, date(2026, 11, 20), NOW)
    end = local_midnight(date(2026, 11, 21))
    assert booked(told(huong, 50_000, at=end - SECOND)) == huong.book_id
    assert notes(session) == []
    assert booked(told(huong, 50_000, at=end)) == huong.book_id
    assert notes(session) == [FORMER]


def test_who_takes_over_a_closed_stalls_account_has_what_comes_after(
    session: Session, booked: Booked, huong: StallRow, tu: StallRow, told: Told
) -> None:
    close(session, huong, date(2026, 11, 20), NOW)
    end = local_midnight(date(2026, 11, 21))
    change_account(
        session, tu, bank_bin=huong.bin, account_number=huong.account_number, account_name="", takes_effect=end
    )
    assert booked(told(huong, 50_000, at=end)) == tu.book_id
    assert booked(told(huong, 50_000, at=end - SECOND)) == huong.book_id


def test_a_first_account_holds_from_the_beginning(booked: Booked, huong: StallRow, told: Told) -> None:
    assert booked(told(huong, 50_000, at=NOW - 400 * DAY)) == huong.book_id


@pytest.fixture
def heir(database_closing: None, add_stall: AddStall, market_id: int, huong: StallRow, tu: StallRow) -> StallRow:
    """A new stall with the account that chị Hương gave up."""
    return add_stall(market_id, "H-01", huong.bin, huong.account_number)


@pytest.fixture
def database_closing(request: pytest.FixtureRequest, huong: StallRow) -> None:
    """Chị Hương closed on 20 November."""
    with request.getfixturevalue("database").writing() as session:
        close(session, huong, date(2026, 11, 20), NOW)


def test_a_first_account_that_another_had_before_holds_from_when_it_was_registered(
    heir: StallRow, booked: Booked, session: Session, market_id: int, told: Told, huong: StallRow
) -> None:
    since = [holding.since for holding in holdings(session, market_id, [heir.account_number])[heir.account_number]]
    assert since == [None, NOW]
    assert booked(told(heir, 50_000, at=NOW)) == heir.book_id
    assert booked(told(heir, 50_000, at=NOW - 10 * DAY)) == huong.book_id


def test_a_channel_of_one_stall_credits_that_stall_only(
    booked: Booked, channel: Source, huong: StallRow, tu: StallRow, told: Told
) -> None:
    hers = replace(channel, stall_id=huong.id)
    assert booked(told(huong, 50_000), hers) == huong.book_id
    assert booked(told(tu, 50_000), hers) is None


def test_a_channel_of_one_stall_needs_no_reference_for_a_shared_account(
    sharing: tuple[StallRow, StallRow], booked: Booked, channel: Source, told: Told
) -> None:
    assert booked(told(sharing[0], 50_000), replace(channel, stall_id=sharing[1].id)) == sharing[1].book_id


def test_a_channel_of_another_market_finds_no_stall_here(
    booked: Booked, other_market_id: int, huong: StallRow, told: Told
) -> None:
    assert booked(told(huong, 50_000), Source(99, other_market_id)) is None


def test_a_later_telling_with_the_reference_books_what_was_nobodys(
    sharing: tuple[StallRow, StallRow], session: Session, channel: Source, told: Told
) -> None:
    first = told(sharing[0], 50_000, memo="chuyen tien")
    assert take(session, channel, "statement", [(first, b"{}")], NOW)[0].status == "unmatched"
    again = first._replace(event_id="hook", memo=f"mua ca {sharing[1].reference}")
    [outcome] = take(session, channel, "hook", [(again, b"{}")], NOW)
    assert outcome.status == "duplicate"
    booked_to = session.connection().execute(select(ENTRY.c.book_id, ENTRY.c.login_id)).all()
    assert [tuple(row) for row in booked_to] == [(sharing[1].book_id, None)]
    statuses = session.connection().execute(select(NOTICE.c.status).order_by(NOTICE.c.id)).scalars()
    assert list(statuses) == ["recorded", "duplicate"]


def test_a_later_telling_by_the_stalls_own_channel_books_what_was_nobodys(
    sharing: tuple[StallRow, StallRow], session: Session, channel: Source, told: Told
) -> None:
    paid = told(sharing[0], 50_000, memo="chuyen tien")
    take(session, channel, "hook", [(paid, b"{}")], NOW)
    hers = replace(channel, channel_id=channel.channel_id + 1, stall_id=sharing[1].id)
    take(session, hers, "hook", [(paid, b"{}")], NOW)
    assert session.connection().execute(select(ENTRY.c.book_id)).scalar_one() == sharing[1].book_id


def test_what_a_person_took_from_a_stall_is_not_booked_by_a_later_telling(
    session: Session, channel: Source, huong: StallRow, told: Told
) -> None:
    paid = told(huong, 50_000)
    [outcome] = take(session, channel, "hook", [(paid, b"{}")], NOW)
    reverse(session, None, outcome.entry_id or 0, reason="nhầm sạp", reassign=True, login_id=None, now=NOW)
    take(session, channel, "statement", [(paid, b"{}")], NOW)
    assert session.connection().execute(select(func.count()).select_from(ENTRY)).scalar_one() == 2


def test_where_only_a_day_is_known_its_noon_decides(
    session: Session, booked: Booked, huong: StallRow, told: Told
) -> None:
    noon = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
    changed(session, huong, noon + SECOND)
    only_a_day = told(huong, 50_000)._replace(at=None, local_date=date(2026, 11, 20))
    assert booked(only_a_day) == huong.book_id
    assert notes(session) == []
    assert session.connection().execute(select(ENTRY.c.occurred_at)).scalar_one() == noon


def test_a_notice_of_a_registered_account_connects_its_stall_booked_or_not(
    sharing: tuple[StallRow, StallRow], booked: Booked, session: Session, market_id: int, told: Told
) -> None:
    assert booked(told(sharing[0], 50_000)) is None
    assert [holding.heard for holding in holdings(session, market_id, [SHARED])[SHARED]] == [True, True]


def test_a_virtual_account_that_a_stall_prints_leads_to_it(booked: Booked, huong: StallRow, told: Told) -> None:
    notice = told(huong, 50_000, account_number="5550001", virtual_account=huong.account_number)
    assert booked(notice) == huong.book_id


def test_the_virtual_account_is_looked_at_before_the_one_behind_it(
    booked: Booked, huong: StallRow, tu: StallRow, told: Told
) -> None:
    notice = told(huong, 50_000, bank="", virtual_account=tu.account_number)
    assert booked(notice) == tu.book_id


def test_an_account_in_force_is_looked_at_before_a_virtual_one_that_was_given_up(
    session: Session, booked: Booked, huong: StallRow, tu: StallRow, told: Told
) -> None:
    printed = tu.account_number
    changed(session, tu, NOW - DAY)
    assert booked(told(huong, 50_000, bank="", virtual_account=printed)) == huong.book_id


def test_a_channel_of_one_stall_finds_it_by_either_number(
    booked: Booked, channel: Source, huong: StallRow, tu: StallRow, told: Told
) -> None:
    for stall in (huong, tu):
        notice = told(huong, 50_000, bank="", virtual_account=tu.account_number)
        assert booked(notice, replace(channel, stall_id=stall.id)) == stall.book_id


def test_a_notice_that_names_two_accounts_connects_both_stalls(
    booked: Booked, session: Session, market_id: int, huong: StallRow, tu: StallRow, told: Told
) -> None:
    booked(told(huong, 50_000, bank="", virtual_account=tu.account_number))
    found = holdings(session, market_id, [huong.account_number, tu.account_number])
    assert [holding.heard for each in found.values() for holding in each] == [True, True]
