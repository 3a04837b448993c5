"""`month_report` with one month behind it and with three years behind it.

    .venv/bin/python -m bench.report_month [--stalls N] [--months N]

Every stall has a payment on every other day, booked through the same functions as any; the report of the newest month
is read from both databases in turn. What matters is the ratio: one, if the report does not care how old a market is.
"""

import argparse
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import text

from bench.databases import NOW, furnish, postgresql, sqlite
from ledger.days import Month, local_date
from ledger.inbox.notice import Notice
from market.db import Database
from market.markets import find_market
from market.reports import month_report
from merchants.payments import take

BATCH = 500
READINGS = 60
NEWEST = Month.of(local_date(NOW))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stalls", type=int, default=200)
    parser.add_argument("--months", type=int, default=36)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cho") as folder:
        for name, databases in (("SQLite", sqlite(Path(folder))), ("PostgreSQL", postgresql(Path(folder)))):
            with databases as make:
                young, old = make(), make()
                for database, months in ((young, 1), (old, wanted.months)):
                    _fill(database, wanted.stalls, months)
                spent = [(_read(young), _read(old)) for _ in range(READINGS)]
                for database in (young, old):
                    database.engine.dispose()
            one, many = (median(reading[place] for reading in spent) for place in (0, 1))
            print(
                f"{name}, {wanted.stalls} stalls: {one * 1000:.1f} ms with 1 month behind it,"
                f" {many * 1000:.1f} ms with {wanted.months}; ratio {many / one:.2f}"
            )


def _fill(database: Database, stalls: int, months: int) -> None:
    channel = furnish(database, stalls)
    first = NEWEST.first
    for _ in range(months - 1):
        first = Month.of(first - timedelta(days=1)).first
    days = [first + timedelta(days=number) for number in range(0, (NEWEST.last - first).days + 1, 2)]
    deliveries = [(_notice(stall, day), b"{}") for day in days for stall in range(stalls)]
    for start in range(0, len(deliveries), BATCH):
        with database.writing() as session:
            take(session, channel.source, "hook", deliveries[start : start + BATCH], NOW)
    if database.engine.dialect.name == "postgresql":
        # As it does by itself, sooner or later; SQLite does not.
        with database.writing() as session:
            session.connection().execute(text("ANALYZE"))


def _notice(stall: int, day: date) -> Notice:
    return Notice(
        event_id=f"{stall} {day}",
        account_number=f"{stall:010}",
        bank="Vietcombank",
        amount=50_000,
        direction="in",
        bank_reference=f"FT{stall} {day}",
        at=datetime(day.year, day.month, day.day, 3, tzinfo=UTC),
        local_date=day,
    )


def _read(database: Database) -> float:
    start = time.perf_counter()
    with database.reading() as session:
        report = month_report(session, find_market(session, "cho"), NEWEST)
    spent = time.perf_counter() - start
    assert report.transactions == 15 * report.stalls_registered
    return spent


if __name__ == "__main__":
    main()
