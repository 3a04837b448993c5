"""Data objects and the string they make: two digits of ID, two of length, then the value.

Source: EMV QRCPS Merchant-Presented Mode v1.1, section 3; NAPAS "Tài liệu quy định về định dạng mã VietQR" v1.0 (2021),
section 5.1. A length counts characters, not bytes (EMVCo's own Chinese sample shows it).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from qr.errors import FieldError, PayloadError

MAX_VALUE: Final = 99
"""The longest value, in characters: a length has two digits."""

_NUMBERS: Final = {f"{number:02}": number for number in range(100)}


class _Heads(dict[str, tuple[str, int]]):
    """What each head of four digits says: the ID and the length. Filled as heads are met, 10,000 at the most.

    Looked up rather than converted, which is faster, and int() would take "+1", " 1" and the digits of other scripts.
    """

    def __missing__(self, head: str) -> tuple[str, int]:
        if head[:2] not in _NUMBERS:
            raise KeyError(head)
        self[head] = meaning = head[:2], _NUMBERS[head[2:]]
        return meaning


_HEADS: Final = _Heads()


class DataObject(NamedTuple):
    """One data object. `value` is the raw text between this object and the next; `children` are the objects read
    inside it where it is a template, in their own order, and empty otherwise."""

    id: str
    value: str
    children: "tuple[DataObject, ...]" = ()


def read(text: str, values: dict[str, str]) -> None:
    """Put the values of the objects of `text` into `values` by ID, in order, without looking inside them.

    What was read before a fault stays in `values`. Raises PayloadError `truncated`, `bad_length`, `bad_value` (an ID
    that is not two digits) or `duplicate`.
    """
    position, end = 0, len(text)
    try:
        while position < end:
            start = position + 4
            object_id, length = _HEADS[text[position:start]]
            if object_id in values:
                raise PayloadError("duplicate", f"object {object_id} stands here a second time", position)
            position = start + length
            values[object_id] = text[start:position]
    except KeyError:
        raise _fault(text, position) from None
    if position > end:
        del values[object_id]
        raise _fault(text, start - 4)


def _fault(text: str, position: int) -> PayloadError:
    head, rest = text[position : position + 4], len(text) - position
    object_id = head[:2]
    if len(object_id) == 2 and object_id not in _NUMBERS:
        return PayloadError("bad_value", f"{object_id!r} is no object ID: two digits stand here", position)
    if rest < 4:
        return PayloadError("truncated", f"ends inside the head of an object: {head!r}", position)
    if head[2:] not in _NUMBERS:
        message = f"the length of object {object_id} is {head[2:]!r}, not two digits"
        return PayloadError("bad_length", message, position + 2)
    message = f"object {object_id} claims {head[2:]} characters, {rest - 4} are left"
    return PayloadError("truncated", message, position)


def parse(text: str) -> tuple[DataObject, ...]:
    """The data objects of `text`, without looking inside them. Raises PayloadError as `read` does.

    >>> parse("0002VN0103abc")
    (DataObject(id='00', value='VN', children=()), DataObject(id='01', value='abc', children=()))
    """
    values: dict[str, str] = {}
    read(text, values)
    return tuple(DataObject(object_id, value) for object_id, value in values.items())


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
