"""From a bank's notice to an entry in a stall's book: the heart, and why no đồng is lost or doubled.

One transaction a notice (or a batch of them), in this order:

1. `inbox.receive` stores notice and body; the unique key (channel, feed, event id) makes a repeat a repeat.
2. Inside a savepoint, `book`: lock the accounts, find the stall, lock its book, look for a twin told by another feed,
   post the entry (unique on notice and turn), move the notice's status.
3. The caller commits once and answers only then. If booking failed the savepoint is undone, the notice stays
   `pending` and is committed all the same: it is taken up again, and nothing told is lost.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from ledger import books
from ledger.days import HO_CHI_MINH
from ledger.inbox import tries
from ledger.inbox.notice import Feed, Notice
from ledger.inbox.receive import Stored, pending, receive, settle
from ledger.inbox.twins import Twin, find_twins, lock_accounts
from merchants.bank_accounts import Holding, holdings, mark_heard
from merchants.payment_codes import Answer, codes_that_test, record_answers
from merchants.references import owners, references_in
from qr import banks

log = logging.getLogger(__name__)
Status = Literal["recorded", "pending", "held", "unmatched", "duplicate", "ignored", "parked"]
FORMER = "paid to an account the stall had before"
TESTED = "a test of the stall's connection to its bank"
NOT_CODED = "carries no reference of the stall's codes, and the stall counts only such payments"


@dataclass(frozen=True, slots=True)
class Source:
    """The channel a notice came by, and the one stall it credits where it is not the whole market's."""

    channel_id: int
    market_id: int
    stall_id: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery. `differs`: the same event was told before with another content."""

    status: Status
    notice_id: int | None = None
    entry_id: int | None = None
    differs: bool = False


def take(
    session: Session, source: Source, feed: Feed, deliveries: Sequence[tuple[Notice, bytes]], now: datetime
) -> list[Outcome]:
    """Store deliveries of one channel and feed and book what can be booked; one outcome each, in their order."""
    received = receive(
        session, deliveries, market_id=source.market_id, channel_id=source.channel_id, feed=feed, now=now
    )
    stored = [one.stored for one in received if one.stored is not None]
    booked = iter(book_or_keep(session, source, stored, now))
    return [Outcome("duplicate", differs=one.differs) if one.stored is None else next(booked) for one in received]


def take_up(session: Session, source: Source, now: datetime, limit: int = 500) -> list[Outcome]:
    """Book what was stored but not yet booked, the oldest first."""
    return book_or_keep(session, source, pending(session, source.market_id, source.channel_id, limit), now)


def book_or_keep(session: Session, source: Source, stored: Sequence[Stored], now: datetime) -> list[Outcome]:
    """Book the batch inside a savepoint; if it fails, one by one, so that a poisoned notice holds up only itself."""
    if not stored:
        return []
    try:
        with session.begin_nested():
            return book(session, source, stored, now)
    except OperationalError:
        # A lock time-out, a deadlock or a full disk says nothing about the notice; the whole transaction is void.
        raise
    except Exception as error:
        if len(stored) > 1:
            return [outcome for one in stored for outcome in book_or_keep(session, source, [one], now)]
        log.exception("notice %s could not be booked", stored[0].id)
        parked = tries.failed(session, source.market_id, stored[0].id, f"{type(error).__name__}: {error}", now)
        if parked:
            settle(session, [(stored[0].id, "parked", None)])
        return [Outcome("parked" if parked else "pending", stored[0].id)]


@dataclass(frozen=True, slots=True)
class Match:
    """The stall a notice belongs to, whether it counts only payments with its codes' references; `former` when it had
    the account before and has it no longer."""

    stall_id: int
    book_id: int
    coded_only: bool = False
    former: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said about a notice: whose it is (None: as the contract finds it), why, and whether it was told
    before (`another`: it was not, so no twin is looked for)."""

    stall: Match | None = None
    reason: str = ""
    login_id: int | None = None
    another: bool = False


def book(
    session: Session, source: Source, stored: Sequence[Stored], now: datetime, decision: Decision | None = None
) -> list[Outcome]:
    """Find each notice's stall and write its entry, or leave it unmatched, held, or the twin of one told before."""
    decision = decision or Decision()
    told = {one.notice.account_number for one in stored} | {one.notice.virtual_account for one in stored} - {""}
    lock_accounts(session, source.market_id, told)
    known = holdings(session, source.market_id, told)
    named = {one.id: _named(one.notice, known) for one in stored}
    mark_heard(session, [h.account_id for holders in named.values() for h in holders if not h.heard], now)
    incoming = [one for one in stored if one.notice.direction == "in" and not one.notice.test]
    said = {one.id: references_in(one.notice.memo) for one in incoming}
    owned = owners(session, {reference for references in said.values() for reference in references})
    found = {
        one.id: decision.stall
        or _find_stall(source, moment_of(one.notice), named[one.id], {owned[r][0] for r in said[one.id] if r in owned})
        for one in incoming
    }
    heads = books.lock(session, {match.book_id for match in found.values() if match})
    # Only now, with accounts and books locked, can no other writer slip the same payment in between.
    twins = {} if decision.another else find_twins(session, source.market_id, incoming)
    if decision.stall is not None:
        # A probable twin was weighed when the later of the two came; a person who names the stall is not asked again.
        twins = {notice_id: twin for notice_id, twin in twins.items() if twin.certain}
    drafts: list[books.Draft] = []
    matched: list[tuple[Stored, Match]] = []
    for one in incoming:
        match = found[one.id]
        if match is not None and one.id not in twins:
            matched.append((one, match))
            drafts.append(_draft(one, match, decision))
    posted = books.post(session, heads, drafts, recorded_at=now)
    entries = {one.id: place.entry_id for (one, _), place in zip(matched, posted, strict=True)}
    answers = [
        Answer(code, entries[one.id], one.notice.amount, moment_of(one.notice))
        for one, match in matched
        for code in _code_answered(said[one.id], owned, match)
    ]
    record_answers(session, source.market_id, answers)
    _leave_out(session, heads, matched, posted, answers, {r: owner[0] for r, owner in owned.items()}, said, now)
    outcomes: list[Outcome] = []
    moves: list[tuple[int, str, int | None]] = []
    for one in stored:
        status, same_as = _status(one.id, found, twins, entries)
        outcomes.append(Outcome(status, one.id, entries.get(one.id)))
        moves.append((one.id, status, same_as))
    settle(session, moves)
    return outcomes


def _leave_out(
    session: Session,
    heads: dict[int, books.Head],
    matched: Sequence[tuple[Stored, Match]],
    posted: Sequence[books.Posted],
    answers: Sequence[Answer],
    owned: Mapping[str, int],
    said: Mapping[int, Sequence[str]],
    now: datetime,
) -> None:
    """Mark as no sale, in the same transaction, what answered a test code, and what carries no reference of a stall
    that counts only such payments (model.md, "Candidates")."""
    tests = codes_that_test(session, [answer.payment_code_id for answer in answers])
    tested = {answer.entry_id for answer in answers if answer.payment_code_id in tests}
    drafts = []
    for (one, match), place in zip(matched, posted, strict=True):
        if place.entry_id in tested:
            why = TESTED
        elif match.coded_only and match.stall_id not in {owned[r] for r in said[one.id] if r in owned}:
            why = NOT_CODED
        else:
            continue
        drafts.append(
            books.Draft(
                book_id=match.book_id,
                kind="not_sale",
                legs={"sales": one.notice.amount, "other": -one.notice.amount},
                booked_on=one.notice.local_date,
                occurred_at=moment_of(one.notice),
                concerned=books.Concerned(place.entry_id, place.number, "payment", 1),
                note=why,
            )
        )
    books.post(session, heads, drafts, recorded_at=now)


def _code_answered(said: Sequence[str], owned: Mapping[str, tuple[int, int | None]], match: Match) -> list[int]:
    """The payment code of this stall that a memo names, if any: the first, for a bank may repeat it, and one payment
    answers one code."""
    codes = [owned[reference] for reference in said if reference in owned]
    return [code for stall_id, code in codes if code is not None and stall_id == match.stall_id][:1]


def _status(
    notice_id: int, found: Mapping[int, Match | None], twins: Mapping[int, Twin], entries: Mapping[int, int]
) -> tuple[Status, int | None]:
    if notice_id not in found:
        return "ignored", None
    twin = twins.get(notice_id)
    if twin is not None:
        return ("duplicate", twin.original) if twin.certain else ("held", None)
    return ("recorded" if notice_id in entries else "unmatched"), None


def _draft(one: Stored, match: Match, decision: Decision) -> books.Draft:
    return books.Draft(
        book_id=match.book_id,
        kind="payment",
        legs=books.sale_legs("bank", one.notice.amount),
        booked_on=one.notice.local_date,
        occurred_at=moment_of(one.notice),
        notice_id=one.id,
        notice_digest=one.digest,
        turn=one.turns + 1,
        login_id=decision.login_id,
        note=decision.reason or (FORMER if match.former else ""),
    )


def moment_of(notice: Notice) -> datetime:
    """The payment's own time; noon of its day where the bank gave only a day."""
    if notice.at is not None:
        return notice.at
    return datetime.combine(notice.local_date, time(12), HO_CHI_MINH).astimezone(UTC)


def _named(notice: Notice, known: Mapping[str, list[Holding]]) -> list[Holding]:
    """The holdings a notice names: by number and, where it names a bank we know, by bank. A stall may have the account
    itself, or print the virtual one that leads to it: some banks tell of those payments only."""
    bins = banks.bins_named(notice.bank)
    for number in (notice.account_number, notice.virtual_account):
        held = [h for h in known.get(number, ()) if not bins or h.bin in bins]
        if held:
            return held
    return []


def _find_stall(source: Source, at: datetime, named: Sequence[Holding], referred: set[int]) -> Match | None:
    """Contract, "Which stall": the account first; among several that share it a whole reference decides; else nobody.

    `named` are the holdings the notice names, `referred` the stalls whose references the memo carries.
    """
    if source.stall_id is not None:
        named = [h for h in named if h.stall_id == source.stall_id]
    candidates = [h for h in named if h.in_force(at)]
    former = not candidates
    if former:
        candidates = [h for h in named if h.before(at)]
    by_stall = {h.stall_id: Match(h.stall_id, h.book_id, h.coded_only, former) for h in candidates}
    if len(by_stall) > 1:
        by_stall = {stall: match for stall, match in by_stall.items() if stall in referred}
    return next(iter(by_stall.values())) if len(by_stall) == 1 else None
