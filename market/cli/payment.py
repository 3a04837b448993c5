"""`payment`: take files of bank news, type sales, correct entries, settle what waits for a person."""

from datetime import UTC, datetime, timedelta

import click
from sqlmodel import Session

from ledger import books
from ledger.days import HO_CHI_MINH, local_date, utc_now
from ledger.inbox import waiting as waits
from ledger.inbox.receive import Waiting, market_of, waiting
from ledger.inbox.waiting import Told
from ledger.refused import Problem, Refused
from market import channels, told_otherwise
from market.cli.noted import noted
from market.cli.numbers import NUMBER
from market.cli.opened import installation
from market.cli.output import print_json, print_rows
from market.cli.payment_import import import_
from market.config import Settings
from market.markets import find_market
from merchants import settling
from merchants.cash import key_problems
from merchants.payments import Outcome
from merchants.stalls import find_stall, stall_of_entry

LARGEST = 10**12


@click.group()
def command() -> None:
    """Payments: import, add, correct, settle."""


command.add_command(import_)


@command.command()
@click.option("--market", required=True, help="The market's slug.")
@click.option("--stall", required=True, help="The stall's code.")
@click.option("--amount", required=True, type=int, help="Đồng.")
@click.option("--cash", is_flag=True, help="Paid in cash; without it, a cashless sale that someone says happened.")
@click.option("--at", help="When, ISO 8601; without a zone it is Vietnamese time. Default: now.")
@click.option("--memo", default="", help="A note; it may be deleted later.")
@click.option("--key", required=True, help="8 to 64 of A-Z a-z 0-9 _ -; the same key is the same entry.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def add(
    settings: Settings,
    market: str,
    stall: str,
    amount: int,
    cash: bool,
    at: str | None,
    memo: str,
    key: str,
    as_json: bool,
) -> None:
    """Type a sale. It is in the stall's takings and never in a board's counts."""
    now = utc_now()
    problems = []
    if not 0 < amount < LARGEST:
        problems.append(Problem(f"must be between 1 and {LARGEST - 1} đồng", field="amount"))
    problems += key_problems(key)
    if problems:
        raise Refused(problems)
    when = None if at is None else _moment(at, now)
    with installation(settings).database.writing() as session:
        row = find_stall(session, find_market(session, market).id, stall)
        posted, new = books.enter_sale(
            session,
            book_id=row.book_id,
            amount=amount,
            cash=cash,
            occurred_at=when,
            client_key=key,
            login_id=None,
            memo=memo.strip(),
            now=now,
        )
        if new and row.closed_by(local_date(when or now)):
            # Asked last, for a key that was used while the stall was open is answered as it was then.
            raise Refused(Problem(f"is after {row.code} had closed, on {row.closed_on}", field="at"))
        if new:
            noted(session, "entry_added", market_id=row.market_id, stall_id=row.id, entry=posted.entry_id)
    status = "recorded" if new else "duplicate"
    if as_json:
        print_json({"entry": posted.entry_id, "status": status})
    else:
        click.echo(f"entry {posted.entry_id} {status}")


def _moment(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(Problem(f"{text!r} is no moment; write 2026-11-24T07:58", field="at")) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=HO_CHI_MINH)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise Refused(Problem(f"{text!r} is out of range", field="at")) from None
    if moment > now + timedelta(minutes=5):
        message = f"{text!r} lies in the future; it is {now.astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M} now"
        raise Refused(Problem(message, field="at"))
    if moment.year < 2000:
        message = f"{text!r} lies before the year 2000; it is {now.astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M} now"
        raise Refused(Problem(message, field="at"))
    return moment


def _note_entry(session: Session, act: str, entry_id: int) -> None:
    """Note what is done with an entry, as an act about the stall whose book it stands in."""
    stall = stall_of_entry(session, entry_id)
    noted(session, act, market_id=stall.market_id, stall_id=stall.id, entry=entry_id)


def _print_entry(entry_id: int, as_json: bool) -> None:
    if as_json:
        print_json({"entry": entry_id})
    else:
        click.echo(f"entry {entry_id}")


@command.command()
@click.argument("entry", type=NUMBER)
@click.option("--reason", required=True, help="Why, in a few words.")
@click.option("--reassign", is_flag=True, help="The notice waits for a stall again; without it the money went back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def reverse(settings: Settings, entry: int, reason: str, reassign: bool, as_json: bool) -> None:
    """Undo an entry and its corrections, once, by a new entry."""
    with installation(settings).database.writing() as session:
        done = settling.reverse(session, None, entry, reason=reason, reassign=reassign, login_id=None, now=utc_now())
        _note_entry(session, "entry_reversed", entry)
    if done.typed_anew is not None:
        click.echo(f"it had confirmed a typed sale, which is typed anew: entry {done.typed_anew}", err=True)
    _print_entry(done.entry_id, as_json)


@command.command("not-sale")
@click.argument("entry", type=NUMBER)
@click.option("--reason", required=True, help="Why, in a few words.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def not_sale(settings: Settings, entry: int, reason: str, as_json: bool) -> None:
    """The money was no sale (a loan from a sister): out of the counts, still in the books."""
    with installation(settings).database.writing() as session:
        posted = settling.mark_not_sale(session, None, entry, reason=reason, login_id=None, now=utc_now())
        _note_entry(session, "entry_not_sale", entry)
    _print_entry(posted.entry_id, as_json)


@command.command()
@click.argument("entry", type=NUMBER)
@click.option("--reason", required=True, help="Why, in a few words.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def sale(settings: Settings, entry: int, reason: str, as_json: bool) -> None:
    """It was a sale after all: undo not-sale."""
    with installation(settings).database.writing() as session:
        posted = settling.mark_sale(session, None, entry, reason=reason, login_id=None, now=utc_now())
        _note_entry(session, "entry_sale", entry)
    _print_entry(posted.entry_id, as_json)


@command.command()
@click.argument("entry", type=NUMBER)
@click.argument("notice_entry", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def confirm(settings: Settings, entry: int, notice_entry: int, as_json: bool) -> None:
    """The typed sale ENTRY is the bank payment NOTICE_ENTRY: the typed one is reversed in its favour."""
    with installation(settings).database.writing() as session:
        posted = settling.confirm(session, None, entry, notice_entry, login_id=None, now=utc_now())
        _note_entry(session, "entry_confirmed", entry)
    _print_entry(posted.entry_id, as_json)


_FACTS = ("notice", "at", "bank", "account_number", "amount", "memo")


def _facts(row: Waiting | Told) -> dict[str, object]:
    return {
        "notice": row.notice,
        "at": row.at.astimezone(HO_CHI_MINH).isoformat() if row.at else row.local_date.isoformat(),
        "bank": row.bank,
        "account_number": row.account_number,
        "amount": row.amount,
        "memo": row.memo,
    }


def _print_waiting(rows: list[Waiting], as_json: bool) -> None:
    print_rows(_FACTS, [_facts(row) for row in rows], as_json=as_json)


@command.command()
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def unmatched(settings: Settings, market: str, as_json: bool) -> None:
    """Money that no stall has yet."""
    with installation(settings).database.reading() as session:
        rows = waiting(session, find_market(session, market).id, "unmatched", "pending", "parked")
    _print_waiting(rows, as_json)


@command.command()
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def held(settings: Settings, market: str, as_json: bool) -> None:
    """Notices that another feed probably told before."""
    with installation(settings).database.reading() as session:
        rows = waiting(session, find_market(session, market).id, "held")
    _print_waiting(rows, as_json)


@command.command()
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def parked(settings: Settings, market: str, as_json: bool) -> None:
    """Notices that could not be booked, and why; `channel replay` tries them once more."""
    with installation(settings).database.reading() as session:
        rows = waits.parked(session, find_market(session, market).id)
    documents = [
        {**_facts(row.told), "channel": row.told.channel_id, "attempts": row.attempts, "error": row.error}
        for row in rows
    ]
    print_rows((*_FACTS, "channel", "attempts", "error"), documents, as_json=as_json)


@command.command()
@click.option("--market", required=True, help="The market's slug.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def differing(settings: Settings, market: str, as_json: bool) -> None:
    """Events that a provider told again with another content, as it sent them; the books keep the first telling."""
    with installation(settings).database.reading() as session:
        rows = told_otherwise.differing(session, find_market(session, market).id)
    documents = [
        {
            "notice": row.notice,
            "received_at": row.received_at.astimezone(HO_CHI_MINH).isoformat(),
            "first": row.first,
            "body": row.body,
        }
        for row in rows
    ]
    print_rows(("notice", "received_at", "first", "body"), documents, as_json=as_json)


def _print_outcomes(outcomes: list[Outcome], as_json: bool) -> None:
    documents = [
        {"notice": outcome.notice_id, "status": outcome.status, "entry": outcome.entry_id} for outcome in outcomes
    ]
    print_rows(("notice", "status", "entry"), documents, as_json=as_json)


@command.command()
@click.argument("notice", type=NUMBER)
@click.option("--stall", required=True, help="Code of the stall the money belongs to.")
@click.option("--reason", default="", help="Needed when the notice was booked before and reversed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def assign(settings: Settings, notice: int, stall: str, reason: str, as_json: bool) -> None:
    """An unmatched notice is this stall's."""
    with installation(settings).database.writing() as session:
        market_id = market_of(session, notice)
        row = find_stall(session, market_id, stall)
        outcome = settling.assign(session, market_id, notice, row, reason=reason.strip(), login_id=None, now=utc_now())
        noted(session, "notice_assigned", market_id=market_id, stall_id=row.id, notice=notice)
    if as_json:
        print_json({"notice": notice, "status": outcome.status, "entry": outcome.entry_id})
    else:
        entry = f", entry {outcome.entry_id}" if outcome.entry_id else ""
        click.echo(f"notice {notice} {outcome.status}{entry}")


@command.command()
@click.argument("notices", type=NUMBER, nargs=-1, required=True, metavar="NOTICE…")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def same(settings: Settings, notices: tuple[int, ...], as_json: bool) -> None:
    """These held notices were told before by another feed."""
    with installation(settings).database.writing() as session:
        market_id = market_of(session, notices[0])
        outcomes = settling.same(session, market_id, notices)
        for notice in notices:
            noted(session, "notice_same", market_id=market_id, notice=notice)
    _print_outcomes(outcomes, as_json)


@command.command()
@click.argument("notices", type=NUMBER, nargs=-1, required=True, metavar="NOTICE…")
@click.option("--reason", default="", help="Why, in a few words; needed where one was booked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def hold(settings: Settings, notices: tuple[int, ...], reason: str, as_json: bool) -> None:
    """`same` or `another` was wrong: hold these again, reverse what was booked; then say the other."""
    with installation(settings).database.writing() as session:
        market_id = market_of(session, notices[0])
        outcomes = settling.hold(session, market_id, notices, reason=reason, login_id=None, now=utc_now())
        noted(session, "notice_held", market_id=market_id, notice=min(notices), rows=len(outcomes))
    _print_outcomes(outcomes, as_json)


@command.command()
@click.argument("notices", type=NUMBER, nargs=-1, required=True, metavar="NOTICE…")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def another(settings: Settings, notices: tuple[int, ...], as_json: bool) -> None:
    """These held notices are payments of their own: book them."""
    with installation(settings).database.writing() as session:
        market_id = market_of(session, notices[0])
        outcomes = settling.another(
            session,
            market_id,
            notices,
            sources=[channel.source for channel in channels.list_channels(session)],
            login_id=None,
            now=utc_now(),
        )
        for notice in notices:
            noted(session, "notice_another", market_id=market_id, notice=notice)
    _print_outcomes(outcomes, as_json)
