"""A notice as a provider's module reads it: plain values, not yet stored."""

import hashlib
from datetime import date, datetime
from json.encoder import encode_basestring as quoted
from typing import Literal, NamedTuple

from ledger.days import stamp

Feed = Literal["hook", "poll", "statement"]
Direction = Literal["in", "out"]


class Notice(NamedTuple):
    """One movement as a bank told it.

    `amount` is đồng, 0 where nothing moved (such a notice is ignored and not kept); `at` a UTC moment, or None where
    the bank gave only a day; `local_date` that day in Asia/Ho_Chi_Minh; `bank` is text as the notice names it (may be
    empty); `virtual_account` is the number the payer was given where a bank leads it to the account (may be empty);
    `test` marks a provider's own test call.
    """

    event_id: str
    account_number: str
    bank: str
    amount: int
    direction: Direction
    bank_reference: str
    at: datetime | None
    local_date: date
    memo: str = ""
    payer_name: str = ""
    payer_account: str = ""
    virtual_account: str = ""
    test: bool = False


def digest(
    *,
    channel_id: int,
    feed: str,
    event_id: str,
    account_number: str,
    bank: str,
    amount: int,
    direction: str,
    bank_reference: str,
    at: datetime | None,
    local_date: date,
) -> str:
    """SHA-256, in hex, of what a notice says about money (model.md, Entries, "Hash"); the memo is not in it.

    Where the bank gave only a day, that day stands in the place of the moment.
    """
    when = stamp(at) if at is not None else local_date.isoformat()
    said = (
        f"[{channel_id},{quoted(feed)},{quoted(event_id)},{quoted(account_number)},{quoted(bank)},{amount},"
        f"{quoted(direction)},{quoted(bank_reference)},{quoted(when)}]"
    )
    return hashlib.sha256(said.encode()).hexdigest()
