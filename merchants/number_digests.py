"""Account numbers that were forgotten: in a number's place stands a digest of it under the installation's key, so that
nobody reads the number there, and a bank's notice that names it still finds whose it was.

Each market has its own digests: the same number in two markets looks different. Ninety-six bits are kept, for they fit
the column of a number, and no number begins with their mark.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Final, cast

from sqlalchemy import ColumnElement
from sqlmodel import Session

# Where a session carries what gives the key: `session.info[NUMBER_KEY]`, a function without arguments.
NUMBER_KEY: Final = "key of account numbers"
_MARK: Final = "~"
_BYTES: Final = 12


def is_digest(number: str) -> bool:
    """Whether this stands for a number that was forgotten."""
    return number.startswith(_MARK)


def not_forgotten(number: ColumnElement[str]) -> ColumnElement[bool]:
    """That a column of account numbers holds a number, and no digest of one."""
    return number.not_like(f"{_MARK}%")


def number_digest(session: Session, market_id: int, number: str) -> str:
    """What stands for this number in this market once it is forgotten; of a digest, itself."""
    return number if is_digest(number) else _digest(_key(session), market_id, number)


def digests_of(session: Session, market_id: int, numbers: Iterable[str]) -> dict[str, str]:
    """By its digest in this market, each of these numbers."""
    key = _key(session)
    return {_digest(key, market_id, number): number for number in numbers}


def _key(session: Session) -> bytes:
    return cast(Callable[[], bytes], session.info[NUMBER_KEY])()


def _digest(key: bytes, market_id: int, number: str) -> str:
    said = hmac.digest(key, f"{market_id} {number}".encode(), hashlib.sha256)[:_BYTES]
    return _MARK + base64.urlsafe_b64encode(said).decode()
