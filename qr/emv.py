"""EMV merchant-presented payloads: the root objects, their order, the CRC and the rules every scheme shares.

Source: EMV QRCPS Merchant-Presented Mode v1.1 (November 2020), sections 3 and 4. What a national scheme adds comes as
a list of validators (`qr.napas` has VietQR's).

Reading is tolerant where the meaning is certain and says so in a warning (lower-case CRC, lengths counted in bytes,
texts over their maximum, empty values). Where the meaning is not certain it refuses.
"""

import re
from binascii import crc_hqx
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
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

_ACCOUNTS: Final = frozenset(f"{number:02}" for number in range(2, 52))
_TEMPLATES: Final = frozenset(f"{number:02}" for number in [*range(26, 52), 62, 64, *range(80, 100)])
_ACCOUNT_TEMPLATES: Final = _ACCOUNTS & _TEMPLATES
_OTHERS: Final = frozenset(("55", "56", "57", "59", "60", "61", "64"))
_AMOUNT: Final = re.compile(r"[0-9]+(\.[0-9]*)?").fullmatch
_PERCENT: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?").fullmatch
_FIXED_RULES: Final = (
    ("01", "1[12]", "initiation", "not 11 (static) or 12 (dynamic)"),
    ("52", "[0-9]{4}", "merchant category", "not four digits"),
    ("53", "[0-9]{3}", "currency", "not three digits"),
    ("58", "[A-Z]{2}", "country", "not two capital letters"),
)
# All four at once; none of them can match the space between.
_FIXED: Final = re.compile(" ".join(pattern for _, pattern, _, _ in _FIXED_RULES)).fullmatch


def crc(text: str) -> str:
    """The CRC of `text` (which ends in "6304") as it is written: CRC-16/CCITT-FALSE over the UTF-8 bytes.

    >>> crc("123456789")
    '29B1'
    """
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


class Payload:
    """A payload that has been read. `text` is what was read (with lengths in characters), `values` the values of the
    root objects by ID, in order, and `warnings` what was tolerated so far. Validators look at it and add warnings."""

    __slots__ = ("_inside", "text", "values", "warnings")

    def __init__(self, text: str, values: dict[str, str], warnings: list[str]) -> None:
        self.text = text
        self.values = values
        self.warnings = warnings
        self._inside: dict[str, dict[str, str]] = {}

    def inside(self, path: str) -> dict[str, str]:
        """The values inside the template at `path` ("62", or "38.01" for 01 inside 38), by ID, in order.

        Raises PayloadError where the value is no sequence of objects.
        """
        known = self._inside.get(path)
        if known is not None:
            return known
        if len(path) == 2:
            value = self.values[path]
        else:
            parent, _, object_id = path.rpartition(".")
            value = self.inside(parent)[object_id]
        found: dict[str, str] = {}
        try:
            tlv.read(value, found)
        except PayloadError as error:
            message = f"inside {path}: {error.message}"
            raise PayloadError(error.code, message, self.offset(path) + error.offset) from None
        self._inside[path] = found
        return found

    def offset(self, path: str) -> int:
        """Where the value of the object at `path` stands in `text`, in characters."""
        position, values, parent = 0, self.values, ""
        for object_id in path.split("."):
            if parent:
                values = self.inside(parent)
            for other, value in values.items():
                position += 4
                if other == object_id:
                    break
                position += len(value)
            parent = f"{parent}.{object_id}" if parent else object_id
        return position


Validator = Callable[[Payload], None]
"""Looks at a payload, adds warnings to it, and raises PayloadError for what must not be accepted."""


def decode(payload: str, validators: Iterable[Validator] = ()) -> Payload:
    """Read a payload and check it: structure, CRC, the rules of EMV, then `validators` in order.

    Raises PayloadError, and nothing else, for any string that is refused.
    """
    if not payload:
        raise PayloadError("empty", "there is nothing here", 0)
    if len(payload) > MAX_PAYLOAD:
        raise PayloadError("too_long", f"{len(payload)} characters; no QR symbol holds more than {MAX_PAYLOAD}", 0)
    if not payload.startswith("00"):
        raise PayloadError("not_emv", "an EMV payload begins with 000201", 0)
    try:
        read = _read(payload, payload.encode())
    except UnicodeEncodeError as error:
        raise PayloadError("bad_value", "holds half of a surrogate pair, which is no character", error.start) from None
    except PayloadError as error:
        counted_in_bytes = None if payload.isascii() else _read_bytes(payload)
        if counted_in_bytes is None:
            raise error from None
        read = counted_in_bytes
    _check(read)
    for validator in validators:
        validator(read)
    return read


def encode(objects: Iterable[DataObject]) -> str:
    """The payload of root `objects` in their own order, with the CRC computed anew and written last in upper case.

    What `tree` gives comes back byte for byte where it was written by the rules (lengths in characters, upper-case
    CRC). Raises FieldError as `tlv.encode` does.

    >>> encode([DataObject("00", "01"), DataObject("58", "VN")])
    '0002015802VN63044280'
    """
    text = tlv.encode(item for item in objects if item.id != "63") + "6304"
    return text + crc(text)


def tree(payload: str, nested: Collection[str] = ()) -> tuple[DataObject, ...]:
    """All data objects of a payload that `decode` accepts, in their own order, to the leaves.

    EMV's templates are opened: 26 to 51, 62 (and 50 to 99 inside it), 64, 80 to 99; `nested` names more by their
    path, as `("38.01",)`. Some schemes put bare text there; it is left closed.
    """
    values: dict[str, str] = {}
    tlv.read(payload, values)
    return tuple(_object(object_id, value, object_id, nested) for object_id, value in values.items())


def _object(object_id: str, value: str, path: str, nested: Collection[str]) -> DataObject:
    if value and _is_template(path, nested):
        inner: dict[str, str] = {}
        with suppress(PayloadError):
            tlv.read(value, inner)
            children = [_object(below, inside, f"{path}.{below}", nested) for below, inside in inner.items()]
            return DataObject(object_id, value, tuple(children))
    return DataObject(object_id, value)


def _is_template(path: str, nested: Collection[str]) -> bool:
    return path in _TEMPLATES or path in nested or (path.startswith("62.") and "50" <= path[3:] <= "99")


def _read(payload: str, octets: bytes) -> Payload:
    values: dict[str, str] = {}
    try:
        tlv.read(payload, values)
    except PayloadError as error:
        if "63" in values:
            raise PayloadError("trailing_data", "the CRC (63) is followed by something", error.offset) from None
        raise
    if values["00"] != "01":
        raise PayloadError("bad_value", f"the payload format is {values['00']!r}, only 01 is known", 4)
    last_id, written = values.popitem()
    values[last_id] = written
    read = Payload(payload, values, [])
    if last_id != "63":
        if "63" in values:
            raise PayloadError("trailing_data", "the CRC (63) is followed by something", read.offset("63") + 4)
        raise PayloadError("missing", "the CRC (63) is missing; the payload may be cut off", len(payload))
    if len(written) != 4:
        raise PayloadError("bad_length", "the CRC (63) has four characters", len(payload) - len(written) - 2)
    computed = f"{crc_hqx(octets[:-4], 0xFFFF):04X}"
    if written != computed:
        if not written.isascii() or written.upper() != computed:
            raise PayloadError("bad_crc", f"the CRC is {written!r}, {computed} is right", len(payload) - 4)
        read.warnings.append("the CRC is written in lower case")
    return read


def _read_bytes(payload: str) -> Payload | None:
    """The same payload with its lengths taken as bytes of UTF-8, or None where it cannot be read that way either."""
    octets = payload.encode()
    try:
        # One character a byte for the time of reading, so that lengths and slices agree.
        read = _read(octets.decode("latin-1"), octets)
        text = "".join(_recounted(object_id, value, object_id) for object_id, value in read.values.items())
    except (PayloadError, UnicodeDecodeError):
        return None
    values: dict[str, str] = {}
    tlv.read(text, values)
    return Payload(text, values, ["lengths are counted in bytes, not in characters", *read.warnings])


def _recounted(object_id: str, value: str, path: str) -> str:
    """One object, its value given with one character a byte, written anew with lengths in characters."""
    if not value.isascii():
        inner: dict[str, str] = {}
        if _is_template(path, ()):
            with suppress(PayloadError):
                tlv.read(value, inner)
        if inner:
            value = "".join(_recounted(below, inside, f"{path}.{below}") for below, inside in inner.items())
        else:
            value = value.encode("latin-1").decode()
    return f"{object_id}{len(value):02}{value}"


def _check(payload: Payload) -> None:
    values = payload.values
    if not _FIXED(f"{values.get('01', '11')} {values.get('52', '0000')} {values.get('53')} {values.get('58')}"):
        raise _fixed_fault(payload)
    if _ACCOUNTS.isdisjoint(values):
        raise PayloadError("missing", "there is no merchant account (02 to 51)", len(payload.text) - 8)
    if "" in values.values():
        payload.warnings.extend(f"{object_id} is empty" for object_id, value in values.items() if not value)
    for object_id in sorted(_ACCOUNT_TEMPLATES.intersection(values)):
        try:
            payload.inside(object_id)
        except PayloadError:
            payload.warnings.append(f"{object_id} is no template")
    amount = values.get("54")
    if amount:
        if not _AMOUNT(amount):
            raise PayloadError("bad_value", f"the amount (54) is {amount!r}, no number", payload.offset("54"))
        if len(amount) > 13:
            raise PayloadError("too_long", "the amount (54) has more than 13 characters", payload.offset("54"))
    if "62" in values:
        _check_additional(payload)
    if not _OTHERS.isdisjoint(values):
        _check_tip(payload)
        _check_texts(payload)


def _fixed_fault(payload: Payload) -> PayloadError:
    for object_id, pattern, name, rule in _FIXED_RULES:
        value = payload.values.get(object_id)
        if value is not None and not re.fullmatch(pattern, value):
            message = f"the {name} ({object_id}) is {value!r}, {rule}"
            return PayloadError("bad_value", message, payload.offset(object_id))
    object_id, name = ("53", "currency") if "53" not in payload.values else ("58", "country")
    return PayloadError("missing", f"the {name} ({object_id}) is missing", len(payload.text) - 8)


def _check_tip(payload: Payload) -> None:
    """Section 4.8: 55 asks for a tip (01), names a fixed one (02, in 56) or a percentage (03, in 57)."""
    values = payload.values
    indicator = values.get("55") or ""
    if indicator not in ("", "01", "02", "03"):
        raise PayloadError("bad_value", f"the tip (55) is {indicator!r}, not 01, 02 or 03", payload.offset("55"))
    for wanted_by, object_id in (("02", "56"), ("03", "57")):
        if indicator == wanted_by and object_id not in values:
            message = f"the tip (55) is {indicator}, which needs {object_id}"
            raise PayloadError("missing", message, payload.offset("55"))
        if indicator != wanted_by and object_id in values:
            payload.warnings.append(f"{object_id} has no meaning without 55 = {wanted_by}")
    for object_id, matches in (("56", _AMOUNT), ("57", _PERCENT)):
        value = values.get(object_id)
        if value is not None and (not matches(value) or not value.strip("0.")):
            message = f"the tip ({object_id}) is {value!r}, no number above zero"
            raise PayloadError("bad_value", message, payload.offset(object_id))


def _check_additional(payload: Payload) -> None:
    """Section 4.8.1, and the request for consumer data (62.09): any of A, M, E, each once."""
    for object_id, value in payload.inside("62").items():
        if not value:
            payload.warnings.append(f"62.{object_id} is empty")
        elif object_id in ADDITIONAL:
            if len(value) > 25:
                name = ADDITIONAL[object_id]
                message = f"the {name} (62.{object_id}) has {len(value)} characters, 25 are allowed"
                payload.warnings.append(message)
        elif object_id == "09" and (set(value) - set("AME") or len(set(value)) != len(value)):
            payload.warnings.append(f"62.09 is {value!r}: A, M and E may stand there, each once")


def _check_texts(payload: Payload) -> None:
    """The maxima of 59 to 61, and section 4.9: a language and a name, and perhaps a city, in another language."""
    for object_id, name, longest in (("59", "merchant name", 25), ("60", "city", 15), ("61", "postal code", 10)):
        size = len(payload.values.get(object_id, ""))
        if size > longest:
            payload.warnings.append(f"the {name} ({object_id}) has {size} characters, {longest} are allowed")
    if "64" not in payload.values:
        return
    inner = payload.inside("64")
    for object_id, name, longest in (("00", "language", 2), ("01", "merchant name", 25), ("02", "city", 15)):
        size = len(inner.get(object_id, ""))
        if not size and name != "city":
            payload.warnings.append(f"64 has no {name} (64.{object_id})")
        if size > longest:
            payload.warnings.append(f"the {name} (64.{object_id}) has {size} characters, {longest} are allowed")
