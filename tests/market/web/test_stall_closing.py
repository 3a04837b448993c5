"""Closing the day on the phone: count, compare, say what the difference was; versions, the mark, the slip."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.books.model import CASH_COUNT, ENTRY
from ledger.books.seals import marked
from ledger.books.verify import verify
from market.access.audit import trail
from market.db import Database
from market.web import stall, stall_cash, stall_closing, stall_payments
from merchants import cash
from merchants.stalls import StallRow
from merchants.takings import Actor

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DONG = "\N{NO-BREAK SPACE}đ"
DAY = "/stall/closing/2026-11-24"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is five in the afternoon."""
    for module in (stall, stall_cash, stall_closing, stall_payments):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)


@pytest.fixture
def sell(database: Database, huong: StallRow) -> Callable[[int], None]:
    """Chị Hương sells for cash."""
    keys = iter(range(1, 1000))

    def sold(amount: int) -> None:
        actor = Actor(1, frozenset({huong.id}), helps=frozenset({huong.id}))
        at = NOW - timedelta(hours=1)
        with database.writing() as session:
            cash.add(session, actor, huong, amount=amount, at=at, key=f"sale-{next(keys):04}", now=NOW)

    return sold


def plain(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", page.partition("<body")[2]))


def count(phone: FlaskClient, huong: StallRow, counted: str, day: str = DAY, **more: object) -> TestResponse:
    return phone.post(day, data={"stall": huong.id, "counted": counted, "float": "100k", **more})


def close(phone: FlaskClient, huong: StallRow, counted: str, said: str) -> TestResponse:
    """Both steps: look, then say what the difference was."""
    [seen] = re.findall(r'name="seen" value="(\d+)"', count(phone, huong, counted).text)
    return count(phone, huong, counted, seen=seen, said=said)


def counts(database: Database) -> list[tuple[int, int, int]]:
    """Version, counted and expected of each count."""
    with database.reading() as session:
        query = select(CASH_COUNT.c.version, CASH_COUNT.c.counted, CASH_COUNT.c.expected).order_by(CASH_COUNT.c.id)
        return [(row.version, row.counted, row.expected) for row in session.connection().execute(query)]


def test_counted_cash_is_laid_beside_the_book_before_anything_is_written(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None], database: Database
) -> None:
    sell(50_000)
    page = plain(count(phone, huong, "130.000").text)
    assert f"Trong hộp phải có 150.000{DONG}" in page
    assert f"Thiếu 20.000{DONG} so với sổ" in page
    assert counts(database) == []


@pytest.mark.parametrize(
    ("counted", "words", "answers"),
    [
        ("150.000", "Khớp với sổ", ["open"]),
        ("170.000", "Thừa 20.000", ["forgotten", "put_in", "open"]),
        ("130.000", "Thiếu 20.000", ["taken_out", "lost", "open"]),
    ],
)
def test_what_may_be_said_depends_on_the_difference(
    phone: FlaskClient,
    huong: StallRow,
    sell: Callable[[int], None],
    counted: str,
    words: str,
    answers: list[str],
) -> None:
    sell(50_000)
    page = count(phone, huong, counted).text
    assert words in page
    assert re.findall(r'name="said" value="(\w+)"', page) == answers


def test_a_closed_day_shows_its_version_and_the_mark_of_the_book(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None], database: Database
) -> None:
    sell(50_000)
    assert close(phone, huong, "170.000", "forgotten").headers["Location"] == DAY
    page = plain(phone.get(DAY).text)
    assert "Chốt lúc 17:00, bản 1" in page
    assert "Bán mà quên ghi" in page
    assert f"Tiền mặt bán hàng lúc đếm 50.000{DONG} ghi thêm 20.000{DONG} 70.000{DONG}" in page
    with database.reading() as session:
        head = session.connection().execute(select(ENTRY.c.hash).order_by(ENTRY.c.number.desc())).scalars().first()
    assert head is not None
    assert f"đến dòng 2 {marked(head)}" in page


def test_a_day_without_an_entry_is_closed_without_a_mark(phone: FlaskClient, huong: StallRow) -> None:
    close(phone, huong, "100.000", "open")
    page = phone.get(DAY).text
    assert "Khớp với sổ" in page
    assert "Dấu sổ" not in page


def test_counted_again_is_the_next_version_and_the_books_hold(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None], database: Database
) -> None:
    sell(50_000)
    close(phone, huong, "130.000", "taken_out")
    sell(30_000)
    assert f"Sau khi chốt, sổ có thêm 30.000{DONG}" in phone.get(DAY).text
    assert 'value="100.000"' in phone.get(f"{DAY}?again=1").text
    close(phone, huong, "180.000", "open")
    assert counts(database) == [(1, 130_000, 150_000), (2, 180_000, 180_000)]
    assert "Bản 1, đếm được" in phone.get(DAY).text
    with database.reading() as session:
        assert verify(session).findings == []


@pytest.mark.parametrize("page", [DAY, f"{DAY}/slip"])
def test_what_the_drawer_should_hold_adds_up_though_the_book_went_on(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None], page: str
) -> None:
    sell(50_000)
    close(phone, huong, "170.000", "forgotten")
    sell(30_000)
    shown = plain(phone.get(page).text)
    assert f"Tiền mặt bán hàng lúc đếm 50.000{DONG} ghi thêm 50.000{DONG} 100.000{DONG}" in shown
    parts = f"Tiền lẻ đầu ngày 100.000{DONG} Theo sổ lúc đếm 50.000{DONG} Trong hộp phải có 150.000{DONG}"
    assert parts in shown


def test_a_book_that_did_not_go_on_says_its_cash_once(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None]
) -> None:
    sell(50_000)
    close(phone, huong, "170.000", "put_in")
    assert f"Tiền mặt bán hàng 50.000{DONG}" in plain(phone.get(DAY).text)


def test_a_sale_taken_back_after_the_count_is_told_as_taken_off(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None], database: Database
) -> None:
    sell(50_000)
    sell(30_000)
    close(phone, huong, "180.000", "open")
    actor = Actor(1, frozenset({huong.id}), helps=frozenset({huong.id}))
    with database.writing() as session:
        cash.take_back(session, actor, huong, 2, reason="typed twice", now=NOW)
    page = plain(phone.get(DAY).text)
    assert f"Tiền mặt bán hàng lúc đếm 80.000{DONG} bớt đi 30.000{DONG} 50.000{DONG}" in page


def test_a_newer_count_adds_up_with_what_the_one_before_found_taken_back(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None]
) -> None:
    sell(50_000)
    close(phone, huong, "170.000", "forgotten")
    sell(30_000)
    close(phone, huong, "190.000", "forgotten")
    page = plain(phone.get(DAY).text)
    assert f"lúc đếm 80.000{DONG} ghi thêm 10.000{DONG} 90.000{DONG}" in page
    assert f"Theo sổ lúc đếm 80.000{DONG} Trong hộp phải có 180.000{DONG}" in page


def test_a_form_that_is_sent_twice_is_one_count(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None], database: Database
) -> None:
    sell(50_000)
    for _ in range(2):
        count(phone, huong, "150.000", seen="150000", said="open")
    assert counts(database) == [(1, 150_000, 150_000)]


def test_what_was_sold_meanwhile_is_shown_and_nothing_is_written(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None], database: Database
) -> None:
    sell(50_000)
    answer = count(phone, huong, "150.000", seen="100000", said="forgotten")
    assert answer.status_code == 409
    assert "Sổ vừa có thêm khoản" in answer.text
    assert "Khớp với sổ" in answer.text
    assert counts(database) == []


def test_counted_again_by_an_old_page_what_was_found_before_stays_in_the_book(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None], database: Database
) -> None:
    sell(50_000)
    close(phone, huong, "170.000", "forgotten")
    sell(5_000)
    answer = count(phone, huong, "180.000", seen="150000", said="forgotten")
    assert answer.status_code == 409
    assert f"Trong hộp phải có 155.000{DONG}" in plain(answer.text)
    assert counts(database) == [(1, 170_000, 150_000)]
    with database.reading() as session:
        kinds = session.connection().execute(select(ENTRY.c.kind).order_by(ENTRY.c.number)).scalars().all()
    assert kinds == ["cash", "count", "cash"]


def test_the_drawer_is_counted_note_by_note(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    page = count(phone, huong, "", n100000="1", n20000="2", n1000="5").text
    assert f"Tiền mặt đếm được 145.000{DONG}" in plain(page)
    assert 'name="counted" value="145000"' in page


@pytest.mark.parametrize(
    ("sent", "mend"),
    [
        ({"counted": ""}, "Ghi số tiền đếm được"),
        ({"counted": "1.5"}, "Chưa đọc được số tiền này"),
        ({"counted": "-5"}, "Chưa đọc được số tiền này"),
        ({"counted": "100.000", "float": "x"}, "Chưa đọc được số tiền này"),
        ({"counted": "", "n50000": "hai"}, "Ghi số tờ"),
        ({"counted": "", "n50000": "999999"}, "Ghi số tờ"),
    ],
)
def test_what_cannot_be_read_is_kept_with_a_mend(
    phone: FlaskClient, huong: StallRow, database: Database, sent: dict[str, str], mend: str
) -> None:
    answer = phone.post(DAY, data={"stall": huong.id, "float": "100k", **sent})
    assert answer.status_code == 400
    assert mend in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert all(f'value="{value}"' in answer.text for value in sent.values())


@pytest.mark.parametrize("day", ["2026-11-16", "2026-11-25"])
def test_a_day_too_long_ago_or_to_come_is_not_closed(
    phone: FlaskClient, huong: StallRow, database: Database, day: str
) -> None:
    answer = count(phone, huong, "100.000", f"/stall/closing/{day}", seen="100000", said="open")
    assert (answer.status_code, counts(database)) == (400, [])
    assert "Chỉ chốt được 7 ngày" in answer.text


def test_a_sum_with_a_zero_too_many_is_refused(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    answer = count(phone, huong, "999.999.999.999", seen="100000", said="put_in")
    assert (answer.status_code, counts(database)) == (400, [])
    assert "gõ dư số 0" in answer.text


def test_yesterday_is_closed_this_morning(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    yesterday = "/stall/closing/2026-11-23"
    count(phone, huong, "100.000", yesterday, seen="100000", said="open")
    assert "Thứ Hai 23/11/2026" in phone.get(yesterday).text


def test_the_slip_has_the_day_the_mark_and_a_place_to_sign(
    phone: FlaskClient, huong: StallRow, sell: Callable[[int], None]
) -> None:
    sell(50_000)
    assert phone.get(f"{DAY}/slip").status_code == 404
    close(phone, huong, "150.000", "open")
    page = plain(phone.get(f"{DAY}/slip").text)
    assert "Chợ Bến Sông C-01 · Sạp C-01 Thứ Ba 24/11/2026" in page
    assert "Dấu sổ lúc chốt, đến dòng 1" in page
    assert "Người chốt ký tên" in page


def test_the_log_says_that_a_day_was_closed_and_no_amount(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    close(phone, huong, "100.000", "open")
    with database.reading() as session:
        [line] = [one for one in trail(session, huong.market_id, limit=9) if one.act == "day_counted"]
    assert line.about == {"version": 1}


def test_a_helper_closes_no_day_and_sees_none(
    signed_in: Callable[..., FlaskClient], phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    close(phone, huong, "100.000", "open")
    helper = signed_in("helper", stall=huong)
    for address in ("/stall/closing/", DAY, f"{DAY}/slip"):
        assert helper.get(address).status_code == 404
    assert count(helper, huong, "900.000", seen="100000", said="forgotten").status_code == 404
    assert len(counts(database)) == 1
    assert "Chốt sổ" not in helper.get("/stall/").text


def test_another_stalls_day_is_not_closed(phone: FlaskClient, tu: StallRow, database: Database) -> None:
    assert count(phone, tu, "100.000", seen="100000", said="open").status_code == 404
    assert counts(database) == []
