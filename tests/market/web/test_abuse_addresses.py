"""Forged addresses: of the site itself, of the site a form comes from, and of the visitor."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market.access.passwords import set_password
from market.access.people import find_login
from market.db import Database
from market.installation import Installation
from market.web.app import create_app
from tests.market.web.authenticator import PASSWORD

PUBLIC = "https://cho.example.vn"


@pytest.fixture
def public_app(installation: Installation) -> Flask:
    """The application at a public https address, behind a proxy on this machine."""
    installation.settings = replace(
        installation.settings, base_url=PUBLIC, base_url_given=True, proxies=(ip_network("127.0.0.1"),)
    )
    made = create_app(installation)
    made.config.update(TESTING=True)
    return made


@pytest.fixture
def visit(public_app: Flask) -> Callable[..., Any]:
    """One request to the public address: `visit("GET", "/signin", Host="evil.example")`."""
    client = public_app.test_client()

    def visit(method: str, path: str, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(path, method=method, base_url=PUBLIC, headers=named)

    return visit


@pytest.mark.parametrize("name", ["evil.example", "cho.example.vn.evil.example", "127.0.0.1:8000", "", "[", "a b"])
def test_a_request_under_another_name_is_told_the_right_one(name: str, visit: Callable[..., Any]) -> None:
    answer = visit("GET", "/first", Host=name)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert PUBLIC in answer.text
    assert "evil" not in answer.text


@pytest.mark.parametrize("name", ["cho.example.vn", "CHO.example.vn", "cho.example.vn:443"])
def test_the_own_name_is_known_as_browsers_may_write_it(name: str, visit: Callable[..., Any]) -> None:
    assert visit("GET", "/first", Host=name).status_code == 200


def test_a_banks_messenger_is_heard_under_every_name_and_from_every_site(visit: Callable[..., Any]) -> None:
    answer = visit("POST", "/hooks/999", Host="10.0.0.7:8000", Origin="https://my.sepay.vn")
    assert (answer.status_code, answer.mimetype) == (404, "application/json")


def test_health_is_told_under_every_name(visit: Callable[..., Any]) -> None:
    assert visit("GET", "/healthz", Host="10.0.0.7:8000").status_code == 200
    assert visit("GET", "/readyz", Host="127.0.0.1").status_code == 200


@pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost", "192.168.1.20:8000", "evil.example"])
def test_a_first_try_without_a_public_address_answers_to_every_name(name: str, client: FlaskClient) -> None:
    assert client.get("/first", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://cho.example.vn"},
        {"Origin": "https://cho.example.vn:8443"},
        {"Origin": "https://cho.example.vn.evil.example"},
        {"Origin": "file://"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "null"},
    ],
)
def test_a_form_from_another_site_is_refused(said: dict[str, str], visit: Callable[..., Any]) -> None:
    assert visit("POST", "/signin", **said).status_code == 403


@pytest.mark.parametrize("said", [{}, {"Origin": PUBLIC}, {"Origin": "null"}])
def test_a_form_without_its_token_is_refused_wherever_it_says_it_comes_from(
    said: dict[str, str], visit: Callable[..., Any]
) -> None:
    assert visit("POST", "/signin", **said).status_code == 400


def test_a_body_as_plain_text_is_no_way_round_the_token(visit: Callable[..., Any]) -> None:
    assert visit("POST", "/signin", Content_Type="text/plain").status_code == 400


def test_no_header_of_a_request_changes_where_links_lead(
    public_app: Flask, administrator: FlaskClient, visit: Callable[..., Any]
) -> None:
    forged = {"X_Forwarded_Host": "evil.example", "X_Forwarded_Prefix": "/evil", "Forwarded": "host=evil.example"}
    answer = visit("GET", "/", **forged)
    assert answer.headers["Location"] == "/signin"
    assert "evil" not in visit("GET", "/signin", **forged).text


def _guess(client: FlaskClient, *, came_from: str, forwarded_for: str) -> int:
    return client.post(
        "/signin",
        base_url=PUBLIC,
        data={"login": "chi.huong", "password": "wrong"},
        headers={"X-Forwarded-For": forwarded_for},
        environ_base={"REMOTE_ADDR": came_from},
    ).status_code


def test_another_forwarded_address_for_each_guess_does_not_help_a_stranger(
    public_app: Flask, administrator: FlaskClient
) -> None:
    public_app.config["WTF_CSRF_ENABLED"] = False
    client = public_app.test_client()
    said = [_guess(client, came_from="203.0.113.9", forwarded_for=f"1.1.1.{n}") for n in range(7)]
    assert said[0] == 401
    assert said[-1] == 429


def test_behind_the_proxy_one_who_guesses_keeps_no_other_visitor_out(
    public_app: Flask, administrator: FlaskClient
) -> None:
    public_app.config["WTF_CSRF_ENABLED"] = False
    client = public_app.test_client()
    for _ in itertools.repeat(None, 7):
        last = _guess(client, came_from="127.0.0.1", forwarded_for="9.9.9.9, 203.0.113.9")
    assert last == 429
    assert _guess(client, came_from="127.0.0.1", forwarded_for="203.0.113.10") == 401


def test_who_hammers_a_login_on_the_markets_wifi_does_not_keep_its_owner_out(
    app: Flask, add_person: Callable[..., str], administrator: FlaskClient
) -> None:
    name = add_person("province")
    owner, hammer = app.test_client(), app.test_client()
    assert owner.post("/signin", data={"login": name, "password": PASSWORD}).status_code == 303
    owner.post("/signout")
    said = [hammer.post("/signin", data={"login": name, "password": "wrong"}).status_code for _ in range(8)]
    assert said[-1] == 429
    assert hammer.post("/signin", data={"login": name, "password": PASSWORD}).status_code == 429
    assert owner.post("/signin", data={"login": name, "password": PASSWORD}).status_code == 303


def test_a_browser_that_is_known_may_not_guess_for_ever(
    app: Flask, add_person: Callable[..., str], administrator: FlaskClient
) -> None:
    name, other = add_person("province"), add_person("province")
    browser = app.test_client()
    browser.post("/signin", data={"login": name, "password": PASSWORD})
    for login in (name, other):
        said = [browser.post("/signin", data={"login": login, "password": "wrong"}).status_code for _ in range(7)]
        assert said[-1] == 429


def test_with_a_new_password_a_browser_is_known_no_more(
    app: Flask, add_person: Callable[..., str], administrator: FlaskClient, database: Database
) -> None:
    name = add_person("province")
    thief, guesser = app.test_client(), app.test_client()
    thief.post("/signin", data={"login": name, "password": PASSWORD})
    thief.post("/signout")
    with database.writing() as session:
        login_id, _ = find_login(session, name) or (0, None)
        set_password(session, login_id, "bien-xanh-ca-bac", but="")
    said = [guesser.post("/signin", data={"login": name, "password": "wrong"}).status_code for _ in range(8)]
    assert said[-1] == 429
    assert thief.post("/signin", data={"login": name, "password": PASSWORD}).status_code == 429


def test_a_made_up_cookie_makes_no_browser_known(app: Flask, administrator: FlaskClient) -> None:
    for number in range(7):
        browser = app.test_client()
        browser.set_cookie("known", f"{number:064}")
        last = browser.post("/signin", data={"login": "chi.huong", "password": "wrong"}).status_code
    assert last == 429
