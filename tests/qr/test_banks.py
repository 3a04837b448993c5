import json
import unicodedata
from datetime import date

import pytest

from qr import banks
from qr.banks import Bank
from qr.errors import FieldError
from qr.text import fold

BANKS = banks.all_banks()
AMBIGUOUS = {"BVB": "970438 970454", "CIMB": "422589 970459", "CIMB Bank": "422589 970459", "MAFC": "970468 977777"}


def _names(bank: Bank) -> set[str]:
    return {bank.code, bank.short_name, bank.name, *bank.aliases}


def test_the_list_has_seventy_two_bins_of_six_digits() -> None:
    assert len(BANKS) == len({bank.bin for bank in BANKS}) == 72
    assert all(len(bank.bin) == 6 and bank.bin.isdigit() for bank in BANKS)


def test_every_row_names_its_sources_and_every_source_has_a_date() -> None:
    document = json.loads(banks.FILE.read_bytes())
    assert all(date.fromisoformat(source["date"]) for source in document["sources"].values())
    assert all(row["sources"] and set(row["sources"]) <= set(document["sources"]) for row in document["banks"])
    assert document["date"] == banks.list_date() == max(source["date"] for source in document["sources"].values())


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.bin)
def test_every_bank_is_found_by_its_bin(bank: Bank) -> None:
    assert banks.by_bin(bank.bin) == banks.find(bank.bin) == bank


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.bin)
def test_every_name_of_a_bank_means_it_however_it_is_typed(bank: Bank) -> None:
    for name in _names(bank):
        for typed in (name, name.upper(), fold(name).lower(), unicodedata.normalize("NFD", name), f" {name}. "):
            assert bank.bin in banks.bins_named(typed)


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.bin)
def test_every_bank_is_found_by_each_name_that_is_its_alone(bank: Bank) -> None:
    own = {name for name in (bank.bin, *_names(bank)) if len(banks.bins_named(name)) == 1}
    assert {banks.find(name).bin for name in own} == {bank.bin}


@pytest.mark.parametrize(("name", "bins"), AMBIGUOUS.items())
def test_a_name_two_bins_have_is_asked_back_with_both(name: str, bins: str) -> None:
    assert banks.bins_named(name) == frozenset(bins.split())
    with pytest.raises(FieldError) as refused:
        banks.find(name)
    assert all(candidate in refused.value.message for candidate in bins.split())


def test_no_other_name_is_ambiguous() -> None:
    shared = {name for bank in BANKS for name in _names(bank) if len(banks.bins_named(name)) > 1}
    assert {frozenset(banks.bins_named(name)) for name in shared} == {frozenset(b.split()) for b in AMBIGUOUS.values()}


@pytest.mark.parametrize("name", ["", " ", "Ngân hàng", "970499", "97043", "Vietcom", "🙂", "VCB2"])
def test_a_name_of_no_bank_is_refused_and_means_nothing(name: str) -> None:
    assert banks.bins_named(name) == frozenset()
    with pytest.raises(FieldError) as refused:
        banks.find(name)
    assert refused.value.field == "bank"


@pytest.mark.parametrize(
    ("name", "bank_bin"),
    [
        ("MBBank", "970422"),
        ("MB Bank", "970422"),
        ("Vietcombank", "970436"),
        ("TPBank", "970423"),
        ("ngan hang tmcp quan doi", "970422"),
        ("OceanBank", "970414"),
        ("DongA Bank", "970406"),
        ("BVBank", "970454"),
    ],
)
def test_names_as_notices_and_people_write_them_mean_one_bank(name: str, bank_bin: str) -> None:
    assert banks.bins_named(name) == {bank_bin}


def test_a_bank_whose_app_cannot_scan_still_receives() -> None:
    uob = banks.find("UOB")
    assert (uob.can_scan, uob.receives) == (False, True)


def test_what_no_source_says_is_unknown_not_no() -> None:
    sinopac = banks.find("SINOPAC")
    assert (sinopac.can_scan, sinopac.can_look_up, sinopac.receives) == (None, None, None)


def test_an_unknown_bin_has_no_bank() -> None:
    assert banks.by_bin("970499") is None
