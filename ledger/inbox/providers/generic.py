"""Anyone else: this program's own webhook, for a bank, a relay or a script that can sign what it posts.

Source: docs/providers.md, "generic". One event is `{"id", "account_number", "bank", "amount", "direction", "at",
"bank_reference", "memo"}`, several are `{"events": [...]}`; amounts are positive đồng, `at` is ISO 8601, Vietnamese
time where it names no zone, or only a day.
"""

from datetime import datetime
from typing import Any

from ledger.inbox.notice import Notice
from ledger.inbox.providers import fields
from ledger.inbox.providers.proofs import Header, signed_with_time


def read(body: bytes) -> list[Notice]:
    """The notices in one body; raises ValueError, saying which field is wrong."""
    said = fields.json_object(body)
    return fields.each(said, "events", _event) if "events" in said else [_event(said)]


def _event(said: dict[str, Any]) -> Notice:
    event_id = fields.reference(said, "id")
    if not event_id:
        raise ValueError("id is missing or empty; give every event one that it keeps when it is sent again")
    amount = fields.amount(said, "amount")
    at, day = fields.moment_or_day(said, "at")
    return fields.movement(
        event_id,
        account_number=fields.account(said, "account_number"),
        bank=fields.bank(said, "bank"),
        amount=amount,
        direction=fields.direction(said, "direction"),
        bank_reference=fields.reference(said, "bank_reference"),
        at=at,
        day=day,
        memo=fields.text(said, "memo"),
        payer_name=fields.text(said, "payer_name"),
        payer_account=fields.text(said, "payer_account"),
        virtual_account=fields.account(said, "virtual_account", needed=False),
    )


def proves(header: Header, body: bytes, secret: str, way: str, now: datetime) -> bool:
    """Whether a call was signed with the channel's secret less than five minutes ago, by either clock."""
    return signed_with_time(header("X-Cho-Timestamp"), header("X-Cho-Signature"), body, secret, now)
