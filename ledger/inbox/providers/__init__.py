"""One small pure module a provider: the body it posts, read into notices."""

from collections.abc import Callable

from ledger.inbox.notice import Notice
from ledger.inbox.providers import sepay

READERS: dict[str, Callable[[bytes], list[Notice]]] = {"sepay": sepay.read}
