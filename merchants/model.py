"""The tables of stalls and what belongs to them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from ledger.columns import BigId, Moment


class Stall(SQLModel, table=True):
    """A stall (sạp). Rows stay forever; name, holder and phone can be pseudonymised.

    With `coded_only` it counts only payments that carry the reference of one of its codes.
    """

    __table_args__ = (
        UniqueConstraint("market_id", "code"),
        UniqueConstraint("book_id"),
        CheckConstraint("status IN ('open', 'paused', 'closed')", name="status"),
        CheckConstraint("(status = 'closed') = (closed_on IS NOT NULL)", name="closed_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    code: str = Field(sa_column=Column(String(20), nullable=False))
    name: str
    category: str
    section: str
    holder: str
    phone: str
    status: str = Field(default="open", sa_column=Column(String(6), nullable=False))
    paused_on: date | None = None
    closed_on: date | None = None
    book_id: int = Field(sa_column=Column(BigId, ForeignKey("book.id"), nullable=False))
    successor_id: int | None = Field(default=None, foreign_key="stall.id")
    coded_only: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class BankAccount(SQLModel, table=True):
    """An account a stall is paid to, by BIN and number; `name` as the bank shows it.

    The number of a holder who was forgotten is a digest (`merchants.number_digests`), the name empty.
    In force from `in_force_from` (null: always) until `in_force_until` (null: still), `heard_at` is when a notice
    first named it, `printed_at` when a sign with it and this name was last printed.
    """

    __tablename__ = "bank_account"
    __table_args__ = (
        Index(
            "uq_bank_account_in_force",
            "stall_id",
            unique=True,
            sqlite_where=text("in_force_until IS NULL"),
            postgresql_where=text("in_force_until IS NULL"),
        ),
        Index("ix_bank_account_number", "market_id", "number"),
        Index("ix_bank_account_stall", "stall_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    stall_id: int = Field(foreign_key="stall.id")
    bin: str = Field(sa_column=Column(String(6), nullable=False))
    number: str = Field(sa_column=Column(String(19), nullable=False))
    name: str
    in_force_from: datetime | None = Field(default=None, sa_column=Column(Moment))
    in_force_until: datetime | None = Field(default=None, sa_column=Column(Moment))
    heard_at: datetime | None = Field(default=None, sa_column=Column(Moment))
    printed_at: datetime | None = Field(default=None, sa_column=Column(Moment))


class AccountChange(SQLModel, table=True):
    """Another bank account that a stall asked to be paid to: it takes effect after a wait, unless it was `stopped_at`;
    `done_at` is when it did."""

    __tablename__ = "account_change"
    __table_args__ = (
        Index(
            "uq_account_change_open",
            "stall_id",
            unique=True,
            sqlite_where=text("stopped_at IS NULL AND done_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL AND done_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    stall_id: int = Field(foreign_key="stall.id", index=True)
    bin: str = Field(sa_column=Column(String(6), nullable=False))
    number: str = Field(sa_column=Column(String(19), nullable=False))
    name: str
    asked_by: int | None = None
    asked_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    takes_effect: datetime = Field(sa_column=Column(Moment, nullable=False))
    stopped_by: int | None = None
    stopped_at: datetime | None = Field(default=None, sa_column=Column(Moment))
    done_at: datetime | None = Field(default=None, sa_column=Column(Moment))


class PaymentCode(SQLModel, table=True):
    """A dynamic code: a stall asks for an amount in đồng, until a moment; `test` marks one that tries the stall's
    connection to its bank, whose payment is no sale. `rest_of`: it asks for what was missing when that code, the first
    of them, was paid short."""

    __tablename__ = "payment_code"

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    stall_id: int = Field(foreign_key="stall.id", index=True)
    amount: int = Field(sa_column=Column(BigId, nullable=False))
    purpose: str
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    test: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    rest_of: int | None = Field(default=None, index=True)


class Reference(SQLModel, table=True):
    """What a code carries in 62.08: a stall's own reference, or that of one of its payment codes."""

    reference: str = Field(sa_column=Column(String(12), primary_key=True))
    market_id: int = Field(foreign_key="market.id")
    stall_id: int = Field(foreign_key="stall.id", index=True)
    payment_code_id: int | None = Field(default=None, foreign_key="payment_code.id")


class CodePayment(SQLModel, table=True):
    """How a payment answered the code that asked for it: exact, short or over; late; once more."""

    __tablename__ = "code_payment"
    __table_args__ = (CheckConstraint("verdict IN ('exact', 'short', 'over')", name="verdict"),)

    entry_id: int = Field(sa_column=Column(BigId, ForeignKey("entry.id"), primary_key=True, autoincrement=False))
    market_id: int = Field(foreign_key="market.id")
    payment_code_id: int = Field(foreign_key="payment_code.id", index=True)
    verdict: str = Field(sa_column=Column(String(5), nullable=False))
    late: bool
    again: bool


class Consent(SQLModel, table=True):
    """A stall gives or withdraws its consent that the board may see its amounts; permanent, the newest row holds."""

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    stall_id: int = Field(foreign_key="stall.id", index=True)
    given: bool
    text_version: str
    login_id: int
    at: datetime = Field(sa_column=Column(Moment, nullable=False))


class Household(SQLModel, table=True):
    """What stands above a stall's revenue book, as its holder typed it; nothing else needs it, so it can be deleted."""

    stall_id: int = Field(foreign_key="stall.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    market_id: int = Field(foreign_key="market.id")
    name: str
    address: str
    tax_code: str
    place: str
    changed_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class DeletionRequest(SQLModel, table=True):
    """A stall's holder asks that what the program holds of the person be deleted. Open until it is withdrawn or done;
    `asked_by` and `done_by` are logins, None for whoever sits at the computer itself."""

    __tablename__ = "deletion_request"
    __table_args__ = (
        Index(
            "uq_deletion_request_open",
            "stall_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL AND done_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL AND done_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    stall_id: int = Field(foreign_key="stall.id", index=True)
    asked_by: int | None = None
    asked_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    withdrawn_at: datetime | None = Field(default=None, sa_column=Column(Moment))
    done_by: int | None = None
    done_at: datetime | None = Field(default=None, sa_column=Column(Moment))


STALL = SQLModel.metadata.tables["stall"]
BANK_ACCOUNT = SQLModel.metadata.tables["bank_account"]
ACCOUNT_CHANGE = SQLModel.metadata.tables["account_change"]
PAYMENT_CODE = SQLModel.metadata.tables["payment_code"]
REFERENCE = SQLModel.metadata.tables["reference"]
CODE_PAYMENT = SQLModel.metadata.tables["code_payment"]
CONSENT = SQLModel.metadata.tables["consent"]
HOUSEHOLD = SQLModel.metadata.tables["household"]
DELETION_REQUEST = SQLModel.metadata.tables["deletion_request"]
