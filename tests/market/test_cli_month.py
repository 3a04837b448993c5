"""`month` and `report`: what a board reads and prints, and what it closes. Counts only, in every form."""

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from sqlalchemy import select

from market.access.model import AUDIT
from market.db import Database
from merchants.consents import VERSION, record_consent
from merchants.payments import Source
from merchants.stalls import StallRow

IN_MARKET = ("--market", "ben-song")
OCTOBER = ("2026-10", *IN_MARKET)
# An amount that no count, code, day or account number of these tests has as a part.
AMOUNT = 77_777
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def october(
    cho: Any,
    huong: StallRow,
    tu: StallRow,
    channel: Source,
    sepay_body: Callable[..., bytes],
    write: Callable[..., Path],
) -> list[int]:
    """Three payments to chị Hương, one to anh Tư and a stray one, all of 31 October; the entries of the four."""
    said = {"transactionDate": "2026-10-31 23:30:00", "transferAmount": AMOUNT}
    path = write(
        *(sepay_body(**said) for _ in range(3)),
        sepay_body(**said, accountNumber=tu.account_number, gateway="MBBank"),
        sepay_body(**said, accountNumber="0555"),
    )
    cho.done("payment", "import", path, "--channel", channel.channel_id)
    exported = cho.folder / "entries.csv"
    cho.done("ledger", "export", *IN_MARKET, "-o", exported)
    return [int(row["entry"]) for row in csv.DictReader(exported.read_text().splitlines())]


def test_the_months_document_has_every_figure(cho: Any, october: list[int]) -> None:
    assert cho.json("report", "month", *OCTOBER) == {
        "market": "ben-song",
        "month": "2026-10",
        "transactions": 4,
        "stalls_active": 2,
        "stalls_registered": 2,
        "stalls_connected": 2,
        "unmatched": 1,
        "closed": None,
        "stalls": [
            {"code": "C-01", "name": "Sạp C-01", "section": "", "category": "", "transactions": 3},
            {"code": "G-02", "name": "Sạp G-02", "section": "", "category": "", "transactions": 1},
        ],
    }


@on_sqlite
def test_people_read_a_table_and_a_line(cho: Any, october: list[int]) -> None:
    lines = cho.done("report", "month", *OCTOBER).out.splitlines()
    assert [line.split() for line in lines[1:3]] == [["C-01", "Sạp", "C-01", "3"], ["G-02", "Sạp", "G-02", "1"]]
    assert lines[3] == "2026-10: 4 transactions, 2 of 2 stalls active, 2 connected, 1 notices unmatched"


def test_a_payment_reversed_after_its_month_was_closed(cho: Any, october: list[int]) -> None:
    cho.at(datetime(2026, 11, 1, 2, 0, tzinfo=UTC))
    assert cho.json("month", "close", *OCTOBER) == {"version": 1}

    cho.at(datetime(2026, 11, 3, 2, 0, tzinfo=UTC))
    cho.done("payment", "reverse", october[0], "--reason", "paid twice, money went back")
    live = cho.json("report", "month", *OCTOBER)
    assert (live["transactions"], live["closed"]) == (3, {"version": 1, "transactions": 4})
    assert cho.json("report", "month", "2026-11", *IN_MARKET)["transactions"] == 0
    frozen = cho.json("report", "month", *OCTOBER, "--version", 1)
    assert [frozen["transactions"], *(row["transactions"] for row in frozen["stalls"])] == [4, 3, 1]

    assert cho.json("month", "close", *OCTOBER) == {"version": 2}
    assert cho.json("report", "month", *OCTOBER)["closed"] == {"version": 2, "transactions": 3}
    assert cho.json("report", "month", *OCTOBER, "--version", 1) == frozen
    assert cho.json("report", "month", *OCTOBER, "--version", 2)["transactions"] == 3
    assert cho.json("ledger", "verify")["ok"]


@on_sqlite
def test_people_read_what_came_after_the_closing_stall_by_stall(cho: Any, october: list[int]) -> None:
    cho.done("month", "close", *OCTOBER)
    assert cho.done("report", "month", *OCTOBER).out.endswith("closed as version 1\n")
    cho.done("payment", "reverse", october[0], "--reason", "paid twice, money went back")
    lines = cho.done("report", "month", *OCTOBER).out.splitlines()
    assert lines[-2:] == ["changed since version 1: 4 transactions then, 3 now", "  C-01: 3 then, 2 now"]
    assert "changed" not in cho.done("report", "month", *OCTOBER, "--version", 1).out


def test_closing_a_month_again_without_a_change_changes_nothing(cho: Any, october: list[int]) -> None:
    assert [cho.json("month", "close", *OCTOBER) for _ in range(2)] == [{"version": 1}, {"version": 1}]
    again = cho.done("month", "close", *OCTOBER)
    assert (again.out, again.err) == ("2026-10 closed, version 1\n", "nothing has changed since version 1\n")


@on_sqlite
def test_a_month_that_is_not_over_is_closed_with_a_note(cho: Any, market_id: int) -> None:
    said = cho.done("month", "close", "2026-11", *IN_MARKET)
    note = "the month is not over; what comes later makes the next version\n"
    assert (said.out, said.err) == ("2026-11 closed, version 1\n", note)


def test_the_year_has_twelve_months(cho: Any, october: list[int]) -> None:
    year = cho.json("report", "year", 2026, *IN_MARKET)
    assert (year["market"], year["year"], len(year["months"])) == ("ben-song", 2026, 12)
    assert year["months"][9] == {"month": "2026-10", "transactions": 4, "stalls_active": 2}
    assert sum(month["transactions"] for month in year["months"]) == 4


def test_the_province_has_every_market(cho: Any, october: list[int], other_market_id: int) -> None:
    assert cho.json("report", "province", "2026-10")["markets"] == [
        {
            "slug": "ben-song",
            "name": "Chợ Bến Sông",
            "transactions": 4,
            "stalls_active": 2,
            "stalls_registered": 2,
        },
        {
            "slug": "chan-nui",
            "name": "Chợ Chân Núi",
            "transactions": 0,
            "stalls_active": 0,
            "stalls_registered": 0,
        },
    ]


def test_the_provinces_month_is_written_as_csv_xlsx_and_pdf_at_once(cho: Any, october: list[int]) -> None:
    files = [cho.folder / f"province.{kind}" for kind in ("csv", "xlsx", "pdf")]
    cho.done("report", "province", "2026-10", *(part for file in files for part in (f"--{file.suffix[1:]}", file)))
    assert [file.read_bytes()[:2] for file in files] == [b"\xef\xbb", b"PK", b"%P"]


def test_the_month_is_written_as_csv_xlsx_and_pdf_at_once(cho: Any, october: list[int]) -> None:
    files = {kind: cho.folder / f"october.{kind}" for kind in ("csv", "xlsx", "pdf")}
    said = cho.done(
        "report", "month", *OCTOBER, *(part for kind, path in files.items() for part in (f"--{kind}", path))
    )
    assert said.out == ""
    starts = {kind: path.read_bytes()[:4] for kind, path in files.items()}
    assert (starts["xlsx"], starts["pdf"]) == (b"PK\x03\x04", b"%PDF")
    assert "C-01" in files["csv"].read_text(encoding="utf-8-sig")


def test_no_amount_is_in_anything_a_board_is_given(cho: Any, october: list[int]) -> None:
    cho.done("month", "close", *OCTOBER)
    said = [
        cho.done(*command, *option).out
        for command in (
            ("report", "month", *OCTOBER),
            ("report", "month", *OCTOBER, "--version", 1),
            ("report", "year", 2026, *IN_MARKET),
            ("report", "province", "2026-10"),
            ("stall", "list", *IN_MARKET),
            ("ledger", "verify"),
        )
        for option in ((), ("--json",))
    ]
    table, printed, entries = (cho.folder / name for name in ("month.csv", "month.pdf", "entries.csv"))
    cho.done("report", "month", *OCTOBER, "--csv", table, "--pdf", printed)
    cho.done("ledger", "export", *IN_MARKET, "-o", entries)
    document = pypdfium2.PdfDocument(printed)
    said += [page.get_textpage().get_text_range() for page in document]
    document.close()
    said += [path.read_text(encoding="utf-8-sig") for path in (table, entries)]
    # Neither one payment nor the sums of either stall and of the market, however they are grouped.
    for amount in (AMOUNT, 3 * AMOUNT, 4 * AMOUNT):
        grouped = "[., \u00a0]?".join(re.findall("[0-9]{1,3}(?=(?:[0-9]{3})*$)", str(amount)))
        assert [text for text in said if re.search(rf"(?<![0-9a-f]){grouped}(?![0-9a-f])", text)] == []


def test_the_amounts_of_a_stall_that_shares_them_are_in_the_files_that_ask_for_them(
    cho: Any, october: list[int], huong: StallRow, database: Database
) -> None:
    with database.writing() as session:
        record_consent(
            session,
            market_id=huong.market_id,
            stall_id=huong.id,
            given=True,
            text_version=VERSION,
            login_id=1,
            now=datetime(2026, 10, 20, 3, tzinfo=UTC),
        )
    table, printed = cho.folder / "month.csv", cho.folder / "month.pdf"
    cho.done("report", "month", *OCTOBER, "--csv", table)
    assert "shared" not in table.read_text(encoding="utf-8-sig")
    cho.done("report", "month", *OCTOBER, "--amounts", "--csv", table, "--pdf", printed)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["shared_since"], row["shared_amount"]) for row in rows] == [
        ("2026-10-20", str(3 * AMOUNT)),
        ("", ""),
    ]
    document = pypdfium2.PdfDocument(printed)
    assert "233.331" in document[len(document) - 1].get_textpage().get_text_range()
    document.close()
    with database.reading() as session:
        acts = list(session.connection().execute(select(AUDIT.c.act).order_by(AUDIT.c.id)).scalars())
    assert acts[-2:] == ["amounts_downloaded"] * 2


@on_sqlite
def test_amounts_go_into_files_of_the_live_month_only(cho: Any, october: list[int]) -> None:
    for wrong in (("--json",), ("--csv", cho.folder / "a.csv", "--version", 1)):
        said = cho("report", "month", *OCTOBER, "--amounts", *wrong)
        assert (said.code, said.out) == (2, "")
        assert "--amounts goes into files of the live month" in said.err


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "month", "10/2026", *IN_MARKET], "error: month: '10/2026' is no month; write YYYY-MM"),
        (["report", "month", "2026-13", *IN_MARKET], "error: month: '2026-13' is no month; write YYYY-MM"),
        (["report", "month", "0000-01", *IN_MARKET], "error: month: '0000-01' is no month; write YYYY-MM"),
        (["report", "month", *OCTOBER, "--version", "1"], "error: version: 2026-10 has no version 1; it was never"),
        (["report", "month", "2026-10", "--market", "x"], "error: market: there is no market 'x'; the markets are"),
        (["report", "year", "26", *IN_MARKET], "error: year: '26' is no year; write YYYY"),
        (["report", "year", "0000", *IN_MARKET], "error: year: '0000' is no year; write YYYY"),
        (["report", "year", "9999", *IN_MARKET], "error: year: '9999' is no year; write YYYY"),
        (["report", "province", "October"], "error: month: 'October' is no month; write YYYY-MM"),
        (["month", "close", "2026-12", *IN_MARKET], "error: month: 2026-12 has not begun"),
        (["month", "close", "2026-1", *IN_MARKET], "error: month: '2026-1' is no month; write YYYY-MM"),
        (["month", "close", "2026-10", "--market", "x"], "error: market: there is no market 'x'; the markets are"),
    ],
)
def test_what_cannot_be_reported_or_closed_is_refused(
    cho: Any, market_id: int, arguments: list[str], message: str
) -> None:
    (line,) = cho.refused(*arguments)
    assert line.startswith(message)


@on_sqlite
@pytest.mark.parametrize("kind", ["csv", "xlsx", "pdf"])
def test_a_report_that_cannot_be_written_is_refused_and_leaves_nothing(cho: Any, market_id: int, kind: str) -> None:
    folder = cho.folder / "none"
    (line,) = cho.refused("report", "month", *OCTOBER, f"--{kind}", folder / "month")
    assert line.startswith(f"error: {folder / 'month'} cannot be written: ")
    assert not folder.exists()


@on_sqlite
def test_the_document_comes_with_a_file_where_both_are_asked_for(cho: Any, market_id: int) -> None:
    said = cho.done("report", "month", *OCTOBER, "--csv", cho.folder / "month.csv", "--json")
    assert json.loads(said.out)["month"] == "2026-10"
    assert (cho.folder / "month.csv").exists()
