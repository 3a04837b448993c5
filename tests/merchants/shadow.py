"""What the simulation remembers in plain Python of notices, of the money that really moved, and of entries."""

from dataclasses import dataclass, field
from datetime import date, datetime

from ledger.inbox.notice import Feed


@dataclass
class Told:
    """A notice, and the one it is the twin of."""

    id: int
    movement: "Movement"
    feed: Feed
    reference: bool
    status: str
    entry: "Entry | None" = None
    turns: int = 0
    original: "Told | None" = None

    @property
    def surely_a_twin(self) -> bool:
        """Whether the original, or an earlier twin of it, named the same reference."""
        if self.original is None or not self.reference:
            return False
        earlier = [one for one in self.movement.told.values() if one.original is self.original and one.id < self.id]
        return any(one.reference for one in (self.original, *earlier))


@dataclass
class Movement:
    """Money that really moved. Every amount is used once, so that only tellings of one movement can be twins."""

    number: int
    stall: int | None
    account: str
    bank: str
    at: datetime
    memo: str
    told: dict[Feed, Told] = field(default_factory=dict)

    def feeds(self, original: Told) -> set[Feed]:
        """The feeds that told this movement as `original` or as its twin."""
        return {one.feed for one in self.told.values() if original in (one, one.original)}

    def free(self, feeds: set[Feed]) -> list[Told]:
        """Tellings by other feeds that one of these feeds may have a twin of, the earliest first."""
        originals = [one for one in self.told.values() if one.original is None]
        return sorted((one for one in originals if not feeds & self.feeds(one)), key=lambda one: one.id)

    def certain(self, one: Told) -> list[Told]:
        """Those of them that named the same reference, themselves or by a twin."""
        named = {id(each.original or each) for each in self.told.values() if each.reference}
        found = self.free(self.feeds(one) or {one.feed})
        return [other for other in found if one.reference and other is not one and id(other) in named]

    def become_twin(self, one: Told, original: Told) -> None:
        """What it was the original of is its original's now."""
        for other in self.told.values():
            if one in (other, other.original):
                other.original = original
        one.status, one.original = "duplicate", original


@dataclass
class Entry:
    """What stands in a stall's book; `anew_for` is the payment that was taken back when this was typed anew."""

    id: int
    stall: int
    day: date
    kind: str
    amount: int
    state: str = "sale"
    told: Told | None = None
    confirms: "Entry | None" = None
    anew_for: "Entry | None" = None
