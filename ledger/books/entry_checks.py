"""The rules of one entry in its book, read back from the database (model.md, "Entries"): one plain function a rule.

Each is given the entry with its notice's columns, its legs (account → signed đồng) and what the book held before it,
and yields a message for everything that is wrong. `verify` reads the books in order and asks them all.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from ledger.books.chain import FORM, entry_hash
from ledger.books.model import CORRECTIONS
from ledger.days import local_date

Legs = Mapping[str, int]


@dataclass(slots=True)
class Group:
    """A first entry with the corrections read so far."""

    first: Row[Any]
    sums: dict[str, int]
    steps: int = 0
    last: str | None = None


@dataclass(slots=True)
class Before:
    """A book as far as it was read: its last number and hash, keys and confirmations used, and by id every first entry
    that some entry names: of a book of years those are few, so it need not fit into memory."""

    named: Set[int]
    number: int = 0
    hash: str = ""
    groups: dict[int, Group] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    confirmed: set[int] = field(default_factory=set)

    def add(self, entry: Row[Any], legs: Legs) -> None:
        """The entry was looked at; the next one comes after it."""
        self.number, self.hash = entry.number, entry.hash
        if entry.concerns is None:
            if entry.id in self.named:
                self.groups[entry.id] = Group(entry, dict(legs))
        elif group := self.groups.get(entry.concerns):
            group.sums = _sums(group, legs)
            group.steps, group.last = group.steps + 1, entry.kind
        if entry.client_key is not None:
            self.keys.add(entry.client_key)
        if entry.confirms is not None:
            self.confirmed.add(entry.confirms)


def _sums(group: Group, legs: Legs) -> dict[str, int]:
    return {account: group.sums.get(account, 0) + legs.get(account, 0) for account in {*group.sums, *legs}}


def chain(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """Entries are numbered 1, 2, 3 … and each names the hash of the one before it."""
    following = before.number + 1
    if entry.number > following:
        last = f" to {entry.number - 1}" if entry.number > following + 1 else ""
        yield f"number {following}{last} is missing before it"
    elif entry.number < following:
        yield f"number {entry.number} stands in the book twice or is no number"
    elif entry.previous != before.hash:
        yield f"does not name the hash of number {before.number}, which was changed, removed or put in another place"


def hashed(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """The hash is that of what the entry says."""
    if entry.form != FORM:
        yield f"is written in form {entry.form}, which this program does not know"
        return
    concerned = before.groups.get(entry.concerns)
    confirmed = before.groups.get(entry.confirms)
    if (entry.concerns and concerned is None) or (entry.confirms and confirmed is None):
        return  # what it names is not there: `correction` and `confirmation` say so
    again = entry_hash(
        market_id=entry.market_id,
        book_id=entry.book_id,
        number=entry.number,
        kind=entry.kind,
        origin=entry.origin,
        counted=entry.counted,
        booked_on=entry.booked_on,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        legs=legs,
        notice_id=entry.notice_id,
        notice_digest=entry.notice_digest,
        turn=entry.turn,
        concerned_number=concerned.first.number if concerned else None,
        confirmed_number=confirmed.first.number if confirmed else None,
        step=entry.step,
        client_key=entry.client_key,
        login_id=entry.login_id,
        previous=entry.previous,
    )
    if again != entry.hash:
        yield "does not have the hash of what it says: the entry, its legs or its notice was changed"


def balanced(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """Two or more legs, together zero."""
    if len(legs) < 2:
        yield f"has {len(legs)} of the two or more legs an entry needs"
    elif sum(legs.values()) != 0:
        yield f"its legs sum to {sum(legs.values())} đồng, not to zero"


# By kind, the accounts that may be touched, each with the sign of its leg (0: either).
_SHAPES: dict[str, tuple[dict[str, int], ...]] = {
    "payment": ({"bank": 1, "sales": -1},),
    "cash": ({"cash": 1, "sales": -1},),
    "typed": ({"other": 1, "sales": -1},),
    "count": ({"cash": 1, "sales": -1}, {"cash": 0, "other": 0}),
    "not_sale": ({"sales": 1, "other": -1},),
    "sale": ({"sales": -1, "other": 1},),
}


def shaped(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """The legs lie in the accounts, and have the signs, that the kind asks for."""
    shapes = _SHAPES.get(entry.kind)
    if shapes and not any(
        legs.keys() == shape.keys() and all(legs[account] * sign >= 0 for account, sign in shape.items())
        for shape in shapes
    ):
        said = ", ".join(f"{account} {amount:+}" for account, amount in sorted(legs.items()))
        yield f"a {entry.kind} entry does not have these legs: {said or 'none'}"


def counted(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """`counted` is minus the sign of the sales leg where the origin is a payment, else 0."""
    sales = legs.get("sales", 0)
    right = (sales < 0) - (sales > 0) if entry.origin == "payment" else 0
    if entry.counted != right:
        yield f"counts {entry.counted:+} and should count {right:+}"


def dated(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """A sale lies on the local day it happened; only a payment's later turn and a cash count may be put on another."""
    if entry.kind in ("payment", "cash", "typed") and (entry.turn or 1) == 1:
        day = local_date(entry.occurred_at)
        if entry.booked_on != day:
            yield f"is booked on {entry.booked_on} and happened on {day}"


def notice(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """A payment, and nothing else, has a notice: of money coming in, of its amount and, at turn 1, of its day."""
    if (entry.kind == "payment") != (entry.notice_id is not None) or (entry.notice_id is None) != (entry.turn is None):
        yield f"a {entry.kind} entry with notice {entry.notice_id} and turn {entry.turn}"
    elif entry.notice_id is not None and entry.notice_digest is None:
        yield f"its notice {entry.notice_id} is missing"
    elif entry.notice_id is not None:
        if legs.get("bank") != entry.notice_amount:
            yield f"its bank leg is {legs.get('bank', 0)} and notice {entry.notice_id} says {entry.notice_amount} đồng"
        if entry.notice_direction != "in":
            yield f"notice {entry.notice_id} is not of money coming in"
        if entry.turn == 1 and entry.booked_on != entry.notice_date:
            yield f"is booked on {entry.booked_on} and notice {entry.notice_id} is of {entry.notice_date}"
        if entry.turn == 1 and entry.notice_at not in (None, entry.occurred_at):
            yield f"does not have the time of notice {entry.notice_id}"


def correction(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """A correction concerns a first entry of its book, takes its day and origin, is numbered, and comes in order."""
    if (entry.kind in CORRECTIONS) != (entry.concerns is not None) or (entry.concerns is None) != (entry.step is None):
        yield f"a {entry.kind} entry with step {entry.step} that concerns entry {entry.concerns}"
    elif entry.concerns is None:
        if entry.origin != entry.kind:
            yield f"its origin is {entry.origin} and its kind {entry.kind}"
    elif (group := before.groups.get(entry.concerns)) is None:
        yield f"concerns entry {entry.concerns}, which is no first entry before it in this book"
    else:
        if entry.booked_on != group.first.booked_on:
            yield f"is booked on {entry.booked_on} and entry {entry.concerns} on {group.first.booked_on}"
        if entry.origin != group.first.kind:
            yield f"its origin is {entry.origin} and entry {entry.concerns} is a {group.first.kind}"
        if entry.step != group.steps + 1:
            yield f"is step {entry.step} of entry {entry.concerns}, where step {group.steps + 1} comes next"
        if group.last == "reversal":
            yield f"follows the reversal of entry {entry.concerns}"
        yield from _undoes(entry, _sums(group, legs), group)


def _undoes(entry: Row[Any], sums: Legs, group: Group) -> Iterator[str]:
    if entry.kind == "reversal":
        for account, amount in sorted(sums.items()):
            if amount:
                yield f"leaves {amount} đồng of entry {entry.concerns} in {account}, where a reversal leaves zero"
        return
    after, left = (("not_sale",), "other") if entry.kind == "sale" else ((None, "sale"), "sales")
    if group.first.kind != "payment" or group.last not in after:
        yield f"a {entry.kind} cannot follow {group.last or group.first.kind} of entry {entry.concerns}"
    elif sums.get(left, 0):
        yield f"leaves {sums[left]} đồng of entry {entry.concerns} in {left}, where all of it is moved"


def confirmation(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """Only the reversal of a typed or cash entry names the payment it stands for, and a payment stands for one."""
    if entry.confirms is None:
        return
    payment = before.groups.get(entry.confirms)
    if entry.kind != "reversal" or entry.origin not in ("typed", "cash"):
        yield f"a {entry.kind} of a {entry.origin} entry confirms nothing"
    if payment is None or payment.first.kind != "payment":
        yield f"is confirmed by entry {entry.confirms}, which is no payment before it in this book"
    if entry.confirms in before.confirmed:
        yield f"payment {entry.confirms} confirms another entry already"


def key(entry: Row[Any], legs: Legs, before: Before) -> Iterator[str]:
    """A client key is 8 to 64 of `[A-Za-z0-9_-]`, and used once in its book."""
    if entry.client_key is None:
        return
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,64}", entry.client_key):
        yield f"its key {entry.client_key!r} is not 8 to 64 of A-Z, a-z, 0-9, _ and -"
    if entry.client_key in before.keys:
        yield f"its key {entry.client_key!r} was used in this book before"


Check = Callable[[Row[Any], Legs, Before], Iterator[str]]
CHECKS: tuple[Check, ...] = (
    chain,
    hashed,
    balanced,
    shaped,
    counted,
    dated,
    notice,
    correction,
    confirmation,
    key,
)
