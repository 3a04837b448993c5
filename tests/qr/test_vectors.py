"""Payloads from the specifications, other libraries and the wild, each with what a reader must make of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from qr import emv, vietqr
from qr.errors import PayloadError

VECTORS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("vietqr-vectors.json").read_bytes())
# V113 is tolerated with a warning.
ACCEPTED = [vector for vector in VECTORS if vector["expect"].startswith("accept")]
REFUSED = {
    "V001": "truncated",
    "V006": "bad_crc",
    "V012": "missing",
    "V017": "missing",
    "V045": "bad_value",
    "V116": "bad_crc",
    "V118": "bad_crc",
    "V121": "truncated",
    "V126": "bad_length",
    "V130": "duplicate",
    "V134": "bad_value",
}
WARNED = {"V076", "V112", "V113", "V136"}
BY_ID = {vector["id"]: vector for vector in VECTORS}
# What our options can say: a transfer, its purpose within 25 characters, its amount within the limit.
WRITTEN = ["V002", "V003", "V004", "V005", "V023", "V040", "V051", "V055", "V072", "V077"]


def test_every_vector_is_sorted() -> None:
    assert {vector["id"] for vector in ACCEPTED} | set(REFUSED) | {"V113"} == set(BY_ID)


@pytest.mark.parametrize(
    "vector", [vector for vector in ACCEPTED if "decoded" in vector], ids=lambda vector: vector["id"]
)
def test_an_accepted_vector_says_what_it_should(vector: dict[str, Any]) -> None:
    decoded = vietqr.decode(vector["payload"])
    expected = dict(vector["decoded"])
    guid, amount = expected.pop("guid", None), expected.pop("amount_raw")
    if amount is not None:
        expected["amount"] = int(amount.rstrip(".")) if amount.rstrip(".").isdigit() else amount
    assert {name: getattr(decoded, name) for name in expected} == expected
    assert decoded.scheme == ("vietqr" if guid == "A000000727" else "other")


@pytest.mark.parametrize("vector", ACCEPTED, ids=lambda vector: vector["id"])
def test_an_accepted_vector_comes_back_byte_for_byte(vector: dict[str, Any]) -> None:
    assert emv.encode(vietqr.decode(vector["payload"]).data_objects) == vector["payload"]


@pytest.mark.parametrize(("vector_id", "code"), REFUSED.items())
def test_a_refused_vector_is_refused_for_its_own_reason(vector_id: str, code: str) -> None:
    with pytest.raises(PayloadError) as refused:
        vietqr.decode(BY_ID[vector_id]["payload"])
    assert refused.value.code == code


@pytest.mark.parametrize("vector_id", [vector["id"] for vector in ACCEPTED] + ["V113"])
def test_only_what_needs_a_warning_has_one(vector_id: str) -> None:
    assert bool(vietqr.decode(BY_ID[vector_id]["payload"]).warnings) == (vector_id in WARNED)


def test_a_trailing_point_changes_nothing_about_an_amount() -> None:
    assert vietqr.decode(BY_ID["V136"]["payload"]).amount == 50_000


def test_a_prompt_for_the_payer_is_read_as_it_stands() -> None:
    assert vietqr.decode(BY_ID["V139"]["payload"]).purpose == "***"


def test_lengths_counted_in_bytes_give_the_same_text() -> None:
    assert vietqr.decode(BY_ID["V113"]["payload"]).purpose == "Thanh toán hóa đơn"


@pytest.mark.parametrize("vector_id", WRITTEN)
def test_the_inputs_of_a_vector_give_its_payload(vector_id: str) -> None:
    inputs = BY_ID[vector_id]["inputs"]
    amount = inputs.get("amount")
    payload = vietqr.encode(
        bin=inputs["bank_bin"],
        account=inputs["account"],
        card=inputs.get("service") == "QRIBFTTC",
        amount=None if amount is None else int(amount),
        purpose=inputs.get("purpose"),
        bill=inputs.get("bill_number"),
    )
    assert payload == BY_ID[vector_id]["payload"]


def test_a_purpose_that_another_library_cuts_is_refused() -> None:
    inputs = BY_ID["V042"]["inputs"]
    with pytest.raises(ValueError, match="purpose"):
        vietqr.encode(bin=inputs["bank_bin"], account=inputs["account"], purpose=inputs["purpose"])
