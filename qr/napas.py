"""The rules of VietQR as validators over a payload that is sound by EMV.

Source: NAPAS "Tài liệu quy định về định dạng mã VietQR trong dịch vụ chuyển nhanh NAPAS247" v1.0 (September 2021),
sections 5 and 8; the service codes QRPUSH and QRCASH from "Technical Specifications on NAPAS QR Switching, Part IV"
v1.5.2 (January 2021).
"""

import re
from typing import Final

from qr import banks, tlv
from qr.emv import Payload, Validator
from qr.errors import PayloadError
from qr.tlv import DataObject

GUID: Final = "A000000727"
CURRENCY: Final = "704"
COUNTRY: Final = "VN"
ACCOUNT_SERVICE: Final = "QRIBFTTA"
CARD_SERVICE: Final = "QRIBFTTC"
SERVICES: Final = (ACCOUNT_SERVICE, CARD_SERVICE, "QRPUSH", "QRCASH")
MAX_ACCOUNT: Final = 19
"""Characters of an account, card or merchant number."""
MAX_AMOUNT: Final = 499_999_999
"""Đồng: one NAPAS247 transfer is under 500 million (v1.0, section 8.1.1)."""

_BIN = re.compile(r"[0-9]{6}").fullmatch
_ACCOUNT = re.compile(r"[0-9A-Za-z]+").fullmatch


def beneficiary(payload: Payload) -> dict[str, DataObject] | None:
    """The objects of the VietQR template (38) by ID, or None where 38 is absent or another scheme's.

    Raises PayloadError where 38 names NAPAS but is no sequence of objects.
    """
    item = payload.by_id.get("38")
    if item is None or GUID not in item.value:
        return None
    if not item.children:
        tlv.parse(item.value, payload.offset("38"))
        raise PayloadError("duplicate", "an object stands twice inside 38", payload.offset("38"))
    inner = {child[0]: child for child in item.children}
    guid = inner.get("00")
    return inner if guid is not None and guid.value == GUID else None


def check_account(payload: Payload) -> None:
    """38: BIN and account in 38.01, both of their own form; the service in 38.02 (v1.0, table 4)."""
    inner = beneficiary(payload)
    if inner is None:
        return
    holder = inner.get("01")
    if holder is None:
        raise PayloadError("missing", "the beneficiary (38.01) is missing", payload.offset("38"))
    if not holder.children:
        place = payload.offset("38", "01")
        tlv.parse(holder.value, place)
        raise PayloadError("duplicate", "an object stands twice inside 38.01, or none does", place)
    parts = {child[0]: child[1] for child in holder.children}
    for object_id, name in (("00", "BIN"), ("01", "account")):
        if object_id not in parts:
            raise PayloadError("missing", f"the {name} (38.01.{object_id}) is missing", payload.offset("38", "01"))
    bank_bin, account = parts["00"], parts["01"]
    if not _BIN(bank_bin):
        message = f"the BIN is {bank_bin!r}, not six digits"
        raise PayloadError("bad_value", message, payload.offset("38", "01", "00"))
    if len(account) > MAX_ACCOUNT:
        message = f"the account has {len(account)} characters, {MAX_ACCOUNT} are allowed"
        raise PayloadError("too_long", message, payload.offset("38", "01", "01"))
    if not _ACCOUNT(account):
        message = f"the account is {account!r}: only letters and digits stand there"
        raise PayloadError("bad_value", message, payload.offset("38", "01", "01"))
    if banks.by_bin(bank_bin) is None:
        payload.warnings.append(f"BIN {bank_bin} is not in the bank list")
    if len(parts) > 2:
        extra = ", ".join(f"38.01.{object_id}" for object_id in parts if object_id not in ("00", "01"))
        payload.warnings.append(f"{extra} is unknown there (a service code belongs in 38.02)")
    _check_service(payload, inner, account)


def _check_service(payload: Payload, inner: dict[str, DataObject], account: str) -> None:
    service = inner["02"].value if "02" in inner else None
    if service is not None and service not in SERVICES:
        payload.warnings.append(f"the service (38.02) is {service!r}, which is none of {', '.join(SERVICES)}")
    if service == CARD_SERVICE and not account.isdigit():
        payload.warnings.append(f"the card number is {account!r}, not all digits")
    if service == "QRCASH":
        additional = {child.id for child in payload.by_id["62"].children} if "62" in payload.by_id else set()
        for object_id in ("05", "07"):
            if object_id not in additional:
                payload.warnings.append(f"QRCASH needs 62.{object_id}")
    if len(inner) > 2 + (service is not None):
        extra = ", ".join(f"38.{object_id}" for object_id in inner if object_id not in ("00", "01", "02"))
        payload.warnings.append(f"{extra} is unknown")


def check_country(payload: Payload) -> None:
    """53 and 58 of a VietQR payload are 704 and VN."""
    if beneficiary(payload) is None:
        return
    for object_id, name, right in (("53", "currency", CURRENCY), ("58", "country", COUNTRY)):
        value = payload.by_id[object_id].value
        if value != right:
            message = f"the {name} is {value!r}, {right} in VietQR"
            raise PayloadError("bad_value", message, payload.offset(object_id))


def check_amount(payload: Payload) -> None:
    """Amounts in đồng have no decimals (v1.0, section 5.2.6): "10.000" would be ten, and is refused."""
    item = payload.by_id.get("54")
    if item is None or not item.value or payload.by_id["53"].value != CURRENCY:
        return
    digits = item.value.removesuffix(".")
    if not digits.isdigit():
        message = f"the amount is {item.value!r}; đồng have no decimals, and the point is no thousands mark here"
        raise PayloadError("bad_value", message, payload.offset("54"))
    amount = int(digits)
    if amount == 0:
        raise PayloadError("bad_value", "the amount is zero", payload.offset("54"))
    if amount > MAX_AMOUNT:
        payload.warnings.append(f"the amount is over {MAX_AMOUNT} đồng, the most one transfer carries")
    if item.value != str(amount):
        payload.warnings.append(f"the amount is written {item.value!r}, read as {amount}")


def check_initiation(payload: Payload) -> None:
    """01 is there, and static (11) has no amount: some apps lock such a code to one scan, some do not."""
    if beneficiary(payload) is None:
        return
    initiation = payload.by_id.get("01")
    if initiation is None:
        payload.warnings.append("the initiation (01) is missing")
    elif initiation.value == "11" and "54" in payload.by_id:
        payload.warnings.append("the code is static (11) and has an amount")


def check_characters(payload: Payload) -> None:
    """Only the language template (64) has room for accented text (v1.0, table 1)."""
    if beneficiary(payload) is None:
        return
    for item in payload.objects:
        if item.id != "64" and not (item.value.isascii() and item.value.isprintable()):
            payload.warnings.append(f"{item.id} has characters that are not printable ASCII; some apps refuse them")


VALIDATORS: Final[tuple[Validator, ...]] = (
    check_account,
    check_country,
    check_amount,
    check_initiation,
    check_characters,
)
