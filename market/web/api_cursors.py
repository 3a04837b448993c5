"""Cursors: where in a stall's book a program has got to.

For the stall's owner it is the number in the book, as it is. A helper is not told how many payments there are, so its
cursors are sealed (AES-SIV, RFC 5297) under the installation's key, each good for its own stall's book only.
"""

import base64
import binascii
import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_PLACE = struct.Struct(">II")


def cursor_of(number: int, key: str | None, stall_id: int) -> str:
    """The cursor for a number of the stall's book, sealed where a key is given."""
    if key is None:
        return str(number)
    return base64.urlsafe_b64encode(_seal(key).encrypt(_PLACE.pack(stall_id, number), None)).decode()


def number_of(cursor: str, key: str | None, stall_id: int) -> int | None:
    """The number that a cursor stands for; None where it is not one for this book, or not sealed as it must be."""
    if key is None:
        return int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 10 else None
    try:
        opened = _seal(key).decrypt(base64.urlsafe_b64decode(cursor), None)
    except (binascii.Error, ValueError, InvalidTag):
        return None
    stall, number = _PLACE.unpack(opened)
    return int(number) if stall == stall_id else None


def _seal(key: str) -> AESSIV:
    return AESSIV(hmac.digest(key.encode(), b"cho api cursor", hashlib.sha512))
