"""Passkeys shown by those whose they are not: answers sent again, to another question, from another site, by a copy."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from ledger.days import utc_now
from market.access import passkeys
from market.access.model import PASSKEY_CHALLENGE
from market.db import Database
from tests.market.web.authenticator import PRESENT, SITE, Authenticator, acts, added, asked, shown, signed_in_with


@pytest.fixture
def base_url() -> str:
    """An address where browsers know passkeys."""
    return SITE


def test_an_answer_is_good_once(app: Flask, client: FlaskClient, board: str, key: Authenticator) -> None:
    added(client, key)
    key.counts = False
    other = app.test_client()
    answer = key.get(asked(other, "sign_in"))
    assert shown(other, "sign_in", answer)[0] == 303
    cookie = other.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert shown(other, "sign_in", answer)[0] == 401
    if cookie is not None:
        other.set_cookie(cookie.key, cookie.value)
        assert shown(other, "sign_in", answer)[0] == 401


def test_a_challenge_is_used_up_by_a_wrong_answer_too(
    app: Flask, client: FlaskClient, board: str, key: Authenticator
) -> None:
    added(client, key)
    other = app.test_client()
    options = asked(other, "sign_in")
    cookie = other.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    assert shown(other, "sign_in", "{}")[0] == 401
    other.set_cookie(cookie.key, cookie.value)
    assert shown(other, "sign_in", key.get(options))[0] == 401


def test_a_challenge_is_good_for_five_minutes(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, database: Database
) -> None:
    added(client, key)
    other = app.test_client()
    answer = key.get(asked(other, "sign_in"))
    with database.writing() as session:
        late = utc_now() - timedelta(seconds=1)
        session.connection().execute(update(PASSKEY_CHALLENGE).values(expires_at=late))
    assert shown(other, "sign_in", answer)[0] == 401


def test_a_challenge_of_another_browser_is_none(
    app: Flask, client: FlaskClient, board: str, key: Authenticator
) -> None:
    added(client, key)
    answer = key.get(asked(app.test_client(), "sign_in"))
    other = app.test_client()
    asked(other, "sign_in")
    assert shown(other, "sign_in", answer)[0] == 401
    assert shown(app.test_client(), "sign_in", answer)[0] == 401


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "http://localhost:8000"},
        {"origin": "https://localhost"},
        {"origin": "http://xn--localhost.example"},
        {"rp_id": "cho.example.vn"},
        {"flags": PRESENT},
        {"flags": 0},
        {"user_handle": b"somebody else"},
        {"user_handle": b""},
    ],
    ids=str,
)
def test_what_is_not_as_it_was_asked_signs_nobody_in(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, lie: dict[str, Any], database: Database
) -> None:
    added(client, key)
    for name, value in lie.items():
        setattr(key, name, value)
    assert signed_in_with(app.test_client(), key)[0] == 401
    assert acts(database)[-1] == "passkey_refused"


@pytest.mark.parametrize(
    "lie", [{"origin": "https://localhost"}, {"rp_id": "cho.example.vn"}, {"flags": PRESENT}], ids=str
)
def test_what_is_not_as_it_was_asked_is_not_added(
    client: FlaskClient, board: str, key: Authenticator, lie: dict[str, Any], database: Database
) -> None:
    for name, value in lie.items():
        setattr(key, name, value)
    status, page = added(client, key)
    assert status == 400
    assert "Chưa thêm được" in page
    assert "passkey_added" not in acts(database)


def test_another_key_under_its_name_signs_nobody_in(
    app: Flask, client: FlaskClient, board: str, key: Authenticator
) -> None:
    added(client, key)
    forged = Authenticator(SITE)
    forged.credential_id, forged.user_handle = key.credential_id, key.user_handle
    assert signed_in_with(app.test_client(), forged)[0] == 401


def test_a_passkey_that_says_it_was_used_less_is_a_copy(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, database: Database
) -> None:
    added(client, key)
    assert signed_in_with(app.test_client(), key)[0] == 303
    key.count -= 1
    for _ in range(2):
        assert signed_in_with(app.test_client(), key)[0] == 401
        key.count -= 1
    assert acts(database)[-2:] == ["passkey_copied", "passkey_copied"]


def test_a_passkey_that_does_not_count_is_taken(
    app: Flask, client: FlaskClient, board: str, key: Authenticator
) -> None:
    key.counts = False
    added(client, key)
    for _ in range(2):
        assert signed_in_with(app.test_client(), key)[0] == 303


def test_nobody_adds_somebody_elses(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, enrolled: FlaskClient
) -> None:
    added(client, key)
    handle = key.user_handle
    assert added(enrolled, key)[0] == 400
    key.user_handle = handle
    assert signed_in_with(app.test_client(), key)[0] == 303


def test_an_answer_to_one_question_is_none_to_another(
    app: Flask, client: FlaskClient, board: str, key: Authenticator
) -> None:
    added(client, key)
    assert shown(client, "sign_in", key.get(asked(client, "confirm")))[0] == 401
    assert shown(client, "confirm", key.get(asked(client, "sign_in")))[0] == 401


def test_a_stranger_is_asked_nothing_that_is_somebodys(app: Flask, administrator: FlaskClient) -> None:
    stranger = app.test_client()
    assert [stranger.post(f"/passkey/ask/{each}").status_code for each in ("add", "second", "confirm")] == [401] * 3
    assert shown(stranger, "second", "{}") == (303, "/signin")
    assert shown(stranger, "confirm", "{}")[0] == 302


@pytest.mark.parametrize(
    "answer",
    [
        *("", "{", "[]", "null", '"x"', "{}", '{"id":1}', "\x00", "[" * 5000),
        '{"id":"QQ","rawId":"QQ","type":"public-key","response":{"clientDataJSON":"QQ","authenticatorData":"QQ",'
        '"signature":"QQ","userHandle":"Q"}}',
    ],
)
def test_what_is_no_answer_is_refused(app: Flask, client: FlaskClient, board: str, answer: str) -> None:
    asked(client, "sign_in")
    assert shown(client, "sign_in", answer)[0] == 401
    asked(client, "add")
    assert client.post("/security/passkeys/new", data={"name": "Máy", "credential": answer}).status_code == 400


def test_a_login_has_ten_at_most(client: FlaskClient, board: str) -> None:
    for _ in range(10):
        assert added(client, Authenticator(SITE))[0] < 400
    assert added(client, Authenticator(SITE))[0] == 400


def test_the_oldest_open_challenges_give_way(
    client: FlaskClient, administrator: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "MOST_OPEN", 3)
    for _ in range(5):
        asked(client, "sign_in")
    with database.reading() as session:
        assert session.connection().execute(select(func.count()).select_from(PASSKEY_CHALLENGE)).scalar_one() == 3
