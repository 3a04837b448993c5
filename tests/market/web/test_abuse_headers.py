"""What every answer carries, what cookies are, and how large a request may be."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market.installation import Installation
from market.web.access import own_path
from market.web.app import create_app
from merchants.stalls import StallRow
from tests.market.web.authenticator import PASSWORD

PAGES = ("/signin", "/s/ben-song/C-01", "/healthz", "/nowhere", "/static/board.css", "/api/v1/markets")


@pytest.fixture
def https_app(installation: Installation, app: Flask) -> Flask:
    """The application under an https address; forms need no token."""
    settings = replace(installation.settings, base_url="https://cho.example.vn", base_url_given=True)
    installation.settings = settings
    made = create_app(installation)
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return made


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_forbids_what_no_page_needs(
    path: str, client: FlaskClient, administrator: FlaskClient, huong: StallRow
) -> None:
    with client.get(path) as answer:
        headers = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_of_somebody_are_kept_by_no_cache(administrator: FlaskClient) -> None:
    assert administrator.get("/province").headers["Cache-Control"] == "no-store"


def test_no_page_tells_what_it_is_made_with(client: FlaskClient, administrator: FlaskClient) -> None:
    assert "X-Powered-By" not in client.get("/signin").headers


def test_plain_http_has_plain_cookies_and_no_hsts(
    client: FlaskClient, add_person: Callable[..., str], administrator: FlaskClient
) -> None:
    answer = client.post("/signin", data={"login": add_person("province"), "password": PASSWORD})
    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("cho=")]
    assert "Secure" not in cookie
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Strict-Transport-Security" not in answer.headers


def test_https_has_host_cookies_and_hsts(
    https_app: Flask, add_person: Callable[..., str], administrator: FlaskClient
) -> None:
    answer = https_app.test_client().post(
        "/signin",
        base_url="https://cho.example.vn",
        data={"login": add_person("province"), "password": PASSWORD},
    )
    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("__Host-cho=")]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_token_that_was_planted_before_is_never_that_of_the_session(
    app: Flask, add_person: Callable[..., str], administrator: FlaskClient
) -> None:
    browser = app.test_client()
    browser.set_cookie(app.config["SIGN_IN_COOKIE"], "planted" * 6)
    browser.post("/signin", data={"login": add_person("province"), "password": PASSWORD})
    own = browser.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert own is not None
    assert own.value != "planted" * 6
    thief = app.test_client()
    thief.set_cookie(app.config["SIGN_IN_COOKIE"], "planted" * 6)
    assert thief.get("/province").status_code == 302


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/%0d%0aLocation:evil\r\n",
        "/\r\nSet-Cookie: a=b",
        "/\t/evil.example",
        "/a\\..\\evil",
        " //evil.example",
        "///evil.example",
        "/\u2028/evil",
        "",
    ],
)
def test_no_way_back_leads_to_another_site(
    elsewhere: str, client: FlaskClient, add_person: Callable[..., str], administrator: FlaskClient
) -> None:
    assert own_path(elsewhere) == "/"
    signed_in = client.post("/signin", data={"login": add_person("province"), "password": PASSWORD, "next": elsewhere})
    language = client.post("/language", data={"language": "en", "back": elsewhere})
    assert {signed_in.headers["Location"], language.headers["Location"]} == {"/"}


def test_an_encoded_line_end_stays_encoded(client: FlaskClient, administrator: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "en", "back": "/a%0d%0aSet-Cookie:b=c"})
    assert answer.headers["Location"] == "/a%0d%0aSet-Cookie:b=c"
    assert not [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("b=")]


def test_ten_thousand_fields_are_refused(client: FlaskClient, administrator: FlaskClient) -> None:
    part = '--b\r\nContent-Disposition: form-data; name="login"\r\n\r\nx\r\n'
    body = (part * 10_000 + "--b--\r\n").encode()
    assert client.post("/signin", data=body, content_type="multipart/form-data; boundary=b").status_code == 413


@pytest.mark.parametrize(
    ("path", "kind"), [("/signin", "application/x-www-form-urlencoded"), ("/hooks/1", "application/json")]
)
def test_a_body_without_a_file_is_small(path: str, kind: str, client: FlaskClient, administrator: FlaskClient) -> None:
    assert client.post(path, data=b"x" * 300_000, content_type=kind).status_code == 413


@pytest.mark.parametrize("page", ["statements", "statements/import", "statements/columns", "import"])
def test_a_page_that_takes_files_takes_no_larger_body_without_one(
    page: str, administrator: FlaskClient, signed_in: Callable[..., FlaskClient], market_id: int
) -> None:
    kind = "application/x-www-form-urlencoded"
    board = signed_in("board", market_id=market_id)
    assert board.post(f"/board/ben-song/{page}", data=b"a=&" * 100_000, content_type=kind).status_code == 413


@pytest.mark.parametrize("page", ["statements", "import"])
@pytest.mark.parametrize("role", [None, "stallholder"])
def test_the_body_of_whoever_may_not_see_the_page_is_not_read(
    page: str,
    role: str | None,
    app: Flask,
    administrator: FlaskClient,
    signed_in: Callable[..., FlaskClient],
    huong: StallRow,
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    visitor = app.test_client() if role is None else signed_in(role, stall=huong)
    unread = io.BytesIO(b"--b" + b"x" * 1_000_000)
    answer = visitor.post(
        f"/board/ben-song/{page}",
        input_stream=unread,
        content_length=1_000_003,
        content_type="multipart/form-data; boundary=b",
    )
    assert (answer.status_code, unread.tell()) == (302 if role is None else 404, 0)


def test_a_file_beyond_the_limit_is_refused(administrator: FlaskClient, market_id: int) -> None:
    answer = administrator.post(
        "/board/ben-song/import",
        data=b"--b",
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"CONTENT_LENGTH": "20000001"},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("body", ["[" * 30_000, '{"a":' * 10_000, "[" * 30_000 + "]" * 30_000])
def test_json_that_goes_too_deep_is_no_fault_of_ours(
    body: str, client: FlaskClient, administrator: FlaskClient
) -> None:
    for path in ("/api/v1/payments", "/api/v1/payment-codes", "/hooks/1"):
        status = client.post(path, data=body, content_type="application/json").status_code
        assert 400 <= status < 500, path


def test_wrong_and_unknown_logins_are_answered_alike(
    app: Flask, add_person: Callable[..., str], administrator: FlaskClient
) -> None:
    said = []
    for login in (add_person("province"), "nobody.at.all"):
        answer = app.test_client().post("/signin", data={"login": login, "password": "wrong"})
        plain = re.sub(r'value="[^"]*"', "", answer.text)
        said.append((answer.status_code, plain, json.dumps(sorted(answer.headers.keys()))))
    assert said[0] == said[1]
