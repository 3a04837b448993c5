"""Pay2S: a list of transactions whose ids are text, behind a bearer token."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.providers.pay2s import proves, read

# The sample of docs.pay2s.vn.
DOCUMENTED = b"""{"transactions":[{"id":"1788052","gateway":"ACB","transactionDate":"2025-04-01 00:02:18",
 "transactionNumber":"10418","accountNumber":"12805521","content":"mua ca","transferType":"IN","transferAmount":50000,
 "checksum":"0123456789abcdef0123456789abcdef"}]}"""
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def body(*changes: dict[str, Any]) -> bytes:
    said = json.loads(DOCUMENTED)["transactions"][0]
    return json.dumps({"transactions": [{**said, **each} for each in changes]}).encode()


def only(**changes: Any) -> Notice:
    (notice,) = read(body(changes))
    return notice


def test_the_documented_body_is_read() -> None:
    assert read(DOCUMENTED) == [
        Notice(
            event_id="1788052",
            account_number="12805521",
            bank="ACB",
            amount=50_000,
            direction="in",
            bank_reference="10418",
            at=datetime(2025, 3, 31, 17, 2, 18, tzinfo=UTC),
            local_date=date(2025, 4, 1),
            memo="mua ca",
        )
    ]


def test_each_transaction_of_a_call_is_a_notice_in_its_order() -> None:
    assert [notice.event_id for notice in read(body({"id": "5"}, {"id": "3"}))] == ["5", "3"]


def test_an_id_and_a_reference_may_be_numbers() -> None:
    assert only(id=1788052, transactionNumber=10418) == only()


@pytest.mark.parametrize(("said", "direction"), [("IN", "in"), ("OUT", "out"), ("in", "in")])
def test_the_direction_is_read_in_any_case(said: str, direction: str) -> None:
    assert only(transferType=said).direction == direction


def test_a_movement_of_no_dong_is_a_notice_of_none() -> None:
    assert [notice.amount for notice in read(body({"transferAmount": 0}))] == [0]


def test_a_checksum_that_nobody_documents_changes_nothing() -> None:
    assert only(checksum=None) == only()


def test_without_an_id_the_same_movement_is_the_same_event() -> None:
    assert only(id=None).event_id == only(id="", content="told again").event_id
    assert only(id=None).event_id != only(id=None, transactionNumber="10419").event_id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("transferAmount", -1),
        ("transferAmount", "50.000"),
        ("transferType", "credit"),
        ("accountNumber", 12805521),
        ("id", ["1"]),
        ("transactionDate", "01/04/2025"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"transactions\[1\]\.{field} must be"):
        read(body({}, {field: value}))


def test_an_id_that_no_index_would_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"transactions\[0\]\.id has 201 characters"):
        only(id="x" * 201)


def test_the_token_is_a_bearers() -> None:
    assert proves({"Authorization": "Bearer khoa"}.__getitem__, b"", "khoa", "bearer", NOW)


@pytest.mark.parametrize("said", ["", "khoa", "Bearer", "Bearer kho", "Bearer  khoa", "bearer khoa", "Apikey khoa"])
def test_another_token_proves_nothing(said: str) -> None:
    assert not proves(lambda name: said, b"", "khoa", "bearer", NOW)
