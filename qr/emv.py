"""EMV merchant-presented payloads: the root objects, their order, the CRC and the rules every scheme shares.

Source: EMV QRCPS Merchant-Presented Mode v1.1 (November 2020), sections 3 and 4. What a national scheme adds comes as
a list of validators (`qr.napas` has VietQR's).

Reading is tolerant where the meaning is certain and says so in a warning (lower-case CRC, lengths counted in bytes,
texts over their maximum, empty values). Where the meaning is not certain it refuses.
"""

import re
from binascii import crc_hqx
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from qr import tlv
from qr.errors import PayloadError
from qr.tlv import DataObject

MAX_PAYLOAD: Final = 4296
"""Characters: what the largest QR symbol (version 40-L) holds in alphanumeric mode. EMV's 512 is only advice."""

ADDITIONAL: Final = {
    "01": "bill",
    "02": "mobile",
    "03": "store",
    "04": "loyalty",
    "05": "reference",
    "06": "customer",
    "07": "terminal",
    "08": "purpose",
}
"""The texts of the additional data (62), at most 25 characters each."""

_MAX_TEXT: Final = {"59": ("merchant name", 25), "60": ("city", 15), "61": ("postal code", 10)}
_ACCOUNTS: Final = frozenset(f"{number:02}" for number in range(2, 52))
_TEMPLATES: Final = frozenset(f"{number:02}" for number in [*range(26, 52), 62, 64, *range(80, 100)])
_TEMPLATES_IN_62: Final = frozenset(f"{number:02}" for number in range(50, 100))
_AMOUNT: Final = re.compile(r"[0-9]+(\.[0-9]*)?").fullmatch
_PERCENT: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?").fullmatch
_FIXED: Final = (
    ("01", re.compile(r"1[12]").fullmatch, "initiation is 11 (static) or 12 (dynamic)"),
    ("52", re.compile(r"[0-9]{4}").fullmatch, "a merchant category has four digits"),
    ("53", re.compile(r"[0-9]{3}").fullmatch, "a currency has three digits"),
    ("58", re.compile(r"[A-Z]{2}").fullmatch, "a country has two capital letters"),
)


def crc(text: str) -> str:
    """The CRC of `text` (which ends in "6304") as it is written: CRC-16/CCITT-FALSE over the UTF-8 bytes.

    >>> crc("123456789")
    '29B1'
    """
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


class Payload:
    """A payload that has been read: `objects` at the root in their own order (63 included), `by_id` the values of the
    same, and the `warnings` gathered so far. Validators look at it and add to the warnings."""

    __slots__ = ("by_id", "objects", "warnings")

    def __init__(self, objects: tuple[DataObject, ...], warnings: list[str]) -> None:
        self.objects = objects
        self.by_id = {item[0]: item for item in objects}
        self.warnings = warnings

    def offset(self, *path: str) -> int:
        """Where the value of the object at `path` (root ID, then the ID inside it …) stands, in characters."""
        position, inside = 0, self.objects
        for object_id in path:
            for item in inside:
                position += 4
                if item.id == object_id:
                    inside = item.children
                    break
                position += len(item.value)
        return position


Validator = Callable[[Payload], None]
"""Looks at a payload, adds warnings to it, and raises PayloadError for what must not be accepted."""


def decode(payload: str, validators: Sequence[Validator] = (), templates: Iterable[str] = ()) -> Payload:
    """Read a payload to its leaves and check it: structure, CRC, the rules of EMV, then `validators` in order.

    `templates` names further templates by their path, as `("38.01",)`. Raises PayloadError, and nothing else, for any
    string that is refused.
    """
    if not payload:
        raise PayloadError("empty", "there is nothing here", 0)
    if len(payload) > MAX_PAYLOAD:
        raise PayloadError("too_long", f"{len(payload)} characters; no QR symbol holds more than {MAX_PAYLOAD}", 0)
    if not payload.startswith("00"):
        raise PayloadError("not_emv", "an EMV payload begins with 000201", 0)
    try:
        read = _read(payload, payload.encode(), templates)
    except UnicodeEncodeError as error:
        raise PayloadError("bad_value", "holds half of a surrogate pair, which is no character", error.start) from None
    except PayloadError as error:
        if payload.isascii():
            raise
        counted_in_bytes = _read_bytes(payload, templates)
        if counted_in_bytes is None:
            raise error from None
        read = counted_in_bytes
    _check(read)
    for validator in validators:
        validator(read)
    return read


def encode(objects: Iterable[DataObject]) -> str:
    """The payload of root `objects` in their own order, with the CRC computed anew and written last in upper case.

    What `decode` read comes back byte for byte where it was written by the rules (lengths in characters, upper-case
    CRC). Raises FieldError as `tlv.encode` does.

    >>> encode([DataObject("00", "01"), DataObject("58", "VN")])
    '0002015802VN63044280'
    """
    text = tlv.encode(item for item in objects if item.id != "63") + "6304"
    return text + crc(text)


def _read(payload: str, octets: bytes, templates: Iterable[str]) -> Payload:
    warnings: list[str] = []
    found: list[tuple[str, str]] = []
    try:
        tlv.split(payload, found)
    except PayloadError as error:
        if any(object_id == "63" for object_id, _ in found):
            raise PayloadError("trailing_data", "the CRC (63) is followed by something", error.offset) from None
        raise
    _check_order(payload, found)
    _check_crc(octets, found[-1][1], len(payload) - 4, warnings)
    _check_duplicates(found)
    return Payload(_with_children(found, templates), warnings)


def _read_bytes(payload: str, templates: Iterable[str]) -> Payload | None:
    """The same payload with its lengths taken as bytes of UTF-8, or None where it cannot be read that way either."""
    try:
        # One character a byte for the time of reading, so that lengths and slices agree.
        octets = payload.encode()
        read = _read(octets.decode("latin-1"), octets, templates)
        objects = tuple(_from_bytes(item) for item in read.objects)
    except (PayloadError, UnicodeError):
        return None
    return Payload(objects, ["lengths are counted in bytes, not in characters", *read.warnings])


def _from_bytes(item: DataObject) -> DataObject:
    value = item.value.encode("latin-1").decode()
    return DataObject(item.id, value, tuple(_from_bytes(child) for child in item.children))


def _check_order(payload: str, found: list[tuple[str, str]]) -> None:
    if found[0][1] != "01":
        raise PayloadError("bad_value", f"the payload format is {found[0][1]!r}, only 01 is known", 4)
    last_id, last_value = found[-1]
    if last_id != "63":
        position = 0
        for object_id, value in found:
            position += 4 + len(value)
            if object_id == "63":
                raise PayloadError("trailing_data", "the CRC (63) is followed by something", position)
        raise PayloadError("missing", "the CRC (63) is missing; the payload may be cut off", len(payload))
    if len(last_value) != 4:
        raise PayloadError("bad_length", "the CRC (63) has four characters", len(payload) - len(last_value) - 2)


def _check_crc(octets: bytes, written: str, offset: int, warnings: list[str]) -> None:
    computed = f"{crc_hqx(octets[:-4], 0xFFFF):04X}"
    if written == computed:
        return
    if not written.isascii() or written.upper() != computed:
        raise PayloadError("bad_crc", f"the CRC is {written!r}, {computed} is right", offset)
    warnings.append("the CRC is written in lower case")


def _check_duplicates(found: list[tuple[str, str]], offset: int = 0, parent: str = "") -> None:
    if len({object_id for object_id, _ in found}) == len(found):
        return
    seen, position = set(), offset
    for object_id, value in found:
        if object_id in seen:
            raise PayloadError("duplicate", f"object {parent}{object_id} stands here a second time", position)
        seen.add(object_id)
        position += 4 + len(value)


def _with_children(found: list[tuple[str, str]], templates: Iterable[str]) -> tuple[DataObject, ...]:
    objects, offset = [], 4
    for object_id, value in found:
        if object_id in _TEMPLATES and value:
            objects.append(DataObject(object_id, value, _children(object_id, value, offset, templates)))
        else:
            objects.append(DataObject(object_id, value))
        offset += 4 + len(value)
    return tuple(objects)


def _children(path: str, value: str, offset: int, templates: Iterable[str]) -> tuple[DataObject, ...]:
    """What stands inside a template. 62 and 64 are EMV's own and must be right; the others belong to their schemes,
    some of which put bare text there, and are left unread where they are no sequence of objects."""
    found: list[tuple[str, str]] = []
    try:
        tlv.split(value, found, offset)
        _check_duplicates(found, offset, f"{path}.")
    except PayloadError:
        if path in ("62", "64"):
            raise
        return ()
    children = []
    for object_id, inner in found:
        offset += 4
        below = f"{path}.{object_id}"
        if inner and (below in templates or (path == "62" and object_id in _TEMPLATES_IN_62)):
            children.append(DataObject(object_id, inner, _children(below, inner, offset, templates)))
        else:
            children.append(DataObject(object_id, inner))
        offset += len(inner)
    return tuple(children)


def _check(payload: Payload) -> None:
    by_id, warn = payload.by_id, payload.warnings.append
    for object_id, matches, rule in _FIXED:
        item = by_id.get(object_id)
        if item is not None and not matches(item.value):
            raise PayloadError("bad_value", f"{object_id} is {item.value!r}: {rule}", payload.offset(object_id))
    for object_id, name in (("53", "the currency (53)"), ("58", "the country (58)")):
        if object_id not in by_id:
            raise PayloadError("missing", f"{name} is missing", payload.offset("63") - 4)
    if _ACCOUNTS.isdisjoint(by_id):
        raise PayloadError("missing", "there is no merchant account (02 to 51)", payload.offset("63") - 4)
    for item in payload.objects:
        if not item.value:
            warn(f"{item.id} is empty")
        elif "26" <= item.id <= "51" and not item.children:
            warn(f"{item.id} is no template")
    for object_id, (name, longest) in _MAX_TEXT.items():
        item = by_id.get(object_id)
        if item is not None and len(item.value) > longest:
            warn(f"the {name} ({object_id}) has {len(item.value)} characters, {longest} are allowed")
    amount = by_id.get("54")
    if amount is not None and amount.value:
        if not _AMOUNT(amount.value):
            raise PayloadError("bad_value", f"the amount is {amount.value!r}, no number", payload.offset("54"))
        if len(amount.value) > 13:
            raise PayloadError("too_long", "the amount (54) has more than 13 characters", payload.offset("54"))
    if "55" in by_id or "56" in by_id or "57" in by_id:
        _check_tip(payload)
    if "62" in by_id:
        _check_additional(payload)
    if "64" in by_id:
        _check_language(payload)


def _check_tip(payload: Payload) -> None:
    """Section 4.8: 55 asks for a tip (01), names a fixed one (02, in 56) or a percentage (03, in 57)."""
    by_id = payload.by_id
    indicator = by_id["55"].value if "55" in by_id else ""
    if indicator not in ("", "01", "02", "03"):
        raise PayloadError("bad_value", f"the tip (55) is {indicator!r}, not 01, 02 or 03", payload.offset("55"))
    for wanted_by, object_id in (("02", "56"), ("03", "57")):
        if indicator == wanted_by and object_id not in by_id:
            message = f"the tip (55) is {indicator}, which needs {object_id}"
            raise PayloadError("missing", message, payload.offset("55"))
        if indicator != wanted_by and object_id in by_id:
            payload.warnings.append(f"{object_id} has no meaning without 55 = {wanted_by}")
    for object_id, matches in (("56", _AMOUNT), ("57", _PERCENT)):
        item = by_id.get(object_id)
        if item is not None and (not matches(item.value) or not item.value.strip("0.")):
            message = f"the tip ({object_id}) is {item.value!r}, no number above zero"
            raise PayloadError("bad_value", message, payload.offset(object_id))


def _check_additional(payload: Payload) -> None:
    """Section 4.8.1, and the request for consumer data (62.09): any of A, M, E, each once."""
    for item in payload.by_id["62"].children:
        name = ADDITIONAL.get(item.id)
        if not item.value:
            payload.warnings.append(f"62.{item.id} is empty")
        elif name is not None and len(item.value) > 25:
            payload.warnings.append(f"the {name} (62.{item.id}) has {len(item.value)} characters, 25 are allowed")
        elif item.id == "09" and (set(item.value) - set("AME") or len(set(item.value)) != len(item.value)):
            payload.warnings.append(f"62.09 is {item.value!r}: A, M and E may stand there, each once")


def _check_language(payload: Payload) -> None:
    """Section 4.9: a language and a name, and perhaps a city, in another language."""
    inner = {item.id: item.value for item in payload.by_id["64"].children}
    for object_id, name in (("00", "language"), ("01", "merchant name")):
        if not inner.get(object_id):
            payload.warnings.append(f"64 has no {name} (64.{object_id})")
    for object_id, longest in (("01", 25), ("02", 15)):
        if len(inner.get(object_id, "")) > longest:
            payload.warnings.append(f"64.{object_id} has more than {longest} characters")
