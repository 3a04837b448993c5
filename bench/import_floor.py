"""A month's deliveries through `payment import`, against one ORM object a row and one commit a payment.

    .venv/bin/python -m bench.import_floor [--deliveries N] [--rounds N]

36,000 SePay bodies of 400 stalls, one in 36 told twice, on SQLite and on PostgreSQL (both as installed: every commit
reaches the disk), each round on a database of its own. The floor is given the stall and the parsed notice, and writes
the rows that the import writes: notice, body, legs, entry, the day's total, the book's head. It is run on a sample and
scaled up.
"""

import argparse
import json
import random
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlmodel import Session, select

from bench.databases import NOW, furnish, postgresql, sqlite
from ledger.books.chain import FORM, entry_hash
from ledger.books.correct import sale_legs
from ledger.books.model import Book, DayTotal, Entry, Posting
from ledger.inbox.model import NoticeBody, NoticeRow
from ledger.inbox.notice import Notice, digest
from market.db import Database
from market.deliveries import import_bodies, read_bodies
from merchants.stalls import list_stalls

STALLS = 400
TOLD_TWICE = 36
SAMPLE = 600


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--deliveries", type=int, default=36_000)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cho") as folder:
        path = Path(folder) / "month.jsonl"
        path.write_bytes(b"\n".join(_bodies(wanted.deliveries)))
        for name, databases in (("SQLite", sqlite(Path(folder))), ("PostgreSQL", postgresql(Path(folder)))):
            with databases as make:
                rounds = [(_import(make(), path), _floor(make(), path)) for _ in range(wanted.rounds)]
            ours, floor = (median(round_[place] for round_ in rounds) for place in (0, 1))
            ratios = sorted(each_floor / each for each, each_floor in rounds)
            print(
                f"{name}: {wanted.deliveries:,} deliveries in {ours:.1f} s ({wanted.deliveries / ours:,.0f}/s),"
                f" floor {floor:.1f} s; ratio {median(ratios):.1f} (from {ratios[0]:.1f} to {ratios[-1]:.1f})"
            )


def _bodies(count: int) -> list[bytes]:
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


def _import(database: Database, path: Path) -> float:
    channel = furnish(database, STALLS)
    start = time.perf_counter()
    summary = import_bodies(database, channel, path, now=NOW)
    spent = time.perf_counter() - start
    assert summary.recorded + summary.duplicates == summary.read
    database.engine.dispose()
    return spent


def _floor(database: Database, path: Path) -> float:
    channel = furnish(database, STALLS)
    deliveries, _ = read_bodies(path, "sepay")
    with database.reading() as session:
        books = {
            stall.account_number: (stall.market_id, stall.book_id) for stall in list_stalls(session, channel.market_id)
        }
    sample = list({notice.event_id: (notice, body) for notice, body in deliveries[:SAMPLE]}.values())
    start = time.perf_counter()
    for number, (notice, body) in enumerate(sample, 1):
        _write(database, channel.id, *books[notice.account_number], number, notice, body)
    spent = time.perf_counter() - start
    database.engine.dispose()
    return spent / len(sample) * len(deliveries)


def _write(
    database: Database, channel_id: int, market_id: int, book_id: int, entry_id: int, notice: Notice, body: bytes
) -> None:
    """One payment, one object a row, one commit."""
    said: dict[str, Any] = {
        "event_id": notice.event_id,
        "account_number": notice.account_number,
        "bank": notice.bank,
        "amount": notice.amount,
        "direction": notice.direction,
        "bank_reference": notice.bank_reference,
        "at": notice.at,
        "local_date": notice.local_date,
    }
    sealed = digest(channel_id=channel_id, feed="hook", **said)
    legs = sale_legs("bank", notice.amount)
    with Session(database.engine) as session:
        row = NoticeRow(
            **said,
            market_id=market_id,
            channel_id=channel_id,
            feed="hook",
            received_at=NOW,
            digest=sealed,
            status="recorded",
            same_as=None,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        session.add(
            NoticeBody(
                notice_id=row.id,
                digest=sealed,
                market_id=market_id,
                body=body,
                memo=notice.memo,
                payer_name="",
                payer_account="",
                received_at=NOW,
            )
        )
        for account, amount in legs.items():
            session.add(Posting(entry_id=entry_id, account=account, market_id=market_id, amount=amount))
        session.flush()
        book = session.exec(select(Book).where(Book.id == book_id)).one()
        book.entries += 1
        described: dict[str, Any] = {
            "market_id": market_id,
            "book_id": book_id,
            "number": book.entries,
            "kind": "payment",
            "origin": "payment",
            "counted": 1,
            "booked_on": notice.local_date,
            "occurred_at": notice.at,
            "recorded_at": NOW,
            "notice_id": row.id,
            "turn": 1,
            "step": None,
            "client_key": None,
            "login_id": None,
            "previous": book.head,
        }
        book.head = entry_hash(
            **described,
            legs=legs,
            notice_digest=sealed,
            concerned_number=None,
            confirmed_number=None,
        )
        session.add(Entry(**described, id=entry_id, concerns=None, confirms=None, form=FORM, hash=book.head))
        day = session.get(DayTotal, (book_id, notice.local_date))
        if day is None:
            day = DayTotal(
                book_id=book_id,
                booked_on=notice.local_date,
                market_id=market_id,
                cashless_count=0,
                cashless_sum=0,
                typed_sum=0,
                cash_sum=0,
            )
        day.cashless_count += 1
        day.cashless_sum += notice.amount
        session.add_all([book, day])
        session.commit()


if __name__ == "__main__":
    main()
