"""One line of the audit trail from a command: no login and no token, for it is done at the computer itself."""

from sqlmodel import Session

from ledger.days import utc_now
from market.access import audit


def noted(
    session: Session, act: str, *, market_id: int | None, stall_id: int | None = None, **about: int | str
) -> None:
    """Note what a command does: `noted(session, "month_closed", market_id=1, month="2026-10", version=1)`."""
    audit.note(session, act, market_id=market_id, stall_id=stall_id, about=about, at=utc_now())
