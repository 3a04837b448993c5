"""What a list of stalls may look like, and every way in which it is refused.

A file is judged before the database is written to, so one kind of database is enough here; `test_cli_stall.py` imports
on both.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from market.db import Database
from merchants.stall_check import COLUMNS
from merchants.stall_file import StallList, import_stalls
from merchants.stalls import close, find_stall, list_stalls
from tests.statement_files import as_xlsx

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HEADER = ",".join(COLUMNS)
FISH = "C-01,Cá Hương,fish,C,Lê Thị Hương,0905123456,VCB,0123499999,LE THI HUONG"
RICE = "G-02,Gạo Tư,rice,G,Nguyễn Văn Tư,,970422,0888800002,NGUYEN VAN TU"
FISH_CELLS = dict(zip(COLUMNS, FISH.split(","), strict=True))
Bring = Callable[..., StallList]


def _row(**changes: str) -> str:
    return ",".join((FISH_CELLS | changes).values())


def _list(*rows: str) -> str:
    return "".join(f"{line}\n" for line in (HEADER, *rows))


@pytest.fixture
def bring(database: Database, market_id: int, tmp_path: Path) -> Bring:
    """Imports a list given as text or bytes: `bring(_list(FISH))`."""

    def import_(content: str | bytes, *, dry_run: bool = False) -> StallList:
        path = tmp_path / "stalls.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with database.writing() as session:
            return import_stalls(session, market_id, path, source=random.Random(4), now=NOW, dry_run=dry_run)

    return import_


@pytest.fixture
def codes(database: Database, market_id: int) -> Callable[[], list[str]]:
    """The codes that are registered."""

    def read() -> list[str]:
        with database.reading() as session:
            return [stall.code for stall in list_stalls(session, market_id)]

    return read


def _only(result: StallList) -> str:
    (problem,) = result.errors
    return str(problem)


def test_every_cell_reaches_the_register(bring: Bring, database: Database, market_id: int) -> None:
    assert bring(_list(FISH)) == StallList(read=1, created=1)
    with database.reading() as session:
        stall = find_stall(session, market_id, "C-01")
    assert (stall.name, stall.category, stall.section) == ("Cá Hương", "fish", "C")
    assert (stall.holder, stall.phone, stall.status) == ("Lê Thị Hương", "0905123456", "open")
    assert (stall.bin, stall.account_number, stall.account_name) == ("970436", "0123499999", "LE THI HUONG")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_list(FISH, RICE).encode("utf-8-sig"), id="with a byte order mark"),
        pytest.param(_list(FISH, RICE).replace(",", ";"), id="semicolons"),
        pytest.param(_list(FISH, RICE).replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param(_list(FISH, RICE).replace("\n", "\r"), id="old Macintosh line ends"),
        pytest.param(_list(FISH, RICE).rstrip("\n"), id="no line end at the end"),
        pytest.param(_list(FISH, "", ",,,,,,,,", RICE), id="empty rows between"),
        pytest.param(_list(FISH, RICE).replace("code,name", " Code , NAME"), id="header in another case"),
        pytest.param(_list(*(f"{row},x" for row in (FISH, RICE))).replace("name\n", "name,note\n", 1), id="one more"),
        pytest.param(_list(FISH.replace("0123499999", "0123 499 999"), RICE), id="account number in groups"),
    ],
)
def test_a_list_is_read_however_the_spreadsheet_wrote_it(bring: Bring, content: str | bytes) -> None:
    bring(_list(FISH, RICE))
    assert bring(content) == StallList(read=2, unchanged=2)


def test_columns_may_stand_in_any_order(bring: Bring) -> None:
    cells = dict(reversed(FISH_CELLS.items()))
    assert bring(f"{','.join(cells)}\n{','.join(cells.values())}\n").created == 1


@pytest.mark.parametrize("bank", ["VCB", "vietcombank", "970436", "ngan hang tmcp ngoai thuong viet nam"])
def test_a_bank_is_named_by_bin_code_or_name(bring: Bring, database: Database, market_id: int, bank: str) -> None:
    bring(_list(_row(bank=bank)))
    with database.reading() as session:
        assert find_stall(session, market_id, "C-01").bin == "970436"


def test_composed_and_decomposed_letters_are_the_same_name(bring: Bring) -> None:
    bring(_list(FISH))
    assert bring(_list(FISH.replace("ế", "e\u0302\u0301").replace("á", "a\u0301"))).unchanged == 1


def test_phone_category_and_section_may_be_empty(bring: Bring) -> None:
    assert bring(_list(_row(phone="", category="", section=""))).created == 1


@pytest.mark.parametrize("name", sorted(set(COLUMNS) - {"phone", "category", "section"}))
def test_every_other_cell_is_needed(bring: Bring, name: str) -> None:
    assert _only(bring(_list(_row(**{name: " "})))) == f"line 2, {name}: is empty"


def test_a_quoted_line_break_is_one_cell_and_the_next_line_keeps_its_number(bring: Bring) -> None:
    result = bring(_list(_row(name='"Cá\nHương"'), RICE.replace("970422", "NOBANK")))
    assert result.read == 2
    assert [problem.line for problem in result.errors] == [4]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bank": "NOBANK"}, "line 2, bank: 'NOBANK' is no bank in the list of"),
        ({"bank": "BVB"}, "line 2, bank: 'BVB' may be 970438 (BaoVietBank) or 970454 (VietCapitalBank); give the BIN"),
        ({"account_number": "4111111111111111"}, "line 2, account_number: is the number of a payment card"),
        ({"account_number": "9704180123456789015"}, "line 2, account_number: is the number of a payment card"),
        ({"account_number": "1.23457E+12"}, "line 2, account_number: '1.23457E+12' is a number that a spreadsheet has"),
        ({"account_number": "1" * 20}, "line 2, account_number: '11111111111111111111' is no account number"),
        ({"account_number": "0123-499"}, "line 2, account_number: '0123-499' is no account number"),
        ({"code": "C/01"}, "line 2, code: 'C/01' is no stall code"),
        ({"code": "-01"}, "line 2, code: '-01' is no stall code"),
        ({"code": "C" * 21}, "line 2, code: has 21 characters, 20 at most"),
        ({"name": "x" * 61}, "line 2, name: has 61 characters, 60 at most"),
        ({"name": "Cá\u200bHương"}, "line 2, name: holds a character that cannot be printed"),
        ({"phone": "12345"}, "line 2, phone: '12345' is no phone number"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_line_its_column_and_the_mend(
    bring: Bring, changes: dict[str, str], message: str
) -> None:
    assert _only(bring(_list(_row(**changes)))).startswith(message)


@pytest.mark.parametrize("number", ["4111111111111112", "1234567812345670", "411111111111111"])
def test_a_number_that_only_resembles_a_cards_is_an_account(bring: Bring, number: str) -> None:
    assert bring(_list(_row(account_number=number))).created == 1


def test_every_wrong_row_is_told_at_once_and_no_right_one_is_taken(
    bring: Bring, codes: Callable[[], list[str]]
) -> None:
    result = bring(_list(_row(bank="NOBANK"), RICE, "short,row", _row(code="C-03", phone="1", account_number="?")))
    places = [(problem.line, problem.field) for problem in result.errors]
    assert places == [(2, "bank"), (4, None), (5, "phone"), (5, "account_number")]
    assert (result.read, result.created, result.updated, result.unchanged) == (4, 0, 0, 0)
    assert codes() == []


def test_a_row_with_an_unquoted_comma_is_told_how_to_quote_it(bring: Bring) -> None:
    problem = _only(bring(_list(_row(name="Cá, tôm"))))
    assert problem == "line 2: has 10 cells where the header has 9; put a cell that holds a ',' in double quotes"


def test_a_code_may_stand_once_in_a_file_in_whatever_case(bring: Bring) -> None:
    assert _only(bring(_list(FISH, RICE, _row(code="c-01")))) == "line 4, code: 'c-01' stands on line 2 too"


def test_a_registered_code_in_another_case_is_no_new_stall(bring: Bring) -> None:
    bring(_list(FISH))
    assert _only(bring(_list(_row(code="c-01")))) == "line 2, code: is registered as 'C-01'; write it so"


def test_several_stalls_may_share_an_account(bring: Bring) -> None:
    assert bring(_list(FISH, _row(code="C-02"))).created == 2


@pytest.mark.parametrize("changes", [{"account_number": "0123400000"}, {"account_number": "123499999"}, {"bank": "MB"}])
def test_a_list_never_changes_a_bank_account(
    bring: Bring, database: Database, market_id: int, changes: dict[str, str]
) -> None:
    bring(_list(FISH))
    problem = _only(bring(_list(_row(**changes))))
    assert problem.startswith("line 2, account_number: C-01 is registered with account ending 9999 at bank 970436;")
    with database.reading() as session:
        assert find_stall(session, market_id, "C-01").account_number == "0123499999"


@pytest.mark.parametrize("column", ["name", "category", "section", "holder", "phone", "account_name"])
def test_what_may_be_changed_is_changed_and_then_stays(
    bring: Bring, database: Database, market_id: int, column: str
) -> None:
    bring(_list(FISH))
    with database.reading() as session:
        before = find_stall(session, market_id, "C-01")
    changes: dict[str, Any] = {column: "0905999999"}
    changed = _list(_row(**changes))
    assert bring(changed) == StallList(read=1, updated=1)
    assert bring(changed) == StallList(read=1, unchanged=1)
    with database.reading() as session:
        assert find_stall(session, market_id, "C-01") == replace(before, **changes)


def test_a_closed_stalls_account_name_changes_once_too(bring: Bring, database: Database, market_id: int) -> None:
    bring(_list(FISH))
    with database.writing() as session:
        close(session, find_stall(session, market_id, "C-01"), date(2026, 11, 1), NOW)
    assert bring(_list(_row(account_name="LE HUONG"))).updated == 1
    assert bring(_list(_row(account_name="LE HUONG"))).unchanged == 1


def test_a_dry_run_counts_and_changes_nothing(bring: Bring, codes: Callable[[], list[str]]) -> None:
    bring(_list(FISH))
    changed = _list(_row(name="Cá"), RICE)
    assert bring(changed, dry_run=True) == StallList(read=2, created=1, updated=1)
    assert codes() == ["C-01"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: stalls.csv is empty; the first line is the header code,name,"),
        (b" \n\n", "line 1: stalls.csv is empty; the first line is the header code,name,"),
        (HEADER.replace("bank,", "").encode(), "line 1, bank: stalls.csv has no column bank; the header is code,name,"),
        ((HEADER + ",bank").encode(), "line 1, bank: stalls.csv has the column bank twice; keep one"),
        (_list(FISH, RICE).encode("utf-16"), "line 1: stalls.csv is not UTF-8 (byte 0xff); save it as CSV UTF-8"),
        (_list(FISH, RICE).encode("utf-16-le"), "line 2: stalls.csv is not UTF-8"),
        (HEADER.encode("utf-16-le"), "line 1: stalls.csv is no text file; save it as CSV UTF-8"),
        (_list(FISH, RICE).encode().replace(b"rice", b"ri\xe9e"), "line 3: stalls.csv is not UTF-8 (byte 0xe9)"),
        (_list(FISH, RICE).encode().replace(b"rice", b"ri\0e"), "line 3: stalls.csv is no text file"),
        (_list(FISH, _row(name='"Cá')).encode(), "line 3: stalls.csv is no CSV file here: unexpected end of data"),
        (_list(FISH, _row(name='"Cá" tươi')).encode(), "line 3: stalls.csv is no CSV file here: ',' expected"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_its_line(
    bring: Bring, codes: Callable[[], list[str]], content: bytes, message: str
) -> None:
    assert _only(bring(content)).startswith(message)
    assert codes() == []


def test_a_hundred_thousand_rows_are_refused_and_none_is_taken(bring: Bring, codes: Callable[[], list[str]]) -> None:
    rows = (f"C-{n},Cá,,,Lê,,VCB,{n:010},LE" for n in range(100_000))
    problem = _only(bring(_list(*rows)))
    assert problem == "line 20002: stalls.csv has more than 20000 stalls; a file holds one market's list"
    assert codes() == []


def test_a_file_of_many_megabytes_is_refused_unread(bring: Bring) -> None:
    assert _only(bring(b"x" * 20_000_001)) == "stalls.csv is larger than 20 MB; it is no list of stalls"


def test_a_file_that_is_not_there_is_refused(database: Database, market_id: int, tmp_path: Path) -> None:
    with database.reading() as session:
        for path in (tmp_path / "none.csv", tmp_path):
            result = import_stalls(session, market_id, path, source=random.Random(4), now=NOW, dry_run=False)
            assert _only(result).startswith(f"{path} cannot be read: ")


def test_names_that_look_alike_are_pointed_out_and_taken(bring: Bring) -> None:
    other = _row(code="C-02", name="CÁ - HƯƠNG", account_number="0123499998")
    assert bring(_list(FISH, RICE, other)).alike == [("C-01", "C-02"), ("C-02", "C-01")]
    assert bring(_list(FISH, RICE, other)).alike == []
    third = _row(code="C-03", name="ca huong", account_number="0123499997")
    result = bring(_list(third), dry_run=True)
    assert (result.created, result.errors) == (1, [])
    assert [code for code, _ in result.alike] == ["C-03"]


# A workbook says the same.

CELLS = [list(COLUMNS), FISH.split(","), RICE.split(",")]


def test_a_workbook_is_taken_as_its_csv_would_be(bring: Bring, codes: Callable[[], list[str]]) -> None:
    assert bring(as_xlsx(CELLS)) == StallList(read=2, created=2)
    assert codes() == ["C-01", "G-02"]
    assert bring(_list(FISH, RICE)) == StallList(read=2, unchanged=2)


def test_the_first_sheet_with_anything_in_it_is_taken(bring: Bring) -> None:
    assert bring(as_xlsx([], Sap=CELLS)).created == 2


def test_a_wrong_cell_is_told_by_the_line_that_the_spreadsheet_shows(bring: Bring) -> None:
    rows = [[], CELLS[0], [], FISH.replace("VCB", "VCBX").split(",")]
    [error] = bring(as_xlsx(rows)).errors
    assert (error.line, error.field) == (4, "bank")


@pytest.mark.parametrize(("column", "number"), [("account_number", 71000412041), ("phone", 905123456)])
def test_a_number_that_has_lost_its_zeros_is_refused(
    bring: Bring, codes: Callable[[], list[str]], column: str, number: int
) -> None:
    cells: list[object] = list(CELLS[1])
    cells[COLUMNS.index(column)] = number
    [error] = bring(as_xlsx([CELLS[0], cells])).errors
    assert (error.line, error.field, error.kind) == (2, column, "number")
    assert error.message == "is a number, which may have lost its first 0s; make the column text and type it again"
    assert codes() == []


@pytest.mark.parametrize("content", [b"PK\x03\x04 and no more", as_xlsx(CELLS)[:-200]], ids=["torn", "cut"])
def test_what_is_no_workbook_is_refused(bring: Bring, content: bytes) -> None:
    [error] = bring(content).errors
    assert error.message == "stalls.csv is no workbook that can be read here; save it as CSV UTF-8"


def test_an_empty_workbook_has_no_rows(bring: Bring) -> None:
    [error] = bring(as_xlsx([])).errors
    assert error.kind == "no_rows"


def test_a_cell_that_the_sheet_made_a_date_of_is_refused(bring: Bring) -> None:
    cells: list[object] = list(CELLS[1])
    cells[COLUMNS.index("section")] = datetime(2026, 12, 3)  # noqa: DTZ001 (a cell has no zone)
    [error] = bring(as_xlsx([CELLS[0], cells])).errors
    assert (error.line, error.field, error.kind) == (2, "section", "date")


def test_a_note_beside_the_table_is_refused(bring: Bring) -> None:
    [error] = bring(as_xlsx([CELLS[0], [*CELLS[1], "", "hỏi lại"]])).errors
    assert (error.line, error.kind) == (2, "beside")


def test_a_list_may_begin_below_an_empty_line(bring: Bring) -> None:
    assert bring("\n\n" + _list(FISH)).created == 1
