"""payOS: one payment of a payment link a POST, in `data`, with a signature in the body.

Source: payos.vn/docs (webhook; "kiểm tra dữ liệu với signature") and the webhook type of the vendor's SDKs. Amounts are
đồng and always come in; `transactionDateTime` carries no zone and means Asia/Ho_Chi_Minh.
"""

import hashlib
import hmac
import re
from datetime import datetime
from typing import Any

from ledger.inbox.notice import Notice
from ledger.inbox.providers import fields, signed_json
from ledger.inbox.providers.proofs import Header

# What payOS posts when an address is registered: the sample of its documentation.
SAMPLE_LINK, SAMPLE_REFERENCE = "124c33293c43417ab7879e14c8d9eb18", "TF230204212323"
# What payOS always sends, and tells one payment from another by.
_NEEDED = ("orderCode", "paymentLinkId", "reference")
_FIELDS = (
    "accountNumber|amount|code|counterAccountBankId|counterAccountBankName|counterAccountName|counterAccountNumber"
    "|currency|desc|description|orderCode|paymentLinkId|reference|transactionDateTime|virtualAccountName"
    "|virtualAccountNumber"
)
_SWALLOWED = re.compile(f"&(?:{_FIELDS})=")


def read(body: bytes) -> list[Notice]:
    """The notice in one body; raises ValueError, saying which field is wrong, when it is not payOS's."""
    said = fields.one(fields.json_object(body), "data")
    try:
        _check_parts(said)
        return _payment(said)
    except ValueError as error:
        raise ValueError(f"data.{error}") from None


def _check_parts(said: dict[str, Any]) -> None:
    """What is signed does not say where a value ends (`proves`): whoever has one genuine body could move fields into
    the text before them, and the payment would be another one under the same signature."""
    for field, value in said.items():
        if "&" in field or "=" in field:
            raise ValueError(f"{fields.shown(field)} is no name of a field: it holds & or =")
        if isinstance(value, str) and (swallowed := _SWALLOWED.search(value)):
            raise ValueError(f"{field} holds {swallowed[0]}, so nobody can tell whether that is a field of its own")
    for field in _NEEDED:
        if field not in said:
            raise ValueError(f"{field} is missing")


def _payment(said: dict[str, Any]) -> list[Notice]:
    if fields.text(said, "code") not in ("", "00"):
        # Any other code says that no money moved.
        return []
    if fields.text(said, "currency").upper() not in ("", "VND"):
        raise ValueError(f"currency must be VND, not {fields.shown(said['currency'])}")
    amount = fields.amount(said, "amount")
    account_number = fields.account(said, "accountNumber")
    link = fields.reference(said, "paymentLinkId")
    bank_reference = fields.reference(said, "reference")
    at, day = fields.moment_or_day(said, "transactionDateTime")
    if link and bank_reference:
        event_id = f"{link} {bank_reference}"
    else:
        event_id = fields.id_of_last_resort(
            account_number=account_number,
            bank_reference=bank_reference or link,
            direction="in",
            amount=amount,
            at=at,
            day=day,
        )
    notice = fields.movement(
        event_id,
        account_number=account_number,
        # Only the payer's bank is named.
        bank="",
        amount=amount,
        direction="in",
        bank_reference=bank_reference,
        at=at,
        day=day,
        memo=fields.text(said, "description"),
        payer_name=fields.text(said, "counterAccountName"),
        payer_account=fields.text(said, "counterAccountNumber"),
        virtual_account=fields.account(said, "virtualAccountNumber", needed=False),
        test=link == SAMPLE_LINK or bank_reference == SAMPLE_REFERENCE,
    )
    return [notice]


def proves(header: Header, body: bytes, secret: str, way: str, now: datetime) -> bool:
    """Whether a call is payOS's own: `signature` is the HMAC-SHA256, in hex, over `data` as `key=value&key=value`, keys
    sorted, whatever fields there are. It holds no time, so an old call proves itself for ever: the event id, which is
    kept for good, makes it a duplicate."""
    try:
        said = signed_json.parsed(body)
        if not isinstance(said, dict) or not isinstance(said.get("data"), dict):
            return False
        data = said["data"]
        text = "&".join(f"{key}={_value(data[key])}" for key in sorted(data))
    except (ValueError, RecursionError):
        return False
    signature = said.get("signature")
    expected = hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    return isinstance(signature, str) and hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode())


def _value(value: object) -> str:
    if value is None or value in ("null", "undefined"):
        return ""
    return value if isinstance(value, str) else signed_json.written(value)
