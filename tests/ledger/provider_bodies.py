"""How each provider speaks: the body it posts and the headers it proves it with, signed here and not by the program."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Event:
    """One movement; `number` is the provider's own, the account is chị Hương's."""

    number: int = 7
    amount: int = 50_000
    out: bool = False
    account: str = "0123499999"
    memo: str = "Thanh toán 1/2 cân cá"
    reference: str = "FT26328000417"


Call = tuple[bytes, dict[str, str]]


def _json(said: object) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode()


def _latin(text: str) -> str:
    """A header as it goes over the wire: the bytes of UTF-8, which servers hand on as Latin-1."""
    return text.encode().decode("latin-1")


def _signed_with_time(prefix: str, body: bytes, secret: str, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {f"{prefix}-Timestamp": stamp, f"{prefix}-Signature": f"sha256={signed}"}


def sepay_body(event: Event) -> bytes:
    return _json(
        {
            "id": event.number,
            "gateway": "Vietcombank",
            "transactionDate": "2026-11-24 08:00:00",
            "accountNumber": event.account,
            "code": None,
            "content": event.memo,
            "transferType": "out" if event.out else "in",
            "transferAmount": event.amount,
            "accumulated": 0,
            "subAccount": None,
            "referenceCode": event.reference,
            "description": "",
        }
    )


def sepay(event: Event, secret: str, at: datetime) -> Call:
    return sepay_body(event), {"Authorization": _latin(f"Apikey {secret}")}


def sepay_signed(event: Event, secret: str, at: datetime) -> Call:
    body = sepay_body(event)
    return body, _signed_with_time("X-SePay", body, secret, at)


def casso(event: Event, secret: str, at: datetime) -> Call:
    transaction = {
        "id": event.number,
        "tid": event.reference,
        "amount": -event.amount if event.out else event.amount,
        "description": event.memo,
        "cusum_balance": 15_900_500,
        "when": "2026-11-24 08:00:00",
        "subAccId": event.account,
        "bank_sub_acc_id": event.account,
    }
    return _json({"error": 0, "data": [transaction]}), {"Secure-Token": _latin(secret)}


def casso_v2_document(event: Event) -> dict[str, Any]:
    return {
        "error": 0,
        "data": {
            "id": event.number,
            "reference": event.reference,
            "description": event.memo,
            "amount": -event.amount if event.out else event.amount,
            "runningBalance": 25_000_000,
            "transactionDateTime": "2026-11-24 08:00:00",
            "accountNumber": event.account,
            "bankName": "Vietcombank",
            "bankAbbreviation": "VCB",
            "virtualAccountNumber": "",
            "virtualAccountName": "",
            "counterAccountName": "NGUYEN VAN A",
            "counterAccountNumber": "8888888888",
            "counterAccountBankId": "970415",
            "counterAccountBankName": "VietinBank",
        },
    }


def casso_v2_signature(text: str, secret: str, at: datetime) -> str:
    milliseconds = int(at.timestamp() * 1000)
    signed = hmac.new(secret.encode(), f"{milliseconds}.{text}".encode(), hashlib.sha512).hexdigest()
    return f"t={milliseconds},v1={signed}"


def casso_v2(event: Event, secret: str, at: datetime) -> Call:
    said = casso_v2_document(event)
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _json(said), {"X-Casso-Signature": casso_v2_signature(text, secret, at)}


def payos_document(event: Event) -> dict[str, Any]:
    return {
        "orderCode": event.number,
        "amount": event.amount,
        "description": event.memo,
        "accountNumber": event.account,
        "reference": event.reference,
        "transactionDateTime": "2026-11-24 08:00:00",
        "currency": "VND",
        "paymentLinkId": f"link-{event.number}",
        "code": "00",
        "desc": "Thành công",
        "counterAccountBankId": "970415",
        "counterAccountBankName": None,
        "counterAccountName": "NGUYEN VAN A",
        "counterAccountNumber": "8888888888",
        "virtualAccountName": None,
        "virtualAccountNumber": "",
    }


def payos_body(data: dict[str, Any], secret: str) -> bytes:
    text = "&".join(f"{name}={'' if data[name] is None else data[name]}" for name in sorted(data))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return _json({"code": "00", "desc": "success", "success": True, "data": data, "signature": signature})


def payos(event: Event, secret: str, at: datetime) -> Call:
    return payos_body(payos_document(event), secret), {}


def pay2s(event: Event, secret: str, at: datetime) -> Call:
    transaction = {
        "id": str(event.number),
        "gateway": "VCB",
        "transactionDate": "2026-11-24 08:00:00",
        "transactionNumber": event.reference,
        "accountNumber": event.account,
        "content": event.memo,
        "transferType": "OUT" if event.out else "IN",
        "transferAmount": event.amount,
        "checksum": "0123456789abcdef0123456789abcdef",
    }
    return _json({"transactions": [transaction]}), {"Authorization": _latin(f"Bearer {secret}")}


def generic_event(event: Event) -> dict[str, Any]:
    return {
        "id": f"e-{event.number}",
        "account_number": event.account,
        "bank": "VCB",
        "amount": event.amount,
        "direction": "out" if event.out else "in",
        "at": "2026-11-24T08:00:00+07:00",
        "bank_reference": event.reference,
        "memo": event.memo,
    }


def generic(event: Event, secret: str, at: datetime, body: bytes = b"") -> Call:
    body = body or _json(generic_event(event))
    return body, _signed_with_time("X-Cho", body, secret, at)


@dataclass(frozen=True)
class Speaker:
    """A provider in one of its ways of proving; what it cannot say is None."""

    provider: str
    way: str
    call: Callable[[Event, str, datetime], Call]
    timed: bool = False
    tells_of_money_out: bool = True
    test: Event | None = None


SPEAKERS = [
    Speaker("sepay", "apikey", sepay, test=Event(0)),
    Speaker("sepay", "hmac", sepay_signed, timed=True, test=Event(0)),
    Speaker("casso", "token", casso, test=Event(0, account="", reference="MA_GIAO_DICH_THU_NGHIEM")),
    Speaker("casso-v2", "hmac", casso_v2, timed=True, test=Event(0, reference="MA_GIAO_DICH_THU_NGHIEM")),
    Speaker("payos", "hmac", payos, tells_of_money_out=False, test=Event(123, 3_000, reference="TF230204212323")),
    Speaker("pay2s", "bearer", pay2s),
    Speaker("generic", "hmac", generic, timed=True),
]
