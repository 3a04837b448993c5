"""What every test may ask for: both databases for real, the people of two markets, and the notices banks send them."""

import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from sqlalchemy import Dialect, Engine, event, insert, make_url
from sqlmodel import Session

from ledger.days import local_date
from ledger.inbox.notice import Notice
from market.db import Database, migrate, open_engine
from market.model import CHANNEL, MARKET
from merchants.payments import Source
from merchants.stalls import NewStall, StallRow, find_stall, register
from merchants.takings import Actor
from tests.postgresql import Server, running_server

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NUMBER_KEY = bytes(32)
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile("thorough", max_examples=2000, deadline=None, database=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="many more random examples; takes minutes")
    parser.addoption("--seed", type=int, help="the one seed that tests/simulation is to replay")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("thorough" if config.getoption("--thorough") else "quick")


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether the run was asked to try many more random examples."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, made once and copied for every test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of this run's own, with a migrated database to copy."""
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which of the two databases a test runs on; every test that asks for one runs on both."""
    return str(request.param)


@pytest.fixture
def empty_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a table."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    server: Server = request.getfixturevalue("postgresql")
    name = server.create(f"test_{uuid4().hex}")
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of the test's own, with nothing in its tables."""
    if dialect == "sqlite":
        path = tmp_path / "cho.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgresql")
    name = server.lend()
    yield server.url_of(name)
    server.take_back(name)


@pytest.fixture(scope="session")
def engines() -> dict[str, tuple[Engine, list[str]]]:
    """By dialect, the one engine that all tests share, for it knows every statement once it was compiled; and the URL
    of the database that it connects to at the moment."""
    return {}


@pytest.fixture
def database(dialect: str, database_url: str, engines: dict[str, tuple[Engine, list[str]]]) -> Iterator[Database]:
    """A migrated database of the test's own."""
    if dialect not in engines:
        engines[dialect] = _roaming(database_url)
    engine, urls = engines[dialect]
    urls[:] = [database_url]
    yield Database(engine, lambda: NUMBER_KEY)
    engine.dispose()


def _roaming(url: str) -> tuple[Engine, list[str]]:
    engine, urls = open_engine(url), [url]

    def on_connect(dialect: Dialect, record: object, arguments: list[Any], options: dict[str, Any]) -> None:
        arguments[:], place = dialect.create_connect_args(make_url(urls[0]))
        options.update(place)

    event.listen(engine, "do_connect", on_connect)
    return engine, urls


@pytest.fixture
def engine(database: Database) -> Engine:
    """Its engine, for what the program itself never does."""
    return database.engine


# The people. Chị Hương sells fish and anh Tư sells rice in one market; its board, the board of another market and a
# stranger look on.


def _market(database: Database, slug: str, name: str) -> int:
    with database.writing() as session:
        market_id: int = (
            session.connection()
            .execute(
                insert(MARKET)
                .values(slug=slug, name=name, city="", unit_code="", phone="", target=None, created_at=NOW)
                .returning(MARKET.c.id)
            )
            .scalar_one()
        )
    return market_id


@pytest.fixture
def market_id(database: Database) -> int:
    """The market of chị Hương and anh Tư."""
    return _market(database, "ben-song", "Chợ Bến Sông")


@pytest.fixture
def other_market_id(database: Database, market_id: int) -> int:
    """Another market of the province."""
    return _market(database, "chan-nui", "Chợ Chân Núi")


@pytest.fixture
def add_stall(database: Database) -> Callable[..., StallRow]:
    """Registers a stall: `add_stall(market_id, "C-01", "970436", "0123499999", now=NOW)`."""

    def add(market_id: int, code: str, bank_bin: str, account_number: str, *, now: datetime = NOW) -> StallRow:
        stall = NewStall(code, f"Sạp {code}", "", "", "", "", bank_bin, account_number, "")
        with database.writing() as session:
            register(session, market_id, [stall], source=random.Random(f"{market_id} {code}"), now=now)
            return find_stall(session, market_id, code)

    return add


@pytest.fixture
def huong(add_stall: Callable[..., StallRow], market_id: int) -> StallRow:
    """Chị Hương's fish stall, paid to an account at Vietcombank."""
    return add_stall(market_id, "C-01", "970436", "0123499999")


@pytest.fixture
def tu(add_stall: Callable[..., StallRow], market_id: int, huong: StallRow) -> StallRow:
    """Anh Tư's rice stall, paid to an account at MB Bank."""
    return add_stall(market_id, "G-02", "970422", "0888800002")


@pytest.fixture
def huong_herself(huong: StallRow) -> Actor:
    """Chị Hương, who owns her stall."""
    return Actor(login_id=1, stalls=frozenset({huong.id}))


@pytest.fixture
def tu_himself(tu: StallRow) -> Actor:
    """Anh Tư, who owns his."""
    return Actor(login_id=2, stalls=frozenset({tu.id}))


@pytest.fixture
def board(market_id: int) -> Actor:
    """The board of their market."""
    return Actor(login_id=3, board_of=market_id)


@pytest.fixture
def other_board(other_market_id: int) -> Actor:
    """The board of the other market."""
    return Actor(login_id=4, board_of=other_market_id)


@pytest.fixture
def stranger() -> Actor:
    """Somebody with a login and nothing else."""
    return Actor(login_id=5)


@pytest.fixture
def channel(database: Database, market_id: int) -> Source:
    """The market's SePay channel."""
    with database.writing() as session:
        channel_id: int = (
            session.connection()
            .execute(
                insert(CHANNEL)
                .values(market_id=market_id, provider="sepay", auth="apikey", status="on", created_at=NOW)
                .returning(CHANNEL.c.id)
            )
            .scalar_one()
        )
    return Source(channel_id, market_id)


@pytest.fixture
def session(database: Database, huong: StallRow, tu: StallRow, channel: Source) -> Iterator[Session]:
    """One write transaction, begun after both stalls and the channel are there, committed at the end of the test."""
    with database.writing() as opened:
        yield opened


@pytest.fixture
def told() -> Callable[..., Notice]:
    """Makes what a bank says: `told(huong, 50_000)`, with a new event id and a new bank reference each time."""
    numbers = itertools.count(1)

    def tell(stall: StallRow, amount: int, *, at: datetime | None = NOW, **changes: Any) -> Notice:
        number = next(numbers)
        said: dict[str, Any] = {
            "event_id": str(number),
            "account_number": stall.account_number,
            "bank": stall.bin,
            "amount": amount,
            "direction": "in",
            "bank_reference": f"FT{number:08}",
            "at": at,
            "local_date": local_date(at or NOW),
            **changes,
        }
        return Notice(**said)

    return tell


@pytest.fixture
def sepay_body() -> Callable[..., bytes]:
    """Makes a body as SePay posts it: `sepay_body(transferAmount=50_000)`."""
    numbers = itertools.count(92_704)

    def make(**changes: object) -> bytes:
        said: dict[str, object] = {
            "id": next(numbers),
            "gateway": "Vietcombank",
            "transactionDate": "2026-11-24 08:00:00",
            "accountNumber": "0123499999",
            "code": None,
            "content": "chuyen tien mua ca",
            "transferType": "in",
            "transferAmount": 50_000,
            "accumulated": 0,
            "subAccount": None,
            "referenceCode": "MBVCB.3278907687",
            "description": "",
        }
        return json.dumps({**said, **changes}, ensure_ascii=False).encode()

    return make
