"""What waits is little among much: looking for it reads the index of what waits, never every notice there is."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from ledger.inbox.receive import channels_behind, pending
from ledger.inbox.waiting import count_by_status, held_files, parked_of
from market.db import Database
from market.overview import count_waiting, fingerprint


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "look",
    [
        lambda session: count_waiting(session, 1),
        lambda session: fingerprint(session, 1),
        lambda session: pending(session, 1, 1, 500),
        channels_behind,
        lambda session: count_by_status(session, 1),
        lambda session: held_files(session, 1),
        lambda session: parked_of(session, 1, 1, after=0, limit=500),
    ],
    ids=[
        "the board's tab",
        "the mark of a month",
        "the notices of a channel",
        "the channels behind",
        "the kinds of the board's work",
        "the files that are held",
        "the parked of a channel",
    ],
)
def test_only_the_index_of_what_waits_is_read(
    database: Database, engine: Engine, look: Callable[[Session], object]
) -> None:
    asked: list[tuple[str, Any]] = []

    def note(*told: Any) -> None:
        asked.append((told[2], told[3]))

    event.listen(engine, "before_cursor_execute", note)
    with database.reading() as session:
        look(session)
    event.remove(engine, "before_cursor_execute", note)
    statement, values = next(each for each in asked if " notice" in each[0])
    with engine.connect() as connection:
        plan = [step.detail for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    steps = [step for step in plan if " notice" in step]
    assert steps
    assert all("USING INDEX ix_notice_waiting" in step or "COVERING INDEX ix_notice_waiting" in step for step in steps)
