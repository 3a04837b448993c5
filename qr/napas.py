"""The rules of VietQR as validators over a payload that is sound by EMV.

Source: NAPAS "Tài liệu quy định về định dạng mã VietQR trong dịch vụ chuyển nhanh NAPAS247" v1.0 (September 2021),
sections 5 and 8; the service codes QRPUSH and QRCASH from "Technical Specifications on NAPAS QR Switching, Part IV"
v1.5.2 (January 2021).
"""

import re
from typing import Final

from qr import banks
from qr.emv import Payload, Validator
from qr.errors import PayloadError

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


def is_vietqr(payload: Payload) -> bool:
    """Whether 38 is NAPAS's template and not another scheme's (Lao QR has 38 too).

    Raises PayloadError where 38 names NAPAS but is no sequence of objects.
    """
    return GUID in payload.values.get("38", "") and payload.inside("38").get("00") == GUID


def check_account(payload: Payload) -> None:
    """38: BIN and account in 38.01, both of their own form; the service in 38.02 (v1.0, table 4)."""
    inner = payload.inside("38")
    if "01" not in inner:
        raise PayloadError("missing", "the beneficiary (38.01) is missing", payload.offset("38"))
    parts = payload.inside("38.01")
    bank_bin, account = parts.get("00"), parts.get("01")
    if bank_bin is None or account is None:
        name = "BIN (38.01.00)" if bank_bin is None else "account (38.01.01)"
        raise PayloadError("missing", f"the {name} is missing", payload.offset("38.01"))
    if banks.by_bin(bank_bin) is None:
        if not _BIN(bank_bin):
            raise PayloadError("bad_value", f"the BIN is {bank_bin!r}, not six digits", payload.offset("38.01.00"))
        payload.warnings.append(f"BIN {bank_bin} is not in the bank list")
    if len(account) > MAX_ACCOUNT:
        message = f"the account has {len(account)} characters, {MAX_ACCOUNT} are allowed"
        raise PayloadError("too_long", message, payload.offset("38.01.01"))
    if not _ACCOUNT(account):
        message = f"the account is {account!r}: only letters and digits stand there"
        raise PayloadError("bad_value", message, payload.offset("38.01.01"))
    if len(parts) > 2:
        extra = ", ".join(f"38.01.{object_id}" for object_id in parts if object_id not in ("00", "01"))
        payload.warnings.append(f"{extra} is unknown there (a service code belongs in 38.02)")
    service = inner.get("02")
    if len(inner) > 3 or (len(inner) == 3 and service is None):
        extra = ", ".join(f"38.{object_id}" for object_id in inner if object_id not in ("00", "01", "02"))
        payload.warnings.append(f"{extra} is unknown")
    if service is not None and service != ACCOUNT_SERVICE:
        _check_service(payload, service, account)


def _check_service(payload: Payload, service: str, account: str) -> None:
    if service not in SERVICES:
        payload.warnings.append(f"the service (38.02) is {service!r}, which is none of {', '.join(SERVICES)}")
    if service == CARD_SERVICE and not account.isdigit():
        payload.warnings.append(f"the card number is {account!r}, not all digits")
    if service == "QRCASH":
        additional = payload.inside("62") if "62" in payload.values else {}
        for object_id in ("05", "07"):
            if object_id not in additional:
                payload.warnings.append(f"QRCASH needs 62.{object_id}")


def check_country(payload: Payload) -> None:
    """53 and 58 of a VietQR payload are 704 and VN."""
    for object_id, name, right in (("53", "currency", CURRENCY), ("58", "country", COUNTRY)):
        value = payload.values[object_id]
        if value != right:
            message = f"the {name} is {value!r}, {right} in VietQR"
            raise PayloadError("bad_value", message, payload.offset(object_id))


def check_initiation(payload: Payload) -> None:
    """01 is there, and static (11) has no amount: some apps lock such a code to one scan, some do not."""
    initiation = payload.values.get("01")
    if initiation is None:
        payload.warnings.append("the initiation (01) is missing")
    elif initiation == "11" and "54" in payload.values:
        payload.warnings.append("the code is static (11) and has an amount")


def check_characters(payload: Payload) -> None:
    """Only the language template (64) has room for accented text (v1.0, table 1)."""
    if payload.text.isascii() and payload.text.isprintable():
        return
    for object_id, value in payload.values.items():
        if object_id != "64" and not (value.isascii() and value.isprintable()):
            payload.warnings.append(f"{object_id} has characters that are not printable ASCII; some apps refuse them")


def check_amount(payload: Payload) -> None:
    """Amounts in đồng, in any scheme, have no decimals (v1.0, section 5.2.6): "10.000" would be ten, and is refused."""
    written = payload.values.get("54")
    if not written or payload.values["53"] != CURRENCY:
        return
    digits = written.removesuffix(".")
    if not digits.isdigit():
        message = f"the amount is {written!r}; đồng have no decimals, and the point is no thousands mark here"
        raise PayloadError("bad_value", message, payload.offset("54"))
    amount = int(digits)
    if amount == 0:
        raise PayloadError("bad_value", "the amount is zero", payload.offset("54"))
    if amount > MAX_AMOUNT:
        payload.warnings.append(f"the amount is over {MAX_AMOUNT} đồng, the most one transfer carries")
    if written != str(amount):
        payload.warnings.append(f"the amount is written {written!r}, read as {amount}")


VALIDATORS: Final[tuple[Validator, ...]] = (check_account, check_country, check_initiation, check_characters)
"""For a payload that `is_vietqr`; `check_amount` is for every one."""
