"""This program's own webhook: what docs/providers.md promises to whoever can sign."""

import hashlib
import hmac
import json
import os
import re
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from ledger.inbox.notice import Notice
from ledger.inbox.providers.generic import proves, read
from tests.ledger.provider_bodies import Event, generic, generic_event

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
SECRET = "khoá của kênh"
# Worked out with openssl dgst -sha256 -hmac khoa over `1795482000.{"id":"1"}`.
BY_HAND = "sha256=467b9a6d09d87830fa6c8a6743f890bfcd6a555c03cf11cc9faa0db6c7c4aa6d"


def only(**changes: Any) -> Notice:
    (notice,) = read(json.dumps({**generic_event(Event()), **changes}).encode())
    return notice


def proven(headers: dict[str, str], body: bytes, *, secret: str = SECRET, now: datetime = NOW) -> bool:
    return proves(lambda name: headers.get(name, ""), body, secret, "hmac", now)


def test_the_body_of_the_page_is_read() -> None:
    documented = re.search(r'^ {4}(\{"id".*?\})$', PAGE, re.MULTILINE | re.DOTALL)
    assert documented is not None
    assert read(documented[1].encode()) == [
        Notice(
            event_id="7c1e-0042",
            account_number="0123499999",
            bank="VCB",
            amount=50_000,
            direction="in",
            bank_reference="FT26328000417",
            at=NOW,
            local_date=date(2026, 11, 24),
            memo="mua ca",
        )
    ]


def test_several_events_are_as_many_notices_in_their_order() -> None:
    events = [generic_event(Event(number)) for number in (3, 1, 2)]
    assert [notice.event_id for notice in read(json.dumps({"events": events}).encode())] == ["e-3", "e-1", "e-2"]


def test_what_is_wrong_with_one_of_several_is_told_with_its_place() -> None:
    events = [generic_event(Event()), {**generic_event(Event()), "amount": "5.000"}]
    with pytest.raises(ValueError, match=r"events\[1\]\.amount must be whole đồng"):
        read(json.dumps({"events": events}).encode())


@pytest.mark.parametrize(
    ("said", "at", "day"),
    [
        ("2026-11-24T08:00:00", NOW, date(2026, 11, 24)),
        ("2026-11-24T08:00:00+07:00", NOW, date(2026, 11, 24)),
        ("2026-11-24T01:00:00Z", NOW, date(2026, 11, 24)),
        ("2026-11-23T20:00:00-05:00", NOW, date(2026, 11, 24)),
        ("2026-11-24 08:00", NOW, date(2026, 11, 24)),
        ("2026-11-24t01:00:00z", NOW, date(2026, 11, 24)),
        ("20261124T080000", NOW, date(2026, 11, 24)),
        ("2026-11-24T08", NOW, date(2026, 11, 24)),
        ("2026-11-24T23:30:00Z", datetime(2026, 11, 24, 23, 30, tzinfo=UTC), date(2026, 11, 25)),
        ("2026-11-24T00:00:00", datetime(2026, 11, 23, 17, 0, tzinfo=UTC), date(2026, 11, 24)),
        ("2026-11-24", None, date(2026, 11, 24)),
    ],
)
def test_a_time_is_iso_8601_with_a_zone_or_without_or_only_a_day(said: str, at: datetime | None, day: date) -> None:
    notice = only(at=said)
    assert (notice.at, notice.local_date) == (at, day)


@pytest.mark.parametrize("said", [None, "", "now", "24/11/2026", "2026-11-31", "2026-11-24T25:00:00", 1795482000])
def test_what_is_no_time_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="at must be"):
        only(at=said)


@pytest.mark.parametrize("amount", [50_000, "50000", 50_000.0])
def test_an_amount_is_whole_dong_however_it_is_written(amount: object) -> None:
    assert only(amount=amount).amount == 50_000


@pytest.mark.parametrize("amount", [-1, "-1", 0.5, "50.000", "50,000", "", None, True, 10**15])
def test_an_amount_that_is_not_whole_dong_is_refused(amount: object) -> None:
    with pytest.raises(ValueError, match="amount must be whole đồng, 0 or more"):
        only(amount=amount)


def test_a_movement_of_no_dong_is_a_notice_of_none() -> None:
    assert only(amount=0).amount == 0


@pytest.mark.parametrize("said", [None, ""])
def test_an_event_without_an_id_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="id is missing or empty"):
        only(id=said)


@pytest.mark.parametrize(("said", "event_id"), [(42, "42"), ("42", "42"), (" 42 ", "42"), ("a/b", "a/b")])
def test_an_id_is_text_or_a_whole_number(said: object, event_id: str) -> None:
    assert only(id=said).event_id == event_id


@pytest.mark.parametrize("field", ["bank", "bank_reference", "memo", "payer_name", "payer_account", "virtual_account"])
def test_what_need_not_be_told_may_be_empty_or_absent(field: str) -> None:
    said = {name: value for name, value in generic_event(Event()).items() if name != field}
    assert read(json.dumps(said).encode()) == [only(**{field: ""})] == [only(**{field: None})]


def test_payer_and_virtual_account_may_be_told() -> None:
    notice = only(payer_name="NGUYEN VAN A", payer_account="88", virtual_account="VQR1")
    assert (notice.payer_name, notice.payer_account, notice.virtual_account) == ("NGUYEN VAN A", "88", "VQR1")


def test_a_signature_worked_out_by_hand_is_taken() -> None:
    headers = {"X-Cho-Timestamp": "1795482000", "X-Cho-Signature": BY_HAND}
    assert proven(headers, b'{"id":"1"}', secret="khoa")


@pytest.mark.skipif(which("openssl") is None or which("sh") is None, reason="no shell with openssl here")
def test_the_script_of_the_page_signs_what_is_taken() -> None:
    script = next(line.strip() for line in PAGE.splitlines() if line.strip().startswith("hex="))
    body = '{"id":"1","memo":"Trả nợ 1/2"}'
    run = f'{script}\nprintf %s "$hex"'
    said = subprocess.run(
        ["sh", "-c", run],
        env={**os.environ, "stamp": STAMP, "body": body, "secret": "khoa"},
        capture_output=True,
        check=True,
    )
    headers = {"X-Cho-Timestamp": STAMP, "X-Cho-Signature": f"sha256={said.stdout.decode()}"}
    assert proven(headers, body.encode(), secret="khoa")


@pytest.mark.parametrize(("away", "taken"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_a_signature_holds_for_five_minutes_either_way(away: int, taken: bool) -> None:
    body, headers = generic(Event(), SECRET, NOW + timedelta(seconds=away))
    assert proven(headers, body) is taken


def test_the_body_is_signed_byte_for_byte() -> None:
    body, headers = generic(Event(), SECRET, NOW)
    assert proven(headers, body)
    assert not proven(headers, body + b"\n")


def test_a_time_other_than_the_signed_one_proves_nothing() -> None:
    body, headers = generic(Event(), SECRET, NOW)
    assert not proven({**headers, "X-Cho-Timestamp": str(int(STAMP) + 1)}, body)


def test_the_signature_names_its_algorithm() -> None:
    body, headers = generic(Event(), SECRET, NOW)
    bare = headers["X-Cho-Signature"].removeprefix("sha256=")
    assert not proven({**headers, "X-Cho-Signature": bare}, body)
    weaker = hmac.new(SECRET.encode(), f"{STAMP}.".encode() + body, hashlib.sha1).hexdigest()
    assert not proven({**headers, "X-Cho-Signature": f"sha1={weaker}"}, body)
