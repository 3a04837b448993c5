"""SePay's bodies: the documented one, what senders make of it, and what is refused."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.providers import READERS
from ledger.inbox.providers.sepay import read

# The sample of SePay's own pages.
DOCUMENTED = b"""{
  "id": 92704,
  "gateway": "Vietcombank",
  "transactionDate": "2023-03-25 14:02:37",
  "accountNumber": "0123499999",
  "code": null,
  "content": "chuyen tien mua iphone",
  "transferType": "in",
  "transferAmount": 2277000,
  "accumulated": 19077000,
  "subAccount": null,
  "referenceCode": "MBVCB.3278907687",
  "description": ""
}"""
Body = Callable[..., bytes]


def only(body: bytes) -> Notice:
    (notice,) = read(body)
    return notice


def without(body: bytes, *fields: str) -> bytes:
    said: dict[str, Any] = json.loads(body)
    return json.dumps({name: value for name, value in said.items() if name not in fields}).encode()


def test_the_documented_body_is_read() -> None:
    assert only(DOCUMENTED) == Notice(
        event_id="92704",
        account_number="0123499999",
        bank="Vietcombank",
        amount=2_277_000,
        direction="in",
        bank_reference="MBVCB.3278907687",
        at=datetime(2023, 3, 25, 7, 2, 37, tzinfo=UTC),
        local_date=date(2023, 3, 25),
        memo="chuyen tien mua iphone",
    )


def test_the_provider_is_known_by_its_name(sepay_body: Body) -> None:
    body = sepay_body()
    assert READERS["sepay"](body) == read(body)


@pytest.mark.parametrize("amount", [500_000, "500000", 500_000.0])
def test_an_amount_is_whole_dong_however_it_is_written(sepay_body: Body, amount: object) -> None:
    assert only(sepay_body(transferAmount=amount)).amount == 500_000


@pytest.mark.parametrize(
    "amount", [-5, 0.5, True, None, "", "50.000", "50,000", "-5", "5e3", " 5", "５", 10**15, "9" * 16, [5], {}]
)
def test_an_amount_that_is_not_whole_dong_is_refused(sepay_body: Body, amount: object) -> None:
    with pytest.raises(ValueError, match="transferAmount must be whole đồng, 0 or more"):
        read(sepay_body(transferAmount=amount))


@pytest.mark.parametrize("amount", [0, "0"])
def test_a_movement_of_no_dong_is_a_notice_of_none(sepay_body: Body, amount: object) -> None:
    assert [notice.amount for notice in read(sepay_body(transferAmount=amount))] == [0]


def test_the_virtual_account_that_was_paid_is_told(sepay_body: Body) -> None:
    assert only(sepay_body(subAccount="VQRQ 0001")).virtual_account == "VQRQ0001"


@pytest.mark.parametrize(("said", "direction"), [("in", "in"), ("IN", "in"), ("out", "out"), ("Out", "out")])
def test_the_direction_is_read_in_any_case(sepay_body: Body, said: str, direction: str) -> None:
    assert only(sepay_body(transferType=said)).direction == direction


@pytest.mark.parametrize("said", ["", "credit", None, 1, "in "])
def test_another_direction_is_refused(sepay_body: Body, said: object) -> None:
    with pytest.raises(ValueError, match="transferType"):
        read(sepay_body(transferType=said))


@pytest.mark.parametrize("field", ["subAccount", "code", "description", "accumulated"])
@pytest.mark.parametrize("value", ["", None])
def test_fields_that_may_be_empty_change_nothing(sepay_body: Body, field: str, value: object) -> None:
    assert only(sepay_body(id=1, **{field: value})) == only(sepay_body(id=1))


@pytest.mark.parametrize("field", ["subAccount", "code", "description", "accumulated"])
def test_fields_that_may_be_absent_change_nothing(sepay_body: Body, field: str) -> None:
    assert only(without(sepay_body(id=1), field)) == only(sepay_body(id=1))


@pytest.mark.parametrize("value", ["", None])
def test_a_reference_may_be_absent(sepay_body: Body, value: object) -> None:
    assert only(sepay_body(referenceCode=value)).bank_reference == ""


def test_leading_zeros_of_an_account_stay(sepay_body: Body) -> None:
    assert only(sepay_body(accountNumber="0007")).account_number == "0007"


def test_spaces_in_an_account_go(sepay_body: Body) -> None:
    assert only(sepay_body(accountNumber=" 0123 499 999 ")).account_number == "0123499999"


@pytest.mark.parametrize("account", ["", "  ", None])
def test_a_missing_account_is_refused(sepay_body: Body, account: object) -> None:
    with pytest.raises(ValueError, match="accountNumber is missing or empty"):
        read(sepay_body(accountNumber=account))


def test_an_account_written_as_a_number_is_refused_for_it_has_lost_its_zeros(sepay_body: Body) -> None:
    with pytest.raises(ValueError, match="accountNumber must be text"):
        read(sepay_body(accountNumber=123499999))


def test_the_description_stands_in_for_an_empty_content(sepay_body: Body) -> None:
    assert only(sepay_body(content="", description="MBVCB.1 ABC")).memo == "MBVCB.1 ABC"


@pytest.mark.parametrize(
    ("said", "at", "day"),
    [
        ("2026-11-01 00:00:00", datetime(2026, 10, 31, 17, 0, tzinfo=UTC), date(2026, 11, 1)),
        ("2026-10-31 23:59:59", datetime(2026, 10, 31, 16, 59, 59, tzinfo=UTC), date(2026, 10, 31)),
        ("2026-11-01T00:00:00", datetime(2026, 10, 31, 17, 0, tzinfo=UTC), date(2026, 11, 1)),
        ("2026-10-31T23:30:00Z", datetime(2026, 10, 31, 23, 30, tzinfo=UTC), date(2026, 11, 1)),
    ],
)
def test_a_time_without_a_zone_is_vietnamese(sepay_body: Body, said: str, at: datetime, day: date) -> None:
    notice = only(sepay_body(transactionDate=said))
    assert (notice.at, notice.local_date) == (at, day)


@pytest.mark.parametrize(
    "said",
    [
        "",
        None,
        "2026-11-24",
        "24/11/2026 08:00:00",
        "2026-02-30 08:00:00",
        "0001-01-01 00:00:00",
        1795,
        "9999-12-31 23:59:59",
    ],
)
def test_what_is_no_time_is_refused(sepay_body: Body, said: object) -> None:
    with pytest.raises(ValueError, match="transactionDate"):
        read(sepay_body(transactionDate=said))


@pytest.mark.parametrize(("said", "event_id"), [(92_704, "92704"), ("92704", "92704"), (" 92704 ", "92704")])
def test_the_id_is_the_same_as_number_and_as_text(sepay_body: Body, said: object, event_id: str) -> None:
    assert only(sepay_body(id=said)).event_id == event_id


@pytest.mark.parametrize("said", [-1, 1.5, True, "abc", [1], {}])
def test_another_id_is_refused(sepay_body: Body, said: object) -> None:
    with pytest.raises(ValueError, match="id must be a whole number"):
        read(sepay_body(id=said))


@pytest.mark.parametrize("said", [None, ""])
def test_without_an_id_the_same_movement_has_the_same_event_id(sepay_body: Body, said: object) -> None:
    event_id = only(sepay_body(id=said)).event_id
    assert event_id == only(without(sepay_body(content="told again"), "id")).event_id
    assert event_id.startswith("sha256:")


@pytest.mark.parametrize(
    "other",
    [
        {"accountNumber": "1"},
        {"referenceCode": "FT1"},
        {"transferType": "out"},
        {"transferAmount": 1},
        {"transactionDate": "2026-11-24 08:00:01"},
    ],
    ids=str,
)
def test_without_an_id_another_movement_has_another_event_id(sepay_body: Body, other: dict[str, object]) -> None:
    assert only(sepay_body(id=None)).event_id != only(sepay_body(id=None, **other)).event_id


def test_only_the_made_up_transaction_number_0_is_a_test(sepay_body: Body) -> None:
    assert only(sepay_body(id=0)).test
    assert not only(sepay_body(id=1)).test


def test_what_no_database_can_store_is_taken_out(sepay_body: Body) -> None:
    assert only(sepay_body(content="a\0b")).memo == "ab"
    assert only(sepay_body().replace(b"chuyen tien mua ca", rb"\ud800 mua ca")).memo == "? mua ca"


@pytest.mark.parametrize("field", ["gateway", "referenceCode", "content", "accountNumber"])
def test_text_that_is_no_text_is_refused_with_its_field(sepay_body: Body, field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be text"):
        read(sepay_body(**{field: ["x"]}))


@pytest.mark.parametrize(
    ("body", "because"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON at character"),
        (b"[]", "not a JSON object"),
        (b'"x"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"\xff{}", "not UTF-8 at byte 1"),
        (b"[" * 100_000, "not JSON"),
    ],
    ids=["empty", "cut", "list", "text", "null", "latin", "deep"],
)
def test_what_is_no_body_is_refused(body: bytes, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        read(body)
