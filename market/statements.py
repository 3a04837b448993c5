"""Bank statements of a market: they come by one channel, made by itself, and what a person said of columns is kept."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlmodel import Session

from ledger.days import local_date
from ledger.inbox.model import NOTICE
from ledger.inbox.notice import Notice
from ledger.inbox.statements.file import read_sheets
from ledger.inbox.statements.section import LineProblem
from ledger.inbox.statements.statement import Layout, Statement, read_statement
from ledger.inbox.twins import form
from ledger.refused import Problem, Refused
from ledger.rows import insert_rows
from market.channels import heard
from market.db import Database
from market.deliveries import Batch, Summary, take_all
from market.model import CHANNEL, STATEMENT_LAYOUT
from merchants.bank_accounts import holdings
from merchants.model import BANK_ACCOUNT
from merchants.payments import Outcome, Source, take

PROVIDER = "statement"
# Fewer equal amounts than this may be chance: two mornings at the same stall.
_TELLING = 3


def read_for_market(
    session: Session,
    market_id: int,
    content: bytes,
    name: str,
    *,
    account: str = "",
    bank: str = "",
    columns: Mapping[str, str] | None = None,
) -> Statement:
    """A statement file as the market's people see it: with the mappings they made before.

    `name` is the file's, `account` for a file that names none, `bank` a BIN, `columns` meaning → heading for headings
    nobody knows. Raises Refused, with UnknownHeadings where a mapping is needed.
    """
    rows = session.connection().execute(select(STATEMENT_LAYOUT).where(STATEMENT_LAYOUT.c.market_id == market_id))
    layouts = {row.headings: Layout(row.bank, json.loads(row.columns)) for row in rows}
    sheets = read_sheets(content, name)
    statement = read_statement(sheets, name, account=account, bank=bank, columns=columns, layouts=layouts)
    if not account:
        _check_accounts(session, market_id, statement)
    return statement


def _check_accounts(session: Session, market_id: int, statement: Statement) -> None:
    """Refuse an account number that a spreadsheet took the zeros off: its lines would be nobody's, and told twice."""
    known = holdings(session, market_id, statement.accounts)
    for number in statement.accounts:
        if known.get(number):
            continue
        alike = select(BANK_ACCOUNT.c.number).where(
            BANK_ACCOUNT.c.market_id == market_id, func.ltrim(BANK_ACCOUNT.c.number, "0") == number.lstrip("0")
        )
        meant = session.connection().execute(alike.limit(1)).scalar_one_or_none()
        if meant is not None:
            message = (
                f"{statement.name} is of account {number}, which no stall has; if a spreadsheet took the zeros off"
                f" {meant}, take the file from the bank again or name the account: --account {meant}"
            )
            raise Refused(Problem(message, field="account", kind="zeros"))


def import_statement(
    database: Database,
    market_id: int,
    statement: Statement,
    *,
    now: datetime,
    login_id: int | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda done: None,
    announce: Callable[[int], None] = lambda total: None,
) -> Summary:
    """Take a statement that was read, all lines or none; a batch a transaction, so that a second run after any stop
    goes on where the first ended. A dry run does the same and then undoes it.

    A mapping that the caller named (`statement.mapped`) is kept for the market when every line is in.
    """
    problems = problems_of(statement, now)
    if problems:
        return Summary.refused(problems)
    with database.reading() as session:
        _check_kind(session, market_id, statement)
    deliveries = [(line.notice, line.body) for line in statement.lines]

    def take_batch(session: Session, batch: Batch) -> list[Outcome]:
        source = Source(_channel(session, market_id, now), market_id)
        outcomes = take(session, source, "statement", batch, now)
        heard(session, source.channel_id, now)
        return outcomes

    summary = take_all(database, deliveries, take_batch, dry_run=dry_run, progress=progress, announce=announce)
    if statement.mapped and not dry_run:
        database.write(partial(_keep_layout, market_id=market_id, statement=statement, login_id=login_id, now=now))
    return summary


def problems_of(statement: Statement, now: datetime) -> list[Problem]:
    """All that is wrong with a statement's lines: with any it is refused whole. A day that has not come is a month that
    was read as a day, or the other way round."""
    last = local_date(now) + timedelta(days=1)
    ahead = [line for line in statement.lines if line.notice.local_date > last]
    return [
        *statement.problems,
        *(
            LineProblem(
                f"is of {line.notice.local_date:%d/%m/%Y}, which has not come yet; the day stands first",
                line.line,
                kind="not_yet",
                sheet=line.sheet,
                value=f"{line.notice.local_date:%d/%m/%Y}",
            )
            for line in ahead
        ),
    ]


def _channel(session: Session, market_id: int, now: datetime) -> int:
    """The channel of a market's statements, made the first time. It has no secret, so nobody can post to it."""
    connection = session.connection()
    mine = select(CHANNEL.c.id, CHANNEL.c.status).where(
        CHANNEL.c.market_id == market_id, CHANNEL.c.provider == PROVIDER
    )
    found = connection.execute(mine).one_or_none()
    if found is None:
        row = {"market_id": market_id, "provider": PROVIDER, "auth": "", "status": "on", "created_at": now}
        # Of two first imports at once the second waits here for the first one's commit, and finds its channel.
        insert_rows(connection, CHANNEL, [row], then="ON CONFLICT DO NOTHING")
        found = connection.execute(mine).one()
    if found.status != "on":
        message = f"channel {found.id}, the market's statements, is off and takes nothing; run: channel on {found.id}"
        raise Refused(Problem(message, field="channel", kind="off"))
    return int(found.id)


def _check_kind(session: Session, market_id: int, statement: Statement) -> None:
    """Refuse days that another kind of export brought in before, whose lines have other ids for the same movements: one
    with balances where this has none, say. It shows where not one id is the same: in a movement with the same
    reference, or in days that agree in their amounts.
    """
    if not statement.lines:
        return
    rows = (
        session.connection()
        .execute(
            select(NOTICE).where(
                NOTICE.c.market_id == market_id,
                NOTICE.c.account_number.in_(statement.accounts),
                NOTICE.c.local_date.between(statement.first, statement.last),
                NOTICE.c.feed == "statement",
            )
        )
        .all()
    )
    for account in statement.accounts:
        before = [row for row in rows if row.account_number == account]
        now = [line.notice for line in statement.lines if line.notice.account_number == account]
        if not {row.event_id for row in before}.isdisjoint(notice.event_id for notice in now):
            continue
        named = [{_named(told) for told in side if told.bank_reference} for side in (before, now)]
        days = {day for day, *_ in named[0] & named[1]} or _days_alike(before, now)
        if days:
            raise Refused(
                Problem(
                    f"{statement.name}: {len(days)} days of account {account}, {min(days)} to {max(days)}, were"
                    " imported before from another kind of export, whose lines cannot be told from these; import the"
                    " same kind as before, or only later days",
                    kind="other_export",
                )
            )


def _named(told: Notice | Row[Any]) -> tuple[date, str, int, str]:
    return told.local_date, told.direction, told.amount, told.bank_reference


def _days_alike(*sides: Sequence[Notice | Row[Any]]) -> set[date]:
    """The days that agree in the amounts of what references do not tell apart; none where that may be chance."""
    forms = [{form(told.bank_reference) for told in side} - {""} for side in sides]
    numbered = not forms[0].isdisjoint(forms[1])
    by_day = [_amounts_by_day(told for told in side if not (numbered and told.bank_reference)) for side in sides]
    shared = by_day[0].keys() & by_day[1].keys()
    days = [(by_day[0][day], by_day[1][day]) for day in shared]
    agree = all(one <= other or other <= one for one, other in days)
    return shared if agree and sum(min(one.total(), other.total()) for one, other in days) >= _TELLING else set()


def _amounts_by_day(told: Iterable[Notice | Row[Any]]) -> dict[date, Counter[tuple[str, int]]]:
    found: dict[date, Counter[tuple[str, int]]] = defaultdict(Counter)
    for one in told:
        found[one.local_date][one.direction, one.amount] += 1
    return found


def _keep_layout(
    session: Session, *, market_id: int, statement: Statement, login_id: int | None, now: datetime
) -> None:
    """The next file with these headings is read the same way; what is said anew takes the place of what was."""
    key = (STATEMENT_LAYOUT.c.market_id == market_id) & (STATEMENT_LAYOUT.c.headings == statement.headings)
    connection = session.connection()
    connection.execute(delete(STATEMENT_LAYOUT).where(key))
    row = {
        "market_id": market_id,
        "headings": statement.headings,
        "bank": statement.bank,
        "columns": json.dumps(statement.mapped, ensure_ascii=False),
        "login_id": login_id,
        "created_at": now,
    }
    insert_rows(connection, STATEMENT_LAYOUT, [row], then="ON CONFLICT DO NOTHING")
