"""What a stall's phone is given to keep, and for whom."""

import re
from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import update

from ledger.days import utc_now
from market.db import Database
from market.web.stall_kept import MARK, version
from merchants.model import BANK_ACCOUNT
from merchants.stalls import StallRow

PAGES = ["/stall/", "/stall/made", "/stall/offline", "/stall/sign", "/stall/till"]


def test_all_that_a_phone_keeps_comes_in_one_answer(phone: FlaskClient) -> None:
    answer = phone.get("/stall/kept")
    assert answer.json is not None
    pages, shared = answer.json["pages"], answer.json["shared"]
    assert sorted(pages) == PAGES
    assert all(page.startswith("<!doctype html>") for page in pages.values())
    whole = pages["/stall/"].replace("<!--0-->", shared[0]).replace("<!--1-->", shared[1])
    assert re.findall("<style>.*?</style>", whole, re.DOTALL) == re.findall(
        "<style>.*?</style>", phone.get("/stall/").text, re.DOTALL
    )


def test_pages_that_may_be_kept_carry_one_mark(phone: FlaskClient) -> None:
    marks = {phone.get(path).headers[MARK] for path in ("/stall/", "/stall/till", "/stall/sign", "/stall/kept")}
    assert len(marks) == 1
    assert marks.pop().startswith(version())


def test_a_page_for_one_amount_is_not_kept(phone: FlaskClient) -> None:
    assert MARK not in phone.get("/stall/till?amount=50000").headers


def test_a_page_with_money_of_other_days_is_not_kept(phone: FlaskClient) -> None:
    assert MARK not in phone.get("/stall/book").headers


def test_another_person_has_another_mark(
    phone: FlaskClient, signed_in: Callable[..., FlaskClient], huong: StallRow
) -> None:
    helper = signed_in("helper", stall=huong)
    assert phone.get("/stall/").headers[MARK] != helper.get("/stall/").headers[MARK]


def test_another_language_has_another_mark(phone: FlaskClient) -> None:
    vietnamese = phone.get("/stall/").headers[MARK]
    phone.set_cookie("lang", "en")
    assert phone.get("/stall/").headers[MARK] != vietnamese


def test_another_light_has_another_mark(phone: FlaskClient) -> None:
    usual = phone.get("/stall/").headers[MARK]
    phone.set_cookie("light", "sun")
    assert phone.get("/stall/").headers[MARK] != usual


def test_the_first_page_gives_the_token_that_every_form_goes_with(phone: FlaskClient) -> None:
    def token() -> str:
        with phone.session_transaction() as session:
            return str(session.get("csrf_token"))

    phone.get("/stall/book")
    first = token()
    assert len(first) == 40
    phone.get("/stall/kept")
    assert token() == first


def test_another_account_has_another_mark(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    before = phone.get("/stall/").headers[MARK]
    with database.writing() as session:
        session.connection().execute(
            update(BANK_ACCOUNT).where(BANK_ACCOUNT.c.stall_id == huong.id).values(number="0123488888")
        )
    assert phone.get("/stall/").headers[MARK] != before


def test_the_token_of_a_kept_form_lasts_after_the_browser_was_closed(phone: FlaskClient) -> None:
    phone.get("/stall/till")
    cookie = phone.get_cookie("forms")
    assert cookie is not None
    assert cookie.expires is not None
    assert cookie.expires > utc_now() + timedelta(days=30)


def test_a_file_that_everybody_keeps_carries_no_cookie(phone: FlaskClient) -> None:
    phone.get("/stall/till")
    with phone.get("/static/offline.js") as answer:
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_stranger_is_given_nothing_to_keep(client: FlaskClient, administrator: FlaskClient) -> None:
    answer = client.get("/stall/kept")
    assert answer.status_code == 302
    assert MARK not in answer.headers


def test_the_worker_is_asked_for_anew_each_time(client: FlaskClient) -> None:
    answer = client.get("/stall/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_the_app_opens_at_today_and_stays_within_the_phones_pages(client: FlaskClient) -> None:
    manifest = client.get("/stall/app.webmanifest").get_json(force=True)
    assert (manifest["name"], manifest["start_url"], manifest["scope"]) == ("Chợ 4.0 · Sạp", "/stall/", "/stall/")
    for icon in manifest["icons"]:
        with client.get(icon["src"]) as picture:
            assert (picture.status_code, picture.mimetype) == (200, "image/png")
