"""The sample province: built small, looked at as a user would."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ledger.books import counts
from ledger.books.model import CASH_COUNT
from ledger.books.verify import verify
from ledger.days import Month, local_date
from ledger.inbox.receive import waiting
from market.access.audit import trail
from market.access.sessions import check_password
from market.closings import latest
from market.config import Settings
from market.demo.board import LEFT
from market.demo.build import Built, build, size
from market.demo.plan import SAMPLES, Plan, deliveries_of, months_of, payees_of, payments_in, stalls_of
from market.demo.stalls import make_stalls
from market.installation import Installation
from market.markets import find_market, list_markets
from market.reports import month_report
from merchants.assigned import assigned_since
from merchants.bank_accounts import account_problem
from merchants.stalls import StallRow, list_stalls

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
PLAN = Plan(stalls=24, months=2, seed=1, current=Month(2026, 11))


def _settings(data: Path) -> Settings:
    data.mkdir(exist_ok=True)
    return Settings.from_environment({"CHO_DATA": str(data)})


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Built]:
    """A small province, built once and only looked at."""
    settings = _settings(tmp_path_factory.mktemp("demo") / "dữ liệu")
    return settings, build(settings, PLAN, now=NOW)


@pytest.fixture
def province(sample: tuple[Settings, Built]) -> Iterator[Installation]:
    """The installation over the small province."""
    installation = Installation(sample[0])
    yield installation
    installation.close()


def _counts(installation: Installation) -> dict[tuple[str, str], int]:
    """Transactions by market and month."""
    with installation.database.reading() as session:
        return {
            (market.slug, str(month)): month_report(session, market, month).transactions
            for market in list_markets(session)
            for month in PLAN.all_months
        }


def test_it_has_three_markets_of_different_size(province: Installation) -> None:
    with province.database.reading() as session:
        sizes = {market.slug: len(list_stalls(session, market.id)) for market in list_markets(session)}
    assert sizes == {"quang-ngai": 24, "la-ha": 7, "ly-son": 4}


def test_at_its_full_size_the_first_market_has_400_stalls_and_35_000_payments_a_month() -> None:
    plan = Plan(412, 12, 1, Month(2026, 11))
    full = [payments_in(plan, SAMPLES[0], month) for month in plan.all_months[:-1]]
    assert len(make_stalls(412, "1")) == 412
    assert 33_000 < sum(full) / len(full) < 37_000


def test_every_full_month_and_this_one_have_payments(province: Installation) -> None:
    counted = _counts(province)
    assert all(counted["quang-ngai", str(month)] > 500 for month in PLAN.all_months)


def test_nothing_is_paid_in_the_future(province: Installation) -> None:
    with province.database.reading() as session:
        market = find_market(session, "quang-ngai")
        days = counts.counts_by_day(session, market.id, local_date(NOW), local_date(NOW) + timedelta(days=40))
        lines = list(counts.lines(session, market.id, PLAN.current))
    assert list(days) == [local_date(NOW)]
    assert max(line.occurred_at for line in lines) <= NOW


def test_every_invariant_of_its_books_holds(province: Installation) -> None:
    with province.database.reading() as session:
        assert verify(session).findings == []


def test_a_little_money_of_the_last_days_waits_for_a_stall(province: Installation) -> None:
    with province.database.reading() as session:
        left = {market.slug: waiting(session, market.id, "unmatched") for market in list_markets(session)}
    assert left["quang-ngai"]
    for rows in left.values():
        assert len(rows) <= LEFT
        assert all(row.local_date >= PLAN.current.first for row in rows)


def test_the_boards_gave_the_money_before_it_to_stalls_and_the_trail_says_so(province: Installation) -> None:
    with province.database.reading() as session:
        market = find_market(session, "quang-ngai")
        given = assigned_since(session, market.id, NOW - timedelta(days=400))
        lines = trail(session, market.id, limit=1000, acts=("notice_assigned",))
    assert given
    assert {one.notice for one in given} <= {line.about["notice"] for line in lines}
    assert {line.person for line in lines} == {"ban-quang-ngai"}


def test_a_month_is_closed_without_money_that_waits(province: Installation) -> None:
    with province.database.reading() as session:
        market = find_market(session, "quang-ngai")
        assert [month_report(session, market, month).unmatched for month in PLAN.all_months[:-1]] == [0, 0]


def test_a_stall_that_nobody_pays_is_a_rival_for_money_to_an_account_it_shares() -> None:
    month = PLAN.current
    stalls = stalls_of(PLAN, SAMPLES[0])
    references = {stall.code: stall.code for stall in stalls}
    payees = payees_of(PLAN, SAMPLES[0], month, references, stalls)
    assert [payee.code for payee in payees] == [stall.code for stall in stalls]
    assert any(not payee.weight for payee in payees)


def test_holders_counted_their_cash_last_evening(province: Installation) -> None:
    with province.database.reading() as session:
        counts = session.connection().execute(select(CASH_COUNT.c.day, CASH_COUNT.c.counted - CASH_COUNT.c.expected))
        assert [(str(day), found) for day, found in counts] == [("2026-11-23", 20_000)] * 3


def test_full_months_are_closed_and_this_one_is_not(province: Installation) -> None:
    with province.database.reading() as session:
        market = find_market(session, "quang-ngai")
        assert [latest(session, market.id, month) is not None for month in PLAN.all_months] == [True, True, False]


def test_a_closed_month_has_changed_since(province: Installation) -> None:
    with province.database.reading() as session:
        market = find_market(session, "quang-ngai")
        report = month_report(session, market, PLAN.all_months[-2])
    assert report.closed is not None
    assert report.closed["transactions"] > report.transactions


def test_its_logins_open_with_the_passwords_it_tells(sample: tuple[Settings, Built], province: Installation) -> None:
    with province.database.reading() as session:
        for login in sample[1].logins:
            assert check_password(session, login["login"], login["password"]) is not None, login


def test_it_has_a_login_of_every_kind_and_a_board_for_each_market(sample: tuple[Settings, Built]) -> None:
    roles = [login["role"] for login in sample[1].logins]
    assert roles == ["administrator", "province", "board", "board", "board", *["stallholder"] * 3]


def _seen(settings: Settings, seed: int) -> tuple[Built, list[str], list[tuple[str, int]]]:
    """A tiny province as it comes out: what it tells, its references, and its books' counts."""
    built = build(settings, Plan(5, 1, seed, Month(2026, 11)), now=NOW)
    installation = Installation(settings)
    with installation.database.reading() as session:
        stalls = [stall for market in list_markets(session) for stall in list_stalls(session, market.id)]
        counted = counts.month_counts(session, find_market(session, "quang-ngai").id, Month(2026, 10))
    installation.close()
    return built, [stall.reference for stall in stalls], [(s.code, counted.get(s.book_id, 0)) for s in stalls]


def test_the_same_seed_builds_the_same_province_and_another_another(tmp_path: Path) -> None:
    one, same, other = (_seen(_settings(tmp_path / str(n)), seed) for n, seed in enumerate((1, 1, 2)))
    assert one == same
    assert one[1] != other[1]
    assert one[2] != other[2]


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., tuple[Built, dict[str, Any]]]:
    """Builds the smallest province in one folder, however often; gives what it says and counts of its database."""
    settings = _settings(tmp_path / "tiny")

    def make(*, now: datetime = NOW, stalls: int = 6) -> tuple[Built, dict[str, Any]]:
        built = build(settings, Plan(stalls, 1, 1, Month.of(local_date(now))), now=now)
        installation = Installation(settings)
        with installation.database.reading() as session:
            market = find_market(session, "quang-ngai")
            lines = list(counts.lines(session, market.id, None))
            stalls_there = len(list_stalls(session, market.id))
        installation.close()
        return built, {"entries": len(lines), "newest": max(line.occurred_at for line in lines), "stalls": stalls_there}

    return make


def test_called_again_at_once_it_changes_nothing(tiny: Callable[..., tuple[Built, dict[str, Any]]]) -> None:
    assert tiny() == tiny()


def test_called_later_in_the_month_it_goes_on(tiny: Callable[..., tuple[Built, dict[str, Any]]]) -> None:
    first_built, first = tiny()
    then_built, then = tiny(now=NOW + timedelta(days=3))
    assert then["entries"] > first["entries"]
    assert then["newest"] > NOW
    assert then_built.logins == first_built.logins


def test_called_in_another_month_it_is_built_anew(tiny: Callable[..., tuple[Built, dict[str, Any]]]) -> None:
    tiny()
    built, there = tiny(now=NOW + timedelta(days=20))
    assert built.month == "2026-12"
    assert there["newest"] > NOW + timedelta(days=14)


def test_asked_for_another_size_it_is_built_anew(tiny: Callable[..., tuple[Built, dict[str, Any]]]) -> None:
    tiny()
    assert tiny(stalls=8)[1]["stalls"] == 8


def test_one_that_was_not_finished_is_built_anew(
    tiny: Callable[..., tuple[Built, dict[str, Any]]], tmp_path: Path
) -> None:
    whole = tiny()
    (tmp_path / "tiny" / "demo.json").unlink()
    assert tiny() == whole


def test_its_size_is_told_beforehand() -> None:
    told: list[int] = []
    plan = Plan(6, 1, 1, Month(2026, 11))
    for sample in SAMPLES:
        for month in months_of(plan, sample):
            references = dict.fromkeys((stall.code for stall in stalls_of(plan, sample)), "ABCDEFGH")
            told.append(len(deliveries_of(plan, sample, month, references)))
    assert abs(sum(told) - size(plan)) < size(plan) / 10


def test_stalls_are_named_apart_and_paid_to_real_looking_accounts() -> None:
    stalls = make_stalls(412, "1")
    assert len({stall.code for stall in stalls}) == len({stall.name for stall in stalls}) == 412
    assert [account_problem(stall.account_number) for stall in stalls] == [None] * 412


def test_some_stalls_share_an_account_and_some_a_number_at_two_banks() -> None:
    stalls = make_stalls(412, "1")
    accounts = [(stall.bin, stall.account_number) for stall in stalls]
    numbers = {number for _, number in set(accounts)}
    assert len(set(accounts)) < len(stalls)
    assert len(numbers) < len(set(accounts))


def test_the_sample_lies_apart_whatever_database_is_set(bare_cho: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cho = bare_cho
    monkeypatch.setenv("CHO_DATABASE_URL", f"sqlite:///{cho.folder / 'real.sqlite'}")
    said = cho.done("demo", "--no-serve", "--stalls", "4", "--months", "1")
    assert not (cho.folder / "real.sqlite").exists()
    state = next(cho.folder.rglob("demo/demo.json"))
    for login in json.loads(state.read_text(encoding="utf-8"))["logins"]:
        assert f"{login['login']:16} {login['password']}" in said.out
    assert "http://127.0.0.1:8000/s/quang-ngai/C-01 " in said.out
    assert said.out.splitlines()[0].endswith("/demo; `python3 run.py demo` serves it on http://127.0.0.1:8000")


def test_a_sample_stall_is_a_stall_like_any(province: Installation) -> None:
    with province.database.reading() as session:
        stall: StallRow = list_stalls(session, find_market(session, "ly-son").id)[0]
    assert stall.holder and stall.phone and stall.section == f"Dãy {stall.code[0]}"
