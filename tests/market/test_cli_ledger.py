"""`ledger`: checking the books, and taking them out of the house without an amount."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from market.access.model import AUDIT
from market.db import Database
from merchants.consents import VERSION, record_consent
from merchants.payments import Source
from merchants.stalls import StallRow

IN_MARKET = ("--market", "ben-song")
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def books(
    cho: Any,
    huong: StallRow,
    tu: StallRow,
    channel: Source,
    sepay_body: Callable[..., bytes],
    write: Callable[..., Path],
) -> None:
    """An October payment to anh Tư, and a November one to chị Hương that was taken back."""
    path = write(
        sepay_body(accountNumber=tu.account_number, gateway="MBBank", transactionDate="2026-10-31 23:59:59"),
        sepay_body(transactionDate="2026-11-01 00:00:00"),
    )
    cho.done("payment", "import", path, "--channel", channel.channel_id)
    by_code = {row["stall"]: row["entry"] for row in _export(cho)}
    cho.done("payment", "reverse", by_code["C-01"], "--reason", "money went back, 50000 of it")


def _export(cho: Any, *options: str) -> list[dict[str, str]]:
    path = Path(cho.folder) / "entries.csv"
    said = cho.done("ledger", "export", *IN_MARKET, *options, "-o", path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert (said.out, said.err) == ("", f"{len(rows)} entries in {path}\n")
    return rows


def test_whole_books_verify(cho: Any, books: None) -> None:
    assert cho.json("ledger", "verify") == {"ok": True, "books": 2, "entries": 3, "findings": []}
    assert cho.done("ledger", "verify").out == "2 books, 3 entries: every invariant holds\n"


def test_an_installation_without_a_market_verifies(cho: Any) -> None:
    assert cho.json("ledger", "verify") == {"ok": True, "books": 0, "entries": 0, "findings": []}


def test_a_wrong_day_total_is_told_with_the_stall(cho: Any, books: None, tu: StallRow, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE day_total SET cashless_count = 2 WHERE book_id = {tu.book_id}"))
    said = cho("ledger", "verify", "--json")
    document = json.loads(said.out)
    (finding,) = document["findings"]
    assert (said.code, document["ok"]) == (1, False)
    assert (finding["market"], finding["stall"], finding["entry"]) == ("ben-song", "G-02", None)
    assert set(finding) == {"check", "market", "stall", "entry", "message"}

    said = cho("ledger", "verify")
    (line,) = said.out.splitlines()
    assert line.startswith(f"{finding['check']}: market ben-song, stall G-02: ")
    assert (said.code, said.err) == (1, "2 books, 3 entries: 1 findings\n")


@on_sqlite
def test_a_missing_guard_is_a_finding(cho: Any, books: None, engine: Engine) -> None:
    with engine.begin() as connection:
        guards = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        connection.execute(text(f"DROP TRIGGER {guards[0]}"))
    said = cho("ledger", "verify")
    assert said.code == 1
    assert guards[0] in said.out


def test_the_export_has_every_entry_by_book_and_number_and_no_amount(cho: Any, books: None) -> None:
    rows = _export(cho)
    assert list(rows[0]) == [
        "stall",
        "number",
        "entry",
        "kind",
        "booked_on",
        "occurred_at",
        "recorded_at",
        "concerns",
        "hash",
    ]
    assert [(row["stall"], row["number"], row["kind"], row["booked_on"]) for row in rows] == [
        ("C-01", "1", "payment", "2026-11-01"),
        ("C-01", "2", "reversal", "2026-11-01"),
        ("G-02", "1", "payment", "2026-10-31"),
    ]
    assert [row["concerns"] for row in rows] == ["", rows[0]["entry"], ""]
    assert {row["recorded_at"] for row in rows} == {"2026-11-24T01:00:00.000000Z"}
    assert (rows[0]["occurred_at"], rows[2]["occurred_at"]) == (
        "2026-10-31T17:00:00.000000Z",
        "2026-10-31T16:59:59.000000Z",
    )
    assert len({row["hash"] for row in rows} - {""}) == 3
    assert "50000" not in (Path(cho.folder) / "entries.csv").read_text()


def test_the_amounts_of_stalls_that_share_them_are_in_the_export_and_no_others(
    cho: Any, books: None, huong: StallRow, tu: StallRow, database: Database
) -> None:
    with database.writing() as session:
        for stall, at in ((huong, datetime(2026, 11, 1, tzinfo=UTC)), (tu, datetime(2026, 11, 1, tzinfo=UTC))):
            record_consent(
                session,
                market_id=stall.market_id,
                stall_id=stall.id,
                given=True,
                text_version=VERSION,
                login_id=1,
                now=at,
            )
    # Anh Tư's payment came before he agreed.
    assert [(row["stall"], row["kind"], row["amount"]) for row in _export(cho)] == [
        ("C-01", "payment", "50000"),
        ("C-01", "reversal", "-50000"),
        ("G-02", "payment", ""),
    ]
    with database.reading() as session:
        lines = session.connection().execute(select(AUDIT.c.act, AUDIT.c.stall_id).order_by(AUDIT.c.id)).all()
    assert [tuple(line) for line in lines[-3:]] == [
        ("amounts_exported", huong.id),
        ("amounts_exported", tu.id),
        ("ledger_exported", None),
    ]


def test_one_month_may_be_exported(cho: Any, books: None) -> None:
    assert [row["stall"] for row in _export(cho, "--month", "2026-10")] == ["G-02"]
    assert [row["stall"] for row in _export(cho, "--month", "2026-11")] == ["C-01", "C-01"]
    assert _export(cho, "--month", "2026-12") == []


def test_another_markets_entries_stay_with_it(cho: Any, books: None, other_market_id: int) -> None:
    path = Path(cho.folder) / "other.csv"
    assert cho.done("ledger", "export", "--market", "chan-nui", "-o", path).err == f"0 entries in {path}\n"


@on_sqlite
def test_an_export_is_refused_with_the_mend_and_writes_nothing(cho: Any, books: None) -> None:
    path = Path(cho.folder) / "none" / "entries.csv"
    (line,) = cho.refused("ledger", "export", *IN_MARKET, "-o", path)
    assert line.startswith(f"error: {path} cannot be written: No such file or directory; choose another place")
    (line,) = cho.refused("ledger", "export", *IN_MARKET, "--month", "10-2026", "-o", path)
    assert line == "error: month: '10-2026' is no month; write YYYY-MM, for example 2026-10"
    (line,) = cho.refused("ledger", "export", "--market", "x", "-o", path)
    assert line == "error: market: there is no market 'x'; the markets are ben-song"


def test_yesterday_is_sealed_and_a_day_lists_its_seals(cho: Any, books: None, tu: StallRow) -> None:
    assert cho.done("ledger", "seal", *IN_MARKET).out == "2026-11-23: 2 books sealed\n"
    assert cho.done("ledger", "seal").out == "2026-11-23: sealed already\n"
    heads = {row["stall"]: row["hash"] for row in _export(cho)}
    assert cho.json("ledger", "seals", "2026-11-23", *IN_MARKET) == [
        {"code": "C-01", "number": 2, "head": heads["C-01"]},
        {"code": "G-02", "number": 1, "head": heads["G-02"]},
    ]
    assert cho.json("ledger", "seals", "2026-11-22", *IN_MARKET) == []
    assert cho.json("ledger", "verify")["ok"]


@on_sqlite
def test_people_read_the_seals_of_a_day_as_a_table(cho: Any, books: None) -> None:
    cho.done("ledger", "seal")
    lines = cho.done("ledger", "seals", "2026-11-23", *IN_MARKET).out.splitlines()
    assert [line.split()[:2] for line in lines] == [["code", "number"], ["C-01", "2"], ["G-02", "1"]]


@on_sqlite
def test_what_cannot_be_sealed_is_refused(cho: Any, market_id: int) -> None:
    (line,) = cho.refused("ledger", "seal", "--market", "x")
    assert line == "error: market: there is no market 'x'; the markets are ben-song"
    (line,) = cho.refused("ledger", "seals", "23/11/2026", *IN_MARKET)
    assert line == "error: day: '23/11/2026' is no day; write YYYY-MM-DD, for example 2026-11-24"
