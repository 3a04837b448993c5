"""The hash of an entry and the digest of a notice, against values that were worked out without the program."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ledger.books.chain import entry_hash
from ledger.inbox.notice import digest

VECTORS = json.loads(Path(__file__).with_name("hash-vectors.json").read_text(encoding="utf-8"))
MOMENTS = ("at", "occurred_at", "recorded_at")
DAYS = ("booked_on", "local_date")


def said(vector: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in vector.items() if name not in ("hash", "digest")}
    values |= {name: datetime.fromisoformat(values[name]) for name in MOMENTS if values.get(name)}
    return values | {name: date.fromisoformat(values[name]) for name in DAYS if name in values}


@pytest.mark.parametrize("vector", VECTORS["entries"], ids=lambda vector: vector["kind"])
def test_an_entry_has_the_expected_hash(vector: dict[str, Any]) -> None:
    assert entry_hash(**said(vector)) == vector["hash"]


@pytest.mark.parametrize("vector", VECTORS["notices"], ids=lambda vector: vector["feed"])
def test_a_notice_has_the_expected_digest(vector: dict[str, Any]) -> None:
    assert digest(**said(vector)) == vector["digest"]


def test_each_vector_continues_the_chain() -> None:
    entries = VECTORS["entries"]
    assert [entry["previous"] for entry in entries] == ["", *(entry["hash"] for entry in entries[:-1])]


# Something else of the same type for each value that is hashed.
OTHERWISE: dict[type, Callable[[Any], Any]] = {
    int: lambda value: value + 1,
    str: lambda value: value + "x",
    date: lambda value: value + timedelta(days=1),
    datetime: lambda value: value + timedelta(microseconds=1),
    dict: lambda value: {account: 2 * amount for account, amount in value.items()},
    type(None): lambda value: 1,
}


@pytest.mark.parametrize("name", [name for name in VECTORS["entries"][0] if name != "hash"])
def test_an_entry_hash_depends_on(name: str) -> None:
    for vector in VECTORS["entries"]:
        values = said(vector)
        values[name] = OTHERWISE[type(values[name])](values[name])
        assert entry_hash(**values) != vector["hash"]


@pytest.mark.parametrize("name", [name for name in VECTORS["notices"][0] if name not in ("digest", "local_date", "at")])
def test_a_notice_digest_depends_on(name: str) -> None:
    for vector in VECTORS["notices"]:
        values = said(vector)
        values[name] = OTHERWISE[type(values[name])](values[name])
        assert digest(**values) != vector["digest"]


def test_the_order_of_the_legs_does_not_matter() -> None:
    values = said(VECTORS["entries"][1])
    turned = values | {"legs": dict(reversed(values["legs"].items()))}
    assert entry_hash(**turned) == VECTORS["entries"][1]["hash"]


def test_the_zone_of_a_moment_does_not_matter() -> None:
    values = said(VECTORS["entries"][1])
    elsewhere = values["occurred_at"].astimezone(timezone(timedelta(hours=7)))
    assert entry_hash(**values | {"occurred_at": elsewhere}) == VECTORS["entries"][1]["hash"]


def test_the_day_stands_for_a_moment_that_the_bank_did_not_give() -> None:
    values = said(VECTORS["notices"][1])
    assert digest(**values | {"local_date": date(2026, 11, 2)}) != VECTORS["notices"][1]["digest"]
