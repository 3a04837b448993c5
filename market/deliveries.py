"""A file of provider bodies, one a line as the provider would POST them, taken as if they had been posted."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlmodel import Session

from ledger.inbox.notice import Notice
from ledger.inbox.providers import READERS
from ledger.refused import Problem, Refused
from market.channels import ChannelRow, heard
from market.db import Database
from market.told_otherwise import note_differing
from merchants.payments import Outcome, take

# Few enough that another writer never waits long, many enough that the disk's commit is shared.
BATCH = 500
LONGEST_BODY = 64 * 1024

Batch = list[tuple[Notice, bytes]]


class TakeBatch(Protocol):
    """Takes some deliveries in the transaction of a session; one outcome each."""

    def __call__(self, session: Session, batch: Batch) -> list[Outcome]: ...


@dataclass(slots=True)
class Summary:
    """What became of the notices in a file; `read` is the sum of the others."""

    read: int = 0
    recorded: int = 0
    duplicates: int = 0
    unmatched: int = 0
    held: int = 0
    ignored: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    pending: int = 0

    def document(self) -> dict[str, Any]:
        """The summary as JSON has it; `pending` (stored, not yet booked) only where there is any."""
        said = asdict(self)
        if not self.pending:
            del said["pending"]
        return said

    @classmethod
    def refused(cls, problems: Sequence[Problem]) -> "Summary":
        """A file of which nothing was taken, for what is wrong with its lines."""
        rejected = [{"line": problem.line, "error": problem.message} for problem in problems]
        return cls(read=len(problems), rejected=rejected)

    def count(self, outcomes: list[Outcome]) -> None:
        """Add what became of one batch."""
        self.read += len(outcomes)
        for outcome in outcomes:
            name = {"duplicate": "duplicates", "parked": "pending"}.get(outcome.status, outcome.status)
            setattr(self, name, getattr(self, name) + 1)


def read_bodies(path: Path, provider: str) -> tuple[Batch, list[Problem]]:
    """Every notice in the file with the body it came in, and every line that is no body of this provider."""
    read = READERS[provider]
    deliveries: Batch = []
    problems: list[Problem] = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                body = line.strip().removeprefix(b"\xef\xbb\xbf")
                if not body:
                    continue
                if len(body) > LONGEST_BODY:
                    problems.append(Problem(f"is longer than {LONGEST_BODY // 1024} KiB, as no body is", number))
                    continue
                try:
                    deliveries += ((notice, body) for notice in read(body))
                except ValueError as error:
                    problems.append(Problem(str(error), number))
    except OSError as error:
        raise Refused(Problem(f"{path} cannot be read: {error.strerror}")) from None
    return deliveries, problems


def import_bodies(
    database: Database,
    channel: ChannelRow,
    path: Path,
    *,
    now: datetime,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda done: None,
    announce: Callable[[int], None] = lambda total: None,
) -> Summary:
    """Take a file of bodies, all lines or none; a batch a transaction, so that a second run after any stop goes on
    where the first ended. A dry run does the same and then undoes it."""
    if channel.status != "on":
        raise Refused(Problem(f"channel {channel.id} is off and takes nothing", field="channel"))
    deliveries, problems = read_bodies(path, channel.provider)
    if problems:
        return Summary.refused(problems)

    def take_batch(session: Session, batch: Batch) -> list[Outcome]:
        outcomes = take(session, channel.source, "hook", batch, now)
        note_differing(session, channel.source, outcomes, now)
        heard(session, channel.id, now)
        return outcomes

    return take_all(database, deliveries, take_batch, dry_run=dry_run, progress=progress, announce=announce)


def take_all(
    database: Database,
    deliveries: Batch,
    take_batch: TakeBatch,
    *,
    dry_run: bool,
    progress: Callable[[int], None],
    announce: Callable[[int], None],
) -> Summary:
    """Take what a file held, a batch a transaction; a dry run takes it all in one and undoes it."""
    summary = Summary()
    announce(len(deliveries))
    batches = [deliveries[start : start + BATCH] for start in range(0, len(deliveries), BATCH)]
    if dry_run:
        with database.writing() as session:
            for batch in batches:
                summary.count(take_batch(session, batch))
                progress(len(batch))
            session.rollback()
        return summary
    for batch in batches:
        summary.count(database.write(partial(take_batch, batch=batch)))
        progress(len(batch))
    return summary
