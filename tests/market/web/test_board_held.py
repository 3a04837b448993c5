"""What waits for a word of the board: told before or not, not booked by a fault, given to the wrong stall."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from ledger import books
from ledger.days import utc_now
from ledger.inbox.receive import waiting
from market.db import Database
from market.model import CHANNEL
from market.web import board_held, board_unmatched
from merchants import settling
from merchants.payments import Outcome, Source, take_up
from merchants.stalls import StallRow
from tests.market.web.pages import after, read

Tell = Callable[..., list[int]]


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """A browser at the board of chợ Bến Sông."""
    return signed_in("board", market_id=market_id)


def statuses(database: Database, market_id: int, status: str) -> list[int]:
    with database.reading() as session:
        return [one.notice for one in waiting(session, market_id, status)]


HELD = "/board/ben-song/held"
ANSWERED = "/board/ben-song/held/answered"
PARKED = "/board/ben-song/parked"
ASSIGNED = "/board/ben-song/unmatched/assigned"


# Told before?


def test_a_held_notice_stands_beside_the_one_that_it_looks_like(
    board: FlaskClient, huong: StallRow, tell: Tell
) -> None:
    tell(huong, 50_000, bank_reference="FT777", memo="tien ca")
    tell(huong, 50_000, feed="statement", bank_reference="", memo="TIEN CA MUA SOM")
    page = read(board, HELD)
    assert page.count("50.000\N{NO-BREAK SPACE}đ") == 2
    assert re.findall(r"FT777|TIEN CA MUA SOM|tien ca", page) == ["TIEN CA MUA SOM", "FT777", "tien ca"]
    assert re.findall(r"<dt>Nguồn báo</dt><dd>(.*?)\s*</dd>", page, re.DOTALL) == ["SePay, sao kê", "SePay"]


@pytest.mark.parametrize(("answer", "count"), [("same", 1), ("another", 2)])
def test_money_that_was_perhaps_told_before_is_one_or_two(
    board: FlaskClient, huong: StallRow, tell: Tell, counted: Callable[[StallRow], int], answer: str, count: int
) -> None:
    tell(huong, 50_000)
    [held] = tell(huong, 50_000, feed="poll", bank_reference="")
    assert '<b class="count" aria-label="1 khoản đang chờ">1</b>' in read(board, HELD)
    assert "Không có khoản nào giống khoản đã báo" in after(board, f"{HELD}/{held}", answer=answer)
    assert "Không còn việc nào" in read(board, "/board/ben-song/unmatched")
    assert counted(huong) == count


def test_one_more_payment_by_a_stalls_own_channel_is_that_stalls(
    board: FlaskClient, database: Database, market_id: int, huong: StallRow, tell: Tell,
    add_stall: Callable[..., StallRow], counted: Callable[[StallRow], int],
) -> None:  # fmt: skip
    add_stall(market_id, "C-02", huong.bin, huong.account_number)
    with database.writing() as session:
        added = session.connection().execute(
            insert(CHANNEL)
            .values(
                market_id=market_id, stall_id=huong.id, provider="casso", auth="", status="on", created_at=utc_now()
            )
            .returning(CHANNEL.c.id)
        )
        own = Source(added.scalar_one(), market_id, huong.id)
    tell(huong, 50_000, source=own)
    [held] = tell(huong, 50_000, source=own, feed="poll", bank_reference="")
    assert "Đã ghi thêm khoản này." in after(board, f"{HELD}/{held}", answer="another")
    assert counted(huong) == 2


def test_a_whole_file_is_settled_by_one_tap(
    board: FlaskClient, database: Database, market_id: int, huong: StallRow, tell: Tell,
    counted: Callable[[StallRow], int],
) -> None:  # fmt: skip
    tell(huong, 50_000, 60_000, 70_000)
    file = tell(huong, 50_000, 60_000, feed="statement", bank_reference="")
    [other] = tell(huong, 70_000, feed="statement", bank_reference="")
    page = read(board, HELD)
    assert page.count("Cả tệp này đã báo rồi") == 1
    [last] = re.findall(r'name="last" value="(\d+)"', page)
    assert "Đã ghi 2 khoản là đã báo rồi" in after(board, f"{HELD}/{file[0]}/file", last=last)
    assert statuses(database, market_id, "held") == [other]
    assert counted(huong) == 3


def test_what_came_after_the_page_was_shown_is_not_settled_with_it(
    board: FlaskClient, database: Database, market_id: int, huong: StallRow, tell: Tell
) -> None:
    tell(huong, 50_000, 60_000, 70_000)
    first, second, unseen = tell(huong, 50_000, 60_000, 70_000, feed="statement", bank_reference="")
    after(board, f"{HELD}/{first}/file", last=second)
    assert statuses(database, market_id, "held") == [unseen]


def test_of_a_file_what_has_no_earlier_one_left_is_told_and_stays(
    board: FlaskClient, database: Database, market_id: int, huong: StallRow, tell: Tell
) -> None:
    tell(huong, 50_000)
    first, second = tell(huong, 50_000, 50_000, feed="statement", bank_reference="")
    page = after(board, f"{HELD}/{first}/file", last=second)
    assert "1 khoản không còn khoản nào trước đó để khớp" in page
    assert "Không còn khoản nào trước đó giống khoản này." in page
    assert re.findall(r'name="answer" value="(\w+)"', page) == ["another"]
    assert statuses(database, market_id, "held") == [second]


def test_a_file_is_settled_once_by_two_people(board: FlaskClient, huong: StallRow, tell: Tell) -> None:
    tell(huong, 50_000, 60_000)
    first, second = tell(huong, 50_000, 60_000, feed="statement", bank_reference="")
    assert "Đã ghi 2 khoản là đã báo rồi" in after(board, f"{HELD}/{first}/file", last=second)
    assert "đã có người xử lý" in after(board, f"{HELD}/{first}/file", last=second)
    assert "đã có người xử lý" in after(board, f"{HELD}/{first}", answer="same")


def test_a_whole_file_is_settled_once_by_eight_people_at_once(
    signed_in: Callable[..., FlaskClient], market_id: int, huong: StallRow, tell: Tell,
    counted: Callable[[StallRow], int],
) -> None:  # fmt: skip
    tell(huong, 50_000, 60_000, 70_000)
    first, _, last = tell(huong, 50_000, 60_000, 70_000, feed="statement", bank_reference="")
    browsers = [signed_in("board", market_id=market_id) for _ in range(8)]
    with ThreadPoolExecutor(len(browsers)) as pool:
        pages = list(pool.map(lambda browser: after(browser, f"{HELD}/{first}/file", last=last), browsers))
    assert sum("Đã ghi 3 khoản là đã báo rồi" in page for page in pages) == 1
    assert sum("đã có người xử lý" in page for page in pages) == 7
    assert counted(huong) == 3


def test_a_long_file_goes_over_several_pages(
    board: FlaskClient, huong: StallRow, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_held, "PAGE", 2)
    tell(huong, 11_000, 12_000, 13_000, 14_000, 15_000)
    tell(huong, 11_000, 12_000, 13_000, feed="statement", bank_reference="")
    tell(huong, 14_000, 15_000, feed="statement", bank_reference="")
    shown = [
        re.findall(r"đang chờ</h3>.*?(\d\d)\.000", read(board, f"{HELD}?page={at}"), re.DOTALL) for at in (1, 2, 3)
    ]
    assert shown == [["11", "12"], ["13", "14"], ["15"]]


@pytest.mark.parametrize("address", ["held", "held/answered", "parked", "unmatched/assigned", "unmatched/assigned/1"])
def test_another_markets_work_is_not_there(
    signed_in: Callable[..., FlaskClient], other_market_id: int, huong: StallRow, address: str
) -> None:
    browser = signed_in("board", market_id=other_market_id)
    assert browser.get(f"/board/ben-song/{address}").status_code == 404


def test_another_boards_word_changes_nothing(
    signed_in: Callable[..., FlaskClient], other_market_id: int, huong: StallRow, tell: Tell, database: Database
) -> None:
    tell(huong, 50_000)
    [held] = tell(huong, 50_000, feed="statement", bank_reference="")
    browser = signed_in("board", market_id=other_market_id)
    assert browser.post(f"/board/ben-song/held/{held}", data={"answer": "same"}).status_code == 404
    browser.post(f"/board/chan-nui/held/{held}", data={"answer": "another"})
    browser.post(f"/board/chan-nui/held/{held}/file", data={"last": held})
    assert statuses(database, huong.market_id, "held") == [held]


def test_an_answer_that_is_none_is_refused(board: FlaskClient, market_id: int) -> None:
    assert board.post(f"{HELD}/1", data={"answer": "perhaps"}).status_code == 400


# Not booked by a fault.


@pytest.fixture
def park(database: Database, channel: Source, tell: Tell, huong: StallRow, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """A payment that the program failed to book five times; the fault is mended then."""

    def fail(*_: object, **__: object) -> list[Outcome]:
        raise ValueError("the books are upside down")

    def park_(amount: int) -> list[int]:
        with monkeypatch.context() as patch:
            patch.setattr(books, "post", fail)
            found = tell(huong, amount)
            for _ in range(4):
                with database.writing() as session:
                    take_up(session, channel, utc_now())
        return found

    return park_


def test_a_parked_notice_is_shown_with_why_and_what_to_do(
    board: FlaskClient, park: Tell, database: Database, market_id: int
) -> None:
    [parked] = park(50_000)
    assert statuses(database, market_id, "parked") == [parked]
    page = read(board, PARKED)
    assert "Chương trình gặp lỗi khi ghi khoản này.</b> Đã thử 5 lần." in page
    assert "ValueError: the books are upside down" in page
    assert '<b class="count" aria-label="1 khoản đang chờ">1</b>' in page


def test_one_more_try_books_it(
    board: FlaskClient, park: Tell, huong: StallRow, counted: Callable[[StallRow], int]
) -> None:
    [parked] = park(50_000)
    page = after(board, f"{PARKED}/{parked}")
    assert "Đã ghi được khoản này." in page
    assert "Khoản nào máy cũng ghi được" in page
    assert counted(huong) == 1
    assert "đã có người xử lý" in after(board, f"{PARKED}/{parked}")


def test_what_fails_again_stays_parked(
    board: FlaskClient, park: Tell, database: Database, market_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    [parked] = park(50_000)
    monkeypatch.setattr(books, "post", lambda *_, **__: 1 / 0)
    page = after(board, f"{PARKED}/{parked}")
    assert "Vẫn chưa ghi được." in page
    assert "Đã thử 6 lần." in page
    assert statuses(database, market_id, "parked") == [parked]


# Given to the wrong stall.


@pytest.fixture
def lost(board: FlaskClient, tell: Tell, huong: StallRow) -> int:
    """A notice of no stall that the board gave to chị Hương's."""
    [notice] = tell(huong, 50_000, account_number="99998888")
    board.post(f"/board/ben-song/unmatched/{notice}", data={"stall": "C-01"})
    return notice


def entry_of(page: str) -> str:
    return str(re.findall(r"/unmatched/assigned/(\d+)", page)[0])


def test_a_wrong_stall_is_mended_by_taking_the_payment_back(
    board: FlaskClient, lost: int, huong: StallRow, tu: StallRow, counted: Callable[[StallRow], int]
) -> None:
    page = read(board, ASSIGNED)
    assert "50.000\N{NO-BREAK SPACE}đ" in page
    assert "C-01" in read(board, f"{ASSIGNED}/{entry_of(page)}")
    page = after(board, f"{ASSIGNED}/{entry_of(page)}", reason="chọn nhầm sạp")
    assert "Đã lấy lại khoản này từ sạp C-01" in page
    board.post(f"/board/ben-song/unmatched/{lost}", data={"stall": "G-02", "reason": "chọn nhầm sạp"})
    assert (counted(huong), counted(tu)) == (0, 1)


def test_taking_back_needs_a_reason_and_happens_once(
    board: FlaskClient, lost: int, huong: StallRow, counted: Callable[[StallRow], int]
) -> None:
    address = f"{ASSIGNED}/{entry_of(read(board, ASSIGNED))}"
    answer = board.post(address, data={"reason": " "})
    assert (answer.status_code, counted(huong)) == (400, 1)
    assert 'id="reason-wrong"' in answer.text
    after(board, address, reason="chọn nhầm sạp")
    assert board.post(address, data={"reason": "chọn nhầm sạp"}).status_code == 404


@pytest.fixture
def type_in(database: Database, huong: StallRow) -> Callable[..., int]:
    """Chị Hương types a sale of 7.000 đ under a key; gives its entry."""

    def typed(key: str, *, cash: bool = False) -> int:
        with database.writing() as session:
            said: dict[str, Any] = {"client_key": key, "occurred_at": None, "login_id": 1, "memo": "", "now": utc_now()}
            posted, _ = books.enter_sale(session, book_id=huong.book_id, amount=7_000, cash=cash, **said)
        return posted.entry_id

    return typed


def test_what_cannot_be_taken_back_whole_is_not_taken_back_at_all(
    board: FlaskClient, lost: int, huong: StallRow, type_in: Callable[..., int], database: Database, market_id: int,
    counted: Callable[[StallRow], int],
) -> None:  # fmt: skip
    entry = int(entry_of(read(board, ASSIGNED)))
    with database.writing() as session:
        settling.confirm(session, market_id, type_in("phone-0001"), entry, login_id=1, now=utc_now())
    # The key of the sale that would be typed anew is taken.
    type_in(f"again-{entry:08}")
    assert "đã có người xử lý" in after(board, f"{ASSIGNED}/{entry}", reason="chọn nhầm sạp")
    assert (counted(huong), statuses(database, market_id, "unmatched")) == (1, [])


def test_what_cannot_be_given_whole_is_not_given_at_all(
    board: FlaskClient, lost: int, huong: StallRow, type_in: Callable[..., int], database: Database, market_id: int,
    counted: Callable[[StallRow], int],
) -> None:  # fmt: skip
    entry = int(entry_of(read(board, ASSIGNED)))
    after(board, f"{ASSIGNED}/{entry}", reason="chọn nhầm sạp")
    # The key of a sale that was typed anew is that of cash, which no payment confirms.
    type_in(f"again-{entry:08}", cash=True)
    page = after(board, f"/board/ben-song/unmatched/{lost}", stall="C-01", reason="đúng sạp")
    assert "đã có người xử lý" in page
    assert (counted(huong), statuses(database, market_id, "unmatched")) == (0, [lost])


def test_what_cannot_be_booked_whole_as_one_more_is_not_booked_at_all(
    board: FlaskClient, tell: Tell, huong: StallRow, type_in: Callable[..., int], database: Database, market_id: int,
    channel: Source, counted: Callable[[StallRow], int],
) -> None:  # fmt: skip
    tell(huong, 50_000)
    [held] = tell(huong, 50_000, feed="poll", bank_reference="")
    said: dict[str, Any] = {"login_id": 1, "now": utc_now()}
    with database.writing() as session:
        [outcome] = settling.another(session, market_id, [held], sources=[channel], **said)
        settling.hold(session, market_id, [held], reason="xem lại", **said)
    type_in(f"again-{outcome.entry_id:08}", cash=True)
    assert "Chưa làm được" in after(board, f"{HELD}/{held}", answer="another")
    assert (counted(huong), statuses(database, market_id, "held")) == (1, [held])


def test_a_payment_that_found_its_stall_by_itself_is_not_the_boards_to_see(
    board: FlaskClient, huong: StallRow, tell: Tell, database: Database, market_id: int
) -> None:
    tell(huong, 50_000)
    assert "50.000" not in read(board, ASSIGNED)
    assert board.post(f"{ASSIGNED}/1", data={"reason": "xem thử"}).status_code == 404
    assert statuses(database, market_id, "unmatched") == []


def test_after_a_week_the_way_back_is_closed(board: FlaskClient, lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = entry_of(read(board, ASSIGNED))
    later = utc_now() + timedelta(days=8)
    monkeypatch.setattr(board_unmatched, "utc_now", lambda: later)
    assert "chưa chọn sạp cho khoản nào" in read(board, ASSIGNED)
    assert board.get(f"{ASSIGNED}/{entry}").status_code == 404
