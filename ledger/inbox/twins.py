"""The same payment told by two feeds: found, or held for a person where it is only probable (model.md, "Twin")."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, not_, or_, select, update
from sqlmodel import Session

from ledger.among import among, among_pairs
from ledger.direct import Asking, Statement, answer, connection_of, execute
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import Notice
from ledger.inbox.receive import Stored

WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Twin:
    """An earlier notice of the same payment; `certain` when both name the same bank reference; `hands_over` when the
    later one has twins of its own, which are the earlier one's then; `unmatched` when it is certain and no stall has
    the earlier one."""

    original: int
    certain: bool
    hands_over: bool = False
    unmatched: bool = False


@dataclass(frozen=True, slots=True)
class _Earlier:
    id: int
    source: tuple[int, str]
    status: str
    at: datetime | None
    # Its own, and those that its twins named.
    references: set[str]
    # The forms of those that statements named, and that other feeds did.
    by_statement: set[str]
    by_others: set[str]

    def told_apart(self, its_form: str, by_statement: bool) -> bool:
        """Whether a reference of this form, which is none of its own, is another payment's: one of its own can be
        compared with it. A statement's and another feed's can where they are of one form: Vietcombank's statement has
        `5243.65937` where its webhooks have `MBVCB.3278907687`, for the same payment."""
        comparable, others = self.by_statement, self.by_others
        if not by_statement:
            comparable, others = others, comparable
        return bool(its_form) and (bool(comparable) or its_form in others)


def lock_accounts(session: Session, market_id: int, account_numbers: Iterable[str]) -> None:
    """Keep every other writer off these accounts until the transaction ends, so that two feeds telling one payment
    in the same instant see each other. A book's lock alone would not do: one of the two may find no stall."""
    connection = connection_of(session)
    if connection.dialect.name == "postgresql":
        execute(connection, _LOCK, (market_id, list(account_numbers)))


_LOCK = (
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(number, %s) AS key"
    " FROM unnest(CAST(%s AS text[])) AS number ORDER BY key) AS keys"
)


def find_twins(
    session: Session, market_id: int, notices: Sequence[Stored], *, person_says_same: bool = False
) -> dict[int, Twin]:
    """Which of these incoming notices, all of one feed, another feed told before; by notice id.

    An original has one twin a feed at most, so among equal payments each line takes its own, and two notices that a
    feed told both, or whose twins it did, are two payments. Where a person says that they are the same, a probable
    twin is as good as a certain one.
    """
    return answer(session, ask_twins(market_id, notices, person_says_same=person_says_same))


def ask_twins(market_id: int, notices: Sequence[Stored], *, person_says_same: bool = False) -> Asking[dict[int, Twin]]:
    """`find_twins`, to be asked together with others."""
    if not notices:
        return {}
    source = notices[0].channel_id, notices[0].feed
    days = {(stored.notice.account_number, stored.notice.local_date) for stored in notices}
    candidates = _by_payment((yield _OTHER_FEEDS(market=market_id, days=days, channel=source[0], feed=source[1])))
    if not candidates:
        return {}
    originals = [stored.id for stored in notices] + [earlier.id for rows in candidates.values() for earlier in rows]
    # Which channels and feeds told a twin of each of these.
    told_by: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
    for row in (yield _TWINS_OF(originals=originals)):
        told_by[row.same_as].add((row.channel_id, row.feed))
    twins: dict[int, Twin] = {}

    def alike(notice: Notice) -> Sequence[_Earlier]:
        return candidates.get((notice.account_number, notice.local_date, notice.amount), ())

    def free(stored: Stored, fitting: list[_Earlier]) -> list[_Earlier]:
        told = {source, *told_by[stored.id]}
        return [e for e in fitting if e.id != stored.id and told.isdisjoint({e.source, *told_by[e.id]})]

    # First those that are certain, so that no other line is held for what is theirs.
    for stored in notices:
        same = free(stored, [e for e in alike(stored.notice) if stored.notice.bank_reference in e.references])
        if same:
            told = {source, *told_by[stored.id]}
            told_by[same[0].id] |= told
            twins[stored.id] = Twin(same[0].id, True, len(told) > 1, same[0].status == "unmatched")
    for stored in notices:
        if stored.id in twins:
            continue
        notice, told = stored.notice, {source, *told_by[stored.id]}
        its_form, by_statement = form(notice.bank_reference), source[1] == "statement"
        near = [e for e in alike(notice) if _near(e.at, notice.at)]
        if maybe := free(stored, [e for e in near if not e.told_apart(its_form, by_statement)]):
            # One that is held itself is no payment yet: it is the same as another only where there is no other.
            nearest = min(maybe, key=lambda earlier: (earlier.status == "held", _distance(earlier.at, notice.at))).id
            twins[stored.id] = Twin(nearest, certain=person_says_same, hands_over=person_says_same and len(told) > 1)
            if person_says_same:
                told_by[nearest] |= told
    return twins


def form(reference: str) -> str:
    """A bank's reference, every number in it taken for any other."""
    return re.sub("[0-9]+", "0", reference)


def hand_over_twins(session: Session, notice_id: int, original: int) -> None:
    """A notice that turns out to be told before gives its own twins to the original, so that none is a twin's twin."""
    session.connection().execute(update(NOTICE).where(NOTICE.c.same_as == notice_id).values(same_as=original))


def told_by_a_person(notice: FromClause, original: FromClause) -> ColumnElement[bool]:
    """Whether it took a person to say that a notice is the twin of this original: neither it nor an earlier twin of it
    names the same bank reference."""
    earlier = NOTICE.alias("earlier")
    alike = select(earlier.c.id).where(
        earlier.c.same_as == original.c.id,
        earlier.c.id < notice.c.id,
        earlier.c.bank_reference == notice.c.bank_reference,
    )
    return or_(
        notice.c.bank_reference == "",
        and_(notice.c.bank_reference != original.c.bank_reference, ~alike.exists()),
    )


def take_back_twins(session: Session, notice_id: int, bank_reference: str, original: int) -> None:
    """A notice that is no twin after all takes those along that name its bank reference; the others stay."""
    if bank_reference:
        session.connection().execute(
            update(NOTICE)
            .where(NOTICE.c.same_as == original, NOTICE.c.bank_reference == bank_reference, NOTICE.c.id != notice_id)
            .values(same_as=notice_id)
        )


def _near(one: datetime | None, other: datetime | None) -> bool:
    return one is None or other is None or abs(one - other) <= WITHIN


def _distance(one: datetime | None, other: datetime | None) -> timedelta:
    return abs(one - other) if one and other else WITHIN


_OTHER_FEEDS = Statement(
    select(
        NOTICE.c.id,
        NOTICE.c.channel_id,
        NOTICE.c.feed,
        NOTICE.c.account_number,
        NOTICE.c.local_date,
        NOTICE.c.amount,
        NOTICE.c.bank_reference,
        NOTICE.c.at,
        NOTICE.c.status,
        NOTICE.c.same_as,
    )
    .where(
        NOTICE.c.market_id == bindparam("market"),
        among_pairs(NOTICE.c.account_number, NOTICE.c.local_date, "days"),
        NOTICE.c.direction == "in",
        NOTICE.c.status != "ignored",
        not_((NOTICE.c.channel_id == bindparam("channel")) & (NOTICE.c.feed == bindparam("feed"))),
    )
    .order_by(NOTICE.c.id)
)


_TWINS_OF = Statement(
    select(NOTICE.c.same_as, NOTICE.c.channel_id, NOTICE.c.feed).where(among(NOTICE.c.same_as, "originals"))
)


def _by_payment(found: Iterable[Any]) -> dict[tuple[str, date, int], list[_Earlier]]:
    """The notices that other feeds told and that are no twins themselves, by account, day and amount."""
    rows = list(found)
    candidates: dict[tuple[str, date, int], list[_Earlier]] = defaultdict(list)
    originals: dict[int, _Earlier] = {}
    for each in rows:
        if each.same_as is None:
            source = each.channel_id, each.feed
            original = _Earlier(each.id, source, each.status, each.at, set(), set(), set())
            originals[each.id] = original
            candidates[each.account_number, each.local_date, each.amount].append(original)
    for each in rows:
        if each.bank_reference and (original_id := each.same_as or each.id) in originals:
            original = originals[original_id]
            original.references.add(each.bank_reference)
            by = original.by_statement if each.feed == "statement" else original.by_others
            by.add(form(each.bank_reference))
    return candidates
