"""Pay2S: several transactions a POST in the list `transactions`, proven by a bearer token.

Source: docs.pay2s.vn, "tài liệu kỹ thuật" of its webhook. Ids are text, `transferType` is `IN` or `OUT`, amounts are
positive đồng; `transactionDate` carries no zone and means Asia/Ho_Chi_Minh; `checksum` is not documented and not read.
"""

from datetime import datetime
from typing import Any

from ledger.inbox.notice import Notice
from ledger.inbox.providers import fields
from ledger.inbox.providers.proofs import Header, same


def read(body: bytes) -> list[Notice]:
    """The notices in one body; raises ValueError, saying which field is wrong, when it is not Pay2S's."""
    return fields.each(fields.json_object(body), "transactions", _transaction)


def _transaction(said: dict[str, Any]) -> Notice:
    amount = fields.amount(said, "transferAmount")
    direction = fields.direction(said, "transferType")
    account_number = fields.account(said, "accountNumber")
    bank_reference = fields.reference(said, "transactionNumber")
    at, day = fields.moment_or_day(said, "transactionDate")
    return fields.movement(
        fields.reference(said, "id"),
        account_number=account_number,
        bank=fields.bank(said, "gateway"),
        amount=amount,
        direction=direction,
        bank_reference=bank_reference,
        at=at,
        day=day,
        memo=fields.text(said, "content"),
    )


def proves(header: Header, body: bytes, secret: str, way: str, now: datetime) -> bool:
    """Whether a call is Pay2S's own: its token, in `Authorization`."""
    return same(header("Authorization"), f"Bearer {secret}")
