"""The board of chợ Bến Sông with a bank's statements, and the market's webhooks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ledger.days import utc_now
from ledger.inbox.notice import Notice
from market.db import Database
from merchants.payments import Source, take
from merchants.stalls import StallRow

Told = Callable[..., Notice]


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """A browser at the board of chợ Bến Sông."""
    return signed_in("board", market_id=market_id)


@pytest.fixture
def hook(database: Database, channel: Source) -> Callable[..., None]:
    """Has the market's webhooks tell notices."""

    def tell(*notices: Notice) -> None:
        with database.writing() as session:
            take(session, channel, "hook", [(notice, b"{}") for notice in notices], utc_now())

    return tell


@pytest.fixture
def lines(huong: StallRow, told: Told) -> list[Notice]:
    """Three payments to chị Hương, of today and the two days before."""
    return [told(huong, 50_000 + day, at=utc_now() - timedelta(days=day), memo=f"mua cá {day}") for day in range(3)]
