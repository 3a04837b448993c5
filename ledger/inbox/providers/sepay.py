"""SePay: one transaction a POST, `application/json`.

Source: SePay's developer pages "tích hợp webhook" and "xác thực", and the field list of its official Laravel package.
Amounts are đồng; `transactionDate` carries no zone and means Asia/Ho_Chi_Minh.
"""

from datetime import datetime

from ledger.days import HO_CHI_MINH
from ledger.inbox.notice import Notice
from ledger.inbox.providers import fields
from ledger.inbox.providers.proofs import Header, same, signed_with_time


def read(body: bytes) -> list[Notice]:
    """The notices in one body; raises ValueError, saying which field is wrong, when it is not SePay's."""
    said = fields.json_object(body)
    amount = fields.amount(said, "transferAmount")
    direction = fields.direction(said, "transferType")
    account_number = fields.account(said, "accountNumber")
    bank_reference = fields.reference(said, "referenceCode")
    at = fields.moment(said, "transactionDate")
    day = at.astimezone(HO_CHI_MINH).date()
    event_id = fields.whole_id(said, "id")
    notice = fields.movement(
        event_id,
        account_number=account_number,
        bank=fields.bank(said, "gateway"),
        amount=amount,
        direction=direction,
        bank_reference=bank_reference,
        at=at,
        day=day,
        memo=fields.text(said, "content") or fields.text(said, "description"),
        virtual_account=fields.account(said, "subAccount", needed=False),
        # The dashboard's "send a test" numbers its made-up transaction 0; real ones begin at 1.
        test=event_id == "0",
    )
    return [notice]


def proves(header: Header, body: bytes, secret: str, way: str, now: datetime) -> bool:
    """Whether a call is SePay's own: by its key (`apikey`), or by the signature over time and raw body (`hmac`), which
    holds for five minutes either way. `header` gives a header by name, empty where there is none."""
    if way == "apikey":
        return same(header("Authorization"), f"Apikey {secret}")
    return signed_with_time(header("X-SePay-Timestamp"), header("X-SePay-Signature"), body, secret, now)
