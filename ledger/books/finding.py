"""What `verify` found wrong, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken invariant: `check` names it, the ids say where (None where it lies in no book or entry)."""

    check: str
    market_id: int | None
    book_id: int | None
    entry_id: int | None
    message: str
