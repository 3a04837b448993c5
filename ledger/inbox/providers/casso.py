"""Casso's older "Webhook": several transactions a POST in the list `data`, proven by a key in a header.

Source: the vendor's `casso-webhook-handler-sample`, and the fields that later versions added. Amounts are signed đồng.
"""

from datetime import date, datetime
from typing import Any

from ledger.days import HO_CHI_MINH
from ledger.inbox.notice import Notice
from ledger.inbox.providers import fields
from ledger.inbox.providers.casso_v2 import TEST_REFERENCE
from ledger.inbox.providers.proofs import Header, same


def read(body: bytes) -> list[Notice]:
    """The notices in one body; raises ValueError, saying which field is wrong, when it is not Casso's."""
    return fields.each(fields.json_object(body), "data", _transaction)


def _transaction(said: dict[str, Any]) -> Notice:
    signed = fields.amount(said, "amount", signed=True)
    bank_reference = fields.reference(said, "tid")
    number = fields.whole_id(said, "id")
    test = number == "0" or bank_reference == TEST_REFERENCE
    account_number = fields.account(said, "bank_sub_acc_id", "subAccId", needed=not test)
    at, day = when(said, "when")
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
        payer_name=fields.text(said, "corresponsiveName"),
        payer_account=fields.text(said, "corresponsiveAccount"),
        virtual_account=fields.account(said, "virtualAccount", needed=False),
        test=test,
    )


def when(said: dict[str, Any], field: str) -> tuple[datetime | None, date]:
    """Casso's time of a transaction, seen as `2020-11-02`, `2021-04-15T00:00:00` and `2026-02-24 10:30:00`.

    A midnight to the second is what Casso makes of a bank that tells only a day, so it is read as one.
    """
    at, day = fields.moment_or_day(said, field)
    if at is not None and at.astimezone(HO_CHI_MINH).time() == datetime.min.time():
        return None, day
    return at, day


def proves(header: Header, body: bytes, secret: str, way: str, now: datetime) -> bool:
    """Whether a call is Casso's own: the key that was agreed, in `Secure-Token`."""
    return same(header("Secure-Token"), secret)
