"""What `serve` bears: pages a second, half bodies, a stop under a load of webhooks.

    .venv/bin/python -m bench.server [--seconds N] [--connections N]

A market of 400 stalls on SQLite as installed (every commit reaches the disk), served by `run.py serve` as a process of
its own; the callers are threads of this one, on the same machine, so the figures are below what the server alone does.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable

from sqlalchemy import func, select, update

from bench.databases import furnish
from bench.hooks import RUN, SECRET, STALLS, free_port, wait_for
from ledger.books.model import ENTRY
from market.config import Settings
from market.installation import Installation
from market.model import CHANNEL
from market.secret_key import seal


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=16)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cho") as folder:
        port = free_port()
        environment = {"CHO_DATA": folder, "CHO_PORT": str(port)}
        installation = Installation(Settings.from_environment(environment))
        channel = furnish(installation.database, STALLS).id
        with installation.database.writing() as session:
            sealed = seal(installation.key, SECRET)
            session.connection().execute(update(CHANNEL).where(CHANNEL.c.id == channel).values(secret=sealed))
        with subprocess.Popen(
            [sys.executable, str(RUN), "serve"], env={**os.environ, **environment}, stderr=subprocess.DEVNULL
        ) as process:
            try:
                wait_for(port)
                hook = _Hook(port, channel)
                _report("a stall's public page", _Page(port), wanted.connections, wanted.seconds)
                _half_bodies(port)
                _stop_under_load(process, hook, wanted.connections)
                with installation.database.reading() as session:
                    booked = session.connection().execute(select(func.count()).select_from(ENTRY)).scalar_one()
                print(f"{hook.recorded:,} answered as recorded, {booked:,} in the books")
            finally:
                process.kill()
        installation.close()


class _Hook:
    """Posts a payment nobody has told before."""

    def __init__(self, port: int, channel: int) -> None:
        self.port, self.channel = port, channel
        self.recorded = 0
        self._told = 0
        self._lock = threading.Lock()

    def __call__(self, connection: http.client.HTTPConnection) -> int:
        with self._lock:
            self._told += 1
            number = self._told
        body = {
            "id": number,
            "gateway": "Vietcombank",
            "transactionDate": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 7 * 3600)),
            "accountNumber": f"{number % STALLS:010}",
            "content": "chuyen tien",
            "transferType": "in",
            "transferAmount": 50_000,
            "referenceCode": f"FT{number:012}",
        }
        headers = {"Authorization": f"Apikey {SECRET}", "Content-Type": "application/json"}
        connection.request("POST", f"/hooks/{self.channel}", json.dumps(body), headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        if said.get("status") == "recorded":
            with self._lock:
                self.recorded += 1
        return answer.status


class _Page:
    """Asks for a page."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(self, connection: http.client.HTTPConnection) -> int:
        connection.request("GET", "/s/cho/C-001", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        answer.read()
        return answer.status


def _load(
    port: int, ask: Callable[[http.client.HTTPConnection], int], connections: int, ended: Callable[[], bool]
) -> tuple[list[float], list[int], int]:
    """Ask over kept connections until `ended`; gives the waits in seconds, the statuses, and how many were cut off."""
    waits: list[float] = []
    statuses: list[int] = []
    cut: list[int] = []

    def caller() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not ended():
            began = time.perf_counter()
            try:
                statuses.append(ask(connection))
            except ConnectionRefusedError:
                return
            except (OSError, http.client.HTTPException):
                cut.append(1)
                return
            waits.append(time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=caller) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits, statuses, len(cut)


def _report(name: str, ask: _Hook | _Page, connections: int, seconds: float) -> None:
    until = time.perf_counter() + seconds
    waits, statuses, cut = _load(ask.port, ask, connections, lambda: time.perf_counter() > until)
    ninety_nine = statistics.quantiles(waits, n=100)[98]
    others = sum(status != 200 for status in statuses) + cut
    middle = statistics.median(waits)
    print(
        f"{name}, {connections} connections: {len(waits) / seconds:,.0f}/s, median {middle * 1000:.1f} ms,"
        f" p99 {ninety_nine * 1000:.0f} ms; {others} not answered with 200"
    )


def _half_bodies(port: int) -> None:
    halves = []
    for _ in range(200):
        half = socket.create_connection(("127.0.0.1", port))
        half.sendall(b"POST /hooks/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        halves.append(half)
    page = _Page(port)
    waits = []
    for _ in range(50):
        began = time.perf_counter()
        page(http.client.HTTPConnection("127.0.0.1", port, timeout=30))
        waits.append(time.perf_counter() - began)
    for half in halves:
        half.close()
    print(
        f"beside 200 half bodies a page takes {statistics.median(waits) * 1000:.1f} ms, at most {max(waits) * 1000:.0f}"
    )


def _stop_under_load(process: subprocess.Popen[bytes], hook: _Hook, connections: int) -> None:
    stopped: list[float] = []

    def stop() -> None:
        time.sleep(1)
        began = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        stopped.append(time.perf_counter() - began)

    stopping = threading.Thread(target=stop)
    stopping.start()
    waits, statuses, cut = _load(hook.port, hook, connections, lambda: False)
    stopping.join()
    refused = sum(status != 200 for status in statuses)
    print(
        f"SIGTERM under load: ended after {stopped[0]:.1f} s with {process.returncode};"
        f" of {len(waits) + cut} requests {refused} were refused and {cut} cut off"
    )


if __name__ == "__main__":
    main()
