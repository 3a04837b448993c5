"""Enrolling a phone: the one-time code, whose it is, the name and the PIN; and what no code opens."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from ledger.days import utc_now
from market.access import enrolment, roster
from market.access.model import AUDIT, DEVICE, ENROLMENT
from market.db import Database
from market.model import LOGIN, SESSION
from merchants.stalls import StallRow

PIN = "274918"
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"


@pytest.fixture
def huongs_login(database: Database, huong: StallRow, administrator: FlaskClient) -> int:
    """Chị Hương, who has no password."""
    with database.writing() as session:
        return roster.add_member(
            session,
            market_id=huong.market_id,
            called="Chị Hương",
            role="stallholder",
            stall_id=huong.id,
            now=utc_now(),
        )


@pytest.fixture
def code(database: Database, huong: StallRow, huongs_login: int) -> str:
    """A one-time code for chị Hương."""
    with database.writing() as session:
        return enrolment.make_enrolment(
            session, market_id=huong.market_id, login_id=huongs_login, made_by=None, now=utc_now()
        )


def take(client: FlaskClient, code: str, **changes: str) -> tuple[int, str]:
    """The status of the whole form, and where it leads or else what the page says."""
    form = {"code": code, "name": "Máy của Hương", "pin": PIN, "again": PIN, **changes}
    answer = client.post("/enrol", data=form)
    return answer.status_code, answer.headers.get("Location", answer.text)


def refusal(client: FlaskClient, code: str) -> str:
    """The sentence a refused code is told."""
    status, said = take(client, code)
    assert status == 400
    return said.partition('id="code-wrong"')[2].partition("</p>")[0]


def test_a_scanned_code_shows_whose_it_is_before_anything_happens(
    client: FlaskClient, code: str, huong: StallRow, database: Database
) -> None:
    page = client.get(f"/enrol?code={code}", headers={"User-Agent": ANDROID})
    assert page.status_code == 200
    assert huong.code in page.text
    assert huong.name in page.text
    assert 'value="Điện thoại Android"' in page.text
    with database.reading() as session:
        assert session.connection().execute(select(DEVICE.c.id)).all() == []


def test_a_code_typed_in_small_letters_with_spaces_is_the_same(client: FlaskClient, code: str) -> None:
    typed = code.lower().replace("-", " ")
    assert "Điện thoại này của ai?" in client.post("/enrol", data={"code": typed}).text


def test_the_phone_is_signed_in_and_lands_on_today(client: FlaskClient, code: str) -> None:
    assert take(client, code) == (303, "/")
    assert client.get("/").headers["Location"] == "/stall/"
    assert client.get("/stall/").status_code == 200


def test_the_session_is_the_phones_and_the_code_says_which_phone_took_it(
    client: FlaskClient, code: str, database: Database
) -> None:
    take(client, code)
    with database.reading() as session:
        device = session.connection().execute(select(DEVICE.c.id, DEVICE.c.name)).one()
        used = session.connection().execute(select(ENROLMENT.c.device_id)).scalar_one()
        signed_in = session.connection().execute(select(SESSION.c.device_id)).scalars().all()
        acts = session.connection().execute(select(AUDIT.c.act, AUDIT.c.device_id).order_by(AUDIT.c.id)).all()
    assert device.name == "Máy của Hương"
    assert used == device.id
    assert device.id in signed_in
    assert [tuple(act) for act in acts] == [("device_enrolled", device.id), ("sign_in", device.id)]


def test_only_a_digest_of_the_code_is_kept(code: str, database: Database) -> None:
    with database.reading() as session:
        kept = session.connection().execute(select(ENROLMENT)).one()
    assert code not in str(kept)
    assert code.replace("-", "") not in str(kept)


def test_a_code_is_good_once(client: FlaskClient, app: Flask, code: str) -> None:
    assert take(client, code)[0] == 303
    assert take(app.test_client(), code)[0] == 400


def test_an_old_a_used_and_an_unknown_code_are_told_in_the_same_words(
    app: Flask, database: Database, huong: StallRow, huongs_login: int, code: str
) -> None:
    take(app.test_client(), code)
    with database.writing() as session:
        old = enrolment.make_enrolment(
            session,
            market_id=huong.market_id,
            login_id=huongs_login,
            made_by=None,
            now=utc_now() - timedelta(minutes=10, seconds=1),
        )
    said = {refusal(app.test_client(), typed) for typed in (code, old, "AAAA-AAAA", "x", "' OR 1=1")}
    assert len(said) == 1
    assert "xin ban quản lý mã mới" in said.pop()


def test_a_newer_code_ends_the_one_before(
    client: FlaskClient, code: str, database: Database, huong: StallRow, huongs_login: int
) -> None:
    with database.writing() as session:
        newer = enrolment.make_enrolment(
            session, market_id=huong.market_id, login_id=huongs_login, made_by=None, now=utc_now()
        )
    assert take(client, code)[0] == 400
    assert take(client, newer)[0] == 303


def test_after_five_wrong_codes_the_sixth_waits_whatever_it_is(client: FlaskClient, code: str) -> None:
    for _ in range(5):
        assert take(client, "AAAA-AAAA")[0] == 400
    answer = client.post("/enrol", data={"code": code})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"


def test_signing_out_gives_nobody_wrong_codes_back(client: FlaskClient, code: str) -> None:
    for _ in range(5):
        take(client, "AAAA-AAAA")
    client.post("/signout")
    assert take(client, code)[0] == 429


def test_one_phones_wrong_codes_keep_no_neighbour_out(client: FlaskClient, app: Flask, code: str) -> None:
    for _ in range(6):
        take(client, "AAAA-AAAA")
    assert take(app.test_client(), code)[0] == 303


def test_a_code_of_somebody_whose_role_has_ended_opens_nothing(
    client: FlaskClient, code: str, database: Database, huongs_login: int, huong: StallRow
) -> None:
    with database.writing() as session:
        [member] = roster.members(session, huong.market_id, login_id=huongs_login)
        roster.end_role(session, huongs_login, member.held[0].grant_id, utc_now())
    assert take(client, code)[0] == 400


@pytest.mark.parametrize("pin", ["000000", "111111", "123456", "654321", "890123", "121212", "123123"])
def test_a_pin_that_is_guessed_first_is_refused(client: FlaskClient, code: str, pin: str) -> None:
    status, said = take(client, code, pin=pin, again=pin)
    assert status == 400
    assert "Mã này dễ đoán quá." in said


@pytest.mark.parametrize("pin", ["", "27491", "2749180", "27491a", "٢٧٤٩١٨"])
def test_a_pin_is_six_digits(client: FlaskClient, code: str, pin: str) -> None:
    assert "Mã PIN gồm đúng 6 số." in take(client, code, pin=pin, again=pin)[1]


def test_a_wrong_form_keeps_the_code_and_the_name_and_not_the_pin(client: FlaskClient, code: str) -> None:
    status, said = take(client, code, again="274919")
    assert status == 400
    assert "Hai lần ghi chưa giống nhau." in said
    assert f'name="code" value="{code}"' in said
    assert 'value="Máy của Hương"' in said
    assert PIN not in said
    assert take(client, code)[0] == 303


def test_a_session_set_before_is_not_the_one_after(
    client: FlaskClient, app: Flask, code: str, database: Database
) -> None:
    client.set_cookie(app.config["SIGN_IN_COOKIE"], "chosen-by-somebody-else")
    take(client, code)
    cookie = client.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert cookie is not None
    assert cookie.value != "chosen-by-somebody-else"


def test_a_login_without_a_password_is_opened_by_none(client: FlaskClient, huongs_login: int, code: str) -> None:
    for password in ("", "x", "mat-khau-dai"):
        assert client.post("/signin", data={"login": "chi-huong", "password": password}).status_code in (400, 401)


def test_a_phone_stays_signed_in_while_it_is_used_and_not_for_ever(
    client: FlaskClient, code: str, database: Database
) -> None:
    take(client, code)
    for created, seen, leads_to in ((399, 89, 200), (399, 91, 302), (401, 1, 302)):
        now = utc_now()
        with database.writing() as session:
            session.connection().execute(
                update(SESSION).values(created_at=now - timedelta(days=created), seen_at=now - timedelta(days=seen))
            )
        assert client.get("/stall/").status_code == leads_to


def test_a_login_that_has_ended_is_signed_out_at_once(
    client: FlaskClient, code: str, database: Database, huongs_login: int
) -> None:
    take(client, code)
    with database.writing() as session:
        session.connection().execute(update(LOGIN).where(LOGIN.c.id == huongs_login).values(ended_at=utc_now()))
    assert client.get("/stall/").status_code == 302
