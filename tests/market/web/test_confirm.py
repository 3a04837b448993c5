"""Showing once more who it is before what is sensitive, on a phone with its PIN and in a browser with a password."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from ledger.days import utc_now
from market.access import second_factor, throttle
from market.access.model import AUDIT, DEVICE
from market.db import Database
from market.installation import Installation
from market.model import LOGIN, SESSION
from market.secret_key import seal
from market.web.confirm import ask_to_confirm, confirmed
from merchants.stalls import StallRow

PASSWORD = "hoa-phuong-do"
PIN = "274918"


@pytest.fixture
def phone(enrol: Callable[[bool], FlaskClient]) -> FlaskClient:
    """Chị Hương's phone, enrolled with a PIN."""
    return enrol(False)


@pytest.fixture
def is_confirmed(app: Flask) -> Callable[[FlaskClient], bool]:
    """What `confirmed` says on a browser's session."""

    def ask(browser: FlaskClient) -> bool:
        cookie = browser.get_cookie(app.config["SIGN_IN_COOKIE"])
        assert cookie is not None
        with app.test_request_context(headers={"Cookie": f"{cookie.key}={cookie.value}"}):
            return confirmed()

    return ask


def show(browser: FlaskClient, proof: str, back: str = "/stall/book") -> tuple[int, str]:
    """The status, and where it leads or else what the page says."""
    answer = browser.post("/confirm", data={"proof": proof, "next": back})
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_the_pin_of_the_phone_confirms_and_leads_back(
    phone: FlaskClient, is_confirmed: Callable[[FlaskClient], bool]
) -> None:
    assert not is_confirmed(phone)
    assert "Mã PIN" in phone.get("/confirm?next=/stall/book").text
    assert show(phone, PIN) == (303, "/stall/book")
    assert is_confirmed(phone)


def test_it_holds_for_ten_minutes(
    phone: FlaskClient, database: Database, is_confirmed: Callable[[FlaskClient], bool]
) -> None:
    show(phone, PIN)
    with database.writing() as session:
        session.connection().execute(update(SESSION).values(confirmed_at=utc_now() - timedelta(minutes=10, seconds=1)))
    assert not is_confirmed(phone)


def test_a_wrong_pin_confirms_nothing(phone: FlaskClient, is_confirmed: Callable[[FlaskClient], bool]) -> None:
    status, said = show(phone, "274919")
    assert status == 401
    assert "Mã PIN chưa đúng" in said
    assert not is_confirmed(phone)


def test_a_password_is_no_pin(phone: FlaskClient) -> None:
    assert show(phone, PASSWORD)[0] == 401


def test_six_wrong_pins_in_a_row_end_the_phone(
    phone: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "ONE_LOGIN", throttle.Patience(free=99, longest=60.0))
    for _ in range(5):
        assert show(phone, "274919")[0] == 401
    assert show(phone, "274919") == (303, "/signin")
    assert phone.get("/stall/").headers["Location"].startswith("/signin")
    with database.reading() as session:
        acts = session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars().all()
    assert acts == [*["pin_wrong"] * 6, "device_revoked"]


def test_a_right_pin_begins_the_count_anew(phone: FlaskClient) -> None:
    for proof in (*["274919"] * 4, PIN, *["274919"] * 4):
        status = show(phone, proof)[0]
    assert status == 401


def test_a_browser_shows_its_password(
    signed_in: Callable[..., FlaskClient], market_id: int, is_confirmed: Callable[[FlaskClient], bool]
) -> None:
    browser = signed_in("board", market_id=market_id)
    assert show(browser, "wrong")[0] == 401
    assert not is_confirmed(browser)
    assert show(browser, PASSWORD, "/board/ben-song/") == (303, "/board/ben-song/")
    assert is_confirmed(browser)


def test_whoever_has_a_second_factor_shows_that_and_not_the_password(
    signed_in: Callable[..., FlaskClient], market_id: int, database: Database, installation: Installation
) -> None:
    browser = signed_in("board", market_id=market_id)
    secret = second_factor.new_secret()
    with database.writing() as session:
        login_id = session.connection().execute(select(SESSION.c.login_id)).scalar_one()
        second_factor.turn_on(session, login_id, seal(installation.key, secret), 0)
    assert show(browser, PASSWORD)[0] == 401
    now = int(utc_now().timestamp()) // second_factor.STEP
    assert show(browser, second_factor.code_at(secret, now)) == (303, "/stall/book")


def test_nobody_who_guesses_behind_the_same_address_keeps_anybody_from_confirming(
    phone: FlaskClient, client: FlaskClient
) -> None:
    for number in range(55):
        guessed = client.post("/signin", data={"login": f"huong{number}", "password": "wrong"}).status_code
    assert guessed == 429
    assert show(phone, PIN) == (303, "/stall/book")


def test_wrong_proofs_are_counted_wherever_a_session_is_taken(
    signed_in: Callable[..., FlaskClient], market_id: int
) -> None:
    browser = signed_in("board", market_id=market_id)
    for number in range(5):
        browser.post("/confirm", data={"proof": "wrong"}, environ_base={"REMOTE_ADDR": f"203.0.113.{number}"})
    assert show(browser, PASSWORD)[0] == 429


def test_wrong_proofs_are_slowed(signed_in: Callable[..., FlaskClient], market_id: int) -> None:
    browser = signed_in("board", market_id=market_id)
    for _ in range(5):
        assert show(browser, "wrong")[0] == 401
    assert show(browser, PASSWORD)[0] == 429


@pytest.mark.parametrize("elsewhere", ["//evil.example", "/\\evil.example", "https://evil.example/", "/\r\nx"])
def test_it_never_leads_to_another_site(phone: FlaskClient, elsewhere: str) -> None:
    assert show(phone, PIN, elsewhere) == (303, "/")


def test_asking_leads_back_to_the_page_that_was_read(app: Flask) -> None:
    with app.test_request_context("/stall/account?stall=1"):
        assert ask_to_confirm().headers["Location"] == "/confirm?next=/stall/account?stall%3D1"


def test_a_form_that_was_sent_leads_back_to_the_page_it_names(app: Flask) -> None:
    with app.test_request_context("/stall/account", method="POST"):
        assert ask_to_confirm("/stall/").headers["Location"] == "/confirm?next=/stall/"


def test_a_stallholder_ends_an_own_phone_after_the_pin(phone: FlaskClient, database: Database) -> None:
    with database.reading() as session:
        device_id = session.connection().execute(select(DEVICE.c.id)).scalar_one()
    assert phone.post(f"/security/phones/{device_id}/end").headers["Location"] == "/confirm?next=/security"
    show(phone, PIN)
    assert phone.post(f"/security/phones/{device_id}/end").status_code == 303
    assert phone.get("/stall/").headers["Location"].startswith("/signin")


def test_without_a_password_there_is_no_page_to_change_it(phone: FlaskClient, database: Database) -> None:
    with database.writing() as session:
        session.connection().execute(update(LOGIN).values(password_hash=""))
    assert phone.get("/security").status_code == 200
    assert phone.get("/security/password").status_code == 404
    assert phone.get("/security/second").status_code == 404


def test_nobody_ends_somebody_elses_phone(
    phone: FlaskClient, signed_in: Callable[..., FlaskClient], tu: StallRow, database: Database
) -> None:
    with database.reading() as session:
        device_id = session.connection().execute(select(DEVICE.c.id)).scalar_one()
    other = signed_in("stallholder", stall=tu)
    show(other, PASSWORD)
    assert other.post(f"/security/phones/{device_id}/end").status_code == 404
    assert phone.get("/stall/").status_code == 200


def test_the_pin_is_changed_after_the_old_one(phone: FlaskClient, database: Database) -> None:
    assert phone.get("/security/pin").headers["Location"] == "/confirm?next=/security/pin"
    assert phone.post("/security/pin", data={"pin": "904417", "again": "904417"}).status_code == 303
    assert show(phone, PIN)[0] == 303
    assert phone.post("/security/pin", data={"pin": "904417", "again": "904417"}).headers["Location"] == "/security"
    assert show(phone, PIN)[0] == 401
    assert show(phone, "904417")[0] == 303
    with database.reading() as session:
        acts = session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars().all()
    assert acts == ["pin_changed", "pin_wrong"]


@pytest.mark.parametrize(
    ("pin", "again", "said"),
    [("90441", "90441", "đúng 6 số"), ("123456", "123456", "dễ đoán"), ("904417", "904418", "chưa giống nhau")],
)
def test_a_new_pin_is_six_digits_that_nobody_guesses_typed_twice(
    phone: FlaskClient, pin: str, again: str, said: str
) -> None:
    show(phone, PIN)
    answer = phone.post("/security/pin", data={"pin": pin, "again": again})
    assert answer.status_code == 400
    assert said in answer.text
    assert show(phone, PIN)[0] == 303


def test_a_browser_has_no_pin(signed_in: Callable[..., FlaskClient], market_id: int) -> None:
    assert signed_in("board", market_id=market_id).get("/security/pin").status_code == 404


def test_a_wrong_password_where_it_is_asked_for_again_is_in_the_trail(
    signed_in: Callable[..., FlaskClient], market_id: int, database: Database
) -> None:
    show(signed_in("board", market_id=market_id), "wrong")
    with database.reading() as session:
        assert session.connection().execute(select(AUDIT.c.act)).scalars().all() == ["sign_in_wrong"]
