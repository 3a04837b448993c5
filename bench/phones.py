"""What phones that stay live cost the server: its processor and memory, and how soon a payment is on its stall's phone.

    .venv/bin/python -m bench.phones [--phones N] [--seconds N] [--every SECONDS] [--payments A_SECOND]

A market on SQLite as installed, a phone a stall, each signed in and asking what came in as the pages' script does over
a kept connection, while signed webhooks tell of payments to stalls at random. Each phone must see every payment of its
stall once. The callers share the machine's cores; the server's processor time is read from the system (Linux).
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import update

from bench.databases import furnish
from bench.hooks import RUN, SECRET, free_port, signed, wait_for
from ledger.days import utc_now
from market.access.roster import add_member
from market.access.sessions import sign_in
from market.config import Settings
from market.installation import Installation
from market.model import CHANNEL
from market.secret_key import seal
from merchants.stalls import list_stalls

TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--phones", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=3.0)
    parser.add_argument("--payments", type=float, default=2.0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cho") as folder, ExitStack() as stack:
        environment = {"CHO_DATA": folder, "CHO_PORT": str(free_port())}
        installation = Installation(Settings.from_environment(environment))
        stack.callback(installation.close)
        phones = _sign_in(installation, wanted.phones)
        served = subprocess.Popen(
            [sys.executable, str(RUN), "serve"], env={**os.environ, **environment}, stderr=subprocess.DEVNULL
        )
        stack.callback(served.kill)
        wait_for(int(environment["CHO_PORT"]))
        time.sleep(2)
        asyncio.run(_live(phones, served.pid, int(environment["CHO_PORT"]), wanted))
        served.terminate()
        served.wait(30)


class _Phone:
    """A stall's phone: what it has seen, and when it saw it."""

    def __init__(self, stall_id: int, token: str) -> None:
        self.stall_id = stall_id
        self.seen: Counter[int] = Counter()
        self.at: dict[int, float] = {}
        self.waits: list[float] = []
        self._token = token
        self._after = "0"

    async def look(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = f"/stall/payments?stall={self.stall_id}&after={self._after}"
        began = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: cho={self._token}\r\n\r\n".encode())
        answer = await _answer(reader)
        now = time.perf_counter()
        self.waits.append(now - began)
        if not answer:
            # Nothing came in.
            return
        said = json.loads(answer)
        self._after = said["next"]
        for payment in said["payments"]:
            # Each bench payment has an amount of its own.
            self.seen[payment["amount"]] += 1
            self.at[payment["amount"]] = now


def _sign_in(installation: Installation, count: int) -> list[_Phone]:
    market_id = furnish(installation.database, count).market_id
    now = utc_now()
    with installation.database.writing() as session:
        session.connection().execute(update(CHANNEL).values(provider="generic", secret=seal(installation.key, SECRET)))
        phones = []
        for stall in list_stalls(session, market_id):
            login = add_member(session, market_id=market_id, called="", role="stallholder", stall_id=stall.id, now=now)
            phones.append(_Phone(stall.id, sign_in(session, login, now)))
    return phones


async def _live(phones: list[_Phone], pid: int, port: int, wanted: argparse.Namespace) -> None:
    ends = time.perf_counter() + wanted.seconds
    before = _spent(pid)
    begun = time.perf_counter()
    told: dict[int, tuple[int, float]] = {}
    looking = [asyncio.create_task(_look(phone, port, ends + 2 * wanted.every, wanted.every)) for phone in phones]
    await _tell(phones, port, told, ends, 1 / wanted.payments)
    await asyncio.gather(*looking)
    lasted = time.perf_counter() - begun
    spent = _spent(pid) - before
    missed = [amount for amount, (phone, _) in told.items() if phones[phone].seen[amount] != 1]
    assert not missed, f"{len(missed)} payments were missed or seen twice"
    assert sum(phone.seen.total() for phone in phones) == len(told), "a phone saw another stall's payment"
    looks = [wait for phone in phones for wait in phone.waits]
    late = [phones[phone].at[amount] - at for amount, (phone, at) in told.items()]
    print(
        f"{len(phones)} phones, a look every {wanted.every:g} s: {len(looks) / lasted:,.0f} looks a second,"
        f" {_said(looks)}; {100 * spent / lasted:.0f} % of one core, {_memory(pid):.0f} MB;"
        f" {len(told)} payments, each seen once by its stall, {_said(late)} after the webhook's answer"
    )


async def _look(phone: _Phone, port: int, ends: float, every: float) -> None:
    # Phones are not opened at one instant.
    await asyncio.sleep(random.uniform(0, every))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < ends:
        await phone.look(reader, writer)
        await asyncio.sleep(every * random.uniform(0.9, 1.1))
    writer.close()


async def _tell(phones: list[_Phone], port: int, told: dict[int, tuple[int, float]], ends: float, pause: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while time.perf_counter() < ends:
        number += 1
        place = random.randrange(len(phones))
        amount = 10_000 + number
        writer.write(signed("/hooks/1", number, account=f"{place:010}", amount=amount))
        said = json.loads(await _answer(reader))
        assert said["status"] == "recorded", said
        told[amount] = place, time.perf_counter()
        await asyncio.sleep(pause)
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    return await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))


def _said(waits: list[float]) -> str:
    cuts = statistics.quantiles(waits, n=100)
    return f"p50 {cuts[49] * 1000:,.0f} ms, p99 {cuts[98] * 1000:,.0f} ms"


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _spent(pid: int) -> float:
    """Seconds of processor that a process and those it began have used."""
    fields: list[Any] = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in _family(pid)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICK


def _memory(pid: int) -> float:
    """Their resident memory, in MB."""
    pages = sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in _family(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


if __name__ == "__main__":
    main()
