"""Which stalls are connected to their bank, by which way, and what keeps the others from it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, exists, select
from sqlmodel import Session

from ledger.direct import Statement
from market.channels import sealed_otherwise
from market.model import CHANNEL
from merchants.feeds import ChannelSigns, Feed, Trouble, feeds
from merchants.model import STALL
from merchants.stalls import StallRow, list_stalls

Way = Literal["own", "market", "statements"]
Lacking = Literal["stalls", "channels", ""]


@dataclass(frozen=True, slots=True)
class Connection:
    """A stall and the state of its feed. `way` is how its bank is to be heard, as the board decided by adding a
    channel: its `own`, the whole `market`'s, or `statements` where there is neither."""

    stall: StallRow
    feed: Feed
    way: Way


def connections(session: Session, market_id: int, *, key: str, now: datetime) -> list[Connection]:
    """Every stall of a market that is paid to an account now, by code. `key` is the installation's."""
    signs = channel_signs(session, market_id, key)
    found = feeds(session, market_id, signs, now)
    return [
        _connection(stall, found[stall.id], signs) for stall in list_stalls(session, market_id) if stall.id in found
    ]


def connection(session: Session, stall: StallRow, *, key: str, now: datetime) -> Connection | None:
    """One stall's; None for one that has no account in force any more."""
    signs = channel_signs(session, stall.market_id, key)
    feed = feeds(session, stall.market_id, signs, now, stall_id=stall.id).get(stall.id)
    return None if feed is None else _connection(stall, feed, signs)


def _connection(stall: StallRow, feed: Feed, signs: dict[int, ChannelSigns]) -> Connection:
    """Of a stall that was never heard, the trouble is that of the channel by which it should be."""
    on = {one.stall_id for one in signs.values() if one.trouble != "off"}
    way: Way = "own" if stall.id in on else "market" if None in on else "statements"
    if feed.state == "never":
        meant = [one.trouble for one in signs.values() if one.stall_id == stall.id]
        meant = meant or [one.trouble for one in signs.values() if one.stall_id is None]
        if meant and all(meant):
            feed = replace(feed, trouble=meant[-1])
    return Connection(stall, feed, way)


def lacking(session: Session, market_id: int) -> Lacking:
    """What a market has none of yet, without which no bank's word can come in: stalls, then channels, of which that of
    its statements is one."""
    [has] = _HAS.rows(session, market=market_id)
    return "" if has.stalls and has.channels else "channels" if has.stalls else "stalls"


# Asked with every look at a month.
_HAS = Statement(
    select(
        exists().where(STALL.c.market_id == bindparam("market")).label("stalls"),
        exists().where(CHANNEL.c.market_id == bindparam("market")).label("channels"),
    )
)


def channel_signs(session: Session, market_id: int, key: str) -> dict[int, ChannelSigns]:
    """What each channel of a market by which it is told shows of itself; nobody tells by its statements' channel."""
    locked = sealed_otherwise(session, key)
    rows = session.connection().execute(
        select(
            CHANNEL.c.id,
            CHANNEL.c.stall_id,
            CHANNEL.c.status,
            CHANNEL.c.last_heard_at,
            CHANNEL.c.poll_trouble,
            CHANNEL.c.secret.is_(None).label("no_secret"),
            CHANNEL.c.poll_secret.is_(None).label("no_poll"),
        ).where(CHANNEL.c.market_id == market_id, CHANNEL.c.provider != "statement")
    )
    found = {}
    for row in rows:
        trouble: Trouble = ""
        if row.status == "off":
            trouble = "off"
        elif row.id in locked:
            trouble = "locked"
        elif row.poll_trouble:
            trouble = "poll"
        elif row.no_secret and row.no_poll:
            trouble = "no_secret"
        found[row.id] = ChannelSigns(row.stall_id, row.last_heard_at, trouble)
    return found
