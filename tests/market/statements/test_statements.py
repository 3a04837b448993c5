"""A statement brought into a market: known again in any other file, and the twin of what webhooks told."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from ledger.books.model import BOOK
from ledger.books.verify import verify
from ledger.inbox.notice import Notice
from ledger.inbox.receive import waiting
from ledger.inbox.statements.statement import UnknownHeadings
from ledger.refused import Refused
from market import deliveries, statements
from market.channels import list_channels, switch_off
from market.db import Database
from market.deliveries import Summary
from market.model import CHANNEL, STATEMENT_LAYOUT
from market.statements import read_for_market
from merchants.payments import take
from merchants.settling import another, same
from merchants.stalls import StallRow
from tests.statement_files import as_csv, as_xlsx, statement_of

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Bring = Callable[..., Summary]
Told = Callable[..., Notice]
saved_as = pytest.mark.parametrize("save", [as_csv, as_xlsx])


def entries(database: Database, stall: StallRow) -> int:
    with database.reading() as session:
        return int(session.connection().execute(select(BOOK.c.entries).where(BOOK.c.id == stall.book_id)).scalar_one())


def counts(summary: Summary) -> dict[str, int]:
    return {name: count for name, count in summary.document().items() if isinstance(count, int) and count}


@saved_as
def test_a_month_without_webhooks_is_booked_once(
    database: Database, bring: Bring, huong: StallRow, month: list[Notice], save: Callable[..., bytes]
) -> None:
    out = month[0]._replace(direction="out")
    assert counts(bring(save(statement_of(*month, out)))) == {"read": 61, "recorded": 60, "ignored": 1}
    assert counts(bring(save(statement_of(*month, out)))) == {"read": 61, "duplicates": 61}
    assert entries(database, huong) == 60
    with database.reading() as session:
        assert list(verify(session).findings) == []


def test_csv_then_xlsx_of_one_statement_meet(database: Database, bring: Bring, month: list[Notice]) -> None:
    bring(as_csv(statement_of(*month), delimiter=";", encoding="utf-16"))
    assert counts(bring(as_xlsx(statement_of(*month)))) == {"read": 60, "duplicates": 60}


def test_overlapping_files_meet(database: Database, bring: Bring, huong: StallRow, month: list[Notice]) -> None:
    bring(as_csv(statement_of(*month[:30], references=False)))
    assert counts(bring(as_csv(statement_of(*month[15:], references=False)))) == {
        "read": 45,
        "recorded": 30,
        "duplicates": 15,
    }
    assert entries(database, huong) == 60


@saved_as
def test_a_month_that_webhooks_told_is_all_duplicates_where_the_bank_gives_references(
    database: Database,
    bring: Bring,
    hook: Callable[..., list[str]],
    huong: StallRow,
    month: list[Notice],
    save: Callable[..., bytes],
) -> None:
    hook(*month)
    assert counts(bring(save(statement_of(*month)))) == {"read": 60, "duplicates": 60}
    assert entries(database, huong) == 60


@saved_as
def test_a_month_that_webhooks_told_is_held_whole_where_it_gives_none_and_settled_at_once(
    database: Database,
    market_id: int,
    bring: Bring,
    held: Callable[[], list[int]],
    hook: Callable[..., list[str]],
    huong: StallRow,
    month: list[Notice],
    save: Callable[..., bytes],
) -> None:
    hook(*month)
    assert counts(bring(save(statement_of(*month, references=False)))) == {"read": 60, "held": 60}
    assert entries(database, huong) == 60
    with database.writing() as session:
        outcomes = same(session, market_id, held_now := [one.notice for one in waiting(session, market_id, "held")])
    assert {outcome.status for outcome in outcomes} == {"duplicate"}
    assert (len(held_now), held(), entries(database, huong)) == (60, [], 60)
    with database.reading() as session:
        assert list(verify(session).findings) == []


def test_a_held_line_that_is_another_payment_is_booked(
    database: Database,
    market_id: int,
    bring: Bring,
    held: Callable[[], list[int]],
    hook: Callable[..., list[str]],
    huong: StallRow,
    month: list[Notice],
) -> None:
    hook(month[0])
    bring(as_csv(statement_of(month[0], references=False)))
    with database.writing() as session:
        (booked,) = another(
            session,
            market_id,
            held(),
            sources=[one.source for one in list_channels(session)],
            login_id=None,
            now=NOW,
        )
    assert (booked.status, entries(database, huong)) == ("recorded", 2)


def test_what_the_webhooks_missed_is_booked(
    database: Database, bring: Bring, hook: Callable[..., list[str]], huong: StallRow, month: list[Notice]
) -> None:
    hook(*month[:50])
    assert counts(bring(as_csv(statement_of(*month)))) == {"read": 60, "recorded": 10, "duplicates": 50}
    assert entries(database, huong) == 60


def test_a_webhook_after_the_statement_is_the_statements_duplicate(
    database: Database, bring: Bring, hook: Callable[..., list[str]], huong: StallRow, month: list[Notice]
) -> None:
    bring(as_csv(statement_of(*month)))
    assert set(hook(*month)) == {"duplicate"}
    assert entries(database, huong) == 60


def test_a_statement_is_of_the_account_behind_the_virtual_one_that_a_webhook_named(
    bring: Bring, hook: Callable[..., list[str]], huong: StallRow, told: Told
) -> None:
    main = "8851234567"
    paid = told(huong, 50_000, account_number=main, virtual_account=huong.account_number)
    assert hook(paid) == ["recorded"]
    assert counts(bring(as_csv(statement_of(paid._replace(virtual_account=""))))) == {"read": 1, "duplicates": 1}


def test_references_of_another_kind_do_not_tell_two_payments_apart(
    database: Database, bring: Bring, hook: Callable[..., list[str]], huong: StallRow, told: Told
) -> None:
    """Vietcombank's webhooks and its statement number the same payment differently."""
    hook(told(huong, 50_000, bank_reference="MBVCB.3278907687"), told(huong, 70_000, bank_reference="MBVCB.3278907688"))
    numbered = [told(huong, dong, bank_reference=f"5243.{dong}") for dong in (50_000, 70_000, 90_000)]
    assert counts(bring(as_csv(statement_of(*numbered)))) == {"read": 3, "recorded": 1, "held": 2}
    assert entries(database, huong) == 3


def test_a_webhook_after_a_statement_of_another_kind_of_references_is_held(
    database: Database, bring: Bring, hook: Callable[..., list[str]], huong: StallRow, told: Told
) -> None:
    bring(as_csv(statement_of(told(huong, 50_000, bank_reference="5243.65937"))))
    assert hook(told(huong, 50_000, bank_reference="MBVCB.3278907687")) == ["held"]
    assert entries(database, huong) == 1


def test_references_of_one_kind_tell_two_payments_apart(
    bring: Bring, hook: Callable[..., list[str]], huong: StallRow, told: Told
) -> None:
    hook(told(huong, 50_000, bank_reference="FT1"))
    assert counts(bring(as_csv(statement_of(told(huong, 50_000, bank_reference="FT2"))))) == {"read": 1, "recorded": 1}


def test_an_account_that_lost_its_zeros_in_a_spreadsheet_is_asked_for(
    bring: Bring, hook: Callable[..., list[str]], huong: StallRow, told: Told
) -> None:
    paid = told(huong, 50_000)
    hook(paid)
    content = as_csv(statement_of(paid._replace(account_number=huong.account_number.lstrip("0"))))
    with pytest.raises(Refused, match=f"which no stall has; .*: --account {huong.account_number}"):
        bring(content)
    assert counts(bring(content, account=huong.account_number)) == {"read": 1, "duplicates": 1}


def test_a_line_of_nobodys_account_waits(bring: Bring, huong: StallRow, told: Told) -> None:
    assert counts(bring(as_csv(statement_of(told(huong, 50_000, account_number="5550001"))))) == {
        "read": 1,
        "unmatched": 1,
    }


def test_a_file_with_a_bad_line_is_refused_whole(
    database: Database, bring: Bring, huong: StallRow, month: list[Notice]
) -> None:
    rows = [*statement_of(*month), ["24/11/2026", "", "", "12.35", ""], ["", "", "", "5,000", ""]]
    summary = bring(as_csv(rows))
    assert counts(summary) == {"read": 2}
    assert [wrong["line"] for wrong in summary.rejected] == [64, 65]
    assert entries(database, huong) == 0


def test_a_day_that_has_not_come_is_refused(bring: Bring, huong: StallRow, told: Told) -> None:
    ahead = told(huong, 50_000, local_date=date(2026, 12, 3))
    assert bring(as_csv(statement_of(ahead))).rejected == [
        {"line": 4, "error": "is of 03/12/2026, which has not come yet; the day stands first"}
    ]


def test_a_dry_run_tells_what_would_become_of_a_file_and_changes_nothing(
    database: Database,
    market_id: int,
    bring: Bring,
    hook: Callable[..., list[str]],
    huong: StallRow,
    month: list[Notice],
) -> None:
    hook(*month[:5])
    content = as_csv(statement_of(*month))
    dry = bring(content, dry_run=True)
    with database.reading() as session:
        of_market = select(func.count()).select_from(CHANNEL).where(CHANNEL.c.provider == "statement")
        assert session.connection().execute(of_market).scalar_one() == 0
    assert entries(database, huong) == 5
    assert counts(bring(content)) == counts(dry) == {"read": 60, "recorded": 55, "duplicates": 5}


def test_a_run_stopped_between_batches_goes_on_where_it_ended(
    database: Database, bring: Bring, huong: StallRow, month: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "BATCH", 20)
    turns = iter([take, take])
    with monkeypatch.context() as stopping:
        stopping.setattr(statements, "take", lambda *arguments: next(turns)(*arguments))
        with pytest.raises(StopIteration):
            bring(as_csv(statement_of(*month)))
    assert entries(database, huong) == 40
    assert counts(bring(as_csv(statement_of(*month)))) == {"read": 60, "recorded": 20, "duplicates": 40}


def test_two_imports_of_one_file_at_once_make_one_channel_and_book_once(
    database: Database, market_id: int, bring: Bring, huong: StallRow, month: list[Notice]
) -> None:
    content = as_csv(statement_of(*month))
    found: list[Summary] = []
    threads = [threading.Thread(target=lambda: found.append(bring(content))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(summary.recorded for summary in found) == entries(database, huong) == 60
    with database.reading() as session:
        assert len(session.connection().execute(select(CHANNEL).where(CHANNEL.c.provider == "statement")).all()) == 1


def test_days_that_another_kind_of_export_brought_in_are_not_taken_twice(
    database: Database, bring: Bring, huong: StallRow, month: list[Notice]
) -> None:
    bring(as_csv(statement_of(*month)))
    with pytest.raises(Refused, match="imported before from another kind of export"):
        bring(as_csv(statement_of(*month, references=False)))
    assert entries(database, huong) == 60


@pytest.mark.parametrize("lines", [1, 60])
def test_the_same_references_under_other_balances_are_not_taken_twice(
    database: Database, bring: Bring, huong: StallRow, month: list[Notice], lines: int
) -> None:
    rows = statement_of(*month[:lines])
    bring(as_csv(rows))
    bank, account, headings, *movements = rows
    balanced = [[*row, f"{balance:,}"] for balance, row in enumerate(movements, 1_000_000)]
    with pytest.raises(Refused, match="imported before from another kind of export"):
        bring(as_csv([bank, account, [*headings, "Số dư"], *balanced]))
    assert entries(database, huong) == lines


def test_one_movement_with_the_same_reference_under_another_id_is_enough(
    database: Database, bring: Bring, huong: StallRow, told: Told
) -> None:
    first, out, later = told(huong, 50_000), told(huong, 20_000, direction="out"), told(huong, 70_000)
    bring(as_csv(statement_of(first, out)))
    bank, account, headings, *movements = statement_of(first, later)
    balanced = [[*row, f"{balance:,}"] for balance, row in enumerate(movements, 1_000_000)]
    with pytest.raises(Refused, match="imported before from another kind of export"):
        bring(as_csv([bank, account, [*headings, "Số dư"], *balanced]))
    assert entries(database, huong) == 1


def test_later_days_may_come_from_another_kind_of_export(
    database: Database, bring: Bring, huong: StallRow, month: list[Notice]
) -> None:
    bring(as_csv(statement_of(*month[30:])))
    bring(as_csv(statement_of(*month[:30], references=False)))
    assert entries(database, huong) == 60


def test_the_rest_of_a_day_is_no_other_kind_of_export(
    database: Database, bring: Bring, huong: StallRow, told: Told
) -> None:
    day = [told(huong, 50_000) for _ in range(8)]
    bring(as_csv(statement_of(*day[:4])))
    bring(as_csv(statement_of(*day[4:])))
    assert entries(database, huong) == 8


def test_a_markets_statements_can_be_switched_off(
    database: Database, bring: Bring, huong: StallRow, month: list[Notice]
) -> None:
    bring(as_csv(statement_of(month[0])))
    with database.writing() as session:
        (channel,) = [one for one in list_channels(session) if one.provider == "statement"]
        switch_off(session, channel.id)
    with pytest.raises(Refused, match=f"channel {channel.id}, the market's statements, is off"):
        bring(as_csv(statement_of(month[1])))


UNKNOWN = [["Lúc", "Vào", "Ra"], ["24/11/2026", "50.000", ""]]
MAPPED = {"date": "Lúc", "credit": "Vào", "debit": "Ra"}


def test_a_mapping_that_was_used_is_kept_for_the_market(
    database: Database, bring: Bring, huong: StallRow, other_market_id: int
) -> None:
    named = {"account": huong.account_number}
    with pytest.raises(UnknownHeadings):
        bring(as_csv(UNKNOWN), **named)
    bring(as_csv(UNKNOWN), bank=huong.bin, columns=MAPPED, **named)
    again = [*UNKNOWN, ["24/11/2026", "70.000", ""]]
    assert counts(bring(as_xlsx(again), **named)) == {"read": 2, "recorded": 1, "duplicates": 1}
    with database.reading() as session, pytest.raises(UnknownHeadings):
        read_for_market(session, other_market_id, as_csv(UNKNOWN), "sao-ke", account=huong.account_number)


@pytest.mark.parametrize(("amount", "dry_run"), [("1.000", True), ("x", False)], ids=["dry run", "bad line"])
def test_a_mapping_that_brought_nothing_in_is_not_kept(
    database: Database, bring: Bring, huong: StallRow, amount: str, dry_run: bool
) -> None:
    content = as_csv([*UNKNOWN, ["24/11/2026", amount, ""]])
    bring(content, columns=MAPPED, account=huong.account_number, dry_run=dry_run)
    with database.reading() as session:
        assert session.connection().execute(select(STATEMENT_LAYOUT)).all() == []


def test_a_mapping_said_anew_takes_the_place_of_the_first(bring: Bring, huong: StallRow) -> None:
    named = {"account": huong.account_number}
    bring(as_csv(UNKNOWN), columns={**MAPPED, "credit": "Ra", "debit": "Vào"}, **named)
    bring(as_csv(UNKNOWN), columns=MAPPED, **named)
    assert counts(bring(as_csv([*UNKNOWN, ["23/11/2026", "1.000", ""]]), **named)) == {
        "read": 2,
        "recorded": 1,
        "duplicates": 1,
    }
