"""The people of a market: who adds whom, codes for phones, a lost phone, the end of a role."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.days import utc_now
from market.access import roster
from market.access.audit import trail
from market.access.model import AUDIT, DEVICE
from market.access.roster import Member
from market.db import Database
from merchants.stalls import StallRow
from tests.market.web.conftest import Program

PEOPLE = "/board/ben-song/people"


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], market_id: int, administrator: FlaskClient) -> FlaskClient:
    """The board's browser."""
    return signed_in("board", market_id=market_id)


@pytest.fixture
def volunteer(signed_in: Callable[..., FlaskClient], market_id: int, administrator: FlaskClient) -> FlaskClient:
    """A volunteer's browser."""
    return signed_in("volunteer", market_id=market_id)


@pytest.fixture
def named(database: Database, market_id: int) -> Callable[[str], Member]:
    """Somebody of the market, by the login's name."""

    def find(name: str) -> Member:
        with database.reading() as session:
            return next(member for member in roster.members(session, market_id) if member.name == name)

    return find


def shown_code(text: str) -> str:
    # Only there: a form's token looks like a code now and then.
    [code] = re.findall(r'<p class="figure once">(.*?)</p>', text)
    return str(code)


def enrolled(app: Flask, code: str, name: str = "Máy cũ") -> FlaskClient:
    """A phone that has taken the code."""
    phone = app.test_client()
    assert take(phone, code, name) == 303
    return phone


def take(phone: FlaskClient, code: str, name: str = "Máy cũ") -> int:
    """What a phone that brings the code is answered."""
    form = {"code": code, "name": name, "pin": "274918", "again": "274918"}
    return phone.post("/enrol", data=form).status_code


def test_the_board_adds_a_stallholder_and_the_code_enrols_the_phone(
    app: Flask, board: FlaskClient, huong: StallRow
) -> None:
    page = board.post(f"{PEOPLE}/new", data={"role": "stallholder", "stall": huong.code.lower(), "name": ""})
    assert page.status_code == 200
    phone = enrolled(app, shown_code(page.text))
    assert huong.name in phone.get("/stall/").text


def test_the_code_is_shown_as_a_picture_too(board: FlaskClient, huong: StallRow) -> None:
    page = board.post(f"{PEOPLE}/new", data={"role": "helper", "stall": huong.code, "name": "Bé Út"})
    assert "<svg" in page.text
    assert "/enrol</p>" in page.text


def test_a_name_is_made_into_a_login_and_the_next_one_gets_a_number(
    board: FlaskClient, huong: StallRow, named: Callable[[str], Member]
) -> None:
    for _ in range(2):
        board.post(f"{PEOPLE}/new", data={"role": "helper", "stall": huong.code, "name": "Đặng Thị Bé"})
    assert named("dang-thi-be").login_id != named("dang-thi-be-2").login_id


@pytest.mark.parametrize("role", ["staff", "auditor", "volunteer"])
def test_the_board_adds_its_own_people_without_a_stall(
    board: FlaskClient, role: str, named: Callable[[str], Member]
) -> None:
    page = board.post(f"{PEOPLE}/new", data={"role": role, "stall": "", "name": "Anh Nam"})
    assert page.status_code == 200
    assert [held.role for held in named("anh-nam").held] == [role]


@pytest.mark.parametrize("role", ["staff", "auditor", "volunteer", "board", "administrator", "province", "x"])
def test_a_volunteer_enrols_the_people_of_stalls_only(
    volunteer: FlaskClient, role: str, huong: StallRow, database: Database
) -> None:
    answer = volunteer.post(f"{PEOPLE}/new", data={"role": role, "stall": huong.code, "name": "Anh Nam"})
    assert answer.status_code == 400
    assert "Chọn một việc trong danh sách." in answer.text


@pytest.mark.parametrize("role", ["board", "administrator", "province"])
def test_nobody_adds_a_board_or_an_administrator_here(board: FlaskClient, role: str) -> None:
    assert board.post(f"{PEOPLE}/new", data={"role": role, "name": "Anh Nam"}).status_code == 400


def test_a_form_cannot_say_more_than_its_fields(
    board: FlaskClient, huong: StallRow, tu: StallRow, named: Callable[[str], Member]
) -> None:
    said = {"role": "helper", "stall": huong.code, "name": "Út", "stall_id": tu.id, "market_id": 99, "password": "x"}
    board.post(f"{PEOPLE}/new", data=said)
    member = named("ut")
    assert [held.stall_id for held in member.held] == [huong.id]
    assert not member.has_password


def test_a_stall_of_another_market_is_not_found(
    board: FlaskClient, add_stall: Callable[..., StallRow], other_market_id: int
) -> None:
    add_stall(other_market_id, "Z-99", "970436", "0123411111")
    answer = board.post(f"{PEOPLE}/new", data={"role": "stallholder", "stall": "Z-99", "name": ""})
    assert answer.status_code == 400
    assert "Chợ không có sạp mang mã này." in answer.text


def test_no_code_opens_the_login_of_a_board(
    board: FlaskClient, administrator: FlaskClient, named: Callable[[str], Member]
) -> None:
    member = named("board2")
    for browser in (board, administrator):
        assert browser.post(f"{PEOPLE}/{member.login_id}/code").status_code == 404


def test_a_volunteer_makes_no_code_for_staff(
    board: FlaskClient, volunteer: FlaskClient, named: Callable[[str], Member]
) -> None:
    board.post(f"{PEOPLE}/new", data={"role": "staff", "name": "Anh Nam"})
    member = named("anh-nam")
    assert board.post(f"{PEOPLE}/{member.login_id}/code").status_code == 200
    assert volunteer.post(f"{PEOPLE}/{member.login_id}/code").status_code == 404


def add_holder(browser: FlaskClient, stall: StallRow) -> str:
    """What the page says to who adds chị Hương's holder: her code, or why not."""
    return browser.post(f"{PEOPLE}/new", data={"role": "stallholder", "stall": stall.code, "name": "Chị Hương"}).text


def test_a_volunteer_enrols_the_first_phone_of_a_stall(app: Flask, volunteer: FlaskClient, huong: StallRow) -> None:
    assert huong.name in enrolled(app, shown_code(add_holder(volunteer, huong))).get("/stall/").text


@pytest.mark.parametrize("role", ["stallholder", "helper"])
def test_where_a_holder_has_a_phone_a_volunteer_adds_nobody(
    app: Flask, volunteer: FlaskClient, huong: StallRow, role: str
) -> None:
    enrolled(app, shown_code(add_holder(volunteer, huong)))
    answer = volunteer.post(f"{PEOPLE}/new", data={"role": role, "stall": huong.code, "name": "Anh Nam"})
    assert answer.status_code == 400
    assert "Chủ sạp này đã vào rồi." in answer.text


@pytest.mark.parametrize("how", ["role", "phone"])
def test_where_a_holder_was_before_a_volunteer_adds_nobody(
    app: Flask,
    board: FlaskClient,
    volunteer: FlaskClient,
    huong: StallRow,
    named: Callable[[str], Member],
    how: str,
) -> None:
    enrolled(app, shown_code(add_holder(volunteer, huong)))
    member = named("chi-huong")
    ending = {"role": f"end/{member.held[0].grant_id}", "phone": f"lost/{member.phones[0].id}"}
    board.post(f"{PEOPLE}/{member.login_id}/{ending[how]}")
    assert "Chủ sạp này đã vào rồi." in add_holder(volunteer, huong)
    assert shown_code(add_holder(board, huong))


def test_a_volunteers_code_opens_nothing_once_the_holder_came_by_the_boards(
    app: Flask, board: FlaskClient, volunteer: FlaskClient, huong: StallRow
) -> None:
    prepared = shown_code(add_holder(volunteer, huong))
    enrolled(app, shown_code(add_holder(board, huong)))
    answer = app.test_client().get(f"/enrol?code={prepared}")
    assert "Mã chưa đúng, đã dùng rồi hoặc quá 10 phút." in answer.text
    assert take(app.test_client(), prepared) == 400


def test_of_two_codes_that_a_volunteer_made_for_a_stall_one_is_good(
    app: Flask, board: FlaskClient, volunteer: FlaskClient, huong: StallRow
) -> None:
    codes = [shown_code(add_holder(volunteer, huong)) for _ in range(2)]
    enrolled(app, codes[0])
    assert take(app.test_client(), codes[1]) == 400
    assert take(app.test_client(), shown_code(add_holder(board, huong))) == 303


def test_the_boards_code_is_good_where_a_holder_has_a_phone(app: Flask, board: FlaskClient, huong: StallRow) -> None:
    codes = [shown_code(add_holder(board, huong)) for _ in range(2)]
    assert [take(app.test_client(), code) for code in codes] == [303, 303]


def test_where_a_holder_has_a_phone_only_the_board_makes_another_code(
    app: Flask, board: FlaskClient, volunteer: FlaskClient, huong: StallRow, named: Callable[[str], Member]
) -> None:
    enrolled(app, shown_code(add_holder(volunteer, huong)))
    member = named("chi-huong")
    person = f"{PEOPLE}/{member.login_id}"
    assert person not in volunteer.get(PEOPLE).text
    for path in (person, f"{person}/code", f"{person}/lost/{member.phones[0].id}"):
        answer = volunteer.get(path) if path == person else volunteer.post(path)
        assert answer.status_code == 404
    assert board.post(f"{person}/code").status_code == 200


def test_the_phones_of_a_stall_are_told_of_one_another(
    app: Flask, board: FlaskClient, huong: StallRow, named: Callable[[str], Member]
) -> None:
    first = enrolled(app, shown_code(add_holder(board, huong)), "Máy cũ")
    assert "Điện thoại mới vừa vào sạp này" not in first.get("/stall/").text
    second = enrolled(app, shown_code(board.post(f"{PEOPLE}/{named('chi-huong').login_id}/code").text), "Máy mới")
    assert "Điện thoại mới vừa vào sạp này: Máy mới, ngày" in first.get("/stall/").text
    assert "Điện thoại mới vừa vào sạp này: Máy cũ, ngày" in second.get("/stall/").text


def test_no_phone_that_came_hides_another(app: Flask, board: FlaskClient, huong: StallRow) -> None:
    phones = [enrolled(app, shown_code(add_holder(board, huong)), f"Máy {letter}") for letter in "ABC"]
    for phone, others in zip(phones, ("Máy C, Máy B", "Máy C, Máy A", "Máy B, Máy A"), strict=True):
        assert f"Điện thoại mới vừa vào sạp này: {others}, ngày" in phone.get("/stall/").text


def test_after_three_days_a_new_phone_is_no_news(
    app: Flask, board: FlaskClient, huong: StallRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = enrolled(app, shown_code(add_holder(board, huong)))
    enrolled(app, shown_code(add_holder(board, huong)))
    assert "Điện thoại mới vừa vào sạp này" in first.get("/stall/").text
    monkeypatch.setattr("market.web.stall.utc_now", lambda: utc_now() + timedelta(days=3, minutes=1))
    assert "Điện thoại mới vừa vào sạp này" not in first.get("/stall/").text


def test_a_lost_phone_is_ended_at_once_and_the_new_one_gets_its_code(
    app: Flask, board: FlaskClient, huong: StallRow, named: Callable[[str], Member]
) -> None:
    page = board.post(f"{PEOPLE}/new", data={"role": "stallholder", "stall": huong.code, "name": "Hương"})
    old = enrolled(app, shown_code(page.text))
    member = named("huong")
    page = board.post(f"{PEOPLE}/{member.login_id}/lost/{member.phones[0].id}")
    assert old.get("/stall/").headers["Location"].startswith("/signin")
    new = enrolled(app, shown_code(page.text))
    assert new.get("/stall/").status_code == 200
    assert len(named("huong").phones) == 1


def test_somebody_elses_phone_cannot_be_named(
    app: Flask, board: FlaskClient, huong: StallRow, tu: StallRow, named: Callable[[str], Member]
) -> None:
    for stall, name in ((huong, "Hương"), (tu, "Tư")):
        page = board.post(f"{PEOPLE}/new", data={"role": "stallholder", "stall": stall.code, "name": name})
        enrolled(app, shown_code(page.text))
    other = named("tu").phones[0].id
    assert board.post(f"{PEOPLE}/{named('huong').login_id}/lost/{other}").status_code == 404
    assert named("tu").phones[0].id == other


def test_a_role_that_ends_signs_its_person_out(
    app: Flask, board: FlaskClient, huong: StallRow, named: Callable[[str], Member], database: Database
) -> None:
    page = board.post(f"{PEOPLE}/new", data={"role": "helper", "stall": huong.code, "name": "Út"})
    phone = enrolled(app, shown_code(page.text))
    member = named("ut")
    board.post(f"{PEOPLE}/{member.login_id}/end/{member.held[0].grant_id}")
    assert phone.get("/stall/").headers["Location"].startswith("/signin")
    assert board.get(f"{PEOPLE}/{member.login_id}").status_code == 404
    with database.reading() as session:
        assert session.connection().execute(select(DEVICE.c.id).where(DEVICE.c.revoked_at.is_(None))).all() == []


def test_with_a_stalls_last_holder_its_tokens_end(
    board: FlaskClient,
    huong: StallRow,
    tu: StallRow,
    named: Callable[[str], Member],
    program: Callable[..., Program],
    database: Database,
) -> None:
    for name in ("Hương", "Út"):
        board.post(f"{PEOPLE}/new", data={"role": "stallholder", "stall": huong.code, "name": name})
    tills = [program(role, stall=huong) for role in ("stallholder", "helper")]
    neighbour = program("stallholder", stall=tu)
    path = "/stalls/{}/payments"
    for name, status in (("huong", 200), ("ut", 401)):
        member = named(name)
        board.post(f"{PEOPLE}/{member.login_id}/end/{member.held[0].grant_id}")
        assert [till.get(path.format(huong.code), market="ben-song").status_code for till in tills] == [status] * 2
    assert neighbour.get(path.format(tu.code), market="ben-song").status_code == 200
    with database.reading() as session:
        told = trail(session, huong.market_id, limit=2)
    assert [(line.act, line.stall, line.about["token"], line.person) for line in told] == [
        ("token_ended", huong.code, 2, "board2"),
        ("token_ended", huong.code, 1, "board2"),
    ]


def test_a_helper_who_leaves_ends_no_token(
    board: FlaskClient, huong: StallRow, named: Callable[[str], Member], program: Callable[..., Program]
) -> None:
    board.post(f"{PEOPLE}/new", data={"role": "helper", "stall": huong.code, "name": "Út"})
    till, member = program("stallholder", stall=huong), named("ut")
    assert "chương trình khác" not in board.get(f"{PEOPLE}/{member.login_id}").text
    board.post(f"{PEOPLE}/{member.login_id}/end/{member.held[0].grant_id}")
    assert till.get(f"/stalls/{huong.code}/payments", market="ben-song").status_code == 200


def test_the_page_says_that_tokens_end_with_the_last_holder(
    board: FlaskClient, huong: StallRow, named: Callable[[str], Member]
) -> None:
    add_holder(board, huong)
    page = board.get(f"{PEOPLE}/{named('chi-huong').login_id}").text
    assert "Sạp không còn chủ nào thì khoá mà chương trình khác dùng cho sạp cũng bị bỏ." in page


def test_a_volunteer_ends_no_role(
    board: FlaskClient, volunteer: FlaskClient, huong: StallRow, named: Callable[[str], Member]
) -> None:
    board.post(f"{PEOPLE}/new", data={"role": "helper", "stall": huong.code, "name": "Út"})
    member = named("ut")
    assert volunteer.post(f"{PEOPLE}/{member.login_id}/end/{member.held[0].grant_id}").status_code == 404
    assert named("ut") == member


def test_one_more_stall_is_given_once(
    board: FlaskClient, huong: StallRow, tu: StallRow, named: Callable[[str], Member]
) -> None:
    board.post(f"{PEOPLE}/new", data={"role": "stallholder", "stall": huong.code, "name": "Hương"})
    member = named("huong")
    for _ in range(2):
        assert board.post(f"{PEOPLE}/{member.login_id}/stall", data={"stall": tu.code}).status_code == 303
    assert [held.stall for held in named("huong").held] == [huong.code, tu.code]


def test_every_step_is_in_the_audit_trail(
    app: Flask, board: FlaskClient, huong: StallRow, named: Callable[[str], Member], database: Database
) -> None:
    page = board.post(f"{PEOPLE}/new", data={"role": "helper", "stall": huong.code, "name": "Út"})
    enrolled(app, shown_code(page.text))
    member = named("ut")
    board.post(f"{PEOPLE}/{member.login_id}/lost/{member.phones[0].id}")
    board.post(f"{PEOPLE}/{member.login_id}/end/{member.held[0].grant_id}")
    with database.reading() as session:
        acts = session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars().all()
    assert [act for act in acts if act != "sign_in"] == [
        "person_added",
        "enrolment_made",
        "device_enrolled",
        "device_revoked",
        "enrolment_made",
        "role_ended",
    ]


def test_a_volunteer_begins_with_the_people_and_sees_no_money(volunteer: FlaskClient) -> None:
    assert volunteer.get("/").headers["Location"] == PEOPLE
    page = volunteer.get(PEOPLE)
    assert page.status_code == 200
    assert "/board/ben-song/stalls" not in page.text
    assert "đ</" not in page.text


def test_the_pages_speak_english_too(board: FlaskClient, huong: StallRow) -> None:
    board.set_cookie("lang", "en")
    assert "Phone lost" not in board.get(PEOPLE).text
    assert "Add a person" in board.get(PEOPLE).text
    assert "Add and show the code" in board.get(f"{PEOPLE}/new?role=helper&stall={huong.code}").text
