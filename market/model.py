"""The tables of the application: markets, channels, closings, and who may sign in."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from ledger.columns import Moment

ROLES = ("administrator", "province", "board", "staff", "stallholder", "helper", "auditor", "volunteer")


class Market(SQLModel, table=True):
    """A market (chợ); `target` is how many transactions a month the board aims for, `phone` stands on its signs."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(sa_column=Column(String(40), unique=True, nullable=False))
    name: str
    city: str
    unit_code: str
    phone: str
    target: int | None
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class Channel(SQLModel, table=True):
    """One source of bank news: a provider, for a whole market or one stall, with its secret (encrypted).

    `former_secret` holds beside a new one until `former_until`; `poll_secret` (encrypted) opens the provider's own
    interface, `cursor` is how far that was read, `polled_at` when, and `poll_trouble` what failed the last time (empty:
    nothing).
    """

    __table_args__ = (
        CheckConstraint("status IN ('on', 'off')", name="status"),
        # A market's statements come by one channel, made by itself.
        Index(
            "uq_channel_statement",
            "market_id",
            unique=True,
            sqlite_where=text("provider = 'statement'"),
            postgresql_where=text("provider = 'statement'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    stall_id: int | None = Field(default=None, foreign_key="stall.id")
    provider: str = Field(sa_column=Column(String(16), nullable=False))
    auth: str = Field(sa_column=Column(String(16), nullable=False))
    secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    status: str = Field(default="on", sa_column=Column(String(3), nullable=False))
    cursor: str | None = None
    last_heard_at: datetime | None = Field(default=None, sa_column=Column(Moment))
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    former_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    former_until: datetime | None = Field(default=None, sa_column=Column(Moment))
    poll_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    polled_at: datetime | None = Field(default=None, sa_column=Column(Moment))
    poll_trouble: str = Field(default="", sa_column_kwargs={"server_default": text("''")})


class StatementLayout(SQLModel, table=True):
    """How the columns of a bank statement nobody knew are to be read, as a person of the market said once.

    `headings` is the SHA-256 of the file's headings, `bank` a BIN, `columns` a JSON object: what a column means → its
    heading.
    """

    __tablename__ = "statement_layout"
    __table_args__ = (UniqueConstraint("market_id", "headings"),)

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    headings: str = Field(sa_column=Column(String(64), nullable=False))
    bank: str = Field(sa_column=Column(String(6), nullable=False))
    columns: str = Field(sa_column=Column(Text, nullable=False))
    login_id: int | None = Field(default=None, foreign_key="login.id")
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))


class Closing(SQLModel, table=True):
    """A month as it was closed, numbered, permanent: codes and numbers only, and the head of every book."""

    __table_args__ = (UniqueConstraint("market_id", "month", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    month: str = Field(sa_column=Column(String(7), nullable=False))
    version: int
    document: str = Field(sa_column=Column(Text, nullable=False))
    heads: str = Field(sa_column=Column(Text, nullable=False))
    closed_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    login_id: int | None = None


class Login(SQLModel, table=True):
    """Someone who may sign in. The market is null for those who belong to none (administrator, province).

    `password_hash` is empty for those who sign in by an enrolled device only; `totp_secret` (encrypted) asks for a
    second factor, `totp_step` is the last one taken, `recovery` the digests of the codes that stand in for it, apart by
    spaces; a login that `ended_at` opens nothing any more.
    """

    id: int | None = Field(default=None, primary_key=True)
    market_id: int | None = Field(default=None, foreign_key="market.id")
    name: str = Field(sa_column=Column(String(64), unique=True, nullable=False))
    password_hash: str
    language: str = Field(default="vi", sa_column=Column(String(2), nullable=False, server_default="vi"))
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    totp_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    totp_step: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    recovery: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''")))
    ended_at: datetime | None = Field(default=None, sa_column=Column(Moment))


class RoleGrant(SQLModel, table=True):
    """What a login is, and where: a role in the installation, in one market, or at one stall."""

    __tablename__ = "role_grant"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: int | None = Field(default=None, primary_key=True)
    login_id: int = Field(foreign_key="login.id", index=True)
    role: str = Field(sa_column=Column(String(16), nullable=False))
    market_id: int | None = Field(default=None, foreign_key="market.id")
    stall_id: int | None = Field(default=None, foreign_key="stall.id")
    granted_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(Moment))


class SignIn(SQLModel, table=True):
    """A person signed in on one device: the digest of the token its cookie holds, never the token. `confirmed_at` is
    when PIN, second factor or password was last shown."""

    __tablename__ = "session"

    token_digest: str = Field(sa_column=Column(String(64), primary_key=True))
    login_id: int = Field(foreign_key="login.id", index=True)
    market_id: int | None = Field(default=None, foreign_key="market.id")
    created_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    seen_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    device_id: int | None = Field(default=None, foreign_key="device.id")
    confirmed_at: datetime | None = Field(default=None, sa_column=Column(Moment))


MARKET = SQLModel.metadata.tables["market"]
CHANNEL = SQLModel.metadata.tables["channel"]
STATEMENT_LAYOUT = SQLModel.metadata.tables["statement_layout"]
CLOSING = SQLModel.metadata.tables["closing"]
LOGIN = SQLModel.metadata.tables["login"]
SESSION = SQLModel.metadata.tables["session"]
ROLE_GRANT = SQLModel.metadata.tables["role_grant"]
