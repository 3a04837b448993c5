"""The hash of an entry, form 1 (model.md, Entries, "Hash, form 1").

Nothing that a person may ask to have deleted is hashed: no name, no memo, no reason.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from json.encoder import encode_basestring as quoted

from ledger.days import stamp

FORM = 1


def entry_hash(
    *,
    market_id: int,
    book_id: int,
    number: int,
    kind: str,
    origin: str,
    counted: int,
    booked_on: date,
    occurred_at: datetime,
    recorded_at: datetime,
    legs: Mapping[str, int],
    notice_id: int | None,
    notice_digest: str | None,
    turn: int | None,
    concerned_number: int | None,
    confirmed_number: int | None,
    step: int | None,
    client_key: str | None,
    login_id: int | None,
    previous: str,
) -> str:
    """SHA-256, in hex, of the UTF-8 JSON array, without spaces, of all that follows in this order.

    The concerned and the confirmed entry stand as their numbers in the book, so that a move between databases
    changes no hash. `previous` is empty for a book's first entry.
    """
    # Written out, for this is half of what an entry costs: the same bytes as the array given to a JSON encoder.
    said = (
        f"[{FORM},{market_id},{book_id},{number},{quoted(kind)},{quoted(origin)},{counted},"
        f'"{booked_on.isoformat()}","{stamp(occurred_at)}","{stamp(recorded_at)}",'
        f"[{','.join([f'[{quoted(account)},{amount}]' for account, amount in sorted(legs.items())])}],"
        f"{_json(notice_id)},{_json(notice_digest)},{_json(turn)},{_json(concerned_number)},"
        f"{_json(confirmed_number)},{_json(step)},{_json(client_key)},{_json(login_id)},"
        f"{quoted(previous)}]"
    )
    return hashlib.sha256(said.encode()).hexdigest()


def _json(value: int | str | None) -> str:
    if value is None:
        return "null"
    return quoted(value) if isinstance(value, str) else str(value)
