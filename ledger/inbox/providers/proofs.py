"""How a call proves that it is a provider's own: by a key it carries, or by a signature over time and body.

Everything that depends on a secret is compared in constant time.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime

Header = Callable[[str], str]
# How far a signed time may be off, either way, in seconds.
WINDOW = 300


def same(said: str, expected: str) -> bool:
    """Whether a header says exactly this. A server hands headers on as Latin-1, whatever the sender meant."""
    return hmac.compare_digest(said.encode("latin-1", "replace"), expected.encode())


def fresh(seconds: float, now: datetime) -> bool:
    """Whether a time, in Unix seconds, lies within five minutes of now."""
    return abs(now.timestamp() - seconds) <= WINDOW


def signed_with_time(stamp: str, signature: str, body: bytes, secret: str, now: datetime) -> bool:
    """Whether `signature` is `sha256=` and the HMAC-SHA256, in hex, of `STAMP.BODY`, and the stamp (Unix seconds) is
    fresh."""
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or not fresh(int(stamp), now):
        return False
    expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return same(signature, f"sha256={expected}")
