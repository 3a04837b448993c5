"""The event id of a statement's line, by which the same line is known again in another file."""

import hashlib
import json
from collections import Counter
from datetime import date

from ledger.inbox.notice import Direction


class EventIds:
    """Gives the lines of one file their ids (model.md, "Event ids"): the SHA-256 of account, local day, direction,
    amount, reference, running balance where given, and the place among equal lines of that day.

    What is assumed: a file holds whole days, or its lines carry balances. Then it does not matter where a file begins
    or in which order its lines stand, for equal lines are counted alike in every file that has their day: three equal
    payments of a day are places 1, 2 and 3 in each. Balances tell equal payments of a day apart, so with them a file
    may begin in the middle of one. A file that has neither and begins after the first of two equal lines gives the
    second the first one's id: one of them is lost to it until a file with the whole day is imported.
    """

    def __init__(self) -> None:
        self._places: Counter[tuple[str, str, str, int, str, int | None]] = Counter()

    def give(
        self,
        *,
        account_number: str,
        local_date: date,
        direction: Direction,
        amount: int,
        reference: str,
        balance: int | None,
    ) -> str:
        """The id of the file's next line; `balance` is None where the file has none."""
        said = (account_number, local_date.isoformat(), direction, amount, reference, balance)
        self._places[said] += 1
        line = json.dumps([*said, self._places[said]], ensure_ascii=False, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(line.encode()).hexdigest()}"
