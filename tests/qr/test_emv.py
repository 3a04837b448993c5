"""What every scheme shares: structure, CRC, fixed formats, maxima, tips, templates."""

import re

import pytest

from qr import emv
from qr.errors import PayloadError
from qr.tlv import DataObject

START = "00020101021226280010A00000077501100105313144"
MONEY = "53037045802VN"
WHOLE = START + MONEY


def _sealed(body: str) -> str:
    return f"{body}6304{emv.crc(body + '6304')}"


def _object(object_id: str, value: str) -> str:
    return f"{object_id}{len(value):02}{value}"


def _fault(payload: str) -> tuple[str, int]:
    with pytest.raises(PayloadError) as fault:
        emv.decode(payload)
    return fault.value.code, fault.value.offset


def _warnings(*more: str) -> list[str]:
    return emv.decode(_sealed(WHOLE + "".join(more))).warnings


def test_the_crc_has_the_check_value_of_its_kind() -> None:
    assert emv.crc("123456789") == "29B1"


def test_a_crc_keeps_its_leading_zeros() -> None:
    written = [emv.crc(str(number)) for number in range(1000)]
    assert {len(crc) for crc in written} == {4}
    assert any(crc.startswith("00") for crc in written)


def test_a_payload_at_its_plainest_is_read_without_a_warning() -> None:
    assert _warnings() == []


@pytest.mark.parametrize(
    ("payload", "code", "offset"),
    [
        ("", "empty", 0),
        ("hello", "not_emv", 0),
        ("https://example.com/pay", "not_emv", 0),
        ("01021100020163041234", "not_emv", 0),
        ("\ufeff" + _sealed(WHOLE), "not_emv", 0),
        ("00" + "1" * 4295, "too_long", 0),
        ("00020", "truncated", 0),
        ("000201", "missing", 6),
        ("0002AB63041234", "bad_value", 4),
        (_sealed(START.replace("000201", "000202") + MONEY), "bad_value", 4),
        (WHOLE, "missing", len(WHOLE)),
        (WHOLE + "63", "truncated", len(WHOLE)),
        (WHOLE + "630412", "truncated", len(WHOLE)),
        (WHOLE + "6302AB", "bad_length", len(WHOLE) + 2),
        (_sealed(WHOLE)[:-1] + "g", "bad_crc", len(WHOLE) + 4),
        (_sealed(WHOLE)[:-4] + "０000", "bad_crc", len(WHOLE) + 4),
        (_sealed(WHOLE) + "\n", "trailing_data", len(WHOLE) + 8),
        (_sealed(WHOLE) + "6402VI", "trailing_data", len(WHOLE) + 8),
        (_sealed(WHOLE) * 2, "trailing_data", len(WHOLE) + 8),
        (_sealed(WHOLE + "6304ABCD"), "trailing_data", len(WHOLE) + 8),
        (_sealed(WHOLE + "5802VN"), "duplicate", len(WHOLE)),
        (_sealed("0002015102AB" + MONEY.replace("VN", "Vn")), "bad_value", 23),
        (_sealed(START + "5802VN"), "missing", len(START) + 6),
        (_sealed(START + "5303704"), "missing", len(START) + 7),
        (_sealed("000201010211" + MONEY), "missing", 25),
        (_sealed("000201010211" + "52045411" + MONEY), "missing", 33),
        (_sealed("000200" + START[6:] + MONEY), "bad_value", 4),
        (WHOLE + "6305ABCDE", "bad_length", len(WHOLE) + 2),
        (_sealed(START.replace("010212", "010213") + MONEY), "bad_value", 10),
        (_sealed(WHOLE + "5203541"), "bad_value", len(WHOLE) + 4),
        (_sealed(WHOLE + "5204541A"), "bad_value", len(WHOLE) + 4),
        (_sealed(START + "530370A5802VN"), "bad_value", len(START) + 4),
        (_sealed(START + "530270" + "5802VN"), "bad_value", len(START) + 4),
        (_sealed(START + "5300" + "5802VN"), "bad_value", len(START) + 4),
        (_sealed(START + "5303704" + "5803VNM"), "bad_value", len(START) + 11),
        (_sealed(WHOLE + "5403abc"), "bad_value", len(WHOLE) + 4),
        (_sealed(WHOLE + "5402-1"), "bad_value", len(WHOLE) + 4),
        (_sealed(WHOLE + "54071,000.0"), "bad_value", len(WHOLE) + 4),
        (_sealed(WHOLE + "5404.500"), "bad_value", len(WHOLE) + 4),
        (_sealed(WHOLE + "5403٥٠٠"), "bad_value", len(WHOLE) + 4),
        (_sealed(WHOLE + "541412345678901234"), "too_long", len(WHOLE) + 4),
        (_sealed(WHOLE + "6203080"), "truncated", len(WHOLE) + 4),
        (_sealed(WHOLE + "62050899a"), "truncated", len(WHOLE) + 4),
        (_sealed(WHOLE + "62120802ca0802ca"), "duplicate", len(WHOLE) + 10),
        (_sealed(WHOLE + "62100102ab08xx"), "bad_length", len(WHOLE) + 12),
        (_sealed(WHOLE + "64050003V"), "truncated", len(WHOLE) + 4),
        ("0002\ud800", "bad_value", 4),
    ],
)
def test_a_broken_payload_is_refused_with_code_and_place(payload: str, code: str, offset: int) -> None:
    assert _fault(payload) == (code, offset)


def test_the_largest_symbols_content_is_not_too_long() -> None:
    assert _fault("00" + "1" * 4294)[0] != "too_long"


@pytest.mark.parametrize(("body", "name"), [("5802VN", "currency (53)"), ("5303704", "country (58)")])
def test_what_is_missing_is_named(body: str, name: str) -> None:
    for more in ("", "6001A", "6002AB", "6003ABC", "6009ABCDEFGHI"):
        payload = _sealed(START + body + more)
        with pytest.raises(PayloadError, match=re.escape(f"the {name} is missing")) as fault:
            emv.decode(payload)
        assert payload[fault.value.offset :].startswith("6304")


def test_a_lower_case_crc_is_read_with_a_warning() -> None:
    payload = _sealed(WHOLE + "62070803cab")
    assert payload[-4:].lower() != payload[-4:]
    assert emv.decode(payload[:-4] + payload[-4:].lower()).warnings == ["the CRC is written in lower case"]


@pytest.mark.parametrize(
    ("more", "warning"),
    [
        (_object("59", "x" * 26), "the merchant name (59) has 26 characters, 25 are allowed"),
        (_object("60", "x" * 16), "the city (60) has 16 characters, 15 are allowed"),
        (_object("61", "x" * 11), "the postal code (61) has 11 characters, 10 are allowed"),
        (_object("62", _object("08", "x" * 26)), "the purpose (62.08) has 26 characters, 25 are allowed"),
        (_object("62", _object("01", "x" * 95)), "the bill (62.01) has 95 characters, 25 are allowed"),
        (_object("62", _object("09", "AX")), "62.09 is 'AX': A, M and E may stand there, each once"),
        (_object("62", _object("09", "AMEA")), "62.09 is 'AMEA': A, M and E may stand there, each once"),
        ("62040800", "62.08 is empty"),
        ("6200", "62 is empty"),
        ("5400", "54 is empty"),
        (_object("64", "0102Co"), "64 has no language (64.00)"),
        (_object("64", "0002vi"), "64 has no merchant name (64.01)"),
        (_object("64", "0003vie0102Co"), "the language (64.00) has 3 characters, 2 are allowed"),
        (
            _object("64", "0002vi" + _object("01", "x" * 26)),
            "the merchant name (64.01) has 26 characters, 25 are allowed",
        ),
        (_object("64", "0002vi0102Co0216" + "x" * 16), "the city (64.02) has 16 characters, 15 are allowed"),
        (_object("27", "bare text"), "27 is no template"),
        (_object("51", "0002ab0002cd"), "51 is no template"),
        (_object("56", "1000"), "56 has no meaning without 55 = 02"),
        ("5502015703" + "1.5", "57 has no meaning without 55 = 03"),
        ("5502035703" + "1.5" + "56041000", "56 has no meaning without 55 = 02"),
    ],
)
def test_what_is_tolerated_is_said(more: str, warning: str) -> None:
    assert _warnings(more) == [warning]


@pytest.mark.parametrize(
    "more",
    [
        _object("59", "x" * 25) + _object("60", "x" * 15) + _object("61", "x" * 10),
        _object("62", "".join(_object(object_id, "x" * 5) for object_id in emv.ADDITIONAL) + "0903AME"),
        _object("62", _object("08", "x" * 25) + _object("10", "x" * 26)),
        _object("62", _object("00", "x" * 26)),
        _object("62", _object("50", _object("00", "guid"))),
        _object("64", "0002vi" + _object("01", "ộ" * 25) + _object("02", "ộ" * 15)),
        _object("80", "123") + _object("83", "bare text"),
        _object("25", "bare text") + _object("02", "4111"),
        "550201",
        _object("55", "02") + _object("56", "1000"),
        _object("55", "03") + _object("57", "99.99"),
        _object("55", "03") + _object("57", "0.01"),
        _object("54", "1.50") + _object("52", "0000"),
        _object("54", "1234567890123"),
    ],
)
def test_what_is_allowed_needs_no_warning(more: str) -> None:
    assert _warnings(more) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("550204", "bad_value"),
        ("55011", "bad_value"),
        ("550202", "missing"),
        ("550203", "missing"),
        ("5502025603" + "0.0", "bad_value"),
        ("55020256010", "bad_value"),
        ("5502025603abc", "bad_value"),
        ("5502035703abc", "bad_value"),
        ("55020357040.00", "bad_value"),
        ("5502035703100", "bad_value"),
        ("55020357041.5%", "bad_value"),
    ],
)
def test_a_tip_that_cannot_be_right_is_refused(more: str, code: str) -> None:
    assert _fault(_sealed(WHOLE + more))[0] == code


@pytest.mark.parametrize("object_id", ["02", "25", "26", "51"])
def test_one_account_of_any_kind_is_enough(object_id: str) -> None:
    assert emv.decode(_sealed("000201010211" + _object(object_id, "0002ab") + MONEY)).warnings == []


def test_the_order_of_objects_is_free_between_the_first_and_the_last() -> None:
    read = emv.decode(_sealed("0002015802VN" + _object("62", "0802ca") + "5303704" + START[12:]))
    assert list(read.values) == ["00", "58", "62", "53", "26", "63"]
    assert read.warnings == []


def test_a_text_that_looks_like_a_crc_is_no_crc() -> None:
    read = emv.decode(_sealed(WHOLE + _object("62", _object("08", "don 63041234x"))))
    assert read.inside("62")["08"] == "don 63041234x"


def test_lengths_counted_in_bytes_are_read_as_characters_with_a_warning() -> None:
    additional = "0822Thanh toán hóa đơn" + "0102A7"
    other = "0006gửi" + "0102ab"
    read = emv.decode(
        _sealed(f"{WHOLE}62{len(additional.encode())}{additional}59051234580{len(other.encode())}{other}")
    )
    assert read.warnings == ["lengths are counted in bytes, not in characters"]
    assert read.inside("62") == {"08": "Thanh toán hóa đơn", "01": "A7"}
    assert emv.decode(_sealed(read.text[:-8])).values["59"] == "12345"


def test_a_fault_is_not_hidden_by_trying_bytes() -> None:
    payload = _sealed(WHOLE + _object("64", "0002vi0102Cô"))
    assert _fault(payload[:-1] + "z")[0] == "bad_crc"


def test_an_offset_is_that_of_the_value_at_a_path() -> None:
    read = emv.decode(_sealed(WHOLE + _object("62", "0102A70802ca")))
    for path, value in (("00", "01"), ("58", "VN"), ("62", "0102A70802ca"), ("62.01", "A7"), ("62.08", "ca")):
        assert read.text[read.offset(path) :].startswith(value)


def test_the_tree_opens_templates_to_the_leaves_and_leaves_bare_text_closed() -> None:
    payload = _sealed(WHOLE + _object("62", _object("50", "0002ab") + "0802ca") + _object("80", "123"))
    by_id = {item.id: item for item in emv.tree(payload)}
    assert by_id["26"].children[1] == DataObject("01", "0105313144")
    assert by_id["62"].children == (DataObject("50", "0002ab", (DataObject("00", "ab"),)), DataObject("08", "ca"))
    assert by_id["80"].children == ()


@pytest.mark.parametrize("path", ["26", "51", "62", "64", "80", "99", "62.50", "62.99"])
def test_every_template_of_emvs_is_opened(path: str) -> None:
    inside = _object("00", "ab")
    for object_id in reversed(path.split(".")):
        inside = _object(object_id, inside)
    item = emv.tree(inside)[0]
    for _ in path.split(".")[1:]:
        item = item.children[0]
    assert item.children == (DataObject("00", "ab"),)


@pytest.mark.parametrize("path", ["25", "52", "61", "65", "79", "62.49", "26.50", "80.50"])
def test_nothing_else_is_opened(path: str) -> None:
    inside = _object("00", "ab")
    for object_id in reversed(path.split(".")):
        inside = _object(object_id, inside)
    item = emv.tree(inside)[0]
    for _ in path.split(".")[1:]:
        item = item.children[0]
    assert item.children == ()


def test_nested_templates_are_opened_where_they_are_named() -> None:
    payload = _sealed(WHOLE + _object("38", _object("01", "0002ab")))
    opened = {item.id: item for item in emv.tree(payload, ("38.01",))}["38"].children[0]
    closed = {item.id: item for item in emv.tree(payload)}["38"].children[0]
    assert (opened.children, closed.children) == ((DataObject("00", "ab"),), ())


def test_unknown_objects_come_back_in_their_place() -> None:
    payload = _sealed("000201" + _object("99", "zz") + START[6:] + _object("65", "?") + MONEY + _object("80", "123"))
    assert emv.encode(emv.tree(payload)) == payload
