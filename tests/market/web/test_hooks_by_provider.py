"""Every provider through the door: recorded, told twice, not its own, too old, a test, money going out."""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from ledger.books.model import ENTRY
from ledger.days import utc_now
from ledger.inbox.model import NOTICE, NOTICE_BODY
from market.channels import PROVIDERS, add_channel
from market.db import Database
from market.installation import Installation
from market.secret_key import seal
from merchants.stalls import StallRow
from tests.ledger.provider_bodies import SPEAKERS, Call, Event, Speaker, generic, generic_event

SECRET = "khoá của kênh"
GENERIC = SPEAKERS[-1]


def _named(speaker: Speaker) -> str:
    return f"{speaker.provider}-{speaker.way}"


every_speaker = pytest.mark.parametrize("speaker", SPEAKERS, ids=_named)
timed = pytest.mark.parametrize("speaker", [each for each in SPEAKERS if each.timed], ids=_named)
with_a_test = pytest.mark.parametrize("speaker", [each for each in SPEAKERS if each.test], ids=_named)
two_way = pytest.mark.parametrize("speaker", [each for each in SPEAKERS if each.tells_of_money_out], ids=_named)
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def door(database: Database, installation: Installation, market_id: int, huong: StallRow) -> Callable[[Speaker], int]:
    """Adds a channel of a provider and gives its id."""

    def add(speaker: Speaker) -> int:
        with database.writing() as session:
            return add_channel(
                session,
                provider=speaker.provider,
                market_id=market_id,
                stall_id=None,
                auth=speaker.way,
                sealed_secret=seal(installation.key, SECRET),
                now=utc_now(),
            )

    return add


def _post(client: FlaskClient, channel: int, call: Call) -> TestResponse:
    body, headers = call
    return client.post(f"/hooks/{channel}", data=body, headers={"Content-Type": "application/json", **headers})


def _rows(database: Database, table: Any) -> int:
    with database.reading() as session:
        return int(session.connection().execute(select(func.count()).select_from(table)).scalar_one())


def test_every_provider_and_every_way_of_proving_is_tried() -> None:
    ways = {(speaker.provider, speaker.way) for speaker in SPEAKERS}
    assert ways == {(provider, way) for provider, ways in PROVIDERS.items() for way in ways}


@every_speaker
def test_a_payment_is_recorded_and_told_again_a_duplicate(
    client: FlaskClient, database: Database, door: Callable[[Speaker], int], speaker: Speaker
) -> None:
    channel = door(speaker)
    first, again = (_post(client, channel, speaker.call(Event(), SECRET, utc_now())) for _ in range(2))
    assert (first.status_code, first.json) == (200, {"success": True, "status": "recorded"})
    assert (again.status_code, again.json) == (200, {"success": True, "status": "duplicate"})
    assert _rows(database, ENTRY) == 1


@on_sqlite
@every_speaker
def test_another_secret_is_401_and_nothing_is_stored(
    client: FlaskClient, database: Database, door: Callable[[Speaker], int], speaker: Speaker
) -> None:
    answer = _post(client, door(speaker), speaker.call(Event(), "khoá khác", utc_now()))
    assert answer.status_code == 401
    assert _rows(database, NOTICE) == 0


@on_sqlite
@every_speaker
def test_without_any_proof_it_is_401(client: FlaskClient, door: Callable[[Speaker], int], speaker: Speaker) -> None:
    body, _ = speaker.call(Event(), "", utc_now())
    assert _post(client, door(speaker), (body, {})).status_code == 401


@on_sqlite
@timed
@pytest.mark.parametrize("away", [timedelta(minutes=-6), timedelta(minutes=6)], ids=["old", "of the future"])
def test_what_was_signed_at_another_time_is_401(
    client: FlaskClient, door: Callable[[Speaker], int], speaker: Speaker, away: timedelta
) -> None:
    assert _post(client, door(speaker), speaker.call(Event(), SECRET, utc_now() + away)).status_code == 401


@on_sqlite
def test_what_payos_signed_long_ago_is_told_again_as_a_duplicate(
    client: FlaskClient, door: Callable[[Speaker], int]
) -> None:
    (payos,) = (each for each in SPEAKERS if each.provider == "payos")
    channel, call = door(payos), payos.call(Event(), SECRET, datetime(2023, 2, 4).astimezone())
    said = [_post(client, channel, call).json for _ in range(2)]
    assert [each["status"] for each in said if each] == ["recorded", "duplicate"]


@with_a_test
def test_a_test_call_is_ignored_however_often_it_comes_and_whatever_it_says(
    client: FlaskClient,
    database: Database,
    door: Callable[[Speaker], int],
    speaker: Speaker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert speaker.test is not None
    channel = door(speaker)
    changed = Event(speaker.test.number, 99_000, reference=speaker.test.reference)
    for event in (speaker.test, speaker.test, changed):
        answer = _post(client, channel, speaker.call(event, SECRET, utc_now()))
        assert (answer.status_code, answer.json) == (200, {"success": True, "status": "ignored"})
    assert _rows(database, ENTRY) == 0
    assert not caplog.records


@on_sqlite
@with_a_test
def test_a_test_call_with_another_secret_is_401(
    client: FlaskClient, door: Callable[[Speaker], int], speaker: Speaker
) -> None:
    assert speaker.test is not None
    assert _post(client, door(speaker), speaker.call(speaker.test, "khoá khác", utc_now())).status_code == 401


@on_sqlite
@two_way
def test_money_going_out_is_kept_and_ignored(
    client: FlaskClient, database: Database, door: Callable[[Speaker], int], speaker: Speaker
) -> None:
    answer = _post(client, door(speaker), speaker.call(Event(out=True), SECRET, utc_now()))
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "ignored"})
    assert (_rows(database, NOTICE), _rows(database, ENTRY)) == (1, 0)


@on_sqlite
@every_speaker
def test_a_movement_of_no_dong_is_200_and_kept_nowhere(
    client: FlaskClient, database: Database, door: Callable[[Speaker], int], speaker: Speaker
) -> None:
    answer = _post(client, door(speaker), speaker.call(Event(amount=0), SECRET, utc_now()))
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "ignored"})
    assert _rows(database, NOTICE) == 0


@on_sqlite
@pytest.mark.parametrize(("provider", "body"), [("casso", b'{"data":[]}'), ("pay2s", b'{"transactions":[]}')])
def test_a_call_without_any_transaction_is_ignored(
    client: FlaskClient, door: Callable[[Speaker], int], provider: str, body: bytes
) -> None:
    (speaker,) = (each for each in SPEAKERS if each.provider == provider)
    _, headers = speaker.call(Event(), SECRET, utc_now())
    answer = _post(client, door(speaker), (body, headers))
    assert (answer.status_code, answer.json) == (200, {"success": True, "status": "ignored"})


def _several(*events: dict[str, Any]) -> Call:
    body = json.dumps({"events": events}).encode()
    return body, generic(Event(), SECRET, utc_now(), body)[1]


def test_of_several_events_each_is_answered_in_its_order(
    client: FlaskClient, database: Database, door: Callable[[Speaker], int]
) -> None:
    events = [Event(1, out=True), Event(2, account="999"), Event(3), Event(3), Event(4)]
    nothing = {**generic_event(Event(5)), "amount": 0}
    answer = _post(client, door(GENERIC), _several(nothing, *map(generic_event, events)))
    assert answer.json == {
        "success": True,
        "status": "recorded",
        "events": ["ignored", "ignored", "unmatched", "recorded", "duplicate", "recorded"],
    }
    assert _rows(database, ENTRY) == 2


@on_sqlite
def test_one_event_that_cannot_be_read_refuses_all_and_is_named(
    client: FlaskClient, database: Database, door: Callable[[Speaker], int], caplog: pytest.LogCaptureFixture
) -> None:
    channel = door(GENERIC)
    with caplog.at_level(logging.WARNING):
        answer = _post(client, channel, _several(generic_event(Event(1)), {**generic_event(Event(2)), "amount": "5.0"}))
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"].startswith("events[1].amount must be whole đồng")
    assert f"channel {channel} was told what cannot be read: events[1].amount" in caplog.text
    assert _rows(database, NOTICE) == 0


@on_sqlite
def test_more_events_than_the_most_are_400(client: FlaskClient, door: Callable[[Speaker], int]) -> None:
    small = [
        {"id": each, "account_number": "1", "amount": 1, "direction": "in", "at": "2026-11-24"} for each in range(501)
    ]
    answer = _post(client, door(GENERIC), _several(*small))
    assert answer.status_code == 400
    assert answer.json is not None and "500 are the most" in answer.json["error"]


@on_sqlite
def test_the_virtual_account_and_the_payer_are_kept(
    client: FlaskClient, database: Database, door: Callable[[Speaker], int]
) -> None:
    told = {**generic_event(Event()), "virtual_account": "VQR1", "payer_name": "NGUYEN VAN A", "payer_account": "88"}
    _post(client, door(GENERIC), _several(told))
    with database.reading() as session:
        notice = session.connection().execute(select(NOTICE)).one()
        kept = session.connection().execute(select(NOTICE_BODY)).one()
    assert (notice.virtual_account, kept.payer_name, kept.payer_account) == ("VQR1", "NGUYEN VAN A", "88")
