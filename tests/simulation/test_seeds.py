"""A market simulated from a seed: everything that may go wrong does, in an order that the seed decides.

A failing seed is named in the test's own name, and replays alone: `python3 run.py test tests/simulation --seed 17`.
"""

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, update

from market.db import Database
from merchants.model import STALL
from merchants.payments import Source
from merchants.stalls import StallRow
from tests.simulation.market import Market
from tests.simulation.truth import tellers

QUICK = {"sqlite": 40, "postgresql": 4}
THOROUGH = {"sqlite": 3000, "postgresql": 60}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = metafunc.config.getoption("--seed")
    many = THOROUGH if metafunc.config.getoption("--thorough") else QUICK
    metafunc.parametrize(
        ("dialect", "seed"),
        [
            (dialect, seed)
            for dialect, count in many.items()
            for seed in (range(1, count + 1) if chosen is None else [chosen])
        ],
    )


@pytest.fixture(autouse=True)
def quick_and_quiet(engine: Engine, dialect: str, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The disk itself is not what is tried here."""
    caplog.set_level(logging.CRITICAL, "merchants.payments")

    def hurry(connection: object, record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF").close()  # type: ignore[attr-defined]

    if dialect == "postgresql":
        yield
        return
    event.listen(engine, "connect", hurry)
    yield
    event.remove(engine, "connect", hurry)


@pytest.fixture
def five_stalls(
    database: Database, add_stall: Callable[..., StallRow], market_id: int, huong: StallRow, tu: StallRow
) -> list[StallRow]:
    """Chị Hương, anh Tư, two stalls that share an account, and one that counts only payments with its reference."""
    shared = [add_stall(market_id, code, "970436", "0777700001") for code in ("R-01", "R-02")]
    coded = add_stall(market_id, "X-01", "970436", "0777700003")
    with database.writing() as session:
        session.connection().execute(update(STALL).where(STALL.c.id == coded.id).values(coded_only=True))
    return [huong, tu, *shared, replace(coded, coded_only=True)]


def test_every_dong_is_booked_once_whatever_happens(
    database: Database, five_stalls: list[StallRow], channel: Source, seed: int
) -> None:
    channels = [replace(channel, channel_id=channel.channel_id + number) for number in range(4)]
    market = Market(database, five_stalls, tellers(random.Random(seed), channels), seed)
    for _ in range(40):
        market.step()
    market.finish()
    market.must_be_true()
