"""A stallholder is forgotten: nothing of the person is left but what the books rest on, and the books are the same."""

import random
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from ledger.books.model import ENTRY, POSTING
from ledger.days import Month, local_date
from ledger.inbox.model import NOTICE, NOTICE_BODY
from ledger.refused import Refused
from market.access import roster
from market.access.model import API_TOKEN, AUDIT, DEVICE, PASSKEY
from market.cli.noted import noted
from market.copies import copy_database
from market.db import Database, open_engine
from market.forgetting import Going, forget_stall, going
from market.gaps import gap_report
from market.markets import find_market
from market.model import CHANNEL, CLOSING, LOGIN, ROLE_GRANT, SESSION
from market.registered_codes import look_up
from market.reports import month_report
from market.verified import verified
from merchants import deletion_requests
from merchants.bank_accounts import holdings
from merchants.feeds import feeds
from merchants.model import ACCOUNT_CHANGE, DELETION_REQUEST
from merchants.payments import take
from merchants.stalls import NewStall, close, find_stall, load_stall, register
from merchants.takings import Actor, takings
from qr import vietqr
from tests.market.forgettable import ASKED_NUMBER, FORMER_NUMBER, NOW, NUMBER, OCTOBER, OLD, Forgettable, build, places

NOVEMBER = Month(2026, 11)
# What the bank told stays as it was told, for every entry made of it is proven by it (docs/privacy.md).
PERMITTED = {("notice", "account_number", "account"), ("notice", "account_number", "former account")}


@pytest.fixture
def ngan(database: Database) -> Forgettable:
    """Chị Ngân's stall, with something of hers everywhere."""
    return build(database)


def forget(database: Database, ngan: Forgettable) -> Going:
    return forget_stall(database, ngan.stall.id, close=True, login_id=None, now=NOW, noted=noted)


def counted(session: Session, ngan: Forgettable) -> list[tuple[str, int, int, int]]:
    market = find_market(session, "ben-song")
    reports = [month_report(session, market, month) for month in (OCTOBER, NOVEMBER)]
    return [(one.month, one.transactions, one.stalls_active, one.stalls_registered) for one in reports]


def test_before_it_is_forgotten_everything_stands_somewhere(database: Database, ngan: Forgettable) -> None:
    with database.reading() as session:
        assert {which for _, _, which in places(session, OLD)} == OLD.keys()


def test_nothing_of_the_holder_is_left_in_any_table(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.reading() as session:
        assert places(session, OLD) == PERMITTED


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_nothing_of_the_holder_is_left_in_the_files_nor_in_a_copy(
    database: Database, database_url: str, ngan: Forgettable, tmp_path: Path
) -> None:
    def left() -> set[str]:
        said = b"".join(path.read_bytes() for path in tmp_path.glob("*.sqlite*"))
        return {which for which, old in OLD.items() if old.encode() in said}

    assert left() == OLD.keys()
    forget(database, ngan)
    engine = open_engine(database_url)
    copy_database(engine, tmp_path / "copy")
    engine.dispose()
    # The accounts that money was paid to stand in the bank's own notices (docs/privacy.md).
    assert left() == {which for _, _, which in PERMITTED}


def test_the_books_are_the_same_and_verify(database: Database, ngan: Forgettable) -> None:
    with database.reading() as session:
        before = [session.connection().execute(table.select()).all() for table in (ENTRY, POSTING, NOTICE, CLOSING)]
        counts = counted(session, ngan)
    forget(database, ngan)
    with database.reading() as session:
        after = [session.connection().execute(table.select()).all() for table in (ENTRY, POSTING, NOTICE, CLOSING)]
        assert after == before
        assert counted(session, ngan) == counts
    assert verified(database)[2] == []


def test_the_stall_keeps_its_code_and_is_closed_that_day(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.reading() as session:
        stall = load_stall(session, ngan.stall.id)
    assert (stall.code, stall.name, stall.holder, stall.phone) == ("C-17", "Sạp đã xoá C-17", "", "")
    assert (stall.status, stall.closed_on, stall.forgotten) == ("closed", local_date(NOW), True)
    assert stall.last_figures == ""


def test_a_payment_told_later_still_finds_the_stall(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.writing() as session:
        late = ngan.pay(session, "late", 33_000)
        much_later = ngan.pay(session, "former", 44_000, account_number=FORMER_NUMBER)
        owner = Actor(login_id=1, stalls=frozenset({ngan.stall.id}))
        assert (late.status, much_later.status) == ("recorded", "recorded")
        assert takings(session, owner, ngan.stall.id, local_date(NOW), local_date(NOW)).cashless == 127_000
    assert verified(database)[2] == []


def test_the_same_payment_by_another_feed_is_still_a_twin(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.writing() as session:
        told = ngan.told("twin-later", 70_000, account_number=FORMER_NUMBER, bank_reference="FTold")
        [outcome] = take(session, ngan.channel, "statement", [(told, b"{}")], NOW)
    assert outcome.status == "duplicate"


def test_each_market_has_digests_of_its_own(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.reading() as session:
        assert [held.stall_id for held in holdings(session, ngan.market_id, [NUMBER])[NUMBER]] == [ngan.stall.id]
        assert holdings(session, ngan.market_id + 1, [NUMBER]) == {}
        assert holdings(session, ngan.market_id, ["0123498766"]) == {}


def test_under_another_key_a_forgotten_number_is_not_found(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with Database(database.engine, lambda: b"another key, of another program.").reading() as session:
        assert holdings(session, ngan.market_id, [NUMBER]) == {}


def test_another_stall_that_takes_the_account_over_has_it_from_the_end_of_the_first(
    database: Database, ngan: Forgettable
) -> None:
    forget(database, ngan)
    later = NOW + timedelta(days=3)
    with database.writing() as session:
        new = NewStall("C-18", "Sạp mới", "", "", "", "", "970436", NUMBER, "")
        [stall_id] = register(session, ngan.market_id, [new], source=random.Random(7), now=later)
        held = {held.stall_id: held for held in holdings(session, ngan.market_id, [NUMBER])[NUMBER]}
        old = ngan.pay(session, "before", 12_000)
        fresh = ngan.pay(session, "after", 13_000, at=later + timedelta(hours=1), local_date=local_date(later))
    assert held[stall_id].since == later
    with database.reading() as session:
        books = {
            entry_id: session.connection().execute(select(ENTRY.c.book_id).where(ENTRY.c.id == entry_id)).scalar_one()
            for entry_id in (old.entry_id, fresh.entry_id)
        }
        assert books[old.entry_id] == ngan.stall.book_id
        assert books[fresh.entry_id] == load_stall(session, stall_id).book_id


def test_a_code_of_a_forgotten_stall_is_known_and_not_trusted(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    payload = vietqr.encode(bin="970436", account=NUMBER, purpose=ngan.stall.reference)
    with database.reading() as session:
        found = look_up(session, payload, NOW + timedelta(days=2))
    assert (found.stall, found.trusted) == ("C-17", False)
    assert "the stall is closed" in found.reason


def test_the_gaps_of_a_month_still_name_the_stall(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.writing() as session:
        take(session, ngan.channel, "statement", [(ngan.told("line", 9_000, account_number=FORMER_NUMBER), b"")], NOW)
        report = gap_report(session, find_market(session, "ben-song"), NOVEMBER)
    assert [(gap.stall, gap.account_number) for gap in report.gaps] == [("C-17", FORMER_NUMBER)]


def test_a_forgotten_stall_is_in_no_list_of_connections(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.reading() as session:
        assert ngan.stall.id not in feeds(session, ngan.market_id, {}, NOW)


def test_logins_phones_sessions_tokens_and_channels_of_the_stall_end(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.reading() as session:
        connection = session.connection()
        logins = connection.execute(select(LOGIN.c.name, LOGIN.c.ended_at, LOGIN.c.recovery)).all()
        assert {(name, ended is not None, recovery) for name, ended, recovery in logins} == {
            (f"da-xoa-{ngan.login_id}", True, ""),
            (f"da-xoa-{ngan.login_id + 1}", True, ""),
        }
        assert all(connection.execute(select(ROLE_GRANT.c.revoked_at)).scalars())
        assert all(connection.execute(select(DEVICE.c.revoked_at)).scalars())
        assert all(connection.execute(select(API_TOKEN.c.revoked_at)).scalars())
        assert connection.execute(select(func.count()).select_from(SESSION)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(PASSKEY)).scalar_one() == 0
        own = connection.execute(select(CHANNEL.c.status, CHANNEL.c.secret, CHANNEL.c.poll_secret, CHANNEL.c.stall_id))
        assert {tuple(row)[:3] for row in own if row.stall_id} == {("off", None, None)}


def test_whoever_has_another_stall_keeps_the_login(database: Database, ngan: Forgettable) -> None:
    with database.writing() as session:
        other = find_stall(session, ngan.market_id, "G-02")
        roster.add_stall(
            session, ngan.login_id, market_id=ngan.market_id, role="stallholder", stall_id=other.id, now=NOW
        )
    forget(database, ngan)
    with database.reading() as session:
        [member] = roster.members(session, ngan.market_id, login_id=ngan.login_id)
    assert (member.name, [held.stall for held in member.held], len(member.phones)) == (OLD["login"], ["G-02"], 1)


def test_the_change_of_account_that_waits_is_stopped(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.reading() as session:
        change = session.connection().execute(select(ACCOUNT_CHANGE)).one()
    assert change.stopped_at == NOW
    assert change.number != ASKED_NUMBER


def test_the_request_is_carried_out(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.reading() as session:
        assert deletion_requests.open_requests(session, ngan.market_id) == []
        assert session.connection().execute(select(DELETION_REQUEST.c.done_at)).scalars().all() == [NOW]


def test_a_dry_look_tells_what_would_go_and_changes_nothing(database: Database, ngan: Forgettable) -> None:
    with database.reading() as session:
        before = places(session, OLD)
        found = going(session, ngan.stall)
        assert places(session, OLD) == before
    assert found == Going(
        names=3,
        accounts=2,
        changes=1,
        purposes=1,
        household=1,
        payers=5,
        notes=3,
        logins=2,
        roles=2,
        phones=1,
        tokens=1,
        channels=2,
        waiting=0,
    )


def test_forgetting_again_changes_nothing(database: Database, ngan: Forgettable) -> None:
    assert not forget(database, ngan).nothing
    with database.reading() as session:
        before = places(session, {"everything": ""})
        found = going(session, load_stall(session, ngan.stall.id))
    assert found.nothing
    assert forget(database, ngan) == found
    with database.reading() as session:
        assert places(session, {"everything": ""}) == before
        assert session.connection().execute(select(func.count()).select_from(DELETION_REQUEST)).scalar_one() == 1


def test_forgetting_again_takes_away_what_was_told_since(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.writing() as session:
        ngan.pay(session, "late", 33_000)
    assert forget(database, ngan).payers == 1
    with database.reading() as session:
        assert places(session, OLD) == PERMITTED


def test_a_payment_that_waits_keeps_its_payer_until_it_is_settled(database: Database, ngan: Forgettable) -> None:
    with database.writing() as session:
        unclear = ngan.told("unclear", 50_000, bank_reference="", at=None)
        [outcome] = take(session, ngan.channel, "statement", [(unclear, b"{}")], NOW)
    assert outcome.status == "held"
    assert forget(database, ngan).waiting == 1
    with database.reading() as session:
        kept = session.connection().execute(select(NOTICE_BODY.c.notice_id)).scalars().all()
    assert kept == [outcome.notice_id]


def test_the_neighbours_words_stay(database: Database, ngan: Forgettable) -> None:
    with database.writing() as session:
        tu = find_stall(session, ngan.market_id, "G-02")
        ngan.pay(session, "tu", 15_000, account_number=tu.account_number, bank="970422", payer_name="DO VAN BAY")
    forget(database, ngan)
    with database.reading() as session:
        assert places(session, {"payer": "DO VAN BAY", "holder": "Trần Văn Tư", "name": "TRAN VAN TU"}) == {
            ("notice_body", "payer_name", "payer"),
            ("notice_body", "body", "payer"),
            ("stall", "holder", "holder"),
            ("bank_account", "name", "name"),
        }


def test_who_paid_into_an_account_that_another_stall_shares_stays(database: Database, ngan: Forgettable) -> None:
    with database.writing() as session:
        new = NewStall("C-18", "Sạp chung", "", "", "", "", "970436", NUMBER, "")
        register(session, ngan.market_id, [new], source=random.Random(7), now=NOW)
        shared = find_stall(session, ngan.market_id, "C-18")
        hers = ngan.pay(session, "shared", 15_000, memo=f"tra {shared.reference}")
    assert hers.entry_id is not None
    forget(database, ngan)
    with database.reading() as session:
        kept = session.connection().execute(select(NOTICE_BODY.c.notice_id)).scalars().all()
    assert hers.notice_id in kept


def test_a_stall_that_sells_is_forgotten_only_when_it_is_to_be_closed(database: Database, ngan: Forgettable) -> None:
    with pytest.raises(Refused, match="C-17 is not closed; close it first, or in the same act with --close"):
        forget_stall(database, ngan.stall.id, close=False, login_id=None, now=NOW, noted=noted)
    with database.reading() as session:
        assert not load_stall(session, ngan.stall.id).forgotten
        assert ("stall", "holder", "holder") in places(session, OLD)


def test_a_stall_that_closes_later_is_forgotten_after_that_day(database: Database, ngan: Forgettable) -> None:
    with database.writing() as session:
        close(session, ngan.stall, local_date(NOW) + timedelta(days=5), NOW)
    with pytest.raises(Refused, match="C-17 takes money until 2026-11-29; forget it after that day"):
        forget(database, ngan)


def test_the_audit_trail_says_so_with_ids_only(database: Database, ngan: Forgettable) -> None:
    forget(database, ngan)
    with database.reading() as session:
        lines = session.connection().execute(select(AUDIT.c.act, AUDIT.c.stall_id, AUDIT.c.about)).all()
    assert ("stall_forgotten", ngan.stall.id, "{}") in [tuple(line) for line in lines]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_while_somebody_reads_traces_are_left_until_it_is_tried_again(database: Database, ngan: Forgettable) -> None:
    with database.reading() as session:
        session.connection().execute(select(NOTICE)).all()
        forget(database, ngan)
        assert database.traces_left
    assert database.begin_journal_anew()
    assert not database.traces_left


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_journal_that_fails_makes_no_failure_of_what_is_done(
    database: Database, ngan: Forgettable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> bool:
        raise OperationalError("PRAGMA", None, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(Database, "_truncate_journal", locked)
    assert forget(database, ngan).names
    assert database.traces_left
    monkeypatch.undo()
    assert database.begin_journal_anew()
    assert not database.traces_left


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_command_says_that_traces_are_left(
    cho: Any, database: Database, ngan: Forgettable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_SECRET_KEY", "k" * 40)
    with database.reading() as session:
        session.connection().execute(select(NOTICE)).all()
        said = cho.done("stall", "forget", "--market", "ben-song", "--stall", "C-17", "--close")
    assert said.err == "note: traces stand in the journal until the server has a quiet moment or ends\n"
    again = cho.done("stall", "forget", "--market", "ben-song", "--stall", "C-17")
    assert again.err == ""
