"""A statement file is read whatever it was saved as, and refused when it is too large, damaged or of another kind."""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
import xlwt

from ledger.inbox.statements import sheet as limits
from ledger.inbox.statements import workbook
from ledger.inbox.statements.file import read_sheets
from ledger.inbox.statements.sheet import Cell
from ledger.refused import Refused
from tests.statement_files import as_csv, as_xlsx

HEADINGS = ["Ngày giao dịch", "Ghi nợ", "Ghi có", "Nội dung"]
SHEET, STYLES = "xl/worksheets/sheet1.xml", "xl/styles.xml"
ROWS = [HEADINGS, ["24/11/2026", "", "1,000,000", "tiền cá, tôm; mực"]]


def cells(content: bytes, name: str = "a") -> list[tuple[Cell, ...]]:
    return [row.cells for sheet in read_sheets(content, name) for row in sheet.rows]


def edited(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part changed: what writers other than the one used here do."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            said = before.read(info)
            if info.filename == part:
                said, unchanged = change(said), said
                assert said != unchanged
            after.writestr(info.filename, said)
    return target.getvalue()


def replacing(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda said: said.replace(old, new)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_csv_is_read_in_every_encoding_and_with_every_delimiter(encoding: str, delimiter: str) -> None:
    assert cells(as_csv(ROWS, delimiter=delimiter, encoding=encoding)) == [tuple(row) for row in ROWS]


def test_csv_of_a_vietnamese_windows_is_read_composed() -> None:
    # cp1258 writes a letter and its tone apart: ngày is n, g, à, y and giao dịch has a combining dot below.
    raw = "Ngày giao di\u0323ch,Ghi nơ\u0323,Ghi co\u0301\n".encode("cp1258")
    assert cells(raw) == [("Ngày giao dịch", "Ghi nợ", "Ghi có")]


def test_commas_in_amounts_are_not_taken_for_the_delimiter() -> None:
    raw = "CHI NHANH A, QUAN B\nNgày;Ghi nợ;Ghi có\n24/11/2026;;1,000,000,000\n"
    assert cells(raw.encode())[-1] == ("24/11/2026", "", "1,000,000,000")


def test_a_line_that_names_the_delimiter_is_believed() -> None:
    assert cells(b"sep=;\r\na,b;c\r\n") == [("a,b", "c")]


def test_numbers_guarded_against_spreadsheets_are_bared() -> None:
    assert cells(b'x,y\n"=""0123""",\'0456\n')[-1] == ("0123", "0456")


def test_a_line_break_in_a_cell_leaves_the_numbers_of_lines_as_an_editor_shows_them() -> None:
    (only,) = read_sheets(b'"a\nb",c\n\nd,e\n', "a")
    assert [(row.line, row.cells) for row in only.rows] == [(1, ("a\nb", "c")), (4, ("d", "e"))]


def test_xlsx_gives_text_as_text_numbers_exactly_and_dates_as_dates() -> None:
    day = datetime(2026, 11, 24, 8, 15, 30)  # noqa: DTZ001
    rows = [["0123", 50_000, 50_000.0, 0.1, 10**14 + 1, None, day]]
    as_excel_stores_it = replacing(b"<v>0.1</v>", b"<v>0.10000000000000001</v>")
    ((text, whole, floated, tenth, large, empty, dated),) = cells(edited(as_xlsx(rows), SHEET, as_excel_stores_it))
    assert (text, empty, dated) == ("0123", "", day)
    assert (whole, floated, large) == (Decimal(50_000), Decimal(50_000), Decimal(10**14 + 1))
    assert tenth == Decimal("0.1")


def test_a_workbooks_other_calendar_is_kept() -> None:
    of_1904 = edited(
        as_xlsx([[datetime(2026, 11, 24)]]),  # noqa: DTZ001
        "xl/workbook.xml",
        replacing(b"<workbookPr ", b'<workbookPr date1904="1" '),
    )
    assert cells(of_1904) == [(datetime(2030, 11, 25),)]  # noqa: DTZ001


def test_every_visible_sheet_is_read() -> None:
    content = as_xlsx([["a"]], second=[["b"]], third=[["c"]])
    hidden = edited(content, "xl/workbook.xml", replacing(b'name="third"', b'name="third" state="hidden"'))
    assert [sheet.name for sheet in read_sheets(hidden, "a")] == ["Sheet1", "second"]


@pytest.mark.parametrize(
    ("part", "change"),
    [
        pytest.param(SHEET, replacing(b'ref="A1:D2"', b'ref="A1"'), id="a size that is wrong"),
        pytest.param(SHEET, replacing(b' r="A2"', b""), id="a cell without its place"),
        pytest.param(STYLES, replacing(b'<patternFill patternType="none"/>', b""), id="an empty fill"),
        pytest.param(STYLES, replacing(b'<family val="2"/>', b'<family val="66"/>'), id="a font of no family"),
        pytest.param(
            SHEET,
            lambda said: (
                said.replace(b"xmlns=", b"xmlns:x=")
                .replace(b"<", b"<x:")
                .replace(b"<x:/", b"</x:")
                .replace(b"<x:?", b"<?")
            ),
            id="a prefix of its own",
        ),
        pytest.param(
            "xl/_rels/workbook.xml.rels", replacing(b'"worksheets/', b'"/xl/worksheets/'), id="a target from the root"
        ),
        pytest.param(
            "xl/sharedStrings.xml",
            replacing(
                "<t>Ghi có</t>".encode(),
                "<r><t xml:space='preserve'>Ghi </t></r><r><t>có</t></r><rPh><t>x</t></rPh>".encode(),
            ),
            id="text in pieces",
        ),
        pytest.param(
            SHEET,
            replacing(b'<c r="D1" t="s"><v>3</v></c>', '<c r="D1" t="inlineStr"><is><t>Nội dung</t></is></c>'.encode()),
            id="text inside the sheet",
        ),
    ],
)
def test_xlsx_is_read_however_its_writer_wrote_it(part: str, change: Callable[[bytes], bytes]) -> None:
    assert cells(edited(as_xlsx(ROWS), part, change)) == [tuple(row) for row in ROWS]


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "no Excel workbook that can be read.*take off its password"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "web page named like a spreadsheet.*Save As"),
        (b"%PDF-1.7", "is a PDF; download the statement as Excel or CSV"),
        (b"", "is empty"),
        (b"PK\x03\x04 and no more", "no Excel workbook that can be read"),
        (b"\x81\x8d\xff,\n", "no text in UTF-8, UTF-16 or Windows-1258"),
        (b"a" * 200_000 + b",b\n", "no CSV file here"),
    ],
)
def test_what_is_no_statement_file_is_refused_with_the_mend(content: bytes, mend: str) -> None:
    with pytest.raises(Refused, match=f"sao-ke.xls.*{mend}"):
        read_sheets(content, "sao-ke.xls")


def test_a_workbook_without_its_parts_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr("word/document.xml", "<x/>")
    with pytest.raises(Refused, match="no Excel workbook that can be read"):
        read_sheets(target.getvalue(), "a.xlsx")


def test_broken_xml_is_refused() -> None:
    with pytest.raises(Refused, match="no Excel workbook that can be read"):
        read_sheets(edited(as_xlsx(ROWS), SHEET, replacing(b"</sheetData>", b"")), "a.xlsx")


def test_a_workbook_with_entities_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet'
    named = replacing(b'<c r="D1" t="s"><v>3</v></c>', b'<c r="D1" t="str"><v>&b;</v></c>')
    with pytest.raises(Refused, match="no Excel workbook that can be read"):
        read_sheets(edited(as_xlsx(ROWS), SHEET, lambda said: named(replacing(b"<worksheet", bomb)(said))), "a.xlsx")


def test_an_old_workbook_is_read_too() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sao kê")
    dated = xlwt.easyxf(num_format_str="DD/MM/YYYY HH:MM:SS")
    day = datetime(2026, 11, 24, 8, 15, 30)  # noqa: DTZ001
    for column, heading in enumerate(("Ngày giao dịch", "Ghi có", "Nội dung")):
        sheet.write(2, column, heading)
    sheet.write(3, 0, day, dated)
    sheet.write(3, 1, 50_000)
    sheet.write(3, 2, "cá, tôm")
    file = io.BytesIO()
    book.save(file)
    (only,) = read_sheets(file.getvalue(), "sao-ke.xls")
    assert [row.line for row in only.rows] == [3, 4]
    assert only.rows[1].cells == (day, Decimal(50_000), "cá, tôm")


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_UNPACKED", 100_000)
    bomb = edited(as_xlsx(ROWS), SHEET, replacing(b"<sheetData>", b"<sheetData>" + b" " * 100_000))
    assert len(bomb) < 10_000
    with pytest.raises(Refused, match="unpacks to more than"):
        read_sheets(bomb, "a.xlsx")


@pytest.mark.parametrize("save", [as_csv, as_xlsx])
def test_too_many_columns_are_refused(save: Callable[..., bytes]) -> None:
    with pytest.raises(Refused, match="line 1: a has more than 200 columns"):
        read_sheets(save([["x"] * 201]), "a")


@pytest.mark.parametrize("save", [as_csv, as_xlsx])
def test_too_many_rows_are_refused(save: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ROWS", 3)
    with pytest.raises(Refused, match="line 4: a has more than 3 rows"):
        read_sheets(save([["x"]] * 4), "a")


def test_a_file_larger_than_any_statement_is_refused() -> None:
    with pytest.raises(Refused, match="larger than 20 MB"):
        read_sheets(b"x" * (limits.MOST_BYTES + 1), "a.csv")
