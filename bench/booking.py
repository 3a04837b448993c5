"""Durable payments a second: one commit each, against the floor and against the ORM's way; then many to a commit.

    .venv/bin/python -m bench.booking [--payments N] [--rounds N] [--many N]

Three writers take turns, `--payments` each a round, on a database of their own, with every commit on the disk:

- the service: `merchants.payments.take`, a notice a transaction, as a webhook's page calls it;
- the floor: the very rows that the service wrote (notice, body, two legs, entry, the day's total, the book's head) in
  plain SQL on the bare driver, their values at hand: a statement a table on SQLite, one statement on PostgreSQL, into
  the same tables with the same keys and guards;
- the ORM: one object a row and one commit a payment, told the stall and the parsed notice.

Then `--many` SePay bodies by `payment import`'s own function, the reading of the file included.
"""

import argparse
import gc
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlmodel import Session, SQLModel

from bench.by_orm import write_by_orm
from bench.databases import NOW, furnish, postgresql, sqlite
from ledger.books.model import ENTRY, POSTING
from ledger.inbox.model import NOTICE, NOTICE_BODY
from ledger.inbox.notice import Notice
from ledger.inbox.providers import READERS
from market.db import Database
from market.deliveries import import_bodies
from merchants.payments import Outcome, Source, take
from merchants.stalls import list_stalls

STALLS = 400
TOLD_TWICE = 36
_POSTGRESQL = postgresql_dialect.dialect()  # type: ignore[no-untyped-call]
Delivery = tuple[Notice, bytes]
# A payment as the floor is given it: a table, and the rows for it as the driver itself gave them.
Payment = list[tuple[str, list[tuple[Any, ...]]]]
COLUMNS = {table.name: tuple(table.c.keys()) for table in (NOTICE, NOTICE_BODY, POSTING, ENTRY)} | {
    "day_total": ("book_id", "booked_on", "market_id", "cashless_count", "cashless_sum", "typed_sum", "cash_sum"),
    "book": ("id", "market_id", "entries", "head"),
}
ADDED = {
    "day_total": " ON CONFLICT (book_id, booked_on) DO UPDATE SET cashless_count = day_total.cashless_count"
    " + excluded.cashless_count, cashless_sum = day_total.cashless_sum + excluded.cashless_sum",
    "book": " ON CONFLICT (id) DO UPDATE SET entries = excluded.entries, head = excluded.head",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--payments", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--many", type=int, default=36_000)
    wanted = parser.parse_args()
    deliveries = _deliveries(wanted.payments * wanted.rounds)
    with tempfile.TemporaryDirectory(prefix="cho") as folder:
        path = Path(folder) / "month.jsonl"
        path.write_bytes(b"\n".join(bodies(wanted.many)))
        for name, databases in (("SQLite", sqlite(Path(folder))), ("PostgreSQL", postgresql(Path(folder)))):
            with databases as make:
                print(name)
                _one_by_one(make, deliveries, wanted.payments)
                if wanted.many:
                    _many(make, path)


def _one_by_one(make: Callable[[], Database], deliveries: Sequence[Delivery], size: int) -> None:
    service, plain, objects = _Service(make()), _Floor(make()), _Orm(make())
    spent: list[tuple[float, float, float]] = []
    for start in range(0, len(deliveries), size):
        some = deliveries[start : start + size]
        ours = _timed(service.write, some)
        spent.append((ours, _timed(plain.write, service.written(size)), _timed(objects.write, some)))
    for place, name in enumerate(("the service", "plain SQL", "the ORM")):
        print(f"  {name}: {size / median(each[place] for each in spent):,.0f} payments a second")
    for place, name in ((1, "plain SQL"), (2, "the ORM")):
        ratios = sorted(each[place] / each[0] for each in spent)
        low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
        print(f"  the service to {name}: {median(ratios):.2f} (half of the rounds: {low:.2f} to {high:.2f})")
    for writer in (service, plain, objects):
        writer.database.engine.dispose()


def floor(make: Callable[[], Database], payments: int) -> float:
    """Payments a second that plain SQL writes, one commit each."""
    service, plain = _Service(make()), _Floor(make())
    service.write(_deliveries(payments))
    spent = _timed(plain.write, service.written(payments))
    for writer in (service, plain):
        writer.database.engine.dispose()
    return payments / spent


def _deliveries(count: int) -> list[Delivery]:
    """So many different payments."""
    told = list(dict.fromkeys(bodies(count * 2)))[:count]
    return [(READERS["sepay"](body)[0], body) for body in told]


def _many(make: Callable[[], Database], path: Path) -> None:
    rates = []
    for _ in range(3):
        database = make()
        channel = furnish(database, STALLS)
        start = time.perf_counter()
        summary = import_bodies(database, channel, path, now=NOW)
        rates.append(summary.read / (time.perf_counter() - start))
        assert summary.recorded + summary.duplicates == summary.read
        database.engine.dispose()
    print(f"  a file: {median(rates):,.0f} notices a second ({min(rates):,.0f} to {max(rates):,.0f})")


def bodies(count: int) -> list[bytes]:
    """So many SePay bodies of a month, one in 36 of them told twice."""
    source = random.Random(4)
    told: list[bytes] = []
    for number in range(1, count - count // TOLD_TWICE + 1):
        stall = source.randrange(STALLS)
        at = datetime(2026, 11, 1, 6) + timedelta(days=source.randrange(29), seconds=source.randrange(50_000))  # noqa: DTZ001
        body = {
            "id": number,
            "gateway": "Vietcombank",
            "transactionDate": f"{at:%Y-%m-%d %H:%M:%S}",
            "accountNumber": f"{stall:010}",
            "content": "chuyen tien mua ca",
            "transferType": "in",
            "transferAmount": source.randrange(5_000, 500_000, 1_000),
            "referenceCode": f"FT{number:010}",
        }
        told.append(json.dumps(body).encode())
    told += source.sample(told, count - len(told))
    source.shuffle(told)
    return told


def _timed(write: Callable[[Sequence[Any]], None], what: Sequence[Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    write(what)
    return time.perf_counter() - start


class _Service:
    """Books each delivery in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        channel = furnish(database, STALLS)
        self._source = Source(channel.id, channel.market_id)

    def write(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            outcomes = self.database.write(partial(self._take, delivery))
            assert outcomes[0].status == "recorded"

    def _take(self, delivery: Delivery, session: Session) -> list[Outcome]:
        return take(session, self._source, "hook", [delivery], NOW)

    def written(self, count: int) -> list[Payment]:
        """The rows of the newest payments, the oldest first."""
        with closing(self.database.engine.raw_connection()) as connection:
            cursor = connection.cursor()

            def newest(table: str, key: str, rows: int) -> list[dict[str, Any]]:
                names = COLUMNS[table]
                cursor.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY {key} DESC LIMIT {rows}")  # noqa: S608
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()][::-1]

            notices = newest("notice", "id", count)
            said = newest("notice_body", "notice_id", count)
            legs = newest("posting", "entry_id", 2 * count)
            entries = newest("entry", "id", count)
            connection.rollback()
        payments: list[Payment] = []
        for place, entry in enumerate(entries):
            day = {
                **entry,
                "cashless_count": 1,
                "cashless_sum": notices[place]["amount"],
                "typed_sum": 0,
                "cash_sum": 0,
            }
            book = {"id": entry["book_id"], "market_id": 1, "entries": entry["number"], "head": entry["hash"]}
            rows = {
                "notice": [notices[place]],
                "notice_body": [said[place]],
                "posting": legs[2 * place : 2 * place + 2],
                "entry": [entry],
                "day_total": [day],
                "book": [book],
            }
            payments.append([(name, [tuple(row[c] for c in COLUMNS[name]) for row in rows[name]]) for name in rows])
        return payments


class _Floor:
    """Writes rows that are known already."""

    def __init__(self, database: Database) -> None:
        self.database = database
        furnish(database, STALLS)
        self._is_sqlite = database.engine.dialect.name == "sqlite"

    def write(self, payments: Sequence[Payment]) -> None:
        with closing(self.database.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            for payment in payments:
                if self._is_sqlite:
                    cursor.execute("BEGIN IMMEDIATE")
                    for table, rows in payment:
                        cursor.execute(_insert(table, len(rows)), [value for row in rows for value in row])
                else:
                    values = [value for _, rows in payment for row in rows for value in row]
                    cursor.execute(_at_once(tuple((table, len(rows)) for table, rows in payment)), values)
                connection.commit()


@cache
def _insert(table: str, count: int) -> str:
    row = f"({', '.join('?' * len(COLUMNS[table]))})"
    into = f"INSERT INTO {table} ({', '.join(COLUMNS[table])}) VALUES"
    return f"{into} {', '.join([row] * count)}{ADDED.get(table, '')}"


@cache
def _at_once(counts: tuple[tuple[str, int], ...]) -> str:
    """One statement for all tables, each after the one before it: an entry's guard looks for its legs."""
    said = []
    for place, (table, count) in enumerate(counts):
        kinds = [SQLModel.metadata.tables[table].c[name].type.compile(_POSTGRESQL) for name in COLUMNS[table]]
        row = f"({', '.join(f'CAST(%s AS {kind})' for kind in kinds)})"
        after = f" WHERE (SELECT count(*) FROM part_{place - 1}) >= 0" if place else ""  # noqa: S608
        into = f"INSERT INTO {table} ({', '.join(COLUMNS[table])})"
        rows = f"SELECT * FROM (VALUES {', '.join([row] * count)}) AS row{after}"  # noqa: S608
        said.append(f"part_{place} AS ({into} {rows}{ADDED.get(table, '')} RETURNING 1)")
    return f"WITH {', '.join(said)} SELECT 1"


class _Orm:
    """One object a row and one commit a payment."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._channel = furnish(database, STALLS)
        with database.reading() as session:
            stalls = list_stalls(session, self._channel.market_id)
        self._books = {stall.account_number: stall.book_id for stall in stalls}
        self._entries = 0

    def write(self, deliveries: Sequence[Delivery]) -> None:
        for notice, body in deliveries:
            self._entries += 1
            book = self._books[notice.account_number]
            write_by_orm(self.database, self._channel.id, self._channel.market_id, book, self._entries, notice, body)


if __name__ == "__main__":
    main()
