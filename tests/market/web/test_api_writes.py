"""What programs write by the API: payment codes and typed sales, once, however often and wherever at once they ask."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from ledger.books.model import ENTRY
from ledger.days import local_date, utc_now
from market.access.audit import trail
from market.db import Database
from market.web import api
from merchants import stalls
from merchants.model import PAYMENT_CODE
from merchants.stalls import StallRow
from qr import image, vietqr

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
CODE = {"market": "ben-song", "stall": "C-01", "amount": 50_000, "purpose": "2 kg cá thu"}
SALE = {"market": "ben-song", "stall": "C-01", "amount": 50_000, "key": "till-0001"}
KEY = "order-2026-0001"
# What a program may send for an amount by mistake, as JSON has it. A text is never taken for a number, and a number
# with a fraction never for a whole one: 50.000 is fifty in JSON.
NO_AMOUNTS = [
    '"50000"', '"50.000"', "50.000", "50000.0", "5e4", "true", "null", "[50000]", "-1", "0", "500000001000000",
    "1" + "0" * 30, "NaN", "Infinity", '"５００００"', "050000",
]  # fmt: skip


@pytest.fixture
def owner(program: Callable[..., Any], huong: StallRow) -> Any:
    """A program with chị Hương's token."""
    return program("stallholder", stall=huong)


def _count(database: Database, column: Any) -> int:
    with database.reading() as session:
        count: int = session.connection().execute(select(func.count(column))).scalar_one()
    return count


@on_sqlite
def test_a_payment_code_asks_for_the_amount_under_its_own_reference(owner: Any, huong: StallRow) -> None:
    made = owner.post("/payment-codes", CODE)
    assert made.status_code == 201
    read = vietqr.decode(made.json["payload"])
    assert (read.account_number, read.amount, read.purpose) == (huong.account_number, 50_000, made.json["reference"])


@on_sqlite
def test_a_payment_code_is_shown_as_a_picture_until_it_expires(
    owner: Any, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = owner.post("/payment-codes", CODE).json
    picture = client.get(made["svg_url"])
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert picture.text == image.svg(made["payload"])
    monkeypatch.setattr(api, "utc_now", lambda: utc_now() + timedelta(minutes=16))
    assert client.get(made["svg_url"]).status_code == 404


@on_sqlite
def test_a_stall_s_own_reference_is_no_payment_code(client: FlaskClient, huong: StallRow) -> None:
    assert client.get(f"/api/v1/payment-codes/{huong.reference}.svg").status_code == 404


@on_sqlite
def test_a_stall_that_has_closed_asks_for_nothing(database: Database, owner: Any, huong: StallRow) -> None:
    now = utc_now()
    with database.writing() as session:
        stalls.close(session, huong, local_date(now) - timedelta(days=1), now)
    assert owner.post("/payment-codes", CODE).status_code == 409


@on_sqlite
def test_a_sale_after_a_stall_has_closed_is_refused(database: Database, owner: Any, huong: StallRow) -> None:
    now = utc_now()
    with database.writing() as session:
        stalls.close(session, huong, local_date(now) - timedelta(days=1), now)
    refused = owner.post("/payments", SALE)
    assert (refused.status_code, refused.json["detail"]) == (409, "the stall had closed by then")
    earlier = (now - timedelta(days=1)).isoformat()
    assert owner.post("/payments", {**SALE, "at": earlier}).status_code == 201


@on_sqlite
def test_a_key_that_was_used_while_a_stall_was_open_is_answered_as_before(
    database: Database, owner: Any, huong: StallRow
) -> None:
    assert owner.post("/payments", SALE).status_code == 201
    now = utc_now()
    with database.writing() as session:
        stalls.close(session, huong, local_date(now) - timedelta(days=1), now)
    assert owner.post("/payments", SALE).status_code == 200


@on_sqlite
def test_without_a_key_each_call_makes_a_code(owner: Any) -> None:
    references = {owner.post("/payment-codes", CODE).json["reference"] for _ in range(2)}
    assert len(references) == 2


@on_sqlite
def test_a_repeated_key_gets_the_same_answer(owner: Any, database: Database) -> None:
    first, again = (owner.post("/payment-codes", CODE, key=KEY) for _ in range(2))
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert _count(database, PAYMENT_CODE.c.id) == 1


@on_sqlite
def test_a_repeated_key_gets_the_same_answer_when_the_body_is_only_written_otherwise(owner: Any) -> None:
    first = owner.post("/payment-codes", CODE, key=KEY)
    again = owner.post("/payment-codes", dict(reversed(CODE.items())), key=KEY)
    assert again.json == first.json


@on_sqlite
@pytest.mark.parametrize("changed", [{"amount": 60_000}, {"purpose": ""}])
def test_a_key_that_was_used_for_another_code_is_refused(
    owner: Any, database: Database, changed: dict[str, Any]
) -> None:
    owner.post("/payment-codes", CODE, key=KEY)
    assert owner.post("/payment-codes", CODE | changed, key=KEY).status_code == 409
    assert _count(database, PAYMENT_CODE.c.id) == 1


@on_sqlite
def test_a_key_is_a_token_s_own(owner: Any, program: Callable[..., Any], huong: StallRow) -> None:
    other = program("stallholder", stall=huong)
    references = {asking.post("/payment-codes", CODE, key=KEY).json["reference"] for asking in (owner, other)}
    assert len(references) == 2


@on_sqlite
def test_a_key_is_forgotten_after_a_day(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = owner.post("/payment-codes", CODE, key=KEY)
    monkeypatch.setattr(api, "utc_now", lambda: utc_now() + timedelta(hours=25))
    assert owner.post("/payment-codes", CODE, key=KEY).json["reference"] != first.json["reference"]


@on_sqlite
@pytest.mark.parametrize("key", ["short", "with space", "x" * 65, "đơn-hàng-1"])
def test_a_key_has_the_form_of_a_key(owner: Any, client: FlaskClient, key: str) -> None:
    headers = {"Authorization": f"Bearer {owner.token}", "Idempotency-Key": key.encode().decode("latin-1")}
    answer = client.post("/api/v1/payment-codes", json=CODE, headers=headers)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.text


def _at_once(asking: Any, path: str, body: dict[str, Any], key: str = "") -> list[Any]:
    """The answers to the same call, made twice at the same time."""
    both = Barrier(2)

    def ask() -> Any:
        both.wait()
        return asking.post(path, body, key=key)

    with ThreadPoolExecutor(2) as threads:
        return [one.result() for one in [threads.submit(ask) for _ in range(2)]]


def test_two_calls_at_once_under_one_key_make_one_code(owner: Any, database: Database) -> None:
    for number in range(5):
        first, second = _at_once(owner, "/payment-codes", CODE, f"{KEY}-{number}")
        assert (first.status_code, first.json) == (second.status_code, second.json)
    assert _count(database, PAYMENT_CODE.c.id) == 5


def test_two_calls_at_once_under_one_key_make_one_entry(owner: Any, database: Database) -> None:
    for number in range(5):
        answers = _at_once(owner, "/payments", SALE | {"key": f"till-{number:04}"})
        assert sorted(answer.status_code for answer in answers) == [200, 201]
        assert len({answer.json["entry"] for answer in answers}) == 1
    assert _count(database, ENTRY.c.id) == 5


@on_sqlite
def test_a_sale_is_recorded_once_and_then_a_duplicate(owner: Any) -> None:
    first, again = (owner.post("/payments", SALE) for _ in range(2))
    assert (first.status_code, first.json["status"]) == (201, "recorded")
    assert (again.status_code, again.json) == (200, first.json | {"status": "duplicate"})


@on_sqlite
@pytest.mark.parametrize("changed", [{"amount": 60_000}, {"cash": True}, {"at": "2026-01-02T03:04:05Z"}])
def test_a_sale_s_key_that_was_used_for_another_sale_is_refused(
    owner: Any, database: Database, changed: dict[str, Any]
) -> None:
    owner.post("/payments", SALE)
    assert owner.post("/payments", SALE | changed).status_code == 409
    assert _count(database, ENTRY.c.id) == 1


@on_sqlite
def test_a_key_that_begins_as_the_program_s_own_is_refused(owner: Any, database: Database) -> None:
    answer = owner.post("/payments", SALE | {"key": "again-00000002"})
    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert error == {"field": "key", "message": "Value error, must not begin with 'again-', as the program's own do"}
    assert _count(database, ENTRY.c.id) == 0


@on_sqlite
def test_a_sale_has_the_day_that_its_moment_has_in_vietnam(owner: Any) -> None:
    owner.post("/payments", SALE | {"at": "2026-01-31T23:30:00Z", "cash": True, "memo": "cá thu"})
    [sale] = owner.get("/stalls/C-01/payments", market="ben-song").json["payments"]
    assert (sale["kind"], sale["booked_on"], sale["note"]) == ("cash", "2026-02-01", "cá thu")


@on_sqlite
@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("1999-12-31T23:59:59Z", 409),
        ("2999-01-01T00:00:00Z", 409),
        ("0001-01-01T00:00:00+23:59", 409),
        ("2026-01-02T03:04:05", 422),
        ("2026-01-02", 422),
        ("2026-02-30T00:00:00Z", 422),
        ("2026-01-02T03:04:60Z", 422),
        ("1767312000", 422),
        (1_767_312_000, 422),
        ("hôm nay", 422),
    ],
)
def test_a_moment_that_cannot_be_is_refused(owner: Any, database: Database, at: object, status: int) -> None:
    answer = owner.post("/payments", SALE | {"at": at})
    assert answer.status_code == status
    assert [error["field"].split(".")[0] for error in json.loads(answer.text)["errors"]] == ["at"]
    assert _count(database, ENTRY.c.id) == 0


@on_sqlite
def test_who_typed_a_sale_is_in_the_audit_trail(owner: Any, database: Database, huong: StallRow) -> None:
    entry = owner.post("/payments", SALE).json["entry"]
    with database.reading() as session:
        line = trail(session, huong.market_id, limit=1)[0]
    assert (line.act, line.stall, line.token, line.about) == ("entry_added", "C-01", 1, {"entry": entry})


@on_sqlite
@pytest.mark.parametrize("amount", NO_AMOUNTS)
@pytest.mark.parametrize(("path", "body"), [("/payments", SALE), ("/payment-codes", CODE)])
def test_an_amount_is_a_whole_number_and_nothing_is_taken_for_one(
    owner: Any, client: FlaskClient, database: Database, path: str, body: dict[str, Any], amount: str
) -> None:
    sent = json.dumps(body | {"amount": 0}).replace('"amount": 0', f'"amount": {amount}')
    headers = {"Authorization": f"Bearer {owner.token}", "Content-Type": "application/json"}
    answer = client.post(f"/api/v1{path}", data=sent, headers=headers)
    # What no JSON has, and what is no amount.
    assert answer.status_code == (400 if amount == "050000" else 422)
    assert _count(database, ENTRY.c.id) + _count(database, PAYMENT_CODE.c.id) == 0


@on_sqlite
@pytest.mark.parametrize("more", ["role", "market_id", "verified", "amount_confirmed", "entry"])
def test_a_field_that_is_not_known_is_refused(owner: Any, database: Database, more: str) -> None:
    answer = owner.post("/payments", SALE | {more: 1})
    assert answer.status_code == 422
    assert [error["field"] for error in json.loads(answer.text)["errors"]] == [more]
    assert _count(database, ENTRY.c.id) == 0


@on_sqlite
def test_what_was_sent_is_not_said_again(owner: Any) -> None:
    assert "0123499999" not in owner.post("/payments", SALE | {"amount": "0123499999", "x": "0123499999"}).text


@on_sqlite
@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b'"' + b"x" * 70_000 + b'"', "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_taken_says_why(
    owner: Any, client: FlaskClient, sent: bytes, kind: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {owner.token}", "Content-Type": kind}
    answer = client.post("/api/v1/payments", data=sent, headers=headers)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
