"""Polling: a market that was cut off misses no đồng, and none is counted twice, wherever it is stopped."""

from collections.abc import Callable
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from market import polling
from market.channels import ChannelRow
from market.db import Database
from market.polling import Polled
from merchants.stalls import StallRow
from tests.conftest import NOW
from tests.market.polls.provider import TODAY, Provider, channel, hook, kept, notices, recorded, says

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def test_a_market_cut_off_for_a_day_loses_nothing(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    yesterday = TODAY - timedelta(days=1)
    told = [provider.paid(10_000 + n, day=TODAY - timedelta(days=2)) for n in range(4)]
    for number, record in enumerate(told):
        hook(database, sepay, record, number + 1)
    for n in range(5):
        provider.paid(20_000 + n, day=yesterday)
    told_today = provider.paid(30_000)
    hook(database, sepay, told_today, 100)
    summary = ask(sepay).summary
    assert (summary.read, summary.recorded, summary.duplicates) == (10, 5, 5)
    assert recorded(database) == [10_000, 10_001, 10_002, 10_003, 20_000, 20_001, 20_002, 20_003, 20_004, 30_000]


def test_a_second_poll_records_nothing(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    for n in range(7):
        provider.paid(10_000 + n)
    ask(sepay)
    before = notices(database)
    summary = ask(sepay).summary
    assert (summary.read, summary.duplicates) == (7, 7)
    assert notices(database) == before


def test_a_webhook_that_comes_after_the_poll_is_its_twin(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    record = provider.paid(50_000)
    ask(sepay)
    hook(database, sepay, record, 92_704)
    assert notices(database) == [("poll", 50_000, "recorded"), ("hook", 50_000, "duplicate")]


def test_a_payment_told_without_a_reference_is_held_for_a_person(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    record = provider.paid(50_000, reference_number=None)
    hook(database, sepay, record, 92_704)
    assert ask(sepay).summary.held == 1
    assert notices(database) == [("hook", 50_000, "recorded"), ("poll", 50_000, "held")]


def test_casso_is_asked_in_its_own_words(
    database: Database, provider: Provider, market_id: int, huong: StallRow, ask: Callable[..., Polled]
) -> None:
    casso = channel(database, market_id, "casso-v2")
    for n in range(4):
        provider.paid(10_000 + n)
    provider.paid(0, transfer_type="out", amount_out=7_000)
    summary = ask(casso).summary
    assert (summary.read, summary.recorded, summary.ignored) == (5, 4, 1)
    assert kept(database, casso) == ("2026-11-24", NOW, "")


@on_sqlite
def test_money_that_went_out_is_ignored(provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]) -> None:
    provider.paid(0, transfer_type="out", amount_out=7_000)
    assert ask(sepay).summary.ignored == 1


@on_sqlite
def test_the_cursor_is_the_day_up_to_which_all_was_read_and_the_next_poll_goes_back_two(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    provider.paid(10_000, day=date(2026, 11, 20))
    provider.paid(20_000, day=date(2026, 11, 22))
    ask(sepay)
    assert kept(database, sepay) == ("2026-11-22", NOW, "")
    late = provider.paid(30_000, day=date(2026, 11, 20))
    assert ask(sepay).summary.recorded == 1
    assert late["id"] == provider.records[-1]["id"]
    assert [parse_qs(urlsplit(path).query)["transaction_date_from"] for path in provider.asked] == [
        ["2026-11-17 00:00:00"],
        ["2026-11-20 00:00:00"],
    ]


@on_sqlite
def test_an_outage_after_polls_that_found_nothing_loses_nothing(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    ask(sepay)
    assert kept(database, sepay)[0] == "2026-11-17"
    provider.paid(10_000, day=date(2026, 11, 25))
    assert ask(sepay, now=NOW + timedelta(days=30)).summary.recorded == 1


@on_sqlite
def test_a_day_that_is_yet_to_come_hides_nothing_that_follows(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    provider.paid(10_000, day=date(2126, 1, 1))
    ask(sepay)
    assert kept(database, sepay)[0] == "2026-11-24"


class Crash(Exception):
    """The power is cut."""


def test_a_crash_between_two_pages_changes_nothing_in_the_end(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    for n in range(8):
        provider.paid(10_000 + n, day=TODAY - timedelta(days=3 - n // 3))

    def cut(seconds: float) -> None:
        raise Crash

    with pytest.raises(Crash):
        ask(sepay, pause=cut)
    assert recorded(database) == [10_000, 10_001, 10_002]
    assert kept(database, sepay)[0] == "2026-11-21"
    assert ask(sepay).summary.recorded == 5
    assert recorded(database) == [10_000 + n for n in range(8)]


def test_a_crash_within_a_page_leaves_neither_its_notices_nor_its_cursor(
    database: Database,
    provider: Provider,
    sepay: ChannelRow,
    ask: Callable[..., Polled],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for n in range(4):
        provider.paid(10_000 + n)

    def cut(*arguments: object, **changes: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(polling, "_note", cut)
        with pytest.raises(Crash):
            ask(sepay)
    assert (notices(database), kept(database, sepay)) == ([], (None, None, ""))
    assert ask(sepay).summary.recorded == 4


@on_sqlite
def test_a_provider_that_tells_the_newest_first_is_believed_only_at_the_end(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    for n in range(7):
        provider.paid(10_000 + n, day=TODAY - timedelta(days=n))
    provider.newest_first = True
    provider.faults[1] = says(403)
    ask(sepay)
    assert kept(database, sepay)[0] is None
    assert ask(sepay).summary.recorded == 4
    assert kept(database, sepay)[0] == "2026-11-24"


@on_sqlite
def test_since_asks_for_more_and_never_moves_the_cursor_back(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    provider.paid(10_000, day=date(2026, 9, 1))
    provider.paid(20_000)
    ask(sepay)
    provider.faults[2] = says(403)
    provider.paid(11_000, day=date(2026, 9, 1))
    provider.paid(12_000, day=date(2026, 9, 1))
    assert ask(sepay, since=date(2026, 9, 1)).summary.recorded == 3
    assert kept(database, sepay)[0] == "2026-11-24"


@on_sqlite
def test_a_later_since_leaves_the_days_between_unread(
    database: Database, provider: Provider, sepay: ChannelRow, ask: Callable[..., Polled]
) -> None:
    provider.paid(10_000, day=date(2026, 11, 18))
    ask(sepay)
    provider.paid(20_000, day=date(2026, 11, 21))
    provider.paid(30_000)
    assert ask(sepay, since=TODAY).summary.recorded == 1
    assert kept(database, sepay)[0] == "2026-11-18"
    assert ask(sepay).summary.recorded == 1
