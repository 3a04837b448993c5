"""One small pure module a provider: whether a call is its own, and the body it posts, read into notices.

docs/providers.md, "Adding a provider", says how to add one.
"""

from collections.abc import Callable
from datetime import datetime

from ledger.inbox.notice import Notice
from ledger.inbox.providers import casso, casso_v2, generic, pay2s, payos, sepay
from ledger.inbox.providers.proofs import Header

READERS: dict[str, Callable[[bytes], list[Notice]]] = {
    "sepay": sepay.read,
    "casso": casso.read,
    "casso-v2": casso_v2.read,
    "payos": payos.read,
    "pay2s": pay2s.read,
    "generic": generic.read,
}
PROOFS: dict[str, Callable[[Header, bytes, str, str, datetime], bool]] = {
    "sepay": sepay.proves,
    "casso": casso.proves,
    "casso-v2": casso_v2.proves,
    "payos": payos.proves,
    "pay2s": pay2s.proves,
    "generic": generic.proves,
}
