"""Catching up: ask a provider's own interface for what it told while nobody listened, and take it as if it had come.

A page is stored, booked and counted as read in one transaction, so a stop at any moment loses nothing; the unique key
(channel, feed, event id) drops what is read again, and what a webhook told already is its twin (model.md, "Twin").
The channel's `cursor` is the local day up to which everything was read.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from cryptography.fernet import InvalidToken
from sqlalchemy import bindparam, or_, select, update
from sqlmodel import Session

from ledger.days import local_date
from ledger.inbox.providers import POLLS
from ledger.inbox.providers.pages import Page
from ledger.refused import Problem, Refused
from market.channels import ChannelRow, find_channel, heard, list_channels
from market.config import Settings
from market.deliveries import Summary
from market.fetching import NoAnswer, Pause, fetch
from market.installation import Installation
from market.model import CHANNEL
from market.secret_key import unseal
from market.told_otherwise import note_differing
from merchants.payments import Outcome, take

log = logging.getLogger("market.polling")
# Providers tell late: every poll goes back so far behind what was read.
OVERLAP = timedelta(days=2)
# How far the first poll of a channel goes back.
FIRST = timedelta(days=7)
# Seconds between two questions: SePay allows three a second, and other programs of this address ask as well.
PACE = 0.4
# A provider that never says "the last page" is not followed for ever.
MOST_PAGES = 20_000
# More than these are counted and not named, and nothing counts as read until they can be.
MOST_NAMED = 20


def keep_token(session: Session, channel_id: int, sealed_token: bytes) -> None:
    """Keep what opens the provider's own interface, encrypted already. Raises Refused where it has none we know."""
    _refuse_without_interface(find_channel(session, channel_id))
    session.connection().execute(update(CHANNEL).where(CHANNEL.c.id == channel_id).values(poll_secret=sealed_token))


def channels_to_poll(session: Session) -> list[ChannelRow]:
    """The channels that are on and have a token, by id."""
    rows = list_channels(session)
    return [row for row in rows if row.token_kept and row.status == "on" and row.provider in POLLS]


def _refuse_without_interface(channel: ChannelRow) -> None:
    if channel.provider not in POLLS:
        known = ", ".join(POLLS)
        raise Refused(
            Problem(f"{channel.provider} has no interface this program knows; it can ask {known}", field="channel")
        )


@dataclass(slots=True)
class Polled:
    """What a poll brought: the notices it took, the records it could not read, by the provider's id, and what ended it
    before the last page (empty: nothing did)."""

    summary: Summary = field(default_factory=Summary)
    unread: dict[str, str] = field(default_factory=dict)
    stopped: str = ""

    @property
    def trouble(self) -> str:
        """All of it for the operator, a line each."""
        named = [f"transaction {record}: {error}" for record, error in list(self.unread.items())[:MOST_NAMED]]
        more = len(self.unread) - MOST_NAMED
        if more > 0:
            named.append(f"and {more} more that cannot be read; nothing counts as read until they can be")
        return "\n".join([*([self.stopped] if self.stopped else []), *named])


def poll(
    installation: Installation,
    channel: ChannelRow,
    *,
    now: datetime,
    pause: Pause,
    since: date | None = None,
    announce: Callable[[int, int], None] = lambda read, total: None,
) -> Polled:
    """Ask for everything from two days behind the cursor, or from `since`, and take it a page at a time.

    `pause` waits between questions; `announce` is told how many records were read, of how many. What failed is in the
    outcome and in the channel's `poll_trouble`; a record that once could not be read stays named there until a poll
    reads it, or one with `since` does not meet it. Raises Refused where the channel cannot be polled at all.
    """
    _refuse_without_interface(channel)
    if channel.status != "on":
        raise Refused(Problem(f"channel {channel.id} is off and takes nothing", field="channel"))
    with installation.database.reading() as session:
        kept = session.connection().execute(_KEPT, {"channel": channel.id}).one()
    if kept.poll_secret is None:
        mend = f"`channel token {channel.id} --token-file FILE` keeps one"
        raise Refused(Problem(f"channel {channel.id} keeps no token of {channel.provider}; {mend}", field="channel"))
    reached = None if kept.cursor is None else date.fromisoformat(kept.cursor)
    first = since or (local_date(now) - FIRST if reached is None else reached - OVERLAP)
    polled = Polled()
    if since is None:
        polled.unread = dict(re.findall(r"^transaction (\S+): (.*)$", kept.poll_trouble, re.MULTILINE))
    try:
        token = unseal(installation.key, kept.poll_secret)
        _walk(installation, channel, polled, token, first, reached, now, pause, announce)
    except InvalidToken:
        polled.stopped = f"the token was kept under another key; `channel token {channel.id}` keeps a new one"
    except NoAnswer as error:
        polled.stopped = f"{channel.provider} {error}"
    if polled.stopped:
        installation.database.write(partial(_note, channel_id=channel.id, poll_trouble=polled.trouble))
    return polled


_KEPT = select(CHANNEL.c.poll_secret, CHANNEL.c.cursor, CHANNEL.c.poll_trouble).where(
    CHANNEL.c.id == bindparam("channel")
)


def _walk(
    installation: Installation,
    channel: ChannelRow,
    polled: Polled,
    token: str,
    first: date,
    reached: date | None,
    now: datetime,
    pause: Pause,
    announce: Callable[[int, int], None],
) -> None:
    # Between an older cursor and a later first day lies what nobody read: then the cursor stays where it is.
    joins = reached is None or first <= reached
    in_order = True
    newest = first
    number: int | None = 1
    while number is not None:
        if number > 1:
            pause(PACE)
        page = _ask(installation.settings, channel.provider, token, first, number, pause)
        days = [notice.local_date for notice, _ in page.deliveries]
        in_order = in_order and days == sorted(days) and (not days or newest <= days[0])
        newest = max([newest, *days])
        _remember(channel, polled.unread, page)
        # A provider that does not tell the oldest first has told everything up to a day only with its last page.
        read_up = joins and len(polled.unread) <= MOST_NAMED and (in_order or page.next_page is None)
        # A day that is yet to come is a bank's mistake, and would hide all that follows.
        cursor = min(newest, local_date(now)) if read_up else None
        store = partial(_store, channel=channel, page=page, cursor=cursor, poll_trouble=polled.trouble, now=now)
        polled.summary.count(installation.database.write(store))
        polled.summary.read += len(page.unread)
        polled.summary.rejected += [
            {"line": None, "error": f"transaction {record}: {error}"} for record, error in page.unread.items()
        ]
        announce(polled.summary.read, page.total)
        number = page.next_page


def _ask(settings: Settings, provider: str, token: str, first: date, number: int, pause: Pause) -> Page:
    address = settings.sepay_api if provider == "sepay" else settings.casso_api
    interface = POLLS[provider]
    answer = fetch(address, interface.question(token, first, number), pause)
    try:
        page = interface.read(answer)
    except ValueError as error:
        raise NoAnswer(f"answers with no page of transactions: {error}") from None
    if page.next_page is not None and not number < page.next_page <= MOST_PAGES:
        raise NoAnswer(f"names page {page.next_page} as the one after page {number}")
    return page


def _remember(channel: ChannelRow, unread: dict[str, str], page: Page) -> None:
    """Bring what cannot be read up to a page; each such record that is named is logged once."""
    for record, error in page.unread.items():
        if record not in unread and len(unread) < MOST_NAMED:
            log.warning("channel %s: transaction %s cannot be read: %s", channel.id, record, error)
        unread[record] = error
    for notice, _ in page.deliveries:
        unread.pop(notice.event_id, None)


def _store(
    session: Session, *, channel: ChannelRow, page: Page, cursor: date | None, poll_trouble: str, now: datetime
) -> list[Outcome]:
    """A page, whole: its notices stored and booked, and the channel's cursor moved, never back."""
    outcomes = take(session, channel.source, "poll", page.deliveries, now) if page.deliveries else []
    note_differing(session, channel.source, outcomes, now)
    if any(outcome.status != "duplicate" for outcome in outcomes):
        heard(session, channel.id, now)
    if cursor is not None:
        session.connection().execute(
            update(CHANNEL)
            .where(CHANNEL.c.id == channel.id, or_(CHANNEL.c.cursor.is_(None), CHANNEL.c.cursor < cursor.isoformat()))
            .values(cursor=cursor.isoformat())
        )
    _note(session, channel_id=channel.id, poll_trouble=poll_trouble, polled_at=now)
    return outcomes


def _note(session: Session, *, channel_id: int, **values: object) -> None:
    session.connection().execute(update(CHANNEL).where(CHANNEL.c.id == channel_id).values(**values))
