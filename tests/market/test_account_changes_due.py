"""The server carries out changes of accounts by itself, and the trail says so."""

import threading
from datetime import timedelta

from ledger.days import utc_now
from market.access.audit import trail
from market.account_changes import change_accounts
from market.background import sweep
from market.db import Database
from merchants.account_changes import WAIT, ask, stop
from merchants.stalls import StallRow, load_stall


def test_the_sweep_changes_the_account_and_notes_it(database: Database, huong: StallRow) -> None:
    asked = utc_now() - WAIT - timedelta(minutes=1)
    with database.writing() as session:
        change = ask(session, huong, bank="MB", number="0777700001", name="LE THI HUONG", login_id=7, now=asked)
    ending = threading.Event()
    ending.set()
    sweep(database, ending, timedelta(days=180))
    with database.reading() as session:
        assert load_stall(session, huong.id).account_number == "0777700001"
        [line] = trail(session, huong.market_id, limit=9)
    assert (line.act, line.stall, line.about) == ("account_changed", "C-01", change.about)


def test_what_was_stopped_is_not_carried_out(database: Database, huong: StallRow) -> None:
    now = utc_now()
    with database.writing() as session:
        change = ask(session, huong, bank="MB", number="0777700001", name="LE THI HUONG", login_id=7, now=now)
        stop(session, change.id, login_id=7, now=now)
    assert change_accounts(database, now + WAIT) == 0
