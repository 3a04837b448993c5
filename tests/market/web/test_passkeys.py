"""Passkeys: added, a whole sign-in, the step after the password, in the place of a PIN."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from webauthn.helpers import bytes_to_base64url

from ledger.days import utc_now
from market.access import devices, passkeys
from market.access.model import DEVICE, PASSKEY
from market.db import Database
from market.installation import Installation
from market.model import LOGIN, SESSION
from tests.market.web.authenticator import SITE, Authenticator, acts, added, asked, by_password, shown, signed_in_with
from tests.market.web.conftest import PIN


@pytest.fixture
def base_url() -> str:
    """An address where browsers know passkeys."""
    return SITE


# Adding, and a whole sign-in.


def test_a_passkey_alone_signs_in_and_leads_back(
    app: Flask, client: FlaskClient, board: str, key: Authenticator
) -> None:
    assert added(client, key)[0] == 200
    other = app.test_client()
    assert signed_in_with(other, key) == (303, "/board/ben-song/")
    assert other.get("/board/ben-song/").status_code == 200


def test_it_counts_as_the_password_and_the_second_step(
    app: Flask, client: FlaskClient, board: str, key: Authenticator
) -> None:
    added(client, key)
    other = app.test_client()
    signed_in_with(other, key)
    assert other.get("/security/password").status_code == 200


def test_it_is_asked_for_a_finger_a_face_or_the_screen_lock(client: FlaskClient, board: str) -> None:
    made = asked(client, "add")
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["attestation"] == "none"
    used = asked(client, "sign_in")
    assert used["userVerification"] == "required"
    assert used["allowCredentials"] == []


def test_the_device_is_told_no_id_of_ours(client: FlaskClient, board: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked(client, "add")["user"]["id"])


def test_the_first_passkey_brings_eight_recovery_codes(client: FlaskClient, board: str, key: Authenticator) -> None:
    status, page = added(client, key)
    assert status == 200
    assert len(re.findall(r"<li>([A-Z2-9-]{14})</li>", page)) == 8


def test_a_second_passkey_leaves_the_recovery_codes_as_they_are(
    client: FlaskClient, board: str, key: Authenticator
) -> None:
    added(client, key)
    assert added(client, Authenticator(SITE), "Điện thoại")[0] == 303
    page = client.get("/security").text
    assert "Còn 8 mã dự phòng" in page
    assert "Máy bàn" in page
    assert "Điện thoại" in page


def test_a_device_that_has_one_is_not_asked_for_another(client: FlaskClient, board: str, key: Authenticator) -> None:
    added(client, key)
    known = asked(client, "add")["excludeCredentials"]
    assert [each["id"] for each in known] == [bytes_to_base64url(key.credential_id)]


def test_a_passkey_needs_a_name(client: FlaskClient, board: str, key: Authenticator) -> None:
    status, page = added(client, key, name=" ")
    assert status == 400
    assert "Ghi tên máy" in page


def test_adding_one_asks_who_it_is_first(client: FlaskClient, board: str, database: Database) -> None:
    with database.writing() as session:
        session.connection().execute(update(SESSION).values(confirmed_at=None))
    assert client.get("/security/passkeys/new").headers["Location"] == "/confirm?next=/security/passkeys/new"
    assert client.post("/passkey/ask/add").status_code == 401
    assert client.post("/security/passkeys/new").headers["Location"] == "/confirm?next=/security/passkeys/new"


def test_what_is_done_with_passkeys_is_in_the_trail(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, database: Database
) -> None:
    added(client, key)
    signed_in_with(app.test_client(), key)
    remove_all(client, database)
    assert acts(database) == ["sign_in", "passkey_added", "sign_in", "passkey_removed"]


def remove_all(browser: FlaskClient, database: Database) -> None:
    with database.reading() as session:
        ids = session.connection().execute(select(PASSKEY.c.id)).scalars().all()
    for passkey_id in ids:
        assert browser.post(f"/security/passkeys/{passkey_id}/remove").status_code == 303


# The step after the password; never the only way in.


def test_after_the_password_the_passkey_is_asked_for(
    app: Flask, client: FlaskClient, board: str, key: Authenticator
) -> None:
    added(client, key)
    other = app.test_client()
    assert by_password(other, board) == "/signin/code"
    assert other.get("/board/ben-song/").headers["Location"].startswith("/signin")
    assert "khoá vân tay" in other.get("/signin/code").text
    assert shown(other, "second", key.get(asked(other, "second"))) == (303, "/")
    assert other.get("/board/ben-song/").status_code == 200


def test_a_recovery_code_stands_in_for_it_once(app: Flask, client: FlaskClient, board: str, key: Authenticator) -> None:
    code = re.findall(r"<li>([A-Z2-9-]{14})</li>", added(client, key)[1])[0]
    for status in (303, 401):
        other = app.test_client()
        by_password(other, board)
        assert other.post("/signin/code", data={"code": code}).status_code == status


def test_somebody_elses_passkey_is_no_second_step(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, add_person: Callable[..., str], market_id: int
) -> None:
    added(client, key)
    name = add_person("board", market_id=market_id)
    theirs, their_browser = Authenticator(SITE), app.test_client()
    by_password(their_browser, name)
    added(their_browser, theirs)
    other = app.test_client()
    by_password(other, board)
    status, page = shown(other, "second", theirs.get(asked(other, "second")))
    assert status == 401
    assert "chưa xác nhận được" in page


def test_with_the_last_passkey_the_second_step_and_its_codes_go(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, database: Database
) -> None:
    added(client, key)
    remove_all(client, database)
    with database.reading() as session:
        kept = session.connection().execute(select(LOGIN.c.recovery).where(LOGIN.c.name == board)).scalar_one()
    assert kept == ""
    assert by_password(app.test_client(), board) == "/"


def test_a_removed_passkey_opens_nothing(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, database: Database
) -> None:
    added(client, key)
    remove_all(client, database)
    assert signed_in_with(app.test_client(), key)[0] == 401


def test_a_login_that_has_ended_is_not_opened(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, database: Database
) -> None:
    added(client, key)
    with database.writing() as session:
        session.connection().execute(update(LOGIN).where(LOGIN.c.name == board).values(ended_at=utc_now()))
    assert signed_in_with(app.test_client(), key)[0] == 401


def test_nobody_removes_somebody_elses(
    app: Flask, client: FlaskClient, board: str, key: Authenticator, database: Database, enrolled: FlaskClient
) -> None:
    added(client, key)
    with database.reading() as session:
        passkey_id = session.connection().execute(select(PASSKEY.c.id)).scalar_one()
    assert enrolled.post(f"/security/passkeys/{passkey_id}/remove").status_code == 404
    assert signed_in_with(app.test_client(), key)[0] == 303


def test_new_recovery_codes_end_the_old_ones(app: Flask, client: FlaskClient, board: str, key: Authenticator) -> None:
    old = re.findall(r"<li>([A-Z2-9-]{14})</li>", added(client, key)[1])
    new = re.findall(r"<li>([A-Z2-9-]{14})</li>", client.post("/security/codes").text)
    assert len(new) == 8
    for code, status in ((old[0], 401), (new[0], 303)):
        other = app.test_client()
        by_password(other, board)
        assert other.post("/signin/code", data={"code": code}).status_code == status


# In the place of a phone's PIN.


def test_it_stands_in_for_the_pin_of_its_phone(enrolled: FlaskClient, key: Authenticator, database: Database) -> None:
    assert asked(enrolled, "add")["authenticatorSelection"]["residentKey"] == "discouraged"
    assert added(enrolled, key)[0] == 303
    with database.writing() as session:
        session.connection().execute(update(SESSION).values(confirmed_at=None))
    assert enrolled.get("/stall/account").headers["Location"] == "/confirm?next=/stall/account"
    assert "Bằng vân tay" in enrolled.get("/confirm?next=/stall/account").text
    assert shown(enrolled, "confirm", key.get(asked(enrolled, "confirm")), "/stall/account") == (303, "/stall/account")
    assert enrolled.get("/stall/account").status_code == 200


def test_the_pin_is_still_asked_for_beside_it(enrolled: FlaskClient, key: Authenticator) -> None:
    added(enrolled, key)
    assert enrolled.post("/confirm", data={"proof": PIN, "next": "/stall/account"}).status_code == 303


def test_a_phones_passkey_signs_nobody_in_elsewhere(app: Flask, enrolled: FlaskClient, key: Authenticator) -> None:
    added(enrolled, key)
    assert signed_in_with(app.test_client(), key)[0] == 401


def test_it_ends_with_its_phone(enrolled: FlaskClient, key: Authenticator, database: Database) -> None:
    added(enrolled, key)
    with database.writing() as session:
        devices.revoke(session, session.connection().execute(select(DEVICE.c.id)).scalar_one(), utc_now())
        assert session.connection().execute(select(func.count()).select_from(PASSKEY)).scalar_one() == 0


def test_a_browsers_passkey_confirms_in_a_browser(client: FlaskClient, board: str, key: Authenticator) -> None:
    added(client, key)
    assert shown(client, "confirm", key.get(asked(client, "confirm")), "/security") == (303, "/security")


# Where there are none.


@pytest.mark.parametrize(
    ("base_url", "rp_id"),
    [
        ("https://cho.example.vn", "cho.example.vn"),
        ("https://cho.example.vn:8443", "cho.example.vn"),
        ("http://localhost:8000", "localhost"),
        ("http://cho.example.vn", None),
        ("http://127.0.0.1:8000", None),
        ("https://192.168.1.10", None),
        ("https://[::1]:8000", None),
    ],
)
def test_they_need_a_name_and_https_or_this_machine(base_url: str, rp_id: str | None) -> None:
    site = passkeys.site_of(base_url)
    assert (site.rp_id if site else None) == rp_id
    assert site is None or site.origin == base_url


def test_over_plain_http_the_pages_say_so_and_the_password_remains(
    client: FlaskClient, board: str, key: Authenticator, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(client, key)
    monkeypatch.setattr(passkeys, "site_of", lambda _: None)
    page = client.get("/security").text
    assert "Ở địa chỉ này chưa dùng được vân tay" in page
    assert "chỉ dùng ở localhost" in page
    assert client.get("/security/passkeys/new").status_code == 404
    assert client.post("/passkey/ask/sign_in").status_code == 404
    client.post("/signout")
    page = client.get("/signin").text
    assert "passkey" not in page
    assert 'name="password"' in page
    assert by_password(client, board) == "/signin/code"
    assert "mã dự phòng" in client.get("/signin/code").text
