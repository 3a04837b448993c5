"""The one writer of the books: `lock` the books, then `post` entries into them.

Everything here runs in the caller's transaction and commits nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import insert as insert_into
from sqlalchemy import select
from sqlmodel import Session

from ledger.among import among
from ledger.books.chain import FORM, entry_hash
from ledger.books.model import BOOK, DAY_TOTAL, ENTRY, ENTRY_NOTE, POSTING
from ledger.direct import Asking, Statement, answer, ask_next, connection_of
from ledger.rows import Rows, insert

_ADDED_TO_THE_DAY = (
    "ON CONFLICT (book_id, booked_on) DO UPDATE SET"
    " cashless_count = day_total.cashless_count + excluded.cashless_count,"
    " cashless_sum = day_total.cashless_sum + excluded.cashless_sum,"
    " typed_sum = day_total.typed_sum + excluded.typed_sum, cash_sum = day_total.cash_sum + excluded.cash_sum"
)


@dataclass(slots=True)
class Head:
    """The end of a locked book: how many entries, and the newest hash."""

    market_id: int
    entries: int
    hash: str


@dataclass(frozen=True, slots=True)
class Concerned:
    """The first entry that a correction is about, and which step among its corrections this one is."""

    entry_id: int
    number: int
    origin: str
    step: int


class Draft(NamedTuple):
    """An entry about to be written. `legs` maps account to signed đồng and sums to zero; moments are UTC."""

    book_id: int
    kind: str
    legs: Mapping[str, int]
    booked_on: date
    occurred_at: datetime
    notice_id: int | None = None
    notice_digest: str | None = None
    turn: int | None = None
    concerned: Concerned | None = None
    confirms: tuple[int, int] | None = None  # the confirmed payment: entry id, number
    client_key: str | None = None
    login_id: int | None = None
    note: str = ""


class Posted(NamedTuple):
    """Where an entry went."""

    entry_id: int
    book_id: int
    number: int


def open_books(session: Session, market_id: int, count: int) -> list[int]:
    """Start `count` empty books and give their ids."""
    rows = session.connection().execute(
        insert_into(BOOK).returning(BOOK.c.id, sort_by_parameter_order=True),
        [{"market_id": market_id, "entries": 0, "head": ""} for _ in range(count)],
    )
    return [row.id for row in rows]


_LOCK = Statement(select(BOOK).where(among(BOOK.c.id, "books")).order_by(BOOK.c.id).with_for_update())


def lock(session: Session, book_ids: set[int]) -> dict[int, Head]:
    """Lock these books until the transaction ends, in the order of their ids so that two writers never wait in a ring.

    On SQLite the write transaction is the lock already.
    """
    return answer(session, ask_lock(book_ids))


def ask_lock(book_ids: set[int]) -> Asking[dict[int, Head]]:
    """`lock`, to be asked together with others."""
    rows = (yield _LOCK(books=book_ids)) if book_ids else []
    heads = {row.id: Head(row.market_id, row.entries, row.head) for row in rows}
    missing = book_ids - heads.keys()
    assert not missing, f"no such book: {missing}"
    return heads


def ask_entry_ids(session: Session, count: int) -> Asking[list[int]]:
    """Ids for so many entries, known before the rows are written, for legs come first."""
    return (yield from ask_next(session, "entry", count))


def post(
    session: Session,
    heads: dict[int, Head],
    drafts: Sequence[Draft],
    *,
    recorded_at: datetime,
    ids: Sequence[int] | None = None,
) -> list[Posted]:
    """Write entries, a book's in this order, into books that `lock` gave; the heads move along. `ids`: as many or more,
    where they were asked for already.

    The database refuses (IntegrityError) what does not balance, a notice booked twice, a key used twice.
    """
    if not drafts:
        return []
    assert ids is None or len(ids) >= len(drafts), "each entry needs an id"
    entries: list[tuple[object, ...]] = []
    postings: list[tuple[object, ...]] = []
    notes: list[tuple[object, ...]] = []
    totals: dict[tuple[int, date], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    posted: dict[int, Posted] = {}
    if ids is None:
        ids = answer(session, ask_entry_ids(session, len(drafts)))
    # Book by book, each in the drafts' order: neighbours in the indexes are written together, and a statement on SQLite
    # copies every page that it changes.
    order = sorted(range(len(drafts)), key=lambda place: drafts[place].book_id)
    for entry_id, place in zip(ids, order, strict=False):
        draft = drafts[place]
        head = heads[draft.book_id]
        number = head.entries + 1
        concerned = draft.concerned
        origin = concerned.origin if concerned else draft.kind
        sales = draft.legs.get("sales", 0)
        counted = 0 if origin != "payment" or sales == 0 else (1 if sales < 0 else -1)
        hashed = entry_hash(
            market_id=head.market_id,
            book_id=draft.book_id,
            number=number,
            kind=draft.kind,
            origin=origin,
            counted=counted,
            booked_on=draft.booked_on,
            occurred_at=draft.occurred_at,
            recorded_at=recorded_at,
            legs=draft.legs,
            notice_id=draft.notice_id,
            notice_digest=draft.notice_digest,
            turn=draft.turn,
            concerned_number=concerned.number if concerned else None,
            confirmed_number=draft.confirms[1] if draft.confirms else None,
            step=concerned.step if concerned else None,
            client_key=draft.client_key,
            login_id=draft.login_id,
            previous=head.hash,
        )
        entries.append(
            (
                entry_id,
                head.market_id,
                draft.book_id,
                number,
                draft.kind,
                origin,
                counted,
                draft.booked_on,
                draft.occurred_at,
                recorded_at,
                draft.notice_id,
                draft.turn,
                concerned.entry_id if concerned else None,
                concerned.step if concerned else None,
                draft.confirms[0] if draft.confirms else None,
                draft.client_key,
                draft.login_id,
                FORM,
                head.hash,
                hashed,
            )
        )
        for account, amount in draft.legs.items():
            postings.append((entry_id, account, head.market_id, amount))
        if draft.note:
            notes.append((entry_id, head.market_id, draft.note))
        total = totals[draft.book_id, draft.booked_on]
        total[0] += counted
        total[_SUM_OF[origin]] -= sales
        head.entries, head.hash = number, hashed
        posted[place] = Posted(entry_id, draft.book_id, number)
    touched = sorted({draft.book_id for draft in drafts})
    days = [(book, day, heads[book].market_id, *sums) for (book, day), sums in totals.items()]
    ends = [(book, heads[book].market_id, heads[book].entries, heads[book].hash) for book in touched]
    insert(
        connection_of(session),
        Rows(POSTING, _POSTING, postings),
        Rows(ENTRY, _ENTRY, entries),
        Rows(ENTRY_NOTE, ("entry_id", "market_id", "reason"), notes),
        Rows(DAY_TOTAL, _DAY, days, _ADDED_TO_THE_DAY),
        Rows(BOOK, ("id", "market_id", "entries", "head"), ends, _MOVED_ALONG),
    )
    return [posted[place] for place in range(len(drafts))]


_SUM_OF = {"payment": 1, "typed": 2, "cash": 3, "count": 3}
_POSTING = ("entry_id", "account", "market_id", "amount")
_ENTRY = (
    "id", "market_id", "book_id", "number", "kind", "origin", "counted", "booked_on", "occurred_at", "recorded_at",
    "notice_id", "turn", "concerns", "step", "confirms", "client_key", "login_id", "form", "previous", "hash",
)  # fmt: skip
_DAY = ("book_id", "booked_on", "market_id", "cashless_count", "cashless_sum", "typed_sum", "cash_sum")
_MOVED_ALONG = "ON CONFLICT (id) DO UPDATE SET entries = excluded.entries, head = excluded.head"
