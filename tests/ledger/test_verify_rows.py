"""Rows around the entries, damaged past the guards: totals, heads, seals, notes, notices, and whose they are."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from ledger.books.verify import Verified
from market.db import Database
from merchants.stalls import StallRow

Damage = Callable[..., None]
Look = Callable[..., Verified]

# What was done; the check that finds it; the entry it names (None: none); some of the message. H is Hương's book.
CASES: list[tuple[str, str, int | None, str]] = [
    ("UPDATE book SET entries = 12 WHERE id = H", "heads", 13, "says 12 entries and its last one is number 11"),
    ("UPDATE book SET head = '' WHERE id = H", "heads", 13, "head is not the hash of its last entry, number 11"),
    ("UPDATE day_total SET cashless_count = 9 WHERE book_id = H", "days", None, "cashless_count says 9, its entries 4"),
    ("UPDATE day_total SET cashless_sum = 9 WHERE book_id = H", "days", None, "2026-11-24 is wrong: cashless_sum"),
    ("UPDATE day_total SET typed_sum = 9 WHERE book_id = H", "days", None, "typed_sum says 9, its entries 0"),
    ("UPDATE day_total SET cash_sum = 9 WHERE book_id = H", "days", None, "cash_sum says 9, its entries 10"),
    ("DELETE FROM day_total WHERE book_id = H", "days", None, "2026-11-24 has entries and no total"),
    (
        "INSERT INTO day_total SELECT book_id, '2026-11-25', market_id, 0, 0, 0, 0 FROM day_total WHERE book_id = H",
        "days",
        None,
        "2026-11-25 has a total and no entries",
    ),
    (
        "UPDATE seal SET head = '' WHERE book_id = H",
        "published",
        8,
        "seal of 2026-11-24 names another hash of number 8",
    ),
    ("UPDATE seal SET number = 99 WHERE book_id = H", "published", None, "names entry number 99, which is missing"),
    ("UPDATE seal SET day = '2026-11-20' WHERE book_id = H", "seals", None, "when another day had ended"),
    ("UPDATE seal SET published_at = '2026-11-27 01:00:00+00' WHERE book_id = H", "seals", None, "another day had"),
    (
        "INSERT INTO seal SELECT 99, market_id, book_id, '2026-11-25', 1, (SELECT hash FROM entry WHERE id = 1),"
        " '2026-11-26 01:00:00+00' FROM seal WHERE book_id = H",
        "seals",
        None,
        "names number 1, and the one before it number 8",
    ),
    (
        "INSERT INTO cash_count SELECT 99, market_id, book_id, day, 3, counted, float, expected, at_number, entry_id,"
        " login_id, recorded_at FROM cash_count WHERE book_id = H",
        "cash_counts",
        None,
        "is version 3, not 2",
    ),
    ("UPDATE cash_count SET version = 2 WHERE book_id = H", "cash_counts", None, "is version 2, not 1"),
    ("UPDATE cash_count SET at_number = 12 WHERE book_id = H", "cash_counts", None, "number 12, not there yet"),
    ("UPDATE cash_count SET entry_id = 8 WHERE book_id = H", "cash_counts", 8, "names an entry that is not its own"),
    ("UPDATE cash_count SET expected = 11 WHERE book_id = H", "cash_counts", None, "expected 11 đồng, where the float"),
    ("UPDATE cash_count SET float = 5 WHERE book_id = H", "cash_counts", None, "the day's cash were 15"),
    ("UPDATE posting SET market_id = 9 WHERE entry_id = 8", "markets", 8, "is of market 9"),
    ("UPDATE entry SET market_id = 9 WHERE id = 8", "markets", 8, "entry 8 is of market 9"),
    ("UPDATE entry_note SET market_id = 9 WHERE entry_id = 8", "markets", 8, "entry_note 8 is of market 9"),
    ("UPDATE day_total SET market_id = 9 WHERE book_id = H", "markets", None, "is of market 9"),
    ("UPDATE seal SET market_id = 9 WHERE book_id = H", "markets", None, "is of market 9"),
    (
        "UPDATE notice SET market_id = 9 WHERE id = 1",
        "markets",
        1,
        "entry 1 is of market 1 and names a row of market 9",
    ),
    ("UPDATE code_payment SET market_id = 9", "markets", 13, "code_payment 13 is of market 9"),
    ("UPDATE notice SET amount = 51 WHERE id = 1", "notices", 1, "notice 1 does not have the digest of what it says"),
    ("UPDATE notice SET bank_reference = '' WHERE id = 1", "notices", 1, "notice 1 does not have the digest"),
    ("UPDATE notice SET at = NULL WHERE id = 1", "notices", 1, "notice 1 does not have the digest"),
    ("UPDATE notice SET digest = '' WHERE id = 1", "notices", 1, "notice 1 does not have the digest"),
    ("UPDATE notice SET local_date = '2026-11-23' WHERE id = 1", "notices", 1, "is of 2026-11-23 and its time lies on"),
    ("UPDATE notice SET status = 'unmatched' WHERE id = 1", "notices", 1, "is unmatched and has an entry that stands"),
    ("UPDATE notice SET status = 'held' WHERE id = 1", "notices", 1, "notice 1 is held and has an entry that stands"),
    ("UPDATE entry SET turn = 3 WHERE id = 11", "notices", None, "notice 4 is booked in turns 1, 3"),
    ("UPDATE entry SET kind = 'sale' WHERE id = 10", "notices", None, "is booked again while entry 9 of book H stands"),
]


@pytest.mark.parametrize(("statement", "check", "entry_id", "said"), CASES, ids=[case[0] for case in CASES])
def test_a_damaged_row_is_found(
    kept: Database,
    damage: Damage,
    look: Look,
    huong: StallRow,
    tu: StallRow,
    statement: str,
    check: str,
    entry_id: int | None,
    said: str,
) -> None:
    damage(statement.replace(" H", f" {huong.book_id}"))
    found = [finding for finding in look().findings if finding.check == check]
    message = said.replace(" H ", f" {huong.book_id} ")
    named = [finding for finding in found if message in finding.message]
    assert named, found
    if "notice 4 " in message or "booked again" in message:
        assert (named[0].book_id, named[0].entry_id) == (tu.book_id, 11)
    else:
        assert (named[0].book_id, named[0].entry_id) == (huong.book_id, entry_id)


# Notices without an entry lie in no book: the message names them.
NOTICES: list[tuple[str, str]] = [
    ("UPDATE notice SET status = 'recorded' WHERE id = 8", "notice 8 is recorded and has no entry"),
    ("UPDATE notice SET amount = 2 WHERE id = 8", "notice 8 does not have the digest of what it says: it was changed"),
    (
        "INSERT INTO notice SELECT 99, market_id, channel_id, feed, 'new', account_number, bank, amount, direction,"
        " bank_reference, at, local_date, received_at, digest, status, same_as, virtual_account"
        " FROM notice WHERE id = 1",
        "notice 99 is recorded and has no entry",
    ),
    (
        "UPDATE notice SET event_id = 'new' WHERE id = 8",
        "notice 8 does not have the digest of what it says: it was changed",
    ),
    ("UPDATE notice SET status = 'unmatched' WHERE id = 9", "notice 9 is of money going out and unmatched"),
    ("UPDATE notice SET same_as = 7 WHERE id = 6", "notice 6 is the same as notice 7 and differs in amount"),
    (
        "UPDATE notice SET status = 'duplicate', same_as = 6 WHERE id = 7",
        "notice 7 is the same as notice 6, which is a duplicate itself",
    ),
    ("UPDATE notice SET feed = 'hook' WHERE id = 6", "notice 6 is the same as notice 1, which the same feed told"),
    ("UPDATE notice SET account_number = '1' WHERE id = 6", "is the same as notice 1 and differs in account_number"),
]


@pytest.mark.parametrize(("statement", "message"), NOTICES, ids=[case[0] for case in NOTICES])
def test_a_damaged_notice_is_found(kept: Database, damage: Damage, look: Look, statement: str, message: str) -> None:
    damage(statement)
    found = [finding.message for finding in look().findings if finding.check == "notices"]
    assert any(message in one for one in found), found


ORPHANS: list[tuple[str, str]] = [
    ("INSERT INTO posting (entry_id, account, market_id, amount) VALUES (99, 'cash', 1, 5)", "posting 99, cash names"),
    ("INSERT INTO entry_note (entry_id, market_id, reason) VALUES (99, 1, '')", "entry_note 99 names"),
    ("UPDATE code_payment SET entry_id = 99", "code_payment 99 names entry 99, which is missing"),
    ("UPDATE code_payment SET payment_code_id = 99", "names payment_code 99, which is missing"),
    ("UPDATE day_total SET book_id = 99 WHERE book_id = 1", "names book 99, which is missing"),
    ("UPDATE seal SET book_id = 99 WHERE book_id = 1", "names book 99, which is missing"),
    ("DELETE FROM book WHERE id = 1", "names book 1, which is missing"),
    ("UPDATE stall SET book_id = 99 WHERE book_id = 1", "names book 99, which is missing"),
    ("DELETE FROM notice WHERE id = 1", "entry 1 names notice 1, which is missing"),
    ("DELETE FROM notice WHERE id = 1", "notice 6 names notice 1, which is missing"),
    ("DELETE FROM notice WHERE id = 8", "notice_body 8, "),
    ("DELETE FROM entry WHERE id = 2", "entry 3 names entry 2, which is missing"),
    ("DELETE FROM entry WHERE id = 6", "entry 7 names entry 6, which is missing"),
]


@pytest.mark.parametrize(("statement", "message"), ORPHANS, ids=[" ".join(case) for case in ORPHANS])
def test_a_row_that_names_a_missing_one_is_found(
    kept: Database, damage: Damage, look: Look, statement: str, message: str
) -> None:
    damage(statement)
    found = [finding.message for finding in look().findings if finding.check == "orphans"]
    assert any(message in one for one in found), found


def test_a_key_used_twice_is_found(kept: Database, damage: Damage, look: Look) -> None:
    with kept.engine.connect() as connection:
        told = connection.execute(text("SELECT count(*) FROM notice WHERE same_as IS NOT NULL")).scalar_one()
    assert told == 1
    again = (
        "INSERT INTO notice SELECT 99, market_id, channel_id, feed, 'again', account_number, bank, amount, direction,"
        " bank_reference, at, local_date, received_at, digest, status, same_as, virtual_account"
        " FROM notice WHERE id = 6"
    )
    damage("DROP INDEX uq_notice_twin", again)
    [finding] = [finding for finding in look().findings if finding.check == "keys"]
    assert finding.message.startswith("notice has 2 rows of same_as 1, ")
