"""Casso's older webhook: a list of transactions, signed amounts, and times that are often only days."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.providers.casso import proves, read

# The sample of the vendor's handler (casso-webhook-handler-sample, test.sh).
DOCUMENTED = b"""{"error":0,"data":[{"id":1,"tid":"TF80307914","amount":200500,"description":"DH35",
  "cusum_balance":15900500,"when":"2020-11-02","subAccId":"123456789","bank_sub_acc_id":"123456789"}]}"""
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def body(*changes: dict[str, Any]) -> bytes:
    said = json.loads(DOCUMENTED)["data"][0]
    return json.dumps({"error": 0, "data": [{**said, **each} for each in changes]}).encode()


def only(**changes: Any) -> Notice:
    (notice,) = read(body(changes))
    return notice


def test_the_documented_body_is_read() -> None:
    assert read(DOCUMENTED) == [
        Notice(
            event_id="1",
            account_number="123456789",
            bank="",
            amount=200_500,
            direction="in",
            bank_reference="TF80307914",
            at=None,
            local_date=date(2020, 11, 2),
            memo="DH35",
        )
    ]


def test_each_transaction_of_a_call_is_a_notice_in_its_order() -> None:
    assert [notice.event_id for notice in read(body({"id": 5}, {"id": 3}, {"id": 4}))] == ["5", "3", "4"]


@pytest.mark.parametrize("amount", [-193_000, "-193000", -193_000.0])
def test_a_negative_amount_went_out(amount: object) -> None:
    notice = only(amount=amount)
    assert (notice.direction, notice.amount) == ("out", 193_000)


def test_a_movement_of_no_dong_keeps_its_place_among_others() -> None:
    assert [notice.amount for notice in read(body({"id": 1, "amount": 0}, {"id": 2, "amount": 5_000}))] == [0, 5_000]


@pytest.mark.parametrize(
    ("said", "at", "day"),
    [
        ("2020-11-02", None, date(2020, 11, 2)),
        ("2021-04-15T00:00:00", None, date(2021, 4, 15)),
        ("2021-04-15 00:00:00", None, date(2021, 4, 15)),
        ("2026-02-24 10:30:00", datetime(2026, 2, 24, 3, 30, tzinfo=UTC), date(2026, 2, 24)),
        ("2026-02-24 00:00:01", datetime(2026, 2, 23, 17, 0, 1, tzinfo=UTC), date(2026, 2, 24)),
    ],
)
def test_a_day_and_a_midnight_are_a_day_and_a_time_is_a_time(said: str, at: datetime | None, day: date) -> None:
    notice = only(when=said)
    assert (notice.at, notice.local_date) == (at, day)


@pytest.mark.parametrize("said", ["", None, "02/11/2020", "2020-02-30", "1999-01-01", "2020-11", 20201102])
def test_what_is_no_time_is_refused_with_its_place(said: object) -> None:
    with pytest.raises(ValueError, match=r"data\[1\]\.when must be"):
        read(body({}, {"when": said}))


def test_what_later_versions_add_is_read_too() -> None:
    notice = only(
        bankName="VPBank",
        bankAbbreviation="VPB",
        virtualAccount="VQR0001",
        corresponsiveName="NGUYEN VAN A",
        corresponsiveAccount="8888888888",
    )
    assert (notice.bank, notice.virtual_account) == ("VPBank", "VQR0001")
    assert (notice.payer_name, notice.payer_account) == ("NGUYEN VAN A", "8888888888")


def test_the_account_may_stand_in_either_field() -> None:
    assert only(bank_sub_acc_id=None).account_number == "123456789"
    assert only(subAccId=None).account_number == "123456789"


def test_without_an_account_it_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data\[0\]\.bank_sub_acc_id is missing or empty"):
        only(bank_sub_acc_id=None, subAccId="")


@pytest.mark.parametrize("said", [{"id": 0}, {"tid": "MA_GIAO_DICH_THU_NGHIEM"}, {"id": 0, "bank_sub_acc_id": None}])
def test_the_made_up_transaction_is_a_test(said: dict[str, Any]) -> None:
    assert only(**said).test


def test_without_an_id_the_reference_tells_payments_of_one_day_apart() -> None:
    first, other = only(id=None), only(id=None, tid="TF2")
    assert first.event_id.startswith("sha256:")
    assert first.event_id != other.event_id
    assert only(id="", description="told again").event_id == first.event_id


def test_without_id_reference_and_time_nothing_tells_payments_apart() -> None:
    with pytest.raises(ValueError, match=r"data\[0\]\.id is missing"):
        only(id=None, tid="")


def test_the_key_stands_in_its_header() -> None:
    assert proves({"Secure-Token": "khoa"}.__getitem__, b"", "khoa", "token", NOW)


@pytest.mark.parametrize("said", ["", "kho", "khoa ", "Khoa", "khoaa"])
def test_another_key_proves_nothing(said: str) -> None:
    assert not proves(lambda name: said, b"", "khoa", "token", NOW)
