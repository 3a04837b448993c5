"""A market that a real process serves, and providers who tell it of payments until they are answered."""

import http.client
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from ledger.books.model import ENTRY
from ledger.books.verify import verify
from ledger.days import utc_now
from ledger.inbox.model import NOTICE
from market.channels import add_channel
from market.config import Settings
from market.db import Database
from market.installation import Installation
from market.markets import add_market, find_market
from market.secret_key import seal
from merchants.stalls import NewStall, register

RUN = Path(__file__).resolve().parents[2] / "run.py"
SECRET = "khoa-cua-kenh"


@dataclass
class Served:
    """A market's one channel, on a database of the test's own. `environment` is what its processes are given."""

    database: Database
    environment: dict[str, str]
    port: int
    channel: int
    process: "subprocess.Popen[bytes] | None" = None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        arguments = [sys.executable, str(RUN), "serve"]
        self.process = subprocess.Popen(
            arguments, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < until, "nothing was served within a minute"
                time.sleep(0.05)

    def kill(self, *, worker_only: bool = False) -> None:
        """SIGKILL for the worker, or for everything at once."""
        assert self.process is not None
        supervisor = psutil.Process(self.process.pid)
        children = supervisor.children(recursive=True)
        workers = [child for child in children if any("spawn_main" in word for word in child.cmdline())]
        for each in workers if worker_only else [supervisor, *children]:
            each.kill()
        if not worker_only:
            self.process.wait()
            psutil.wait_procs(children, timeout=10)

    def body(self) -> bytes:
        """A new payment of its own number of đồng, as SePay tells it."""
        number = next(self.numbers)
        return json.dumps(
            {
                "id": number,
                "gateway": "Vietcombank",
                "transactionDate": "2026-11-24 08:00:00",
                "accountNumber": "0123499999",
                "content": "tien ca",
                "transferType": "in",
                "transferAmount": 1000 + number,
                "referenceCode": f"FT{number}",
            }
        ).encode()

    def tell(self, body: bytes) -> tuple[int, str]:
        """One delivery: the answer's status, and what became of the payment; (0, "") where nobody answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(
                "POST",
                f"/hooks/{self.channel}",
                body,
                {"Authorization": f"Apikey {SECRET}", "Content-Type": "application/json"},
            )
            answer = connection.getresponse()
            said = json.loads(answer.read())
            return answer.status, said.get("status", "")
        except (OSError, http.client.HTTPException, ValueError):
            return 0, ""
        finally:
            connection.close()

    def insist(self, body: bytes) -> None:
        """Tell until it is acknowledged, as a provider does."""
        until = time.monotonic() + 120
        while self.tell(body)[0] != 200:
            assert time.monotonic() < until, "a payment was not acknowledged within two minutes"
            time.sleep(0.05)

    @contextmanager
    def pouring(self, senders: int = 8) -> Iterator[list[bytes]]:
        """Payments pour in meanwhile; gives the list of those acknowledged, complete at the end."""
        told: list[bytes] = []
        failed: list[BaseException] = []
        ending = threading.Event()

        def send(seed: int) -> None:
            chance = random.Random(seed)
            try:
                while not ending.is_set():
                    body = self.body()
                    self.insist(body)
                    told.append(body)
                    if chance.random() < 0.2:
                        self.insist(chance.choice(told))
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(senders)]
        for thread in threads:
            thread.start()
        try:
            yield told
        finally:
            ending.set()
            for thread in threads:
                thread.join()
        assert failed == []

    def books_hold(self, told: list[bytes]) -> None:
        """Each of these payments, and no other, is in the books, once."""
        with self.database.reading() as session:
            rows = session.connection().execute(
                select(NOTICE.c.event_id, NOTICE.c.amount).join(ENTRY, ENTRY.c.notice_id == NOTICE.c.id)
            )
            booked = sorted((row.event_id, row.amount) for row in rows)
        said = [json.loads(body) for body in told]
        assert booked == sorted((str(each["id"]), each["transferAmount"]) for each in said)
        with self.database.reading() as session:
            found = verify(session)
        assert (found.entries, found.findings) == (len(told), [])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def market_to_serve(database: Database, url: str, folder: Path) -> Iterator[Served]:
    """A market with one stall and one channel, not served yet; what runs at the end is killed."""
    port = _free_port()
    said = {"CHO_DATA": str(folder / "data"), "CHO_DATABASE_URL": url, "CHO_PORT": str(port)}
    installation = Installation(Settings.from_environment(said))
    installation.make_folder()
    now = utc_now()
    with database.writing() as session:
        add_market(session, slug="ben-song", name="Chợ Bến Sông", now=now)
        market = find_market(session, "ben-song")
        stall = NewStall("C-01", "Sạp Hương", "", "", "", "", "970436", "0123499999", "")
        register(session, market.id, [stall], source=random.Random(1), now=now)
        channel = add_channel(
            session,
            provider="sepay",
            market_id=market.id,
            stall_id=None,
            auth="apikey",
            sealed_secret=seal(installation.key, SECRET),
            now=now,
        )
    served = Served(database, {**os.environ, **said}, port, channel)
    try:
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.kill()


def command(served: Served, *arguments: Any) -> "subprocess.Popen[bytes]":
    """One command of the program, running."""
    return subprocess.Popen(
        [sys.executable, str(RUN), *map(str, arguments)],
        env=served.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
