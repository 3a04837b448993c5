"""The tables of the inbox: notices, their bodies, and the tries at booking them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ledger.columns import BigId, Moment

# Word for word what an index is limited to: SQLite uses such an index only for a query that says the same words.
WAITING = text("status IN ('pending', 'unmatched', 'held', 'parked')")
STATUSES = ("pending", "recorded", "unmatched", "held", "duplicate", "ignored", "parked")


class NoticeRow(SQLModel, table=True):
    """One movement that a bank told us of, permanent; only `status` and `same_as` ever move.

    `amount` is đồng and positive, `at` the bank's own moment in UTC or null where only a day is known, `local_date`
    that day in Asia/Ho_Chi_Minh, `bank` as the notice names it, `bank_reference` and `virtual_account` empty where
    there is none.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("channel_id", "feed", "event_id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("feed IN ('hook', 'poll', 'statement')", name="feed"),
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        CheckConstraint("(status = 'duplicate') = (same_as IS NOT NULL)", name="same_as"),
        # One twin a feed: two lines of one statement are never both the payment that was told once.
        Index("uq_notice_twin", "same_as", "channel_id", "feed", unique=True),
        Index("ix_notice_account", "market_id", "account_number", "local_date"),
        # What waits is little among much, so the index holds only that.
        Index(
            "ix_notice_waiting",
            "market_id",
            "local_date",
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    market_id: int
    channel_id: int
    feed: str = Field(sa_column=Column(String(9), nullable=False))
    event_id: str
    account_number: str
    bank: str
    amount: int = Field(sa_column=Column(BigId, nullable=False))
    direction: str = Field(sa_column=Column(String(3), nullable=False))
    bank_reference: str
    at: datetime | None = Field(sa_column=Column(Moment))
    local_date: date
    received_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    digest: str = Field(sa_column=Column(String(64), nullable=False))
    status: str = Field(sa_column=Column(String(9), nullable=False))
    same_as: int | None = Field(sa_column=Column(BigId, ForeignKey("notice.id")))
    virtual_account: str = Field(default="", sa_column_kwargs={"server_default": text("''")})


class NoticeBody(SQLModel, table=True):
    """What the bank's messenger sent, with all that a person may ask to have deleted: memo, payer's name and account.

    A second body of one notice is the same event told again with another content: kept, and never booked.
    """

    __tablename__ = "notice_body"

    notice_id: int = Field(sa_column=Column(BigId, ForeignKey("notice.id"), primary_key=True, autoincrement=False))
    digest: str = Field(sa_column=Column(String(64), primary_key=True))
    market_id: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    memo: str
    payer_name: str
    payer_account: str
    received_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class NoticeTry(SQLModel, table=True):
    """Failed tries at booking a notice; five of them park it."""

    __tablename__ = "notice_try"

    notice_id: int = Field(sa_column=Column(BigId, ForeignKey("notice.id"), primary_key=True, autoincrement=False))
    market_id: int
    attempts: int
    next_try_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    last_error: str


NOTICE = SQLModel.metadata.tables["notice"]
NOTICE_BODY = SQLModel.metadata.tables["notice_body"]
NOTICE_TRY = SQLModel.metadata.tables["notice_try"]
