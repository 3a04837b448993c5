"""What is known of a stall and who sees it, as its holder's phone says; and letting the board see its amounts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from ledger.days import local_date, utc_now
from market.access import audit, roster
from market.access.model import AUDIT
from market.db import Database
from market.model import LOGIN, SESSION
from merchants.consents import TEXTS, VERSION, history, record_consent, shared_since
from merchants.stalls import StallRow

AMOUNTS, AGREE, WITHDRAW = "/stall/privacy/amounts", "/stall/privacy/amounts/agree", "/stall/privacy/amounts/withdraw"


@pytest.fixture
def confirm(database: Database) -> Callable[[], None]:
    """Everybody who is signed in has just shown who they are."""

    def shown() -> None:
        with database.writing() as session:
            session.connection().execute(update(SESSION).values(confirmed_at=utc_now()))

    return shown


def said(database: Database, stall: StallRow) -> list[bool]:
    with database.reading() as session:
        return [each.given for each in history(session, stall.id)]


def acts(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars())


def agreed(phone: FlaskClient, stall: StallRow, **changes: str) -> str:
    """Where the phone is led when its holder agrees."""
    answer = phone.post(AGREE, data={"stall": stall.id, "version": VERSION, **changes})
    assert answer.status_code == 303
    return answer.location


def test_the_phone_leads_to_who_sees_what(phone: FlaskClient) -> None:
    assert "/stall/privacy" in phone.get("/stall/").text
    page = phone.get("/stall/privacy").text
    assert "Ai thấy gì của sạp" in page
    assert "sau 180 ngày thì xoá" in page
    assert AMOUNTS in page


def test_the_board_sees_nothing_until_the_holder_says_so(phone: FlaskClient) -> None:
    assert "Không thấy số tiền." in phone.get("/stall/privacy").text
    page = phone.get(AMOUNTS).text
    assert "Đang không cho xem" in page
    assert "Chưa ai xem số tiền của sạp." in page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_text_is_read_after_the_pin_in_full(phone: FlaskClient, confirm: Callable[[], None], language: str) -> None:
    answer = phone.get(AGREE)
    assert (answer.status_code, answer.location) == (303, f"/confirm?next={AGREE}")
    confirm()
    phone.set_cookie("lang", language)
    page = phone.get(AGREE).text.replace("&#39;", "'")
    assert [line for line in TEXTS[VERSION][language] if line not in page] == []


def test_nobody_agrees_without_the_pin(phone: FlaskClient, database: Database, huong: StallRow) -> None:
    assert agreed(phone, huong) == f"/confirm?next={AGREE}"
    assert said(database, huong) == []


def test_agreeing_is_kept_with_its_text_and_noted(
    phone: FlaskClient, confirm: Callable[[], None], database: Database, huong: StallRow
) -> None:
    confirm()
    assert agreed(phone, huong) == AMOUNTS
    with database.reading() as session:
        [word] = history(session, huong.id)
    assert (word.given, word.text_version) == (True, VERSION)
    assert acts(database) == ["consent_given"]
    page = phone.get(AMOUNTS).text
    assert f"Đang cho xem, từ {local_date(utc_now()):%d/%m/%Y}" in page
    assert "Từ hôm nay ban quản lý xem được số tiền của sạp." in page
    assert f"{AMOUNTS}/text/{VERSION}" in page


def test_agreeing_twice_is_agreeing_once(
    phone: FlaskClient, confirm: Callable[[], None], database: Database, huong: StallRow
) -> None:
    confirm()
    agreed(phone, huong)
    agreed(phone, huong)
    assert said(database, huong) == [True]


def test_whoever_read_another_text_reads_the_one_in_force_first(
    phone: FlaskClient, confirm: Callable[[], None], database: Database, huong: StallRow
) -> None:
    confirm()
    assert agreed(phone, huong, version="0") == AGREE
    assert said(database, huong) == []


def test_it_ends_with_one_tap_and_without_the_pin(phone: FlaskClient, database: Database, huong: StallRow) -> None:
    with database.writing() as session:
        record_consent(
            session,
            market_id=huong.market_id,
            stall_id=huong.id,
            given=True,
            text_version=VERSION,
            login_id=1,
            now=utc_now(),
        )
    for _ in range(2):
        assert phone.post(WITHDRAW, data={"stall": huong.id}).location == AMOUNTS
    assert said(database, huong) == [False, True]
    assert acts(database) == ["consent_withdrawn"]
    assert "Ban quản lý không còn thấy số tiền của sạp." in phone.get(AMOUNTS).text


def test_every_yes_and_no_is_told_with_its_day_and_who(
    phone: FlaskClient, confirm: Callable[[], None], huong: StallRow
) -> None:
    confirm()
    agreed(phone, huong)
    phone.post(WITHDRAW, data={"stall": huong.id})
    history_told = phone.get(AMOUNTS).text.partition("Các lần cho xem và thôi")[2]
    assert history_told.index("<b>Thôi cho xem</b>") < history_told.index("<b>Cho xem</b>")
    assert history_told.count("stallholder1") == 2
    assert history_told.count(f"{local_date(utc_now()):%d/%m/%Y}") == 2


def test_an_old_text_can_be_read_and_one_that_never_was_cannot(phone: FlaskClient) -> None:
    assert TEXTS["1"]["vi"][0] in phone.get(f"{AMOUNTS}/text/1").text
    assert phone.get(f"{AMOUNTS}/text/0").status_code == 404


def test_a_helper_decides_nothing(signed_in: Callable[..., FlaskClient], huong: StallRow) -> None:
    helper = signed_in("helper", stall=huong)
    assert "/stall/privacy" not in helper.get("/stall/").text
    assert helper.get(AMOUNTS).status_code == 404
    assert helper.post(WITHDRAW, data={"stall": huong.id}).status_code == 404


def test_what_a_former_holder_agreed_to_binds_no_other_one(
    phone: FlaskClient,
    confirm: Callable[[], None],
    signed_in: Callable[..., FlaskClient],
    database: Database,
    huong: StallRow,
) -> None:
    confirm()
    agreed(phone, huong)
    with database.reading() as session:
        login_id = session.connection().execute(select(LOGIN.c.id).where(LOGIN.c.name == "stallholder1")).scalar_one()
        [member] = roster.members(session, huong.market_id, login_id=login_id)
    board = signed_in("board", market_id=huong.market_id)
    board.post(f"/board/ben-song/people/{login_id}/end/{member.held[0].grant_id}")
    with database.reading() as session:
        assert shared_since(session, huong.id) is None
    assert acts(database)[-2:] == ["role_ended", "consent_withdrawn"]


def test_looks_that_do_not_fit_the_page_come_after_it(
    phone: FlaskClient, database: Database, huong: StallRow, market_id: int
) -> None:
    with database.writing() as session:
        for ago in range(25):
            audit.note(
                session,
                "amounts_seen",
                market_id=market_id,
                stall_id=huong.id,
                about={"month": "2026-11"},
                at=utc_now() - timedelta(days=25 - ago),
            )
    page = phone.get(AMOUNTS).text
    assert page.count("Xem số tiền tháng 11/2026") == 20
    older = page.partition(f"{AMOUNTS}?before=")[2].partition('"')[0]
    assert phone.get(f"{AMOUNTS}?before={older}").text.count("Xem số tiền tháng 11/2026") == 5


@pytest.mark.parametrize(
    ("taken", "told"), [("csv", "dạng tệp bảng (CSV)"), ("xlsx", "dạng tệp Excel"), ("pdf", "dạng tệp PDF")]
)
def test_the_file_that_was_taken_is_called_as_one_says_it(
    phone: FlaskClient, database: Database, huong: StallRow, taken: str, told: str
) -> None:
    about = {"month": "2026-11", "format": taken}
    with database.writing() as session:
        audit.note(
            session,
            "amounts_downloaded",
            market_id=huong.market_id,
            stall_id=huong.id,
            about=about,
            at=utc_now(),
        )
    assert f"mà sạp tự cho xem, {told}" in phone.get(AMOUNTS).text
