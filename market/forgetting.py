"""A stallholder is forgotten in all of the program: what would go, and the act itself (docs/privacy.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import or_, select, update
from sqlmodel import Session

from market.access.departing import departing, end_people
from market.db import Database
from market.model import CHANNEL
from merchants import forgetting
from merchants.consents import end_consent
from merchants.stalls import StallRow, load_stall


@dataclass(frozen=True, slots=True)
class Going:
    """What would go, in numbers: name, holder and phone of the stall (`names`), bank accounts and changes of them,
    purposes of payment codes, what stands above the revenue book (`household`), payments whose payer and message are
    kept (`payers`), notes of entries, logins with their names, roles, phones, tokens, and the stall's own channels with
    their secrets. `waiting` payments wait for a person and keep their payers until they are settled."""

    names: int
    accounts: int
    changes: int
    purposes: int
    household: int
    payers: int
    notes: int
    logins: int
    roles: int
    phones: int
    tokens: int
    channels: int
    waiting: int

    @property
    def nothing(self) -> bool:
        """Whether all that can go is gone."""
        return not any(getattr(self, name) for name in self.__dataclass_fields__ if name != "waiting")


class Noted(Protocol):
    """Writes a line of the audit trail for whoever does it: `market.web.noted` or `market.cli.noted`."""

    def __call__(
        self, session: Session, act: str, *, market_id: int | None, stall_id: int | None = None, **about: int | str
    ) -> None: ...


def going(session: Session, stall: StallRow) -> Going:
    """Look what would go; nothing is changed."""
    words = forgetting.words_of(session, stall, _channels(session, stall))
    named = forgetting.named(session, stall)
    people = departing(session, stall.id)
    return Going(
        names=named.stall,
        accounts=named.accounts,
        changes=named.changes,
        purposes=named.purposes,
        household=named.household,
        payers=len(words.notices),
        notes=len(words.notes),
        logins=len(people.logins),
        roles=people.roles,
        phones=people.phones,
        tokens=people.tokens,
        channels=len(_channels(session, stall, open_only=True)),
        waiting=words.waiting,
    )


def forget_stall(
    database: Database, stall_id: int, *, close: bool, login_id: int | None, now: datetime, noted: Noted
) -> Going:
    """Forget a stall's holder and give what went. What people wrote goes first, in parts, so that whoever is paid
    meanwhile does not wait; then all that names somebody, at once. Broken off, it is done again from the start.

    Raises Refused for a stall that still sells, unless it is to `close` today.
    """
    with database.reading() as session:
        stall = load_stall(session, stall_id)
        forgetting.check(stall, now, close=close)
        gone = going(session, stall)
        words = forgetting.words_of(session, stall, _channels(session, stall))
    for part in forgetting.batches(words):
        with database.writing() as session:
            forgetting.delete_words(session, part)
    with database.writing() as session:
        _forget(session, stall_id, close=close, login_id=login_id, now=now, noted=noted)
    database.begin_journal_anew()
    return gone


def _forget(session: Session, stall_id: int, *, close: bool, login_id: int | None, now: datetime, noted: Noted) -> None:
    stall = load_stall(session, stall_id)
    forgetting.check(stall, now, close=close)
    for part in forgetting.batches(forgetting.words_of(session, stall, _channels(session, stall))):
        forgetting.delete_words(session, part)
    for channel_id in _channels(session, stall, open_only=True):
        noted(session, "channel_off", market_id=stall.market_id, stall_id=stall.id, channel=channel_id)
    session.connection().execute(
        update(CHANNEL)
        .where(CHANNEL.c.stall_id == stall.id)
        .values(status="off", secret=None, former_secret=None, former_until=None, poll_secret=None, poll_trouble="")
    )
    forgetting.forget(session, stall, login_id=login_id, now=now)
    end_people(session, stall.id, now)
    if end_consent(session, market_id=stall.market_id, stall_id=stall.id, now=now):
        noted(session, "consent_withdrawn", market_id=stall.market_id, stall_id=stall.id)
    if stall.status != "closed":
        noted(session, "stall_closed", market_id=stall.market_id, stall_id=stall.id)
    noted(session, "stall_forgotten", market_id=stall.market_id, stall_id=stall.id)


def _channels(session: Session, stall: StallRow, *, open_only: bool = False) -> Sequence[int]:
    """The stall's own channels; `open_only`, those that still take news or keep a secret."""
    wanted = select(CHANNEL.c.id).where(CHANNEL.c.stall_id == stall.id).order_by(CHANNEL.c.id)
    if open_only:
        kept = (CHANNEL.c.secret, CHANNEL.c.former_secret, CHANNEL.c.poll_secret)
        wanted = wanted.where(or_(CHANNEL.c.status == "on", *(secret.is_not(None) for secret in kept)))
    return session.connection().execute(wanted).scalars().all()
