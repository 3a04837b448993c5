"""payOS: the payment of a link, and a signature over whatever `data` holds."""

import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.providers.payos import proves, read
from tests.ledger.provider_bodies import Event, payos_body, payos_document

# Key, body and signature of payos.vn/docs, "kiểm tra dữ liệu với signature".
PUBLISHED_KEY = "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
PUBLISHED = """{"code":"00","desc":"success","success":true,
 "data":{"orderCode":123,"amount":3000,"description":"VQRIO123","accountNumber":"12345678","reference":"TF230204212323",
  "transactionDateTime":"2023-02-04 18:25:00","currency":"VND","paymentLinkId":"124c33293c43417ab7879e14c8d9eb18",
  "code":"00","desc":"Thành công","counterAccountBankId":"","counterAccountBankName":"","counterAccountName":"",
  "counterAccountNumber":"","virtualAccountName":"","virtualAccountNumber":""},
 "signature":"412e915d2871504ed31be63c8f62a149a4410d34c4c42affc9006ef9917eaa03"}""".encode()
# From the cases that the vendor's SDK publishes (payos-lib-node, tests/crypto), signed with `test_checksum_key`.
LINK: dict[str, Any] = {
    "id": "payment-link-id",
    "orderCode": 0,
    "amount": 2000,
    "amountPaid": 2000,
    "amountRemaining": 0,
    "status": "PAID",
    "createdAt": "2025-12-12T09:00:00+07:00",
    "transactions": [
        {
            "accountNumber": "0123456789",
            "amount": 2000,
            "counterAccountBankId": "01202001",
            "counterAccountBankName": None,
            "counterAccountName": "NGUYEN VAN A",
            "counterAccountNumber": "9876543210",
            "description": "TRANSACTION DESCRIPTION",
            "reference": "FT-REFERENCE",
            "transactionDateTime": "2025-12-12T09:00:00+07:00",
            "virtualAccountName": None,
            "virtualAccountNumber": None,
        }
    ],
    "canceledAt": None,
    "cancellationReason": None,
}
NOT_PAID: dict[str, Any] = {**LINK, "amountPaid": 0, "amountRemaining": 2000, "status": "PENDING", "transactions": []}
SDK_CASES = [
    (LINK, "6af5e2c9a28256c140169ed624114b43295915d7b6e2fa6278b17a7c43aadefd"),
    (NOT_PAID, "33093364158b143baa9ecd2e705d9a2a5a5d391a3cab7cb0a371588b3731368f"),
    (
        {
            "accountNumber": "0123456789",
            "amount": 20000,
            "description": "thanh toan",
            "reference": "FT-REFERENCE",
            "transactionDateTime": "2025-12-12 09:00:00",
            "virtualAccountNumber": "",
            "counterAccountBankId": "01202001",
            "counterAccountBankName": "",
            "counterAccountName": "NGUYEN VAN A",
            "counterAccountNumber": "9876543210",
            "virtualAccountName": "",
            "currency": "VND",
            "orderCode": 0,
            "paymentLinkId": "payment-link-id",
            "code": "00",
            "desc": "success",
        },
        "302b3becca1672dff99daafae2965f40e48ea3ca39453e4bf37fbcc26807a0e8",
    ),
]
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECRET = "khoá của kênh"


def only(**changes: Any) -> Notice:
    (notice,) = read(json.dumps({"data": {**payos_document(Event()), **changes}}).encode())
    return notice


def proven(body: bytes, secret: str = SECRET) -> bool:
    return proves(lambda name: "", body, secret, "hmac", NOW)


def signed(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_the_sample_that_registers_an_address_is_read_as_a_test() -> None:
    assert read(PUBLISHED) == [
        Notice(
            event_id="124c33293c43417ab7879e14c8d9eb18 TF230204212323",
            account_number="12345678",
            bank="",
            amount=3_000,
            direction="in",
            bank_reference="TF230204212323",
            at=datetime(2023, 2, 4, 11, 25, tzinfo=UTC),
            local_date=date(2023, 2, 4),
            memo="VQRIO123",
            test=True,
        )
    ]


def test_a_payment_is_no_test_and_tells_who_paid() -> None:
    notice = only(virtualAccountNumber="VQR0001")
    assert not notice.test
    assert (notice.payer_name, notice.payer_account) == ("NGUYEN VAN A", "8888888888")
    assert notice.virtual_account == "VQR0001"


@pytest.mark.parametrize("field", ["counterAccountName", "counterAccountNumber", "virtualAccountNumber"])
def test_what_may_be_unknown_may_be_null(field: str) -> None:
    assert only(**{field: None}) == only(**{field: ""})


def test_two_payments_of_one_link_are_two_events() -> None:
    assert only(reference="FT1").event_id != only(reference="FT2").event_id


def test_one_reference_on_two_links_is_two_events() -> None:
    assert only(paymentLinkId="a").event_id != only(paymentLinkId="b").event_id


def test_without_a_link_the_payment_itself_is_the_event() -> None:
    assert only(paymentLinkId=None).event_id == only(paymentLinkId="", description="told again").event_id


def test_without_a_reference_two_links_stay_apart() -> None:
    assert only(reference="", paymentLinkId="a").event_id != only(reference="", paymentLinkId="b").event_id


def test_where_the_code_says_that_no_money_moved_there_is_no_notice() -> None:
    assert read(json.dumps({"data": {**payos_document(Event()), "code": "01"}}).encode()) == []


def test_a_movement_of_no_dong_is_a_notice_of_none() -> None:
    assert only(amount=0).amount == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", -1), ("amount", "3.000"), ("currency", "USD"), ("accountNumber", 12), ("transactionDateTime", "")],
)
def test_what_cannot_be_read_is_refused_with_its_field(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"data\.{field} must be"):
        only(**{field: value})


@pytest.mark.parametrize("swallowed", range(1, 13))
def test_fields_moved_into_the_text_before_them_are_no_other_payment(swallowed: int) -> None:
    said = payos_document(Event())
    genuine = json.loads(payos_body(said, SECRET))
    names = sorted(said)
    moved = names[names.index("description") + 1 :][:swallowed]
    text = "".join(f"&{name}={'' if said[name] is None else said[name]}" for name in moved)
    rest = {name: value for name, value in said.items() if name not in moved}
    body = json.dumps({**genuine, "data": {**rest, "description": said["description"] + text}}).encode()
    assert proven(body)
    with pytest.raises(ValueError, match=rf"data\.description holds &{moved[0]}="):
        read(body)


def test_fields_moved_into_the_name_of_another_are_no_other_payment() -> None:
    said = payos_document(Event())
    genuine = json.loads(payos_body(said, SECRET))
    moved = {name: value for name, value in said.items() if name not in ("paymentLinkId", "reference")}
    moved[f"paymentLinkId={said['paymentLinkId']}&reference"] = said["reference"]
    body = json.dumps({**genuine, "data": moved}).encode()
    assert proven(body)
    with pytest.raises(ValueError, match="is no name of a field: it holds & or ="):
        read(body)


@pytest.mark.parametrize("field", ["orderCode", "paymentLinkId", "reference"])
def test_without_what_tells_payments_apart_nothing_is_read(field: str) -> None:
    said = payos_document(Event())
    del said[field]
    with pytest.raises(ValueError, match=rf"data\.{field} is missing"):
        read(json.dumps({"data": said}).encode())


@pytest.mark.parametrize("memo", ["a&b=c", "giá=5&đủ", "R&D reference=1", "a & reference = 1"])
def test_a_memo_may_hold_what_signatures_are_made_of(memo: str) -> None:
    assert only(description=memo).memo == memo


def test_the_published_signature_is_its_own() -> None:
    assert proven(PUBLISHED, PUBLISHED_KEY)


@pytest.mark.parametrize(("data", "signature"), SDK_CASES, ids=["one payment", "no payment", "a webhook"])
def test_the_signatures_that_the_sdk_publishes_are_their_own(data: dict[str, Any], signature: str) -> None:
    assert proven(json.dumps({"data": data, "signature": signature}).encode(), "test_checksum_key")


@pytest.mark.parametrize(
    "change", [(b"3000", b"3001"), (b"VQRIO123", b"VQRIO124"), (b'"12345678"', b'"12345679"'), (b"412e", b"412f")]
)
def test_one_changed_character_proves_nothing(change: tuple[bytes, bytes]) -> None:
    assert not proven(PUBLISHED.replace(*change), PUBLISHED_KEY)


def test_what_stands_outside_data_is_not_signed() -> None:
    assert proven(PUBLISHED.replace(b'"success":true', b'"success":false'), PUBLISHED_KEY)


@pytest.mark.parametrize("memo", ["Trả nợ 13/03/2025", "a=b&c=d", "mua cá 100%", 'dấu " \\', "😀"])
def test_a_memo_is_signed_as_it_is(memo: str) -> None:
    assert proven(payos_body(payos_document(Event(memo=memo)), SECRET))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        ("null", ""),
        ("undefined", ""),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        ([], "[]"),
        ([{"b": "á/", "a": None}], '[{"a":null,"b":"á/"}]'),
    ],
)
def test_a_field_that_is_new_is_signed_with_the_others(value: object, written: str) -> None:
    said = {"amount": 1, "zone": value}
    body = json.dumps({"data": said, "signature": signed(f"amount=1&zone={written}")}).encode()
    assert proven(body)


@pytest.mark.parametrize("signature", [None, "", 5, [], "0" * 64, "á"])
def test_no_signature_proves_nothing(signature: object) -> None:
    assert not proven(json.dumps({"data": payos_document(Event()), "signature": signature}).encode())


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data":[],"signature":""}', b"\xff"])
def test_what_is_no_body_proves_nothing(body: bytes) -> None:
    assert not proven(body)
