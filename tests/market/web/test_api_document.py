"""The API against its own document: schemathesis makes every call that it tells of, rightly and wrongly."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGITransport

from market.access import tokens
from market.access.buckets import Buckets
from market.web.api_calls import OPERATIONS
from merchants.stalls import StallRow

# What schemathesis hands on to the application, though it only means something on a network.
OF_A_NETWORK = ("max_redirects", "verify", "cert", "proxies")
# Names that are there, or every call would end at 404.
THERE = {"market": "ben-song", "stall": "C-01"}
EXAMPLES, THOROUGH = 8, 400


@pytest.fixture
def all_powerful(program: Callable[..., Any], huong: StallRow, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A program that may make every call, so that one run reaches them all."""
    every = frozenset(scope for scopes in tokens.SCOPES.values() for scope in scopes)
    monkeypatch.setitem(tokens.SCOPES, "stallholder", every)
    return program("stallholder", stall=huong)


@pytest.fixture
def _hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    send = WSGITransport.send

    def without_a_network(self: Any, case: Any, **more: Any) -> Any:
        return send(self, case, **{name: value for name, value in more.items() if name not in OF_A_NETWORK})

    monkeypatch.setattr(WSGITransport, "send", without_a_network)

    def before_call(context: object, case: Any, kwargs: object) -> None:
        # To JSON Schema 50000.0 is a whole number. Here it is refused, and so is 50.000, which is written in Vietnam
        # for fifty thousand and is fifty in JSON; a schema cannot say so.
        if isinstance(case.body, dict):
            for name, value in case.body.items():
                if isinstance(value, float) and value.is_integer():
                    case.body[name] = int(value)
                if name in THERE and isinstance(value, str) and re.fullmatch(r"[^\x00-\x1f\x7f]{1,20}", value):
                    case.body[name] = THERE[name]

    schemathesis.hook(before_call)
    yield
    schemathesis.hooks.unregister(before_call)


@pytest.mark.usefixtures("_hooks")
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_api_does_what_its_document_says(app: Flask, all_powerful: Any, thorough: bool) -> None:
    app.extensions["cho api buckets"] = Buckets(size=10**9, rate=1.0)
    logging.getLogger("schemathesis").disabled = True
    config = SchemathesisConfig.from_dict(
        {
            "seed": 17,
            # The client of tests does not unpack what comes packed.
            "headers": {"Accept-Encoding": "identity"},
            "auth": {"openapi": {"bearer": {"bearer": all_powerful.token}}},
            "generation": {"max-examples": THOROUGH if thorough else EXAMPLES, "database": "none"},
            "parameters": {"slug": THERE["market"], "path.code": THERE["stall"], "market": THERE["market"]},
        }
    )
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    made: Counter[str] = Counter()
    called: Counter[str] = Counter()
    wrong: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            called[event.recorder.label] += 1
            for checks in event.recorder.checks.values():
                for check in checks:
                    made[check.name] += 1
                    if check.failure_info is not None:
                        failure = check.failure_info
                        wrong.append(f"{check.name}: {failure.failure}\n{failure.code_sample}")
        elif isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(event))
    assert wrong == []
    load_all_checks()
    assert set(CHECKS.get_all_names()) - {"max_response_time"} <= set(made)
    assert len([label for label in called if "/api/v1" in label]) == len(OPERATIONS)
