"""The server seals the books by itself."""

import threading
from datetime import timedelta

from ledger import books
from ledger.books.seals import day_to_seal, newest_seal
from ledger.days import utc_now
from market.background import sweep
from market.db import Database
from merchants.stalls import StallRow


def test_the_first_sweep_seals_the_day_that_ended(database: Database, huong: StallRow) -> None:
    now = utc_now()
    with database.writing() as session:
        books.enter_sale(
            session,
            book_id=huong.book_id,
            amount=5_000,
            cash=True,
            occurred_at=now - timedelta(days=1),
            client_key="sale-0001",
            login_id=None,
            memo="",
            now=now,
        )
    ending = threading.Event()
    ending.set()
    sweep(database, ending, timedelta(days=180))
    with database.reading() as session:
        sealed = newest_seal(session, huong.book_id)
    assert sealed is not None
    assert (sealed.day, sealed.number) == (day_to_seal(now), 1)
