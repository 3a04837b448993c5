"""The webhook door: what a provider is answered, and what is in the books then."""

import hashlib
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from ledger.books.model import ENTRY
from ledger.days import utc_now
from ledger.inbox.model import NOTICE, NOTICE_BODY
from market.channels import add_channel, switch_off
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.secret_key import seal
from market.web.app import create_app
from merchants.stalls import StallRow

KEY = "k" * 40
SECRET = "khóa của ban quản lý"


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Flask:
    environment = {"CHO_DATA": str(tmp_path), "CHO_SECRET_KEY": KEY}
    opened = Installation(Settings.from_environment(environment))
    opened.__dict__["database"] = database
    return create_app(opened)


def _channel(database: Database, market_id: int, auth: str, secret: str | None = SECRET) -> int:
    with database.writing() as session:
        return add_channel(
            session,
            provider="sepay",
            market_id=market_id,
            stall_id=None,
            auth=auth,
            sealed_secret=None if secret is None else seal(KEY, secret),
            now=utc_now(),
        )


@pytest.fixture
def hook(database: Database, market_id: int) -> int:
    """A channel that proves itself by its key."""
    return _channel(database, market_id, "apikey")


def _post(app: Flask, channel_id: int, body: bytes, **headers: str) -> TestResponse:
    headers.setdefault("Authorization", f"Apikey {SECRET}".encode().decode("latin-1"))
    return app.test_client().post(f"/hooks/{channel_id}", data=body, headers=headers, content_type="application/json")


@pytest.fixture
def body(sepay_body: Callable[..., bytes], huong: StallRow) -> bytes:
    """A payment of chị Hương's."""
    return sepay_body(id=71, accountNumber=huong.account_number, gateway="", transferAmount=50_000)


def _count(database: Database, table: Any) -> int:
    with database.reading() as session:
        return int(session.connection().execute(select(func.count()).select_from(table)).scalar_one())


def test_a_payment_is_recorded(app: Flask, database: Database, hook: int, body: bytes) -> None:
    answer = _post(app, hook, body)
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "recorded"})
    assert _count(database, ENTRY) == 1


def test_told_again_it_is_a_duplicate_and_stays_one_entry(
    app: Flask, database: Database, hook: int, body: bytes
) -> None:
    _post(app, hook, body)
    answer = _post(app, hook, body)
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "duplicate"})
    assert _count(database, ENTRY) == 1


def test_told_again_with_another_amount_it_is_kept_and_not_booked(
    app: Flask, database: Database, hook: int, body: bytes
) -> None:
    _post(app, hook, body)
    answer = _post(app, hook, json.dumps({**json.loads(body), "transferAmount": 5}).encode())
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "duplicate"})
    assert (_count(database, ENTRY), _count(database, NOTICE_BODY)) == (1, 2)


def test_thirty_deliveries_at_once_are_one_entry(app: Flask, database: Database, hook: int, body: bytes) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: _post(app, hook, body), range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted((answer.json or {})["status"] for answer in answers) == ["duplicate"] * 29 + ["recorded"]
    assert _count(database, ENTRY) == 1


def test_an_account_nobody_has_is_unmatched(
    app: Flask, hook: int, sepay_body: Callable[..., bytes], huong: StallRow
) -> None:
    answer = _post(app, hook, sepay_body(id=72, accountNumber="999000111"))
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "unmatched"})


def test_money_going_out_is_ignored(app: Flask, hook: int, body: bytes) -> None:
    answer = _post(app, hook, json.dumps({**json.loads(body), "transferType": "out"}).encode())
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "ignored"})


@pytest.mark.parametrize("said", ["", "Apikey", "Apikey wrong", "Bearer wrong"])
def test_a_wrong_key_is_401_and_nothing_is_stored(
    app: Flask, database: Database, hook: int, body: bytes, said: str
) -> None:
    assert _post(app, hook, body, Authorization=said).status_code == 401
    assert _count(database, NOTICE) == 0


def test_a_channel_without_a_secret_takes_nothing(app: Flask, database: Database, market_id: int, body: bytes) -> None:
    assert _post(app, _channel(database, market_id, "apikey", None), body).status_code == 401


def _signed(body: bytes, seconds_ago: int = 0, over: bytes | None = None) -> dict[str, str]:
    stamped = str(int(utc_now().timestamp()) - seconds_ago)
    said = stamped.encode() + b"." + (body if over is None else over)
    signature = hmac.new(SECRET.encode(), said, hashlib.sha256).hexdigest()
    return {"X-SePay-Timestamp": stamped, "X-SePay-Signature": f"sha256={signature}"}


def test_a_signature_over_time_and_raw_body_is_taken(
    app: Flask, database: Database, market_id: int, body: bytes
) -> None:
    assert _post(app, _channel(database, market_id, "hmac"), body, **_signed(body)).status_code == 200


@pytest.mark.parametrize("seconds_ago", [301, -302])
def test_a_signature_older_or_newer_than_five_minutes_is_401(
    app: Flask, database: Database, market_id: int, body: bytes, seconds_ago: int
) -> None:
    channel_id = _channel(database, market_id, "hmac")
    assert _post(app, channel_id, body, **_signed(body, seconds_ago)).status_code == 401


def test_a_signature_over_the_same_json_written_otherwise_is_401(
    app: Flask, database: Database, market_id: int, body: bytes
) -> None:
    channel_id = _channel(database, market_id, "hmac")
    otherwise = json.dumps(json.loads(body), indent=1).encode()
    assert _post(app, channel_id, body, **_signed(body, over=otherwise)).status_code == 401


def test_what_is_no_body_of_the_provider_is_400(app: Flask, hook: int) -> None:
    answer = _post(app, hook, b"{")
    assert answer.status_code == 400
    assert "not JSON" in (answer.json or {})["error"]


def test_a_body_over_64_kib_is_413(app: Flask, hook: int) -> None:
    assert _post(app, hook, b" " * (64 * 1024 + 1)).status_code == 413


def test_another_content_type_is_415(app: Flask, hook: int, body: bytes) -> None:
    answer = app.test_client().post(f"/hooks/{hook}", data=body, content_type="text/plain")
    assert answer.status_code == 415


def test_an_unknown_channel_is_404(app: Flask, hook: int, body: bytes) -> None:
    assert _post(app, hook + 1, body).status_code == 404


def test_a_channel_that_is_off_is_404(app: Flask, database: Database, hook: int, body: bytes) -> None:
    with database.writing() as session:
        switch_off(session, hook)
    assert _post(app, hook, body).status_code == 404


def test_what_cannot_be_stored_is_503_so_that_the_provider_tries_again(
    app: Flask, database: Database, hook: int, body: bytes
) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE notice_body RENAME TO notice_body_gone")
    answer = _post(app, hook, body)
    with database.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE notice_body_gone RENAME TO notice_body")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert _count(database, NOTICE) == 0
    assert (_post(app, hook, body).json or {})["status"] == "recorded"
