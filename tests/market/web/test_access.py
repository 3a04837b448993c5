"""Signing in and out, the first administrator, the language, and where everybody begins."""

import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from ledger.days import utc_now
from market.access import first, sessions
from market.access.throttle import Throttle
from market.db import Database
from market.installation import Installation
from market.markets import list_markets
from market.model import MARKET, ROLE_GRANT
from market.web.access import own_path
from merchants.stalls import StallRow

PASSWORD = "hoa-phuong-do"


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD, **more: str) -> tuple[int, str]:
    """The status, and where it leads or else what the page says."""
    answer = client.post("/signin", data={"login": name, "password": password, **more})
    return answer.status_code, answer.headers.get("Location", answer.text)


@pytest.mark.parametrize(
    ("role", "leads_to"),
    [
        ("administrator", "/province"),
        ("province", "/province"),
        ("board", "/board/ben-song/"),
        ("stallholder", "/stall/"),
    ],
)
def test_everybody_begins_on_their_own_page(
    role: str, leads_to: str, signed_in: Callable[..., FlaskClient], administrator: FlaskClient, huong: StallRow
) -> None:
    browser = signed_in(
        role,
        market_id=huong.market_id if role == "board" else None,
        stall=huong if role == "stallholder" else None,
    )
    assert browser.get("/").headers["Location"] == leads_to


def test_a_stranger_begins_by_signing_in(client: FlaskClient, administrator: FlaskClient) -> None:
    assert client.get("/").headers["Location"] == "/signin"


def test_without_an_administrator_everybody_begins_with_the_first_run(client: FlaskClient) -> None:
    assert client.get("/").headers["Location"] == "/first"
    assert client.get("/signin").headers["Location"] == "/first"


def test_a_login_without_a_page_is_told_so(
    signed_in: Callable[..., FlaskClient], market_id: int, administrator: FlaskClient, database: Database
) -> None:
    browser = signed_in("auditor", market_id=market_id)
    with database.writing() as session:
        session.connection().execute(update(ROLE_GRANT).values(revoked_at=utc_now()))
    page = browser.get("/")
    assert page.status_code == 200
    assert "chưa có trang nào" in page.text


def test_the_right_password_signs_in(client: FlaskClient, add_person: Callable[..., str]) -> None:
    name = add_person("administrator")
    assert sign_in(client, name) == (303, "/")
    assert client.get("/").headers["Location"] == "/province"


def test_a_login_may_be_typed_in_capitals_with_spaces_around(
    client: FlaskClient, add_person: Callable[..., str]
) -> None:
    assert sign_in(client, f"  {add_person('administrator').upper()} ")[0] == 303


def test_an_unknown_login_and_a_wrong_password_are_told_in_the_same_words(
    client: FlaskClient, add_person: Callable[..., str]
) -> None:
    status, said = sign_in(client, add_person("administrator"), "wrong")
    unknown_status, unknown_said = sign_in(client, "nobody", "wrong")
    assert status == unknown_status == 401
    without_token = [re.sub(r'name="csrf_token" value="[^"]*"', "", page) for page in (said, unknown_said)]
    assert without_token[0].replace("administrator1", "nobody") == without_token[1]


def test_a_login_with_a_nul_in_it_is_simply_wrong(client: FlaskClient, add_person: Callable[..., str]) -> None:
    add_person("administrator")
    assert sign_in(client, "a\0b")[0] == 401


def test_what_was_typed_is_kept_and_the_password_is_not(client: FlaskClient, add_person: Callable[..., str]) -> None:
    add_person("administrator")
    said = sign_in(client, "chi.huong", "my secret")[1]
    assert 'value="chi.huong"' in said
    assert "my secret" not in said


def test_both_empty_fields_say_how_to_mend_them(client: FlaskClient, add_person: Callable[..., str]) -> None:
    add_person("administrator")
    status, said = sign_in(client, "", "")
    assert status == 400
    assert "Ghi tên đăng nhập." in said
    assert "Ghi mật khẩu." in said


def test_signing_in_leads_back_to_the_page_that_was_asked_for(
    client: FlaskClient, add_person: Callable[..., str], huong: StallRow
) -> None:
    name = add_person("stallholder", stall=huong)
    add_person("administrator")
    asked = client.get("/stall/till?amount=50000").headers["Location"]
    assert asked == "/signin?next=/stall/till?amount%3D50000"
    assert 'value="/stall/till?amount=50000"' in client.get(asked).text
    assert sign_in(client, name, next="/stall/till?amount=50000") == (303, "/stall/till?amount=50000")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "evil",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\n//x",
        "",
    ],
)
def test_no_form_leads_to_another_site(elsewhere: str) -> None:
    assert own_path(elsewhere) == "/"


def test_after_five_wrong_tries_the_sixth_waits(client: FlaskClient, add_person: Callable[..., str]) -> None:
    name = add_person("administrator")
    for _ in range(5):
        assert sign_in(client, name, "wrong")[0] == 401
    answer = client.post("/signin", data={"login": name, "password": PASSWORD})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"


def test_the_sign_in_page_names_the_telephone_of_each_market(
    client: FlaskClient, administrator: FlaskClient, market_id: int, other_market_id: int, database: Database
) -> None:
    with database.writing() as session:
        session.connection().execute(update(MARKET).values(phone="0255 000 0001"))
    page = client.get("/signin").text
    assert page.count('href="tel:02550000001"') == 2
    assert "Chợ Bến Sông <a" in page


def test_guesses_elsewhere_keep_nobody_out(client: FlaskClient, add_person: Callable[..., str]) -> None:
    name = add_person("administrator")
    for _ in range(9):
        client.post("/signin", data={"login": name, "password": "x"}, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert sign_in(client, name) == (303, "/")


def test_the_wait_grows_and_never_passes_a_minute() -> None:
    throttle = Throttle()
    waits = []
    now = 0.0
    for _ in range(20):
        waits.append(throttle.wait("a", "huong", now))
        now += waits[-1]
        if waits[-1]:
            throttle.wait("a", "huong", now)
    assert waits[:9] == [0, 0, 0, 0, 0, 1, 2, 4, 8]
    assert max(waits) == 60


def test_an_address_that_tries_many_logins_waits_five_seconds_at_most() -> None:
    throttle = Throttle()
    for number in range(60):
        throttle.wait("a", f"login{number}", number * 5.0)
    assert throttle.wait("a", "another", 59 * 5.0) == 5
    assert throttle.wait("b", "another", 59 * 5.0) == 0


def test_wrong_tries_are_forgotten_after_a_quarter_of_an_hour() -> None:
    throttle = Throttle()
    for _ in range(5):
        throttle.wait("a", "huong", 0.0)
    assert throttle.wait("a", "huong", 0.0) > 0
    assert throttle.wait("a", "huong", 901.0) == 0


def test_a_right_try_begins_the_count_anew() -> None:
    throttle = Throttle()
    for _ in range(5):
        throttle.wait("a", "huong", 0.0)
    throttle.right("a", "huong")
    assert throttle.wait("a", "huong", 0.0) == 0


def test_an_address_of_a_household_stands_for_all_that_it_has() -> None:
    throttle = Throttle()
    for number in range(5):
        throttle.wait(f"2001:db8::7:{number:x}", "huong", 0.0)
    assert throttle.wait("2001:db8::ffff:1", "huong", 0.0) > 0
    assert throttle.wait("2001:db8:0:1::1", "huong", 0.0) == 0
    throttle.right("2001:db8::9", "huong")
    assert throttle.wait("2001:db8::1", "huong", 0.0) == 0


def test_each_address_of_the_older_kind_stands_for_itself_however_it_is_written() -> None:
    throttle = Throttle()
    for _ in range(5):
        throttle.wait("::ffff:203.0.113.9", "huong", 0.0)
    assert throttle.wait("203.0.113.9", "huong", 0.0) > 0
    assert throttle.wait("::ffff:203.0.113.10", "huong", 0.0) == 0


def test_twenty_tries_of_a_second_factor_are_free_wherever_and_then_one_a_minute() -> None:
    throttle = Throttle()
    assert [throttle.wait_anywhere(1, 0.0) for _ in range(21)] == [*[0.0] * 20, 60.0]
    assert throttle.wait_anywhere(2, 0.0) == 0
    assert [throttle.wait_anywhere(1, 60.0) for _ in range(2)] == [0.0, 60.0]


def test_right_tries_never_make_an_address_wait() -> None:
    throttle = Throttle()
    for number in range(200):
        throttle.wait("a", f"login{number}", 0.0)
        throttle.right("a", f"login{number}")
    assert throttle.wait("a", "another", 0.0) == 0


def test_tries_that_come_together_are_counted_one_by_one() -> None:
    throttle = Throttle()
    with ThreadPoolExecutor(40) as callers:
        waits = list(callers.map(lambda _: throttle.wait("a", "huong", 0.0), range(40)))
    assert waits.count(0) == 5


def test_signing_out_ends_the_session_on_the_server(signed_in: Callable[..., FlaskClient], app: Flask) -> None:
    browser = signed_in("administrator")
    cookie = browser.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert cookie is not None
    assert browser.post("/signout").headers["Location"] == "/signin"
    browser.set_cookie(app.config["SIGN_IN_COOKIE"], cookie.value)
    assert browser.get("/").headers["Location"] == "/signin"


def test_signing_in_again_ends_the_session_before(
    client: FlaskClient, add_person: Callable[..., str], app: Flask
) -> None:
    name = add_person("administrator")
    sign_in(client, name)
    cookie = client.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert cookie is not None
    sign_in(client, name)
    other = app.test_client()
    other.set_cookie(app.config["SIGN_IN_COOKIE"], cookie.value)
    assert other.get("/").headers["Location"] == "/signin"


def test_a_form_from_another_site_is_refused(client: FlaskClient, administrator: FlaskClient) -> None:
    answer = client.post("/signin", data={"login": "a", "password": "b"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_a_form_without_its_token_changes_nothing(app: Flask, administrator: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = administrator.post("/signout")
    assert answer.status_code == 400
    assert "Mở lại trang" in answer.text
    assert administrator.get("/").headers["Location"] == "/province"


def test_the_language_is_kept_for_a_year_and_leads_back(client: FlaskClient, administrator: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "en", "back": "/signin"})
    assert answer.headers["Location"] == "/signin"
    assert "Max-Age=31536000" in answer.headers["Set-Cookie"]
    assert "Password" in client.get("/signin").text


def test_the_language_follows_the_person_to_another_device(
    signed_in: Callable[..., FlaskClient], database: Database, app: Flask, administrator: FlaskClient, huong: StallRow
) -> None:
    browser = signed_in("stallholder", stall=huong)
    browser.post("/language", data={"language": "en"})
    browser.delete_cookie("lang")
    assert 'lang="en"' in browser.get("/stall/").text


def test_the_light_of_the_screen_is_kept_and_leads_back(client: FlaskClient, administrator: FlaskClient) -> None:
    answer = client.post("/light", data={"light": "sun", "back": "/signin"})
    assert (answer.status_code, answer.location) == (303, "/signin")
    assert '<html lang="vi" data-light="sun">' in client.get("/signin").text
    client.post("/light", data={"light": "usual", "back": "/signin"})
    assert '<html lang="vi">' in client.get("/signin").text


def test_the_way_back_from_the_light_leads_nowhere_else(client: FlaskClient, administrator: FlaskClient) -> None:
    assert client.post("/light", data={"light": "sun", "back": "https://evil.example/"}).location == "/"


def test_a_language_that_is_none_of_ours_changes_nothing(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.post("/language", data={"language": "fr"}).headers


# The first run.

TYPED = {"name": "Chợ Quảng Ngãi", "target": "35.000", "login": "thuha", "password": PASSWORD}


def test_the_first_administrator_gets_the_market_and_is_signed_in(
    client: FlaskClient, installation: Installation, database: Database
) -> None:
    answer = client.post("/first", data={**TYPED, "code": first.first_code(installation)})
    assert answer.headers["Location"] == "/board/quang-ngai/import"
    with database.reading() as session:
        [market] = list_markets(session)
        assert sessions.has_administrator(session)
    assert (market.slug, market.name, market.target) == ("quang-ngai", "Chợ Quảng Ngãi", 35_000)
    assert client.get("/").headers["Location"] == "/province"


def test_the_code_may_be_typed_in_small_letters_without_its_dash(installation: Installation) -> None:
    code = first.first_code(installation)
    assert first.is_first_code(installation, f" {code.lower().replace('-', ' ')} ")


def test_another_code_is_refused(installation: Installation) -> None:
    code = first.first_code(installation)
    assert not first.is_first_code(installation, code[:-1] + ("2" if code[-1] != "2" else "3"))
    assert not first.is_first_code(installation, "")


def test_the_code_stays_the_same_until_it_is_used(installation: Installation) -> None:
    code = first.first_code(installation)
    assert first.first_code(installation) == code
    first.forget_first_code(installation)
    assert first.first_code(installation) != code


def test_only_its_owner_reads_the_code(installation: Installation, tmp_path: Path) -> None:
    first.first_code(installation)
    assert stat.S_IMODE((tmp_path / "data" / "first-code").stat().st_mode) == 0o600


def test_every_wrong_field_of_the_first_run_says_how_to_mend_it(client: FlaskClient) -> None:
    typed = {"code": "nothing", "name": "市場", "target": "50.5", "login": "Thu Hà", "password": "short"}
    answer = client.post("/first", data=typed)
    assert answer.status_code == 400
    for name in ("code", "name", "target", "login", "password"):
        assert f'id="{name}-wrong"' in answer.text
    assert 'value="Thu Hà"' in answer.text
    assert 'value="short"' not in answer.text


def test_a_wrong_code_makes_nobody_an_administrator(client: FlaskClient, database: Database) -> None:
    assert client.post("/first", data={**TYPED, "code": "AAAA-AAAA"}).status_code == 400
    with database.reading() as session:
        assert not sessions.has_administrator(session)
        assert list_markets(session) == []


def test_a_login_that_is_taken_is_refused_and_leaves_no_market(
    client: FlaskClient, installation: Installation, database: Database, add_person: Callable[..., str]
) -> None:
    taken = add_person("province")
    answer = client.post("/first", data={**TYPED, "login": taken, "code": first.first_code(installation)})
    assert answer.status_code == 400
    assert "Chọn tên khác" in answer.text
    with database.reading() as session:
        assert list_markets(session) == []


def test_where_a_market_is_there_already_only_the_administrator_is_asked_for(
    client: FlaskClient, installation: Installation, market_id: int
) -> None:
    assert 'name="target"' not in client.get("/first").text
    typed = {"login": "thuha", "password": PASSWORD, "code": first.first_code(installation)}
    assert client.post("/first", data=typed).headers["Location"] == "/board/ben-song/import"


def test_once_there_is_an_administrator_the_first_run_is_over(client: FlaskClient, administrator: FlaskClient) -> None:
    assert client.get("/first").headers["Location"] == "/"
    assert client.post("/first", data=TYPED).headers["Location"] == "/"
