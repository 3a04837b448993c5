"""The tables of what people sign in with (devices, one-time codes, tokens) and of the audit trail."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.columns import BigId, Moment
from market.model import ROLES


class Device(SQLModel, table=True):
    """A phone or tablet that was enrolled with a one-time code; its PIN (argon2id) guards what is sensitive."""

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    login_id: int = Field(foreign_key="login.id", index=True)
    name: str
    pin_hash: str
    pin_wrong: int = 0
    enrolled_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    seen_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(Moment))


class Enrolment(SQLModel, table=True):
    """A one-time code that enrols a device for a login: only its digest, good until `expires_at` and for one use."""

    id: int | None = Field(default=None, primary_key=True)
    market_id: int = Field(foreign_key="market.id")
    login_id: int = Field(foreign_key="login.id", index=True)
    code_digest: str = Field(sa_column=Column(String(64), unique=True, nullable=False))
    made_by: int | None = Field(default=None, foreign_key="login.id")
    made_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(Moment))
    device_id: int | None = Field(default=None, foreign_key="device.id")


class ApiToken(SQLModel, table=True):
    """What a program shows to the API: the digest of its token, and the role it has, where."""

    __tablename__ = "api_token"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: int | None = Field(default=None, primary_key=True)
    market_id: int | None = Field(default=None, foreign_key="market.id")
    stall_id: int | None = Field(default=None, foreign_key="stall.id")
    role: str = Field(sa_column=Column(String(16), nullable=False))
    token_digest: str = Field(sa_column=Column(String(64), unique=True, nullable=False))
    made_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(Moment))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(Moment))


class ApiWrite(SQLModel, table=True):
    """A write that a program asked for under a key of its own: the digest of what it asked, and the answer it got."""

    __tablename__ = "api_write"
    __table_args__ = (UniqueConstraint("token_id", "key"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    market_id: int | None = Field(default=None, foreign_key="market.id")
    token_id: int = Field(foreign_key="api_token.id")
    key: str = Field(sa_column=Column(String(64), nullable=False))
    asked_digest: str = Field(sa_column=Column(String(64), nullable=False))
    status: int
    answer: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(Moment, nullable=False))


class Audit(SQLModel, table=True):
    """Who did or looked at what; permanent. `act` is a word of `market.access.audit.ACTS`, `about` a JSON object of ids
    and codes only: names are joined when it is shown, so that nothing here need ever be deleted."""

    __table_args__ = (Index("ix_audit_market", "market_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    market_id: int | None = Field(default=None, foreign_key="market.id")
    stall_id: int | None = Field(default=None, foreign_key="stall.id")
    at: datetime = Field(sa_column=Column(Moment, nullable=False))
    login_id: int | None = Field(default=None, foreign_key="login.id")
    device_id: int | None = Field(default=None, foreign_key="device.id")
    token_id: int | None = Field(default=None, foreign_key="api_token.id")
    act: str = Field(sa_column=Column(String(40), nullable=False))
    about: str = Field(sa_column=Column(Text, nullable=False))


DEVICE = SQLModel.metadata.tables["device"]
ENROLMENT = SQLModel.metadata.tables["enrolment"]
API_TOKEN = SQLModel.metadata.tables["api_token"]
API_WRITE = SQLModel.metadata.tables["api_write"]
AUDIT = SQLModel.metadata.tables["audit"]
