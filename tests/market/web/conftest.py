"""The web as a test visits it: the application over the test's own database, and people who are signed in."""

import itertools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.books.counts import month_counts
from ledger.days import Month, local_date, utc_now
from ledger.inbox.notice import Feed, Notice
from market.access import devices, sessions
from market.access.logins import add_login
from market.access.throttle import Throttle
from market.access.tokens import add_token
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.model import LOGIN
from market.web import access
from market.web.app import create_app
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.conftest import NOW
from tests.market.web.authenticator import PASSWORD, SITE, Authenticator
from tests.market.web.two_markets import Side, build_side

PIN = "274918"


@pytest.fixture
def base_url() -> str:
    """The public address; empty where none is given."""
    return ""


@pytest.fixture
def installation(database: Database, tmp_path: Path, base_url: str) -> Installation:
    """An installation whose data folder is the test's own."""
    environment = {"CHO_DATA": str(tmp_path / "data"), "CHO_BASE_URL": base_url}
    found = Installation(Settings.from_environment(environment))
    found.database = database
    return found


@pytest.fixture
def app(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application; forms need no token here, and no earlier test's wrong tries are remembered."""
    monkeypatch.setattr(access, "throttle", Throttle())
    made = create_app(installation)
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A stranger's browser."""
    return app.test_client()


@pytest.fixture
def add_person(database: Database) -> Callable[..., str]:
    """Adds a login and gives its name: `add_person("board", market_id=market_id)`."""
    numbers = itertools.count(1)

    def add(role: str, *, market_id: int | None = None, stall: StallRow | None = None) -> str:
        name = f"{role}{next(numbers)}"
        with database.writing() as session:
            add_login(
                session,
                name=name,
                role=role,
                market_id=stall.market_id if stall else market_id,
                stall_id=stall.id if stall else None,
                password=PASSWORD,
                now=utc_now(),
            )
        return name

    return add


@pytest.fixture
def signed_in(app: Flask, database: Database, add_person: Callable[..., str]) -> Callable[..., FlaskClient]:
    """A browser somebody is signed in at: `signed_in("stallholder", stall=huong)`."""

    def sign_in(role: str, *, market_id: int | None = None, stall: StallRow | None = None) -> FlaskClient:
        name = add_person(role, market_id=market_id, stall=stall)
        with database.writing() as session:
            login_id = sessions.check_password(session, name, PASSWORD)
            assert login_id is not None
            token = sessions.sign_in(session, login_id, utc_now())
        browser = app.test_client()
        browser.set_cookie(app.config["SIGN_IN_COOKIE"], token)
        return browser

    return sign_in


class Program:
    """A program that shows a token to the API: `program.get("/markets")`, `program.post("/payments", {…})`."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client = client
        self.token = token

    def get(self, path: str, **asked: object) -> TestResponse:
        return self._client.get(f"/api/v1{path}", query_string=asked, headers=self._headers())

    def post(self, path: str, body: object, *, key: str = "") -> TestResponse:
        headers = self._headers() | ({"Idempotency-Key": key} if key else {})
        return self._client.post(f"/api/v1{path}", json=body, headers=headers)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def program(app: Flask, database: Database) -> Callable[..., Program]:
    """A program with a token: `program("stallholder", stall=huong)`."""

    def with_token(role: str, *, market_id: int | None = None, stall: StallRow | None = None) -> Program:
        with database.writing() as session:
            token = add_token(
                session,
                role=role,
                market_id=stall.market_id if stall else market_id,
                stall_id=stall.id if stall else None,
                now=utc_now(),
            )
        return Program(app.test_client(), token)

    return with_token


@pytest.fixture
def administrator(signed_in: Callable[..., FlaskClient]) -> FlaskClient:
    """The administrator's browser; with one, the installation is past its first run."""
    return signed_in("administrator")


@pytest.fixture
def phone(signed_in: Callable[..., FlaskClient], huong: StallRow) -> FlaskClient:
    """Chị Hương's phone."""
    return signed_in("stallholder", stall=huong)


@pytest.fixture
def enrol(
    app: Flask, database: Database, add_person: Callable[..., str], administrator: FlaskClient, huong: StallRow
) -> Callable[[bool], FlaskClient]:
    """Makes chị Hương's phone, enrolled with the PIN 274918; says whether that was shown just now."""

    def phone(confirmed: bool) -> FlaskClient:
        name = add_person("stallholder", stall=huong)
        with database.writing() as session:
            login_id = session.connection().execute(select(LOGIN.c.id).where(LOGIN.c.name == name)).scalar_one()
            device_id = devices.add(
                session, market_id=huong.market_id, login_id=login_id, name="Điện thoại", pin=PIN, now=utc_now()
            )
            token = sessions.sign_in(session, login_id, utc_now(), device_id=device_id, confirmed=confirmed)
        browser = app.test_client()
        browser.set_cookie(app.config["SIGN_IN_COOKIE"], token)
        return browser

    return phone


@pytest.fixture
def enrolled(enrol: Callable[[bool], FlaskClient]) -> FlaskClient:
    """Chị Hương's phone, enrolled with the PIN 274918, which was shown just now."""
    return enrol(True)


@pytest.fixture
def board(client: FlaskClient, add_person: Callable[..., str], market_id: int, administrator: FlaskClient) -> str:
    """A board's login that has just signed in at `client` with its password."""
    name = add_person("board", market_id=market_id)
    assert client.post("/signin", data={"login": name, "password": PASSWORD}).headers["Location"] == "/"
    return name


@pytest.fixture
def pay(database: Database, channel: Source, told: Callable[..., Notice]) -> Callable[..., int]:
    """A customer pays and the bank tells at `NOW`: `pay(huong, 50_000, memo="…")` gives the entry."""

    def paid(stall: StallRow, amount: int, at: datetime | None = NOW, **more: Any) -> int:
        with database.writing() as session:
            [outcome] = take(session, channel, "hook", [(told(stall, amount, at=at, **more), b"{}")], NOW)
        assert outcome.entry_id is not None
        return outcome.entry_id

    return paid


@pytest.fixture
def key() -> Authenticator:
    """The keeper of passkeys in a person's own device."""
    return Authenticator(SITE)


@pytest.fixture
def near(database: Database) -> Side:
    """A whole market: the one that the people of a test belong to."""
    return build_side(database, "gan", "0123400001")


@pytest.fixture
def far(database: Database, near: Side) -> Side:
    """Another whole market, which is not theirs."""
    return build_side(database, "xa", "0123400002")


@pytest.fixture
def tell(database: Database, channel: Source, told: Callable[..., Notice]) -> Callable[..., list[int]]:
    """A feed tells of payments at once: `tell(huong, 50_000, feed="statement")` gives their notices."""

    def tell_(stall: StallRow, *amounts: int, feed: Feed = "hook", source: Source = channel, **said: Any) -> list[int]:
        now = utc_now()
        notices = [told(stall, amount, at=now)._replace(**said) for amount in amounts]
        with database.writing() as session:
            outcomes = take(session, source, feed, [(notice, b"{}") for notice in notices], now)
        return [outcome.notice_id for outcome in outcomes if outcome.notice_id is not None]

    return tell_


@pytest.fixture
def counted(database: Database, market_id: int) -> Callable[[StallRow], int]:
    """How many transactions a stall has this month."""

    def count(stall: StallRow) -> int:
        with database.reading() as session:
            return month_counts(session, market_id, Month.of(local_date(utc_now()))).get(stall.book_id, 0)

    return count
