"""People who try for more than is theirs: fields that no form has, pages kept open, guesses, ways out of the house."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, func, select, update

from ledger.inbox.notice import Notice
from market.access import sessions
from market.access.logins import HASHER
from market.db import Database
from market.installation import Installation
from market.model import LOGIN, ROLE_GRANT
from market.web.app import create_app
from merchants.model import PAYMENT_CODE, STALL
from merchants.payments import Source, take
from merchants.stalls import StallRow, load_stall
from tests.conftest import NOW
from tests.market.web.authenticator import PASSWORD

# What somebody who read the source would like to set.
WISHED = {
    "role": "administrator",
    "market_id": "2",
    "stall_id": "2",
    "login_id": "1",
    "book_id": "2",
    "status": "closed",
    "verified": "1",
    "counted": "1",
    "amount_confirmed": "1",
    "confirmed_at": "2099-01-01",
    "device_id": "1",
    "ended_at": "2020-01-01",
}
MARKUP = "\"><script>alert(1)</script><b a='"


def row(database: Database, table: Table, row_id: int) -> dict[str, Any]:
    with database.reading() as session:
        return dict(session.connection().execute(select(table).where(table.c.id == row_id)).one()._mapping)


def grants(database: Database) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        return [tuple(each) for each in session.connection().execute(select(ROLE_GRANT).order_by(ROLE_GRANT.c.id))]


# Fields that a form does not have.


def test_a_form_about_a_stall_changes_only_what_it_asks_for(
    signed_in: Callable[..., FlaskClient], huong: StallRow, database: Database
) -> None:
    browser, before = signed_in("staff", market_id=huong.market_id), row(database, STALL, huong.id)
    page = browser.get("/board/ben-song/stalls/C-01/edit").text
    loaded = page.partition('name="loaded" value="')[2].partition('"')[0]
    typed = {"name": "Cá Hương", "holder": "Lê Thị Hương", "account_name": "LE THI HUONG", "loaded": loaded}
    typed |= dict.fromkeys(("phone", "section", "category"), "") | {"read": "1"}
    wished = {**WISHED, "account_number": "0999999999", "bank": "MB", "code": "Z-99"}
    answer = browser.post("/board/ben-song/stalls/C-01/edit", data={**wished, **typed})
    assert answer.status_code == 303
    after = row(database, STALL, huong.id)
    asked = {"name", "holder", "phone", "section", "category"}
    assert {name for name in after if after[name] != before[name]} <= asked
    with database.reading() as session:
        kept = load_stall(session, huong.id)
    assert (kept.bin, kept.account_number, kept.code) == (huong.bin, huong.account_number, huong.code)


def test_no_form_makes_its_sender_more_than_before(enrolled: FlaskClient, huong: StallRow, database: Database) -> None:
    before = grants(database)
    for path in ("/language", "/security/everywhere", "/security/pin", "/stall/till", "/stall/account", "/confirm"):
        enrolled.post(path, data={**WISHED, "stall": huong.id, "language": "en", "amount": "50000", "next": "/"})
    assert grants(database) == before


@pytest.mark.parametrize("role", ["administrator", "province", "board", "auditor", "volunteer", "owner", ""])
def test_a_volunteer_adds_people_of_stalls_only(
    signed_in: Callable[..., FlaskClient], huong: StallRow, database: Database, role: str
) -> None:
    browser = signed_in("volunteer", market_id=huong.market_id)
    before = grants(database)
    typed = {**WISHED, "role": role, "stall": "C-01", "name": "Hoa"}
    assert browser.post("/board/ben-song/people/new", data=typed).status_code == 400
    assert grants(database) == before


def test_the_first_run_makes_one_administrator_whatever_else_is_said(
    administrator: FlaskClient, client: FlaskClient, database: Database
) -> None:
    before = grants(database)
    client.post("/first", data={**WISHED, "login": "ke-gian", "password": "ba con voi xanh", "code": "AAAA-AAAA"})
    assert grants(database) == before


# Sessions and pages kept open.


def test_a_page_that_was_open_for_ten_hours_still_works(
    installation: Installation, add_person: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, client = add_person("administrator"), create_app(installation).test_client()
    token = client.get("/signin").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    now = time.time() + 36_000
    monkeypatch.setattr(time, "time", lambda: now)
    typed = {"login": name, "password": PASSWORD, "csrf_token": token}
    assert client.post("/signin", data=typed).status_code == 303


def test_a_login_that_ends_is_signed_out_at_its_next_request(
    signed_in: Callable[..., FlaskClient], market_id: int, database: Database
) -> None:
    browser = signed_in("board", market_id=market_id)
    assert browser.get("/board/ben-song/").status_code == 200
    with database.writing() as session:
        session.connection().execute(update(LOGIN).values(ended_at=NOW))
    assert browser.get("/board/ben-song/").headers["Location"].startswith("/signin")


def test_a_role_that_was_taken_away_opens_nothing_at_the_next_request(
    signed_in: Callable[..., FlaskClient], market_id: int, database: Database, administrator: FlaskClient
) -> None:
    browser = signed_in("board", market_id=market_id)
    with database.writing() as session:
        session.connection().execute(update(ROLE_GRANT).where(ROLE_GRANT.c.role == "board").values(revoked_at=NOW))
    assert browser.get("/board/ben-song/").status_code == 404


def test_signing_out_leaves_nothing_in_the_browsers_cache(administrator: FlaskClient) -> None:
    assert administrator.post("/signout").headers["Clear-Site-Data"] == '"cache"'


def test_as_much_is_worked_out_for_a_login_that_there_is_not(
    client: FlaskClient, add_person: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            tried.append(password)
            return HASHER.verify(kept, password)

    monkeypatch.setattr(sessions, "HASHER", Counting())
    for login in (add_person("administrator"), "nobody", "no such\0login"):
        client.post("/signin", data={"login": login, "password": "wrong"})
    assert tried == ["wrong"] * 3


def test_a_phone_that_asks_without_end_is_slowed(enrolled: FlaskClient, huong: StallRow, database: Database) -> None:
    for _ in range(40):
        answer = enrolled.post("/stall/till", data={"stall": huong.id, "amount": "50000"})
    assert answer.status_code == 429
    assert "Nhanh quá" in answer.text
    assert 'value="50000"' in answer.text
    with database.reading() as session:
        made = session.connection().execute(select(func.count()).select_from(PAYMENT_CODE)).scalar_one()
    # A slow machine earns another now and then.
    assert 30 <= made < 40


# Names that lead elsewhere, words that are none.


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../../pyproject.toml", "/static/..%2f..%2fpyproject.toml", "/static/%2e%2e/%2e%2e/pyproject.toml"),
        *("/static/..\\..\\pyproject.toml", "/static//etc/passwd", "/static/%2fetc%2fpasswd"),
        *("/board/..%2f..%2fetc/", "/s/..%2f../C-01", "/s/ben-song/..%2f..%2fpyproject.toml/qr.svg"),
    ],
)
def test_no_address_reaches_a_file_that_is_not_for_everybody(path: str, administrator: FlaskClient) -> None:
    assert administrator.get(path, follow_redirects=True).status_code == 404


@pytest.mark.parametrize("language", ["../../../etc/passwd", "english/../../x", "", "vi\r\nX: y", "VI"])
def test_a_language_is_no_file(language: str, app: Flask, administrator: FlaskClient) -> None:
    administrator.set_cookie("lang", language)
    assert '<html lang="vi">' in administrator.get("/security").text
    assert "lang" not in str(administrator.post("/language", data={"language": language}).headers.get_all("Set-Cookie"))


@pytest.mark.parametrize(
    "path", ["/stall/", "/stall/day/2026-11-24", "/stall/payments?after=0", "/board/ben-song/unmatched"]
)
def test_markup_in_what_payers_write_is_text(
    path: str,
    database: Database,
    signed_in: Callable[..., FlaskClient],
    huong: StallRow,
    channel: Source,
    told: Callable[..., Notice],
) -> None:
    said = {"memo": MARKUP, "payer_name": MARKUP, "payer_account": MARKUP, "bank_reference": MARKUP}
    with database.writing() as session:
        take(session, channel, "hook", [(told(huong, 50_000, **said), b"{}")], NOW)
        take(session, channel, "hook", [(told(huong, 60_000, account_number="0999", **said), b"{}")], NOW)
    desk = path.startswith("/board")
    browser = signed_in("board", market_id=huong.market_id) if desk else signed_in("stallholder", stall=huong)
    answer = browser.get(path)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text or answer.mimetype == "application/json"
    assert not re.search(r"<script(?! src=)", answer.text) or answer.mimetype == "application/json"
