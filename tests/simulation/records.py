"""What a simulated market's database holds, and which payment each row is about."""

from typing import Any

from sqlalchemy import select

from ledger.books.model import ENTRY, POSTING
from ledger.inbox.model import NOTICE
from market.db import Database
from tests.simulation.truth import Payment

_NOTICES = select(NOTICE).order_by(NOTICE.c.id)
_PAYMENTS = (
    select(
        ENTRY.c.id,
        ENTRY.c.book_id,
        ENTRY.c.booked_on,
        POSTING.c.amount,
        NOTICE.c.channel_id,
        NOTICE.c.feed,
        NOTICE.c.event_id,
    )
    .join(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "bank"))
    .join(NOTICE, NOTICE.c.id == ENTRY.c.notice_id)
    .where(ENTRY.c.kind == "payment")
    .order_by(ENTRY.c.id)
)
_REVERSED = select(ENTRY.c.concerns).where(ENTRY.c.kind == "reversal")


class Records:
    """A look into the database, in a transaction of its own each time. `by_event` says what each event tells."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.by_event: dict[tuple[int, str, str], Payment] = {}

    def rows(self, query: Any) -> list[Any]:
        with self.database.reading() as session:
            return list(session.connection().execute(query).all())

    def notices(self) -> list[Any]:
        return self.rows(_NOTICES)

    def payment_of(self, row: Any) -> Payment:
        """Which payment a notice tells."""
        return self.by_event[row.channel_id, row.feed, row.event_id]

    def payments(self) -> list[Any]:
        """Every payment that was booked, with the notice it was made from."""
        return self.rows(_PAYMENTS)

    def standing(self) -> list[Any]:
        """Those that nobody reversed."""
        undone = {row.concerns for row in self.rows(_REVERSED)}
        return [entry for entry in self.payments() if entry.id not in undone]
