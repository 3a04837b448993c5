"""VietQR payloads: written strictly, read tolerantly.

>>> payload = encode(bin="970436", account="0011012345678", amount=50_000, purpose="Cá đối")
>>> payload
'00020101021238570010A00000072701270006970436011300110123456780208QRIBFTTA53037045405500005802VN62100806Ca doi63045C43'
>>> decode(payload).amount
50000

Source: NAPAS "Tài liệu quy định về định dạng mã VietQR trong dịch vụ chuyển nhanh NAPAS247" v1.0 (September 2021); the
rules are in `qr.napas` and `qr.emv`.
"""

import re
from binascii import crc_hqx
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from qr import emv, napas
from qr.errors import FieldError
from qr.napas import ACCOUNT_SERVICE, CARD_SERVICE, GUID, MAX_ACCOUNT, MAX_AMOUNT
from qr.text import fold
from qr.tlv import DataObject

MAX_PURPOSE: Final = 25
MAX_LONG_PURPOSE: Final = 95
"""Characters of a purpose that stands alone in 62: 99 less its own head."""

_MAX_ADDITIONAL: Final = 99
_TEXT = re.compile(r"[ -~]+").fullmatch
_BIN = re.compile(r"[0-9]{6}").fullmatch
_ACCOUNT = re.compile(r"[0-9A-Za-z]{1,19}").fullmatch
_CARD = re.compile(r"[0-9]{10,19}").fullmatch
_MCC = re.compile(r"[0-9]{4}").fullmatch
_NESTED: Final = ("38.01",)


@dataclass(frozen=True)
class Decoded:
    """What a payload says. Fields that are absent (or empty) in it are None.

    `scheme` is "vietqr" where the payload has NAPAS's template (38), else "other"; `bin`, `account_number` and
    `service` are then None. `initiation` is "static" for a code that may be paid many times. `service` is as written;
    NAPAS takes QRPUSH where it is absent. `amount` is a whole number (đồng in VietQR); another scheme's amount with
    decimals is kept as text. `warnings` say, in English, what was tolerated. `payload` is what was read, with its
    lengths in characters.
    """

    initiation: Literal["static", "dynamic"]
    scheme: Literal["vietqr", "other"]
    bin: str | None
    account_number: str | None
    service: str | None
    amount: int | str | None
    currency: str
    country: str
    purpose: str | None
    bill: str | None
    store: str | None
    reference: str | None
    terminal: str | None
    merchant_name: str | None
    city: str | None
    mcc: str | None
    warnings: tuple[str, ...]
    payload: str

    @cached_property
    def data_objects(self) -> tuple[DataObject, ...]:
        """Everything in the payload, known or not, in its own order; `emv.encode` makes the payload of it again."""
        return emv.tree(self.payload, _NESTED)


def decode(payload: str) -> Decoded:
    """Read any EMV merchant-presented payload, VietQR or not, to its leaves.

    Raises PayloadError (`code`, `message`, `offset`) for what is no valid EMV payload and, in VietQR, for what could
    send money elsewhere or in another amount than the payer thinks. Nothing else is ever raised for a string.
    """
    read = emv.decode(payload, (napas.check_amount,))
    values = read.values
    bank_bin = account = service = None
    is_vietqr = napas.is_vietqr(read)
    if is_vietqr:
        for validator in napas.VALIDATORS:
            validator(read)
        holder = read.inside("38.01")
        bank_bin, account, service = holder["00"], holder["01"], read.inside("38").get("02")
    additional = read.inside("62") if "62" in values else {}
    written = values.get("54")
    whole = written.removesuffix(".") if written else ""
    amount = int(whole) if whole.isdigit() else written or None
    initiation = values.get("01") or ("11" if amount is None else "12")
    fields = {
        "initiation": "static" if initiation == "11" else "dynamic",
        "scheme": "vietqr" if is_vietqr else "other",
        "bin": bank_bin,
        "account_number": account,
        "service": service,
        "amount": amount,
        "currency": values["53"],
        "country": values["58"],
        "purpose": additional.get("08") or None,
        "bill": additional.get("01") or None,
        "store": additional.get("03") or None,
        "reference": additional.get("05") or None,
        "terminal": additional.get("07") or None,
        "merchant_name": values.get("59") or None,
        "city": values.get("60") or None,
        "mcc": values.get("52") or None,
        "warnings": tuple(read.warnings),
        "payload": read.text,
    }
    # The __init__ of a frozen dataclass sets field after field, a seventh of the whole work of decoding.
    decoded = object.__new__(Decoded)
    object.__setattr__(decoded, "__dict__", fields)
    return decoded


def encode(
    *,
    bin: str,  # noqa: A002 - the name the field has everywhere
    account: str,
    card: bool = False,
    amount: int | None = None,
    purpose: str | None = None,
    bill: str | None = None,
    store: str | None = None,
    reference: str | None = None,
    terminal: str | None = None,
    merchant_name: str | None = None,
    city: str | None = None,
    mcc: str | None = None,
    long_purpose: bool = False,
) -> str:
    """The payload of a transfer to an account, or with `card` to a card.

    Without `amount` (đồng, 1 to 499,999,999, an int) the code is static (initiation 11), with it dynamic (12).
    `account` is at most 19 letters and digits, `purpose`, `bill`, `store`, `reference`, `terminal` and `merchant_name`
    at most 25 characters, `city` 15, `mcc` four digits; with `long_purpose` a purpose may have 95. The texts of the
    additional data (62) share 99 characters. Space around a value is taken off and Vietnamese is folded to ASCII.

    Raises FieldError, naming the field, for what does not fit or may not stand there. Nothing is ever cut.
    """
    if amount is not None:
        _check_amount(amount)
    head, tail = _around_amount(
        bin, account, card, purpose, bill, store, reference, terminal, merchant_name, city, mcc, long_purpose
    )
    if amount is None:
        text = f"000201010211{head}{tail}6304"
    else:
        digits = str(amount)
        text = f"000201010212{head}54{len(digits):02}{digits}{tail}6304"
    return f"{text}{crc_hqx(text.encode(), 0xFFFF):04X}"


def for_amounts(
    *,
    bin: str,  # noqa: A002 - the name the field has everywhere
    account: str,
    card: bool = False,
    purpose: str | None = None,
    bill: str | None = None,
    store: str | None = None,
    reference: str | None = None,
    terminal: str | None = None,
    merchant_name: str | None = None,
    city: str | None = None,
    mcc: str | None = None,
    long_purpose: bool = False,
) -> Callable[[int], str]:
    """The same code for many amounts: a function from an amount in đồng to the payload `encode` gives for it.

    Everything but the amount is checked, and its part of the CRC computed, once. Raises FieldError as `encode` does,
    now for the fields and later for the amount.

    >>> till = for_amounts(bin="970436", account="0011012345678", purpose="A7K2M9X4")
    >>> till(35_000) == encode(bin="970436", account="0011012345678", purpose="A7K2M9X4", amount=35_000)
    True
    """
    head, tail = _around_amount(
        bin, account, card, purpose, bill, store, reference, terminal, merchant_name, city, mcc, long_purpose
    )
    before = f"000201010212{head}54"
    after = f"{tail}6304"
    state = crc_hqx(before.encode(), 0xFFFF)

    def with_amount(amount: int) -> str:
        if type(amount) is not int or not 0 < amount <= MAX_AMOUNT:
            _check_amount(amount)
        digits = str(amount)
        text = f"0{len(digits)}{digits}{after}"
        return f"{before}{text}{crc_hqx(text.encode(), state):04X}"

    return with_amount


def _check_amount(amount: int) -> None:
    if type(amount) is not int:
        raise FieldError("amount", f"{amount!r} is no whole number of đồng")
    if not 0 < amount <= MAX_AMOUNT:
        raise FieldError("amount", f"{amount} is not between 1 and {MAX_AMOUNT} đồng")


def _around_amount(
    bank_bin: str,
    account: str,
    card: bool,
    purpose: str | None,
    bill: str | None,
    store: str | None,
    reference: str | None,
    terminal: str | None,
    merchant_name: str | None,
    city: str | None,
    mcc: str | None,
    long_purpose: bool,
) -> tuple[str, str]:
    """What stands before the amount (54), from 38 on, and what stands after it, up to the CRC."""
    bank_bin = _stripped("bin", bank_bin)
    if not _BIN(bank_bin):
        raise FieldError("bin", f"{bank_bin!r} is not six digits")
    account = _stripped("account", account)
    if len(account) > MAX_ACCOUNT:
        raise FieldError("account", f"has {len(account)} characters, {MAX_ACCOUNT} fit")
    if not _ACCOUNT(account):
        raise FieldError("account", f"{account!r} is not letters and digits only")
    if card and not _CARD(account):
        raise FieldError("account", f"{account!r} is no card number: 10 to 19 digits")
    service = CARD_SERVICE if card else ACCOUNT_SERVICE
    size = len(account)
    head = f"38{38 + 6 + size}0010{GUID}01{14 + size}0006{bank_bin}01{size:02}{account}0208{service}"
    if mcc is not None:
        mcc = _stripped("mcc", mcc)
        if not _MCC(mcc):
            raise FieldError("mcc", f"{mcc!r} is not four digits")
        head += f"5204{mcc}"
    head += "5303704"
    tail = "5802VN"
    if merchant_name is not None:
        tail += _text("59", "merchant_name", merchant_name, 25)
    if city is not None:
        tail += _text("60", "city", city, 15)
    additional = ""
    if bill is not None:
        additional = _text("01", "bill", bill, 25)
    if store is not None:
        additional += _text("03", "store", store, 25)
    if reference is not None:
        additional += _text("05", "reference", reference, 25)
    if terminal is not None:
        additional += _text("07", "terminal", terminal, 25)
    if purpose is not None:
        additional += _text("08", "purpose", purpose, MAX_LONG_PURPOSE if long_purpose else MAX_PURPOSE)
    if not additional:
        return head, tail
    if len(additional) > _MAX_ADDITIONAL:
        given = {"bill": bill, "store": store, "reference": reference, "terminal": terminal, "purpose": purpose}
        names = [name for name, value in given.items() if value is not None]
        longest = max(names, key=lambda name: len(fold(given[name] or "")))
        message = f"{', '.join(names)} need {len(additional)} characters together, {_MAX_ADDITIONAL} fit; shorten this"
        raise FieldError(longest, message)
    return head, f"{tail}62{len(additional):02}{additional}"


def _stripped(field: str, value: str) -> str:
    if not isinstance(value, str):
        raise FieldError(field, f"{value!r} is no text")
    return value.strip()


def _text(object_id: str, field: str, value: str, longest: int) -> str:
    text = fold(_stripped(field, value))
    if not _TEXT(text):
        if not text:
            raise FieldError(field, "is empty; leave it out")
        strange = "".join(dict.fromkeys(character for character in text if not " " <= character <= "~"))
        raise FieldError(field, f"may not hold {strange!r}: only letters, digits and ASCII punctuation stand there")
    if len(text) > longest:
        hint = f"; {MAX_LONG_PURPOSE} fit with long_purpose" if object_id == "08" and longest == MAX_PURPOSE else ""
        raise FieldError(field, f"has {len(text)} characters, {longest} fit{hint}")
    return f"{object_id}{len(text):02}{text}"
