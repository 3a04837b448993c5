"""The printed report: what it gathers from the books, and what a reader finds on its pages."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pypdfium2
import pytest
from sqlalchemy import insert
from sqlmodel import Session

from ledger.books.model import DAY_TOTAL
from ledger.days import Month
from ledger.refused import Refused
from market.chart import Bar
from market.closings import close_month, latest
from market.comparisons import Compared, earlier
from market.db import Database
from market.markets import MarketRow, add_market, find_market
from market.paper import BOTTOM, one_line, printable, wrap
from market.report_pages import PrintedMonth, PrintedSection, PrintedStall, pages
from market.report_print import printed_month, write_pdf
from market.reports import closed_report, month_report
from merchants.stalls import NewStall, close, find_stall, register
from qr.fonts import HEADING, TEXT, width
from qr.pen import MM

NOVEMBER, OCTOBER = Month(2026, 11), Month(2026, 10)
NOW = datetime(2026, 12, 3, 1, 30, tzinfo=UTC)
LONG_NAME = "Quầy Hải Sản Tươi Sống Đặc Biệt Ánh Tuyết Nguyệt Sa Huỳnh"


def stall(number: int, name: str = "Cá biển Hương", before: int | None = 10) -> PrintedStall:
    return PrintedStall(f"C-{number:03}", name, "Khu C", "thủy sản", 12, 12, before, date(2026, 11, 30))


def printed(*stalls: PrintedStall, **changes: object) -> PrintedMonth:
    bars = tuple(Bar(earlier(NOVEMBER, back), 1000, 900) for back in range(11, -1, -1))
    plain = PrintedMonth(
        board="Ban quản lý chợ Bến Sông",
        place="Phường Bến Sông",
        month=NOVEMBER,
        until=NOVEMBER.last,
        elapsed=30,
        running=False,
        state=("Bản 1, chốt 01/12/2026 lúc 00:05",),
        transactions=35218,
        target=35000,
        active=374,
        registered=412,
        newcomers=6,
        month_before=Compared(OCTOBER, 30, False, 35218, 33960, date(2025, 1, 1)),
        year_before=Compared(Month(2025, 11), 30, True, 35218, 29905, date(2025, 1, 1)),
        bars=bars,
        sections=(PrintedSection("Khu C", ("thủy sản", "hoa"), 72, 77, 8922, 8922, 9000),),
        stalls=stalls,
        remarks=("9 sạp không có giao dịch từ 7 ngày trở lên.",),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def texts(pdf: bytes) -> list[str]:
    """The text of each page as a reader would copy it, every space a plain single one."""
    document = pypdfium2.PdfDocument(pdf)
    found = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    return found


def text(report: PrintedMonth) -> str:
    return " ".join(texts(pages(report)))


@pytest.mark.parametrize(
    "words",
    [
        "Ban quản lý chợ Bến Sông",
        "Phường Bến Sông",
        "Bản 1, chốt 01/12/2026 lúc 00:05",
        "Báo cáo thanh toán không tiền mặt tháng 11/2026",
        "35.218",
        "giao dịch, đạt 100 % mục tiêu 35.000",
        "So với 30 ngày đầu tháng 10/2026 (33.960)",
        "+3,7 %",
        "So với tháng 11/2025 (29.905)",
        "+17,8 %",
        "Sạp có giao dịch, trên số sạp đăng ký",
        "374/412",
        "Sạp có giao dịch lần đầu",
        "Cùng tháng năm trước",
        "thủy sản, hoa",
        "8.922",
        "−0,9 %",
        "9 sạp không có giao dịch từ 7 ngày trở lên.",
        "Người lập",
        "Trưởng ban quản lý",
        "của sạp trong tháng. Không tính tiền mặt, khoản huỷ và khoản ghi là không phải bán hàng.",
        "C-001 Cá biển Hương Khu C thủy sản 30/11/2026 12 +20,0 %",
        "Cộng 1 sạp",
    ],
)
def test_the_report_says(words: str) -> None:
    assert words in text(printed(stall(1)))


def test_a_running_month_says_until_when_it_counts() -> None:
    october = Compared(OCTOBER, 24, False, 27412, 26180, date(2025, 1, 1))
    so_far = {"until": date(2026, 11, 24), "elapsed": 24, "transactions": 27412, "month_before": october}
    said = text(printed(running=True, **so_far))
    assert "giao dịch, từ ngày 1 đến 24/11/2026" in said
    assert "78 % mục tiêu 35.000, đã qua 80 % tháng" in said
    assert "So với 24 ngày đầu tháng 10/2026 (26.180)" in said
    assert "Tháng này, đến ngày 24" in said


def test_a_month_runs_until_its_last_day_is_over() -> None:
    said = text(printed(running=True))
    assert "giao dịch, từ ngày 1 đến 30/11/2026" in said
    assert "Tháng này, đến ngày 30" in said


def test_a_longer_month_says_which_days_it_compares() -> None:
    march = printed(month=Month(2026, 3), until=date(2026, 3, 31), elapsed=31)
    compared = Compared(Month(2026, 2), 28, False, 32000, 31000, date(2025, 1, 1))
    assert "28 ngày đầu (32.000) so với tháng 02/2026 (31.000)" in text(replace(march, month_before=compared))


def test_a_target_missed_by_one_is_not_called_reached() -> None:
    assert "đạt 99 % mục tiêu 35.000" in text(printed(transactions=34999))


def test_a_market_without_a_target_names_none() -> None:
    assert "Mục tiêu" not in text(printed(target=None)) and "mục tiêu" not in text(printed(target=None))


def test_a_month_with_no_last_year_says_there_is_no_record() -> None:
    unknown = Compared(Month(2025, 11), 30, True, 35218, None, date(2026, 1, 1))
    assert "So với tháng 11/2025 chưa có số liệu" in text(printed(year_before=unknown))


def test_a_month_in_which_the_records_began_says_when() -> None:
    begun = Compared(OCTOBER, 30, False, 35218, None, date(2026, 10, 20))
    said = text(printed(stall(1, before=None), month_before=begun))
    assert "số liệu có từ 20/10/2026" in said
    assert "cùng kỳ" not in said


def test_the_books_are_called_checked_only_where_that_was_said() -> None:
    assert "Mã kiểm sổ" not in text(printed())
    assert "Mã kiểm sổ 7f3a" in text(printed(check="Mã kiểm sổ 7f3a"))


def test_a_market_without_stalls_has_one_page() -> None:
    [page] = texts(pages(printed(sections=(), remarks=("Chưa có sạp nào đăng ký.",))))
    assert "Chưa có sạp nào đăng ký." in page
    assert "Trang 1 trên 1" in page


def test_every_stall_stands_on_exactly_one_page() -> None:
    found = texts(pages(printed(*(stall(number) for number in range(1, 401)))))
    for number in range(1, 401):
        assert sum(f"C-{number:03} " in page for page in found) == 1


def test_every_page_of_the_table_has_its_head_and_its_number() -> None:
    found = texts(pages(printed(*(stall(number) for number in range(1, 401)))))
    assert len(found) > 5
    for number, page in enumerate(found, 1):
        assert f"Trang {number} trên {len(found)}" in page
        assert number == 1 or "Sạp Tên Khu, dãy Ngành hàng" in page


def test_nothing_is_drawn_below_the_line_at_the_foot() -> None:
    names = (LONG_NAME if number % 3 else "W" * 60 for number in range(1, 121))
    document = pypdfium2.PdfDocument(pages(printed(*(stall(number, name) for number, name in enumerate(names, 1)))))
    for page in document:
        textpage = page.get_textpage()
        below = textpage.get_text_bounded(bottom=0, top=page.get_height() - (BOTTOM + 0.5) * MM)
        assert " ".join(below.split()).startswith("Giao dịch: một lần chuyển khoản")
    document.close()


def test_a_long_name_is_printed_whole() -> None:
    assert LONG_NAME in text(printed(stall(1, LONG_NAME)))


def test_markup_in_a_name_is_plain_text() -> None:
    name = '<script>alert(1)</script> </para> "onload=x'
    assert name.replace(" ", "") in text(printed(stall(1, name), remarks=(name,))).replace(" ", "")


def test_what_no_font_here_can_show_becomes_a_question_mark() -> None:
    assert printable("Cá 🐟\u202e鱼", TEXT) == "Cá ???"


def test_marks_written_apart_from_their_letters_are_joined() -> None:
    assert printable("Ca\u0301", TEXT) == "Cá"


def test_the_same_report_gives_the_same_bytes() -> None:
    assert pages(printed(stall(1))) == pages(printed(stall(1)))


def test_the_signatures_come_last_where_the_first_page_is_full() -> None:
    many = tuple(PrintedSection(f"Khu {number}", (), 1, 1, 1, 1, 1) for number in range(60))
    found = texts(pages(printed(*(stall(number) for number in range(1, 60)), sections=many)))
    assert ["Người lập" in page for page in found] == [False] * (len(found) - 1) + [True]


@pytest.mark.parametrize("words", [LONG_NAME, "W" * 60, "Cá", "a b c d e f"])
def test_wrapped_lines_stand_within_their_room_and_lose_nothing(words: str) -> None:
    lines = wrap(words, TEXT, 9, 30)
    assert all(width(line, TEXT, 9) <= 30 * MM for line in lines)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")


def test_a_line_too_long_at_every_size_is_cut_and_says_so() -> None:
    cut, size = one_line("W" * 60, HEADING, (14, 10), 40)
    assert cut.endswith("W…") and size == 10
    assert width(cut, HEADING, 10) <= 40 * MM


def test_a_file_that_cannot_be_written_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="missing"):
        write_pdf(printed(), tmp_path / "missing" / "thang.pdf")


def test_the_file_is_a_pdf(tmp_path: Path) -> None:
    write_pdf(printed(), tmp_path / "thang.pdf")
    assert (tmp_path / "thang.pdf").read_bytes().startswith(b"%PDF-")


# From the books.

Sold = Callable[..., None]


@pytest.fixture
def market(database: Database) -> MarketRow:
    """A market of three stalls in two sections."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with database.writing() as session:
        market = add_market(session, slug="ben-song", name="Chợ Bến Sông", city="Bến Sông", target=100, now=now)
        stalls = [
            NewStall(code, f"Sạp {code}", "cá", section, "", "", "970436", f"01234{place}", "")
            for place, (code, section) in enumerate((("C-10", "Khu C"), ("C-2", "Khu C"), ("G-1", "Khu G")))
        ]
        register(session, market.id, stalls, source=random.Random(1), now=now)
        return market


@pytest.fixture
def sold(database: Database, market: MarketRow) -> Sold:
    """Counts so many transactions of a stall on a day: `sold("C-2", "2026-11-24", 3)`."""

    def count(code: str, day: str, transactions: int) -> None:
        with database.writing() as session:
            session.connection().execute(
                insert(DAY_TOTAL).values(
                    book_id=find_stall(session, market.id, code).book_id,
                    booked_on=date.fromisoformat(day),
                    market_id=market.id,
                    cashless_count=transactions,
                    cashless_sum=0,
                    typed_sum=0,
                    cash_sum=0,
                )
            )

    return count


def gathered(database: Database, month: Month = NOVEMBER, now: datetime = NOW) -> PrintedMonth:
    with database.reading() as session:
        market = find_market(session, "ben-song")
        return printed_month(session, market, month, month_report(session, market, month), now)


def shut(session: Session, market: MarketRow) -> int:
    frozen = month_report(session, market, NOVEMBER).frozen()
    closed_at = datetime(2026, 11, 30, 17, 5, tzinfo=UTC)
    return close_month(session, market.id, NOVEMBER, frozen, login_id=None, now=closed_at)[0]


def test_a_version_is_printed_with_its_mark_and_a_live_month_with_none(
    database: Database, market: MarketRow, sold: Sold
) -> None:
    assert gathered(database).check == ""
    with database.writing() as session:
        shut(session, market)
        closing = latest(session, market.id, NOVEMBER)
    assert closing is not None
    assert gathered(database).check == f"Dấu của bản 1: {closing.mark}"
    sold("C-2", "2026-11-02", 3)
    assert gathered(database).check == ""


def test_the_board_is_named_for_its_market(database: Database, market: MarketRow) -> None:
    found = gathered(database)
    assert (found.board, found.place, found.target) == ("Ban quản lý chợ Bến Sông", "Bến Sông", 100)


def test_stalls_stand_in_the_order_people_count(database: Database, market: MarketRow) -> None:
    assert [stall.code for stall in gathered(database).stalls] == ["C-2", "C-10", "G-1"]


def test_a_stall_is_compared_over_the_same_days_of_last_month(database: Database, sold: Sold) -> None:
    sold("C-2", "2026-10-01", 4)
    sold("C-2", "2026-10-31", 9)
    sold("C-2", "2026-11-30", 6)
    found = gathered(database)
    assert (found.stalls[0].now, found.stalls[0].before) == (6, 4)
    assert (found.month_before.now, found.month_before.before) == (6, 4)


def test_a_stalls_newest_transaction_is_not_after_the_month(database: Database, sold: Sold) -> None:
    for day in ("2026-11-12", "2026-11-20", "2026-12-01"):
        sold("C-2", day, 1)
    assert gathered(database).stalls[0].newest == date(2026, 11, 20)
    assert gathered(database).stalls[1].newest is None


def test_newcomers_are_the_stalls_that_had_never_had_a_transaction(database: Database, sold: Sold) -> None:
    sold("C-2", "2025-03-01", 1)
    sold("C-2", "2026-11-02", 1)
    sold("G-1", "2026-11-02", 1)
    assert gathered(database).newcomers == 1


def test_sections_sum_to_the_report(database: Database, sold: Sold) -> None:
    sold("C-2", "2026-11-02", 3)
    sold("C-10", "2026-11-02", 4)
    sold("G-1", "2026-11-02", 5)
    found = gathered(database)
    assert [(section.name, section.transactions) for section in found.sections] == [("Khu C", 7), ("Khu G", 5)]
    assert sum(section.stalls for section in found.sections) == len(found.stalls)


def test_a_stall_that_closed_still_counts_in_its_sections_last_month(
    database: Database, market: MarketRow, sold: Sold
) -> None:
    sold("G-1", "2026-10-01", 8)
    with database.writing() as session:
        gone = find_stall(session, market.id, "G-1")
        close(session, gone, date(2026, 10, 31), datetime(2026, 10, 31, tzinfo=UTC))
    last = gathered(database).sections[-1]
    assert (last.name, last.stalls, last.now, last.before) == ("Khu G", 0, 0, 8)


def test_an_open_month_says_until_when_it_counts(database: Database, market: MarketRow) -> None:
    found = gathered(database, now=datetime(2026, 11, 24, 1, 5, tzinfo=UTC))
    assert found.state == ("Chưa chốt, tính đến 24/11/2026 lúc 08:05",)


def test_a_past_month_nobody_closed_says_when_it_was_printed(database: Database, market: MarketRow) -> None:
    assert gathered(database).state == ("Chưa chốt, số liệu ngày 03/12/2026",)


def test_a_closed_month_says_its_version_and_the_moment_in_local_time(database: Database, market: MarketRow) -> None:
    with database.writing() as session:
        shut(session, market)
    assert gathered(database).state == ("Bản 1, chốt 01/12/2026 lúc 00:05",)


def test_a_month_that_has_changed_since_it_was_closed_says_so(
    database: Database, market: MarketRow, sold: Sold
) -> None:
    with database.writing() as session:
        shut(session, market)
    sold("C-2", "2026-11-02", 3)
    found = gathered(database)
    assert found.transactions == 3
    assert found.state == ("Số liệu ngày 03/12/2026, đã khác bản 1", "Bản 1: 0, chốt 01/12/2026 lúc 00:05")


def test_a_closed_version_is_printed_as_it_was_closed(database: Database, market: MarketRow, sold: Sold) -> None:
    sold("C-2", "2026-11-02", 3)
    with database.writing() as session:
        version = shut(session, market)
    sold("C-2", "2026-11-03", 5)
    with database.reading() as session:
        report = closed_report(session, market, NOVEMBER, version)
        found = printed_month(session, market, NOVEMBER, report, NOW)
    assert (found.transactions, found.bars[-1].transactions, found.stalls[0].transactions) == (3, 3, 3)
    assert found.state == ("Bản 1, chốt 01/12/2026 lúc 00:05",)


def test_a_market_without_any_transaction_prints(database: Database, market: MarketRow) -> None:
    found = gathered(database)
    assert (found.transactions, found.month_before.before, found.bars[-1].transactions) == (0, None, 0)
    assert "3 sạp chưa có giao dịch nào, tính đến 30/11/2026." in text(found)


def test_a_month_that_has_not_begun_prints(database: Database, market: MarketRow, sold: Sold) -> None:
    sold("C-2", "2026-11-02", 3)
    found = gathered(database, month=Month(2027, 2))
    assert (found.elapsed, found.transactions, found.month_before.before) == (0, 0, None)
    assert "Báo cáo thanh toán không tiền mặt tháng 02/2027" in text(found)
