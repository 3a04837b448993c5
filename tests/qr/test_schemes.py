import json
from pathlib import Path

import pytest

from qr import emv, schemes, vietqr

VECTORS = {
    vector["id"]: vector["payload"]
    for vector in json.loads(Path(__file__).with_name("vietqr-vectors.json").read_bytes())
}


def _with_templates(*templates: str) -> vietqr.Decoded:
    body = "000201010211" + "".join(templates) + "53037045802VN6304"
    return vietqr.decode(body + emv.crc(body))


VIETQR = "38570010A00000072701270006970436011300110123456780208QRIBFTTA"


@pytest.mark.parametrize(
    ("vector_id", "names"),
    [
        ("V002", ("VietQR",)),
        ("V030", ("VNPay",)),
        ("V156", ("PromptPay",)),
        ("V164", ("Pix",)),
        ("V140", ()),
    ],
)
def test_a_vector_is_named_for_its_scheme(vector_id: str, names: tuple[str, ...]) -> None:
    assert schemes.names(vietqr.decode(VECTORS[vector_id])) == names


def test_a_wallets_template_beside_vietqrs_is_named_too() -> None:
    assert schemes.names(_with_templates("26110007vn.momo", VIETQR)) == ("MoMo", "VietQR")


@pytest.mark.parametrize(
    ("bank_bin", "account", "names"),
    [
        ("970454", "99MM24011M34875080", ("VietQR", "MoMo")),
        ("970454", "99ZP24011M34875080", ("VietQR", "ZaloPay")),
        ("970454", "98MM24011M34875080", ("VietQR",)),
        ("970436", "99MM24011M34875080", ("VietQR",)),
        ("971025", "PSP1234567890", ("VietQR", "MoMo")),
        ("971005", "0912345678", ("VietQR", "ViettelMoney")),
    ],
)
def test_a_wallet_is_known_by_its_account(bank_bin: str, account: str, names: tuple[str, ...]) -> None:
    assert schemes.names(vietqr.decode(vietqr.encode(bin=bank_bin, account=account))) == names


def test_a_scheme_named_twice_is_named_once() -> None:
    assert schemes.names(_with_templates("26110007vn.momo", "27110007VN.MOMO")) == ("MoMo",)


def test_a_guid_outside_the_account_templates_is_no_scheme() -> None:
    assert schemes.names(_with_templates(VIETQR, "80110007vn.momo")) == ("VietQR",)
