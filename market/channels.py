"""Channels: the sources of bank news, each with its secret, encrypted under the installation's key."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlmodel import Session

from ledger.refused import Problem, Refused
from market.model import CHANNEL, MARKET
from merchants.model import STALL
from merchants.payments import Source

# How each provider proves that a call is its own; the first is the default.
PROVIDERS = {"sepay": ("apikey", "hmac")}


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel as it may be shown: never its secret."""

    id: int
    market_id: int
    market: str
    stall_id: int | None
    stall: str | None
    provider: str
    auth: str
    status: str
    secret_kept: bool
    last_heard_at: datetime | None

    @property
    def source(self) -> Source:
        """The channel as bookings know it."""
        return Source(self.id, self.market_id, self.stall_id)


_DESCRIBED = (
    select(
        CHANNEL.c.id,
        CHANNEL.c.market_id,
        MARKET.c.slug.label("market"),
        CHANNEL.c.stall_id,
        STALL.c.code.label("stall"),
        CHANNEL.c.provider,
        CHANNEL.c.auth,
        CHANNEL.c.status,
        CHANNEL.c.secret.is_not(None).label("secret_kept"),
        CHANNEL.c.last_heard_at,
    )
    .join(MARKET, MARKET.c.id == CHANNEL.c.market_id)
    .outerjoin(STALL, STALL.c.id == CHANNEL.c.stall_id)
)


def add_channel(
    session: Session,
    *,
    provider: str,
    market_id: int,
    stall_id: int | None,
    auth: str | None,
    sealed_secret: bytes | None,
    now: datetime,
) -> int:
    """Add a channel and give its id; `sealed_secret` is encrypted already."""
    ways = PROVIDERS.get(provider)
    if ways is None:
        known = ", ".join(PROVIDERS)
        raise Refused(Problem(f"{provider!r} is no provider this program reads; it reads {known}", field="provider"))
    if auth is not None and auth not in ways:
        raise Refused(Problem(f"{provider} proves itself by {' or '.join(ways)}", field="auth"))
    channel_id: int = (
        session.connection()
        .execute(
            insert(CHANNEL)
            .values(
                market_id=market_id,
                stall_id=stall_id,
                provider=provider,
                auth=auth or ways[0],
                secret=sealed_secret,
                status="on",
                created_at=now,
            )
            .returning(CHANNEL.c.id)
        )
        .scalar_one()
    )
    return channel_id


def list_channels(session: Session) -> list[ChannelRow]:
    """Every channel, by id."""
    rows = session.connection().execute(_DESCRIBED.order_by(CHANNEL.c.id))
    return [ChannelRow(**row._mapping) for row in rows]


def find_channel(session: Session, channel_id: int) -> ChannelRow:
    """The channel with this id. Raises Refused where there is none."""
    row = session.connection().execute(_DESCRIBED.where(CHANNEL.c.id == channel_id)).one_or_none()
    if row is None:
        raise Refused(Problem(f"there is no channel {channel_id}; `channel list` shows them", field="channel"))
    return ChannelRow(**row._mapping)


def kept_secret(session: Session, channel_id: int) -> bytes | None:
    """A channel's secret as it is kept: encrypted; None where it has none."""
    sealed: bytes | None = (
        session.connection().execute(select(CHANNEL.c.secret).where(CHANNEL.c.id == channel_id)).scalar_one_or_none()
    )
    return sealed


def switch_off(session: Session, channel_id: int) -> None:
    """The channel takes nothing any more; what it told stays."""
    find_channel(session, channel_id)
    session.connection().execute(update(CHANNEL).where(CHANNEL.c.id == channel_id).values(status="off"))


def heard(session: Session, channel_id: int, now: datetime) -> None:
    """The channel has spoken just now."""
    session.connection().execute(update(CHANNEL).where(CHANNEL.c.id == channel_id).values(last_heard_at=now))
