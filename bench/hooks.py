"""Signed webhooks through HTTP, beside an empty Flask view on the same server and beside the floor of plain SQL.

    .venv/bin/python -m bench.hooks [--seconds N] [--connections N …] [--postgresql]

A market of 400 stalls, served by `run.py serve` as installed (every commit on the disk, every check on): each call is
a new payment of the documented `generic` provider, signed with HMAC. The empty view reads a body of the same length and
answers as much, in a process of its own under `market.serve`'s settings of waitress. The two take turns. The callers
are threads of this process, on the same cores, so all figures are below what the server alone does. The floor
(`bench.booking`) is measured in between.
"""

import argparse
import hashlib
import hmac
import itertools
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select, update

from bench.booking import floor
from bench.databases import furnish, postgresql, sqlite
from ledger.books.model import ENTRY
from ledger.days import stamp, utc_now
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.model import CHANNEL
from market.secret_key import seal
from market.serve import made_server

RUN = Path(__file__).resolve().parents[1] / "run.py"
SECRET = "khoa-thu-nghiem"  # noqa: S105
STALLS = 400


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--postgresql", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cho") as folder, ExitStack() as stack:
        make = stack.enter_context((postgresql if wanted.postgresql else sqlite)(Path(folder)))
        url = make().engine.url.render_as_string(hide_password=False)
        environment = {"CHO_DATA": folder, "CHO_PORT": str(free_port()), "CHO_DATABASE_URL": url}
        installation = Installation(Settings.from_environment(environment))
        stack.callback(installation.close)
        hook = _Hook(_signed_channel(installation), int(environment["CHO_PORT"]))
        empty = _Empty(free_port())
        served = subprocess.Popen(
            [sys.executable, str(RUN), "serve"], env={**os.environ, **environment}, stderr=subprocess.DEVNULL
        )
        stack.callback(served.kill)
        idle = multiprocessing.get_context("spawn").Process(
            target=serve_empty, args=(installation.settings, empty.port), daemon=True
        )
        idle.start()
        stack.callback(idle.kill)
        for port in (hook.port, empty.port):
            wait_for(port)
        _compare(hook, empty, make, wanted.connections, wanted.rounds, wanted.seconds)
        with installation.database.reading() as session:
            booked = session.connection().execute(select(func.count()).select_from(ENTRY)).scalar_one()
        print(f"{hook.recorded:,} answered as recorded, {booked:,} in the books")


def _compare(
    hook: "_Hook",
    empty: "_Empty",
    make: Callable[[], Database],
    connections: list[int],
    rounds: int,
    seconds: float,
) -> None:
    _load(hook, 8, 1.0)
    for count in connections:
        waits: list[float] = []
        nothing: list[float] = []
        shares: list[float] = []
        for _ in range(rounds):
            some = _load(hook, count, seconds)
            waits += some
            nothing += _load(empty, count, seconds)
            shares.append(len(some) / seconds / floor(make, 300))
        print(
            f"{count} connections: {_said(waits, rounds * seconds)}; empty view {_said(nothing, rounds * seconds)};"
            f" {len(waits) / len(nothing):.2f} of it, {statistics.median(shares):.2f} of the floor"
        )


def _said(waits: list[float], seconds: float) -> str:
    cuts = statistics.quantiles(waits, n=100)
    return f"{len(waits) / seconds:,.0f}/s, p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms"


class _Hook:
    """Tells of a payment that nobody has told before."""

    def __init__(self, channel: int, port: int) -> None:
        self.port = port
        self.recorded = 0
        self._path = f"/hooks/{channel}"
        self._numbers = itertools.count(1)

    def request(self) -> bytes:
        number = next(self._numbers)
        return signed(self._path, number, account=f"{number % STALLS:010}", amount=50_000)

    def check(self, answer: bytes) -> None:
        assert json.loads(answer)["status"] == "recorded", answer
        self.recorded += 1


class _Empty:
    """Tells an empty view as much."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._request = _post("/", b"x" * 200, "X-Cho-Timestamp: 1\r\nX-Cho-Signature: sha256=1\r\n")

    def request(self) -> bytes:
        return self._request

    def check(self, answer: bytes) -> None:
        assert json.loads(answer)["success"], answer


def serve_empty(settings: Settings, port: int) -> None:
    """Serve an application that does nothing, as `serve` would."""
    from flask import Flask, Response, jsonify, request
    from waitress.wasyncore import loop

    app = Flask("empty")

    @app.post("/")
    def nothing() -> Response:
        request.get_data()
        return jsonify(success=True, status="recorded")

    sockets: dict[int, object] = {}
    made_server(replace(settings, port=port), app, sockets)
    while True:
        loop(timeout=0.5, use_poll=True, map=sockets, count=1)


def signed(path: str, number: int, *, account: str, amount: int) -> bytes:
    """A call of the `generic` provider, a request as it goes over the wire."""
    body = json.dumps(
        {
            "id": str(number),
            "account_number": account,
            "bank": "VCB",
            "amount": amount,
            "direction": "in",
            "at": stamp(utc_now()),
            "bank_reference": f"FT{number:012}",
            "memo": "chuyen tien mua ca",
        }
    ).encode()
    now = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), now.encode() + b"." + body, hashlib.sha256).hexdigest()
    return _post(path, body, f"X-Cho-Timestamp: {now}\r\nX-Cho-Signature: sha256={signature}\r\n")


def _post(path: str, body: bytes, headers: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    return f"{head}{headers}\r\n".encode() + body


def _load(told: _Hook | _Empty, connections: int, seconds: float) -> list[float]:
    """The waits, in seconds, of callers that each keep a connection and ask again when they are answered."""
    waits: list[float] = []
    failed: list[BaseException] = []
    until = time.perf_counter() + seconds

    def caller() -> None:
        try:
            with socket.create_connection(("127.0.0.1", told.port)) as connection:
                while time.perf_counter() < until:
                    request = told.request()
                    began = time.perf_counter()
                    connection.sendall(request)
                    answer = _answer(connection)
                    waits.append(time.perf_counter() - began)
                    told.check(answer)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=caller) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return waits


def _answer(connection: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65_536)
    head, _, body = read.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return body


def _signed_channel(installation: Installation) -> int:
    channel = furnish(installation.database, STALLS).id
    with installation.database.writing() as session:
        session.connection().execute(
            update(CHANNEL)
            .where(CHANNEL.c.id == channel)
            .values(provider="generic", secret=seal(installation.key, SECRET))
        )
    return channel


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until something listens."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("nothing is served")


if __name__ == "__main__":
    main()
