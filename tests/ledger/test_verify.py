"""Books that were damaged past the guards, as a foreign tool does it: `verify` finds it and says where."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from ledger.books.chain import entry_hash
from ledger.books.entry_checks import CHECKS, Before
from ledger.books.finding import Finding
from ledger.books.model import BOOK, ENTRY, POSTING
from ledger.books.row_checks import PublishedHead
from ledger.books.verify import Verified, _entries, _named, verify
from ledger.inbox.model import NOTICE
from market.db import Database
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)


Damage = Callable[..., None]
Look = Callable[..., Verified]


def test_intact_books_give_no_finding(kept: Database, look: Look) -> None:
    assert look() == Verified(books=2, entries=13, findings=[])


def test_an_empty_database_gives_no_finding(database: Database, look: Look) -> None:
    assert look() == Verified(books=0, entries=0, findings=[])


def test_progress_is_told_in_entries_and_notices(kept: Database) -> None:
    steps: list[int] = []
    with kept.reading() as session:
        verify(session, progress=steps.append)
    assert sum(steps) == 13 + 9


def test_verify_changes_nothing(kept: Database, look: Look) -> None:
    with kept.reading() as session:
        verify(session)
        assert not session.dirty
    assert look().findings == []


SWAP = "UPDATE entry SET number = {} WHERE id = {}"
# What was done, the check that finds it, and the entry it names (None: it lies in no entry).
ENTRY_DAMAGE: list[tuple[str, list[str], str, int | None]] = [
    ("a login changed", ["UPDATE entry SET login_id = 9 WHERE id = 8"], "hashed", 8),
    ("a time changed", ["UPDATE entry SET recorded_at = '2026-11-24 02:00:00+00' WHERE id = 1"], "hashed", 1),
    ("a hash changed", ["UPDATE entry SET hash = previous WHERE id = 2"], "hashed", 2),
    ("a hash changed", ["UPDATE entry SET hash = previous WHERE id = 2"], "chain", 3),
    ("a form changed", ["UPDATE entry SET form = 2 WHERE id = 8"], "hashed", 8),
    ("amounts changed", ["UPDATE posting SET amount = amount * 10 WHERE entry_id = 8"], "hashed", 8),
    ("one leg changed", ["UPDATE posting SET amount = 11 WHERE entry_id = 8 AND account = 'cash'"], "balanced", 8),
    ("a leg inserted", ["INSERT INTO posting VALUES (8, 'other', 1, 5)"], "balanced", 8),
    ("a leg removed", ["DELETE FROM posting WHERE entry_id = 8 AND account = 'cash'"], "balanced", 8),
    ("all legs removed", ["DELETE FROM posting WHERE entry_id = 8"], "balanced", 8),
    ("an account changed", ["UPDATE posting SET account = 'bank' WHERE entry_id = 8 AND amount > 0"], "shaped", 8),
    ("legs turned round", ["UPDATE posting SET amount = -amount WHERE entry_id = 13"], "shaped", 13),
    ("a count changed", ["UPDATE entry SET counted = 0 WHERE id = 1"], "counted", 1),
    ("cash counted", ["UPDATE entry SET counted = 1 WHERE id = 12"], "counted", 12),
    ("a day changed", ["UPDATE entry SET booked_on = '2026-11-23' WHERE id = 8"], "dated", 8),
    ("a payment's day changed", ["UPDATE entry SET booked_on = '2026-11-23' WHERE id = 1"], "notice", 1),
    ("a payment's time changed", ["UPDATE entry SET occurred_at = '2026-11-24 00:00:01+00' WHERE id = 1"], "notice", 1),
    ("a payment's amount changed", ["UPDATE posting SET amount = 2 * amount WHERE entry_id = 1"], "notice", 1),
    ("a notice changed hands", ["UPDATE entry SET notice_id = 8 WHERE id = 1"], "notice", 1),
    ("a notice removed", ["DELETE FROM notice WHERE id = 5"], "notice", 13),
    ("a kind changed", ["UPDATE entry SET kind = 'typed' WHERE id = 8"], "correction", 8),
    ("an origin changed", ["UPDATE entry SET origin = 'cash' WHERE id = 3"], "correction", 3),
    ("another entry corrected", ["UPDATE entry SET concerns = 6 WHERE id = 3"], "correction", 4),
    ("another book's entry corrected", ["UPDATE entry SET concerns = 11 WHERE id = 3"], "correction", 3),
    ("a step changed", ["UPDATE entry SET step = 3 WHERE id = 4"], "correction", 4),
    ("a correction's day changed", ["UPDATE entry SET booked_on = '2026-11-23' WHERE id = 3"], "correction", 3),
    ("part of a payment marked", ["UPDATE posting SET amount = amount / 2 WHERE entry_id = 3"], "correction", 3),
    ("part of it reversed", ["UPDATE posting SET amount = amount / 2 WHERE entry_id = 10"], "correction", 10),
    ("another payment confirms", ["UPDATE entry SET confirms = 2 WHERE id = 7"], "hashed", 7),
    ("cash confirms", ["UPDATE entry SET confirms = 8 WHERE id = 7"], "confirmation", 7),
    ("a payment is confirmed", ["UPDATE entry SET confirms = 1 WHERE id = 10"], "confirmation", 10),
    ("a key changed", ["UPDATE entry SET client_key = 'short' WHERE id = 8"], "key", 8),
    ("an entry removed", ["DELETE FROM entry WHERE id = 8", "DELETE FROM posting WHERE entry_id = 8"], "chain", 9),
    ("the first removed", ["DELETE FROM entry WHERE id = 1", "DELETE FROM posting WHERE entry_id = 1"], "chain", 2),
    ("the last removed", ["DELETE FROM entry WHERE id = 13", "DELETE FROM posting WHERE entry_id = 13"], "heads", 10),
    ("two changed places", [SWAP.format(99, 8), SWAP.format(8, 9), SWAP.format(9, 8)], "chain", 9),
]


def found_at(findings: list[Finding], check: str) -> set[tuple[int | None, int | None]]:
    return {(finding.book_id, finding.entry_id) for finding in findings if finding.check == check}


@pytest.mark.parametrize(
    ("statements", "check", "entry_id"),
    [case[1:] for case in ENTRY_DAMAGE],
    ids=[f"{case[0]}, {case[2]}" for case in ENTRY_DAMAGE],
)
def test_a_damaged_entry_is_found(
    kept: Database,
    huong: StallRow,
    tu: StallRow,
    statements: list[str],
    check: str,
    entry_id: int,
    damage: Damage,
    look: Look,
) -> None:
    damage(*statements)
    book_id = tu.book_id if entry_id in (11, 12) else huong.book_id
    assert (book_id, entry_id) in found_at(look().findings, check)


def test_every_rule_of_an_entry_is_broken_once() -> None:
    assert {check.__name__ for check in CHECKS} <= {case[2] for case in ENTRY_DAMAGE}


def test_a_finding_names_the_number_in_the_book(kept: Database, damage: Damage, look: Look) -> None:
    damage("DELETE FROM entry WHERE id = 8")
    assert "number 9: number 8 is missing before it" in [finding.message for finding in look().findings]


def test_an_inserted_entry_is_found(kept: Database, huong: StallRow, damage: Damage, look: Look) -> None:
    like_8 = (
        "INSERT INTO entry SELECT 20, market_id, book_id, 12, kind, origin, counted, booked_on, occurred_at,"
        " recorded_at, notice_id, turn, concerns, step, confirms, NULL, login_id, form, '{0}', hash FROM entry"
        " WHERE id = 8"
    )
    with kept.reading() as session:
        head = session.connection().execute(select(ENTRY.c.hash).where(ENTRY.c.id == 13)).scalar_one()
    legs = "INSERT INTO posting SELECT 20, account, market_id, amount FROM posting WHERE entry_id = 8"
    damage(like_8.format(head), legs)
    findings = look().findings
    assert (huong.book_id, 20) in found_at(findings, "hashed") & found_at(findings, "heads")


def test_a_cut_off_end_made_to_match_is_found_by_what_was_published(
    kept: Database, market_id: int, huong: StallRow, damage: Damage, look: Look
) -> None:
    with kept.reading() as session:
        entry = session.connection().execute(select(ENTRY).where(ENTRY.c.id == 13)).one()
    damage(
        "DELETE FROM code_payment",
        "DELETE FROM entry_note WHERE entry_id = 13",
        "DELETE FROM posting WHERE entry_id = 13",
        "DELETE FROM entry WHERE id = 13",
        "UPDATE notice SET status = 'unmatched' WHERE id = 5",
        "UPDATE day_total SET cashless_count = cashless_count - 1, cashless_sum = cashless_sum - 40000"
        f" WHERE book_id = {huong.book_id}",
        f"UPDATE book SET entries = 10, head = '{entry.previous}' WHERE id = {huong.book_id}",
    )
    assert look().findings == []
    closing = PublishedHead("closing 2026-11 version 1", market_id, huong.book_id, 11, entry.hash)
    [finding] = look(closing).findings
    assert (finding.check, finding.book_id) == ("published", huong.book_id)
    assert finding.message == "closing 2026-11 version 1 names entry number 11, which is missing"


def test_a_published_head_that_holds_is_no_finding(kept: Database, market_id: int, huong: StallRow, look: Look) -> None:
    with kept.reading() as session:
        head = session.connection().execute(select(BOOK.c.head).where(BOOK.c.id == huong.book_id)).scalar_one()
    assert look(PublishedHead("closing", market_id, huong.book_id, 11, head)).findings == []
    assert look(PublishedHead("closing", market_id, huong.book_id, 0, "")).findings == []
    [finding] = look(PublishedHead("closing", market_id, huong.book_id, 10, head)).findings
    assert finding.message == "closing names another hash of number 10"


def rehashed(database: Database, book_id: int) -> list[str]:
    """The statements that make a book's chain hold again, as someone would who knows how it is made."""
    statements, previous = [], ""
    with database.reading() as session:
        rows = session.connection().execute(
            select(ENTRY, NOTICE.c.digest)
            .outerjoin(NOTICE, NOTICE.c.id == ENTRY.c.notice_id)
            .where(ENTRY.c.book_id == book_id)
            .order_by(ENTRY.c.number)
        )
        entries = [row._mapping for row in rows]
        numbers = {entry["id"]: entry["number"] for entry in entries}
        for entry in entries:
            legs = session.connection().execute(
                select(POSTING.c.account, POSTING.c.amount).where(POSTING.c.entry_id == entry["id"])
            )
            hashed = ("market_id", "book_id", "number", "kind", "origin", "counted", "booked_on", "occurred_at")
            others = ("recorded_at", "notice_id", "turn", "step", "client_key", "login_id")
            digest = entry_hash(
                **{name: entry[name] for name in (*hashed, *others)},
                legs=dict(tuple(leg) for leg in legs),
                notice_digest=entry["digest"],
                concerned_number=numbers.get(entry["concerns"]),
                confirmed_number=numbers.get(entry["confirms"]),
                previous=previous,
            )
            statements.append(f"UPDATE entry SET previous = '{previous}', hash = '{digest}' WHERE id = {entry['id']}")
            previous = digest
    return [*statements, f"UPDATE book SET head = '{previous}' WHERE id = {book_id}"]


def test_a_book_written_anew_with_its_hashes_is_found_by_its_seal(
    kept: Database, huong: StallRow, damage: Damage, look: Look
) -> None:
    damage(
        "UPDATE posting SET amount = amount * 2 WHERE entry_id = 8",
        f"UPDATE day_total SET cash_sum = cash_sum + 10 WHERE book_id = {huong.book_id}",
    )
    damage(*rehashed(kept, huong.book_id))
    counted, finding = look().findings
    assert (finding.check, finding.book_id, finding.entry_id) == ("published", huong.book_id, 8)
    assert finding.message == "the seal of 2026-11-24 names another hash of number 8"
    assert (counted.check, counted.book_id) == ("cash_counts", huong.book_id)


def test_a_cut_off_end_made_to_match_is_found_by_its_seal(
    kept: Database, tu: StallRow, damage: Damage, look: Look
) -> None:
    damage(
        "DELETE FROM entry_note WHERE entry_id IN (11, 12)",
        "DELETE FROM cash_count WHERE book_id <> 1",
        "DELETE FROM posting WHERE entry_id IN (11, 12)",
        "DELETE FROM entry WHERE id IN (11, 12)",
        "UPDATE notice SET status = 'unmatched' WHERE id = 4",
        f"DELETE FROM day_total WHERE book_id = {tu.book_id}",
        f"UPDATE book SET entries = 0, head = '' WHERE id = {tu.book_id}",
    )
    [finding] = look().findings
    assert (finding.check, finding.book_id) == ("published", tu.book_id)
    assert finding.message == "the seal of 2026-11-24 names entry number 1, which is missing"


def test_a_book_is_read_without_being_held_in_memory(kept: Database) -> None:
    with kept.reading() as session:
        entries = list(_entries(session.connection()))
        named = _named(session.connection())
    before = Before(named)
    for entry in entries:
        before.add(entry, {entry.account: entry.amount})
    assert set(before.groups) == {2, 5, 6, 9}


def test_missing_guards_are_found(kept: Database, dialect: str, look: Look) -> None:
    with kept.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER entry_delete{' ON entry' if dialect == 'postgresql' else ''}"))
    [finding] = look().findings
    assert (finding.check, finding.message.split(" is gone")[0]) == ("guards", "the guard entry_delete")
