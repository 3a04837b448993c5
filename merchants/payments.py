"""From a bank's notice to an entry in a stall's book: the heart, and why no đồng is lost or doubled.

One transaction a notice (or a batch of them), in this order:

1. Lock the accounts. Inside a savepoint: find the stall, lock its book, look for a twin told by another feed; store
   notice and body as what they will be, for the unique key (channel, feed, event id) makes a repeat a repeat; post the
   entry (unique on notice and turn).
2. If anything of that failed, the savepoint is undone and the longer way taken: `inbox.receive` stores the notices,
   pending, and `book`, inside a savepoint of its own, does the rest and moves their status. What cannot be booked stays
   `pending`: it is taken up again, and nothing told is lost.
3. The caller commits once and answers only then.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Literal, NamedTuple

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from ledger import books
from ledger.days import HO_CHI_MINH
from ledger.direct import Asking, answers, back_to_mark, forget_mark, mark, one_journey
from ledger.inbox import tries
from ledger.inbox.notice import Feed, Notice
from ledger.inbox.receive import Stored, ask_ids, never_booked, number, pending, receive, settle, store
from ledger.inbox.twins import Twin, ask_twins, hand_over_twins, lock_accounts
from merchants.bank_accounts import Holding, ask_holdings, mark_heard
from merchants.payment_codes import Answer, answers_to_tests, record_answers
from merchants.references import ask_owners, references_in
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


class Outcome(NamedTuple):
    """What became of one delivery. `differs`: the notice of the same event, told before with another content."""

    status: Status
    notice_id: int | None = None
    entry_id: int | None = None
    differs: int | None = None


def take(
    session: Session, source: Source, feed: Feed, deliveries: Sequence[tuple[Notice, bytes]], now: datetime
) -> list[Outcome]:
    """Store deliveries of one channel and feed and book what can be booked; one outcome each, in their order."""
    if not deliveries:
        return []
    if not all(notice.amount for notice, _ in deliveries):
        # Where nothing moved there is nothing to keep.
        told = iter(take(session, source, feed, [each for each in deliveries if each[0].amount], now))
        return [next(told) if notice.amount else Outcome("ignored") for notice, _ in deliveries]
    with one_journey(session):
        # Before the mark, so that both ways below lock in one order: accounts, books, the notices' own keys.
        lock_accounts(session, source.market_id, numbers_named(notice for notice, _ in deliveries))
        mark(session)
    try:
        outcomes = _take_at_once(session, source, feed, deliveries, now)
        forget_mark(session)
        return outcomes
    except OperationalError:
        raise
    except Exception as error:
        back_to_mark(session)
        # Whatever it was, below it meets one notice alone, which is stored before it is booked.
        log.info("a batch of channel %s is taken one by one: %s", source.channel_id, type(error).__name__)
    received = receive(
        session, deliveries, market_id=source.market_id, channel_id=source.channel_id, feed=feed, now=now
    )
    stored = [one.stored for one in received if one.stored is not None]
    booked = iter(book_or_keep(session, source, stored, now))
    return [Outcome("duplicate", differs=one.differs) if one.stored is None else next(booked) for one in received]


class _ToldBefore(Exception):
    """Twins were looked for among notices of which some had been told before."""


def _take_at_once(
    session: Session, source: Source, feed: Feed, deliveries: Sequence[tuple[Notice, bytes]], now: datetime
) -> list[Outcome]:
    """Decide first and store each notice as what it will be: a third less to write than to store and then to book.

    Whether a notice is new is known only when it is stored. A decision about one does not rest on the others, except
    for twins: each takes its own among equal ones.
    """
    notices = [notice for notice, _ in deliveries]
    known, (ids,) = _know(session, source.market_id, notices, ask_ids(session, deliveries))
    numbered = number(deliveries, ids, market_id=source.market_id, channel_id=source.channel_id, feed=feed)
    each = list({one.id: one for one in reversed(numbered)}.values())[::-1]
    plan = _decide(session, source, each, Decision(), known)
    received = store(session, deliveries, numbered, {one.id: plan.move(one.id) for one in each}, now)
    stored = [one.stored for one in received if one.stored is not None]
    if plan.twins and len(stored) < len(each):
        raise _ToldBefore
    booked = iter(_write(session, source, stored, plan, now))
    _book_originals(session, source, stored, plan, now)
    return [Outcome("duplicate", differs=one.differs) if one.stored is None else next(booked) for one in received]


def take_up(session: Session, source: Source, now: datetime, limit: int = 500) -> list[Outcome]:
    """Book what was stored but not yet booked, the oldest first."""
    return book_or_keep(session, source, pending(session, source.market_id, source.channel_id, limit), now)


def book_or_keep(session: Session, source: Source, stored: Sequence[Stored], now: datetime) -> list[Outcome]:
    """Book the batch inside a savepoint; if it fails, one by one, so that a poisoned notice holds up only itself."""
    if not stored:
        return []
    mark(session)
    try:
        outcomes = book(session, source, stored, now)
        forget_mark(session)
        return outcomes
    except OperationalError:
        # A lock time-out, a deadlock or a full disk says nothing about the notice; the whole transaction is void.
        raise
    except Exception as error:
        back_to_mark(session)
        if len(stored) > 1:
            return [outcome for one in stored for outcome in book_or_keep(session, source, [one], now)]
        log.exception("notice %s could not be booked", stored[0].id)
        parked = tries.failed(session, source.market_id, stored[0].id, f"{type(error).__name__}: {error}", now)
        if parked:
            settle(session, [(stored[0].id, "parked", None)])
        return [Outcome("parked" if parked else "pending", stored[0].id)]


class Match(NamedTuple):
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
    notices = [one.notice for one in stored]
    lock_accounts(session, source.market_id, numbers_named(notices))
    known, _ = _know(session, source.market_id, notices)
    plan = _decide(session, source, stored, decision or Decision(), known)
    outcomes = _write(session, source, stored, plan, now)
    for one in stored:
        if one.id in plan.twins and plan.twins[one.id].hands_over:
            hand_over_twins(session, one.id, plan.twins[one.id].original)
    settle(session, [(one.id, *plan.move(one.id)) for one in stored])
    _book_originals(session, source, stored, plan, now)
    return outcomes


def _book_originals(session: Session, source: Source, stored: Sequence[Stored], plan: "_Plan", now: datetime) -> None:
    """What was told before and is nobody's goes to the stall that a later telling of it finds: that one may carry the
    reference, or come by the stall's own channel. What a person took from a stall waits for a person."""
    later = {
        twin.original: (one.notice.memo, match)
        for one in stored
        if (twin := plan.twins.get(one.id)) and twin.unmatched and (match := plan.found.get(one.id))
    }
    if not later:
        return
    found, originals = {}, []
    for one in never_booked(session, later):
        memo, found[one.id] = later[one.id]
        originals.append(one._replace(notice=one.notice._replace(memo=f"{one.notice.memo} {memo}")))
    known, (heads, ids) = _know(
        session,
        source.market_id,
        [one.notice for one in originals],
        books.ask_lock({match.book_id for match in found.values()}),
        books.ask_entry_ids(session, len(originals)),
    )
    said = {one.id: known.said[one.notice.memo] for one in originals}
    _write(session, source, originals, _Plan(Decision(), {}, said, known.owned, found, heads, {}, ids), now)
    settle(session, [(one.id, "recorded", None) for one in originals])


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to become of some notices, by their ids: the holdings each names, the references its memo carries, its
    stall (`found` has incoming ones only, None where it is nobody's), its twin; the locked books, ids for entries."""

    decision: Decision
    named: Mapping[int, "_Named"]
    said: Mapping[int, list[str]]
    owned: Mapping[str, tuple[int, int | None]]
    found: Mapping[int, Match | None]
    heads: dict[int, books.Head]
    twins: Mapping[int, Twin]
    entry_ids: Sequence[int]

    def move(self, notice_id: int) -> tuple[Status, int | None]:
        """The status of a notice, and the one it is the same as."""
        if notice_id not in self.found:
            return "ignored", None
        twin = self.twins.get(notice_id)
        if twin is not None:
            return ("duplicate", twin.original) if twin.certain else ("held", None)
        return ("unmatched" if self.found[notice_id] is None else "recorded"), None


def numbers_named(notices: Iterable[Notice]) -> set[str]:
    """The account numbers in notices, the virtual ones with them."""
    return {number for one in notices for number in (one.account_number, one.virtual_account)} - {""}


class _Known(NamedTuple):
    """The references that memos carry, by memo; who has an account, by its number; whose a reference is."""

    said: Mapping[str, list[str]]
    held: Mapping[str, list[Holding]]
    owned: Mapping[str, tuple[int, int | None]]


def _know(session: Session, market_id: int, notices: Sequence[Notice], *more: Asking[Any]) -> tuple[_Known, list[Any]]:
    """What these notices name that we know, with the answers to `more`, asked together."""
    said = {memo: references_in(memo) for memo in {one.memo for one in notices}}
    references = {reference for each in said.values() for reference in each}
    held, owned, *others = answers(
        session, ask_holdings(session, market_id, numbers_named(notices)), ask_owners(references), *more
    )
    return _Known(said, held, owned), others


def _decide(session: Session, source: Source, stored: Sequence[Stored], decision: Decision, known: _Known) -> _Plan:
    """Look, with their accounts locked, what is to become of these notices, and lock the books; write nothing."""
    owned = known.owned
    named = {one.id: _named(one.notice, known.held) for one in stored}
    incoming = [one for one in stored if one.notice.direction == "in" and not one.notice.test]
    said = {one.id: known.said[one.notice.memo] for one in incoming}
    found = {
        one.id: decision.stall
        or _find_stall(source, moment_of(one.notice), named[one.id], {owned[r][0] for r in said[one.id] if r in owned})
        for one in incoming
    }
    # With accounts and then books locked, no other writer can slip the same payment in between.
    heads, twins, ids = answers(
        session,
        books.ask_lock({match.book_id for match in found.values() if match}),
        ask_twins(source.market_id, [] if decision.another else incoming),
        books.ask_entry_ids(session, sum(match is not None for match in found.values())),
    )
    if decision.stall is not None:
        # A probable twin was weighed when the later of the two came; a person who names the stall is not asked again.
        twins = {notice_id: twin for notice_id, twin in twins.items() if twin.certain}
    return _Plan(decision, named, said, owned, found, heads, twins, ids)


def _write(session: Session, source: Source, stored: Sequence[Stored], plan: _Plan, now: datetime) -> list[Outcome]:
    """Write the entries of those of the plan's notices that are stored."""
    named = (h for one in stored for held in plan.named.get(one.id, ()) for h in held)
    mark_heard(session, [h.account_id for h in named if not h.heard], now)
    matched = [
        (one, match) for one in stored if (match := plan.found.get(one.id)) is not None and one.id not in plan.twins
    ]
    drafts = [_draft(one, match, plan.decision) for one, match in matched]
    posted = books.post(session, plan.heads, drafts, recorded_at=now, ids=plan.entry_ids)
    entries = {one.id: place.entry_id for (one, _), place in zip(matched, posted, strict=True)}
    answered = [
        Answer(code, entries[one.id], one.notice.amount, moment_of(one.notice))
        for one, match in matched
        for code in _code_answered(plan.said[one.id], plan.owned, match)
    ]
    record_answers(session, source.market_id, answered)
    _leave_out(session, plan, matched, posted, answered, now)
    return [Outcome(plan.move(one.id)[0], one.id, entries.get(one.id)) for one in stored]


def _leave_out(
    session: Session,
    plan: _Plan,
    matched: Sequence[tuple[Stored, Match]],
    posted: Sequence[books.Posted],
    answers: Sequence[Answer],
    now: datetime,
) -> None:
    """Mark as no sale, in the same transaction, what answered a test code, and what carries no reference of a stall
    that counts only such payments (model.md, "Candidates")."""
    tested = answers_to_tests(session, [answer.entry_id for answer in answers])
    drafts = []
    for (one, match), place in zip(matched, posted, strict=True):
        if place.entry_id in tested:
            why = TESTED
        elif _is_not_coded(plan, one, match):
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
    books.post(session, plan.heads, drafts, recorded_at=now)


def _is_not_coded(plan: _Plan, one: Stored, match: Match) -> bool:
    """Whether the stall counts only payments with its references, and this one has none; where it was booked before
    and says nothing now, its memo was deleted."""
    if not match.coded_only or (one.turns and not one.notice.memo):
        return False
    return match.stall_id not in {plan.owned[r][0] for r in plan.said[one.id] if r in plan.owned}


def _code_answered(said: Sequence[str], owned: Mapping[str, tuple[int, int | None]], match: Match) -> list[int]:
    """The payment code of this stall that a memo names, if any: the first, for a bank may repeat it, and one payment
    answers one code."""
    codes = [owned[reference] for reference in said if reference in owned]
    return [code for stall_id, code in codes if code is not None and stall_id == match.stall_id][:1]


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
    return notice.at or datetime.combine(notice.local_date, time(12), HO_CHI_MINH).astimezone(UTC)


# The holdings of the virtual account that a notice names, and of its account.
_Named = tuple[list[Holding], list[Holding]]


def _named(notice: Notice, known: Mapping[str, list[Holding]]) -> _Named:
    """The holdings a notice names: by number and, where it names a bank we know, by bank. A stall may have the account
    itself, or print a virtual one that leads to it, or to another stall's account: that one was paid then."""
    bins = banks.bins_named(notice.bank)

    def held(number: str) -> list[Holding]:
        return [h for h in known.get(number, ()) if not bins or h.bin in bins]

    return held(notice.virtual_account), held(notice.account_number)


def _find_stall(source: Source, at: datetime, named: _Named, referred: set[int]) -> Match | None:
    """Contract, "Which stall": the account first; among several that share it a whole reference decides; else nobody.

    `named` are the holdings the notice names, `referred` the stalls whose references the memo carries.
    """
    virtual, account = (
        held if source.stall_id is None else [h for h in held if h.stall_id == source.stall_id] for held in named
    )
    candidates = [h for h in virtual if h.in_force(at)] or [h for h in account if h.in_force(at)]
    former = not candidates
    if former:
        candidates = [h for h in virtual if h.before(at)] or [h for h in account if h.before(at)]
    by_stall = {h.stall_id: Match(h.stall_id, h.book_id, h.coded_only, former) for h in candidates}
    if len(by_stall) > 1:
        by_stall = {stall: match for stall, match in by_stall.items() if stall in referred}
    return next(iter(by_stall.values())) if len(by_stall) == 1 else None
