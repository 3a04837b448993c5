"""One's own security: a new password, the second factor with its recovery codes, phones, other sessions."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.days import utc_now
from market.access import second_factor
from market.access.model import AUDIT
from market.db import Database
from market.installation import Installation
from market.model import LOGIN

PASSWORD = "hoa-phuong-do"
BETTER = "ba con voi xanh"
# RFC 6238, appendix B: the secret of the SHA-1 rows, in base32.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def board(client: FlaskClient, add_person: Callable[..., str], market_id: int, administrator: FlaskClient) -> str:
    """A board's login that is signed in at `client`, with its password shown just now."""
    name = add_person("board", market_id=market_id)
    assert sign_in(client, name) == (303, "/")
    return name


def sign_in(browser: FlaskClient, name: str, password: str = PASSWORD) -> tuple[int, str]:
    """The status, and where it leads or else what the page says."""
    answer = browser.post("/signin", data={"login": name, "password": password})
    return answer.status_code, answer.headers.get("Location", answer.text)


def turned_on(client: FlaskClient) -> tuple[str, list[str]]:
    """Turn the second factor on; gives its secret and the recovery codes."""
    page = client.get("/security/second").text
    secret = re.sub(r"\s", "", page.partition('class="copied">')[2].partition("<")[0])
    page = client.post("/security/second", data={"code": digits(secret)}).text
    return secret, re.findall(r"<li>([A-Z2-9-]{14})</li>", page)


def digits(secret: str, late: int = 0) -> str:
    """The six digits of now, or of `late` half minutes from now."""
    return second_factor.code_at(secret, int(utc_now().timestamp()) // 30 + late)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_digits_are_those_of_the_standard(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert second_factor.step_of(RFC_SECRET, code, at) == seconds // 30


@pytest.mark.parametrize(("seconds_off", "taken"), [(-30, True), (0, True), (30, True), (-60, False), (60, False)])
def test_a_clock_may_be_half_a_minute_wrong(seconds_off: int, taken: bool) -> None:
    at = datetime.fromtimestamp(1_111_111_110, UTC) + timedelta(seconds=seconds_off)
    assert (second_factor.step_of(RFC_SECRET, "050471", at) is not None) == taken


@pytest.mark.parametrize("typed", ["", "05047", "0504711", "٠٥٠٤٧١", "abcdef"])
def test_what_is_no_six_digits_is_simply_wrong(typed: str) -> None:
    assert second_factor.step_of(RFC_SECRET, typed, datetime.fromtimestamp(1_111_111_110, UTC)) is None


def test_with_a_second_factor_the_password_alone_opens_nothing(client: FlaskClient, app: Flask, board: str) -> None:
    turned_on(client)
    other = app.test_client()
    assert sign_in(other, board) == (303, "/signin/code")
    assert other.get("/board/ben-song/").headers["Location"].startswith("/signin")


def test_the_digits_after_the_password_sign_in(client: FlaskClient, app: Flask, board: str) -> None:
    secret, _ = turned_on(client)
    other = app.test_client()
    sign_in(other, board)
    answer = other.post("/signin/code", data={"code": digits(secret, 1)})
    assert answer.headers["Location"] == "/"
    assert other.get("/board/ben-song/").status_code == 200


def test_digits_are_good_once(client: FlaskClient, app: Flask, board: str) -> None:
    secret, _ = turned_on(client)
    code = digits(secret, 1)
    statuses = []
    for _ in range(2):
        other = app.test_client()
        sign_in(other, board)
        statuses.append(other.post("/signin/code", data={"code": code}).status_code)
    assert statuses == [303, 401]


def test_digits_that_turned_it_on_do_not_sign_in(client: FlaskClient, app: Flask, board: str) -> None:
    secret, _ = turned_on(client)
    with app.extensions["cho"].database.reading() as session:
        step = session.connection().execute(select(LOGIN.c.totp_step).where(LOGIN.c.name == board)).scalar_one()
    other = app.test_client()
    sign_in(other, board)
    assert other.post("/signin/code", data={"code": second_factor.code_at(secret, step)}).status_code == 401


def test_a_recovery_code_stands_in_once(client: FlaskClient, app: Flask, board: str) -> None:
    _, codes = turned_on(client)
    assert len(set(codes)) == 8
    statuses = []
    for typed in (codes[3].lower(), codes[3], codes[4].replace("-", " ")):
        other = app.test_client()
        sign_in(other, board)
        statuses.append(other.post("/signin/code", data={"code": typed}).status_code)
    assert statuses == [303, 401, 303]


def test_wrong_digits_are_slowed(client: FlaskClient, app: Flask, board: str) -> None:
    secret, _ = turned_on(client)
    other = app.test_client()
    sign_in(other, board)
    for _ in range(5):
        assert other.post("/signin/code", data={"code": "x"}).status_code == 401
    sign_in(other, board)
    assert other.post("/signin/code", data={"code": digits(secret, 1)}).status_code == 429


def test_after_five_wrong_digits_the_password_is_asked_anew(client: FlaskClient, app: Flask, board: str) -> None:
    secret, _ = turned_on(client)
    other = app.test_client()
    sign_in(other, board)
    pages = [other.post("/signin/code", data={"code": "x"}).text for _ in range(5)]
    assert "Mã chưa đúng hoặc đã dùng rồi." in pages[3]
    assert "Ghi sai mã 5 lần rồi. Ghi lại mật khẩu để thử tiếp." in pages[4]
    assert f'value="{board}"' in pages[4]
    assert other.post("/signin/code", data={"code": digits(secret, 1)}).headers["Location"] == "/signin"


def test_digits_are_counted_wherever_they_are_tried(client: FlaskClient, app: Flask, board: str) -> None:
    turned_on(client)
    said = []
    for number in range(7):
        other = app.test_client()
        sign_in(other, board)
        at = {"REMOTE_ADDR": f"203.0.113.{number}"}
        said += [other.post("/signin/code", data={"code": "x"}, environ_base=at) for _ in range(3)]
    assert [answer.status_code for answer in said] == [*[401] * 20, 429]
    assert int(said[-1].headers["Retry-After"]) <= 60


def test_guesses_elsewhere_keep_no_owner_out_of_a_browser_used_before(
    client: FlaskClient, app: Flask, board: str
) -> None:
    secret, _ = turned_on(client)
    client.post("/signout")
    for number in range(6):
        other = app.test_client()
        sign_in(other, board)
        for _ in range(4):
            other.post("/signin/code", data={"code": "x"}, environ_base={"REMOTE_ADDR": f"203.0.113.{number}"})
    sign_in(client, board)
    assert client.post("/signin/code", data={"code": digits(secret, 1)}).status_code == 303


def test_the_password_alone_makes_no_browser_one_used_before(client: FlaskClient, app: Flask, board: str) -> None:
    turned_on(client)
    other = app.test_client()
    sign_in(other, board)
    assert other.get_cookie("known") is None


def shown_secret(browser: FlaskClient) -> str:
    """The secret that whoever turns the second factor on is shown."""
    return browser.get("/security/second").text.partition('class="copied">')[2].partition("<")[0]


@pytest.mark.parametrize("signs_out", [True, False])
def test_whoever_sits_down_next_is_shown_another_secret(
    client: FlaskClient, board: str, add_person: Callable[..., str], market_id: int, signs_out: bool
) -> None:
    secret = shown_secret(client)
    assert secret == shown_secret(client)
    if signs_out:
        client.post("/signout")
    sign_in(client, add_person("board", market_id=market_id))
    assert shown_secret(client) not in ("", secret)


def test_a_secret_that_another_login_was_shown_is_not_ones_own(
    client: FlaskClient, app: Flask, board: str, add_person: Callable[..., str], market_id: int
) -> None:
    secret, other = shown_secret(client), app.test_client()
    sign_in(other, add_person("board", market_id=market_id))
    forms = client.get_cookie("forms")
    assert forms is not None
    other.set_cookie("forms", forms.value)
    assert shown_secret(other) not in ("", secret)


def test_signing_out_leaves_nothing_of_what_pages_kept(client: FlaskClient, board: str) -> None:
    shown_secret(client)
    client.post("/signout")
    with client.session_transaction() as kept:
        assert dict(kept) == {}


def test_the_second_step_is_nobodys_without_a_password_before_it(
    client: FlaskClient, administrator: FlaskClient
) -> None:
    assert client.post("/signin/code", data={"code": "123456"}).headers["Location"] == "/signin"


def test_neither_the_secret_nor_a_recovery_code_is_kept_readable(
    client: FlaskClient, board: str, database: Database
) -> None:
    secret, codes = turned_on(client)
    with database.reading() as session:
        kept = str(session.connection().execute(select(LOGIN).where(LOGIN.c.name == board)).one())
    assert secret not in kept
    assert codes[0] not in kept


def test_wrong_digits_do_not_turn_it_on(client: FlaskClient, board: str) -> None:
    client.get("/security/second")
    assert client.post("/security/second", data={"code": "000000"}).status_code == 400
    assert "Bật bước thứ hai" in client.get("/security").text


def test_it_is_turned_off_again(client: FlaskClient, app: Flask, board: str) -> None:
    turned_on(client)
    client.post("/security/second/off")
    assert sign_in(app.test_client(), board) == (303, "/")


def test_a_board_is_advised_until_it_is_on(client: FlaskClient, board: str) -> None:
    advice = "Ai biết mật khẩu này thì mở được cả chợ."
    assert advice in client.get("/board/ben-song/").text
    turned_on(client)
    assert advice not in client.get("/board/ben-song/").text


@pytest.mark.parametrize(("method", "path"), [("get", "password"), ("post", "password"), ("get", "second")])
def test_an_old_session_shows_the_password_again_first(
    method: str, path: str, signed_in: Callable[..., FlaskClient], market_id: int
) -> None:
    browser = signed_in("board", market_id=market_id)
    answer = getattr(browser, method)(f"/security/{path}", data={"password": BETTER})
    assert answer.headers["Location"] == f"/confirm?next=/security/{path}"


def test_a_new_password_ends_every_other_session(client: FlaskClient, app: Flask, board: str) -> None:
    other = app.test_client()
    sign_in(other, board)
    assert client.post("/security/password", data={"password": BETTER}).headers["Location"] == "/security"
    assert client.get("/board/ben-song/").status_code == 200
    assert other.get("/board/ben-song/").headers["Location"].startswith("/signin")
    assert sign_in(app.test_client(), board)[0] == 401
    assert sign_in(app.test_client(), board, BETTER)[0] == 303


def test_the_browser_of_a_new_password_is_still_known(client: FlaskClient, board: str) -> None:
    answer = client.post("/security/password", data={"password": BETTER})
    assert any("known" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("1234567", "Mật khẩu cần ít nhất 8 ký tự."),
        ("x" * 201, "Mật khẩu dài quá"),
        ("matkhau123", "Mật khẩu này nhiều người dùng"),
        ("Mật khẩu 123", "Mật khẩu này nhiều người dùng"),
        ("AnhYeuEm", "Mật khẩu này nhiều người dùng"),
        ("Chợ Bến Sông", "Mật khẩu trùng tên đăng nhập hoặc tên chợ."),
        ("Administrator1", "Mật khẩu trùng tên đăng nhập hoặc tên chợ."),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(
    client: FlaskClient, add_person: Callable[..., str], market_id: int, password: str, said: str
) -> None:
    sign_in(client, add_person("administrator"))
    page = client.post("/security/password", data={"password": password})
    assert page.status_code == 400
    assert said in page.text


@pytest.mark.parametrize("password", [BETTER, "12 con mèo", "ngựa-pin-kẹp-đúng", "🐟🐟🐟🐟🐟🐟🐟🐟"])
def test_nothing_else_is_asked_of_a_password(client: FlaskClient, board: str, password: str) -> None:
    assert client.post("/security/password", data={"password": password}).status_code == 303


def test_signing_out_everywhere_else_keeps_this_session(client: FlaskClient, app: Flask, board: str) -> None:
    other = app.test_client()
    sign_in(other, board)
    client.post("/security/everywhere")
    assert client.get("/board/ben-song/").status_code == 200
    assert other.get("/board/ben-song/").status_code == 302


def test_what_is_changed_is_in_the_audit_trail(client: FlaskClient, board: str, database: Database) -> None:
    turned_on(client)
    client.post("/security/second/off")
    client.post("/security/password", data={"password": BETTER})
    with database.reading() as session:
        acts = session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars().all()
    assert acts == ["sign_in", "second_factor_on", "second_factor_off", "password_changed"]


def test_a_session_under_another_key_is_a_new_one_after_signing_in(
    client: FlaskClient, app: Flask, add_person: Callable[..., str]
) -> None:
    client.set_cookie(app.config["SIGN_IN_COOKIE"], "chosen-by-somebody-else")
    sign_in(client, add_person("administrator"))
    cookie = client.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert cookie is not None
    assert cookie.value != "chosen-by-somebody-else"


def test_the_pages_speak_english_too(client: FlaskClient, board: str, installation: Installation) -> None:
    client.set_cookie("lang", "en")
    assert "Second step when signing in" in client.get("/security").text
    assert "New password" in client.get("/security/password").text
    assert "authenticator app" in client.get("/security/second").text


def test_wrong_digits_are_in_the_trail_once_a_minute(
    client: FlaskClient, app: Flask, board: str, database: Database
) -> None:
    turned_on(client)
    other = app.test_client()
    sign_in(other, board)
    for _ in range(3):
        other.post("/signin/code", data={"code": "000000"})
    client.post("/confirm", data={"proof": "000000", "next": "/"})
    with database.reading() as session:
        told = session.connection().execute(select(AUDIT.c.act, AUDIT.c.login_id).order_by(AUDIT.c.id)).all()
    assert [line.act for line in told] == ["sign_in", "second_factor_on", *["second_factor_wrong"] * 2]
    assert told[-2].login_id is None
    assert told[-1].login_id is not None
