"""What Casso's API v2 is asked, and how a page of its answer is read."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.providers.casso_poll import question, read

# The sample answer of Casso's page.
RECORD = {
    "id": 5789,
    "tid": "TF2104152395814062",
    "description": "Khanhnm chuyen tien",
    "amount": 193000,
    "cusum_balance": 1070904,
    "when": "2021-04-15T00:00:00",
    "bankSubAccId": "8007041027107",
    "paymentChannel": "",
    "virtualAccount": "",
    "virtualAccountName": "",
    "corresponsiveName": "NGUYEN VAN A",
    "corresponsiveAccount": "99887766",
    "corresponsiveBankId": "",
    "corresponsiveBankName": "",
    "accountId": 733,
    "bankCodeName": "acb_digi",
}


def _answer(*records: object, **paged: object) -> bytes:
    data = {"page": 1, "pageSize": 10, "nextPage": None, "totalPages": 1, "totalRecords": 341, **paged}
    return json.dumps({"error": 0, "message": "success", "data": {**data, "records": list(records)}}).encode()


def _one(**changes: object) -> Notice:
    page = read(_answer({**RECORD, **changes}))
    assert page.unread == {}
    return page.deliveries[0][0]


def test_a_page_is_asked_for_from_a_day_on_and_the_oldest_first() -> None:
    asked = question("AK_CS.tok", date(2026, 11, 22), 3)
    assert asked.path == "/transactions?fromDate=2026-11-22&page=3&pageSize=100&sort=ASC"
    assert asked.headers == {"Authorization": "Apikey AK_CS.tok"}


def test_the_sample_answer_is_one_notice_with_a_day_and_no_time() -> None:
    assert _one() == Notice(
        event_id="5789",
        account_number="8007041027107",
        bank="acb",
        amount=193_000,
        direction="in",
        bank_reference="TF2104152395814062",
        at=None,
        local_date=date(2021, 4, 15),
        memo="Khanhnm chuyen tien",
        payer_name="NGUYEN VAN A",
        payer_account="99887766",
    )


def test_a_time_is_taken_where_it_is_told() -> None:
    assert _one(when="2026-02-24 10:30:00").at == datetime(2026, 2, 24, 3, 30, tzinfo=UTC)


def test_a_negative_amount_went_out() -> None:
    notice = _one(amount=-193_000)
    assert (notice.direction, notice.amount) == ("out", 193_000)


def test_a_record_without_money_is_no_notice() -> None:
    page = read(_answer({**RECORD, "amount": 0}))
    assert (page.deliveries, page.unread) == ([], {})


def test_more_pages_are_told_by_the_count_of_pages() -> None:
    assert read(_answer(RECORD, page=4, totalPages=35)).next_page == 5
    assert read(_answer(RECORD, page=35, totalPages=35)).next_page is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"amount": "193,000"}, "amount"),
        ({"when": "15/04/2021"}, "when"),
        ({"bankSubAccId": None}, "bankSubAccId"),
    ],
)
def test_a_record_that_cannot_be_read_is_named_and_holds_up_no_other(changes: dict[str, Any], field: str) -> None:
    page = read(_answer({**RECORD, **changes}, {**RECORD, "id": 5790}))
    assert [notice.event_id for notice, _ in page.deliveries] == ["5790"]
    ((_, error),) = page.unread.items()
    assert error.startswith(f"{field} ")


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (b'{"error": 401, "message": "Unauthorized"}', 'error must be 0, not 401: "Unauthorized"'),
        (b'{"error": 0}', "data"),
        (b'{"error": 0, "data": {"page": 1, "totalPages": 1}}', "records"),
        (b'{"error": 0, "data": {"page": "1"}}', "page"),
    ],
)
def test_an_answer_that_is_no_page_is_refused_with_the_field(answer: bytes, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        read(answer)
