"""Webhooks that come in the same moment are booked together: one commit of the disk answers them all."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from ledger.direct import connection_of
from ledger.inbox.notice import Notice
from market.channels import NOTED_EVERY, Hook, heard
from market.db import LOCK_TIMEOUT, Database
from merchants.payments import Outcome, Source, take


@dataclass(eq=False, slots=True)
class _Call:
    """What one webhook told; `gathered` when a transaction has it, then with what became of it."""

    hook: Hook
    deliveries: Sequence[tuple[Notice, bytes]]
    now: datetime
    gathered: bool = False
    outcomes: list[Outcome] | None = None
    error: OperationalError | None = None


class Intake:
    """Where the threads of one process bring what their webhooks told.

    One of them has the turn, and books what it and the others brought; those find their answers when the turn comes to
    them. A call that meets no other is a transaction of its own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._waiting: deque[_Call] = deque()

    def take(self, hook: Hook, deliveries: Sequence[tuple[Notice, bytes]], now: datetime) -> list[Outcome]:
        """Store and book what one call told: one outcome a delivery, and all of it durable.

        Raises what the database raised where nothing of the call was stored.
        """
        call = _Call(hook, deliveries, now)
        self._waiting.append(call)
        with self._turn:
            if not call.gathered:
                self._take_all()
        if call.error is not None:
            raise call.error
        if call.outcomes is None:
            # One of those that were together is at fault; each finds out alone whether it is the one.
            (call.outcomes,) = self._database.write(lambda session: _taken(session, [call]))
        return call.outcomes

    def _take_all(self) -> None:
        calls: list[_Call] = []

        def write(session: Session) -> list[list[Outcome]]:
            # The lock first: whoever comes while it is waited for goes along.
            connection_of(session)
            self._gather(calls)
            return _taken(session, calls)

        try:
            taken = self._database.write(write)
        except Exception as error:
            self._gather(calls)
            if isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) != LOCK_TIMEOUT:
                # A full disk, a database that another program holds: none of them would get further alone.
                for call in calls:
                    call.error = error
        else:
            for call, outcomes in zip(calls, taken, strict=True):
                call.outcomes = outcomes

    def _gather(self, calls: list[_Call]) -> None:
        while self._waiting:
            calls.append(self._waiting.popleft())
            calls[-1].gathered = True


def _taken(session: Session, calls: Sequence[_Call]) -> list[list[Outcome]]:
    by_source: dict[Source, list[_Call]] = {}
    for call in calls:
        by_source.setdefault(call.hook.source, []).append(call)
    outcomes: dict[_Call, list[Outcome]] = {}
    for source, some in by_source.items():
        now = max(call.now for call in some)
        taken = iter(take(session, source, "hook", [each for call in some for each in call.deliveries], now))
        for call in some:
            outcomes[call] = [next(taken) for _ in call.deliveries]
        before = some[0].hook.last_heard_at
        if before is None or now - before >= NOTED_EVERY:
            heard(session, source.channel_id, now)
    return [outcomes[call] for call in calls]
