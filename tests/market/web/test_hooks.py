"""A provider's webhook, from the request to the entry: proven, stored, booked, answered."""

import hashlib
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from ledger.books.model import ENTRY
from ledger.days import utc_now
from ledger.inbox.model import NOTICE, NOTICE_BODY
from market.channels import add_channel, find_channel, switch_off
from market.db import Database
from market.installation import Installation
from market.secret_key import seal
from market.web import hooks
from merchants.stalls import StallRow

SECRET = "khoá của kênh"


@pytest.fixture
def door(database: Database, installation: Installation, market_id: int, huong: StallRow) -> Callable[..., int]:
    """Adds a channel and gives its id: `door("hmac")`; `stall` is the one it credits; without a secret: None."""

    def add(auth: str = "apikey", *, stall: StallRow | None = None, secret: str | None = SECRET) -> int:
        with database.writing() as session:
            return add_channel(
                session,
                provider="sepay",
                market_id=market_id,
                stall_id=stall.id if stall else None,
                auth=auth,
                sealed_secret=None if secret is None else seal(installation.key, secret),
                now=utc_now(),
            )

    return add


def _call(client: FlaskClient, channel: int, body: bytes, **headers: str) -> TestResponse:
    said = {"Authorization": f"Apikey {SECRET}".encode().decode("latin-1"), "Content-Type": "application/json"}
    return client.post(f"/hooks/{channel}", data=body, headers={**said, **headers})


def _signed(body: bytes, *, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(utc_now().timestamp()) if at is None else at)
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-SePay-Timestamp": stamp, "X-SePay-Signature": f"sha256={signature}", "Content-Type": "application/json"}


def _rows(database: Database, table: Any) -> int:
    with database.reading() as session:
        return int(session.connection().execute(select(func.count()).select_from(table)).scalar_one())


def test_a_payment_is_recorded_when_it_is_answered(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    answer = _call(client, door(), sepay_body())
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "recorded"})
    assert _rows(database, ENTRY) == 1


def test_the_body_is_kept_byte_for_byte(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    body = b" " + sepay_body(content="mua cá  ") + b"\r\n"
    _call(client, door(), body)
    with database.reading() as session:
        assert bytes(session.connection().execute(select(NOTICE_BODY.c.body)).scalar_one()) == body


def test_the_same_event_again_is_a_duplicate_and_200(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    channel, body = door(), sepay_body()
    _call(client, channel, body)
    answer = _call(client, channel, body)
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "duplicate"})
    assert _rows(database, ENTRY) == 1


def test_the_same_event_with_another_amount_is_kept_and_never_booked(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    channel = door()
    _call(client, channel, sepay_body(id=7, transferAmount=50_000))
    answer = _call(client, channel, sepay_body(id=7, transferAmount=90_000))
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "duplicate"})
    assert (_rows(database, NOTICE), _rows(database, NOTICE_BODY), _rows(database, ENTRY)) == (1, 2, 1)


def test_thirty_deliveries_of_one_event_at_once_are_one_entry(
    app: Flask, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    channel, body = door(), sepay_body()

    def deliver(_: int) -> tuple[int, str]:
        answer = _call(app.test_client(), channel, body)
        assert answer.json is not None
        return answer.status_code, answer.json["status"]

    with ThreadPoolExecutor(30) as pool:
        answers = sorted(pool.map(deliver, range(30)))
    assert answers == [(200, "duplicate")] * 29 + [(200, "recorded")]
    assert _rows(database, ENTRY) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"transferType": "out"}, "ignored"),
        ({"id": 0}, "ignored"),
        ({"accountNumber": "999999999"}, "unmatched"),
    ],
)
def test_what_is_no_payment_of_a_stall_is_200_too(
    client: FlaskClient,
    database: Database,
    door: Callable[..., int],
    sepay_body: Callable[..., bytes],
    changes: dict[str, Any],
    status: str,
) -> None:
    answer = _call(client, door(), sepay_body(**changes))
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": status})
    assert (_rows(database, NOTICE), _rows(database, ENTRY)) == (1, 0)


def test_a_stalls_own_channel_credits_no_other_stall(
    client: FlaskClient, door: Callable[..., int], tu: StallRow, sepay_body: Callable[..., bytes]
) -> None:
    answer = _call(client, door(stall=tu), sepay_body())
    assert answer.json == {"success": True, "status": "unmatched"}


def test_what_cannot_be_booked_now_is_pending_and_kept(
    client: FlaskClient,
    database: Database,
    door: Callable[..., int],
    sepay_body: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise RuntimeError("a fault while booking")

    monkeypatch.setattr("ledger.books.post", fail)
    answer = _call(client, door(), sepay_body())
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "pending"})
    assert (_rows(database, NOTICE), _rows(database, ENTRY)) == (1, 0)


def test_a_signature_of_this_minute_is_taken(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    body = sepay_body()
    answer = client.post(f"/hooks/{door('hmac')}", data=body, headers=_signed(body))
    assert answer.json == {"success": True, "status": "recorded"}


@pytest.mark.parametrize("away", [-280, 280])
def test_a_clock_may_be_off_by_less_than_five_minutes(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes], away: int
) -> None:
    body = sepay_body()
    headers = _signed(body, at=int(utc_now().timestamp()) + away)
    assert client.post(f"/hooks/{door('hmac')}", data=body, headers=headers).status_code == 200


@pytest.mark.parametrize("away", [-330, -301, 302, 330])
def test_an_old_signature_and_one_of_the_future_are_refused(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes], away: int
) -> None:
    body = sepay_body()
    headers = _signed(body, at=int(utc_now().timestamp()) + away)
    assert client.post(f"/hooks/{door('hmac')}", data=body, headers=headers).status_code == 401
    assert _rows(database, NOTICE) == 0


def test_a_signature_over_the_same_json_written_otherwise_is_refused(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    body = sepay_body()
    headers = _signed(json.dumps(json.loads(body), indent=1).encode())
    assert client.post(f"/hooks/{door('hmac')}", data=body, headers=headers).status_code == 401


def test_a_signature_over_another_body_is_refused(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    headers = _signed(sepay_body(id=1))
    answer = client.post(f"/hooks/{door('hmac')}", data=sepay_body(id=1, transferAmount=1), headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Apikey"},
        {"Authorization": "Apikey sai"},
        {"Authorization": SECRET.encode().decode("latin-1")},
        {"Authorization": f"Bearer {SECRET}".encode().decode("latin-1")},
        {"Authorization": "Apikey \udcff".encode("utf-8", "surrogateescape").decode("latin-1")},
    ],
)
def test_without_the_key_nothing_is_taken(
    client: FlaskClient,
    database: Database,
    door: Callable[..., int],
    sepay_body: Callable[..., bytes],
    headers: dict[str, str],
) -> None:
    answer = _call(client, door(), sepay_body(), **headers)
    assert answer.status_code == 401
    assert answer.json is not None and answer.json["success"] is False
    assert _rows(database, NOTICE) == 0


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", "9" * 40, "٣"])
def test_a_timestamp_that_is_none_is_refused(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes], stamp: str
) -> None:
    body = sepay_body()
    headers = _signed(body) | {"X-SePay-Timestamp": stamp.encode().decode("latin-1")}
    assert client.post(f"/hooks/{door('hmac')}", data=body, headers=headers).status_code == 401


def test_a_key_does_not_open_a_channel_that_asks_for_signatures(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    assert _call(client, door("hmac"), sepay_body()).status_code == 401


def test_a_channel_without_a_secret_takes_nothing(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    assert _call(client, door(secret=None), sepay_body(), Authorization="Apikey ").status_code == 401


@pytest.mark.parametrize("path", ["/hooks/999", "/hooks/99999999999999999999999", "/hooks/x"])
def test_no_such_channel_is_404(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes], path: str
) -> None:
    door()
    answer = client.post(path, data=sepay_body(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 404


def test_a_channel_that_is_off_is_404(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    channel = door()
    with database.writing() as session:
        switch_off(session, channel)
    assert _call(client, channel, sepay_body()).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"{}",
        b"\xff\xfe",
        b"[" * 60_000,
        json.dumps({"transferAmount": "50.000", "transferType": "in", "accountNumber": "1"}).encode(),
    ],
)
def test_what_cannot_be_read_is_400(client: FlaskClient, door: Callable[..., int], body: bytes) -> None:
    answer = _call(client, door(), body)
    assert answer.status_code == 400
    assert answer.json is not None and answer.json["error"]


def test_it_is_said_what_is_wrong_with_a_body(client: FlaskClient, door: Callable[..., int]) -> None:
    answer = _call(client, door(), b"{")
    assert answer.json is not None and "not JSON" in answer.json["error"]


def test_a_form_is_415(client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes]) -> None:
    answer = _call(client, door(), sepay_body(), **{"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 415


def test_json_with_a_charset_is_json(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    answer = _call(client, door(), sepay_body(), **{"Content-Type": "application/json; charset=utf-8"})
    assert answer.status_code == 200


def test_64_kib_are_taken_and_one_byte_more_is_413(
    client: FlaskClient, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    channel, body = door(), sepay_body()
    assert _call(client, channel, body + b" " * (64 * 1024 - len(body))).status_code == 200
    assert _call(client, channel, body + b" " * (64 * 1024 - len(body) + 1)).status_code == 413


def test_a_body_too_large_is_413_before_anybody_proves_anything(client: FlaskClient, door: Callable[..., int]) -> None:
    assert _call(client, door(), b" " * 70_000, Authorization="").status_code == 413


def test_what_could_not_be_stored_is_503_so_that_the_provider_tries_again(
    client: FlaskClient,
    database: Database,
    door: Callable[..., int],
    sepay_body: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    channel, body = door(), sepay_body()
    with monkeypatch.context() as patch:
        patch.setattr(hooks, "take", full)
        answer = _call(client, channel, body)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert answer.json is not None and answer.json["success"] is False
    assert _call(client, channel, body).json == {"success": True, "status": "recorded"}


def test_a_notice_whose_body_cannot_be_stored_is_not_stored_itself(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    channel, body = door(), sepay_body()
    with database.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE notice_body RENAME TO notice_body_gone")
    answer = _call(client, channel, body)
    with database.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE notice_body_gone RENAME TO notice_body")
    assert (answer.status_code, _rows(database, NOTICE)) == (503, 0)
    assert _call(client, channel, body).json == {"success": True, "status": "recorded"}


def test_the_channel_has_been_heard(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    channel = door()
    _call(client, channel, sepay_body())
    with database.reading() as session:
        heard_at = find_channel(session, channel).last_heard_at
    assert heard_at is not None
    assert abs(utc_now() - heard_at) < timedelta(minutes=5)


def test_a_refused_call_is_not_heard(
    client: FlaskClient, database: Database, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    channel = door()
    _call(client, channel, sepay_body(), Authorization="Apikey sai")
    with database.reading() as session:
        assert find_channel(session, channel).last_heard_at is None


def test_a_webhook_needs_no_form_token_and_sets_no_cookie(
    app: Flask, door: Callable[..., int], sepay_body: Callable[..., bytes]
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = _call(app.test_client(), door(), sepay_body())
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_the_secret_is_in_no_answer_and_no_log(
    client: FlaskClient,
    door: Callable[..., int],
    sepay_body: Callable[..., bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    channel = door()
    answers = [_call(client, channel, body) for body in (sepay_body(id=1), sepay_body(id=1, transferAmount=2), b"{")]
    assert all(SECRET.encode() not in answer.data for answer in answers)
    assert SECRET not in caplog.text


def test_asking_is_no_webhook(client: FlaskClient, door: Callable[..., int]) -> None:
    assert client.get(f"/hooks/{door()}").status_code == 405
