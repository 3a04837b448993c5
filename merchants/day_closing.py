"""Closing a stall's day: its people count the cash, the book says what should be there, they say what the rest was."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlmodel import Session

from ledger.books import cash_counts as books
from ledger.books.cash_counts import CashCounted, Found
from ledger.days import local_date
from ledger.refused import Problem, Refused
from merchants.stalls import StallRow
from merchants.takings import Actor, own_book

# More than any stall's drawer holds, in đồng.
MOST = 10**11
# A day is closed in the evening, or in the days after it.
WITHIN = timedelta(days=7)
# What a difference was, as the stall says it: how the book takes it, and the words beside the entry. The first ones are
# of too much in the drawer, the others of too little; left open, nothing is written but the count.
TOO_MUCH: Final[dict[str, tuple[Found, str]]] = {
    "forgotten": ("sales", "sales that were not written down"),
    "put_in": ("other", "other money was put in"),
}
TOO_LITTLE: Final[dict[str, tuple[Found, str]]] = {
    "taken_out": ("other", "taken out for something else"),
    "lost": ("other", "missing, nobody knows why"),
}
OPEN: Final[dict[str, tuple[Found, str]]] = {"open": ("", "counted again")}
SAID: Final = TOO_MUCH | TOO_LITTLE | OPEN


@dataclass(frozen=True, slots=True)
class Drawer:
    """What the drawer should hold for a count of the day, in đồng: the float, and the day's cash by the book."""

    float_amount: int
    cash: int

    @property
    def expected(self) -> int:
        """Both together."""
        return self.float_amount + self.cash


def drawer(session: Session, actor: Actor, stall_id: int, day: date, float_amount: int) -> Drawer:
    """What the drawer should hold by the stall's book. Raises NotYours."""
    book_id = own_book(session, actor, stall_id)
    return Drawer(float_amount, books.drawer(session, book_id, day, float_amount) - float_amount)


def answers(difference: int) -> list[str]:
    """What may be said of a difference."""
    return [*(TOO_MUCH if difference > 0 else TOO_LITTLE if difference < 0 else ()), *OPEN]


def close_day(
    session: Session,
    actor: Actor,
    stall: StallRow,
    day: date,
    *,
    counted: int,
    float_amount: int,
    seen: int,
    said: str,
    now: datetime,
) -> tuple[CashCounted, bool]:
    """Write the day's count; gives it, and whether it is new: asked again with nothing changed, it is the one there is.

    `seen` is the expected sum that the person was shown, `said` one of `answers`. A day closed before gets its next
    version. Raises NotYours, and Refused where the book has moved since (kind moved), for a day that is not one of the
    last seven (kind day), for sums and answers that cannot be (amount, said).
    """
    book_id = own_book(session, actor, stall.id)
    today = local_date(now)
    if not today - WITHIN <= day <= today:
        raise Refused(Problem(f"must be from {today - WITHIN} to {today}", field="day", kind="day"))
    for field, amount in (("counted", counted), ("float", float_amount)):
        if not 0 <= amount <= MOST:
            raise Refused(Problem(f"must be between 0 and {MOST} đồng", field=field, kind="amount"))
    if said not in answers(counted - seen):
        raise Refused(Problem(f"{said!r} says nothing of this difference", field="said", kind="said"))
    found, reason = SAID[said]
    return books.count_cash(
        session,
        book_id=book_id,
        day=day,
        counted=counted,
        float_amount=float_amount,
        found=found,
        seen=seen,
        reason=reason,
        login_id=actor.login_id,
        now=now,
    )


def closings(session: Session, actor: Actor, stall_id: int, first: date, last: date) -> list[CashCounted]:
    """The counts of some days, both inside: the newest day first, its newest version first. Raises NotYours."""
    return books.cash_counts(session, own_book(session, actor, stall_id), first, last)


def last_float(session: Session, actor: Actor, stall_id: int) -> int:
    """The float that the stall began with last, in đồng; 0 before its first count. Raises NotYours."""
    return books.last_float(session, own_book(session, actor, stall_id)) or 0


def cash_since(session: Session, actor: Actor, stall_id: int, count: CashCounted) -> int:
    """What came into the drawer by the book since a count, in đồng. Raises NotYours."""
    return books.cash_since(session, own_book(session, actor, stall_id), count)
