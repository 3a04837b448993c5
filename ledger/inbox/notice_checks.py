"""The rules of a notice and of the entries made from it (model.md, "One transaction a notice"), for `ledger verify`."""

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, select

from ledger.books.finding import Finding
from ledger.books.model import ENTRY
from ledger.days import local_date
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import digest

_SAID = ("channel_id", "feed", "event_id", "account_number", "bank", "amount", "direction", "bank_reference", "at")
_TWINS_SHARE = ("market_id", "account_number", "amount", "direction", "local_date")


_BATCH = 2000


def notices_hold(connection: Connection, progress: Callable[[int], None]) -> Iterator[Finding]:
    """Every notice says what was hashed of it, its entries are turns 1, 2, 3 … of which only the last may stand, and
    its status is that of its entries and its twin. `progress` is told how many more were read."""
    reversal, original = ENTRY.alias("reversal"), NOTICE.alias("original")
    shared = (*_TWINS_SHARE, "channel_id", "feed", "status")
    rows = connection.execute(
        select(
            NOTICE,
            ENTRY.c.id.label("entry_id"),
            ENTRY.c.book_id,
            ENTRY.c.turn,
            reversal.c.id.label("reversed_by"),
            *(original.c[name].label(f"original_{name}") for name in shared),
        )
        .outerjoin(ENTRY, ENTRY.c.notice_id == NOTICE.c.id)
        .outerjoin(reversal, (reversal.c.concerns == ENTRY.c.id) & (reversal.c.kind == "reversal"))
        .outerjoin(original, original.c.id == NOTICE.c.same_as)
        .order_by(NOTICE.c.id, ENTRY.c.turn, ENTRY.c.id),
        execution_options={"yield_per": _BATCH},
    )
    read = 0
    for _, group in groupby(rows, key=attrgetter("id")):
        turns = list(group)
        notice, booked = turns[-1], [turn for turn in turns if turn.entry_id is not None]
        for check in (_unchanged, _turns, _status, _twin):
            for message in check(notice, booked):
                said = f"notice {notice.id} {message}"
                yield Finding("notices", notice.market_id, notice.book_id, notice.entry_id, said)
        read += 1
        if read % _BATCH == 0:
            progress(_BATCH)
    progress(read % _BATCH)


def _unchanged(notice: Row[Any], booked: list[Row[Any]]) -> Iterator[str]:
    columns = notice._mapping
    said = {name: columns[name] for name in _SAID}
    if digest(**said, local_date=notice.local_date) != notice.digest:
        yield "does not have the digest of what it says: it was changed"
    if notice.at is not None and local_date(notice.at) != notice.local_date:
        yield f"is of {notice.local_date} and its time lies on {local_date(notice.at)}"


def _turns(notice: Row[Any], booked: list[Row[Any]]) -> Iterator[str]:
    numbers = [turn.turn for turn in booked]
    if numbers != list(range(1, len(booked) + 1)):
        yield f"is booked in turns {', '.join(map(str, numbers))}, where 1, 2, 3 … is right"
    for turn in booked[:-1]:
        if turn.reversed_by is None:
            yield f"is booked again while entry {turn.entry_id} of book {turn.book_id} stands"


def _status(notice: Row[Any], booked: list[Row[Any]]) -> Iterator[str]:
    if notice.status == "recorded":
        if not booked:
            yield "is recorded and has no entry"
    elif any(turn.reversed_by is None for turn in booked):
        yield f"is {notice.status} and has an entry that stands"
    if notice.direction != "in" and notice.status not in ("pending", "ignored", "parked"):
        yield f"is of money going out and {notice.status}"


def _twin(notice: Row[Any], booked: list[Row[Any]]) -> Iterator[str]:
    if (notice.status == "duplicate") != (notice.same_as is not None):
        yield f"is {notice.status} and the same as notice {notice.same_as}"
    elif notice.same_as is not None and notice.original_status is not None:
        said = notice._mapping
        if notice.original_status == "duplicate":
            yield f"is the same as notice {notice.same_as}, which is a duplicate itself"
        for name in _TWINS_SHARE:
            if said[name] != said[f"original_{name}"]:
                yield f"is the same as notice {notice.same_as} and differs in {name}"
        if (notice.channel_id, notice.feed) == (notice.original_channel_id, notice.original_feed):
            yield f"is the same as notice {notice.same_as}, which the same feed told"
