import pytest

from qr import tlv
from qr.errors import FieldError, PayloadError
from qr.tlv import DataObject


def test_objects_are_read_in_their_own_order() -> None:
    values: dict[str, str] = {}
    tlv.read("5802VN0002015303704", values)
    assert list(values.items()) == [("58", "VN"), ("00", "01"), ("53", "704")]


def test_a_length_counts_characters_not_bytes() -> None:
    assert tlv.parse("0104最佳运输0202北京") == (DataObject("01", "最佳运输"), DataObject("02", "北京"))


def test_a_value_may_be_empty() -> None:
    assert tlv.parse("0800") == (DataObject("08", ""),)


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("5802V", "truncated", 0),
        ("0002015802V", "truncated", 6),
        ("0002015", "truncated", 6),
        ("00020158", "truncated", 6),
        ("000201580", "truncated", 6),
        ("0002015899", "truncated", 6),
        ("00XX01", "bad_length", 2),
        ("0002015+02VN", "bad_value", 6),
        ("000201A802VN", "bad_value", 6),
        ("0002015 802VN", "bad_value", 6),
        ("00020158+2VN", "bad_length", 8),
        ("00020158٠٢VN", "bad_length", 8),
        ("0002015802VN5802VN", "duplicate", 12),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, code: str, offset: int) -> None:
    with pytest.raises(PayloadError) as fault:
        tlv.parse(text)
    assert (fault.value.code, fault.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0002015809VN", "object 58 claims 09 characters, 2 are left"),
        ("0002015809VNABC", "object 58 claims 09 characters, 5 are left"),
        ("00020158", "ends inside the head of an object: '58'"),
        ("00020158X2VN", "the length of object 58 is 'X2', not two digits"),
        ("000201X802VN", "'X8' is no object ID: two digits stand here"),
        ("0002010002VN", "object 00 stands here a second time"),
    ],
)
def test_a_fault_is_told_in_words(text: str, message: str) -> None:
    with pytest.raises(PayloadError) as fault:
        tlv.parse(text)
    assert fault.value.message == message


def test_what_was_read_before_a_fault_is_kept_and_nothing_cut_short() -> None:
    values: dict[str, str] = {}
    with pytest.raises(PayloadError):
        tlv.read("0002015899VN", values)
    assert values == {"00": "01"}


@pytest.mark.parametrize("size", [0, 1, 9, 10, 98, 99])
def test_a_length_has_two_digits(size: int) -> None:
    assert tlv.encode([DataObject("08", "x" * size)]) == f"08{size:02}" + "x" * size


def test_a_value_of_a_hundred_characters_is_refused_by_its_id() -> None:
    with pytest.raises(FieldError, match="100 characters") as refused:
        tlv.encode([DataObject("08", "x" * 100)])
    assert refused.value.field == "08"


@pytest.mark.parametrize("object_id", ["", "8", "008", "A1", "٠١"])
def test_an_id_of_anything_but_two_digits_is_refused(object_id: str) -> None:
    with pytest.raises(FieldError, match="two digits"):
        tlv.encode([DataObject(object_id, "x")])


def test_a_template_holds_the_string_of_its_children() -> None:
    made = tlv.template("62", (DataObject(i, v) for i, v in [("08", "ca"), ("01", "7")]))
    assert made == DataObject("62", "0802ca01017", (DataObject("08", "ca"), DataObject("01", "7")))
