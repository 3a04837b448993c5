"""The gap report on the board's pages: what a statement has and no channel told, and where to look."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask.testing import FlaskClient

from ledger.days import Month, local_date, utc_now
from ledger.inbox.notice import Notice
from market.access.audit import trail
from market.comparisons import earlier
from market.db import Database
from market.web.board_gaps import spans
from merchants.stalls import StallRow
from tests.market.web.statements.statement_pages import STATEMENTS, chosen, taken
from tests.statement_files import as_csv, statement_of

Told = Callable[..., Notice]
GAPS = "/board/ben-song/gaps"
MONTH = earlier(Month.of(local_date(utc_now())), 1)
SILENT = MONTH.first + timedelta(days=6)


def test_a_month_without_a_gap_says_so(board: FlaskClient, lines: list[Notice]) -> None:
    taken(board, chosen(board, as_csv(statement_of(*lines))))
    assert "Không thiếu khoản nào" in board.get(GAPS).text


def test_of_a_month_without_a_statement_nothing_is_known(board: FlaskClient, huong: StallRow) -> None:
    page = board.get(GAPS).text
    assert "Chưa nạp sao kê nào của tháng này, nên chưa biết." in page
    assert "Không thiếu khoản nào" not in page


@pytest.fixture
def missed(huong: StallRow, told: Told) -> list[Notice]:
    """Twelve payments of one day of the month before, when the channel was silent."""
    at = datetime.combine(SILENT, time(3), UTC)
    return [told(huong, 10_000 + place, at=at) for place in range(12)]


def test_a_gap_names_the_stall_the_days_the_references_and_the_way_to_its_channel(
    board: FlaskClient, lines: list[Notice], missed: list[Notice], hook: Callable[..., None]
) -> None:
    hook(*lines)
    taken(board, chosen(board, as_csv(statement_of(*lines, *missed))))
    page = board.get(f"{GAPS}?month={MONTH}").text
    assert '<span class="code">C-01</span> Sạp C-01' in page
    assert f"<dd>{SILENT:%d/%m/%Y}</dd>" in page
    assert 'class="figure">12</b>' in page
    assert f"{missed[7].bank_reference}, và 4 mã nữa" in page
    assert 'href="/board/ben-song/connections/C-01"' in page
    assert "10.0" not in page


def test_held_lines_of_a_gap_lead_to_where_they_are_answered(
    board: FlaskClient, lines: list[Notice], hook: Callable[..., None]
) -> None:
    hook(lines[0])
    taken(board, chosen(board, as_csv(statement_of(lines[0], references=False))))
    page = board.get(GAPS).text
    assert "trong đó 1 khoản có thể đã báo rồi" in page
    assert re.search(r'href="/board/ben-song/held">.*Trả lời', page)


def test_the_file_has_every_reference_and_no_formula(
    board: FlaskClient, lines: list[Notice], missed: list[Notice], hook: Callable[..., None], told: Told,
    huong: StallRow, database: Database, market_id: int,
) -> None:  # fmt: skip
    hook(*lines)
    evil = told(huong, 33_000, at=missed[0].at, bank_reference="=HYPERLINK(1)")
    taken(board, chosen(board, as_csv(statement_of(evil, *missed))))
    answer = board.get(f"{GAPS}.csv?month={MONTH}")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=ben-song-{MONTH}-gaps.csv"
    head, row = answer.data.decode("utf-8-sig").splitlines()
    assert head == "stall,name,bank,account_ends_in,payments,held,days,bank_references"
    references = " ".join(notice.bank_reference for notice in missed)
    assert row == f"C-01,Sạp C-01,Vietcombank,…9999,13,0,{SILENT},'=HYPERLINK(1) {references}"
    with database.reading() as session:
        (line,) = trail(session, market_id, limit=1, acts=("report_downloaded",))
    assert line.about == {"report": "gaps", "month": str(MONTH)}


def test_an_auditor_reads_the_gaps_and_brings_nothing_in(
    signed_in: Callable[..., FlaskClient], market_id: int, huong: StallRow
) -> None:
    auditor = signed_in("auditor", market_id=market_id)
    page = auditor.get(GAPS)
    assert page.status_code == 200
    assert STATEMENTS not in page.text
    assert auditor.get(STATEMENTS).status_code == 404


def test_a_month_that_has_not_begun_has_no_gaps(board: FlaskClient, huong: StallRow) -> None:
    assert board.get(f"{GAPS}?month=2099-01").status_code == 404


def test_days_that_follow_each_other_are_said_as_one() -> None:
    days = [date(2026, 10, day) for day in (1, 2, 3, 7, 30, 31)]
    assert spans(days) == ["01/10–03/10/2026", "07/10/2026", "30/10–31/10/2026"]
    assert spans([]) == []
