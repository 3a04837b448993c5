"""What SePay's API v2 is asked, and how a page of its answer is read."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.providers.sepay_poll import question, read

# The sample answer of SePay's CLI page, its cut ids filled in.
RECORD = {
    "id": "07ad3dc9-0000-4000-8000-0afffe87053b",
    "transaction_date": "2026-10-31 11:24:40",
    "account_number": "0000000002",
    "va": "",
    "transfer_type": "in",
    "amount_in": 50000,
    "amount_out": 0,
    "accumulated": 0,
    "transaction_content": "Giao dich sandbox 31/10/2026 11:24:40",
    "reference_number": "SBCF7A82A9EBC8",
    "code": "DH1709",
    "bank_brand_name": "ACB",
    "bank_account_id": "d6719d04-0000-4000-8000-a6006ab65aca",
    "va_id": None,
    "webhook_success": 8,
}


def _answer(*records: object, **pagination: object) -> bytes:
    paged = {"total": 48, "per_page": 100, "current_page": 1, "last_page": 1, "has_more": False, **pagination}
    return json.dumps({"status": "success", "data": list(records), "meta": {"pagination": paged}}).encode()


def _one(**changes: object) -> Notice:
    page = read(_answer({**RECORD, **changes}))
    assert page.unread == {}
    return page.deliveries[0][0]


def test_a_page_is_asked_for_from_the_first_moment_of_a_day_and_the_oldest_first() -> None:
    asked = question("tok", date(2026, 11, 22), 3)
    assert asked.path == (
        "/transactions?transaction_date_from=2026-11-22+00%3A00%3A00&transaction_date_sort=asc&page=3&per_page=100"
    )
    assert asked.headers == {"Authorization": "Bearer tok"}


def test_the_sample_answer_is_one_notice() -> None:
    assert _one() == Notice(
        event_id="07ad3dc9-0000-4000-8000-0afffe87053b",
        account_number="0000000002",
        bank="ACB",
        amount=50_000,
        direction="in",
        bank_reference="SBCF7A82A9EBC8",
        at=datetime(2026, 10, 31, 4, 24, 40, tzinfo=UTC),
        local_date=date(2026, 10, 31),
        memo="Giao dich sandbox 31/10/2026 11:24:40",
    )


def test_money_that_went_out_has_its_own_amount() -> None:
    notice = _one(transfer_type="out", amount_in=0, amount_out=75_000)
    assert (notice.direction, notice.amount) == ("out", 75_000)


def test_a_virtual_account_is_kept() -> None:
    assert _one(va="VA001").virtual_account == "VA001"


def test_the_record_itself_is_the_body() -> None:
    ((_, body),) = read(_answer({**RECORD, "transaction_content": "mua cá \ud800"})).deliveries
    assert json.loads(body)["transaction_content"] == "mua cá \ud800"


def test_a_record_without_money_is_no_notice() -> None:
    page = read(_answer({**RECORD, "amount_in": 0}))
    assert (page.deliveries, page.unread) == ([], {})


def test_more_pages_are_told_by_has_more() -> None:
    assert read(_answer(RECORD, current_page=4, has_more=True)).next_page == 5
    assert read(_answer(RECORD, current_page=5)).next_page is None


def test_an_empty_page_is_the_last() -> None:
    assert read(_answer(has_more=True)).next_page is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"transfer_type": "both"}, "transfer_type"),
        ({"amount_in": "50.000"}, "amount_in"),
        ({"amount_in": None}, "amount_in"),
        ({"transaction_date": "yesterday"}, "transaction_date"),
        ({"account_number": ""}, "account_number"),
        ({"reference_number": ["FT"]}, "reference_number"),
    ],
)
def test_a_record_that_cannot_be_read_is_named_and_holds_up_no_other(changes: dict[str, Any], field: str) -> None:
    other = {**RECORD, "id": "b"}
    page = read(_answer({**RECORD, **changes}, other))
    assert [notice.event_id for notice, _ in page.deliveries] == ["b"]
    ((record, error),) = page.unread.items()
    assert record == RECORD["id"]
    assert error.startswith(f"{field} ")


def test_a_record_without_an_id_is_named_by_what_it_says() -> None:
    page = read(_answer({**RECORD, "id": None}, {**RECORD, "id": "two words"}, "text"))
    assert [record[:7] for record in page.unread] == ["sha256-", "sha256-"]
    assert page.deliveries[0][0].event_id == "two words"


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (b"<html>", "JSON"),
        (b"[]", "object"),
        (b'{"status": "error", "message": "no"}', "data"),
        (b'{"data": []}', "meta"),
        (b'{"data": [], "meta": {"pagination": {}}}', "has_more"),
        (b'{"data": [], "meta": {"pagination": {"has_more": true}}}', "current_page"),
    ],
)
def test_an_answer_that_is_no_page_is_refused_with_the_field(answer: bytes, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        read(answer)
