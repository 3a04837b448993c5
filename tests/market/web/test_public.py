"""What anybody sees: a stall's page and pictures, the program's health, and refusals in plain words."""

import base64
import hashlib
import random
import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from market.db import Database
from market.model import MARKET
from market.web import public
from merchants.stalls import NewStall, StallRow, close, find_stall, register, set_status
from qr import vietqr
from qr.scan import read

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
PAGE = "/s/ben-song/C-01"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "utc_now", lambda: NOW)


@pytest.fixture
def lua(database: Database, market_id: int) -> StallRow:
    """Bà Lụa's stall, with every field as long and as hard as it comes."""
    stall = NewStall(
        "L-09", "Bún & <b>chả</b> bà Lụa", "Ăn uống", "Dãy L", "", "", "970405", "4500205403358", "le thi lụa"
    )
    with database.writing() as session:
        register(session, market_id, [stall], source=random.Random(1), now=NOW)
        return find_stall(session, market_id, "L-09")


def test_the_page_says_whose_account_the_code_pays(client: FlaskClient, lua: StallRow) -> None:
    page = client.get("/s/ben-song/L-09").text
    assert "LE THI LỤA" in page
    assert "Agribank, số cuối" in page
    assert '<b class="last">3358</b>' in page
    assert "Chợ Bến Sông" in page


def test_a_stalls_name_is_text_and_never_markup(client: FlaskClient, lua: StallRow) -> None:
    page = client.get("/s/ben-song/L-09").text
    assert "<b>chả</b>" not in page
    assert "&lt;b&gt;chả&lt;/b&gt;" in page


def test_the_page_has_nothing_of_another_site_and_nothing_inline(client: FlaskClient, huong: StallRow) -> None:
    answer = client.get(PAGE)
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "style=" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_page_brings_its_styles_and_the_policy_names_each_of_them(client: FlaskClient, huong: StallRow) -> None:
    answer = client.get(PAGE)
    styles = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
    assert len(digests) == 2
    assert all(f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"] for digest in digests)
    assert "stylesheet" not in answer.text


def test_the_picture_is_the_stalls_code_with_its_reference(client: FlaskClient, huong: StallRow) -> None:
    answer = client.get(f"{PAGE}/qr.png")
    assert answer.mimetype == "image/png"
    payload = _read(answer.data)
    decoded = vietqr.decode(payload)
    assert (decoded.account_number, decoded.purpose, decoded.amount) == (huong.account_number, huong.reference, None)


def test_the_picture_asks_for_an_amount_that_is_named(client: FlaskClient, huong: StallRow) -> None:
    assert vietqr.decode(_read(client.get(f"{PAGE}/qr.png?amount=50000").data)).amount == 50_000


def test_the_svg_is_an_svg(client: FlaskClient, huong: StallRow) -> None:
    answer = client.get(f"{PAGE}/qr.svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.text.startswith("<svg ")


@pytest.mark.parametrize("amount", ["", "0", "-1", "50.000", "5e4", "1.5", "abc", "500000000", "9" * 14, "٥٠", " 5"])
def test_an_amount_that_is_none_is_refused_in_plain_words(client: FlaskClient, huong: StallRow, amount: str) -> None:
    answer = client.get(f"{PAGE}/qr.svg", query_string={"amount": amount})
    assert answer.status_code == 400
    assert "ví dụ 50000" in answer.text


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_picture_is_asked_after_and_not_sent_twice(client: FlaskClient, huong: StallRow, kind: str) -> None:
    sent = client.get(f"{PAGE}/qr.{kind}")
    assert sent.headers["Cache-Control"] == "public, no-cache"
    again = client.get(f"{PAGE}/qr.{kind}", headers={"If-None-Match": sent.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(f"{PAGE}/qr.{kind}?amount=1", headers={"If-None-Match": sent.headers["ETag"]})
    assert other.status_code == 200


def test_a_closed_stall_says_so_and_shows_no_code(client: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        close(session, huong, date(2026, 11, 23), NOW)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "Sạp này đã đóng" in page.text
    assert "23/11/2026" in page.text
    assert huong.account_number not in page.text
    assert client.get(f"{PAGE}/qr.svg").status_code == client.get(f"{PAGE}/qr.png").status_code == 404


def test_on_its_last_day_a_stall_is_still_paid(client: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        close(session, huong, date(2026, 11, 24), NOW)
    assert client.get(f"{PAGE}/qr.svg").status_code == 200
    assert "Sạp này đã đóng" not in client.get(PAGE).text


def test_a_paused_stall_says_so_beside_its_code(client: FlaskClient, huong: StallRow, database: Database) -> None:
    with database.writing() as session:
        set_status(session, huong, "paused", date(2026, 11, 24))
    page = client.get(PAGE).text
    assert "Sạp đang nghỉ bán" in page
    assert "/qr.svg" in page


@pytest.mark.parametrize(
    "path", ["/s/ben-song/Z-99", "/s/nowhere/C-01", "/s/ben-song/%00", "/s/%00/C-01", "/s/chan-nui/C-01"]
)
def test_a_code_that_leads_to_no_stall_says_to_pay_nothing(
    client: FlaskClient, huong: StallRow, other_market_id: int, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Chợ không có sạp này" in answer.text
    assert "Đừng chuyển tiền" in answer.text


def test_a_shopper_at_no_stall_finds_the_boards_telephone(
    client: FlaskClient, huong: StallRow, database: Database
) -> None:
    with database.writing() as session:
        session.connection().execute(update(MARKET).values(phone="0255 000 0001"))
    assert 'href="tel:02550000001"' in client.get("/s/ben-song/Z-99").text
    assert "tel:" not in client.get("/s/nowhere/C-01").text


def test_what_is_not_there_is_a_page_with_a_way_back(client: FlaskClient, market_id: int) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "Không có trang này" in answer.text
    assert 'href="/"' in answer.text


def test_another_method_is_told_which_will_do(client: FlaskClient, market_id: int) -> None:
    answer = client.post("/healthz")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_the_program_says_that_it_is_alive_and_ready(client: FlaskClient) -> None:
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok\n")
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (200, "ready\n")


def test_an_older_database_is_alive_and_not_ready(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "revisions", lambda: ["0001", "9999"])
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


@pytest.fixture
def fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], FlaskClient]:
    """A browser for which every stall's page fails in a certain way."""

    def failing(error: Exception) -> FlaskClient:
        def fail(market: str, code: str) -> None:
            raise error

        monkeypatch.setattr(public, "_find", fail)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        return app.test_client()

    return failing


def test_a_database_that_is_busy_is_told_in_plain_words_and_asked_again_soon(
    fails: Callable[[Exception], FlaskClient],
) -> None:
    answer = fails(OperationalError("SELECT 1", {}, Exception("database is locked"))).get(PAGE)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Tiền khách chuyển vẫn vào tài khoản của sạp" in answer.text
    assert "SELECT" not in answer.text


def test_a_fault_of_ours_is_told_with_a_code_that_the_log_has(
    fails: Callable[[Exception], FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    answer = fails(RuntimeError("a secret")).get(PAGE)
    assert answer.status_code == 500
    assert "a secret" not in answer.text
    [said] = [record for record in caplog.records if record.name == public.__name__]
    assert said.getMessage().split()[-1] in answer.text


@pytest.fixture
def fails_for_huong(
    signed_in: Callable[..., FlaskClient],
    fails: Callable[[Exception], FlaskClient],
    huong: StallRow,
    database: Database,
) -> FlaskClient:
    """Chị Hương's phone, for which every stall's page fails; her market has a telephone."""
    with database.writing() as session:
        session.connection().execute(update(MARKET).where(MARKET.c.id == huong.market_id).values(phone="0255 382 0000"))
    fails(OperationalError("SELECT 1", {}, Exception("database is locked")))
    return signed_in("stallholder", stall=huong)


def test_a_trader_in_trouble_can_call_the_board_and_open_the_code(fails_for_huong: FlaskClient) -> None:
    page = fails_for_huong.get(PAGE).text
    assert re.findall(r'class="button" href="(.*?)"', page) == ["tel:02553820000", "/stall/sign"]


def test_trouble_is_told_without_a_telephone_where_the_database_cannot_tell_it(
    fails_for_huong: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_session: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(public, "list_markets", gone)
    answer = fails_for_huong.get(PAGE)
    assert answer.status_code == 503
    assert "tel:" not in answer.text


def test_the_pages_that_refuse_speak_english_too(client: FlaskClient) -> None:
    client.set_cookie("lang", "en")
    assert "There is no such page" in client.get("/nowhere").text


def _read(png: bytes) -> str:
    [payload] = read(png)
    return payload
