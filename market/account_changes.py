"""Changes of stalls' bank accounts whose wait is over take effect by themselves: the sweep asks each minute."""

from datetime import datetime

from sqlmodel import Session

from ledger.refused import Refused
from market.access import audit
from market.db import Database
from merchants.account_changes import Change, carry_out, due


def change_accounts(database: Database, now: datetime) -> int:
    """Carry out what is due in every market, each in a transaction of its own; gives how many accounts were changed."""
    with database.reading() as session:
        waiting = due(session, now)
    done = 0
    for change_id in waiting:
        try:
            with database.writing() as session:
                done += carry_out_noted(session, change_id, now).done_at is not None
        except Refused:
            # Somebody stopped it since it was looked up.
            continue
    return done


def carry_out_noted(session: Session, change_id: int, now: datetime) -> Change:
    """Carry out one change and write it into the audit trail. Raises Refused where it does not wait any more."""
    change = carry_out(session, change_id, now)
    act = "account_changed" if change.done_at is not None else "account_stopped"
    audit.note(session, act, market_id=change.market_id, stall_id=change.stall_id, about=change.about, at=now)
    return change
