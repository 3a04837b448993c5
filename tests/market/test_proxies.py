"""Whose word about a visitor is believed: that of the proxies which the settings name, and nobody else's."""

from ipaddress import ip_network
from typing import Any

import pytest

from market.proxies import Proxies


def _seen(asked_by: str, headers: dict[str, str], *trusted: str) -> dict[str, Any]:
    """What the application behind sees of a request."""
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return []

    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ = {"REMOTE_ADDR": asked_by, "wsgi.url_scheme": "http", "HTTP_HOST": "cho.example.vn", **named}
    Proxies(app, [ip_network(each) for each in trusted])(environ, lambda *said: None)
    return seen


def _visitor(asked_by: str, forwarded_for: str, *trusted: str) -> str:
    return str(_seen(asked_by, {"X-Forwarded-For": forwarded_for}, *trusted)["REMOTE_ADDR"])


def test_what_a_stranger_says_of_itself_is_not_believed() -> None:
    said = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    seen = _seen("203.0.113.9", said, "127.0.0.1")
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == (
        "203.0.113.9",
        "http",
        "cho.example.vn",
    )


def test_without_a_proxy_in_the_settings_not_even_this_machine_is_believed() -> None:
    assert _visitor("127.0.0.1", "1.2.3.4") == "127.0.0.1"


@pytest.mark.parametrize("asked_by", ["203.0.113.9", "127.0.0.1"])
def test_no_header_of_proxies_gets_past_the_door(asked_by: str) -> None:
    names = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-By")
    said = dict.fromkeys((*names, "X-Forwarded-Prefix", "Forwarded", "X-Real-IP"), "1.2.3.4")
    assert not [name for name in _seen(asked_by, said, "127.0.0.1") if "FORWARDED" in name or "REAL" in name]


def test_what_nginx_and_caddy_send_is_understood() -> None:
    """nginx adds the visitor's address to the header that came; Caddy drops what came from a stranger."""
    for forwarded_for in ("9.9.9.9, 198.51.100.7", "198.51.100.7"):
        said = {"X-Forwarded-For": forwarded_for, "X-Forwarded-Proto": "https"}
        seen = _seen("127.0.0.1", said, "127.0.0.1")
        assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("198.51.100.7", "https")


def test_a_chain_of_proxies_is_followed_to_the_first_that_is_not_ours() -> None:
    assert _visitor("127.0.0.1", "6.6.6.6, 198.51.100.7, 10.1.2.3", "127.0.0.1", "10.0.0.0/8") == "198.51.100.7"
    assert _visitor("127.0.0.1", "10.1.2.3", "127.0.0.1", "10.0.0.0/8") == "10.1.2.3"


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("198.51.100.7:51234", "198.51.100.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("unknown", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("<script>, evil", "127.0.0.1"),
    ],
)
def test_addresses_are_read_as_they_are_written(said: str, understood: str) -> None:
    assert _visitor("127.0.0.1", said, "127.0.0.1") == understood


def test_a_proxy_asked_over_ipv6_is_known_by_its_address_of_ipv4() -> None:
    assert _visitor("::ffff:127.0.0.1", "198.51.100.7", "127.0.0.1") == "198.51.100.7"


def test_only_the_last_proxy_says_how_it_was_asked() -> None:
    assert _seen("127.0.0.1", {"X-Forwarded-Proto": "https, http"}, "127.0.0.1")["wsgi.url_scheme"] == "http"
    assert _seen("127.0.0.1", {"X-Forwarded-Proto": "gopher"}, "127.0.0.1")["wsgi.url_scheme"] == "http"
