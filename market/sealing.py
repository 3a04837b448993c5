"""Sealing the books of every market once a day, whoever asks: the server's sweep or a person at the command line."""

from datetime import datetime

from ledger.books.seals import seal_books, unsealed
from market.db import Database


def seal_days(database: Database, now: datetime) -> int:
    """Seal what is unsealed of the local day that ended last, a market a transaction; gives how many books that were.

    Cheap where nothing is to do, so the sweep calls it each minute: at the start, and soon after each midnight.
    """
    with database.reading() as session:
        markets = sorted(unsealed(session, now))
    sealed = 0
    for market_id in markets:
        with database.writing() as session:
            sealed += seal_books(session, market_id, now=now)
    return sealed
