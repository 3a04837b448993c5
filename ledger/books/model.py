"""The tables of the books. Entries and postings are only ever added; the database refuses anything else (`guards`)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Sequence,
    String,
    UniqueConstraint,
    select,
    text,
)
from sqlmodel import Field, SQLModel

from ledger.columns import BigId, Moment

FIRST_KINDS = ("payment", "cash", "typed", "count")
CORRECTIONS = ("not_sale", "sale", "reversal")
KINDS = FIRST_KINDS + CORRECTIONS
ACCOUNTS = ("bank", "cash", "sales", "other")
# Word for word what an index is limited to: SQLite uses such an index only for a query that says the same words.
BY_A_PERSON = text("kind = 'payment' AND login_id IS NOT NULL")


class Book(SQLModel, table=True):
    """One stall's book: how many entries it has and the newest hash. Its row is what a writer locks."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    market_id: int
    entries: int = 0
    head: str = Field(default="", sa_column=Column(String(64), nullable=False))


class Entry(SQLModel, table=True):
    """One entry; `number` counts 1, 2, 3 … in its book. Column by column as model.md, "Entries", says."""

    __table_args__ = (
        UniqueConstraint("book_id", "number"),
        UniqueConstraint("notice_id", "turn"),
        UniqueConstraint("concerns", "step"),
        UniqueConstraint("confirms"),
        UniqueConstraint("book_id", "client_key"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"origin IN {FIRST_KINDS}", name="origin"),
        CheckConstraint("counted IN (-1, 0, 1)", name="counted"),
        CheckConstraint("(kind = 'payment') = (notice_id IS NOT NULL)", name="notice"),
        CheckConstraint("(notice_id IS NULL) = (turn IS NULL)", name="turn"),
        CheckConstraint(f"(kind IN {CORRECTIONS}) = (concerns IS NOT NULL)", name="concerns"),
        CheckConstraint("(concerns IS NULL) = (step IS NULL)", name="step"),
        CheckConstraint("confirms IS NULL OR kind = 'reversal'", name="confirms"),
        # A stall's phone asks for one day, again and again, out of a book of years.
        Index("ix_entry_book_day", "book_id", "booked_on", "number"),
        # Payments that a person gave to a stall are few among all, so the index costs the others nothing.
        Index(
            "ix_entry_by_a_person",
            "market_id",
            "recorded_at",
            sqlite_where=BY_A_PERSON,
            postgresql_where=BY_A_PERSON,
        ),
    )

    id: int = Field(sa_column=Column(BigId, Sequence("entry_id_seq"), primary_key=True, autoincrement=False))
    market_id: int
    book_id: int = Field(sa_column=Column(BigId, ForeignKey("book.id"), nullable=False))
    number: int
    kind: str = Field(sa_column=Column(String(8), nullable=False))
    origin: str = Field(sa_column=Column(String(8), nullable=False))
    counted: int
    booked_on: date
    occurred_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    notice_id: int | None = Field(sa_column=Column(BigId, ForeignKey("notice.id")))
    turn: int | None
    concerns: int | None = Field(sa_column=Column(BigId, ForeignKey("entry.id")))
    step: int | None
    confirms: int | None = Field(sa_column=Column(BigId, ForeignKey("entry.id")))
    client_key: str | None = Field(sa_column=Column(String(64)))
    login_id: int | None
    form: int
    previous: str = Field(sa_column=Column(String(64), nullable=False))
    hash: str = Field(sa_column=Column(String(64), nullable=False))


class Posting(SQLModel, table=True):
    """One signed leg of an entry, in đồng, never 0. Written before its entry, hence the deferred key."""

    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(f"account IN {ACCOUNTS}", name="account"),
    )

    entry_id: int = Field(
        sa_column=Column(
            BigId,
            ForeignKey("entry.id", deferrable=True, initially="DEFERRED"),
            primary_key=True,
            autoincrement=False,
        )
    )
    account: str = Field(sa_column=Column(String(5), primary_key=True))
    market_id: int
    amount: int = Field(sa_column=Column(BigId, nullable=False))


class EntryNote(SQLModel, table=True):
    """Why an entry was made, in a person's or the program's words; may be deleted, so it is never hashed."""

    __tablename__ = "entry_note"

    entry_id: int = Field(sa_column=Column(BigId, ForeignKey("entry.id"), primary_key=True, autoincrement=False))
    market_id: int
    reason: str


class DayTotal(SQLModel, table=True):
    """A book's day, kept as entries are written: the count a board reads, the sums a stall reads."""

    __tablename__ = "day_total"
    __table_args__ = (Index("ix_day_total_market_day", "market_id", "booked_on"),)

    book_id: int = Field(sa_column=Column(BigId, ForeignKey("book.id"), primary_key=True, autoincrement=False))
    booked_on: date = Field(primary_key=True)
    market_id: int
    cashless_count: int
    cashless_sum: int = Field(sa_column=Column(BigId, nullable=False))
    typed_sum: int = Field(sa_column=Column(BigId, nullable=False))
    cash_sum: int = Field(sa_column=Column(BigId, nullable=False))


class CashCount(SQLModel, table=True):
    """Cash counted at the end of a day; permanent, a later count of the same day is its next version."""

    __tablename__ = "cash_count"
    __table_args__ = (UniqueConstraint("book_id", "day", "version"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    market_id: int
    book_id: int = Field(sa_column=Column(BigId, ForeignKey("book.id"), nullable=False))
    day: date
    version: int
    counted: int = Field(sa_column=Column(BigId, nullable=False))
    float_amount: int = Field(sa_column=Column("float", BigId, nullable=False))
    expected: int = Field(sa_column=Column(BigId, nullable=False))
    at_number: int
    entry_id: int | None = Field(sa_column=Column(BigId, ForeignKey("entry.id")))
    login_id: int | None
    recorded_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class Seal(SQLModel, table=True):
    """The head of a book as it was published for a day; permanent."""

    __table_args__ = (
        UniqueConstraint("book_id", "day"),
        # A number is sealed once, and a book's newest seal is found without reading its years of them.
        Index("uq_seal_number", "book_id", "number", unique=True),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    market_id: int
    book_id: int = Field(sa_column=Column(BigId, ForeignKey("book.id"), nullable=False))
    day: date
    number: int
    head: str = Field(sa_column=Column(String(64), nullable=False))
    published_at: datetime = Field(sa_column=Column(Moment, nullable=False))


BOOK = SQLModel.metadata.tables["book"]
ENTRY = SQLModel.metadata.tables["entry"]
POSTING = SQLModel.metadata.tables["posting"]
ENTRY_NOTE = SQLModel.metadata.tables["entry_note"]
DAY_TOTAL = SQLModel.metadata.tables["day_total"]
CASH_COUNT = SQLModel.metadata.tables["cash_count"]
SEAL = SQLModel.metadata.tables["seal"]


def stands(entry_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether no reversal concerns the entry of this id."""
    reversal = ENTRY.alias()
    return ~select(reversal.c.id).where(reversal.c.concerns == entry_id, reversal.c.kind == "reversal").exists()
