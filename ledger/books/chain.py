"""The hash of an entry, form 1 (model.md, Entries, "Hash, form 1").

Nothing that a person may ask to have deleted is hashed: no name, no memo, no reason.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime

from ledger.days import stamp

FORM = 1
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


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
    said = [
        FORM,
        market_id,
        book_id,
        number,
        kind,
        origin,
        counted,
        booked_on.isoformat(),
        stamp(occurred_at),
        stamp(recorded_at),
        sorted(legs.items()),
        notice_id,
        notice_digest,
        turn,
        concerned_number,
        confirmed_number,
        step,
        client_key,
        login_id,
        previous,
    ]
    return hashlib.sha256(_JSON.encode(said).encode()).hexdigest()
