"""Two markets' data never meet: whatever the people of one ask for or send, naming things of the other, they are shown
nothing of it and change nothing in it."""

from collections.abc import Callable
from random import Random
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import SQLModel

from market.access.rights import ENDPOINTS, OF_MARKET, OF_STALL, RIGHTS
from market.db import Database
from tests.market.web.two_markets import Side

ROLES = ("board", "staff", "auditor", "volunteer", "stallholder", "helper")
METHODS = ("GET", "POST")
# What only the other market's pages have reason to say.
NAMES = ("Sạp xa", "Chủ xa", "CHU XA", "memo xa", "Chợ xa", "FTxa", "helper xa", "phone xa")
# What forms and addresses are asked for beside what stands in the path.
FIELDS = (
    "stall",
    "code",
    "typed",
    "payment",
    "last",
    "version",
    "q",
    "before",
    "day",
    "month",
    "status",
    "answer",
    "sale",
    "reason",
    "on",
    "amount",
    "secret",
    "way",
    "after",
    "kind",
    "which",
    "layout",
    "section",
    "name",
    "list",
    "read",
)
WORDS = (
    "on",
    "off",
    "paused",
    "open",
    "yes",
    "no",
    "same",
    "another",
    "a5",
    "chosen",
    "all",
    "sepay:apikey",
    "50000",
    "1",
)


def rows_of(database: Database, market_id: int) -> dict[str, list[Any]]:
    """Every row of a market, table by table."""
    with database.reading() as session:
        return {
            table.name: sorted(
                map(repr, session.connection().execute(select(table).where(table.c.market_id == market_id)))
            )
            for table in SQLModel.metadata.sorted_tables
            if "market_id" in table.c
        }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def ask_around(
    app: Flask,
    database: Database,
    browsers: dict[str, FlaskClient],
    near: Side,
    far: Side,
    before: dict[str, list[Any]],
    seed: int,
) -> None:
    """Some requests of people who hold the page's right at home."""
    chance = Random(seed)
    rules = [
        rule for rule in app.url_map.iter_rules() if ENDPOINTS[rule.endpoint] in OF_MARKET.keys() | OF_STALL.keys()
    ]
    things = [*far.values.values(), far.stall.id, far.stall.code, *WORDS]
    for _ in range(8):
        rule = chance.choice(rules)
        role = chance.choice([role for role in RIGHTS[ENDPOINTS[rule.endpoint]] if role in ROLES])
        method = chance.choice([each for each in METHODS if each in (rule.methods or ())])
        whose = chance.choice([(far,), (far, near)])
        named = {name: chance.choice(whose).of(rule.endpoint)[name] for name in rule.arguments}
        address = app.url_map.bind("localhost").build(rule.endpoint, named, method)
        said = {field: chance.choice(things) for field in chance.sample(FIELDS, 6)}
        sent: dict[str, Any] = {"query_string" if method == "GET" else "data": said}
        answer = browsers[role].open(address, method=method, **sent)
        assert answer.status_code < 500, (role, method, address, said)
        if answer.status_code == 200:
            shown = answer.data.decode(errors="replace")
            assert [name for name in NAMES if name in shown] == [], (role, method, address, said)
    assert rows_of(database, far.market_id) == before, seed


def test_the_people_of_one_market_see_and_change_nothing_of_another(
    app: Flask, database: Database, signed_in: Callable[..., FlaskClient], near: Side, far: Side
) -> None:
    browsers = {
        role: signed_in(role, stall=near.stall)
        if role in ("stallholder", "helper")
        else signed_in(role, market_id=near.market_id)
        for role in ROLES
    }
    ask_around(app, database, browsers, near, far, rows_of(database, far.market_id))
