"""What the board answered lately about money that was perhaps told before, and the way back from a wrong answer."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.books.model import ENTRY
from ledger.days import utc_now
from ledger.inbox.receive import waiting
from market.db import Database
from market.web import board_answered
from merchants.settling import reverse
from merchants.stalls import StallRow
from tests.market.web.pages import after, read

Tell = Callable[..., list[int]]
HELD = "/board/ben-song/held"
ANSWERED = "/board/ben-song/held/answered"


@pytest.fixture
def board(signed_in: Callable[..., FlaskClient], market_id: int) -> FlaskClient:
    """A browser at the board of chợ Bến Sông."""
    return signed_in("board", market_id=market_id)


def statuses(database: Database, market_id: int, status: str) -> list[int]:
    with database.reading() as session:
        return [one.notice for one in waiting(session, market_id, status)]


def line_of(page: str) -> str:
    return str(re.findall(r"/held/answered/(\d+)", page)[0])


@pytest.mark.parametrize(("answer", "other", "count"), [("same", "another", 2), ("another", "same", 1)])
def test_a_wrong_answer_is_asked_again(
    board: FlaskClient, huong: StallRow, tell: Tell, counted: Callable[[StallRow], int],
    answer: str, other: str, count: int,
) -> None:  # fmt: skip
    tell(huong, 50_000)
    [held] = tell(huong, 50_000, feed="poll", bank_reference="")
    after(board, f"{HELD}/{held}", answer=answer)
    assert "Xem lại 1 khoản" in after(board, f"{ANSWERED}/{line_of(read(board, ANSWERED))}")
    after(board, f"{HELD}/{held}", answer=other)
    assert counted(huong) == count


def test_a_whole_file_is_asked_again_by_one_tap(
    board: FlaskClient, database: Database, market_id: int, huong: StallRow, tell: Tell
) -> None:
    tell(huong, 50_000, 60_000, 70_000)
    first, second, last = tell(huong, 50_000, 60_000, 70_000, feed="statement", bank_reference="")
    after(board, f"{HELD}/{first}/file", last=last)
    page = read(board, ANSWERED)
    assert "3 khoản nhận cùng lúc đã báo rồi" in page
    assert "Xem lại 3 khoản" in after(board, f"{ANSWERED}/{line_of(page)}")
    assert statuses(database, market_id, "held") == [first, second, last]
    assert "chưa trả lời khoản nào" in read(board, ANSWERED)


def test_what_was_answered_alone_is_not_looked_at_again_with_its_file(
    board: FlaskClient, database: Database, market_id: int, huong: StallRow, tell: Tell
) -> None:
    tell(huong, 50_000, 60_000, 70_000)
    first, second, last = tell(huong, 50_000, 60_000, 70_000, feed="statement", bank_reference="")
    after(board, f"{HELD}/{second}", answer="same")
    after(board, f"{HELD}/{first}/file", last=last)
    of_the_file, alone = re.findall(r"/held/answered/(\d+)", read(board, ANSWERED))
    assert "Xem lại 2 khoản" in after(board, f"{ANSWERED}/{of_the_file}")
    assert statuses(database, market_id, "held") == [first, last]
    assert "Xem lại 1 khoản" in after(board, f"{ANSWERED}/{alone}")


def test_one_more_payment_that_found_no_stall_is_looked_at_again(
    board: FlaskClient, database: Database, market_id: int, huong: StallRow, tell: Tell
) -> None:
    tell(huong, 50_000, account_number="99998888")
    [held] = tell(huong, 50_000, feed="poll", bank_reference="", account_number="99998888")
    after(board, f"{HELD}/{held}", answer="another")
    after(board, f"{ANSWERED}/{line_of(read(board, ANSWERED))}")
    assert statuses(database, market_id, "held") == [held]


def test_money_that_went_back_is_no_answer_any_more(
    board: FlaskClient, database: Database, market_id: int, huong: StallRow, tell: Tell
) -> None:
    tell(huong, 50_000)
    [held] = tell(huong, 50_000, feed="poll", bank_reference="")
    after(board, f"{HELD}/{held}", answer="another")
    with database.writing() as session:
        entry = session.connection().execute(select(ENTRY.c.id).where(ENTRY.c.notice_id == held)).scalar_one()
        reverse(session, market_id, entry, reason="went back", reassign=False, login_id=None, now=utc_now())
    assert "chưa trả lời khoản nào" in read(board, ANSWERED)


def test_an_answer_is_asked_again_once(board: FlaskClient, huong: StallRow, tell: Tell) -> None:
    tell(huong, 50_000)
    [held] = tell(huong, 50_000, feed="poll", bank_reference="")
    after(board, f"{HELD}/{held}", answer="same")
    address = f"{ANSWERED}/{line_of(read(board, ANSWERED))}"
    after(board, address)
    assert "Không xem lại được" in after(board, address)


def test_after_a_week_an_answer_stays(
    board: FlaskClient, huong: StallRow, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(huong, 50_000)
    [held] = tell(huong, 50_000, feed="poll", bank_reference="")
    after(board, f"{HELD}/{held}", answer="same")
    line = line_of(read(board, ANSWERED))
    later = utc_now() + timedelta(days=8)
    monkeypatch.setattr(board_answered, "utc_now", lambda: later)
    assert "chưa trả lời khoản nào" in read(board, ANSWERED)
    assert "Không xem lại được" in after(board, f"{ANSWERED}/{line}")
