"""Cash counted at the end of a day: what the drawer should hold by the book, what it holds, what the difference was.

A count is permanent; a later one of the same day is its next version, and takes back what the one before it wrote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, func, insert, select
from sqlmodel import Session

from ledger.books.correct import load_group, reverse
from ledger.books.model import CASH_COUNT, ENTRY, ENTRY_NOTE, POSTING
from ledger.books.post import Draft, lock, post
from ledger.refused import Problem, Refused

# What a person says of a difference: sales that were forgotten, money put in or taken out, or nothing: it stays open.
Found = Literal["sales", "other", ""]


@dataclass(frozen=True, slots=True)
class CashCounted:
    """A day's count, amounts in đồng. `expected` is the float and the day's cash by the book, when it had `at_number`
    entries; `found` what the difference was said to be, with the `reason` as far as it is kept; `number` is the book's
    last entry with that, `head` its hash.
    """

    day: date
    version: int
    counted: int
    float_amount: int
    expected: int
    at_number: int
    entry_id: int | None
    found: Found
    reason: str
    login_id: int | None
    recorded_at: datetime
    number: int
    head: str

    @property
    def difference(self) -> int:
        """More than 0: the drawer holds more than the book says."""
        return self.counted - self.expected


def cash_of_day(session: Session, book_id: int, day: date) -> int:
    """What the book says came into the drawer on a local day, less what was found to be missing, in đồng."""
    return _cash(session, (ENTRY.c.book_id == book_id) & (ENTRY.c.booked_on == day))


def cash_counts(session: Session, book_id: int, first: date, last: date) -> list[CashCounted]:
    """The counts of the days from `first` to `last`, both inside: the newest day first, its newest version first."""
    query = _COUNTS.where(CASH_COUNT.c.book_id == book_id, CASH_COUNT.c.day.between(first, last))
    return _read(session, query.order_by(CASH_COUNT.c.day.desc(), CASH_COUNT.c.version.desc()))


def last_float(session: Session, book_id: int) -> int | None:
    """The float of the count that was written last; None before the first."""
    query = select(CASH_COUNT.c.float).where(CASH_COUNT.c.book_id == book_id).order_by(CASH_COUNT.c.id.desc()).limit(1)
    return session.connection().execute(query).scalar_one_or_none()


def count_cash(
    session: Session,
    *,
    book_id: int,
    day: date,
    counted: int,
    float_amount: int,
    found: Found,
    seen: int,
    reason: str,
    login_id: int | None,
    now: datetime,
) -> tuple[CashCounted, bool]:
    """Write a day's count, and what a person says its difference was; gives it, and whether it is new.

    `seen` is the sum that the person was shown for the drawer by the book. Asked again with nothing changed, the count
    that there is. Raises Refused where the book says another sum by now (kind moved), and for forgotten sales where the
    drawer holds no more than the book says (kind sales).
    """
    heads = lock(session, {book_id})
    newest = next(iter(cash_counts(session, book_id, day, day)), None)
    if newest is not None:
        said = (counted, float_amount, found, reason if found else "")
        same = (newest.counted, newest.float_amount, newest.found, newest.reason) == said
        if same and not _moved(session, book_id, newest):
            return newest, False
    # All that may be refused is, before anything is written.
    expected = drawer(session, book_id, day, float_amount)
    if expected != seen:
        raise Refused(Problem(f"the book says {expected} đồng by now, not {seen}", field="seen", kind="moved"))
    difference = counted - expected
    if found == "sales" and difference < 0:
        raise Refused(Problem("the drawer holds less than the book says", field="found", kind="sales"))
    if newest is not None and newest.entry_id is not None:
        group = load_group(session, newest.entry_id)
        heads = group.heads
        if group.last != "reversal":
            reverse(session, group, reason=reason, login_id=login_id, now=now)
    at_number, entry_id = heads[book_id].entries, None
    if found and difference:
        other = "sales" if found == "sales" else "other"
        draft = Draft(
            book_id=book_id,
            kind="count",
            legs={"cash": difference, other: -difference},
            booked_on=day,
            occurred_at=now,
            login_id=login_id,
            note=reason,
        )
        [posted] = post(session, heads, [draft], recorded_at=now)
        entry_id = posted.entry_id
    version = newest.version + 1 if newest else 1
    session.connection().execute(
        insert(CASH_COUNT).values(
            market_id=heads[book_id].market_id,
            book_id=book_id,
            day=day,
            version=version,
            counted=counted,
            float=float_amount,
            expected=expected,
            at_number=at_number,
            entry_id=entry_id,
            login_id=login_id,
            recorded_at=now,
        )
    )
    return cash_counts(session, book_id, day, day)[0], True


def drawer(session: Session, book_id: int, day: date, float_amount: int) -> int:
    """What the drawer should hold for a new count of the day, in đồng: as if nothing had been found at the one before,
    for the new count takes that back."""
    newest = next(iter(cash_counts(session, book_id, day, day)), None)
    return float_amount + cash_of_day(session, book_id, day) - _standing(session, newest)


def _standing(session: Session, newest: CashCounted | None) -> int:
    """The cash that the newest count's entry added and that nobody has taken back."""
    if newest is None or newest.entry_id is None:
        return 0
    return _cash(session, (ENTRY.c.id == newest.entry_id) | (ENTRY.c.concerns == newest.entry_id))


def _cash(session: Session, entries: ColumnElement[bool]) -> int:
    """The cash legs of some entries together, in đồng."""
    query = select(func.coalesce(func.sum(POSTING.c.amount), 0)).join(ENTRY, ENTRY.c.id == POSTING.c.entry_id)
    return int(session.connection().execute(query.where(entries, POSTING.c.account == "cash")).scalar_one())


def _moved(session: Session, book_id: int, newest: CashCounted) -> bool:
    """Whether the book has an entry of that day since."""
    later = select(ENTRY.c.id).where(
        ENTRY.c.book_id == book_id, ENTRY.c.booked_on == newest.day, ENTRY.c.number > newest.number
    )
    return session.connection().execute(later.limit(1)).first() is not None


def cash_since(session: Session, book_id: int, count: CashCounted) -> int:
    """What came into the drawer by the book since a count, in đồng: more than 0 where cash was sold after it."""
    later = ENTRY.c.number > count.number
    return _cash(session, (ENTRY.c.book_id == book_id) & (ENTRY.c.booked_on == count.day) & later)


_WRITTEN = ENTRY.alias("written")
_LAST = func.coalesce(_WRITTEN.c.number, CASH_COUNT.c.at_number)
_SALES = (
    select(POSTING.c.amount)
    .where(POSTING.c.entry_id == CASH_COUNT.c.entry_id, POSTING.c.account == "sales")
    .correlate(CASH_COUNT)
    .scalar_subquery()
)
_COUNTS: Select[Any] = (
    select(
        CASH_COUNT.c.day,
        CASH_COUNT.c.version,
        CASH_COUNT.c.counted,
        CASH_COUNT.c.float.label("float_amount"),
        CASH_COUNT.c.expected,
        CASH_COUNT.c.at_number,
        CASH_COUNT.c.entry_id,
        _SALES.is_not(None).label("sales"),
        func.coalesce(ENTRY_NOTE.c.reason, "").label("reason"),
        CASH_COUNT.c.login_id,
        CASH_COUNT.c.recorded_at,
        _LAST.label("number"),
        func.coalesce(ENTRY.c.hash, "").label("head"),
    )
    .outerjoin(_WRITTEN, _WRITTEN.c.id == CASH_COUNT.c.entry_id)
    .outerjoin(ENTRY_NOTE, ENTRY_NOTE.c.entry_id == CASH_COUNT.c.entry_id)
    .outerjoin(ENTRY, (ENTRY.c.book_id == CASH_COUNT.c.book_id) & (ENTRY.c.number == _LAST))
)


def _read(session: Session, query: Select[Any]) -> list[CashCounted]:
    rows: Sequence[Any] = session.connection().execute(query).mappings().all()
    found = []
    for row in rows:
        said = dict(row)
        sales = said.pop("sales")
        said["found"] = "" if said["entry_id"] is None else "sales" if sales else "other"
        found.append(CashCounted(**said))
    return found
