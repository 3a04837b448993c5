"""`token add`, `token list`, `token off`: shown once, kept as a digest, off for good."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from market.access import tokens
from market.access.audit import trail
from market.access.model import API_TOKEN
from market.db import Database
from market.model import ROLES
from merchants.stalls import StallRow
from tests.conftest import NOW

AT_STALL = ["--market", "ben-song", "--stall", "C-01"]
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def _bearer(database: Database, token: str) -> tokens.Bearer | None:
    with database.reading() as session:
        found = tokens.find_bearer(session, token, NOW)
    return found[0] if found else None


def test_a_token_opens_what_its_role_does_at_its_stall(cho: Any, database: Database, huong: StallRow) -> None:
    token = cho.json("token", "add", "--role", "stallholder", *AT_STALL)["token"]
    bearer = _bearer(database, token)
    assert bearer is not None
    assert (bearer.role, bearer.market_id, bearer.stall_id) == ("stallholder", huong.market_id, huong.id)
    assert bearer.may("payments")
    assert not bearer.may("counts")


def test_a_token_that_is_off_opens_nothing(cho: Any, database: Database) -> None:
    token = cho.json("token", "add", "--role", "administrator")["token"]
    (row,) = cho.json("token", "list")
    cho.done("token", "off", row["id"])
    assert _bearer(database, token) is None


@on_sqlite
def test_only_a_digest_of_the_token_is_kept(cho: Any, database: Database) -> None:
    token = cho.json("token", "add", "--role", "administrator")["token"]
    with database.reading() as session:
        (row,) = session.connection().execute(select(API_TOKEN))
    assert len(row.token_digest) == 64
    assert token not in str(tuple(row))


@on_sqlite
def test_the_list_says_what_each_token_is_for_and_never_the_token(cho: Any, huong: StallRow) -> None:
    token = cho.json("token", "add", "--role", "helper", *AT_STALL)["token"]
    said = cho.done("token", "list", "--json").out
    assert token not in said
    (row,) = cho.json("token", "list")
    assert row == {
        "id": 1,
        "role": "helper",
        "market": "ben-song",
        "stall": "C-01",
        "made_at": "2026-11-24T01:00:00+00:00",
        "used_at": None,
        "revoked_at": None,
    }


@on_sqlite
def test_a_token_is_off_since_the_first_time_it_was_switched_off(cho: Any) -> None:
    cho.done("token", "add", "--role", "administrator")
    cho.done("token", "off", "1")
    cho.at(NOW + timedelta(days=1))
    cho.done("token", "off", "1")
    (row,) = cho.json("token", "list")
    assert row["revoked_at"] == "2026-11-24T01:00:00+00:00"


@on_sqlite
def test_a_token_that_is_not_there_cannot_be_switched_off(cho: Any) -> None:
    assert cho.refused("token", "off", "7") == ["error: token: there is no token 7; `token list` shows them"]


@on_sqlite
def test_making_and_ending_a_token_is_in_the_audit_trail(cho: Any, database: Database, huong: StallRow) -> None:
    cho.done("token", "add", "--role", "stallholder", *AT_STALL)
    cho.done("token", "off", "1")
    with database.reading() as session:
        lines = trail(session, huong.market_id, limit=5)
    assert [(line.act, line.stall, line.about["token"]) for line in lines] == [
        ("token_ended", "C-01", 1),
        ("token_added", "C-01", 1),
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--role", "boss"], f"error: role: 'boss' is no role; the roles are {', '.join(ROLES)}"),
        (["--role", "board"], "error: market: the role board needs --market"),
        (["--role", "helper", "--market", "ben-song"], "error: stall: the role helper needs --stall"),
        (["--role", "province", "--market", "ben-song"], "error: market: the role province takes no --market"),
    ],
)
def test_a_role_in_the_wrong_place_is_refused(cho: Any, huong: StallRow, arguments: list[str], message: str) -> None:
    assert cho.refused("token", "add", *arguments) == [message]
    assert cho.json("token", "list") == []


@on_sqlite
def test_a_use_is_noted_again_after_five_minutes(database: Database) -> None:
    with database.writing() as session:
        token = tokens.add_token(session, role="province", market_id=None, stall_id=None, now=NOW)
        tokens.note_use(session, 1, NOW)
    with database.reading() as session:
        due = [tokens.find_bearer(session, token, NOW + timedelta(minutes=minutes)) for minutes in (1, 6)]
    assert [found[1] for found in due if found] == [False, True]
