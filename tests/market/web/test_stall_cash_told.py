"""Cash told late by a phone that was offline: in the book exactly once, or refused with a mend, never dropped."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.books.model import ENTRY, ENTRY_NOTE
from ledger.books.sums import Takings
from ledger.days import Month, local_date
from market.db import Database
from market.markets import find_market
from market.model import LOGIN
from market.reports import close as close_month
from market.web import stall as stall_pages
from market.web import stall_cash as web
from merchants.cash import LATE, MONTH_CLOSED
from merchants.stalls import StallRow, close
from merchants.takings import Actor, takings

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HEADERS = {web.HEADER: "1"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Sets the pages' clock so much later than eight in the morning."""

    def later(by: timedelta) -> None:
        for module in (web, stall_pages):
            monkeypatch.setattr(module, "utc_now", lambda: NOW + by)

    later(timedelta(0))
    return later


def cash(database: Database, stall: StallRow) -> int:
    """What the book says the stall took in cash, in đồng, over the last year."""
    with database.reading() as session:
        actor = Actor(0, frozenset({stall.id}))
        found: Takings = takings(session, actor, stall.id, local_date(NOW - timedelta(365)), local_date(NOW))
    return found.cash


def entry(sold_by: StallRow, **changes: object) -> dict[str, object]:
    """What a phone tells of a sale of 50.000 đ at half past seven."""
    return {
        "stall": sold_by.id,
        "amount": 50_000,
        "at": "2026-11-24T07:30:00.125+07:00",
        "key": "phone-1-entry-1",
        **changes,
    }


def tell(phone: FlaskClient, sent: object, **headers: str) -> TestResponse:
    return phone.post("/stall/cash/entries", json=sent, headers=HEADERS | headers)


def kinds(answer: TestResponse) -> list[str]:
    """What was wrong, field by field."""
    return sorted(f"{problem['field']} {problem['kind']}" for problem in answer.get_json()["problems"])


# Told by a phone that was offline.


def test_a_phone_tells_of_a_sale_with_its_own_time(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    answer = tell(phone, entry(huong))
    where = f"/stall/till?cash=1&stall={huong.id}"
    assert (answer.status_code, answer.get_json()) == (201, {"status": "recorded", "url": where})
    with database.reading() as session:
        row = session.connection().execute(select(ENTRY)).one()
    assert (row.kind, row.counted, row.client_key) == ("cash", 0, "phone-1-entry-1")
    assert row.occurred_at == datetime(2026, 11, 24, 0, 30, 0, 125_000, tzinfo=UTC)


def test_told_again_it_is_a_duplicate(phone: FlaskClient, huong: StallRow, database: Database) -> None:
    tell(phone, entry(huong))
    answer = tell(phone, entry(huong, at="2026-11-24T00:30:00.125Z"))
    where = f"/stall/till?cash=1&stall={huong.id}"
    assert (answer.status_code, answer.get_json()) == (200, {"status": "duplicate", "url": where})
    assert cash(database, huong) == 50_000


@pytest.mark.parametrize("change", [{"amount": 60_000}, {"at": "2026-11-24T07:31:00+07:00"}])
def test_a_key_used_for_something_else_is_a_conflict(
    phone: FlaskClient, huong: StallRow, database: Database, change: dict[str, object]
) -> None:
    tell(phone, entry(huong))
    answer = tell(phone, entry(huong, **change))
    assert (answer.status_code, kinds(answer)) == (409, ["key used"])
    assert cash(database, huong) == 50_000


def test_no_token_of_a_form_is_asked_of_a_page_that_was_open_all_night(
    app: Flask, phone: FlaskClient, huong: StallRow
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert tell(phone, entry(huong), Origin="http://localhost").status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", web.HEADER: "1"},
        {"Origin": "null", web.HEADER: "1"},
        {"Sec-Fetch-Site": "cross-site", web.HEADER: "1"},
        {"Sec-Fetch-Site": "same-site", web.HEADER: "1"},
        {},
        {web.HEADER: "0"},
    ],
)
def test_what_another_site_could_send_is_refused(
    phone: FlaskClient, huong: StallRow, database: Database, headers: dict[str, str]
) -> None:
    assert phone.post("/stall/cash/entries", json=entry(huong), headers=headers).status_code == 403
    assert cash(database, huong) == 0


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"amount": "50.000"}, "amount amount"),
        ({"amount": 50_000.0}, "amount amount"),
        ({"amount": True}, "amount amount"),
        ({"amount": 0}, "amount amount"),
        ({"amount": -50_000}, "amount amount"),
        ({"amount": 10**30}, "amount amount"),
        ({"amount": None}, "amount amount"),
        ({"at": "2026-11-24T07:30:00"}, "at moment"),
        ({"at": "sáng nay"}, "at moment"),
        ({"at": 1_795_000_000}, "at moment"),
        ({"at": "0001-01-01T00:00:00+07:00"}, "at moment"),
        ({"at": None}, "at moment"),
        ({"at": "2026-11-24T08:06:00+07:00"}, "at future"),
        ({"at": "2026-08-25T07:00:00+07:00"}, "at old"),
        ({"key": "short"}, "key key"),
        ({"key": "có dấu và cách"}, "key key"),
        ({"key": "again-00000002"}, "key key"),
        ({"key": 12345678}, "key key"),
        ({"stall": "1"}, "stall stall"),
        ({"stall": True}, "stall stall"),
        ({"role": "board"}, "role unknown"),
    ],
)
def test_a_wrong_field_is_named_with_a_mend_and_nothing_is_written(
    phone: FlaskClient, huong: StallRow, database: Database, change: dict[str, object], wrong: str
) -> None:
    answer = tell(phone, entry(huong, **change))
    assert (answer.status_code, kinds(answer)) == (422, [wrong])
    assert answer.get_json()["problems"][0]["message"]
    assert cash(database, huong) == 0


def test_a_refusal_tells_the_servers_time_to_a_phone_whose_clock_is_wrong(phone: FlaskClient, huong: StallRow) -> None:
    answer = tell(phone, entry(huong, at="2026-11-25T07:30:00+07:00"))
    assert datetime.fromisoformat(answer.get_json()["now"]) == NOW


def test_a_clock_a_little_ahead_does_no_harm(phone: FlaskClient, huong: StallRow) -> None:
    assert tell(phone, entry(huong, at="2026-11-24T08:04:00+07:00")).status_code == 201


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"[" * 1_900, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"amount":' + b" " * 3_000 + b"1}", "application/json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(phone: FlaskClient, body: bytes, kind: str, status: int) -> None:
    answer = phone.post("/stall/cash/entries", data=body, content_type=kind, headers=HEADERS)
    assert answer.status_code == status


def test_who_is_signed_out_is_told_so_and_nothing_is_lost(client: FlaskClient, huong: StallRow) -> None:
    assert tell(client, entry(huong)).status_code == 401


def test_another_stalls_book_takes_nothing(phone: FlaskClient, tu: StallRow, database: Database) -> None:
    assert tell(phone, entry(tu)).status_code == 404
    assert tell(phone, entry(tu, amount="x")).status_code == 404
    assert cash(database, tu) == 0


# Late: kept with a reason, never dropped.


def note_of_the_entry(database: Database) -> tuple[str, str, str | None]:
    """The day of the one entry, why it was late, and who typed it."""
    with database.reading() as session:
        row = (
            session.connection()
            .execute(
                select(ENTRY.c.booked_on, ENTRY_NOTE.c.reason, LOGIN.c.name)
                .join(ENTRY_NOTE, ENTRY_NOTE.c.entry_id == ENTRY.c.id)
                .join(LOGIN, LOGIN.c.id == ENTRY.c.login_id)
            )
            .one()
        )
    return str(row.booked_on), row.reason, row.name


def test_a_sale_older_than_a_day_is_kept_on_its_day_with_a_reason_and_its_author(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    assert tell(phone, entry(huong, at="2026-11-20T09:00:00+07:00")).status_code == 201
    assert note_of_the_entry(database) == ("2026-11-20", LATE, "stallholder1")


def test_a_sale_of_a_closed_month_is_kept_and_the_frozen_figures_stay(
    phone: FlaskClient, huong: StallRow, database: Database, clock: Callable[[timedelta], None]
) -> None:
    with database.writing() as session:
        market = find_market(session, "ben-song")
        close_month(session, market, Month(2026, 11), login_id=None, now=NOW)
    assert tell(phone, entry(huong)).status_code == 201
    assert note_of_the_entry(database) == ("2026-11-24", MONTH_CLOSED, "stallholder1")
    with database.writing() as session:
        _, changed = close_month(session, market, Month(2026, 11), login_id=None, now=NOW)
    assert not changed


def test_a_sale_from_before_the_stall_closed_is_still_taken(
    phone: FlaskClient, huong: StallRow, database: Database
) -> None:
    with database.writing() as session:
        close(session, huong, local_date(NOW - timedelta(days=2)), now=NOW)
    assert tell(phone, entry(huong, at="2026-11-20T09:00:00+07:00")).status_code == 201
    assert kinds(tell(phone, entry(huong, key="phone-1-entry-2"))) == ["at closed"]
