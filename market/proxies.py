"""Who is really asking: a proxy in front tells by headers, and only the proxies that the settings name are believed.

Proxies append the address they were asked from to `X-Forwarded-For`, so the list is read from its end: behind the last
proxy of ours stands the visitor, and whatever the visitor wrote before that is not looked at. Waitress knows one such
address, this reads networks and chains.
"""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from market.config import Network

# Nothing behind this door sees any of them: what is believed stands where a direct visitor's would.
_HEADERS = tuple(f"HTTP_X_FORWARDED_{name}" for name in ("FOR", "PROTO", "HOST", "PORT", "BY", "PREFIX"))
Application = Callable[..., Iterable[bytes]]


class Proxies:
    """A WSGI application that sees visitors as they are; none of the headers of proxies gets past it."""

    def __init__(self, app: Application, trusted: Sequence[Network]) -> None:
        self.app = app
        self.trusted = trusted

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        said = {name: environ.pop(name, "") for name in (*_HEADERS, "HTTP_FORWARDED", "HTTP_X_REAL_IP")}
        if self._is_ours(_address(environ.get("REMOTE_ADDR", ""))):
            self._believe(environ, said["HTTP_X_FORWARDED_FOR"], said["HTTP_X_FORWARDED_PROTO"])
        return self.app(environ, start_response)

    def _believe(self, environ: dict[str, Any], asked_for: str, scheme: str) -> None:
        for hop in reversed(asked_for.split(",")):
            address = _address(hop)
            if address is None:
                break
            environ["REMOTE_ADDR"] = str(address)
            if not self._is_ours(address):
                break
        # The last proxy's own word, as above.
        scheme = scheme.split(",")[-1].strip().lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme

    def _is_ours(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self.trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in one item of the list, which may have a port; None for what is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # What a zone names (fe80::1%eth0) means something to one machine only.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A server that listens on IPv6 as well sees IPv4's addresses so.
    return getattr(address, "ipv4_mapped", None) or address
