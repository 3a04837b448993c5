"""One small pure module a provider: whether a call is its own, and the body it posts, read into notices."""

from collections.abc import Callable
from datetime import datetime

from ledger.inbox.notice import Notice
from ledger.inbox.providers import sepay

READERS: dict[str, Callable[[bytes], list[Notice]]] = {"sepay": sepay.read}
PROOFS: dict[str, Callable[[Callable[[str], str], bytes, str, str, datetime], bool]] = {"sepay": sepay.proves}
