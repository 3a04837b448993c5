"""Statements and webhooks of chị Hương's account, and the market that takes both."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.receive import waiting
from market.db import Database
from market.deliveries import Summary
from market.statements import import_statement, read_for_market
from merchants.payments import Source, take
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
Bring = Callable[..., Summary]
Told = Callable[..., Notice]


@pytest.fixture
def bring(database: Database, market_id: int) -> Bring:
    """Reads a file as the market does and imports it: `bring(content)`."""

    def read_and_import(content: bytes, *, dry_run: bool = False, **said: Any) -> Summary:
        with database.reading() as session:
            statement = read_for_market(session, market_id, content, "sao-ke", **said)
        return import_statement(database, market_id, statement, now=NOW, dry_run=dry_run)

    return read_and_import


@pytest.fixture
def hook(database: Database, channel: Source) -> Callable[..., list[str]]:
    """Has the market's webhooks tell notices."""

    def tell(*notices: Notice) -> list[str]:
        with database.writing() as session:
            return [one.status for one in take(session, channel, "hook", [(n, b"{}") for n in notices], NOW)]

    return tell


@pytest.fixture
def month(huong: StallRow, told: Told) -> list[Notice]:
    """A month of chị Hương's payments, some of them equal."""
    amounts = itertools.cycle((50_000, 20_000, 50_000, 70_000))
    return [
        told(huong, next(amounts), at=NOW - timedelta(days=day, minutes=20 * number), memo=f"mua ca {number}")
        for day in range(20)
        for number in range(3)
    ]


@pytest.fixture
def held(database: Database, market_id: int) -> Callable[[], list[int]]:
    """The market's held notices, now."""

    def list_held() -> list[int]:
        with database.reading() as session:
            return [one.notice for one in waiting(session, market_id, "held")]

    return list_held
