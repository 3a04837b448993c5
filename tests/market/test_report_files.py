"""A month's report as CSV and XLSX: exact for programs, readable for people, and never a formula."""

import csv
import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ledger.refused import Refused
from market.report_files import CSV_COLUMNS, write_csv, write_xlsx
from market.reports import MonthReport, StallLine

LINES = [
    StallLine("C-01", "Cá biển Hương", "Khu C", "thủy sản", 1389),
    StallLine("G-02", 'Gạo "Tư", Ánh', "", "", 0),
]
MARKET = "Chợ Bến Sông"
NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def report(lines: list[StallLine], closed: dict[str, int] | None = None) -> MonthReport:
    return MonthReport(
        market="ben-song",
        month="2026-11",
        transactions=sum(line.transactions for line in lines),
        stalls_active=sum(line.transactions > 0 for line in lines),
        stalls_registered=len(lines),
        stalls_connected=1,
        unmatched=3,
        closed=closed,
        stalls=lines,
    )


def named(name: str) -> MonthReport:
    return report([StallLine("C-01", name, "", "", 1)])


def csv_rows(path: Path, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), delimiter=delimiter))


def part(path: Path, name: str) -> ElementTree.Element:
    with zipfile.ZipFile(path) as archive:
        return ElementTree.fromstring(archive.read(name))  # noqa: S314 - a file of our own


def cells(path: Path, sheet: int = 1) -> dict[str, str | float]:
    """What stands in each cell: text as str, numbers as float."""
    shared = [
        "".join(text.text or "" for text in item.iterfind(".//m:t", NAMES))
        for item in part(path, "xl/sharedStrings.xml")
    ]
    found: dict[str, str | float] = {}
    for cell in part(path, f"xl/worksheets/sheet{sheet}.xml").iterfind(".//m:c", NAMES):
        value = cell.findtext("m:v", None, NAMES)
        if value is not None:
            found[cell.attrib["r"]] = shared[int(value)] if cell.get("t") == "s" else float(value)
    return found


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "thang.csv"


@pytest.fixture
def xlsx_file(tmp_path: Path) -> Path:
    return tmp_path / "thang.xlsx"


def test_the_csv_has_a_row_for_every_stall_under_the_header(csv_file: Path) -> None:
    write_csv(report(LINES), csv_file)
    assert csv_rows(csv_file) == [
        ["code", "name", "section", "category", "transactions"],
        ["C-01", "Cá biển Hương", "Khu C", "thủy sản", "1389"],
        ["G-02", 'Gạo "Tư", Ánh', "", "", "0"],
    ]


def test_the_csv_begins_with_a_byte_order_mark(csv_file: Path) -> None:
    write_csv(report(LINES), csv_file)
    assert csv_file.read_bytes().startswith(b"\xef\xbb\xbfcode,")


def test_every_line_of_the_csv_ends_with_carriage_return_and_line_feed(csv_file: Path) -> None:
    write_csv(report(LINES), csv_file)
    assert csv_file.read_bytes().count(b"\r\n") == csv_file.read_bytes().count(b"\n") == 3


def test_a_market_without_stalls_gives_the_header_alone(csv_file: Path) -> None:
    write_csv(report([]), csv_file)
    assert csv_rows(csv_file) == [list(CSV_COLUMNS)]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", " ="])
def test_text_that_would_be_a_formula_gets_a_quote_in_csv(csv_file: Path, first: str) -> None:
    write_csv(named(first + "HYPERLINK(A1)"), csv_file)
    assert csv_rows(csv_file)[1][1] == "'" + first + "HYPERLINK(A1)"


def test_each_column_of_text_is_guarded(csv_file: Path) -> None:
    write_csv(report([StallLine("=1", "=2", "=3", "=4", 5)]), csv_file)
    assert csv_rows(csv_file)[1] == ["'=1", "'=2", "'=3", "'=4", "5"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_no_cell_is_a_formula_where_the_spreadsheet_parts_elsewhere(csv_file: Path, delimiter: str) -> None:
    write_csv(named(f"Cá{delimiter}=1+1"), csv_file)
    parted = [cell for row in csv_rows(csv_file, delimiter) for cell in row]
    assert [cell[:2] for cell in parted if "=" in cell] == ["'="]


@pytest.mark.parametrize("name", ["Cá - Tôm", "1+1", "Bảy (=Sáu)", "a@b", "Mắm Nêm-Cá"])
def test_signs_inside_a_name_are_left_alone(csv_file: Path, name: str) -> None:
    write_csv(named(name), csv_file)
    assert csv_rows(csv_file)[1][1] == name


def test_the_workbook_has_vietnamese_headings_and_every_stall(xlsx_file: Path) -> None:
    write_xlsx(report(LINES), MARKET, xlsx_file)
    found = cells(xlsx_file)
    assert [found[f"{column}2"] for column in "ABCDE"] == ["Mã sạp", "Tên sạp", "Khu, dãy", "Ngành hàng", "Giao dịch"]
    assert [found[f"{column}3"] for column in "ABCDE"] == ["C-01", "Cá biển Hương", "Khu C", "thủy sản", 1389.0]
    assert (found["A4"], found["B4"], found["E4"]) == ("G-02", 'Gạo "Tư", Ánh', 0.0)


def test_the_workbook_names_market_and_month(xlsx_file: Path) -> None:
    write_xlsx(report(LINES), MARKET, xlsx_file)
    assert cells(xlsx_file)["A1"] == "Chợ Bến Sông, tháng 11/2026: số giao dịch của từng sạp"


def test_the_last_row_is_the_reports_total(xlsx_file: Path) -> None:
    write_xlsx(report(LINES), MARKET, xlsx_file)
    found = cells(xlsx_file)
    assert (found["A5"], found["E5"]) == ("Cộng toàn chợ", 1389.0)


def test_a_market_without_stalls_has_a_total_of_zero(xlsx_file: Path) -> None:
    write_xlsx(report([]), MARKET, xlsx_file)
    assert cells(xlsx_file)["E3"] == 0.0


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "https://cho.example", "0012", "1e5", "{=1}", "<b>Cá</b>"]
)
def test_a_name_is_a_cell_of_text_in_the_workbook(xlsx_file: Path, name: str) -> None:
    write_xlsx(named(name), MARKET, xlsx_file)
    assert cells(xlsx_file)["B3"] == name


def test_no_cell_of_the_workbook_holds_a_formula_or_a_link(xlsx_file: Path) -> None:
    write_xlsx(report([StallLine("=1", "=HYPERLINK(A1)", "https://cho.example", "=4", 5)]), MARKET, xlsx_file)
    sheet = part(xlsx_file, "xl/worksheets/sheet1.xml")
    assert sheet.findall(".//m:f", NAMES) == sheet.findall(".//m:hyperlink", NAMES) == []


def test_the_heads_stay_on_screen_and_on_every_printed_page(xlsx_file: Path) -> None:
    write_xlsx(report(LINES), MARKET, xlsx_file)
    pane = part(xlsx_file, "xl/worksheets/sheet1.xml").find(".//m:pane", NAMES)
    titles = part(xlsx_file, "xl/workbook.xml").findtext(".//m:definedName[@name='_xlnm.Print_Titles']", None, NAMES)
    assert pane is not None
    assert (pane.get("ySplit"), pane.get("state")) == ("2", "frozen")
    assert titles == "'Từng sạp'!$2:$2"


@pytest.mark.parametrize("sheet", [1, 2])
def test_both_sheets_print_on_a4_one_page_wide(xlsx_file: Path, sheet: int) -> None:
    write_xlsx(report(LINES), MARKET, xlsx_file)
    setup = part(xlsx_file, f"xl/worksheets/sheet{sheet}.xml").find(".//m:pageSetup", NAMES)
    assert setup is not None
    assert (setup.get("paperSize"), setup.get("fitToHeight"), setup.get("fitToWidth")) == ("9", "0", None)


def test_the_second_sheet_has_the_markets_figures(xlsx_file: Path) -> None:
    write_xlsx(report(LINES, closed={"version": 2, "transactions": 1400}), MARKET, xlsx_file)
    found = cells(xlsx_file, sheet=2)
    assert [found[f"B{row}"] for row in range(1, 8)] == [1389.0, 1.0, 2.0, 1.0, 3.0, 2.0, 1400.0]


def test_an_open_month_names_no_closing(xlsx_file: Path) -> None:
    write_xlsx(report(LINES), MARKET, xlsx_file)
    assert "A6" not in cells(xlsx_file, sheet=2)


@pytest.mark.parametrize("write", [write_csv, lambda report, path: write_xlsx(report, MARKET, path)])
def test_a_file_that_cannot_be_written_is_refused_by_its_path(tmp_path: Path, write: object) -> None:
    missing = tmp_path / "missing" / "thang"
    assert callable(write)
    with pytest.raises(Refused, match="missing"):
        write(report(LINES), missing)


@pytest.mark.parametrize("write", [write_csv, lambda report, path: write_xlsx(report, MARKET, path)])
def test_a_file_that_is_there_is_replaced_and_nothing_else_is_left(tmp_path: Path, write: object) -> None:
    target = tmp_path / "thang"
    target.write_text("old")
    assert callable(write)
    write(report(LINES), target)
    assert [path.name for path in tmp_path.iterdir()] == ["thang"]
    assert target.read_bytes() != b"old"
