"""Data objects and the string they make: two digits of ID, two of length, then the value.

Source: EMV QRCPS Merchant-Presented Mode v1.1, section 3; NAPAS "Tài liệu quy định về định dạng mã VietQR" v1.0 (2021),
section 5.1. A length counts characters, not bytes (EMVCo's own Chinese sample shows it).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from qr.errors import FieldError, PayloadError

MAX_VALUE: Final = 99
"""The longest value, in characters: a length has two digits."""

# Looked up rather than converted: int() would take "+1", " 1" and the digits of other scripts.
_NUMBERS: Final = {f"{number:02}": number for number in range(100)}


class DataObject(NamedTuple):
    """One data object. `value` is the raw text between this object and the next; `children` are the objects read
    inside it where it is a template, in their own order, and empty otherwise."""

    id: str
    value: str
    children: "tuple[DataObject, ...]" = ()


def split(text: str, found: list[tuple[str, str]], offset: int = 0) -> None:
    """Append the (ID, value) pairs of `text` to `found`, in order.

    What was read before a fault stays in `found`. `offset` is where `text` stands in the payload and is added to the
    offset of the error. Raises PayloadError `truncated`, `bad_length` or `bad_value`.
    """
    position, end = 0, len(text)
    while position < end:
        start = position + 4
        length = _NUMBERS.get(text[position + 2 : start])
        object_id = text[position : position + 2]
        if length is None or object_id not in _NUMBERS or start + length > end:
            raise _fault(text, position, offset)
        position = start + length
        found.append((object_id, text[start:position]))


def _fault(text: str, position: int, offset: int) -> PayloadError:
    head, rest = text[position : position + 4], len(text) - position
    object_id = head[:2]
    if len(object_id) == 2 and object_id not in _NUMBERS:
        return PayloadError("bad_value", f"{object_id!r} is no object ID: two digits stand here", offset + position)
    if rest < 4:
        return PayloadError("truncated", f"ends inside the head of an object: {head!r}", offset + position)
    if head[2:] not in _NUMBERS:
        message = f"the length of object {object_id} is {head[2:]!r}, not two digits"
        return PayloadError("bad_length", message, offset + position + 2)
    message = f"object {object_id} claims {head[2:]} characters, {rest - 4} are left"
    return PayloadError("truncated", message, offset + position)


def parse(text: str, offset: int = 0) -> tuple[DataObject, ...]:
    """The data objects of `text`, without looking inside them. Raises PayloadError as `split` does.

    >>> parse("0002VN0103abc")
    (DataObject(id='00', value='VN', children=()), DataObject(id='01', value='abc', children=()))
    """
    found: list[tuple[str, str]] = []
    split(text, found, offset)
    return tuple(DataObject(object_id, value) for object_id, value in found)


def encode(objects: Iterable[DataObject]) -> str:
    """The string of `objects`, in the order given. Only `value` is written: `template` builds it from children.

    Raises FieldError, with the ID for a field name, where an ID is not two digits or a value is longer than 99
    characters.

    >>> encode([DataObject("58", "VN")])
    '5802VN'
    """
    parts = []
    for item in objects:
        if item.id not in _NUMBERS:
            raise FieldError(item.id, "an object ID has two digits")
        if len(item.value) > MAX_VALUE:
            raise FieldError(item.id, f"is {len(item.value)} characters, {MAX_VALUE} fit")
        parts.append(f"{item.id}{len(item.value):02}{item.value}")
    return "".join(parts)


def template(object_id: str, children: Iterable[DataObject]) -> DataObject:
    """An object whose value is made of `children`. Raises FieldError as `encode` does.

    >>> template("62", [DataObject("08", "ca phe")])
    DataObject(id='62', value='0806ca phe', children=(DataObject(id='08', value='ca phe', children=()),))
    """
    inner = tuple(children)
    return DataObject(object_id, encode(inner), inner)
