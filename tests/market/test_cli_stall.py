"""`stall` and `market`: the register as the command line shows and changes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from merchants.references import is_reference
from merchants.stalls import StallRow

HEADER = "code,name,category,section,holder,phone,bank,account_number,account_name\n"
FISH = "C-01,Cá Hương,fish,C,Lê Thị Hương,0905123456,VCB,0123499999,LE THI HUONG\n"
RICE = "G-02,Gạo Tư,rice,G,Nguyễn Văn Tư,,970422,0888800002,NGUYEN VAN TU\n"
IN_MARKET = ("--market", "ben-song")
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    """Writes a list of stalls: `csv(FISH, RICE)`."""

    def write(*rows: str) -> Path:
        path = tmp_path / "stalls.csv"
        path.write_text(HEADER + "".join(rows), encoding="utf-8")
        return path

    return write


def test_a_market_is_added_and_listed_with_its_open_stalls(cho: Any, csv: Callable[..., Path]) -> None:
    options = ("--name", "Chợ Bến Sông", "--city", "Quảng Ngãi", "--unit", "20950", "--target", 35000)
    cho.done("market", "add", "ben-song", *options)
    cho.done("market", "add", "an-hoa", "--name", "Chợ An Hòa")
    cho.done("stall", "import", csv(FISH, RICE), *IN_MARKET)
    cho.done("stall", "close", "G-02", *IN_MARKET, "--on", "2026-11-01")
    assert cho.json("market", "list") == [
        {"slug": "an-hoa", "name": "Chợ An Hòa", "city": "", "stalls": 0, "target": None},
        {"slug": "ben-song", "name": "Chợ Bến Sông", "city": "Quảng Ngãi", "stalls": 1, "target": 35000},
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Bến Sông", "--name", "x"], "error: slug: 'Bến Sông' is no market slug; use 1 to 40 of a-z, 0-9 and -"),
        (["ben-song", "--name", "x"], "error: slug: a market 'ben-song' is there already; choose another"),
        (["x", "--name", " "], "error: name: must have 1 to 60 characters"),
        (["x", "--name", "x" * 61], "error: name: must have 60 characters at most, on one line"),
        (["x", "--name", "x\ny"], "error: name: must have 60 characters at most, on one line"),
        (["x", "--name", "x", "--phone", "1" * 61], "error: phone: must have 60 characters at most, on one line"),
        (["x", "--name", "x", "--target", "0"], "error: target: must be between 1 and 10000000 transactions a month"),
    ],
)
def test_a_market_is_refused_with_the_field_and_the_mend(
    cho: Any, market_id: int, arguments: list[str], message: str
) -> None:
    (line,) = cho.refused("market", "add", *arguments)
    assert line.startswith(message)
    assert len(cho.json("market", "list")) == 1


def test_an_import_says_what_it_did_and_the_same_again_changes_nothing(
    cho: Any, market_id: int, csv: Callable[..., Path]
) -> None:
    path = csv(FISH, RICE)
    documents = [cho.json("stall", "import", path, *IN_MARKET) for _ in range(2)]
    assert documents == [
        {"read": 2, "created": 2, "updated": 0, "unchanged": 0, "errors": []},
        {"read": 2, "created": 0, "updated": 0, "unchanged": 2, "errors": []},
    ]


def test_the_list_shows_every_stall_with_a_reference_of_its_own(
    cho: Any, market_id: int, csv: Callable[..., Path]
) -> None:
    cho.done("stall", "import", csv(RICE, FISH), *IN_MARKET)
    fish, rice = cho.json("stall", "list", *IN_MARKET)
    references = {fish.pop("reference"), rice.pop("reference")}
    assert len(references) == 2
    assert all(map(is_reference, references))
    assert fish == {
        "code": "C-01",
        "name": "Cá Hương",
        "category": "fish",
        "section": "C",
        "status": "open",
        "bin": "970436",
        "account_number": "0123499999",
    }
    assert rice["code"] == "G-02"


def test_an_import_again_keeps_the_reference_that_is_printed(
    cho: Any, market_id: int, csv: Callable[..., Path]
) -> None:
    cho.done("stall", "import", csv(FISH), *IN_MARKET)
    before = cho.json("stall", "list", *IN_MARKET)
    assert cho.json("stall", "import", csv(FISH.replace("Cá", "Tôm"), RICE), *IN_MARKET)["updated"] == 1
    after = cho.json("stall", "list", *IN_MARKET)
    assert after[0] == before[0] | {"name": "Tôm Hương"}


def test_a_dry_run_tells_and_changes_nothing(cho: Any, market_id: int, csv: Callable[..., Path]) -> None:
    assert cho.json("stall", "import", csv(FISH), *IN_MARKET, "--dry-run")["created"] == 1
    assert cho.json("stall", "list", *IN_MARKET) == []


def test_a_wrong_row_refuses_the_whole_file_on_stderr_and_in_the_document(
    cho: Any, market_id: int, csv: Callable[..., Path]
) -> None:
    said = cho("stall", "import", csv(FISH, RICE.replace("970422", "BVB")), *IN_MARKET)
    line, after = said.err.splitlines()
    assert (said.code, said.out) == (1, "")
    assert line.startswith("error: line 3, bank: 'BVB' may be 970438 (BaoVietBank) or 970454 (VietCapitalBank)")
    assert after == "nothing was changed: mend the lines above and import stalls.csv again"
    assert cho.json("stall", "list", *IN_MARKET) == []


@on_sqlite
def test_a_row_with_another_account_names_the_command_that_changes_it(
    cho: Any, huong: StallRow, csv: Callable[..., Path]
) -> None:
    line, _ = cho("stall", "import", csv(FISH.replace("0123499999", "0123400000")), *IN_MARKET).err.splitlines()
    assert line.endswith("; use: stall account C-01 --market …")


@on_sqlite
def test_the_document_of_a_refused_file_lists_its_errors(cho: Any, market_id: int, write: Callable[..., Path]) -> None:
    said = cho("stall", "import", write(HEADER.encode() + b"\xff"), *IN_MARKET, "--json")
    assert said.code == 1
    error = "bodies.jsonl is not UTF-8 (byte 0xff); save it as CSV UTF-8 in the spreadsheet"
    errors = [{"line": 2, "field": None, "error": error}]
    assert json.loads(said.out) == {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "errors": errors}


@on_sqlite
def test_a_stall_may_have_the_code_that_another_market_gave(
    cho: Any, huong: StallRow, other_market_id: int, csv: Callable[..., Path]
) -> None:
    assert cho.json("stall", "import", csv(FISH), "--market", "chan-nui")["created"] == 1


def test_a_stall_is_paused_opened_and_closed(cho: Any, huong: StallRow) -> None:
    statuses = []
    for act in (["pause"], ["open"], ["close", "--on", "2026-11-20"]):
        cho.done("stall", act[0], "C-01", *IN_MARKET, *act[1:])
        statuses += [stall["status"] for stall in cho.json("stall", "list", *IN_MARKET)]
    assert statuses == ["paused", "open", "closed"]


@on_sqlite
@pytest.mark.parametrize("act", ["pause", "open"])
def test_a_closed_stall_stays_closed(cho: Any, huong: StallRow, act: str) -> None:
    cho.done("stall", "close", "C-01", *IN_MARKET, "--on", "2026-11-20")
    (line,) = cho.refused("stall", act, "C-01", *IN_MARKET)
    assert line.startswith("error: stall: C-01 closed on 2026-11-20; a closed stall stays closed")


@on_sqlite
def test_closing_a_stall_again_on_its_day_is_no_error_and_on_another_is(cho: Any, huong: StallRow) -> None:
    for _ in range(2):
        cho.done("stall", "close", "C-01", *IN_MARKET, "--on", "2026-11-20")
    (line,) = cho.refused("stall", "close", "C-01", *IN_MARKET, "--on", "2026-11-21")
    assert line == "error: stall: C-01 closed on 2026-11-20 already"


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["close", "C-01", *IN_MARKET, "--on", "20/11/2026"], "error: on: '20/11/2026' is no day; write YYYY-MM-DD"),
        (["close", "C-01", *IN_MARKET, "--on", "2026-02-30"], "error: on: '2026-02-30' is no day; write YYYY-MM-DD"),
        (["close", "C-01", *IN_MARKET, "--on", "2099-01-01"], "error: on: 2099-01-01 is more than a year ahead"),
        (["pause", "X-99", *IN_MARKET], "error: stall: no stall has the code 'X-99'; `stall list` shows them"),
        (["list", "--market", "x"], "error: market: there is no market 'x'; the markets are ben-song"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(
    cho: Any, huong: StallRow, arguments: list[str], message: str
) -> None:
    (line,) = cho.refused("stall", *arguments)
    assert line.startswith(message)
