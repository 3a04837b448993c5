"""Events that a provider told again with another content: kept beside the first telling, never booked, and in sight."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from ledger.among import among
from ledger.inbox.model import NOTICE, NOTICE_BODY
from market.access import audit
from merchants.payments import Outcome, Source

log = logging.getLogger(__name__)
ACT = "notice_differs"
# The newest so many are looked at.
LISTED = 1000


def note_differing(session: Session, source: Source, outcomes: Iterable[Outcome], now: datetime) -> None:
    """Write each event that was told otherwise into the market's trail, in the transaction that keeps it."""
    for notice_id in sorted({outcome.differs for outcome in outcomes if outcome.differs is not None}):
        log.warning(
            "channel %s told notice %s again with another content; it is kept, not booked", source.channel_id, notice_id
        )
        about = {"channel": source.channel_id, "notice": notice_id}
        audit.note(session, ACT, market_id=source.market_id, about=about, at=now)


@dataclass(frozen=True, slots=True)
class Telling:
    """One of the contents of an event that was told with several; of the `first` the books know."""

    notice: int
    received_at: datetime
    first: bool
    body: str


def lines(session: Session, market_id: int, *, since: datetime | None = None) -> list[audit.Line]:
    """The lines of a market's trail that tell of such events."""
    return audit.trail(session, market_id, limit=LISTED, acts=(ACT,), since=since)


def differing(session: Session, market_id: int) -> list[Telling]:
    """What a market's channels told otherwise, as they sent it, by event, the first telling first."""
    notices = {line.about["notice"] for line in lines(session, market_id)}
    first = (NOTICE_BODY.c.digest == NOTICE.c.digest).label("first")
    rows = session.connection().execute(
        select(NOTICE.c.id, NOTICE_BODY.c.received_at, first, NOTICE_BODY.c.body)
        .join(NOTICE_BODY, NOTICE_BODY.c.notice_id == NOTICE.c.id)
        .where(NOTICE.c.market_id == market_id, among(NOTICE.c.id, "notices"))
        .order_by(NOTICE.c.id, first.desc(), NOTICE_BODY.c.received_at),
        {"notices": notices},
    )
    return [Telling(row.id, row.received_at, row.first, row.body.decode("utf-8", "replace")) for row in rows]
