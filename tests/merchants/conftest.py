"""Books with something of everything in them, and a person at work on payments."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from ledger import books
from ledger.books.counts import month_counts
from ledger.books.model import ENTRY, ENTRY_NOTE, POSTING
from ledger.books.post import Posted
from ledger.books.sums import Takings, takings_between
from ledger.days import Month
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import Notice
from merchants import settling
from merchants.payments import Outcome, Source, take
from merchants.stalls import StallRow
from tests.kept_books import damage, kept, look

__all__ = ["Desk", "damage", "desk", "kept", "look"]

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=9)
NOVEMBER = Month(2026, 11)
Told = Callable[..., Notice]


class Desk:
    """A person at work on a market's payments; every act is done at one later moment by one login."""

    def __init__(self, session: Session, channel: Source, told: Told) -> None:
        self.session, self.channel, self.told = session, channel, told
        self.market_id = channel.market_id

    def pay(self, stall: StallRow, amount: int, **changes: object) -> int:
        """A payment told by the bank; gives its entry."""
        [outcome] = take(self.session, self.channel, "hook", [(self.told(stall, amount, **changes), b"{}")], NOW)
        assert outcome.entry_id is not None
        return outcome.entry_id

    def lose(self, stall: StallRow, amount: int) -> int:
        """A payment to an account that no stall has; gives its notice."""
        lost = self.told(stall, amount, account_number="5550001")
        [outcome] = take(self.session, self.channel, "hook", [(lost, b"{}")], NOW)
        assert (outcome.status, outcome.entry_id) == ("unmatched", None)
        assert outcome.notice_id is not None
        return outcome.notice_id

    def type_in(self, stall: StallRow, amount: int, key: str = "phone-0001", *, cash: bool = False) -> int:
        posted, _ = books.enter_sale(
            self.session,
            book_id=stall.book_id,
            amount=amount,
            cash=cash,
            occurred_at=NOW,
            client_key=key,
            login_id=1,
            memo="",
            now=NOW,
        )
        return posted.entry_id

    def assign(self, notice_id: int, stall: StallRow, reason: str = "", market_id: int | None = None) -> Outcome:
        market = self.market_id if market_id is None else market_id
        return settling.assign(self.session, market, notice_id, stall, reason=reason, login_id=7, now=LATER)

    def reverse(
        self, entry_id: int, reason: str = "went back", *, reassign: bool = False, market_id: int | None = None
    ) -> settling.Reversed:
        return settling.reverse(
            self.session, market_id, entry_id, reason=reason, reassign=reassign, login_id=7, now=LATER
        )

    def not_sale(self, entry_id: int, reason: str = "a loan from her sister") -> Posted:
        return settling.mark_not_sale(self.session, None, entry_id, reason=reason, login_id=7, now=LATER)

    def sale(self, entry_id: int, reason: str = "it was fish") -> Posted:
        return settling.mark_sale(self.session, None, entry_id, reason=reason, login_id=7, now=LATER)

    def confirm(self, typed_id: int, payment_id: int, market_id: int | None = None) -> Posted:
        return settling.confirm(self.session, market_id, typed_id, payment_id, login_id=7, now=LATER)

    def count(self, stall: StallRow) -> int:
        return month_counts(self.session, self.market_id, NOVEMBER).get(stall.book_id, 0)

    def takings(self, stall: StallRow) -> Takings:
        return takings_between(self.session, stall.book_id, NOVEMBER.first, NOVEMBER.last)

    def status(self, notice_id: int) -> str:
        where = NOTICE.c.id == notice_id
        return str(self.session.connection().execute(select(NOTICE.c.status).where(where)).scalar_one())

    def notice_of(self, entry_id: int) -> int:
        where = ENTRY.c.id == entry_id
        return int(self.session.connection().execute(select(ENTRY.c.notice_id).where(where)).scalar_one())

    def note(self, entry_id: int) -> str | None:
        query = select(ENTRY_NOTE.c.reason).where(ENTRY_NOTE.c.entry_id == entry_id)
        return self.session.connection().execute(query).scalar_one_or_none()

    def legs(self, entry_id: int) -> dict[str, int]:
        query = select(POSTING.c.account, POSTING.c.amount).where(POSTING.c.entry_id == entry_id)
        return {row.account: row.amount for row in self.session.connection().execute(query)}


@pytest.fixture
def desk(session: Session, channel: Source, told: Told) -> Desk:
    """Somebody of the board, at work."""
    return Desk(session, channel, told)
