"""`serve`: what is told on the console before the first visitor comes, and that nothing is told that is not so."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from market.cli import serve
from market.config import Settings


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch, data: Path) -> list[str]:
    """Nobody is served; the addresses where somebody would be."""
    addresses: list[str] = []

    def tell(settings: Settings) -> int:
        addresses.append(settings.base_url)
        return 0

    monkeypatch.setattr(serve, "serve", tell)
    return addresses


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, data: Path) -> Iterator[socket.socket]:
    """The settings name a port that another program has, as soon as it listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("CHO_PORT", str(taken.getsockname()[1]))
        yield taken


def test_nothing_is_announced_on_a_port_that_another_program_has(bare_cho: Any, port: socket.socket) -> None:
    port.listen()
    (line,) = bare_cho.refused("serve")
    assert line.startswith("error: CHO_PORT: port ")


def test_nothing_is_announced_under_a_certificate_that_cannot_be_used(
    bare_cho: Any, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHO_TLS_CERT", str(tmp_path / "none.pem"))
    monkeypatch.setenv("CHO_TLS_KEY", str(tmp_path / "none.pem"))
    (line,) = bare_cho.refused("serve")
    assert line.startswith("error: CHO_TLS_CERT: ")
    assert told == []


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "0.0.0.0"), ("::", "[::]")])  # noqa: S104
def test_whoever_lets_others_in_is_asked_for_an_address_that_they_know(
    bare_cho: Any, told: list[str], host: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = f"links and codes lead to http://{shown}:8000; name the address that others reach this machine by"
    monkeypatch.setattr(serve, "try_port", lambda host, port: None)
    monkeypatch.setenv("CHO_HOST", host)
    assert bare_cho.done("serve").err.splitlines()[-1] == f"{wish} in CHO_BASE_URL"
    monkeypatch.setenv("CHO_BASE_URL", "https://cho.example.vn")
    assert "CHO_BASE_URL" not in bare_cho.done("serve").err
    assert told == [f"http://{shown}:8000", "https://cho.example.vn"]


def test_without_the_key_that_secrets_lie_under_nothing_is_served(
    bare_cho: Any, told: list[str], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "try_port", lambda host, port: None)
    bare_cho.done("market", "add", "ben-song", "--name", "Chợ")
    bare_cho.done("channel", "add", "sepay", "--market", "ben-song", "--secret", "-", stdin="a secret of theirs\n")
    (data / "secret.key").unlink()
    (line,) = bare_cho.refused("serve")
    assert line.startswith(
        f"error: CHO_SECRET_KEY_FILE: {data / 'secret.key'} is not there, and 1 secret lies under it"
    )
    assert told == []
