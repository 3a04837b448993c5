"""The board's pages of connections: who is not heard, the guide for a stall, channels and their secrets."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.inbox.notice import Notice
from market.channels import find_channel, heard, list_channels
from market.db import Database
from market.installation import Installation
from market.model import CHANNEL
from market.secret_key import seal, unseal
from market.web import board_connect as web
from merchants.payments import Source, take
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LIST, CHANNELS = "/board/ben-song/connections", "/board/ben-song/channels"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "utc_now", lambda: NOW)


@pytest.fixture
def desk(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """The board's browser."""
    return signed_in("board", market_id=market_id)


@pytest.fixture
def tell(database: Database, channel: Source, told: Callable[..., Notice]) -> Callable[..., None]:
    """The bank told of a stall so many days ago, on the market's channel."""

    def told_it(stall: StallRow, days: float, **more: Any) -> None:
        at = NOW - timedelta(days=days)
        with database.writing() as session:
            take(session, channel, "hook", [(told(stall, 50_000, at=at, **more), b"{}")], at)
            heard(session, channel.channel_id, at)

    return told_it


def named(page: str) -> list[str]:
    """The codes of the stalls in a list, in order."""
    return re.findall(r'<td class="plate-of"><span class="code">([^<]+)<', page)


def kept(database: Database, installation: Installation, channel_id: int) -> str | None:
    with database.reading() as session:
        sealed = session.connection().execute(select(CHANNEL.c.secret).where(CHANNEL.c.id == channel_id)).scalar_one()
    return None if sealed is None else unseal(installation.key, sealed)


# The list.


def test_the_list_begins_with_stalls_that_are_not_connected_and_counts_the_others(
    desk: FlaskClient, huong: StallRow, tu: StallRow, tell: Callable[..., None]
) -> None:
    tell(tu, 0)
    page = desk.get(LIST).text
    assert named(page) == ["C-01"]
    assert "Chưa nối" in page
    assert re.search(r"Đã nối <b>1</b>", page)


def test_stalls_that_went_silent_come_before_those_never_heard(
    desk: FlaskClient, huong: StallRow, tu: StallRow, tell: Callable[..., None]
) -> None:
    tell(tu, 3)
    page = desk.get(LIST).text
    assert named(page) == ["G-02", "C-01"]
    assert "Im lặng từ 21/11/2026" in page


@pytest.mark.parametrize(
    ("state", "codes"), [("connected", ["G-02"]), ("never", ["C-01"]), ("silent", []), ("nonsense", ["C-01"])]
)
def test_the_list_shows_one_group(
    desk: FlaskClient, huong: StallRow, tu: StallRow, tell: Callable[..., None], state: str, codes: list[str]
) -> None:
    tell(tu, 0)
    assert named(desk.get(f"{LIST}?state={state}").text) == codes


def test_a_stall_told_of_by_statements_only_has_a_group_of_its_own(
    desk: FlaskClient, huong: StallRow, database: Database, channel: Source, told: Callable[..., Notice]
) -> None:
    with database.writing() as session:
        take(session, channel, "statement", [(told(huong, 50_000, at=NOW), b"{}")], NOW)
    page = desk.get(f"{LIST}?state=statements").text
    assert named(page) == ["C-01"]
    assert "Chỉ sao kê" in page


@pytest.mark.parametrize(("search", "codes"), [("g-02", ["G-02"]), ("sap c", ["C-01"]), ("zzz", [])])
def test_the_list_is_searched_without_marks(
    desk: FlaskClient, huong: StallRow, tu: StallRow, search: str, codes: list[str]
) -> None:
    assert named(desk.get(f"{LIST}?q={search}").text) == codes


def test_when_every_stall_is_connected_the_list_says_so(
    desk: FlaskClient, huong: StallRow, tell: Callable[..., None]
) -> None:
    tell(huong, 0)
    assert "Sạp nào cũng đã nối" in desk.get(LIST).text


def test_the_guide_of_a_stall_shows_its_state_and_steps(desk: FlaskClient, huong: StallRow, channel: Source) -> None:
    page = desk.get(f"{LIST}/C-01").text
    assert "Chợ nối chung cho các sạp" in page
    assert "Chưa nối" in page
    assert f"{CHANNELS}/new?stall=C-01" in page


def test_the_pages_of_stalls_lead_here(desk: FlaskClient, huong: StallRow) -> None:
    assert f'href="{LIST}"' in desk.get("/board/ben-song/stalls").text
    assert f'href="{LIST}/C-01"' in desk.get("/board/ben-song/stalls/C-01").text


# Channels.


def add(desk: FlaskClient, database: Database, **form: str) -> tuple[int, str]:
    """Add a channel; gives its number and the page that answers."""
    answer = desk.post(f"{CHANNELS}/new", data={"way": "sepay:apikey", "stall": "", "secret": "", **form})
    assert answer.status_code == 200, answer.text
    with database.reading() as session:
        return list_channels(session)[-1].id, answer.text


def test_a_secret_made_here_is_shown_once(
    desk: FlaskClient, database: Database, installation: Installation, market_id: int
) -> None:
    number, page = add(desk, database)
    secret = kept(database, installation, number)
    assert secret is not None
    assert secret in page
    assert f"/hooks/{number}" in page
    for later in (f"{CHANNELS}/{number}", CHANNELS):
        assert secret not in desk.get(later).text


def test_a_secret_that_was_typed_is_kept_and_never_shown(
    desk: FlaskClient, database: Database, installation: Installation, market_id: int
) -> None:
    number, page = add(desk, database, way="payos:hmac", secret=" khoa-cua-payos ")
    assert kept(database, installation, number) == "khoa-cua-payos"
    assert "khoa-cua-payos" not in page


def test_a_secret_that_the_sender_makes_may_come_later(
    desk: FlaskClient, database: Database, installation: Installation, market_id: int
) -> None:
    number, page = add(desk, database, way="casso-v2:hmac")
    assert kept(database, installation, number) is None
    assert "Kênh chưa có khoá" in page


def test_a_channel_of_one_stall_credits_it_alone(desk: FlaskClient, database: Database, huong: StallRow) -> None:
    number, _ = add(desk, database, stall="C-01")
    with database.reading() as session:
        assert find_channel(session, number).stall_id == huong.id


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"way": "sepay:nothing"}, "Chọn bên gửi tin báo tiền."),
        ({"way": "bank:hmac"}, "Chọn bên gửi tin báo tiền."),
        ({"stall": "X-99"}, "Chợ không có sạp nào mang mã này."),
        ({"secret": "x" * 301}, "Khoá nằm trên một dòng"),
        ({"secret": "a\nb"}, "Khoá nằm trên một dòng"),
    ],
)
def test_what_cannot_be_added_is_said_at_its_field_and_nothing_is_added(
    desk: FlaskClient, database: Database, market_id: int, form: dict[str, str], said: str
) -> None:
    typed = {"way": "sepay:apikey", "stall": "", "secret": "", **form}
    answer = desk.post(f"{CHANNELS}/new", data=typed)
    assert answer.status_code == 400
    assert said in answer.text
    with database.reading() as session:
        assert list_channels(session) == []


def test_a_new_secret_leaves_the_former_one_a_day(
    desk: FlaskClient, database: Database, installation: Installation, market_id: int
) -> None:
    number, _ = add(desk, database, secret="khoa-cu")
    page = desk.post(f"{CHANNELS}/{number}/secret", data={"secret": ""}).text
    secret = kept(database, installation, number)
    assert secret not in (None, "khoa-cu")
    assert str(secret) in page
    assert "còn dùng được đến 25/11/2026, 08:00" in desk.get(f"{CHANNELS}/{number}").text


def test_where_the_sender_makes_the_secret_it_must_be_pasted(
    desk: FlaskClient, database: Database, installation: Installation, market_id: int
) -> None:
    number, _ = add(desk, database, way="payos:hmac")
    answer = desk.post(f"{CHANNELS}/{number}/secret", data={"secret": ""})
    assert answer.status_code == 400
    assert "Dán khoá mà bên báo tiền đưa." in answer.text
    assert desk.post(f"{CHANNELS}/{number}/secret", data={"secret": "moi"}).status_code == 303
    assert kept(database, installation, number) == "moi"


def test_a_channel_is_switched_off_and_on(desk: FlaskClient, database: Database, channel: Source) -> None:
    for wanted, said in (("off", "Đã tắt"), ("on", "Chưa có khoá")):
        answer = desk.post(f"{CHANNELS}/{channel.channel_id}/status", data={"status": wanted})
        assert answer.status_code == 303
        assert said in desk.get(CHANNELS).text


def test_a_secret_under_another_key_is_told(desk: FlaskClient, database: Database, channel: Source) -> None:
    with database.writing() as session:
        session.connection().execute(CHANNEL.update().values(secret=seal("another key", "x")))
    assert "Khoá không mở được" in desk.get(CHANNELS).text
    assert "Nhập lại khoá" in desk.get(f"{CHANNELS}/{channel.channel_id}").text


# Whose they are.


@pytest.mark.parametrize("path", ["", "/C-01"])
def test_the_board_of_another_market_finds_nothing(
    signed_in: Callable[..., FlaskClient], huong: StallRow, other_market_id: int, path: str
) -> None:
    other = signed_in("board", market_id=other_market_id)
    assert other.get(LIST + path).status_code == 404


def test_a_channel_of_another_market_does_not_exist(
    signed_in: Callable[..., FlaskClient], channel: Source, other_market_id: int, database: Database
) -> None:
    other = signed_in("board", market_id=other_market_id)
    for path in (f"/board/ben-song/channels/{channel.channel_id}", f"/board/chan-nui/channels/{channel.channel_id}"):
        assert other.get(path).status_code == 404
        assert other.post(f"{path}/secret", data={"secret": "x"}).status_code == 404
        assert other.post(f"{path}/status", data={"status": "off"}).status_code == 404
    with database.reading() as session:
        assert find_channel(session, channel.channel_id).status == "on"


def test_a_stallholder_has_no_business_here(signed_in: Callable[..., FlaskClient], huong: StallRow) -> None:
    phone = signed_in("stallholder", stall=huong)
    for path in (LIST, CHANNELS, f"{CHANNELS}/new"):
        assert phone.get(path).status_code == 404
