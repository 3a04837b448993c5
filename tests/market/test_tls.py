"""https without a second program: a certificate of the test's own, and real handshakes with a real process."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ledger.days import utc_now
from ledger.refused import Refused
from market.channels import add_channel
from market.config import Settings
from market.installation import Installation
from market.markets import add_market, find_market
from market.secret_key import seal
from market.tls import Certificate, Terminator, listen
from tests.market.certificates import Authority

RUN = Path(__file__).resolve().parents[2] / "run.py"


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """A running `serve` behind a certificate in `folder`."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path
    environment: dict[str, str]
    trusting: ssl.SSLContext

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.trusting, timeout=30)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, Any]:
        connection = self.connect()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def serial(self) -> int:
        """Whose certificate a new visitor is shown."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain,
            self.trusting.wrap_socket(plain, server_hostname="127.0.0.1") as shaken,
        ):
            shown = shaken.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown).serial_number


@pytest.fixture
def folder(tmp_path: Path, authority: Authority) -> Path:
    """A folder with a certificate and its key."""
    authority.issue(tmp_path)
    return tmp_path


@contextmanager
def _serving(folder: Path, authority: Authority) -> Iterator[Served]:
    authority.issue(folder)
    port = _free_port()
    said = {
        "CHO_DATA": str(folder / "data"),
        "CHO_PORT": str(port),
        "CHO_BASE_URL": f"https://127.0.0.1:{port}",
        "CHO_TLS_CERT": str(folder / "cert.pem"),
        "CHO_TLS_KEY": str(folder / "key.pem"),
    }
    environment = {**os.environ, **said}
    arguments = [sys.executable, str(RUN), "serve"]
    with subprocess.Popen(arguments, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            found = Served(process, port, folder, said, authority.trusting())
            until = time.monotonic() + 60
            while True:
                try:
                    found.serial()
                    break
                except OSError:
                    assert time.monotonic() < until, "nothing was served within a minute"
                    time.sleep(0.1)
            yield found
        finally:
            process.kill()


@pytest.fixture(scope="module")
def served(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process that all tests visit, and leave as they found it."""
    with _serving(tmp_path_factory.mktemp("served"), authority) as found:
        yield found


def test_a_page_comes_by_https_with_cookies_that_stay_on_it(served: Served) -> None:
    status, page, headers = served.ask("GET", "/first")
    assert (status, b"</html>" in page) == (200, True)
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = headers["Set-Cookie"]
    assert cookie.startswith("__Host-forms=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_old_protocols_are_not_spoken_and_http_1_1_is(served: Served, authority: Authority) -> None:
    with (
        socket.create_connection(("127.0.0.1", served.port)) as plain,
        served.trusting.wrap_socket(plain, server_hostname="127.0.0.1") as shaken,
    ):
        assert shaken.selected_alpn_protocol() == "http/1.1"
    old = replace(served, trusting=authority.trusting())
    with pytest.warns(DeprecationWarning):
        old.trusting.minimum_version = ssl.TLSVersion.TLSv1_1
        old.trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        old.serial()


def test_plain_http_at_the_door_of_https_is_not_answered(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.request("GET", "/healthz")
        connection.getresponse()
    connection.close()
    assert served.ask("GET", "/healthz")[0] == 200


def test_a_renewed_certificate_is_shown_to_the_next_visitor(served: Served, authority: Authority) -> None:
    kept = served.connect()
    kept.request("GET", "/healthz")
    kept.getresponse().read()
    renewed = authority.issue(served.folder)
    assert served.serial() == renewed
    kept.request("GET", "/healthz")
    assert kept.getresponse().read() == b"ok\n"
    kept.close()


def test_a_broken_renewal_is_logged_and_the_former_certificate_stays(served: Served) -> None:
    former = served.serial()
    whole = (served.folder / "cert.pem").read_bytes()
    (served.folder / "cert.pem").write_text("half a certif")
    assert [served.serial(), served.serial()] == [former, former]
    log = (served.folder / "data" / "cho.log").read_text("utf-8")
    assert log.count("the certificate stays as it was") == 1
    (served.folder / "cert.pem").write_bytes(whole)


def test_fifty_who_stop_in_a_handshake_hold_nobody_up(served: Served) -> None:
    silent = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(50)]
    for half in silent[::2]:
        half.sendall(b"\x16\x03\x01\x02\x00\x01")
    assert served.ask("GET", "/healthz")[0] == 200
    for half in silent:
        half.close()


def test_a_large_body_and_a_large_answer_pass_whole(served: Served) -> None:
    assert served.ask("POST", "/hooks/1", b"x" * 3_000_000)[0] == 413
    names = sorted((RUN.parent / "market" / "static" / "font").glob("*.woff2"), key=lambda path: path.stat().st_size)
    status, body, _ = served.ask("GET", f"/static/font/{names[-1].name}")
    assert (status, body) == (200, names[-1].read_bytes())


def test_a_webhook_comes_by_https(served: Served) -> None:
    installation = Installation(Settings.from_environment(served.environment))
    with installation.database.writing() as session:
        add_market(session, slug="ben-song", name="Chợ Bến Sông", now=utc_now())
        channel = add_channel(
            session,
            provider="sepay",
            market_id=find_market(session, "ben-song").id,
            stall_id=None,
            auth="apikey",
            sealed_secret=seal(installation.key, "khoa-cua-kenh"),
            now=utc_now(),
        )
    installation.close()
    body = {"id": 1, "gateway": "VCB", "transactionDate": "2026-11-24 08:00:00", "accountNumber": "0123499999"}
    body |= {"content": "tien ca", "transferType": "in", "transferAmount": 50_000, "referenceCode": "FT1"}
    status, said, _ = served.ask(
        "POST",
        f"/hooks/{channel}",
        json.dumps(body).encode(),
        Authorization="Apikey khoa-cua-kenh",
        **{"Content-Type": "application/json"},
    )
    assert (status, json.loads(said)["status"]) == (200, "unmatched")


def test_sigterm_answers_whoever_is_in_and_ends_with_exit_code_0(tmp_path: Path, authority: Authority) -> None:
    with _serving(tmp_path, authority) as served:
        kept = served.connect()
        kept.request("GET", "/healthz")
        kept.getresponse().read()
        kept.putrequest("POST", "/signin")
        kept.putheader("Content-Length", "7")
        kept.endheaders()
        served.process.terminate()
        kept.send(b"login=a")
        # Without its token the form is refused: but that it is, and not hung up on, is the point.
        assert kept.getresponse().status == 400
        kept.close()
        assert served.process.wait(30) == 0


def test_the_address_of_a_visitor_is_handed_on(folder: Path, authority: Authority) -> None:
    (listener,) = listen("127.0.0.1", 0)
    handed: list[tuple[socket.socket, Any]] = []
    came = threading.Event()

    def hand(connection: socket.socket, address: Any) -> None:
        handed.append((connection, address))
        came.set()

    terminator = Terminator([listener], Certificate(folder / "cert.pem", folder / "key.pem"), hand)
    port = listener.getsockname()[1]
    terminator.start()
    plain = socket.create_connection(("127.0.0.1", port))
    own = plain.getsockname()
    with authority.trusting().wrap_socket(plain, server_hostname="127.0.0.1") as shaken:
        assert came.wait(30)
        ((connection, address),) = handed
        connection.setblocking(True)
        shaken.sendall(b"hello")
        assert (connection.recv(100), address) == (b"hello", own)
        connection.sendall(b"good bye")
        connection.close()
        assert shaken.recv(100) == b"good bye"
    terminator.close_door()
    terminator.end()


def test_no_more_than_so_many_are_let_in_at_a_time(folder: Path, authority: Authority) -> None:
    (listener,) = listen("127.0.0.1", 0)
    handed: list[socket.socket] = []
    came = threading.Semaphore(0)

    def hand(connection: socket.socket, address: Any) -> None:
        handed.append(connection)
        came.release()

    terminator = Terminator([listener], Certificate(folder / "cert.pem", folder / "key.pem"), hand, most=1)
    port = listener.getsockname()[1]
    terminator.start()
    trusting = authority.trusting()
    first = trusting.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")
    assert came.acquire(timeout=30)
    waiting = socket.create_connection(("127.0.0.1", port))
    waiting.settimeout(0.3)
    with pytest.raises(TimeoutError):
        trusting.wrap_socket(waiting, server_hostname="127.0.0.1")
    first.close()
    second = trusting.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")
    assert came.acquire(timeout=30)
    second.close()
    for each in (waiting, *handed):
        each.close()
    terminator.close_door()
    terminator.end()


def test_a_visitor_comes_in_while_as_many_as_there_is_room_for_say_nothing(folder: Path, authority: Authority) -> None:
    (listener,) = listen("127.0.0.1", 0)
    terminator = Terminator(
        [listener],
        Certificate(folder / "cert.pem", folder / "key.pem"),
        lambda connection, address: connection.close(),
        most=5,
    )
    port = listener.getsockname()[1]
    terminator.start()
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    visitor = socket.create_connection(("127.0.0.1", port), timeout=5)
    authority.trusting().wrap_socket(visitor, server_hostname="127.0.0.1").close()
    for each in silent:
        each.close()
    terminator.close_door()
    terminator.end()


def _refusal(folder: Path) -> str:
    with pytest.raises(Refused) as refused:
        Certificate(folder / "cert.pem", folder / "key.pem")
    (problem,) = refused.value.problems
    return str(problem)


def test_an_expired_certificate_is_refused(tmp_path: Path, authority: Authority) -> None:
    authority.issue(tmp_path, days=-1)
    assert _refusal(tmp_path).startswith(f"CHO_TLS_CERT: {tmp_path / 'cert.pem'} expired on 20")


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, authority: Authority) -> None:
    authority.issue(tmp_path)
    key = (tmp_path / "key.pem").read_bytes()
    authority.issue(tmp_path)
    (tmp_path / "key.pem").write_bytes(key)
    assert _refusal(tmp_path).startswith(f"CHO_TLS_KEY: {tmp_path / 'key.pem'} is not the key of ")


def test_a_key_under_a_passphrase_is_refused_without_asking(tmp_path: Path, authority: Authority) -> None:
    authority.issue(tmp_path, passphrase=b"bi mat")
    assert _refusal(tmp_path).startswith("CHO_TLS_KEY: lies under a passphrase")


@pytest.mark.parametrize("name", ["cert.pem", "key.pem"])
def test_a_file_that_is_missing_or_no_pem_is_refused(name: str, tmp_path: Path, authority: Authority) -> None:
    authority.issue(tmp_path)
    (tmp_path / name).write_text("nothing of the kind")
    assert ("holds no certificate" if name == "cert.pem" else "holds no key") in _refusal(tmp_path)
    (tmp_path / name).unlink()
    assert "cannot be read: No such file" in _refusal(tmp_path)


def test_a_certificate_of_no_use_stops_the_start_with_one_line(folder: Path) -> None:
    said = {"CHO_DATA": str(folder / "data"), "CHO_PORT": str(_free_port())}
    said |= {"CHO_TLS_CERT": str(folder / "cert.pem"), "CHO_TLS_KEY": str(folder / "cert.pem")}
    arguments = [sys.executable, str(RUN), "serve"]
    ended = subprocess.run(
        arguments, env={**os.environ, **said}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("error: CHO_TLS_KEY: ")
