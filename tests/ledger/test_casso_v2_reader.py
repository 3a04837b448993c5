"""Casso's "Webhook V2": one object, and a signature over JSON that three senders would write in three ways."""

import hashlib
import hmac
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.providers.casso_v2 import proves, read
from tests.ledger.provider_bodies import Event, casso_v2_document, casso_v2_signature

# Key, body and signature of the vendor's samples (casso-webhook-v2-verify-signature, python.py and others): the
# dashboard's made-up transaction.
PUBLISHED_KEY = "mgExMrjj4i7a1p8Cs6LmFbpCd8lbw4sSX4LZXPag7TKazeIogtR90tvWYTkwQbvs"
PUBLISHED_SIGNATURE = (
    "t=1727948258788,v1=ed0a4bd2e826d5cb69988cdb141e6c1a080e21f3b57eb72cd78192220042b9e7"
    "dde0868fc667faea8e224900fa7904e7c88dfa098032fb2d6b6996856e8b7ff3"
)
PUBLISHED = b"""{"error": 0, "data": {"id": 0, "reference": "MA_GIAO_DICH_THU_NGHIEM",
  "description": "giao dich thu nghiem", "amount": 599000, "runningBalance": 25000000,
  "transactionDateTime": "2024-10-03 15:06:37", "accountNumber": "88888888", "bankName": "VPBank",
  "bankAbbreviation": "VPB", "virtualAccountNumber": "", "virtualAccountName": "",
  "counterAccountName": "NGUYEN VAN A", "counterAccountNumber": "8888888888", "counterAccountBankId": "970415",
  "counterAccountBankName": "VietinBank"}}"""
SIGNED_AT = datetime.fromtimestamp(1727948258.788, UTC)
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECRET = "khoá của kênh"


def body(**changes: Any) -> bytes:
    said = casso_v2_document(Event())
    return json.dumps({**said, "data": {**said["data"], **changes}}, ensure_ascii=False).encode()


def only(**changes: Any) -> Notice:
    (notice,) = read(body(**changes))
    return notice


def proven(said: bytes, signature: str, *, secret: str = SECRET, now: datetime = NOW) -> bool:
    return proves({"X-Casso-Signature": signature}.__getitem__, said, secret, "hmac", now)


def as_javascript(said: object) -> str:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def as_python(said: object) -> str:
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def as_php(said: object) -> str:
    return as_python(said).replace("/", "\\/")


every_sender = pytest.mark.parametrize("sender", [as_javascript, as_python, as_php], ids=lambda s: s.__name__)


def test_the_made_up_transaction_is_read_as_a_test() -> None:
    assert read(PUBLISHED) == [
        Notice(
            event_id="0",
            account_number="88888888",
            bank="VPBank",
            amount=599_000,
            direction="in",
            bank_reference="MA_GIAO_DICH_THU_NGHIEM",
            at=datetime(2024, 10, 3, 8, 6, 37, tzinfo=UTC),
            local_date=date(2024, 10, 3),
            memo="giao dich thu nghiem",
            payer_name="NGUYEN VAN A",
            payer_account="8888888888",
            test=True,
        )
    ]


def test_a_real_transaction_is_no_test() -> None:
    assert not only().test


def test_a_negative_amount_went_out() -> None:
    assert (only(amount=-5).direction, only(amount=-5).amount) == ("out", 5)


def test_a_movement_of_no_dong_is_a_notice_of_none() -> None:
    assert only(amount=0).amount == 0


def test_the_virtual_account_that_was_paid_is_told() -> None:
    assert only(virtualAccountNumber="VQR0001").virtual_account == "VQR0001"


def test_a_bank_without_a_name_is_named_by_its_code() -> None:
    assert only(bankName="").bank == "VCB"


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", "5.000"), ("amount", 0.5), ("id", "x"), ("accountNumber", 7), ("transactionDateTime", "now")],
)
def test_what_cannot_be_read_is_refused_with_its_field(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"data\.{field} must be"):
        read(body(**{field: value}))


def test_the_vendors_published_signature_is_its_own() -> None:
    assert proven(PUBLISHED, PUBLISHED_SIGNATURE, secret=PUBLISHED_KEY, now=SIGNED_AT)


def test_the_published_signature_is_of_no_other_amount() -> None:
    other = PUBLISHED.replace(b'"amount": 599000', b'"amount": 599001')
    assert not proven(other, PUBLISHED_SIGNATURE, secret=PUBLISHED_KEY, now=SIGNED_AT)


def test_the_published_signature_is_not_of_another_key() -> None:
    assert not proven(PUBLISHED, PUBLISHED_SIGNATURE, secret=PUBLISHED_KEY.lower(), now=SIGNED_AT)


@every_sender
@pytest.mark.parametrize(
    "memo",
    [
        "thanh toan",
        "Thanh toán tiền cá",
        "tra no 13/03/2025",
        "Trả nợ 13/03/2025",
        'dấu "ngoặc" \\ và / xuống\n\tdòng \u2028 😀',
        "chữ đã có \\u00e1 và \\/",
    ],
)
def test_a_memo_verifies_however_its_sender_writes_json(sender: Any, memo: str) -> None:
    said = casso_v2_document(Event(memo=memo))
    signature = casso_v2_signature(sender(said), SECRET, NOW)
    for posted in (json.dumps(said, ensure_ascii=False), json.dumps(said), json.dumps(said, indent=2)):
        assert proven(posted.encode(), signature)


@every_sender
def test_a_memo_that_was_changed_on_the_way_does_not_verify(sender: Any) -> None:
    said = casso_v2_document(Event(memo="Trả nợ 13/03/2025"))
    signature = casso_v2_signature(sender(said), SECRET, NOW)
    said["data"]["description"] = "Trả nợ 14/03/2025"
    assert not proven(json.dumps(said).encode(), signature)


@pytest.mark.parametrize("number", ["599000", "599000.0", "5.99e5", "-1", "0.10", "123456789012345678901234567890"])
def test_a_number_is_signed_with_the_characters_it_came_in(number: str) -> None:
    text = f'{{"data":{{"amount":{number}}},"error":0}}'
    assert proven(text.encode(), casso_v2_signature(text, SECRET, NOW))


def test_lists_keep_their_order_and_the_keys_inside_are_sorted() -> None:
    text = '{"data":{"items":[{"a":1,"b":[3,2]},null,true]},"error":0}'
    posted = b'{"error":0,"data":{"items":[{"b":[3,2],"a":1},null,true]}}'
    assert proven(posted, casso_v2_signature(text, SECRET, NOW))


def test_of_a_key_told_twice_the_last_is_what_is_proven_and_read() -> None:
    said = casso_v2_document(Event(amount=90_000))
    posted = json.dumps(said).replace('"amount": 90000', '"amount": 50000, "amount": 90000').encode()
    signature = casso_v2_signature(as_javascript(said), SECRET, NOW)
    assert proven(posted, signature)
    assert [notice.amount for notice in read(posted)] == [90_000]


@pytest.mark.parametrize("algorithm", [hashlib.sha256, hashlib.sha1])
def test_another_algorithm_proves_nothing(algorithm: Any) -> None:
    said = casso_v2_document(Event())
    stamp = int(NOW.timestamp() * 1000)
    hexed = hmac.new(SECRET.encode(), f"{stamp}.{as_javascript(said)}".encode(), algorithm).hexdigest()
    assert not proven(json.dumps(said).encode(), f"t={stamp},v1={hexed}")


def test_a_signature_over_the_body_as_it_came_proves_nothing_where_its_keys_are_not_sorted() -> None:
    posted = json.dumps(casso_v2_document(Event()), separators=(",", ":"))
    assert not proven(posted.encode(), casso_v2_signature(posted, SECRET, NOW))


@pytest.mark.parametrize(("away", "taken"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_a_signature_holds_for_five_minutes_either_way(away: int, taken: bool) -> None:
    said = casso_v2_document(Event())
    signature = casso_v2_signature(as_javascript(said), SECRET, NOW + timedelta(seconds=away))
    assert proven(json.dumps(said).encode(), signature) is taken


@pytest.mark.parametrize(
    "change",
    [
        lambda told: "",
        lambda told: told.replace("t=", "t"),
        lambda told: told.split(",")[1],
        lambda told: told.upper(),
        lambda told: told[:-1],
        lambda told: told + "0",
        lambda told: re.sub("t=[0-9]+", "t=", told),
        lambda told: re.sub("t=[0-9]+", "t=" + "9" * 400, told),
        lambda told: re.sub("v1=.*", "v1=" + "0" * 128, told),
    ],
)
def test_a_header_of_another_shape_proves_nothing(change: Any) -> None:
    said = casso_v2_document(Event())
    assert not proven(json.dumps(said).encode(), change(casso_v2_signature(as_javascript(said), SECRET, NOW)))
