"""kill -9 in the middle of writes: what was acknowledged is in the books, once."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from ledger.inbox.model import NOTICE
from market.db import Database
from tests.market.served import Served, command, market_to_serve

CHANCE = random.Random(16)


@pytest.fixture
def market(database: Database, database_url: str, tmp_path: Path) -> Iterator[Served]:
    with market_to_serve(database, database_url, tmp_path) as served:
        yield served


def test_payments_pour_in_while_worker_and_supervisor_are_killed(market: Served, thorough: bool) -> None:
    market.start()
    with market.pouring() as told:
        for number in range(40 if thorough else 2):
            before = len(told)
            while len(told) == before:
                time.sleep(0.01)
            time.sleep(CHANCE.uniform(0, 0.3))
            market.kill(worker_only=number % 2 == 1)
            if number % 2 == 0:
                market.start()
    market.books_hold(told)


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_payments_pour_in_while_the_server_ends_its_connections(market: Served, thorough: bool) -> None:
    end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
               " AND pid <> pg_backend_pid() AND backend_type = 'client backend'")  # fmt: skip
    market.start()
    with market.pouring() as told:
        for _ in range(60 if thorough else 5):
            before = len(told)
            while len(told) < before + 5:
                time.sleep(0.01)
            with market.database.engine.connect() as connection:
                connection.execute(end)
    market.books_hold(told)


def test_an_import_that_is_killed_goes_on_where_it_was_when_it_is_run_again(
    market: Served, tmp_path: Path, thorough: bool
) -> None:
    bodies = [market.body() for _ in range(20_000 if thorough else 4_000)]
    file = tmp_path / "month.jsonl"
    file.write_bytes(b"\n".join(bodies))
    stored = 0
    for _ in range(20 if thorough else 2):
        importing = command(market, "payment", "import", file, "--channel", market.channel)
        until = time.monotonic() + 60
        while importing.poll() is None and _stored(market) == stored:
            assert time.monotonic() < until, "nothing was stored within a minute"
            time.sleep(0.005)
        importing.kill()
        importing.communicate()
        stored = _stored(market)
        # A batch is whole or not there.
        assert stored % 500 == 0
    last = command(market, "payment", "import", file, "--channel", market.channel)
    assert last.communicate()[1] == b""
    assert last.returncode == 0
    market.books_hold(bodies)


def _stored(market: Served) -> int:
    with market.database.reading() as session:
        return int(session.connection().execute(select(func.count()).select_from(NOTICE)).scalar_one())
