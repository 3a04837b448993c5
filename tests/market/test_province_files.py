"""The province's month as files: the same counts as on the page, and nothing of a market with few stalls."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest
from python_calamine import load_workbook
from sqlalchemy import update

from ledger.days import Month
from ledger.inbox.notice import Notice
from market.day_counts import DayCounts
from market.db import Database
from market.model import MARKET
from market.province import Province, province
from market.province_files import write_csv, write_pdf, write_xlsx
from market.web.charts import sparkline
from merchants.payments import Source, take
from merchants.stalls import StallRow

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture
def look(
    database: Database,
    channel: Source,
    huong: StallRow,
    told: Callable[..., Notice],
    add_stall: Callable[..., StallRow],
    other_market_id: int,
) -> Province:
    """November of a market of five stalls whose name begins like a formula, and of one without any."""
    for number in range(2, 6):
        add_stall(huong.market_id, f"N-0{number}", "970436", f"55550000{number}")
    with database.writing() as session:
        session.connection().execute(update(MARKET).where(MARKET.c.id == huong.market_id).values(name="=Bến Sông"))
        take(session, channel, "hook", [(told(huong, 50_000), b"{}"), (told(huong, 20_000), b"{}")], NOW)
    with database.reading() as session:
        return province(session, Month(2026, 11), NOW, DayCounts())


def test_a_province_month_runs_until_its_last_day_is_over(look: Province, database: Database) -> None:
    with database.reading() as session:
        assert province(session, look.month, datetime(2026, 11, 30, 16, 59, tzinfo=UTC), DayCounts()).running


def test_a_markets_line_begins_with_its_first_month_that_was_recorded(look: Province) -> None:
    [points] = re.findall(r'points="(.*?)"', sparkline(look.markets[0].months))
    assert len(points.split()) == 1


def test_the_csv_has_a_line_a_market_and_no_formula(look: Province, tmp_path: Path) -> None:
    write_csv(look, tmp_path / "province.csv")
    lines = list(csv.DictReader(io.StringIO((tmp_path / "province.csv").read_text("utf-8-sig"))))
    assert lines == [
        {
            "market": "ben-song",
            "name": "'=Bến Sông",
            "city": "",
            "transactions": "2",
            "stalls_active": "1",
            "stalls_registered": "5",
            "transactions_before": "",
        }
    ]


def test_the_workbook_has_the_same_counts_and_their_sum(look: Province, tmp_path: Path) -> None:
    write_xlsx(look, tmp_path / "province.xlsx")
    rows = load_workbook(tmp_path / "province.xlsx").get_sheet_by_index(0).to_python()
    assert rows[3] == ["=Bến Sông", "", 1, 5, 2]
    assert rows[4] == ["Cộng 1 chợ", "", 1, 5, 2]


def test_the_page_to_print_has_them_too_and_names_what_is_left_out(look: Province, tmp_path: Path) -> None:
    write_pdf(look, tmp_path / "province.pdf")
    text = pypdfium2.PdfDocument(tmp_path / "province.pdf")[0].get_textpage().get_text_bounded()
    assert "1 trên 5" in text
    assert "Số tính từ ngày 1 đến 24/11/2026 lúc 08:00" in text
    assert "Chợ Chân Núi: dưới 5 sạp" in text
