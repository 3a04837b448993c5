"""A stallholder takes all data of the stall home, asks that it be deleted, and thinks better of it."""

import io
import json
from collections.abc import Callable
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from ledger.days import utc_now
from market.access.model import AUDIT
from market.db import Database
from market.model import SESSION
from market.web import stall_data
from merchants import deletion_requests
from merchants.model import DELETION_REQUEST
from merchants.stalls import StallRow

PASSWORD = "hoa-phuong-do"


@pytest.fixture
def sure(phone: FlaskClient, database: Database) -> FlaskClient:
    """Chị Hương's phone, right after she showed who she is."""
    with database.writing() as session:
        session.connection().execute(update(SESSION).values(confirmed_at=utc_now()))
    return phone


def acts(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars())


def waits(database: Database, stall: StallRow) -> bool:
    with database.reading() as session:
        return deletion_requests.open_request(session, stall.id) is not None


@pytest.mark.parametrize("path", ["/stall/data", "/stall/data/delete"])
def test_the_pages_ask_first_who_it_is(phone: FlaskClient, path: str) -> None:
    answer = phone.get(path)
    assert (answer.status_code, answer.location) == (303, f"/confirm?next={path}")


@pytest.mark.parametrize("path", ["/stall/data/copy", "/stall/data/delete"])
def test_nothing_is_done_before_that(phone: FlaskClient, database: Database, huong: StallRow, path: str) -> None:
    answer = phone.post(path, data={"stall": huong.id})
    assert (answer.status_code, answer.location is not None and answer.location[:8]) == (303, "/confirm")
    assert (acts(database), waits(database, huong)) == ([], False)


def test_everything_is_downloaded_as_one_file(sure: FlaskClient, huong: StallRow, database: Database) -> None:
    with sure.post("/stall/data/copy", data={"stall": huong.id}) as answer:
        assert (answer.status_code, answer.mimetype) == (200, "application/zip")
        assert 'filename="C-01.zip"' in answer.headers["Content-Disposition"]
        assert answer.headers["Cache-Control"] == "no-store"
        document = json.loads(ZipFile(io.BytesIO(answer.data)).read("du-lieu.json"))
    assert [stall["code"] for stall in document["stall"]] == ["C-01"]
    assert acts(database) == ["stall_copied"]


def test_the_file_is_as_long_as_it_says(sure: FlaskClient, huong: StallRow) -> None:
    with sure.post("/stall/data/copy", data={"stall": huong.id}) as answer:
        assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_one_copy_is_made_at_a_time(sure: FlaskClient, huong: StallRow, database: Database) -> None:
    with stall_data._copying:
        answer = sure.post("/stall/data/copy", data={"stall": huong.id}, follow_redirects=True)
    assert "Đang có người tải. Đợi một phút rồi bấm lại." in answer.text
    assert acts(database) == []


@pytest.mark.parametrize("path", ["copy", "delete", "withdraw"])
def test_another_stall_than_ones_own_is_nowhere(sure: FlaskClient, tu: StallRow, database: Database, path: str) -> None:
    assert sure.post(f"/stall/data/{path}", data={"stall": tu.id}).status_code == 404
    assert (acts(database), waits(database, tu)) == ([], False)


def test_a_helper_has_no_such_pages(signed_in: Callable[..., FlaskClient], huong: StallRow) -> None:
    helper = signed_in("helper", stall=huong)
    assert helper.get("/stall/data").status_code == 404
    assert helper.post("/stall/data/copy", data={"stall": huong.id}).status_code == 404


def test_what_goes_and_what_stays_is_said_before_it_is_asked_for(sure: FlaskClient) -> None:
    page = sure.get("/stall/data/delete").text
    assert "Sẽ mất, không lấy lại được" in page
    assert "Vẫn còn, vì luật kế toán" in page
    assert "Số tài khoản trong tin báo của ngân hàng" in page


def test_the_wish_is_dated_and_deletes_nothing(sure: FlaskClient, huong: StallRow, database: Database) -> None:
    page = sure.post("/stall/data/delete", data={"stall": huong.id}, follow_redirects=True).text
    assert "Đã xin xoá ngày" in page
    assert "Xem cái gì mất, cái gì còn" not in page
    assert (acts(database), waits(database, huong)) == (["deletion_asked"], True)
    assert sure.get("/stall/").status_code == 200


def test_to_ask_twice_is_to_ask_once(sure: FlaskClient, huong: StallRow, database: Database) -> None:
    for _ in range(2):
        sure.post("/stall/data/delete", data={"stall": huong.id})
    assert sure.get("/stall/data/delete").location == "/stall/data"
    with database.reading() as session:
        assert len(session.connection().execute(select(DELETION_REQUEST)).all()) == 1
    assert acts(database) == ["deletion_asked"]


def test_the_wish_is_withdrawn_with_one_tap(sure: FlaskClient, huong: StallRow, database: Database) -> None:
    sure.post("/stall/data/delete", data={"stall": huong.id})
    page = sure.post("/stall/data/withdraw", data={"stall": huong.id}, follow_redirects=True).text
    assert "Đã rút lại. Không có gì bị xoá." in page
    assert (acts(database), waits(database, huong)) == (["deletion_asked", "deletion_withdrawn"], False)


def test_withdrawing_what_nobody_asked_for_changes_nothing(
    sure: FlaskClient, huong: StallRow, database: Database
) -> None:
    assert sure.post("/stall/data/withdraw", data={"stall": huong.id}).status_code == 303
    assert acts(database) == []


def test_the_page_on_privacy_leads_here(phone: FlaskClient) -> None:
    assert 'href="/stall/data"' in phone.get("/stall/privacy").text
