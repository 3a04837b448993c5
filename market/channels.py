"""Channels: the sources of bank news, each with its secret, encrypted under the installation's key."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from ledger.direct import Statement
from ledger.refused import Problem, Refused
from market.model import CHANNEL, MARKET
from market.secret_key import unseal
from merchants.model import STALL
from merchants.payments import Source

# How each provider proves that a call is its own; the first is the default.
PROVIDERS = {
    "sepay": ("apikey", "hmac"),
    "casso": ("token",),
    "casso-v2": ("hmac",),
    "payos": ("hmac",),
    "pay2s": ("bearer",),
    "generic": ("hmac",),
}
# Where nobody else makes the secret, this program does.
MAKES_ITS_SECRET = frozenset({"generic"})
LARGEST_ID = 2**31 - 1
# A provider that speaks all day is not written down each time: every note waits for the one before to be durable.
NOTED_EVERY = timedelta(minutes=1)


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
    former_until: datetime | None
    last_heard_at: datetime | None
    token_kept: bool
    polled_at: datetime | None
    poll_trouble: str

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
        CHANNEL.c.former_until,
        CHANNEL.c.last_heard_at,
        CHANNEL.c.poll_secret.is_not(None).label("token_kept"),
        CHANNEL.c.polled_at,
        CHANNEL.c.poll_trouble,
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
    # PostgreSQL does not look for a greater number than its column holds.
    known = channel_id <= LARGEST_ID
    row = session.connection().execute(_DESCRIBED.where(CHANNEL.c.id == channel_id)).one_or_none() if known else None
    if row is None:
        raise Refused(Problem(f"there is no channel {channel_id}; `channel list` shows them", field="channel"))
    return ChannelRow(**row._mapping)


@dataclass(frozen=True, slots=True)
class Hook:
    """A channel as its webhook knows it; `sealed_secrets` are those that prove a call now, the newest first."""

    source: Source
    provider: str
    auth: str
    sealed_secrets: tuple[bytes, ...]
    last_heard_at: datetime | None


_HOOK = Statement(
    select(
        CHANNEL.c.market_id,
        CHANNEL.c.stall_id,
        CHANNEL.c.provider,
        CHANNEL.c.auth,
        CHANNEL.c.secret,
        CHANNEL.c.former_secret,
        CHANNEL.c.former_until,
        CHANNEL.c.last_heard_at,
    ).where(CHANNEL.c.id == bindparam("channel"), CHANNEL.c.status == "on")
)


def find_hook(session: Session, channel_id: int, now: datetime) -> Hook | None:
    """What a call to this channel is proven by; None where there is no such channel or it is off."""
    rows = _HOOK.rows(session, channel=channel_id)
    if not rows:
        return None
    (row,) = rows
    former_holds = row.former_until is not None and now < row.former_until
    kept = (row.secret, row.former_secret if former_holds else None)
    return Hook(
        Source(channel_id, row.market_id, row.stall_id),
        row.provider,
        row.auth,
        tuple(secret for secret in kept if secret is not None),
        row.last_heard_at,
    )


def renew_secret(
    session: Session, channel_id: int, *, sealed_secret: bytes, overlap: timedelta, now: datetime
) -> datetime | None:
    """Give a channel another secret, encrypted already; the one it had proves calls beside it for the overlap.

    Gives the moment the former one ends at, or None where none is left. One that was former already ends at once.
    """
    find_channel(session, channel_id)
    known = session.connection().execute(select(CHANNEL).where(CHANNEL.c.id == channel_id).with_for_update()).one()
    if known.provider not in PROVIDERS:
        raise Refused(Problem(f"channel {channel_id} takes {known.provider}s and has no secret", field="channel"))
    former_until = now + overlap if overlap and known.secret is not None else None
    session.connection().execute(
        update(CHANNEL)
        .where(CHANNEL.c.id == channel_id)
        .values(
            secret=sealed_secret,
            former_secret=known.secret if former_until else None,
            former_until=former_until,
        )
    )
    return former_until


def sealed_otherwise(session: Session, key: str) -> set[int]:
    """The channels whose secrets lie under another key than this installation's: no call can be proven there."""
    rows = session.connection().execute(
        select(CHANNEL.c.id, CHANNEL.c.secret).where(CHANNEL.c.secret.is_not(None)).order_by(CHANNEL.c.id)
    )
    return {row.id for row in rows if not _opens(key, row.secret)}


def _opens(key: str, sealed: bytes) -> bool:
    try:
        unseal(key, sealed)
    except InvalidToken:
        return False
    return True


def switch_off(session: Session, channel_id: int) -> None:
    """The channel takes nothing any more; what it told stays."""
    _switch(session, channel_id, "off")


def switch_on(session: Session, channel_id: int) -> None:
    """The channel takes what it is told again."""
    _switch(session, channel_id, "on")


def _switch(session: Session, channel_id: int, status: str) -> None:
    find_channel(session, channel_id)
    session.connection().execute(update(CHANNEL).where(CHANNEL.c.id == channel_id).values(status=status))


def heard(session: Session, channel_id: int, now: datetime) -> None:
    """The channel has spoken just now."""
    session.connection().execute(update(CHANNEL).where(CHANNEL.c.id == channel_id).values(last_heard_at=now))
