"""The API: whose token opens what, what is refused and how, and that it says the same as the command line."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from ledger.days import Month
from market import reports
from market.access import tokens
from market.access.buckets import Buckets
from market.access.model import API_TOKEN
from market.db import Database
from market.markets import find_market
from market.model import ROLES
from market.web.api_calls import OPERATIONS
from merchants.stalls import StallRow
from tests.conftest import NOW

Programs = Callable[..., Any]
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
pytestmark = on_sqlite
IN_MARKET = ("board", "staff", "auditor", "volunteer")
AT_STALL = ("stallholder", "helper")
SALE = {"market": "ben-song", "stall": "C-01", "amount": 50_000, "key": "till-0001"}
# What each role may ask for: calls by their operation's name.
MAY = {
    "administrator": {"markets", "stalls", "month"},
    "province": {"markets", "month"},
    "board": {"markets", "stalls", "month"},
    "staff": {"markets", "stalls", "month"},
    "auditor": {"markets", "stalls", "month"},
    "stallholder": {"payments", "payment_code", "payment"},
    "helper": {"payments"},
    "volunteer": set(),
}
CALLS: dict[str, Callable[[Any], TestResponse]] = {
    "markets": lambda program: program.get("/markets"),
    "stalls": lambda program: program.get("/markets/ben-song/stalls"),
    "month": lambda program: program.get("/markets/ben-song/months/2026-11"),
    "payments": lambda program: program.get("/stalls/C-01/payments", market="ben-song"),
    "payment_code": lambda program: program.post(
        "/payment-codes", {"market": "ben-song", "stall": "C-01", "amount": 50_000}
    ),
    "payment": lambda program: program.post("/payments", SALE),
}


def refused(answer: TestResponse, status: int) -> dict[str, Any]:
    """The problem document of an answer that must be one."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    problem: dict[str, Any] = json.loads(answer.text)
    assert problem["status"] == status
    return problem


@pytest.fixture
def ask(program: Programs, market_id: int, huong: StallRow) -> Callable[[str], Any]:
    """A program with a token of a role, in the market of chị Hương or at her stall: `ask("board")`."""

    def of(role: str) -> Any:
        if role in AT_STALL:
            return program(role, stall=huong)
        return program(role, market_id=market_id if role in IN_MARKET else None)

    return of


@pytest.fixture
def five_stalls(add_stall: Callable[..., StallRow], market_id: int, huong: StallRow) -> None:
    """The market is large enough to be told of."""
    for number in range(4):
        add_stall(market_id, f"D-{number}", "970436", f"012360000{number}")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_call_what_is_its_own_and_nothing_else(
    ask: Callable[[str], Any], five_stalls: None, role: str
) -> None:
    assert set(CALLS) == {operation.name for operation in OPERATIONS if operation.scope is not None}
    asking = ask(role)
    done = {name for name, call in CALLS.items() if call(asking).status_code in (200, 201)}
    assert done == MAY[role]
    for name in set(CALLS) - MAY[role]:
        refused(CALLS[name](asking), 403)


@pytest.mark.parametrize("name", CALLS)
def test_without_a_token_nothing_is_answered(client: FlaskClient, name: str) -> None:
    class Stranger:
        def get(self, path: str, **asked: object) -> TestResponse:
            return client.get(f"/api/v1{path}", query_string=asked)

        def post(self, path: str, body: object) -> TestResponse:
            return client.post(f"/api/v1{path}", json=body)

    answer = CALLS[name](Stranger())
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="cho"'


def test_a_token_that_is_off_is_told_so(ask: Callable[[str], Any], database: Database) -> None:
    asking = ask("board")
    with database.writing() as session:
        tokens.end_token(session, 1, NOW)
    answer = asking.get("/markets")
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="cho", error="invalid_token"'


def test_a_cookie_counts_for_nothing(signed_in: Callable[..., FlaskClient], market_id: int) -> None:
    refused(signed_in("board", market_id=market_id).get("/api/v1/markets"), 401)


def test_a_token_is_noted_as_used(ask: Callable[[str], Any], database: Database) -> None:
    ask("board").get("/markets")
    with database.reading() as session:
        (row,) = tokens.list_tokens(session)
    assert row.used_at is not None


def test_the_month_is_the_same_document_as_the_report(
    ask: Callable[[str], Any], database: Database, huong: StallRow, tu: StallRow
) -> None:
    with database.reading() as session:
        report = reports.month_report(session, find_market(session, "ben-song"), Month(2026, 11))
    assert ask("board").get("/markets/ben-song/months/2026-11").json == report.document()


def test_a_province_is_told_of_no_stall(ask: Callable[[str], Any], five_stalls: None) -> None:
    board, province = (ask(role).get("/markets/ben-song/months/2026-11").json for role in ("board", "province"))
    assert len(board["stalls"]) == 5
    assert province == {**board, "stalls": []}


def test_a_province_is_told_nothing_of_a_market_with_fewer_than_five_stalls(
    ask: Callable[[str], Any], huong: StallRow, tu: StallRow
) -> None:
    problem = refused(ask("province").get("/markets/ben-song/months/2026-11"), 404)
    assert "fewer than 5 stalls" in problem["detail"]


def test_a_closed_version_is_the_same_document_as_its_report(
    ask: Callable[[str], Any], database: Database, huong: StallRow
) -> None:
    with database.writing() as session:
        market = find_market(session, "ben-song")
        reports.close(session, market, Month(2026, 10), login_id=None, now=NOW)
        report = reports.closed_report(session, market, Month(2026, 10), 1)
    assert ask("board").get("/markets/ben-song/months/2026-10", version=1).json == report.document()


def test_a_version_that_was_never_closed_is_not_there(ask: Callable[[str], Any]) -> None:
    refused(ask("board").get("/markets/ben-song/months/2026-10", version=2), 404)


@pytest.mark.parametrize("month", ["2026-13", "202610", "2026-1", "3000-01", "2026-10x"])
def test_what_is_no_month_is_named(ask: Callable[[str], Any], month: str) -> None:
    problem = refused(ask("board").get(f"/markets/ben-song/months/{month}"), 422)
    assert [error["field"] for error in problem["errors"]] == ["month"]


def test_markets_are_listed_as_the_command_lists_them(
    ask: Callable[[str], Any], cho: Any, huong: StallRow, other_market_id: int
) -> None:
    assert ask("province").get("/markets").json == cho.json("market", "list")


def test_a_board_is_told_of_its_own_market_only(ask: Callable[[str], Any], other_market_id: int) -> None:
    assert [market["slug"] for market in ask("board").get("/markets").json] == ["ben-song"]


def test_stalls_are_listed_as_the_command_lists_them(
    ask: Callable[[str], Any], cho: Any, huong: StallRow, tu: StallRow
) -> None:
    assert ask("board").get("/markets/ben-song/stalls").json == cho.json("stall", "list", "--market", "ben-song")


def test_an_auditor_sees_no_account_number(ask: Callable[[str], Any], huong: StallRow) -> None:
    answer = ask("auditor").get("/markets/ben-song/stalls")
    assert [stall["account_number"] for stall in answer.json] == [None]
    assert huong.account_number not in answer.text


@pytest.mark.parametrize("path", ["/markets/chan-nui/stalls", "/markets/chan-nui/months/2026-11"])
def test_another_market_and_one_that_is_not_there_are_the_same(
    ask: Callable[[str], Any], other_market_id: int, path: str
) -> None:
    asking = ask("board")
    foreign, unknown = refused(asking.get(path), 404), refused(asking.get(path.replace("chan-nui", "x")), 404)
    assert foreign == unknown


def test_another_s_stall_and_one_that_is_not_there_are_the_same(ask: Callable[[str], Any], tu: StallRow) -> None:
    asking = ask("stallholder")
    foreign, unknown = (
        refused(asking.get(f"/stalls/{code}/payments", market="ben-song"), 404) for code in ("G-02", "x")
    )
    assert foreign == unknown


@pytest.mark.parametrize("path", ["/payment-codes", "/payments"])
def test_nothing_is_written_for_another_s_stall(ask: Callable[[str], Any], tu: StallRow, path: str) -> None:
    body = (
        {**SALE, "stall": "G-02"} if path == "/payments" else {"market": "ben-song", "stall": "G-02", "amount": 5_000}
    )
    refused(ask("stallholder").post(path, body), 404)


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/markets/ben-song", "/markets/ben-song/stalls/", "/markets/a%00b/stalls"]
)
def test_where_there_is_nothing_the_answer_is_a_problem_document(ask: Callable[[str], Any], path: str) -> None:
    assert refused(ask("board").get(path), 422 if "%00" in path else 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_is_told_which_ones_there_are(client: FlaskClient, method: str) -> None:
    answer = client.open("/api/v1/payments", method=method)
    refused(answer, 405)
    assert answer.headers["Allow"] == "POST"


def test_no_other_site_is_allowed_to_ask(ask: Callable[[str], Any]) -> None:
    answer = ask("board").get("/markets")
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def test_an_answer_is_kept_by_nobody(ask: Callable[[str], Any]) -> None:
    assert ask("board").get("/markets").headers["Cache-Control"] == "no-store"


def test_a_parameter_that_is_not_known_is_refused(ask: Callable[[str], Any]) -> None:
    problem = refused(ask("stallholder").get("/stalls/C-01/payments", market="ben-song", aftre="3"), 422)
    assert [error["field"] for error in problem["errors"]] == ["aftre"]


@pytest.mark.parametrize("query", ["limit=1&limit=2", "code=C-01", "code=G-02"])
def test_a_parameter_that_comes_twice_is_refused(client: FlaskClient, ask: Callable[[str], Any], query: str) -> None:
    headers = {"Authorization": f"Bearer {ask('stallholder').token}"}
    refused(client.get(f"/api/v1/stalls/C-01/payments?market=ben-song&{query}", headers=headers), 422)


def test_a_header_is_not_taken_from_the_address(client: FlaskClient, ask: Callable[[str], Any]) -> None:
    headers = {"Authorization": f"Bearer {ask('stallholder').token}"}
    code = {"market": "ben-song", "stall": "C-01", "amount": 50_000}
    refused(client.post("/api/v1/payment-codes?Idempotency-Key=order-0001", json=code, headers=headers), 422)


@pytest.mark.parametrize("limit", ["0", "201", "1.0", "+5", " 5", "1_0", "٥", "x", ""])
def test_a_limit_is_a_number_in_figures(ask: Callable[[str], Any], limit: str) -> None:
    refused(ask("stallholder").get("/stalls/C-01/payments", market="ben-song", limit=limit), 422)


def test_who_asks_too_often_is_told_how_long_to_wait(app: Flask, ask: Callable[[str], Any]) -> None:
    app.extensions["cho api buckets"] = Buckets(size=2, rate=0.1)
    often, seldom = ask("board"), ask("province")
    assert [often.get("/markets").status_code for _ in range(2)] == [200, 200]
    answer = often.get("/markets")
    refused(answer, 429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 10
    assert seldom.get("/markets").status_code == 200


def test_a_fault_of_ours_is_a_problem_document_too(
    app: Flask, ask: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "month_report", lambda *_: 1 / 0)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.disabled = True
    problem = refused(ask("board").get("/markets/ben-song/months/2026-11"), 500)
    assert "division" not in problem["detail"]


def test_a_busy_database_says_when_to_come_back(ask: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise OperationalError("BEGIN", None, Exception("database is locked"))

    monkeypatch.setattr(reports, "month_report", busy)
    answer = ask("board").get("/markets/ben-song/months/2026-11")
    refused(answer, 503)
    assert answer.headers["Retry-After"] == "5"


def test_the_documents_need_no_token(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json")
    assert (document.status_code, document.mimetype) == (200, "application/json")
    assert document.json is not None
    assert document.json["openapi"].startswith("3.1")


def test_the_page_of_the_api_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/v1/docs").text
    assert "<script" not in page
    assert "style=" not in page
    assert "//" not in page.replace("http://localhost", "")


def test_the_page_tells_of_every_call_and_type(client: FlaskClient) -> None:
    page = client.get("/api/v1/docs").text
    document = client.get("/api/v1/openapi.json").json
    assert document is not None
    named = {call["operationId"] for calls in document["paths"].values() for call in calls.values()}
    assert {name for name in named | document["components"]["schemas"].keys() if f'id="{name}"' not in page} == set()


def test_a_token_s_stall_is_in_one_market(database: Database, ask: Callable[[str], Any], other_market_id: int) -> None:
    asking = ask("stallholder")
    with database.writing() as session:
        session.connection().execute(update(API_TOKEN).values(market_id=other_market_id))
    refused(asking.get("/stalls/C-01/payments", market="ben-song"), 404)
