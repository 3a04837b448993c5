"""Serving, as a real process where the process matters."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from waitress.server import create_server
from waitress.wasyncore import loop

from market import serve
from market.config import Settings
from market.serve import MOST_WAITING, _finish, _Patience, _Shedding, made_server

RUN = Path(__file__).resolve().parents[2] / "run.py"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _status(port: int, path: str = "/signin", timeout: float = 30) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as answer:
        answer.read()
        return int(answer.status)


def _wait_until_served(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            _status(port)
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("nothing was served within a minute")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running `serve` and its port."""
    port = _free_port()
    environment = {**os.environ, "CHO_DATA": str(tmp_path / "dữ liệu"), "CHO_PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, str(RUN), "serve"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _wait_until_served(port)
            yield process, port
        finally:
            process.kill()


def test_others_are_answered_while_two_hundred_stop_in_the_middle_of_a_body(
    served: tuple[subprocess.Popen[str], int],
) -> None:
    _, port = served
    halves = []
    for _ in range(200):
        half = socket.create_connection(("127.0.0.1", port))
        half.sendall(b"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nlogin=a")
        halves.append(half)
    assert _status(port) == 200
    for half in halves:
        half.close()


def test_headers_of_64_kilobytes_are_refused_and_hold_nobody_up(served: tuple[subprocess.Popen[str], int]) -> None:
    _, port = served
    many = []
    for _ in range(20):
        visitor = socket.create_connection(("127.0.0.1", port))
        visitor.sendall(b"GET /signin HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 65_536)
        many.append(visitor)
    assert _status(port) == 200
    for visitor in many:
        visitor.settimeout(30)
        assert visitor.recv(100).split(b" ")[1] == b"431"
        visitor.close()


def test_a_worker_that_is_killed_is_replaced(served: tuple[subprocess.Popen[str], int]) -> None:
    process, port = served
    children = psutil.Process(process.pid).children()
    (worker,) = [child for child in children if any("spawn_main" in word for word in child.cmdline())]
    worker.kill()
    worker.wait(30)
    time.sleep(0.3)
    _wait_until_served(port)


def test_a_worker_whose_supervisor_is_killed_leaves_the_port(served: tuple[subprocess.Popen[str], int]) -> None:
    process, port = served
    process.kill()
    process.wait(30)
    for _ in range(300):
        try:
            _status(port)
        except OSError:
            break
        time.sleep(0.1)
    with socket.socket() as next_one:
        next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        next_one.bind(("127.0.0.1", port))


def test_sigterm_ends_it_with_exit_code_0(served: tuple[subprocess.Popen[str], int]) -> None:
    process, _ = served
    process.terminate()
    assert process.wait(30) == 0


def test_a_port_in_use_is_one_line_and_exit_code_1(served: tuple[subprocess.Popen[str], int], tmp_path: Path) -> None:
    _, port = served
    environment = {**os.environ, "CHO_DATA": str(tmp_path / "another"), "CHO_PORT": str(port)}
    second = subprocess.run(
        [sys.executable, str(RUN), "serve"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 1
    assert second.stderr.splitlines()[-1] == (
        f"error: CHO_PORT: port {port} is in use; stop the other program, or name another port"
    )


def test_the_code_of_the_first_run_stands_on_the_console(served: tuple[subprocess.Popen[str], int]) -> None:
    process, _ = served
    process.terminate()
    assert process.stderr is not None
    assert "type the code " in process.stderr.read()


def _slow_server() -> tuple[threading.Event, dict[int, Any], Any]:
    """A server whose answers take a while, the event that says one was begun, and the server's sockets."""
    begun = threading.Event()

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begun.set()
        time.sleep(0.4)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    sockets: dict[int, Any] = {}
    return begun, sockets, create_server(slow, map=sockets, host="127.0.0.1", port=0, threads=1)


def test_a_request_in_hand_is_answered_before_the_end() -> None:
    begun, sockets, server = _slow_server()
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(_status(server.effective_port)))
    asking.start()
    while not begun.is_set():
        loop(timeout=0.05, map=sockets, count=1)
    _finish(sockets)
    asking.join(30)
    server.task_dispatcher.shutdown()
    for each in list(sockets.values()):
        each.close()
    assert answers == [200]


def test_a_kept_connection_is_closed_with_the_last_answer() -> None:
    begun, sockets, server = _slow_server()
    said: list[str | None] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=30)
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        said.append(answer.headers["Connection"])

    asking = threading.Thread(target=ask)
    asking.start()
    while not begun.is_set():
        loop(timeout=0.05, map=sockets, count=1)
    _finish(sockets)
    asking.join(30)
    server.task_dispatcher.shutdown()
    for each in list(sockets.values()):
        each.close()
    assert said == ["close"]


@contextmanager
def _turning(tmp_path: Path, most: int) -> Iterator[int]:
    """A server that takes few visitors, in a thread of its own; gives its port."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    port = _free_port()
    settings = Settings.from_environment({"CHO_DATA": str(tmp_path), "CHO_HOST": "127.0.0.1", "CHO_PORT": str(port)})
    sockets: dict[int, Any] = {}
    server = made_server(settings, app, sockets, most)
    patience = _Patience(sockets, most)
    ending = threading.Event()

    def turn() -> None:
        while not ending.is_set():
            loop(timeout=0.02, use_poll=True, map=sockets, count=1)
            patience.end()

    turning = threading.Thread(target=turn)
    turning.start()
    try:
        yield port
    finally:
        ending.set()
        turning.join()
        server.task_dispatcher.shutdown()
        for each in list(sockets.values()):
            each.close()


def _drip(visitor: socket.socket, drop: bytes, times: int) -> bool:
    """Whether the visitor may say a little again and again."""
    try:
        for _ in range(times):
            visitor.sendall(drop)
            time.sleep(0.05)
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("within", "begun"),
    [
        ("HEAD_WITHIN", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: "),
        ("BODY_WITHIN", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"),
    ],
    ids=["head", "body"],
)
def test_what_never_ends_is_hung_up_on_however_often_a_byte_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, within: str, begun: bytes
) -> None:
    monkeypatch.setattr(serve, within, 0.5)
    with _turning(tmp_path, 100) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as visitor:
        visitor.sendall(begun)
        assert not _drip(visitor, b"x", 100)


def test_a_body_that_comes_as_fast_as_a_bad_line_brings_it_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "BODY_WITHIN", 0.5)
    with _turning(tmp_path, 100) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as visitor:
        visitor.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
        assert _drip(visitor, b"x" * 2_000, 30)
        assert visitor.recv(100).split(b" ")[1] == b"200"


def test_a_visitor_is_answered_while_more_than_there_is_room_for_say_half_a_request(tmp_path: Path) -> None:
    with _turning(tmp_path, 40) as port:
        halves = []
        for _ in range(100):
            half = socket.create_connection(("127.0.0.1", port), timeout=30)
            half.sendall(b"GET / HTTP/1.1\r\nX-Long: ")
            halves.append(half)
        assert [_status(port, timeout=5) for _ in range(5)] == [200] * 5
        for half in halves:
            half.close()


def test_a_visitor_is_answered_while_more_than_there_is_room_for_say_nothing(tmp_path: Path) -> None:
    with _turning(tmp_path, 40) as port:
        silent = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(100)]
        assert _status(port, timeout=5) == 200
        for each in silent:
            each.close()


def _answered_with(waiting: int) -> tuple[str, dict[str, str]]:
    said: list[tuple[str, dict[str, str]]] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return []

    shedding = _Shedding(app)
    shedding.waiting = range(waiting)
    shedding({}, lambda status, headers: said.append((status, dict(headers))))
    return said[0]


def test_a_full_machine_says_when_to_come_back() -> None:
    status, headers = _answered_with(MOST_WAITING + 1)
    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "5")


def test_a_machine_that_keeps_up_turns_nobody_away() -> None:
    assert _answered_with(MOST_WAITING)[0] == "200 OK"
