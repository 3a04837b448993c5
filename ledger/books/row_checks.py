"""The rules that bind rows of several tables: sums, heads, keys, and rows that name other rows. One function a rule.

Each looks through the whole database with SQL that both databases share, and yields a finding for every broken row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Table,
    UniqueConstraint,
    case,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlmodel import SQLModel

from ledger import guards
from ledger.books.finding import Finding
from ledger.books.model import BOOK, CASH_COUNT, DAY_TOTAL, ENTRY, POSTING, SEAL
from ledger.books.seals import day_to_seal
from ledger.days import stamp
from ledger.inbox.model import NOTICE


@dataclass(frozen=True, slots=True)
class PublishedHead:
    """What was once said of a book: its entry of this number has this hash. `by` names the closing or seal."""

    by: str
    market_id: int
    book_id: int
    number: int
    head: str


def guards_stand(connection: Connection) -> Iterator[Finding]:
    """Every trigger that keeps the books from being changed is there, as this program made it."""
    for name in guards.missing(connection):
        message = f"the guard {name} is gone, off or altered; whatever writes to this database is not held back"
        yield Finding("guards", None, None, None, message)


def heads_agree(connection: Connection) -> Iterator[Finding]:
    """A book's row says how many entries it has, and the hash of the last."""
    last = select(ENTRY.c.book_id, func.max(ENTRY.c.number).label("number")).group_by(ENTRY.c.book_id).subquery()
    rows = connection.execute(
        select(BOOK, ENTRY.c.id.label("entry_id"), ENTRY.c.number, ENTRY.c.hash)
        .outerjoin(last, last.c.book_id == BOOK.c.id)
        .outerjoin(ENTRY, (ENTRY.c.book_id == BOOK.c.id) & (ENTRY.c.number == last.c.number))
        .where(
            (BOOK.c.entries != func.coalesce(ENTRY.c.number, 0)) | (BOOK.c.head != func.coalesce(ENTRY.c.hash, "")),
        )
        .order_by(BOOK.c.id)
    )
    for row in rows:
        number = row.number or 0
        if row.entries != number:
            message = f"the book says {row.entries} entries and its last one is number {number}"
        else:
            message = f"the book's head is not the hash of its last entry, number {number}"
        yield Finding("heads", row.market_id, row.id, row.entry_id, message)


def days_agree(connection: Connection) -> Iterator[Finding]:
    """A day's total is the sum of its entries, and there is one for every day that has any."""

    def taken(*origins: str) -> Any:
        return func.coalesce(func.sum(case((ENTRY.c.origin.in_(origins), -POSTING.c.amount), else_=0)), 0)

    names = ("cashless_count", "cashless_sum", "typed_sum", "cash_sum")
    sums = (func.sum(ENTRY.c.counted), taken("payment"), taken("typed"), taken("cash", "count"))
    nothing = literal(0)
    totals = select(
        DAY_TOTAL.c.book_id,
        DAY_TOTAL.c.booked_on,
        literal(1).label("totals"),
        nothing.label("entries"),
        *(DAY_TOTAL.c[name].label(f"said_{name}") for name in names),
        *(nothing.label(name) for name in names),
    )
    entries = (
        select(
            ENTRY.c.book_id,
            ENTRY.c.booked_on,
            nothing.label("totals"),
            literal(1).label("entries"),
            *(nothing.label(f"said_{name}") for name in names),
            *(total.label(name) for name, total in zip(names, sums, strict=True)),
        )
        .outerjoin(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "sales"))
        .group_by(ENTRY.c.book_id, ENTRY.c.booked_on)
    )
    # Side by side and not joined: SQLite compares each row of a full join with every one of the other side.
    both = union_all(totals, entries).subquery()
    day = both.c.book_id, both.c.booked_on
    columns = ("totals", "entries", *(f"said_{name}" for name in names), *names)
    summed = {name: func.sum(both.c[name]) for name in columns}
    wrong_days = (
        select(*day, *(total.label(name) for name, total in summed.items()))
        .group_by(*day)
        .having(
            or_(
                summed["totals"] == 0,
                summed["entries"] == 0,
                *(summed[f"said_{name}"] != summed[name] for name in names),
            )
        )
        .subquery()
    )
    rows = connection.execute(
        select(BOOK.c.market_id, wrong_days)
        .select_from(wrong_days.outerjoin(BOOK, BOOK.c.id == wrong_days.c.book_id))
        .order_by(wrong_days.c.book_id, wrong_days.c.booked_on)
    )
    for row in rows:
        if not row.totals:
            message = f"{row.booked_on} has entries and no total"
        elif not row.entries:
            message = f"{row.booked_on} has a total and no entries"
        else:
            said = row._mapping
            wrong = [name for name in names if said[f"said_{name}"] != said[name]]
            differs = ", ".join(f"{name} says {said[f'said_{name}']}, its entries {said[name]}" for name in wrong)
            message = f"the total of {row.booked_on} is wrong: {differs}"
        yield Finding("days", row.market_id, row.book_id, None, message)


def seals(connection: Connection) -> Iterator[PublishedHead]:
    """Every seal, as what it said of its book."""
    for row in connection.execute(select(SEAL).order_by(SEAL.c.id), execution_options={"yield_per": 2000}):
        yield PublishedHead(f"the seal of {row.day}", row.market_id, row.book_id, row.number, row.head)


def seals_in_order(connection: Connection) -> Iterator[Finding]:
    """A seal is of the day that had ended when it was published, and a book's seals, in the order in which they were
    published, name ever greater numbers."""
    seal = SEAL.c
    rows = connection.execute(
        select(
            SEAL,
            func.lag(seal.number).over(partition_by=seal.book_id, order_by=seal.id).label("before"),
        ).order_by(seal.book_id, seal.id),
        execution_options={"yield_per": 2000},
    )
    for row in rows:
        if row.day != day_to_seal(row.published_at):
            message = f"the seal of {row.day} was published at {stamp(row.published_at)}, when another day had ended"
            yield Finding("seals", row.market_id, row.book_id, None, message)
        if row.before is not None and row.number <= row.before:
            message = f"the seal of {row.day} names number {row.number}, and the one before it number {row.before}"
            yield Finding("seals", row.market_id, row.book_id, None, message)


def published_heads_hold(connection: Connection, published: Iterable[PublishedHead]) -> Iterator[Finding]:
    """What a seal or a closing said of a book is still so. A chain cannot tell by itself when its end was cut off and
    the book's row made to match; whatever was said of that end tells it."""
    waiting = iter(published)
    while batch := list(islice(waiting, 500)):
        named = [(one.book_id, one.number) for one in batch]
        found = {
            (row.book_id, row.number): row
            for row in connection.execute(
                select(ENTRY.c.id, ENTRY.c.book_id, ENTRY.c.number, ENTRY.c.hash).where(
                    tuple_(ENTRY.c.book_id, ENTRY.c.number).in_(named)
                )
            )
        }
        for one in batch:
            entry = found.get((one.book_id, one.number))
            if entry is None and (one.number, one.head) != (0, ""):
                message = f"{one.by} names entry number {one.number}, which is missing"
                yield Finding("published", one.market_id, one.book_id, None, message)
            elif entry is not None and entry.hash != one.head:
                message = f"{one.by} names another hash of number {one.number}"
                yield Finding("published", one.market_id, one.book_id, entry.id, message)


def cash_counts_hold(connection: Connection) -> Iterator[Finding]:
    """Counts of a day are versions 1, 2, 3 …, made when the book had that many entries. What was expected is the float
    and the day's cash by the book up to there; an entry is the next one, of that day, and is the difference."""
    count = CASH_COUNT.c
    before, leg = ENTRY.alias("before"), POSTING.alias("leg")
    cash = (
        select(func.coalesce(func.sum(leg.c.amount), 0))
        .join(before, before.c.id == leg.c.entry_id)
        .where(before.c.book_id == count.book_id, before.c.booked_on == count.day, before.c.number <= count.at_number)
        .where(leg.c.account == "cash")
        .correlate(CASH_COUNT)
        .scalar_subquery()
    )
    fits = (ENTRY.c.kind == "count") & (ENTRY.c.book_id == count.book_id) & (ENTRY.c.booked_on == count.day)
    rows = connection.execute(
        select(
            count.id,
            count.market_id,
            count.book_id,
            count.day,
            count.version,
            count.counted,
            count.float,
            count.expected,
            count.at_number,
            count.entry_id,
            BOOK.c.entries,
            cash.label("cash"),
            POSTING.c.amount.label("found"),
            func.row_number().over(partition_by=(count.book_id, count.day), order_by=count.version).label("place"),
            (fits & (ENTRY.c.number == count.at_number + 1)).label("fits"),
        )
        .outerjoin(BOOK, BOOK.c.id == count.book_id)
        .outerjoin(ENTRY, ENTRY.c.id == count.entry_id)
        .outerjoin(POSTING, (POSTING.c.entry_id == count.entry_id) & (POSTING.c.account == "cash"))
        .order_by(count.book_id, count.day, count.version)
    )
    for row in rows:
        where = (row.market_id, row.book_id, row.entry_id)
        said = f"the cash count of {row.day}"
        if row.version != row.place:
            yield Finding("cash_counts", *where, f"{said} is version {row.version}, not {row.place}")
        if row.entries is not None and not 0 <= row.at_number <= row.entries:
            yield Finding("cash_counts", *where, f"{said} was made at number {row.at_number}, not there yet")
        elif row.expected != row.float + row.cash:
            message = f"expected {row.expected} đồng, where the float and the day's cash were {row.float + row.cash}"
            yield Finding("cash_counts", *where, f"{said} {message}")
        if row.entry_id is not None and not row.fits:
            yield Finding("cash_counts", *where, f"{said} names an entry that is not its own")
        elif row.entry_id is not None and row.found != row.counted - row.expected:
            message = f"found {row.counted - row.expected} đồng, and its entry says {row.found}"
            yield Finding("cash_counts", *where, f"{said} {message}")


def rows_name_rows(connection: Connection) -> Iterator[Finding]:
    """Whatever row another names is there (no orphan legs, notes, verdicts, totals), and of the same market."""
    for child in SQLModel.metadata.tables.values():
        for foreign_key in child.foreign_keys:
            parent = foreign_key.column.table.alias("named")
            names, named = foreign_key.parent, parent.c[foreign_key.column.name]
            place = (
                _column(child, "market_id"),
                _book(child),
                child.c.id if child is ENTRY else _column(child, "entry_id"),
            )
            keyed = [column.label(f"key_{column.name}") for column in child.primary_key.columns]
            query = select(*(column.label(f"at_{i}") for i, column in enumerate(place)), names.label("names"), *keyed)
            orphans = query.outerjoin(parent, names == named).where(names.is_not(None), named.is_(None))
            for row in connection.execute(orphans):
                said = f"{_row(child, row)} names {foreign_key.column.table.name} {row.names}, which is missing"
                yield Finding("orphans", row.at_0, row.at_1, row.at_2, said)
            if "market_id" not in child.c or "market_id" not in parent.c:
                continue
            strays = query.add_columns(parent.c.market_id.label("market")).join(parent, names == named)
            for row in connection.execute(strays.where(child.c.market_id != parent.c.market_id)):
                said = f"{_row(child, row)} is of market {row.at_0} and names a row of market {row.market}"
                yield Finding("markets", row.at_0, row.at_1, row.at_2, said)


def _column(table: Table, name: str) -> Any:
    return table.c[name] if name in table.c else null()


def _book(table: Table) -> Any:
    """The book a row lies in: its own, or that of its entry."""
    if "book_id" in table.c or "entry_id" not in table.c:
        return _column(table, "book_id")
    return select(ENTRY.c.book_id).where(ENTRY.c.id == table.c.entry_id).correlate(table).scalar_subquery()


def _row(table: Table, row: Any) -> str:
    return f"{table.name} " + ", ".join(str(row._mapping[f"key_{column.name}"]) for column in table.primary_key.columns)


def keys_are_unique(connection: Connection) -> Iterator[Finding]:
    """What is to be there once is there once, should a unique key of the books and notices be gone."""
    for table in (ENTRY, POSTING, DAY_TOTAL, SEAL, CASH_COUNT, NOTICE):
        keys = [list(each.columns) for each in table.constraints if isinstance(each, UniqueConstraint)]
        keys += [list(index.columns) for index in table.indexes if index.unique]
        for columns in (list(table.primary_key.columns), *keys):
            yield from _repeated(connection, table, columns)


def _repeated(connection: Connection, table: Table, columns: list[Column[Any]]) -> Iterator[Finding]:
    query = select(*columns, func.count().label("times"), func.min(table.c.market_id).label("market"))
    query = query.where(*(column.is_not(None) for column in columns))
    for row in connection.execute(query.group_by(*columns).having(func.count() > 1)):
        said = {column.name: row._mapping[column] for column in columns}
        names = ", ".join(f"{name} {value}" for name, value in said.items())
        message = f"{table.name} has {row.times} rows of {names}, where one is allowed"
        yield Finding("keys", row.market, said.get("book_id"), said.get("entry_id"), message)
