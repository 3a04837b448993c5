"""One small pure module a provider: whether a call is its own, and the body it posts, read into notices.

docs/providers.md, "Adding a provider", says how to add one.
"""

from collections.abc import Callable
from datetime import datetime

from ledger.inbox.notice import Notice
from ledger.inbox.providers import casso, casso_poll, casso_v2, generic, pay2s, payos, sepay, sepay_poll
from ledger.inbox.providers.pages import Interface
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
# Those that can be asked as well: what they told while nobody listened is fetched afterwards (docs/polling.md).
POLLS = {
    "sepay": Interface(sepay_poll.question, sepay_poll.read),
    "casso": Interface(casso_poll.question, casso_poll.read),
    "casso-v2": Interface(casso_poll.question, casso_poll.read),
}
