"""`payment import` of a bank statement, and `report gaps`: what the command line shows and asks for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from merchants.payments import Source
from merchants.stalls import StallRow
from tests.statement_files import Rows, as_csv, as_xlsx

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
IN_MARKET = ("--market", "ben-song")
NOTHING = {"read": 0, "recorded": 0, "duplicates": 0, "unmatched": 0, "held": 0, "ignored": 0, "rejected": []}
STATEMENT = [
    ["VIETCOMBANK"],
    ["Số tài khoản: 0123499999"],
    ["Ngày giao dịch", "Số tham chiếu", "Ghi nợ", "Ghi có", "Mô tả"],
    ["03/11/2026", "FT1", "", "50,000", "mua ca"],
    ["04/11/2026", "FT2", "20,000", "", "tra tien"],
]
UNKNOWN = [["Lúc", "Vào", "Ra"], ["24/11/2026", "50.000", ""]]
Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves rows as a file: `save(rows, "sao-ke.xlsx")`."""

    def to_file(rows: Rows, name: str = "sao-ke.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(as_xlsx(rows) if name.endswith(".xlsx") else as_csv(rows))
        return path

    return to_file


@pytest.fixture(autouse=True)
def stalls(huong: StallRow, tu: StallRow, channel: Source) -> None:
    """Both stalls and the market's SePay channel, number 1, are there."""


@pytest.mark.parametrize("name", ["sao-ke.csv", "sao-ke.xlsx", "SAOKE.XLS"])
def test_a_statement_is_known_by_its_content(cho: Any, save: Save, name: str) -> None:
    taken = NOTHING | {"read": 2, "recorded": 1, "ignored": 1}
    assert cho.json("payment", "import", save(STATEMENT, name), *IN_MARKET) == taken
    assert cho.json("payment", "import", save(STATEMENT, name), *IN_MARKET) == NOTHING | {"read": 2, "duplicates": 2}


def test_a_statement_is_the_markets_whichever_channel_is_named(cho: Any, save: Save) -> None:
    path = save(STATEMENT)
    cho.done("payment", "import", path, "--channel", 1)
    assert cho.json("payment", "import", path, *IN_MARKET) == NOTHING | {"read": 2, "duplicates": 2}
    assert [channel["provider"] for channel in cho.json("channel", "list")] == ["sepay", "statement"]
    assert cho.json("payment", "import", path, "--channel", 2) == NOTHING | {"read": 2, "duplicates": 2}


def test_a_dry_run_shows_how_the_file_was_understood(cho: Any, save: Save) -> None:
    said = cho.done("payment", "import", save(STATEMENT), *IN_MARKET, "--dry-run").out.splitlines()
    assert [line.split(maxsplit=1) for line in said] == [
        ["bank", "Vietcombank (970436)"],
        ["account", "0123499999"],
        ["date", "column 'Ngày giao dịch'"],
        ["reference", "column 'Số tham chiếu'"],
        ["debit", "column 'Ghi nợ'"],
        ["credit", "column 'Ghi có'"],
        ["memo", "column 'Mô tả'"],
        ["lines", "2, 2026-11-03 to 2026-11-04"],
        ["in", "50000 đồng"],
        ["out", "20000 đồng"],
        ["dry", "run: 2 read, 1 recorded, 0 duplicates, 0 unmatched, 0 held, 1 ignored"],
    ]


def test_a_dry_run_in_json_is_one_document_and_shows_the_rest_beside_it(cho: Any, save: Save) -> None:
    said = cho.done("payment", "import", save(STATEMENT), *IN_MARKET, "--dry-run", "--json")
    assert json.loads(said.out) == NOTHING | {"read": 2, "recorded": 1, "ignored": 1}
    assert "Vietcombank (970436)" in said.err


def test_bad_lines_are_told_with_their_numbers_and_nothing_is_recorded(cho: Any, save: Save) -> None:
    path = save([*STATEMENT, ["05/11/2026", "FT3", "", "x", ""], ["31/02/2026", "FT4", "", "1", ""]])
    assert cho.refused("payment", "import", path, *IN_MARKET) == [
        "error: line 6: Ghi có: 'x' is no whole đồng",
        "error: line 7: '31/02/2026' is no day; write it as 24/11/2026",
        "nothing was recorded: mend or remove the lines above and import the file again",
    ]
    assert cho.json("report", "month", "2026-11", *IN_MARKET)["transactions"] == 0


def test_a_dry_run_shows_the_file_and_every_bad_line(cho: Any, save: Save) -> None:
    said = cho("payment", "import", save([*STATEMENT, ["", "", "", "9", ""]]), *IN_MARKET, "--dry-run")
    assert (said.code, "50000 đồng" in said.out) == (1, True)
    assert "error: line 6: has money and no day" in said.err


def test_unknown_headings_are_mapped_once(cho: Any, save: Save) -> None:
    path = save(UNKNOWN)
    (line,) = cho.refused("payment", "import", path, *IN_MARKET, "--account", "0123499999")
    assert line.startswith("error: map: sao-ke.csv: no row in the first 80 has the headings of a bank statement")
    assert "headings found: 'Lúc', 'Vào', 'Ra'" in line
    mapped = ("--map", "date=Lúc", "--map", "credit=Vào", "--map", "debit=Ra", "--bank", "VCB")
    assert cho.json("payment", "import", path, *IN_MARKET, "--account", "0123499999", *mapped)["recorded"] == 1
    more = save([*UNKNOWN, ["24/11/2026", "70.000", ""]], "moi.xlsx")
    assert cho.json("payment", "import", more, *IN_MARKET, "--account", "0123499999")["recorded"] == 1


@pytest.mark.parametrize("said", ["date", "day=Lúc", "date=", "=Lúc"])
def test_a_mapping_that_says_nothing_is_refused(cho: Any, save: Save, said: str) -> None:
    (line,) = cho.refused("payment", "import", save(UNKNOWN), *IN_MARKET, "--map", said)
    assert line.startswith(f"error: map: {said!r} maps nothing; write MEANING=HEADING")


def test_a_file_of_no_account_asks_for_one(cho: Any, save: Save) -> None:
    (line,) = cho.refused("payment", "import", save(STATEMENT[2:]), *IN_MARKET)
    assert line == "error: account: sao-ke.csv does not say which account it is of; name it: --account NUMBER"


@pytest.mark.parametrize("option", ["--bank", "--format"])
def test_the_bank_may_be_named_in_any_way(cho: Any, save: Save, option: str) -> None:
    said = cho.done("payment", "import", save(STATEMENT[1:]), *IN_MARKET, option, "vietcombank", "--dry-run").out
    assert "Vietcombank (970436)" in said


def test_a_bank_nobody_knows_is_refused(cho: Any, save: Save) -> None:
    (line,) = cho.refused("payment", "import", save(STATEMENT), *IN_MARKET, "--bank", "Kho bạc làng")
    assert line.startswith("error: bank: 'Kho bạc làng' is no bank in the list of")
    (line,) = cho.refused("payment", "import", save(STATEMENT), *IN_MARKET, "--format", "ofx")
    assert line.startswith("error: format: 'ofx' is no bank in the list of")


def test_either_a_channel_or_a_market_is_named(cho: Any, save: Save) -> None:
    path = save(STATEMENT)
    assert cho("payment", "import", path).code == 2
    assert cho("payment", "import", path, *IN_MARKET, "--channel", 1).code == 2


def test_a_channel_that_is_off_takes_no_statement(cho: Any, save: Save) -> None:
    cho.done("channel", "off", 1)
    assert cho.refused("payment", "import", save(STATEMENT), "--channel", 1) == [
        "error: channel: channel 1 is off and takes nothing"
    ]


def test_bodies_find_the_one_channel_of_their_provider(cho: Any, sepay_body: Callable[..., bytes], write: Save) -> None:
    path = write(sepay_body())
    (line,) = cho.refused("payment", "import", path, *IN_MARKET, "--format", "casso")
    assert line == "error: format: the market has no channel of casso; add one with `channel add casso`"
    cho.done("channel", "add", "casso", *IN_MARKET)
    assert cho.json("payment", "import", path, *IN_MARKET, "--format", "sepay")["recorded"] == 1
    cho.done("channel", "add", "sepay", *IN_MARKET)
    (line,) = cho.refused("payment", "import", path, *IN_MARKET, "--format", "sepay")
    assert line == "error: format: the market has several channels of sepay; name one with --channel: 1, 3"


def test_bodies_need_no_format_where_a_market_has_one_channel(
    cho: Any, sepay_body: Callable[..., bytes], write: Save
) -> None:
    path = write(sepay_body())
    assert cho.json("payment", "import", path, *IN_MARKET)["recorded"] == 1
    cho.done("channel", "add", "casso", *IN_MARKET)
    (line,) = cho.refused("payment", "import", path, *IN_MARKET)
    assert line.startswith("error: format: a file of bodies does not name its provider: add --format with one of sepay")


def test_bodies_are_not_taken_for_a_statement(
    cho: Any, save: Save, sepay_body: Callable[..., bytes], write: Save
) -> None:
    cho.done("payment", "import", save(STATEMENT), *IN_MARKET)
    path = write(sepay_body())
    (line,) = cho.refused("payment", "import", path, "--channel", 2)
    assert line.startswith("error: channel: channel 2 takes bank statements")
    assert cho("payment", "import", path, "--channel", 1, "--account", "1").code == 2


def test_the_gaps_of_a_month_are_listed_without_an_amount(
    cho: Any, save: Save, sepay_body: Callable[..., bytes], write: Save
) -> None:
    cho.done("payment", "import", write(sepay_body()), "--channel", 1)
    cho.done("payment", "import", save(STATEMENT), *IN_MARKET)
    assert cho.json("report", "gaps", "2026-11", *IN_MARKET) == {
        "market": "ben-song",
        "month": "2026-11",
        "notices": 1,
        "gaps": [
            {
                "account_number": "0123499999",
                "bank": "970436",
                "stall": "C-01",
                "notices": 1,
                "held": 0,
                "days": ["2026-11-03"],
                "bank_references": ["FT1"],
            }
        ],
    }
    shown = cho.done("report", "gaps", "2026-11", *IN_MARKET).out
    assert shown.splitlines()[1].split() == ["C-01", "0123499999", "1", "0", "03", "FT1"]
    assert "50" not in shown
