"""One line of the audit trail from a page: who is asking and on which device is known already."""

from flask import g
from sqlmodel import Session

from ledger.days import utc_now
from market.access import audit


def noted(
    session: Session, act: str, *, market_id: int | None, stall_id: int | None = None, **about: int | str
) -> None:
    """Note what the person who is asking does: `noted(session, "month_closed", market_id=1, month="2026-10")`."""
    audit.note(
        session,
        act,
        market_id=market_id,
        stall_id=stall_id,
        about=about,
        login_id=g.person.login_id if g.person else None,
        device_id=g.person.device_id if g.person else None,
        at=utc_now(),
    )
