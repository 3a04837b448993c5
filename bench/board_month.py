"""The board's month beside an empty page of the same layout, in one process through Flask's test client.

    python -m bench.board_month [STALLS]

Stalls are registered as always; 36 months of day totals, which are all that a month's page reads, are written straight
into their table. Every figure is the median of rounds that take turns.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from ledger.books.model import BOOK, DAY_TOTAL
from ledger.days import local_date, utc_now
from market.access import sessions
from market.access.logins import add_login
from market.access.rights import ENDPOINTS
from market.config import Settings
from market.installation import Installation
from market.markets import add_market, find_market
from market.web.app import create_app, installation
from market.web.desk import enter, page
from merchants.stalls import NewStall, list_stalls, register

MONTHS = 36
ROUNDS = 60


def fill(here: Installation, stalls: int, now: datetime) -> str:
    """A market with its past; gives the token of its board's session."""
    source = random.Random(1)
    rows = [
        NewStall(f"{'ABCDEF'[n % 6]}-{n // 6 + 1:03}", f"Sạp số {n}", "rau quả", "ABCDEF"[n % 6], f"Chủ sạp {n}", "",
                 "970436", f"{n:010}", f"CHU SAP {n}")
        for n in range(stalls)
    ]  # fmt: skip
    today = local_date(now)
    first = (today - timedelta(days=MONTHS * 30.5)).replace(day=1)
    with here.database.writing() as session:
        market = add_market(session, slug="bench", name="Chợ đo tốc độ", target=stalls * 85, now=now)
        register(session, market.id, rows, source=source, now=now)
        for stall in list_stalls(session, market.id):
            days = [
                {
                    "book_id": stall.book_id,
                    "booked_on": first + timedelta(days=day),
                    "market_id": market.id,
                    "cashless_count": source.randrange(1, 6),
                    "cashless_sum": 0,
                    "typed_sum": 0,
                    "cash_sum": 0,
                }
                for day in range((today - first).days + 1)
            ]
            session.connection().execute(insert(DAY_TOTAL), days)
        login = {"name": "bench", "role": "board", "market_id": market.id, "stall_id": None, "password": "not-secret"}
        return sessions.sign_in(session, add_login(session, **login, now=now), now)  # type: ignore[arg-type]


def add_empty_page(app: Flask) -> None:
    """A page of the desk with nothing on it."""
    source = "{% extends 'desk.html' %}{% block main %}<h1>{{ market.name }}</h1>{% endblock %}"
    empty = app.jinja_env.from_string(source)
    # The gate refuses what it does not know.
    ENDPOINTS["empty_page"] = "read_month"

    @app.get("/board/<slug>/empty")
    def empty_page(slug: str) -> str:
        with installation().database.reading() as session:
            return page(session, enter(session, slug), "month", empty)  # type: ignore[arg-type]


def seconds(look: Callable[[], object]) -> float:
    begun = time.perf_counter()
    look()
    return time.perf_counter() - begun


def visitor(client: FlaskClient, address: str) -> Callable[[], int]:
    def look() -> int:
        answer = client.get(address)
        assert answer.status_code == 200, answer.status
        return len(answer.data)

    return look


def main() -> None:
    stalls = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Settings.from_environment({"CHO_DATA": str(Path(folder) / "data")}))
        token = fill(here, stalls, utc_now())
        app = create_app(here)
        add_empty_page(app)
        client = app.test_client()
        client.set_cookie("cho", token)
        empty, month = visitor(client, "/board/bench/empty"), visitor(client, "/board/bench/")
        print(f"{stalls} stalls, {MONTHS} months; the month's page has {month() // 1000} kB, the empty one {empty()} B")
        rounds = [(seconds(empty), seconds(month)) for _ in range(ROUNDS)]
        bare, full = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"empty page {bare * 1000:.2f} ms, month {full * 1000:.2f} ms, ratio {full / bare:.2f}")
        # A payment makes the page out of date.
        after = []
        for _ in range(10):
            with here.database.writing() as session:
                book = list_stalls(session, find_market(session, "bench").id)[0].book_id
                session.connection().execute(update(BOOK).where(BOOK.c.id == book).values(entries=BOOK.c.entries + 1))
            after.append(seconds(month))
        print(f"month after a new payment {statistics.median(after) * 1000:.0f} ms")
        here.database.engine.dispose()


if __name__ == "__main__":
    main()
