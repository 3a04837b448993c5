"""The tables of what people sign in with (devices, one-time codes, passkeys, tokens) and of the audit trail."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, String, Text, UniqueConstraint
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


class Passkey(SQLModel, table=True):
    """A key that a person's own phone or computer holds and opens by fingerprint, face or screen lock (WebAuthn).

    One of a browser signs its login in; one that was added on an enrolled device (`device_id`) stands in for that
    device's PIN, there only. It answers at the name `rp_id` alone. `sign_count` is how often it said it was used, 0 if
    it does not count.
    """

    id: int | None = Field(default=None, primary_key=True)
    market_id: int | None = Field(default=None, foreign_key="market.id")
    login_id: int = Field(foreign_key="login.id", index=True)
    device_id: int | None = Field(default=None, foreign_key="device.id", index=True)
    rp_id: str = Field(sa_column=Column(String(253), nullable=False))
    credential_id: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    public_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sign_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    name: str
    added_at: datetime = Field(sa_column=Column(Moment, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(Moment))


class PasskeyChallenge(SQLModel, table=True):
    """What a passkey has to sign: asked once of one browser, for one purpose, good until `expires_at` and for one
    answer, which takes the row away."""

    __tablename__ = "passkey_challenge"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    market_id: int | None = Field(default=None, foreign_key="market.id")
    login_id: int | None = Field(default=None, foreign_key="login.id")
    purpose: str = Field(sa_column=Column(String(8), nullable=False))
    challenge: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Moment, nullable=False))


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
PASSKEY = SQLModel.metadata.tables["passkey"]
PASSKEY_CHALLENGE = SQLModel.metadata.tables["passkey_challenge"]
AUDIT = SQLModel.metadata.tables["audit"]
