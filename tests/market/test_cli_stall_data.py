"""A holder's data on the command line: taken out as a file, and forgotten."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from market.db import Database
from tests.market.forgettable import OLD, Forgettable, build

STALL = ("--market", "ben-song", "--stall", "C-17")


@pytest.fixture
def ngan(database: Database, monkeypatch: pytest.MonkeyPatch) -> Forgettable:
    """Chị Ngân's stall, with something of hers everywhere."""
    monkeypatch.setenv("CHO_SECRET_KEY", "k" * 40)
    return build(database)


def test_everything_is_written_into_one_file(cho: Any, ngan: Forgettable, tmp_path: Path) -> None:
    said = cho.done("stall", "export", *STALL, "-o", tmp_path / "c-17.zip")
    assert said.err.endswith(f"rows in {tmp_path / 'c-17.zip'}\n")
    document = json.loads(ZipFile(tmp_path / "c-17.zip").read("du-lieu.json"))
    assert document["stall"][0]["holder"] == OLD["holder"]
    [line] = [one for one in cho.json("audit", "list", "--market", "ben-song") if one["act"] == "stall_copied"]
    assert line["stall"] == "C-17"


def test_a_file_that_cannot_be_written_is_refused_and_not_noted(cho: Any, ngan: Forgettable, tmp_path: Path) -> None:
    cho.refused("stall", "export", *STALL, "-o", tmp_path / "nowhere" / "c-17.zip")
    assert "stall_copied" not in {one["act"] for one in cho.json("audit", "list", "--market", "ben-song")}


def test_an_unknown_stall_leaves_no_file(cho: Any, ngan: Forgettable, tmp_path: Path) -> None:
    cho.refused("stall", "export", "--market", "ben-song", "--stall", "Z-99", "-o", tmp_path / "z.zip")
    assert list(tmp_path.glob("*.zip")) == []


def test_a_dry_run_tells_what_would_go_and_changes_nothing(cho: Any, ngan: Forgettable) -> None:
    before = cho.json("stall", "list", "--market", "ben-song")
    found = cho.json("stall", "forget", *STALL, "--close", "--dry-run")
    assert (found["names"], found["accounts"], found["logins"]) == (3, 2, 2)
    assert cho.json("stall", "list", "--market", "ben-song") == before


def test_a_stall_is_forgotten_and_the_books_verify(cho: Any, ngan: Forgettable) -> None:
    said = cho.done("stall", "forget", *STALL, "--close")
    assert "gone" in said.out
    [row] = [one for one in cho.json("stall", "list", "--market", "ben-song") if one["code"] == "C-17"]
    assert (row["name"], row["status"], row["account_number"]) == ("Sạp đã xoá C-17", "closed", None)
    assert cho.json("ledger", "verify")["findings"] == []


def test_a_stall_that_sells_is_refused_without_the_word_close(cho: Any, ngan: Forgettable) -> None:
    assert cho.refused("stall", "forget", *STALL) == [
        "error: stall: C-17 is not closed; close it first, or in the same act with --close"
    ]


def test_after_it_the_list_of_stalls_does_not_bring_the_names_back(cho: Any, ngan: Forgettable, tmp_path: Path) -> None:
    cho.done("stall", "forget", *STALL, "--close")
    rows = (
        "code,name,category,section,holder,phone,bank,account_number,account_name",
        f"C-17,{OLD['stall']},,,{OLD['holder']},,VCB,{OLD['account']},{OLD['account name']}",
    )
    (tmp_path / "stalls.csv").write_text("\n".join(rows), encoding="utf-8")
    lines = cho.refused("stall", "import", tmp_path / "stalls.csv", "--market", "ben-song")
    assert "was forgotten at its holder's wish" in lines[0]
