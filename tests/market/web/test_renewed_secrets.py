"""A channel's secret is renewed while its provider still signs with the former one; and a key that was lost."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.days import utc_now
from market.channels import add_channel, find_hook, renew_secret, switch_off, switch_on
from market.db import Database
from market.installation import Installation
from market.secret_key import seal
from merchants.stalls import StallRow
from tests.ledger.provider_bodies import Event, generic

FIRST, SECOND, THIRD = "khoá thứ nhất", "khoá thứ hai", "khoá thứ ba"
DAY = timedelta(days=1)


@pytest.fixture
def channel(database: Database, installation: Installation, market_id: int, huong: StallRow) -> int:
    """A generic channel with the first secret."""
    with database.writing() as session:
        return add_channel(
            session,
            provider="generic",
            market_id=market_id,
            stall_id=None,
            auth=None,
            sealed_secret=seal(installation.key, FIRST),
            now=utc_now(),
        )


@pytest.fixture
def renew(database: Database, installation: Installation, channel: int) -> Callable[..., None]:
    """Gives the channel another secret: `renew(SECOND)`; `ago` is how long that is past."""

    def to(secret: str, *, overlap: timedelta = DAY, ago: timedelta = timedelta(0)) -> None:
        with database.writing() as session:
            sealed = seal(installation.key, secret)
            renew_secret(session, channel, sealed_secret=sealed, overlap=overlap, now=utc_now() - ago)

    return to


def _tell(client: FlaskClient, channel: int, secret: str) -> TestResponse:
    body, headers = generic(Event(), secret, utc_now())
    return client.post(f"/hooks/{channel}", data=body, headers={"Content-Type": "application/json", **headers})


def _taken(client: FlaskClient, channel: int, *secrets: str) -> list[bool]:
    answers = [_tell(client, channel, secret).status_code for secret in secrets]
    assert set(answers) <= {200, 401}
    return [answer == 200 for answer in answers]


def test_both_secrets_are_taken_during_the_overlap(
    client: FlaskClient, channel: int, renew: Callable[..., None]
) -> None:
    renew(SECOND)
    assert _taken(client, channel, SECOND, FIRST, THIRD) == [True, True, False]


def test_after_the_overlap_only_the_new_one_is_taken(
    client: FlaskClient, channel: int, renew: Callable[..., None]
) -> None:
    renew(SECOND, overlap=DAY, ago=DAY)
    assert _taken(client, channel, SECOND, FIRST) == [True, False]


def test_just_before_its_end_the_former_one_is_still_taken(
    client: FlaskClient, channel: int, renew: Callable[..., None]
) -> None:
    renew(SECOND, overlap=DAY, ago=DAY - timedelta(minutes=1))
    assert _taken(client, channel, FIRST) == [True]


def test_without_an_overlap_the_former_one_ends_at_once(
    client: FlaskClient, channel: int, renew: Callable[..., None]
) -> None:
    renew(SECOND, overlap=timedelta(0))
    assert _taken(client, channel, SECOND, FIRST) == [True, False]


def test_of_three_secrets_the_last_two_are_taken(client: FlaskClient, channel: int, renew: Callable[..., None]) -> None:
    renew(SECOND)
    renew(THIRD)
    assert _taken(client, channel, THIRD, SECOND, FIRST) == [True, True, False]


def test_a_leaked_secret_ends_at_once_though_one_before_it_was_still_taken(
    client: FlaskClient, channel: int, renew: Callable[..., None]
) -> None:
    renew(SECOND)
    renew(THIRD, overlap=timedelta(0))
    assert _taken(client, channel, THIRD, SECOND, FIRST) == [True, False, False]


def test_a_channel_that_is_on_again_takes_what_it_is_told(
    client: FlaskClient, database: Database, channel: int
) -> None:
    with database.writing() as session:
        switch_off(session, channel)
    assert _tell(client, channel, FIRST).status_code == 404
    with database.writing() as session:
        switch_on(session, channel)
    assert _tell(client, channel, FIRST).status_code == 200


def test_under_another_key_a_call_is_503_and_the_log_says_the_mend(
    client: FlaskClient, installation: Installation, channel: int, caplog: pytest.LogCaptureFixture
) -> None:
    known, installation.key = installation.key, "another key of this installation"
    with caplog.at_level(logging.ERROR):
        answer = _tell(client, channel, FIRST)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert answer.json is not None and answer.json["success"] is False
    assert f"give the secret again with `channel secret {channel}`" in caplog.text
    installation.key = known
    assert _tell(client, channel, FIRST).status_code == 200


def test_a_secret_given_again_under_the_new_key_is_taken_though_the_former_one_cannot_be_opened(
    client: FlaskClient, installation: Installation, channel: int, renew: Callable[..., None]
) -> None:
    installation.key = "another key of this installation"
    renew(SECOND)
    assert _tell(client, channel, SECOND).status_code == 200


def test_a_hook_holds_no_secret_that_can_be_read(database: Database, channel: int, renew: Callable[..., None]) -> None:
    renew(SECOND)
    with database.reading() as session:
        hook = find_hook(session, channel, utc_now())
    assert hook is not None and len(hook.sealed_secrets) == 2
    assert not any(secret.encode() in sealed for secret in (FIRST, SECOND) for sealed in hook.sealed_secrets)
