"""A stall's payments and corrections by the API: in order, complete, and for the stall's own people only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import books
from market.db import Database
from market.web.api_cursors import cursor_of, number_of
from merchants import entries, incoming, settling
from merchants.stalls import StallRow
from tests.conftest import NOW

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
PATH = "/stalls/C-01/payments"
KEY = "the installation's key"
Pay = Callable[..., int]


@pytest.fixture
def pay(pay: Pay, huong: StallRow) -> Pay:
    """Somebody pays chị Hương and the bank tells: `pay(50_000)` gives the entry."""
    return partial(pay, huong)


@pytest.fixture
def type_sale(database: Database, huong: StallRow) -> Callable[[int], int]:
    """Chị Hương types a cash sale; gives the entry."""

    def typed(number: int) -> int:
        with database.writing() as session:
            posted, _ = books.enter_sale(
                session,
                book_id=huong.book_id,
                amount=10_000 + number,
                cash=True,
                occurred_at=None,
                client_key=f"sale-{number:06}",
                login_id=None,
                memo="cá thu",
                now=NOW,
            )
        return posted.entry_id

    return typed


@pytest.fixture
def owner(program: Callable[..., Any], huong: StallRow) -> Any:
    """A program with chị Hương's token."""
    return program("stallholder", stall=huong)


@pytest.fixture
def helper(program: Callable[..., Any], huong: StallRow) -> Any:
    """A program with her helper's."""
    return program("helper", stall=huong)


def page(asking: Any, **asked: object) -> Any:
    answer = asking.get(PATH, market="ben-song", **asked)
    assert answer.status_code == 200, answer.text
    return answer.json


def follow(asking: Any, cursor: str, limit: int) -> tuple[list[Any], str]:
    """Everything behind a cursor, page after page, and the last cursor."""
    seen: list[Any] = []
    while True:
        found = page(asking, after=cursor, limit=limit)
        seen += found["payments"]
        if not found["payments"]:
            return seen, found["next"]
        cursor = found["next"]


@on_sqlite
def test_without_a_cursor_the_newest_come_first(owner: Any, pay: Pay) -> None:
    for amount in (10_000, 20_000, 30_000):
        pay(amount)
    found = page(owner, limit=2)
    assert [payment["amount"] for payment in found["payments"]] == [30_000, 20_000]


@on_sqlite
def test_the_newest_page_says_where_to_go_on(owner: Any, pay: Pay) -> None:
    pay(10_000)
    cursor = page(owner, limit=1)["next"]
    pay(20_000)
    assert [payment["amount"] for payment in page(owner, after=cursor)["payments"]] == [20_000]


@on_sqlite
def test_a_payment_says_what_a_bank_told_and_hides_who_paid(owner: Any, pay: Pay) -> None:
    entry = pay(50_000, payer_name="NGUYEN THI MAI", payer_account="0123")
    [payment] = page(owner)["payments"]
    assert payment == {
        "cursor": "1",
        "entry": entry,
        "kind": "payment",
        "concerns": None,
        "amount": 50_000,
        "booked_on": "2026-11-24",
        "at": "2026-11-24T01:00:00Z",
        "note": "",
        "payer": "NGUYEN T. M•••",
        "reference": None,
        "asked": None,
        "verdict": None,
        "flags": [],
        "correction": None,
    }


@on_sqlite
def test_what_answers_a_payment_code_names_it_and_how_it_was_met(owner: Any, pay: Pay) -> None:
    asked = {"market": "ben-song", "stall": "C-01", "amount": 50_000}
    reference = owner.post("/payment-codes", asked).json["reference"]
    pay(500, memo=reference)
    [payment] = page(owner)["payments"]
    told = {name: payment[name] for name in ("reference", "asked", "verdict", "flags")}
    assert told == {"reference": reference, "asked": 50_000, "verdict": "short", "flags": ["small"]}


@on_sqlite
def test_corrections_come_in_their_turn_and_say_what_they_take_back(database: Database, owner: Any, pay: Pay) -> None:
    entry = pay(50_000)
    with database.writing() as session:
        settling.mark_not_sale(session, None, entry, reason="người nhà gửi", login_id=None, now=NOW)
        settling.mark_sale(session, None, entry, reason="là tiền hàng", login_id=None, now=NOW)
        settling.reverse(session, None, entry, reason="trả lại", reassign=False, login_id=None, now=NOW)
    rows = page(owner, after="0")["payments"]
    assert [(row["kind"], row["concerns"], row["amount"], row["note"]) for row in rows] == [
        ("payment", None, 50_000, ""),
        ("not_sale", "1", -50_000, "người nhà gửi"),
        ("sale", "1", 50_000, "là tiền hàng"),
        ("reversal", "1", -50_000, "trả lại"),
    ]
    assert rows[0]["correction"] == "reversal"


@on_sqlite
def test_what_a_reversal_takes_back_is_nothing_where_it_was_no_sale(database: Database, owner: Any, pay: Pay) -> None:
    entry = pay(50_000)
    with database.writing() as session:
        settling.mark_not_sale(session, None, entry, reason="người nhà gửi", login_id=None, now=NOW)
        settling.reverse(session, None, entry, reason="trả lại", reassign=False, login_id=None, now=NOW)
    assert [row["amount"] for row in page(owner, after="0")["payments"]] == [50_000, -50_000, 0]


@on_sqlite
def test_what_was_typed_is_there_for_the_owner_and_not_for_the_helper(
    owner: Any, helper: Any, pay: Pay, type_sale: Callable[[int], int]
) -> None:
    type_sale(1)
    pay(50_000)
    assert [(row["kind"], row["note"]) for row in page(owner, after="0")["payments"]] == [
        ("cash", "cá thu"),
        ("payment", ""),
    ]
    assert [row["kind"] for row in page(helper)["payments"]] == ["payment"]


@on_sqlite
def test_nothing_that_a_helper_gets_tells_a_number_of_the_book(helper: Any, owner: Any, pay: Pay) -> None:
    for amount in (10_000, 20_000, 30_000):
        pay(amount)
    found = page(helper)
    assert {row["entry"] for row in found["payments"]} == {None}
    cursors = [row["cursor"] for row in found["payments"]] + [found["next"]]
    assert {len(cursor) for cursor in cursors} == {32}
    answer = helper.get(PATH, market="ben-song", after="0")
    assert answer.status_code == 409


@on_sqlite
def test_a_helper_follows_the_payments_by_its_own_cursors(
    helper: Any, pay: Pay, type_sale: Callable[[int], int]
) -> None:
    cursor = page(helper)["next"]
    for number in range(5):
        type_sale(number)
        pay(10_000 + number)
    seen, cursor = follow(helper, cursor, 2)
    assert [row["amount"] for row in seen] == [10_000, 10_001, 10_002, 10_003, 10_004]
    assert page(helper, after=cursor) == {"payments": [], "next": cursor}


def test_a_sealed_cursor_is_good_for_its_own_book_and_key_only() -> None:
    cursor = cursor_of(7, KEY, 1)
    assert number_of(cursor, KEY, 1) == 7
    assert (number_of(cursor, KEY, 2), number_of(cursor, "another key", 1)) == (None, None)


@given(st.text(alphabet="ABab01_-", min_size=32, max_size=32))
def test_a_made_up_cursor_is_no_cursor(cursor: str) -> None:
    assert number_of(cursor, KEY, 1) is None


@on_sqlite
@pytest.mark.parametrize("cursor", ["4", "999999999", "A" * 32])
def test_a_cursor_that_the_book_does_not_reach_is_refused(owner: Any, pay: Pay, cursor: str) -> None:
    pay(50_000)
    assert owner.get(PATH, market="ben-song", after=cursor).status_code == 409


@on_sqlite
@pytest.mark.parametrize("cursor", ["-1", "x", "1.0", "", "1" * 10])
def test_what_is_no_cursor_is_refused(owner: Any, cursor: str) -> None:
    assert owner.get(PATH, market="ben-song", after=cursor).status_code == 422


@on_sqlite
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(steps=st.lists(st.sampled_from(["pay", "type", "correct", "look"]), max_size=12), limit=st.integers(1, 4))
def test_whatever_happens_between_the_looks_nothing_is_missed_and_nothing_comes_twice(
    database: Database,
    owner: Any,
    pay: Pay,
    type_sale: Callable[[int], int],
    steps: list[str],
    limit: int,
) -> None:
    cursor = begin = page(owner, limit=1)["next"]
    made: list[int] = []
    seen: list[int] = []
    standing: list[int] = []
    for step in steps:
        if step == "look":
            found = page(owner, after=cursor, limit=limit)
            seen += [row["entry"] for row in found["payments"]]
            cursor = found["next"]
        elif step == "correct" and standing:
            with database.writing() as session:
                group = books.load_group(session, standing.pop())
                made.append(books.reverse(session, group, reason="nhầm", login_id=None, now=NOW).entry_id)
        else:
            entry = pay(10_000) if step == "pay" else type_sale(int(begin) + len(made))
            made.append(entry)
            standing.append(entry)
    seen += [row["entry"] for row in follow(owner, cursor, limit)[0]]
    assert seen == made


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_an_entry_that_is_committed_in_the_middle_of_a_look_comes_with_the_next(
    owner: Any, type_sale: Callable[[int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    type_sale(1)
    last_number = incoming.last_number

    def and_another(*asked: Any) -> int:
        last = last_number(*asked)
        type_sale(2)
        return last

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(entries, "last_number", and_another)
        found = page(owner, after="0")
    assert ([row["cursor"] for row in found["payments"]], found["next"]) == (["1"], "1")
    assert [row["cursor"] for row in page(owner, after="1")["payments"]] == ["2"]


def test_whoever_follows_while_many_write_misses_nothing(
    database: Database, owner: Any, pay: Pay, type_sale: Callable[[int], int]
) -> None:
    with ThreadPoolExecutor(4) as writers:
        writing = [writers.submit(type_sale, number) for number in range(24)]
        seen: list[Any] = []
        cursor = "0"
        while not all(one.done() for one in writing):
            found = page(owner, after=cursor, limit=3)
            seen += found["payments"]
            cursor = found["next"]
    seen += follow(owner, cursor, 3)[0]
    assert sorted(row["entry"] for row in seen) == sorted(one.result() for one in writing)
    assert [row["cursor"] for row in seen] == [str(number) for number in range(1, 25)]
