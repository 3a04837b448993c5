"""Changes of stalls' bank accounts whose wait is over take effect by themselves: the sweep asks each minute."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from ledger.refused import Refused
from market.access import audit
from market.db import Database
from market.model import LOGIN
from merchants.account_changes import Change, carry_out, changes_of, due


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


def changes_told(session: Session, stall_id: int) -> list[tuple[Change, str | None, str | None]]:
    """Every change that was asked for at a stall, the newest first, with the names of who asked for it and of who
    stopped it; None where nobody did or it was done at the computer itself."""
    changes = changes_of(session, stall_id)
    ids = {login_id for change in changes for login_id in (change.asked_by, change.stopped_by)} - {None}
    rows = session.connection().execute(select(LOGIN.c.id, LOGIN.c.name).where(LOGIN.c.id.in_(ids)))
    names: dict[int | None, str] = {row.id: row.name for row in rows}
    return [(change, names.get(change.asked_by), names.get(change.stopped_by)) for change in reversed(changes)]
