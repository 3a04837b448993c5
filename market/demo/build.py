"""Builds the sample province in a data folder of its own, through the same functions that real data goes through."""

import gc
import json
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import Session

from ledger.books.counts import newest_days
from ledger.days import Month, local_date, local_midnight
from market.channels import add_channel, heard, list_channels
from market.config import Settings
from market.db import Database, revisions
from market.demo import people
from market.demo.board import LEFT, assign_waiting
from market.demo.months import Delivery, after, until
from market.demo.plan import SAMPLES, Plan, Sample, deliveries_of, lives_of, months_of, payments_in, stalls_of
from market.installation import Installation
from market.markets import add_market, find_market
from market.reports import close
from market.secret_key import seal
from market.signs import mark_printed
from merchants import stalls
from merchants.payments import Source, take

# Moves when what is built changes, so that an older sample is built anew.
VERSION = 6
# One transaction holds about so many: nobody else waits for this database while it is built.
_A_TRANSACTION = 10_000


@dataclass(frozen=True, slots=True)
class Built:
    """A finished sample: what it was asked for, how far its payments reach, and who may sign in."""

    stalls: int
    months: int
    seed: int
    month: str
    version: int
    revision: str
    until: str
    logins: list[dict[str, str]]


def build(
    settings: Settings, plan: Plan, *, now: datetime, progress: Callable[[int], None] = lambda done: None
) -> Built:
    """Build the sample in `settings.data`, or go on with the one that is there: a sample of the same plan, month and
    version gets the payments that have come due since; any other is built anew. `progress` is told of deliveries
    taken, about `size(plan)` in all."""
    state = settings.data / "demo.json"
    known = _read(state)
    wanted = (plan.stalls, plan.months, plan.seed, str(plan.current), VERSION, revisions()[-1])
    if known and (known.stalls, known.months, known.seed, known.month, known.version, known.revision) == wanted:
        installation = Installation(settings)
        _top_up(installation.database, plan, datetime.fromisoformat(known.until), now)
        logins = known.logins
    else:
        state.unlink(missing_ok=True)
        for ending in ("", "-wal", "-shm", "-journal"):
            (settings.data / f"cho.sqlite{ending}").unlink(missing_ok=True)
        installation = Installation(settings)
        _hurry(installation.database.engine)
        # Nothing here is garbage in a circle, and looking for it among so many deliveries takes a tenth of the time.
        gc.disable()
        try:
            logins = _build_anew(installation, plan, now, progress)
        finally:
            gc.enable()
    installation.close()
    built = Built(*wanted, until=now.isoformat(), logins=logins)
    state.write_text(json.dumps(asdict(built), ensure_ascii=False, indent=1), encoding="utf-8")
    return built


def _hurry(engine: Engine) -> None:
    """Ask the disk for nothing while the sample is built, and keep in memory what an undoing needs: a sample that a
    power cut ends is built anew. Whoever opens the file next sets its journal as `market.db` says."""

    def on_connect(connection: Any, record: Any) -> None:
        for pragma in ("synchronous=OFF", "journal_mode=MEMORY", "temp_store=MEMORY", "cache_size=-64000"):
            connection.execute(f"PRAGMA {pragma}").close()

    engine.dispose()
    event.listen(engine, "connect", on_connect)


def _read(state: Path) -> Built | None:
    try:
        return Built(**json.loads(state.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _build_anew(
    installation: Installation,
    plan: Plan,
    now: datetime,
    progress: Callable[[int], None],
) -> list[dict[str, str]]:
    # A process that is not forked: it is the same on every system, and holds no copy of an open database.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
        # It starts while the markets are opened, for its first month is waited for.
        maker.submit(stalls_of, plan, SAMPLES[0])
        return _build_with(maker, installation, plan, now, progress)


def _build_with(
    maker: ProcessPoolExecutor,
    installation: Installation,
    plan: Plan,
    now: datetime,
    progress: Callable[[int], None],
) -> list[dict[str, str]]:
    database = installation.database
    began = local_midnight(plan.all_months[0].first)
    with database.writing() as session:
        for sample in SAMPLES:
            _open_market(session, installation, plan, sample, began)
        logins = people.add(session, plan, began)
    jobs = _jobs(plan)
    with database.writing() as session:
        references = {sample.slug: _references(session, sample) for sample in SAMPLES}
    for (sample, month), made in zip(jobs, _made_ahead(maker, plan, jobs, references), strict=True):
        _play(database, sample, until(made, now), progress)
        closes_at = local_midnight(month.last + timedelta(days=3)) + timedelta(hours=9)
        if month != plan.current and closes_at < now:
            with database.writing() as session:
                # What the board works through before it closes the month.
                assign_waiting(session, plan, sample, now=closes_at - timedelta(hours=1))
                market = find_market(session, sample.slug)
                close(session, market, month, login_id=people.board_of(session, sample), now=closes_at)
    with database.writing() as session:
        for sample in SAMPLES:
            market = find_market(session, sample.slug)
            lives = lives_of(plan, sample, stalls_of(plan, sample))
            for stall in stalls.list_stalls(session, market.id):
                if lives[stall.code].closed:
                    stalls.close(session, stall, lives[stall.code].last, now)
            assign_waiting(session, plan, sample, left=LEFT, now=now - timedelta(hours=1))
            # Whoever was ever paid by code has a sign.
            paid = newest_days(session, market.id, local_date(now))
            signed = [stall.code for stall in stalls.list_stalls(session, market.id) if stall.book_id in paid]
            mark_printed(session, market.id, signed, now)
        people.live(session, plan, now)
    return logins


def size(plan: Plan) -> int:
    """About how many deliveries there are to take."""
    return sum(payments_in(plan, *job) for job in _jobs(plan))


def _jobs(plan: Plan) -> list[tuple[Sample, Month]]:
    return [(sample, month) for month in plan.all_months for sample in SAMPLES if month in months_of(plan, sample)]


def _open_market(session: Session, installation: Installation, plan: Plan, sample: Sample, now: datetime) -> None:
    market = add_market(
        session,
        slug=sample.slug,
        name=sample.name,
        city=sample.city,
        phone=sample.phone,
        target=round(plan.stalls * sample.share * sample.target / 500) * 500 or None,
        now=now,
    )
    references = random.Random(f"references {plan.seed} {sample.slug}")  # noqa: S311 (invented data, repeatable by seed)
    stalls.register(session, market.id, stalls_of(plan, sample), source=references, now=now)
    secret = seal(installation.key, f"demo-{plan.seed}-{sample.slug}")
    add_channel(
        session,
        provider="sepay",
        market_id=market.id,
        stall_id=None,
        auth=None,
        sealed_secret=secret,
        now=now,
    )


def _references(session: Session, sample: Sample) -> dict[str, str]:
    market = find_market(session, sample.slug)
    return {stall.code: stall.reference for stall in stalls.list_stalls(session, market.id)}


def _made_ahead(
    maker: ProcessPoolExecutor,
    plan: Plan,
    jobs: Sequence[tuple[Sample, Month]],
    references: dict[str, dict[str, str]],
) -> Iterator[list[Delivery]]:
    """Each job's deliveries, made by another process while the ones before are being booked."""
    waiting: deque[Future[list[Delivery]]] = deque()
    for sample, month in jobs:
        waiting.append(maker.submit(deliveries_of, plan, sample, month, references[sample.slug]))
        if len(waiting) > 3:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _play(
    database: Database,
    sample: Sample,
    deliveries: Sequence[Delivery],
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Take deliveries as they came, each day's at its end."""
    days = [list(day) for _, day in groupby(deliveries, key=lambda delivery: delivery.arrives.date())]
    while days:
        with database.writing() as session:
            source = source_of(session, sample)
            taken = 0
            while days and taken < _A_TRANSACTION:
                day = days.pop(0)
                bodies = [(notice, delivery.body) for delivery in day for notice in delivery.notices]
                take(session, source, "hook", bodies, day[-1].arrives)
                heard(session, source.channel_id, day[-1].arrives)
                taken += len(day)
        progress(taken)


def source_of(session: Session, sample: Sample) -> Source:
    """The one channel of a market of the sample."""
    market = find_market(session, sample.slug)
    return next(row.source for row in list_channels(session) if row.market_id == market.id)


def _top_up(database: Database, plan: Plan, since: datetime, now: datetime) -> None:
    """Book what has come due since the sample was built."""
    with database.reading() as session:
        references = {sample.slug: _references(session, sample) for sample in SAMPLES}
    for sample in SAMPLES:
        made = deliveries_of(plan, sample, plan.current, references[sample.slug])
        _play(database, sample, until(after(made, since), now))
        with database.writing() as session:
            assign_waiting(session, plan, sample, left=LEFT, now=now)
