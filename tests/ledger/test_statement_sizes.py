"""A workbook that would take more memory than any statement is refused, and takes nobody else's down with it."""

import io
import tracemalloc
from typing import Any

import pytest

from ledger.inbox.statements import sheet as limits
from ledger.inbox.statements import workbook
from ledger.inbox.statements.file import read_sheets
from ledger.refused import Refused
from tests.ledger.test_statement_files import SHEET, cells, edited, replacing
from tests.statement_files import as_xlsx

A_CELL, FAR = '<row r="1"><c r="A1"><v>1</v></c></row>', '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


def with_rows(rows: str) -> bytes:
    """A small workbook with these rows in its sheet."""
    said = f"<sheetData>{rows}</sheetData>".encode()
    return edited(as_xlsx([["x"]]), SHEET, lambda old: old[: old.index(b"<sheetData>")] + said + b"</worksheet>")


def test_two_cells_at_the_ends_of_a_sheet_are_refused() -> None:
    content = with_rows(A_CELL + FAR)
    assert len(content) < 10_000
    with pytest.raises(Refused, match=r"a\.xlsx takes more memory or time to read than there is; no bank statement"):
        read_sheets(content, "a.xlsx")


def test_after_one_that_was_too_large_the_next_is_read() -> None:
    with pytest.raises(Refused):
        read_sheets(with_rows(A_CELL + FAR), "a.xlsx")
    assert len(cells(with_rows(A_CELL))) == 1


def test_one_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_SECONDS", 0)
    with pytest.raises(Refused, match="takes more memory or time"):
        read_sheets(as_xlsx([["x"]]), "a.xlsx")


def test_one_text_named_by_many_cells_is_refused_before_any_of_it_comes_here() -> None:
    row = "".join(f'<c t="s"><v>{0}</v></c>' for _ in range(100))
    content = edited(
        with_rows("".join(f'<row r="{line}">{row}</row>' for line in range(1, 131))),
        "xl/sharedStrings.xml",
        replacing(b">x<", b">" + b"x" * 32_000 + b"<"),
    )
    assert len(content) < 10_000
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match=r"line 16: a\.xlsx has more than 50000000 characters of text; a bank"):
            read_sheets(content, "a.xlsx")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_names_of_sheets_are_text_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_TEXT", 3)
    with pytest.raises(Refused, match=r"^a\.xlsx has more than 3 characters of text"):
        read_sheets(as_xlsx([["x"]]), "a.xlsx")


@pytest.mark.parametrize("place", [30, 44, 48, 68, 72, 76, 512, 600, 1024])
def test_a_damaged_old_workbook_is_read_or_refused(place: int) -> None:
    xlwt: Any = pytest.importorskip("xlwt")
    book, file = xlwt.Workbook(), io.BytesIO()
    book.add_sheet("a").write(0, 0, 1.5)
    book.save(file)
    content = bytearray(file.getvalue())
    content[place : place + 4] = b"\xf0\xff\xff\x7f"
    try:
        read_sheets(bytes(content), "a.xls")
    except Refused as refused:
        assert "a.xls" in str(refused)
