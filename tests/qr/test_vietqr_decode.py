"""The rules of VietQR over sound EMV payloads."""

import dataclasses
from typing import Any

import pytest

from qr import emv, vietqr
from qr.errors import PayloadError

BANK_BIN, ACCOUNT = "0006970436", "01130011012345678"
GUID, SERVICE = "0010A000000727", "0208QRIBFTTA"
MONEY, COUNTRY = "5303704", "5802VN"


def _object(object_id: str, value: str) -> str:
    return f"{object_id}{len(value):02}{value}"


def _sealed(*parts: str) -> str:
    body = "".join(parts) + "6304"
    return body + emv.crc(body)


def _with_38(inside: str, *more: str, initiation: str = "010211") -> str:
    return _sealed("000201", initiation, _object("38", inside), MONEY, COUNTRY, *more)


def _beneficiary(inside: str = BANK_BIN + ACCOUNT, service: str = SERVICE) -> str:
    return GUID + _object("01", inside) + service


def _fault(payload: str) -> tuple[str, str]:
    """The code, and the payload from the place of the fault on."""
    with pytest.raises(PayloadError) as fault:
        vietqr.decode(payload)
    return fault.value.code, payload[fault.value.offset :]


def test_a_sound_payload_has_no_warning() -> None:
    assert vietqr.decode(_with_38(_beneficiary())).warnings == ()


def test_a_decoded_payload_has_every_field_and_cannot_be_changed() -> None:
    decoded = vietqr.decode(_with_38(_beneficiary()))
    assert set(vars(decoded)) == {field.name for field in dataclasses.fields(decoded)}
    with pytest.raises(dataclasses.FrozenInstanceError):
        decoded.amount = 1  # type: ignore[misc]


def test_the_data_objects_reach_into_the_beneficiary() -> None:
    template = vietqr.decode(_with_38(_beneficiary())).data_objects[2]
    assert [child.id for child in template.children[1].children] == ["00", "01"]


@pytest.mark.parametrize(
    ("inside", "code", "place"),
    [
        (GUID + SERVICE, "missing", GUID),
        (GUID + "0100" + SERVICE, "missing", SERVICE),
        (_beneficiary(BANK_BIN), "missing", BANK_BIN),
        (_beneficiary(ACCOUNT), "missing", ACCOUNT),
        (_beneficiary("000597043" + ACCOUNT), "bad_value", "97043"),
        (_beneficiary("000697043a" + ACCOUNT), "bad_value", "97043a"),
        (_beneficiary(BANK_BIN + "0100"), "bad_value", "0208"),
        (_beneficiary(BANK_BIN + "0104 123"), "bad_value", " 123"),
        (_beneficiary(BANK_BIN + "0104123-"), "bad_value", "123-"),
        (_beneficiary(BANK_BIN + "0120" + "1" * 20), "too_long", "1" * 20),
        (_beneficiary(BANK_BIN + "0112" + ACCOUNT[4:]), "truncated", "8" + SERVICE),
        (_beneficiary(BANK_BIN + BANK_BIN), "duplicate", BANK_BIN + SERVICE),
        (GUID + _object("01", BANK_BIN + ACCOUNT) + "0209QRIBFTTA", "truncated", "0209"),
        (GUID + _object("01", BANK_BIN + ACCOUNT) * 2, "duplicate", _object("01", BANK_BIN + ACCOUNT) + MONEY),
    ],
)
def test_a_beneficiary_that_could_be_read_two_ways_is_refused(inside: str, code: str, place: str) -> None:
    found, rest = _fault(_with_38(inside))
    assert found == code
    assert rest.startswith(place)


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        (GUID, "the beneficiary (38.01) is missing"),
        (_beneficiary(ACCOUNT), "the BIN (38.01.00) is missing"),
        (_beneficiary(BANK_BIN), "the account (38.01.01) is missing"),
    ],
)
def test_what_is_missing_of_the_beneficiary_is_named(inside: str, message: str) -> None:
    with pytest.raises(PayloadError) as fault:
        vietqr.decode(_with_38(inside))
    assert fault.value.message == message


@pytest.mark.parametrize("length", [1, 19])
def test_an_account_has_one_to_nineteen_characters(length: int) -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(BANK_BIN + _object("01", "0" * length))))
    assert decoded.account_number == "0" * length


@pytest.mark.parametrize(
    ("inside", "more", "warning"),
    [
        (_beneficiary("0006970499" + ACCOUNT), "", "BIN 970499 is not in the bank list"),
        (_beneficiary(BANK_BIN + ACCOUNT + "0401x"), "", "38.01.04 is unknown there (a service code belongs in 38.02)"),
        (_beneficiary() + "0301x0401y", "", "38.03, 38.04 is unknown"),
        (_beneficiary(service="0301x"), "", "38.03 is unknown"),
        (_beneficiary() + "0301x", "", "38.03 is unknown"),
        (_beneficiary(service="0206QRTEST"), "", None),
        (_beneficiary(BANK_BIN + "0103ABC", "0208QRIBFTTC"), "", "the card number is 'ABC', not all digits"),
        (_beneficiary(service="0206QRCASH"), "62060702T1", "QRCASH needs 62.05"),
        (_beneficiary(service="0206QRCASH"), "62060502R1", "QRCASH needs 62.07"),
        (_beneficiary(), "5905Cô AB", "59 has characters that are not printable ASCII; some apps refuse them"),
        (_beneficiary(), "6003a\tb", "60 has characters that are not printable ASCII; some apps refuse them"),
        (_beneficiary(), "6503Cô ", "65 has characters that are not printable ASCII; some apps refuse them"),
        (_beneficiary(), "54041000", "the code is static (11) and has an amount"),
    ],
)
def test_what_a_reader_should_know_is_said(inside: str, more: str, warning: str | None) -> None:
    expected = warning or "the service (38.02) is 'QRTEST', which is none of QRIBFTTA, QRIBFTTC, QRPUSH, QRCASH"
    assert vietqr.decode(_with_38(inside, more)).warnings == (expected,)


@pytest.mark.parametrize(
    ("service", "more"),
    [("QRIBFTTA", ""), ("QRIBFTTC", ""), ("QRPUSH", ""), ("QRCASH", "62120502R10702T1")],
)
def test_the_four_services_are_known(service: str, more: str) -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(service=_object("02", service)), more))
    assert (decoded.service, decoded.warnings) == (service, ())


def test_a_merchants_number_may_have_letters() -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(BANK_BIN + "0103ABC", "0206QRPUSH")))
    assert (decoded.account_number, decoded.warnings) == ("ABC", ())


@pytest.mark.parametrize("service", ["QRABC", "QRZZZ"])
def test_an_unknown_service_is_judged_by_no_others_rules(service: str) -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(BANK_BIN + "0103ABC", _object("02", service))))
    assert len(decoded.warnings) == 1


def test_a_cash_code_without_additional_data_lacks_both() -> None:
    warnings = vietqr.decode(_with_38(_beneficiary(service="0206QRCASH"))).warnings
    assert warnings == ("QRCASH needs 62.05", "QRCASH needs 62.07")


def test_an_absent_service_is_not_guessed() -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(service="")))
    assert (decoded.service, decoded.warnings) == (None, ())


def test_the_order_inside_the_template_is_free() -> None:
    inside = SERVICE + _object("01", ACCOUNT + BANK_BIN) + GUID
    decoded = vietqr.decode(_with_38(inside))
    assert (decoded.scheme, decoded.bin, decoded.account_number) == ("vietqr", "970436", "0011012345678")


def test_another_currency_or_country_is_no_vietqr_and_refused() -> None:
    head = ("000201010211", _object("38", _beneficiary()))
    assert _fault(_sealed(*head, "5303840", COUNTRY))[1].startswith("840")
    assert _fault(_sealed(*head, MONEY, "5802LA"))[1].startswith("LA")


@pytest.mark.parametrize(
    ("written", "amount", "warned"),
    [
        ("1", 1, False),
        ("499999999", 499_999_999, False),
        ("500000000", 500_000_000, True),
        ("9999999999999", 9_999_999_999_999, True),
        ("50000.", 50_000, True),
        ("0050000", 50_000, True),
    ],
)
def test_an_amount_is_whole_dong(written: str, amount: int, warned: bool) -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(), _object("54", written), initiation="010212"))
    assert (decoded.amount, bool(decoded.warnings)) == (amount, warned)


@pytest.mark.parametrize("written", ["10.000", "10.5", "0", "000", "0.", "50 000", "50,000", "-5"])
def test_an_amount_that_two_people_would_read_differently_is_refused(written: str) -> None:
    code, rest = _fault(_with_38(_beneficiary(), _object("54", written), initiation="010212"))
    assert code == "bad_value"
    assert rest.startswith(written)


def test_dong_have_no_decimals_in_another_scheme_either() -> None:
    vnpay = _object("26", "0010A000000775")
    assert _fault(_sealed("000201010212", vnpay, MONEY, "540610.000", COUNTRY))[0] == "bad_value"


def test_an_empty_amount_is_no_amount() -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(), "5400", initiation="010212"))
    assert (decoded.amount, decoded.warnings) == (None, ("54 is empty",))


@pytest.mark.parametrize(("amount", "initiation"), [("", "static"), ("54041000", "dynamic")])
def test_without_an_initiation_the_amount_tells_and_a_warning_says_so(amount: str, initiation: str) -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(), amount, initiation=""))
    assert (decoded.initiation, decoded.warnings) == (initiation, ("the initiation (01) is missing",))


def test_a_template_of_another_scheme_in_38_is_not_vietqr() -> None:
    lao = "0016A005266284662577010827710418"
    decoded = vietqr.decode(_sealed("000201010211", _object("38", lao), "5303418", "5802LA"))
    assert (decoded.scheme, decoded.bin, decoded.account_number) == ("other", None, None)


@pytest.mark.parametrize("guid", ["A0000007271", "0A000000727"])
def test_a_guid_that_only_contains_napas_is_not_vietqr(guid: str) -> None:
    assert vietqr.decode(_with_38(_object("00", guid))).scheme == "other"


def test_a_wallets_template_may_stand_beside_vietqrs() -> None:
    momo = _object("26", "0007vn.momo")
    decoded = vietqr.decode(_sealed("000201010211", momo, _object("38", _beneficiary()), MONEY, COUNTRY, "8003123"))
    assert (decoded.scheme, decoded.warnings) == ("vietqr", ())


@pytest.mark.parametrize(
    ("object_id", "field"),
    [("01", "bill"), ("03", "store"), ("05", "reference"), ("07", "terminal"), ("08", "purpose")],
)
def test_each_text_of_the_additional_data_has_its_field(object_id: str, field: str) -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(), _object("62", _object(object_id, "abc"))))
    texts = {name: getattr(decoded, name) for name in ("bill", "store", "reference", "terminal", "purpose")}
    assert {name: value for name, value in texts.items() if value is not None} == {field: "abc"}


def test_an_empty_text_is_none() -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(), "5900", "6000", "62040800"))
    assert (decoded.merchant_name, decoded.city, decoded.purpose) == (None, None, None)


def test_names_city_and_category_are_read() -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(), "52045411", "5906CO TAM", "6003HUE"))
    assert (decoded.mcc, decoded.merchant_name, decoded.city) == ("5411", "CO TAM", "HUE")


def test_the_language_template_may_hold_vietnamese() -> None:
    decoded = vietqr.decode(_with_38(_beneficiary(), _object("64", "0002vi0106Cô Tám")))
    assert decoded.warnings == ()


def test_an_amount_of_another_currency_keeps_its_decimals_as_text() -> None:
    pix = _sealed("000201", _object("26", "0014br.gov.bcb.pix"), "5303986", "540512.30", "5802BR")
    decoded: Any = vietqr.decode(pix)
    assert (decoded.amount, decoded.initiation, decoded.warnings) == ("12.30", "dynamic", ())
