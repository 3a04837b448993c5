"""A full disk, a locked database, a deadlock: the provider is told to come back, and then it is booked once."""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, func, select, text, update
from werkzeug.test import TestResponse

from ledger.books.model import BOOK, ENTRY
from ledger.books.verify import verify
from ledger.days import utc_now
from ledger.inbox.model import NOTICE, NOTICE_BODY
from market import db
from market.channels import add_channel
from market.db import Database, open_engine
from market.installation import Installation
from market.model import CHANNEL
from market.secret_key import seal
from market.web import hooks
from market.web.app import create_app
from merchants.stalls import StallRow
from tests.conftest import NUMBER_KEY

SECRET = "khoá của kênh"


@pytest.fixture
def door(
    client: FlaskClient, database: Database, installation: Installation, market_id: int, huong: StallRow
) -> Callable[..., TestResponse]:
    """Posts a body to the market's channel; `by` is another browser's application."""
    with database.writing() as session:
        channel = add_channel(
            session,
            provider="sepay",
            market_id=market_id,
            stall_id=None,
            auth="apikey",
            sealed_secret=seal(installation.key, SECRET),
            now=utc_now(),
        )
    headers = {"Authorization": f"Apikey {SECRET}".encode().decode("latin-1"), "Content-Type": "application/json"}

    def post(body: bytes, by: FlaskClient = client) -> TestResponse:
        return by.post(f"/hooks/{channel}", data=body, headers=headers)

    return post


def _rows(database: Database) -> list[int]:
    with database.reading() as session:
        tables = (NOTICE, NOTICE_BODY, ENTRY)
        assert verify(session).findings == []
        return [session.connection().execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def _try_again(answer: TestResponse) -> bool:
    return answer.status_code == 503 and answer.headers["Retry-After"] == "10"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_on_a_full_disk_nothing_is_half_written_and_the_next_try_is_booked_once(
    door: Callable[..., TestResponse], database: Database, sepay_body: Callable[..., bytes]
) -> None:
    def fill(connection: Any, record: object) -> None:
        connection.execute("PRAGMA max_page_count=1").close()  # as many pages as there are, and no more

    event.listen(database.engine, "connect", fill)
    database.engine.dispose()
    told: list[bytes] = []
    try:
        # There is some room left in the last pages.
        for _ in range(200):
            told.append(sepay_body(content="tien ca " * 200, referenceCode=f"FT{len(told)}"))
            if (answer := door(told[-1])).status_code != 200:
                break
    finally:
        event.remove(database.engine, "connect", fill)
    assert _try_again(answer)
    assert _rows(database) == [len(told) - 1] * 3
    database.engine.dispose()
    assert (door(told[-1]).json or {})["status"] == "recorded"
    assert (door(told[-1]).json or {})["status"] == "duplicate"
    assert _rows(database) == [len(told)] * 3


@pytest.fixture
def impatient(
    dialect: str, database_url: str, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlaskClient]:
    """A stranger's browser at an application that waits for no lock longer than a moment."""
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.3)
    engine = open_engine(database_url)
    other = Installation(installation.settings)
    other.database = Database(engine, lambda: NUMBER_KEY)
    yield create_app(other).test_client()
    engine.dispose()


def test_a_writer_that_holds_the_lock_for_too_long_is_given_up_on(
    door: Callable[..., TestResponse], impatient: FlaskClient, database: Database, sepay_body: Callable[..., bytes]
) -> None:
    body = sepay_body()
    with database.writing() as session:
        session.connection().execute(select(BOOK).with_for_update())
        assert _try_again(door(body, impatient))
    assert _rows(database) == [0, 0, 0]
    assert (door(body, impatient).json or {})["status"] == "recorded"
    assert (door(body, impatient).json or {})["status"] == "duplicate"
    assert _rows(database) == [1, 1, 1]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_many_that_wait_for_one_lock_wait_together_and_not_one_after_another(
    door: Callable[..., TestResponse], impatient: FlaskClient, database: Database, sepay_body: Callable[..., bytes]
) -> None:
    began: list[object] = []
    event.listen(impatient.application.extensions["cho"].database.engine, "begin", began.append)
    together = threading.Barrier(12)
    answers: list[TestResponse] = []

    def deliver(body: bytes) -> None:
        together.wait()
        answers.append(door(body, impatient.application.test_client()))

    with database.writing() as session:
        session.connection().execute(select(BOOK).with_for_update())
        threads = [threading.Thread(target=deliver, args=(sepay_body(),)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [_try_again(answer) for answer in answers] == [True] * 12
    # Each looks for its channel, and few come so far as to wait for the other program's lock.
    assert len(began) < 12 + 12


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_webhook_that_a_deadlock_undid_is_done_anew_and_never_parked(
    door: Callable[..., TestResponse], database: Database, market_id: int, sepay_body: Callable[..., bytes]
) -> None:
    # Whoever waits longest looks for a ring first, and is the one that is undone: here the webhook.
    look_later = _look_for_a_ring_after("2s")
    event.listen(database.engine, "connect", look_later)
    database.engine.dispose()
    rival = database.engine.connect()
    rival.execute(text("SET LOCAL deadlock_timeout = '1min'"))
    rival.execute(select(BOOK).with_for_update())
    answers: list[TestResponse] = []
    delivering = threading.Thread(target=lambda: answers.append(door(sepay_body())))
    delivering.start()
    _wait_for_a_lock(database.engine)
    # The webhook has the account and waits for the book; its rival has the book and waits for the account.
    rival.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('0123499999', :market))"), {"market": market_id})
    rival.rollback()
    rival.close()
    delivering.join(60)
    event.remove(database.engine, "connect", look_later)
    assert (answers[0].json or {})["status"] == "recorded"
    assert _rows(database) == [1, 1, 1]


def _look_for_a_ring_after(time_out: str) -> Callable[[Any, object], None]:
    def on_connect(connection: Any, record: object) -> None:
        connection.execute(f"SET deadlock_timeout = '{time_out}'")
        connection.commit()

    return on_connect


def _wait_for_a_lock(engine: Engine) -> None:
    with engine.connect() as connection:
        for _ in range(3000):
            waiting = connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one()
            if waiting:
                return
            time.sleep(0.02)
    pytest.fail("nobody waited for a lock")


def test_a_clock_that_is_wrong_is_named_to_the_provider_that_signed(
    client: FlaskClient,
    database: Database,
    installation: Installation,
    market_id: int,
    sepay_body: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with database.writing() as session:
        channel = add_channel(
            session,
            provider="sepay",
            market_id=market_id,
            stall_id=None,
            auth="hmac",
            sealed_secret=seal(installation.key, SECRET),
            now=utc_now(),
        )
    body, stamped = sepay_body(), str(int(utc_now().timestamp()))
    signed = hmac.new(SECRET.encode(), stamped.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-SePay-Timestamp": stamped, "X-SePay-Signature": f"sha256={signed}"}
    monkeypatch.setattr(hooks, "utc_now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    answer = client.post(f"/hooks/{channel}", data=body, headers=headers, content_type="application/json")
    assert answer.status_code == 401
    assert "this machine's clock says 2020-01-01T00:00:00.000000Z" in (answer.json or {})["error"]
    assert _rows(database) == [0, 0, 0]


def test_a_channel_that_was_heard_by_a_clock_that_was_ahead_is_heard_anew(
    door: Callable[..., TestResponse], database: Database, sepay_body: Callable[..., bytes]
) -> None:
    with database.writing() as session:
        session.connection().execute(update(CHANNEL).values(last_heard_at=utc_now() + timedelta(days=900)))
    door(sepay_body())
    with database.reading() as session:
        heard_at = session.connection().execute(select(CHANNEL.c.last_heard_at)).scalar_one()
    assert abs(utc_now() - heard_at) < timedelta(minutes=5)
