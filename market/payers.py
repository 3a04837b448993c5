"""Who paid is not kept longer than the market says: the server's sweep forgets it once a day."""

from datetime import datetime

from ledger.inbox.retention import delete_bodies
from market.db import Database


def forget_payers(database: Database, *, before: datetime) -> int:
    """Delete the bodies of settled notices that came before a moment, a batch a transaction; gives how many."""
    gone, after = 0, 0
    while True:
        with database.writing() as session:
            deleted, then = delete_bodies(session, before=before, after=after)
        gone += deleted
        if then is None:
            # Also where nothing went now: a `stall forget` at the computer may have left its traces.
            database.begin_journal_anew()
            return gone
        after = then
