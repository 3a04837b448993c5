"""What people decide about payments: whose a notice is, whether it was told before, what was no sale after all."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from ledger import books
from ledger.books.model import ENTRY, POSTING, stands
from ledger.inbox.model import NOTICE
from ledger.inbox.receive import Stored, load, settle
from ledger.inbox.twins import find_twins, hand_over_twins, lock_accounts, take_back_twins, told_by_a_person
from ledger.refused import Problem, Refused
from merchants.payments import Decision, Match, Outcome, Source, book, book_or_keep, numbers_named
from merchants.stalls import StallRow

# How the program's own keys begin. They stand in one column with those that clients make, so clients' may not begin so:
# a sale under such a key would keep a payment from being taken back.
AGAIN = "again-"


def _of_market(session: Session, market_id: int, notice_id: int) -> Stored:
    stored = load(session, notice_id)
    if stored is None or stored.market_id != market_id:
        raise Refused(Problem(f"the market has no notice {notice_id}", field="notice"))
    return stored


def _load(session: Session, market_id: int, notice_id: int, status: str, otherwise: dict[str, str]) -> Stored:
    stored = _of_market(session, market_id, notice_id)
    if stored.status != status:
        mend = otherwise.get(stored.status, f"only {status} ones can be settled this way")
        raise Refused(Problem(f"notice {notice_id} is {stored.status}; {mend}", field="notice"))
    return stored


def assign(
    session: Session,
    market_id: int,
    notice_id: int,
    stall: StallRow,
    *,
    reason: str,
    login_id: int | None,
    now: datetime,
) -> Outcome:
    """An unmatched notice is this stall's. Twins are looked for once more, so it may turn out to be told before."""
    stored = _load(
        session,
        market_id,
        notice_id,
        "unmatched",
        {
            "recorded": "reverse its entry with --reassign first",
            "held": "say first whether it was told before: payment same, or payment another",
        },
    )
    if stored.turns and not reason:
        raise Refused(Problem("is needed: the notice was booked before and reversed", field="reason"))
    decision = Decision(Match(stall.id, stall.book_id, stall.coded_only), reason, login_id)
    [outcome] = book(session, Source(stored.channel_id, market_id), [stored], now, decision)
    _confirm_again(session, market_id, [stored], [outcome], login_id, now)
    return outcome


def same(session: Session, market_id: int, notice_ids: Sequence[int]) -> list[Outcome]:
    """These held notices were told before: each becomes the duplicate of the nearest one like it that is still free.

    Raises Refused, and nothing is settled, where none is left for one of them.
    """
    outcomes = same_where_told(session, market_id, notice_ids)
    for outcome in outcomes:
        if outcome.status == "held":
            raise Refused(
                Problem(
                    f"no payment told by another feed is left that notice {outcome.notice_id} could be; if it is one"
                    f" more, run: payment another {outcome.notice_id}",
                    field="notice",
                )
            )
    return outcomes


def same_where_told(session: Session, market_id: int, notice_ids: Sequence[int]) -> list[Outcome]:
    """As `same`, for a whole file: what no payment is left for stays held and waits for a look of its own."""
    by_feed = _held(session, market_id, notice_ids)
    lock_accounts(session, market_id, {one.notice.account_number for feed in by_feed for one in feed})
    outcomes = []
    for feed in by_feed:
        twins = find_twins(session, market_id, feed, person_says_same=True)
        for notice_id, twin in twins.items():
            if twin.hands_over:
                hand_over_twins(session, notice_id, twin.original)
        settle(session, [(notice_id, "duplicate", twin.original) for notice_id, twin in twins.items()])
        outcomes += [Outcome("duplicate" if one.id in twins else "held", one.id) for one in feed]
    return outcomes


def another(
    session: Session,
    market_id: int,
    notice_ids: Sequence[int],
    *,
    sources: Iterable[Source],
    login_id: int | None,
    now: datetime,
) -> list[Outcome]:
    """These held notices are payments of their own: book them, or leave them unmatched if no stall is found.

    `sources` are the channels there are: one of a single stall credits that stall only.
    """
    channels = {source.channel_id: source for source in sources}
    decision = Decision(another=True, login_id=login_id)
    outcomes = []
    for feed in _held(session, market_id, notice_ids):
        booked = book(session, channels[feed[0].channel_id], feed, now, decision)
        _confirm_again(session, market_id, feed, booked, login_id, now)
        outcomes += booked
    return outcomes


def _held(session: Session, market_id: int, notice_ids: Sequence[int]) -> list[list[Stored]]:
    """Held notices, those of each feed together."""
    by_feed: dict[tuple[int, str], list[Stored]] = defaultdict(list)
    for notice_id in dict.fromkeys(notice_ids):
        stored = _load(session, market_id, notice_id, "held", _ASK_AGAIN)
        by_feed[stored.channel_id, stored.feed].append(stored)
    return list(by_feed.values())


_ASK_AGAIN = {
    "recorded": "if it was told before after all, run first: payment hold",
    "duplicate": "if it is a payment of its own after all, run first: payment hold",
}


def hold(
    session: Session,
    market_id: int,
    notice_ids: Sequence[int],
    *,
    reason: str = "",
    login_id: int | None,
    now: datetime,
) -> list[Outcome]:
    """A person answered wrongly whether these were told before: they are held again, and the answer can be another.

    The entry of one that was booked is reversed, and needs a reason. Raises Refused, and nothing is held, where one of
    them looks like no payment that another feed told, names the same bank reference as the one it is the twin of, or
    went back.
    """
    found = [_of_market(session, market_id, notice_id) for notice_id in sorted(set(notice_ids))]
    # All accounts before any book, as whoever books does.
    lock_accounts(session, market_id, numbers_named(one.notice for one in found))
    problems = [Problem(why, field="notice") for one in found if (why := _hold(session, one, reason, login_id, now))]
    if problems:
        raise Refused(problems)
    return [Outcome("held", one.id) for one in found]


def _hold(session: Session, one: Stored, reason: str, login_id: int | None, now: datetime) -> str:
    """Hold one again; why not, where it cannot be."""
    if one.status == "duplicate":
        original = _original_by_a_person(session, one.id)
        if original is None:
            return f"notice {one.id} names the same bank reference as the payment that it is the same as"
        settle(session, [(one.id, "held", None)])
        take_back_twins(session, one.id, one.notice.bank_reference, original)
        return ""
    if one.status not in ("recorded", "unmatched"):
        return f"notice {one.id} is {one.status}; only an answered one can be held again"
    if not find_twins(session, one.market_id, [one], person_says_same=True):
        return f"no payment told by another feed is left that notice {one.id} could be"
    if one.status == "recorded":
        entry_id = _last_entry(session, one)
        reverse(session, one.market_id, entry_id, reason=reason, reassign=True, login_id=login_id, now=now)
    settle(session, [(one.id, "held", None)])
    return ""


def _original_by_a_person(session: Session, notice_id: int) -> int | None:
    original = NOTICE.alias("original")
    query = select(original.c.id).join(NOTICE, NOTICE.c.same_as == original.c.id)
    found = session.connection().execute(query.where(NOTICE.c.id == notice_id, told_by_a_person(NOTICE, original)))
    return found.scalar_one_or_none()


def _last_entry(session: Session, one: Stored) -> int:
    """The newest entry that a notice had when it was loaded."""
    query = select(ENTRY.c.id).where(ENTRY.c.notice_id == one.id, ENTRY.c.turn == one.turns)
    return int(session.connection().execute(query).scalar_one())


def try_again(session: Session, source: Source, notice_ids: Sequence[int], now: datetime) -> list[Outcome]:
    """A person asks for one more try at booking these parked notices of a channel; what fails is parked again."""
    parked = [_load(session, source.market_id, notice_id, "parked", {}) for notice_id in dict.fromkeys(notice_ids)]
    return book_or_keep(session, source, parked, now)


@dataclass(frozen=True, slots=True)
class Reversed:
    """The entry that reverses another; `typed_anew` is the sale typed before that stands again, None mostly."""

    entry_id: int
    typed_anew: int | None = None


def reverse(
    session: Session,
    market_id: int | None,
    entry_id: int,
    *,
    reason: str,
    reassign: bool,
    login_id: int | None,
    now: datetime,
) -> Reversed:
    """Undo an entry. With `reassign` its notice is unmatched again; without, the money went back.

    A payment that was never this stall's confirmed nothing: the sale typed before, which was reversed in its favour,
    is typed anew, and waits for its own payment.
    """
    group = load_group(session, market_id, entry_id)
    if reassign and group.notice_id is None:
        raise Refused(
            Problem(f"entry {entry_id} came from no bank notice; reverse it without --reassign", field="entry")
        )
    posted = books.reverse(session, group, reason=_needed(reason), login_id=login_id, now=now)
    if not reassign or group.notice_id is None:
        return Reversed(posted.entry_id)
    settle(session, [(group.notice_id, "unmatched", None)])
    return Reversed(posted.entry_id, _type_anew(session, entry_id, login_id, now))


def _type_anew(session: Session, payment_id: int, login_id: int | None, now: datetime) -> int | None:
    confirming = ENTRY.alias("confirming")
    typed = (
        session.connection()
        .execute(
            select(ENTRY.c.id, ENTRY.c.book_id, ENTRY.c.occurred_at, POSTING.c.amount)
            .join(confirming, confirming.c.concerns == ENTRY.c.id)
            .join(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "other"))
            .where(confirming.c.confirms == payment_id)
        )
        .one_or_none()
    )
    if typed is None:
        return None
    posted, _ = books.enter_sale(
        session,
        book_id=typed.book_id,
        amount=typed.amount,
        cash=False,
        occurred_at=typed.occurred_at,
        client_key=_again(payment_id),
        login_id=login_id,
        memo=f"entry {typed.id} once more: payment {payment_id}, which confirmed it, was not the stall's",
        now=now,
    )
    return posted.entry_id


def _confirm_again(
    session: Session,
    market_id: int,
    stored: Sequence[Stored],
    outcomes: Sequence[Outcome],
    login_id: int | None,
    now: datetime,
) -> None:
    """A payment that goes back into the book it was taken from is once more the sale that was typed there before it;
    one that is marked as no sale with its booking is not."""
    for one, outcome in zip(stored, outcomes, strict=True):
        if one.turns and outcome.entry_id is not None:
            typed = _typed_anew(session, one, outcome.entry_id)
            if typed is not None:
                confirm(session, market_id, typed, outcome.entry_id, login_id=login_id, now=now)


def _typed_anew(session: Session, one: Stored, entry_id: int) -> int | None:
    """The sale that was typed anew when a notice's payment was taken back, if it stands in the book of this entry, and
    nothing corrects this entry yet."""
    typed, correction = ENTRY.alias("typed"), ENTRY.alias("correction")
    query = (
        select(typed.c.id)
        .join(ENTRY, ENTRY.c.book_id == typed.c.book_id)
        .where(
            ENTRY.c.id == entry_id,
            typed.c.client_key == _again(_last_entry(session, one)),
            stands(typed.c.id),
            ~select(correction.c.id).where(correction.c.concerns == entry_id).exists(),
        )
    )
    return session.connection().execute(query).scalar_one_or_none()


def _again(payment_id: int) -> str:
    """The client key of the sale that is typed anew because a payment that confirmed it was taken back."""
    return f"{AGAIN}{payment_id:08}"


def mark_not_sale(
    session: Session, market_id: int | None, entry_id: int, *, reason: str, login_id: int | None, now: datetime
) -> books.Posted:
    """The payment is money that was no sale; it leaves the counts and stays in the books."""
    group = load_group(session, market_id, entry_id)
    return books.mark_not_sale(session, group, reason=_needed(reason), login_id=login_id, now=now)


def mark_sale(
    session: Session, market_id: int | None, entry_id: int, *, reason: str, login_id: int | None, now: datetime
) -> books.Posted:
    """Undo `mark_not_sale`."""
    group = load_group(session, market_id, entry_id)
    return books.mark_sale(session, group, reason=_needed(reason), login_id=login_id, now=now)


def confirm(
    session: Session, market_id: int | None, typed_id: int, payment_id: int, *, login_id: int | None, now: datetime
) -> books.Posted:
    """The typed sale is this payment: the typed entry is reversed in its favour, so takings hold the money once."""
    group = load_group(session, market_id, typed_id)
    if group.concerned.origin != "typed":
        raise Refused(Problem(f"entry {typed_id} is no typed cashless sale", field="entry"))
    payment = session.connection().execute(select(ENTRY).where(ENTRY.c.id == payment_id)).one_or_none()
    if payment is None or payment.kind != "payment" or payment.book_id != group.first.book_id:
        raise Refused(Problem(f"entry {payment_id} is no bank payment of the same stall", field="notice_entry"))
    paid = load_group(session, market_id, payment_id)
    if paid.last == "reversal":
        raise Refused(Problem(f"entry {payment_id} is reversed", field="notice_entry"))
    if paid.last == "not_sale":
        raise Refused(
            Problem(
                f"entry {payment_id} is marked as no sale; if it is one, run first: payment sale {payment_id}",
                field="notice_entry",
            )
        )
    taken = session.connection().execute(select(ENTRY.c.id).where(ENTRY.c.confirms == payment_id)).first()
    if taken is not None:
        raise Refused(Problem(f"entry {payment_id} confirms another typed sale already", field="notice_entry"))
    return books.reverse(
        session,
        group,
        reason=f"confirmed by payment {payment_id}",
        login_id=login_id,
        now=now,
        confirms=(payment_id, payment.number),
    )


def load_group(session: Session, market_id: int | None, entry_id: int) -> books.Group:
    """A first entry with its corrections, its book locked; of this market only, or of any where None is asked for."""
    group = books.load_group(session, entry_id)
    if market_id not in (None, group.market_id):
        raise Refused(Problem(f"there is no entry {entry_id}", field="entry"))
    return group


def _needed(reason: str) -> str:
    if not reason.strip():
        raise Refused(Problem("is needed: say in a few words why", field="reason"))
    return reason.strip()
