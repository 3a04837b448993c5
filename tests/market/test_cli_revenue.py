"""`report revenue`: a stall's revenue book at the computer itself, in every form, and the line that it leaves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pypdfium2
import pytest

from ledger.inbox.notice import Notice
from market.db import Database
from merchants.households import HouseholdRow, keep_household
from merchants.payments import Source, take
from merchants.stalls import StallRow
from tests.market.conftest import NOW, Cho
from tests.market.test_report_files import cells


@pytest.fixture
def take_revenue(
    cho: Cho, database: Database, channel: Source, huong: StallRow, told: Callable[..., Notice]
) -> Callable[..., Any]:
    """Chị Hương took 50.000 and 20.000 by bank and 30.000 in cash; what the command says of it."""
    with database.writing() as session:
        for amount, at in ((50_000, NOW), (20_000, NOW - timedelta(days=3))):
            take(session, channel, "hook", [(told(huong, amount, at=at), b"{}")], NOW)
        keep_household(session, huong, HouseholdRow(tax_code="0100109106"), now=NOW)
    sale = ("payment", "add", "--market", "ben-song", "--stall", "C-01")
    cho.done(*sale, "--amount", "30000", "--cash", "--key", "phone-0001")

    def run(period: str, *options: object) -> Any:
        arguments = ("report", "revenue", period, "--market", "ben-song", "--stall", "C-01", *options)
        return cho.json(*arguments) if not options else cho.done(*arguments)

    return run


def test_the_document_has_each_day_by_origin_and_the_year(take_revenue: Callable[..., Any]) -> None:
    said = take_revenue("2026-Q4")
    assert said["lines"] == [
        {"day": "2026-11-21", "amount": 20_000, "payment": 20_000, "typed": 0, "cash": 0, "count": 0},
        {"day": "2026-11-24", "amount": 80_000, "payment": 50_000, "typed": 0, "cash": 30_000, "count": 0},
    ]
    assert (said["total"], said["payment"], said["cash"], said["not_sale"]) == (100_000, 70_000, 30_000, 0)
    assert (said["first"], said["last"], said["entries"]) == ("2026-10-01", "2026-12-31", 3)
    assert len(said["head"]) == 64
    assert (said["tax_code"], said["address"], said["place"]) == ("0100109106", "", "Sạp C-01, Chợ Bến Sông")
    assert said["year"]["total"] == 100_000
    assert (said["year"]["level"], said["year"]["since"]) == (1_000_000_000, "2026-01-01")


def test_without_an_option_it_is_a_table(cho: Cho, take_revenue: Callable[..., Any]) -> None:
    take_revenue("2026-11")
    said = cho.done("report", "revenue", "2026-11", "--market", "ben-song", "--stall", "C-01").out.splitlines()
    assert said[0].split() == ["day", "amount", "payment", "typed", "cash", "count"]
    assert said[-1] == "2026-11: 100000 đồng, up to entry 3; 100000 đồng in 2026"


def test_it_is_written_as_pdf_and_as_workbook(cho: Cho, take_revenue: Callable[..., Any]) -> None:
    pdf, xlsx = cho.folder / "so.pdf", cho.folder / "so.xlsx"
    said = take_revenue("2026-Q4", "--pdf", pdf, "--xlsx", xlsx)
    assert said.out == ""
    [page] = pypdfium2.PdfDocument(pdf)
    assert "100.000" in page.get_textpage().get_text_range()
    assert 100_000.0 in cells(xlsx).values()


def test_who_looked_is_in_the_trail(cho: Cho, take_revenue: Callable[..., Any]) -> None:
    take_revenue("2026-11")
    [line] = [line for line in cho.json("audit", "list", "--market", "ben-song") if line["act"] == "revenue_taken"]
    assert (line["stall"], line["about"]) == ("C-01", {"format": "json", "report": "2026-11"})


@pytest.mark.parametrize(
    ("period", "why"), [("2026-13", "is no period"), ("2027-Q1", "has not begun"), ("nay", "is no period")]
)
def test_a_period_that_is_none_or_to_come_is_refused(cho: Cho, huong: StallRow, period: str, why: str) -> None:
    [line] = cho.refused("report", "revenue", period, "--market", "ben-song", "--stall", "C-01")
    assert why in line


def test_a_stall_that_is_not_there_is_refused(cho: Cho, huong: StallRow) -> None:
    [line] = cho.refused("report", "revenue", "2026-11", "--market", "ben-song", "--stall", "X-9")
    assert "no stall has the code 'X-9'" in line


def test_a_moment_of_the_year_before_belongs_to_its_own_year(cho: Cho, take_revenue: Callable[..., Any]) -> None:
    cho.at(datetime(2027, 1, 5, 1, 0, tzinfo=UTC))
    assert take_revenue("2026")["year"]["total"] == 100_000
    assert take_revenue("2027")["year"]["total"] == 0
