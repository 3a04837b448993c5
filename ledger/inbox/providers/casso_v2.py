"""Casso's "Webhook V2": one transaction a POST in `data`, signed with HMAC-SHA512 over the sorted JSON.

Source: the vendor's `casso-webhook-v2-verify-signature` (README and six samples). Amounts are signed đồng;
`transactionDateTime` carries no zone and means Asia/Ho_Chi_Minh; what is unknown is `""`.
"""

import hashlib
import hmac
import re
from datetime import datetime

from ledger.inbox.notice import Notice
from ledger.inbox.providers import fields, signed_json
from ledger.inbox.providers.proofs import Header, fresh

# The reference of the dashboard's made-up transaction, which is also numbered 0.
TEST_REFERENCE = "MA_GIAO_DICH_THU_NGHIEM"


def read(body: bytes) -> list[Notice]:
    """The notice in one body; raises ValueError, saying which field is wrong, when it is not Casso V2's."""
    said = fields.one(fields.json_object(body), "data")
    try:
        return [_transaction(said)]
    except ValueError as error:
        raise ValueError(f"data.{error}") from None


def _transaction(said: dict[str, object]) -> Notice:
    signed = fields.amount(said, "amount", signed=True)
    bank_reference = fields.reference(said, "reference")
    number = fields.whole_id(said, "id")
    test = number == "0" or bank_reference == TEST_REFERENCE
    account_number = fields.account(said, "accountNumber", needed=not test)
    at, day = fields.moment_or_day(said, "transactionDateTime")
    direction = fields.sign(signed)
    return fields.movement(
        number,
        account_number=account_number,
        bank=fields.bank(said, "bankName", "bankAbbreviation"),
        amount=abs(signed),
        direction=direction,
        bank_reference=bank_reference,
        at=at,
        day=day,
        memo=fields.text(said, "description"),
        payer_name=fields.text(said, "counterAccountName"),
        payer_account=fields.text(said, "counterAccountNumber"),
        virtual_account=fields.account(said, "virtualAccountNumber", needed=False),
        test=test,
    )


def proves(header: Header, body: bytes, secret: str, way: str, now: datetime) -> bool:
    """Whether a call is Casso's own: `X-Casso-Signature: t=MILLISECONDS,v1=HEX`, good for five minutes either way.

    The signed text is `t.JSON` where JSON is the body written again. The vendor's samples disagree about letters
    outside ASCII and about `/`, and do not say which of them Casso itself is: JavaScript's leaves both, Python's writes
    `\\u` escapes, PHP's these and `\\/`. All are tried; all need the key.
    """
    told = re.fullmatch(r"t=([0-9]{1,16}),v1=([0-9a-f]{128})", header("X-Casso-Signature").strip())
    if told is None or not fresh(int(told[1]) / 1000, now):
        return False
    try:
        said = signed_json.parsed(body)
        for ascii_only, slashes_escaped in ((False, False), (True, False), (True, True)):
            text = signed_json.written(said, ascii_only=ascii_only, slashes_escaped=slashes_escaped)
            # Half a surrogate pair is written as the escape that JavaScript writes for it.
            message = f"{told[1]}.{text}".encode("utf-8", "backslashreplace")
            if hmac.compare_digest(told[2], hmac.new(secret.encode(), message, hashlib.sha512).hexdigest()):
                return True
    except (ValueError, RecursionError):
        pass
    return False
