"""What the serving worker does beside answering: book what was left over, seal the days, change accounts whose wait is
over, forget who paid long ago, poll the providers."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from ledger.days import local_date, utc_now
from ledger.inbox.receive import channels_behind
from ledger.refused import Refused
from market.account_changes import change_accounts
from market.channels import ChannelRow, list_channels
from market.db import Database
from market.fetching import Pause
from market.installation import Installation
from market.payers import forget_payers
from market.polling import PACE, channels_to_poll, poll
from market.sealing import seal_days
from merchants.payments import take_up

log = logging.getLogger("market.background")
# Seconds.
SWEEP_EVERY = 60.0
POLL_EVERY = 300.0
POLL_AT_LEAST_EVERY = 3600.0
# How soon a channel that was given a token is seen.
LOOK_EVERY = 20.0
# A poll may take this share of the time, so that many pages never become all that a server does.
BUSIEST = 0.1


def sweep(database: Database, ending: threading.Event, keep_payers: timedelta) -> None:
    """At the start and every minute, book what was told and could not be booked then, seal a day that ended, and change
    the accounts whose wait is over, and try again to leave no traces of what was deleted; once a day, forget who paid
    longer ago than `keep_payers`.

    What fails is logged and comes again in a minute; it keeps none of the others from being done.
    """
    forgotten: date | None = None
    while True:
        _done("booking what was left over", lambda: _take_up_behind(database))
        _done("sealing the days", lambda: seal_days(database, utc_now()))
        _done("changing accounts", lambda: change_accounts(database, utc_now()))
        _done("beginning the journal anew", lambda: _begin_journal_anew(database))
        if forgotten != (today := local_date(utc_now())) and _done(
            "forgetting who paid", lambda: forget_payers(database, before=utc_now() - keep_payers)
        ):
            forgotten = today
        if ending.wait(SWEEP_EVERY):
            return


def _done(what: str, step: Callable[[], object]) -> bool:
    """Whether a step of the sweep went well."""
    try:
        step()
    except Exception:
        log.exception("%s failed; it comes again in a minute", what)
        return False
    return True


def _begin_journal_anew(database: Database) -> None:
    if database.traces_left and not database.begin_journal_anew():
        log.warning("traces of what was deleted stand in the journal; it is tried again in a minute")


def _take_up_behind(database: Database) -> None:
    # Looked up first, for a market where nothing waits should not have its writers wait either.
    with database.reading() as session:
        behind = channels_behind(session)
        channels = [channel for channel in list_channels(session) if channel.id in behind]
    for channel in channels:
        _done(f"booking what channel {channel.id} told", partial(_take_up, database, channel))


def _take_up(database: Database, channel: ChannelRow) -> None:
    with database.writing() as session:
        take_up(session, channel.source, utc_now())


@dataclass(slots=True)
class Turn:
    """When a channel is polled next (`time.monotonic`), how often in a row it failed, and what was said of it last."""

    due: float = 0.0
    failures: int = 0
    said: str = ""


class _Ending(Exception):
    """The worker is told to end."""


def poll_channels(installation: Installation, ending: threading.Event) -> None:
    """At the start and every five minutes, ask each channel's provider for what its webhook did not tell; one channel
    after the other, until `ending`."""

    def pause(seconds: float) -> None:
        if ending.wait(seconds):
            raise _Ending

    turns: dict[int, Turn] = {}
    try:
        while True:
            for channel in _with_tokens(installation):
                turn = turns.setdefault(channel.id, Turn())
                if turn.due <= time.monotonic():
                    poll_once(installation, channel, turn, pause)
                    pause(PACE)
            pause(LOOK_EVERY)
    except _Ending:
        return


def _with_tokens(installation: Installation) -> list[ChannelRow]:
    try:
        with installation.database.reading() as session:
            return channels_to_poll(session)
    except Exception:
        log.exception("the channels to poll could not be looked up; it is tried again")
        return []


def poll_once(installation: Installation, channel: ChannelRow, turn: Turn, pause: Pause) -> None:
    """Poll a channel and set its next turn: later after each failure in a row, and after a long poll. What is wrong is
    logged when it changes, not each time."""
    began = time.monotonic()
    fault: Exception | None = None
    try:
        said = poll(installation, channel, now=utc_now(), pause=pause).stopped
    except _Ending:
        raise
    except Refused as error:
        said = str(error)
    except Exception as error:
        fault, said = error, f"{type(error).__name__}: {error}"
    if said != turn.said:
        log.warning(
            "channel %s %s", channel.id, f"is polled in vain: {said}" if said else "is polled again", exc_info=fault
        )
    turn.said = said
    turn.failures = turn.failures + 1 if said else 0
    now = time.monotonic()
    wait = min(POLL_EVERY * 2 ** min(turn.failures, 10), POLL_AT_LEAST_EVERY)
    wait = max(wait, (now - began) / BUSIEST)
    # Spread, so that the markets of a province do not all ask at once.
    turn.due = now + wait * random.uniform(0.9, 1.1)  # noqa: S311
