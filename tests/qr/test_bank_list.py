import copy
import json
from datetime import date
from typing import Any

import pytest

from qr import bank_list, banks
from qr.errors import FieldError

DAY = date(2026, 11, 1)


def _told(bank_bin: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "bin": bank_bin,
        "code": "VCB",
        "shortName": "Vietcombank",
        "name": "Ngân hàng TMCP Ngoại Thương Việt Nam",
        "transferSupported": 1,
        "lookupSupported": 1,
        "swift_code": "BFTVVNVX",
        "logo": "https://example.com/logo.png",
    }
    return row | changes


def _refreshed(*rows: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], bank_list.Changes]:
    document, changes = bank_list.refresh(banks.read_document(), {"data": list(rows)}, DAY)
    return {row["bin"]: row for row in document["banks"]}, changes


def test_a_bank_that_is_told_as_it_is_gains_a_source_and_nothing_else() -> None:
    rows, changes = _refreshed(_told("970436"))
    before = next(row for row in banks.read_document()["banks"] if row["bin"] == "970436")
    assert rows["970436"] == before | {"sources": ["vietqr.io-2026-11-01", *before["sources"]]}
    assert (changes.added, changes.changed) == ((), ())


def test_a_renamed_bank_keeps_its_former_names() -> None:
    rows, changes = _refreshed(_told("970436", code="VCX", shortName="Vietcom"))
    assert (rows["970436"]["code"], rows["970436"]["short_name"]) == ("VCX", "Vietcom")
    assert rows["970436"]["aliases"] == ["VCB", "Vietcombank"]
    assert changes.changed == ("970436",)


def test_a_name_that_comes_back_is_no_longer_a_former_one() -> None:
    document, _ = bank_list.refresh(banks.read_document(), {"data": [_told("970436", code="VCX")]}, DAY)
    again, _ = bank_list.refresh(document, {"data": [_told("970436")]}, DAY)
    assert next(row for row in again["banks"] if row["bin"] == "970436")["aliases"] == ["VCX"]


def test_a_flag_that_changed_is_taken_over() -> None:
    rows, changes = _refreshed(_told("970436", transferSupported=0))
    assert rows["970436"]["transfer_supported"] is False
    assert changes.changed == ("970436",)


def test_a_swift_code_is_not_lost_to_a_list_without_it() -> None:
    rows, _ = _refreshed(_told("970436", swift_code=None))
    assert rows["970436"]["swift"] == "BFTVVNVX"


def test_a_new_bin_is_added_at_the_end() -> None:
    rows, changes = _refreshed(_told("971999", code="NEW", shortName="NewBank", name="Ngân hàng Mới"))
    assert list(rows)[-1] == "971999"
    assert changes.added == ("971999",)
    assert rows["971999"]["sources"] == ["vietqr.io-2026-11-01"]


def test_a_bin_that_is_no_longer_told_stays() -> None:
    rows, changes = _refreshed(_told("970436"))
    assert len(rows) == 72
    assert len(changes.absent) == 71
    assert "970436" not in changes.absent


def test_the_source_and_its_day_head_the_list() -> None:
    document, _ = bank_list.refresh(banks.read_document(), {"data": [_told("970436")]}, DAY)
    assert document["date"] == "2026-11-01"
    assert next(iter(document["sources"].items())) == (
        "vietqr.io-2026-11-01",
        {"what": "api.vietqr.io/v2/banks, copy", "date": "2026-11-01"},
    )


def test_the_document_given_is_left_as_it_was() -> None:
    document = banks.read_document()
    before = copy.deepcopy(document)
    bank_list.refresh(document, {"data": [_told("970436", code="VCX"), _told("971999")]}, DAY)
    assert document == before


@pytest.mark.parametrize(
    ("listing", "field"),
    [
        ([], "data"),
        ({}, "data"),
        ({"data": []}, "data"),
        ({"data": ["970436"]}, "bank 1"),
        ({"data": [_told("97043")]}, "bank 1, bin"),
        ({"data": [_told("970436", bin=970436)]}, "bank 1, bin"),
        ({"data": [_told("970436"), _told("970436")]}, "bank 2, bin"),
        ({"data": [_told("970436", code="")]}, "bank 1, code"),
        ({"data": [_told("970436", shortName=None)]}, "bank 1, shortName"),
        ({"data": [_told("970436", name=" ")]}, "bank 1, name"),
        ({"data": [_told("970436", transferSupported="yes")]}, "bank 1, transferSupported"),
        ({"data": [_told("970436", lookupSupported=2)]}, "bank 1, lookupSupported"),
        ({"data": [_told("970436", swift_code="BFTV")]}, "bank 1, swift_code"),
    ],
)
def test_a_list_of_another_form_is_refused_by_row_and_field(listing: object, field: str) -> None:
    with pytest.raises(FieldError) as refused:
        bank_list.refresh(banks.read_document(), listing, DAY)
    assert refused.value.field == field


def test_a_list_older_than_ours_is_refused() -> None:
    with pytest.raises(FieldError, match="2026-08-20 is before 2026-08-21"):
        bank_list.refresh(banks.read_document(), {"data": [_told("970436")]}, date(2026, 8, 20))


def test_the_file_is_written_as_it_stands_one_bank_a_line() -> None:
    document = banks.read_document()
    text = banks.document_text(document)
    assert json.loads(text) == document
    assert text == banks.FILE.read_text(encoding="utf-8")
    assert sum(line.startswith('{"bin"') for line in text.splitlines()) == 72
