"""First entries that people make, and the corrections of entries: not a sale, a sale after all, reversed.

Nothing is ever changed: a correction is a new entry of the same book and day that names the first one.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlmodel import Session

from ledger.books.model import ENTRY, POSTING
from ledger.books.post import Concerned, Draft, Head, Posted, lock, post
from ledger.days import local_date
from ledger.refused import Problem, Refused


def sale_legs(account: str, amount: int) -> dict[str, int]:
    """The legs of money coming in: `account` is `bank` (payment), `cash` or `other` (a cashless sale someone typed)."""
    return {account: amount, "sales": -amount}


@dataclass(frozen=True, slots=True)
class Group:
    """A first entry under a locked book: what it and its corrections come to, and the kind of the last correction."""

    heads: dict[int, Head]
    first: Draft
    concerned: Concerned
    notice_id: int | None
    market_id: int
    last: str | None
    sums: dict[str, int]


def enter_sale(
    session: Session,
    *,
    book_id: int,
    amount: int,
    cash: bool,
    occurred_at: datetime | None,
    client_key: str,
    login_id: int | None,
    memo: str,
    now: datetime,
) -> tuple[Posted, bool]:
    """A sale that a person types; gives the entry and whether it is new.

    A key used before is the same entry if kind, amount and (where given) moment agree; else Refused.
    """
    heads = lock(session, {book_id})
    kind, account = ("cash", "cash") if cash else ("typed", "other")
    earlier = (
        session.connection()
        .execute(
            select(ENTRY.c.id, ENTRY.c.number, ENTRY.c.kind, ENTRY.c.occurred_at, POSTING.c.amount)
            .join(POSTING, POSTING.c.entry_id == ENTRY.c.id)
            .where(ENTRY.c.book_id == book_id, ENTRY.c.client_key == client_key, POSTING.c.account == "sales")
        )
        .one_or_none()
    )
    if earlier is not None:
        same = (earlier.kind, -earlier.amount) == (kind, amount)
        if not same or (occurred_at is not None and occurred_at != earlier.occurred_at):
            raise Refused(
                Problem(
                    f"{client_key!r} was used for entry {earlier.id} with another kind, amount or time;"
                    " a new sale needs a new key",
                    field="key",
                    kind="used",
                )
            )
        return Posted(earlier.id, book_id, earlier.number), False
    when = occurred_at or now
    draft = Draft(
        book_id=book_id,
        kind=kind,
        legs=sale_legs(account, amount),
        booked_on=local_date(when),
        occurred_at=when,
        client_key=client_key,
        login_id=login_id,
        note=memo,
    )
    return post(session, heads, [draft], recorded_at=now)[0], True


def load_group(session: Session, entry_id: int) -> Group:
    """The first entry `entry_id` with all its corrections, its book locked. Raises Refused where there is none."""
    connection = session.connection()
    found = connection.execute(select(ENTRY).where(ENTRY.c.id == entry_id)).one_or_none()
    if found is None:
        raise Refused(Problem(f"there is no entry {entry_id}", field="entry"))
    if found.concerns is not None:
        raise Refused(
            Problem(f"entry {entry_id} is a {found.kind} of entry {found.concerns}; name that one", field="entry")
        )
    heads = lock(session, {found.book_id})
    steps = connection.execute(
        select(ENTRY.c.id, ENTRY.c.kind).where(ENTRY.c.concerns == entry_id).order_by(ENTRY.c.step)
    ).all()
    sums: dict[str, int] = defaultdict(int)
    legs = connection.execute(
        select(POSTING.c.account, POSTING.c.amount).where(
            or_(POSTING.c.entry_id == entry_id, POSTING.c.entry_id.in_([step.id for step in steps]))
        )
    )
    for leg in legs:
        sums[leg.account] += leg.amount
    first = Draft(
        book_id=found.book_id,
        kind=found.kind,
        legs={},
        booked_on=found.booked_on,
        occurred_at=found.occurred_at,
    )
    concerned = Concerned(entry_id, found.number, found.kind, len(steps) + 1)
    return Group(
        heads, first, concerned, found.notice_id, found.market_id, steps[-1].kind if steps else None, dict(sums)
    )


def _correct(
    session: Session,
    group: Group,
    kind: str,
    legs: dict[str, int],
    *,
    reason: str,
    login_id: int | None,
    now: datetime,
    confirms: tuple[int, int] | None = None,
) -> Posted:
    draft = Draft(
        book_id=group.first.book_id,
        kind=kind,
        legs=legs,
        booked_on=group.first.booked_on,
        occurred_at=group.first.occurred_at,
        concerned=group.concerned,
        confirms=confirms,
        login_id=login_id,
        note=reason,
    )
    return post(session, group.heads, [draft], recorded_at=now)[0]


def reverse(
    session: Session,
    group: Group,
    *,
    reason: str,
    login_id: int | None,
    now: datetime,
    confirms: tuple[int, int] | None = None,
) -> Posted:
    """Undo an entry and all its corrections, once and last: after it every account of the group is zero."""
    if group.last == "reversal":
        raise Refused(Problem(f"entry {group.concerned.entry_id} is reversed already", field="entry"))
    legs = {account: -amount for account, amount in group.sums.items() if amount}
    return _correct(session, group, "reversal", legs, reason=reason, login_id=login_id, now=now, confirms=confirms)


def mark_not_sale(session: Session, group: Group, *, reason: str, login_id: int | None, now: datetime) -> Posted:
    """The money came but was no sale (a loan from a sister): it leaves counts and the revenue book."""
    _only_payments(group)
    if group.last == "not_sale":
        raise Refused(Problem(f"entry {group.concerned.entry_id} is marked as no sale already", field="entry"))
    amount = -group.sums["sales"]
    legs = {"sales": amount, "other": -amount}
    return _correct(session, group, "not_sale", legs, reason=reason, login_id=login_id, now=now)


def mark_sale(session: Session, group: Group, *, reason: str, login_id: int | None, now: datetime) -> Posted:
    """Undo `mark_not_sale`."""
    _only_payments(group)
    if group.last != "not_sale":
        raise Refused(Problem(f"entry {group.concerned.entry_id} counts as a sale already", field="entry"))
    amount = group.sums["other"]
    legs = {"sales": amount, "other": -amount}
    return _correct(session, group, "sale", legs, reason=reason, login_id=login_id, now=now)


def _only_payments(group: Group) -> None:
    if group.concerned.origin != "payment":
        raise Refused(
            Problem(
                f"entry {group.concerned.entry_id} is no bank payment but a {group.concerned.origin} entry;"
                " reverse it instead",
                field="entry",
            )
        )
    if group.last == "reversal":
        raise Refused(Problem(f"entry {group.concerned.entry_id} is reversed", field="entry"))
