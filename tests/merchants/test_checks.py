"""What stalls keep beside the books, damaged past the guards: references, answers to codes, books without a stall."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from ledger.books.finding import Finding
from ledger.books.verify import verify
from ledger.inbox.notice import Notice
from market.db import Database
from merchants import settling
from merchants.checks import answers_hold, books_have_stalls, references_hold
from merchants.model import REFERENCE
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.kept_books import NOW

CHECKS = (books_have_stalls, references_hold, answers_hold)
# What was done; the check that finds it; the entry it names (None: none); some of the message.
CASES: list[tuple[str, str, int | None, str]] = [
    ("UPDATE code_payment SET verdict = 'short'", "answers", 13, "verdict is short and should be exact"),
    ("UPDATE payment_code SET amount = 50000", "answers", 13, "verdict is exact and should be short"),
    ("UPDATE code_payment SET late = NOT late", "answers", 13, "late is True and should be False"),
    ("UPDATE code_payment SET again = NOT again", "answers", 13, "again is True and should be False"),
    ("UPDATE code_payment SET entry_id = 8", "answers", 8, "the entry is no payment of the stall that asked"),
    ("UPDATE code_payment SET entry_id = 11", "answers", 11, "the entry is no payment of the stall that asked"),
    (
        "INSERT INTO code_payment SELECT 6, market_id, payment_code_id, 'short', late, again FROM code_payment",
        "answers",
        13,
        "again is False and should be True",
    ),
    (
        "UPDATE reference SET reference = 'ABCDEFGH' WHERE payment_code_id IS NOT NULL",
        "references",
        None,
        "'ABCDEFGH' does not have a reference's check character",
    ),
    (
        "DELETE FROM reference WHERE payment_code_id IS NOT NULL",
        "references",
        None,
        "payment code 1 has 0 references, where one is right",
    ),
    (
        "DELETE FROM reference WHERE payment_code_id IS NULL AND stall_id = 1",
        "references",
        None,
        "has 0 printed references, where one is right",
    ),
    (
        "UPDATE reference SET payment_code_id = NULL",
        "references",
        None,
        "has 2 printed references, where one is right",
    ),
]


def found(database: Database) -> list[Finding]:
    with database.reading() as session:
        return verify(session, more=CHECKS).findings


def test_what_was_not_damaged_gives_no_finding(kept: Database) -> None:
    assert found(kept) == []


@pytest.mark.parametrize(("statement", "check", "entry_id", "said"), CASES, ids=[case[0] for case in CASES])
def test_damage_beside_the_books_is_found(
    kept: Database,
    huong: StallRow,
    damage: Callable[..., None],
    statement: str,
    check: str,
    entry_id: int | None,
    said: str,
) -> None:
    damage(statement)
    named = [finding for finding in found(kept) if finding.check == check and said in finding.message]
    assert [finding.entry_id for finding in named][:1] == [entry_id], found(kept)
    if entry_id != 11:
        assert named[0].book_id == huong.book_id


def test_a_code_that_names_another_stall_is_found(kept: Database, tu: StallRow, damage: Callable[..., None]) -> None:
    damage(f"UPDATE payment_code SET stall_id = {tu.id}")
    messages = {finding.check: finding.message for finding in found(kept)}
    assert messages["references"].endswith("is of a payment code of another stall")
    assert messages["answers"].endswith("the entry is no payment of the stall that asked")


def test_a_code_s_payment_that_was_taken_back_and_given_again_gives_no_finding(
    kept: Database, huong: StallRow, market_id: int
) -> None:
    by: dict[str, Any] = {"reason": "hers after all", "login_id": None, "now": NOW}
    with kept.writing() as session:
        settling.reverse(session, market_id, 13, reassign=True, **by)
        settling.assign(session, market_id, 5, huong, **by)
    assert found(kept) == []


def test_a_code_s_first_payment_that_is_taken_back_after_the_second_gives_no_finding(
    kept: Database, huong: StallRow, market_id: int, channel: Source, told: Callable[..., Notice]
) -> None:
    with kept.writing() as session:
        asked = select(REFERENCE.c.reference).where(REFERENCE.c.payment_code_id.is_not(None))
        notice = told(huong, 40_000, memo=session.connection().execute(asked).scalar_one())
        take(session, channel, "hook", [(notice, b"{}")], NOW)
        settling.reverse(session, market_id, 13, reason="went back", reassign=False, login_id=None, now=NOW)
    assert found(kept) == []


def test_a_book_without_a_stall_is_found(kept: Database, damage: Callable[..., None]) -> None:
    damage("INSERT INTO book (id, market_id, entries, head) VALUES (50, 1, 0, '')")
    [finding] = found(kept)
    assert (finding.check, finding.book_id, finding.message) == ("orphans", 50, "book 50 is no stall's")
