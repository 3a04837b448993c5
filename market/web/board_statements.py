"""Bank statements brought in by a board: how a file is understood and what would become of its lines, then taking it.

The board sees what its own file says, its totals too; of what a stall took in all nothing is shown.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from flask import session as cookie
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import utc_now
from ledger.inbox.statements import headings
from ledger.inbox.statements.columns import Column, likely_columns
from ledger.inbox.statements.file import read_sheets
from ledger.inbox.statements.statement import Statement, UnknownHeadings
from ledger.refused import Refused
from market.access import audit
from market.markets import MarketRow
from market.statement_days import statement_days
from market.statements import import_statement, problems_of, read_for_market
from market.web.app import installation
from market.web.board_stalls import bank_name
from market.web.desk import enter, page
from market.web.noted import noted
from market.web.statement_sent import MOST_BYTES, Sent, as_read, guessed
from market.web.statement_words import in_words, meaning_name
from market.web.words import say
from merchants.bank_accounts import Holding, holdings
from merchants.stalls import StallRow, find_stall, list_stalls
from qr import banks
from qr.errors import FieldError

blueprint = Blueprint("statements", __name__, url_prefix="/board/<slug>/statements")
# What a dry run finds told before tells what a stall was paid: lines that somebody made up could ask for every amount.
# So much a person looks at in a day and night, files and lines; a busy account has some 3,000 lines a month.
MOST_LOOKS, MOST_LOOKED_AT = 40, 60_000
# A dry run holds the books as one import of all its lines would, so it must be over before a webhook gives up.
MOST_LINES = 10_000
SHOWN = 200
Answer = str | tuple[str, int]


@blueprint.url_value_preprocessor
def _room_for_a_statement(endpoint: str | None, values: dict[str, Any] | None) -> None:
    request.max_form_memory_size = 2 * MOST_BYTES
    request.max_form_parts = 300  # a select for each of at most 200 columns


@blueprint.get("")
def choose(slug: str) -> str:
    """Choose a file; up to which day each stall's statements are in; what became of the one just imported."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        done = cookie.pop("statement", None)
        return _choice(session, market, done=done if done and done["market"] == market.id else None)


def _choice(session: Session, market: MarketRow, **values: Any) -> str:
    days = statement_days(session, market.id, utc_now())
    return page(session, market, "unmatched", "board/statements.html", days=days, bank_name=bank_name, **values)


@blueprint.post("")
def read(slug: str) -> Answer:
    """How a file is understood and what would become of its lines, or what has to be said or mended first."""
    sent, now = Sent.asked(), utc_now()
    with installation().database.reading() as session:
        market = enter(session, slug)
        understood = _understand(session, market, sent, now)
    return _review(market, sent, understood, now) if isinstance(understood, Statement) else understood


@blueprint.post("/columns")
def columns(slug: str) -> Answer:
    """Say what the columns of a file are, also where they were known or said before."""
    sent = Sent.asked()
    with installation().database.reading() as session:
        market = enter(session, slug)
        try:
            known = likely_columns(read_sheets(sent.content, sent.name))
            if not sent.meanings:
                sent = replace(sent, meanings=_meanings(session, market, sent, known))
            return _ask(session, market, sent, known)
        except Refused as refused:
            return _choice(session, market, problem=in_words(refused.problems[0])), 400


def _meanings(session: Session, market: MarketRow, sent: Sent, known: list[Column]) -> tuple[str, ...]:
    """What the columns are taken for as long as nobody says more; nothing where they are not known."""
    account = _account(session, market, sent.account)
    try:
        statement = read_for_market(session, market.id, sent.content, sent.name, account=account)
    except UnknownHeadings:
        return ()
    found: dict[str, str] = {}
    for meaning, heading in statement.columns.items():
        found.setdefault(heading, meaning)
    return tuple(found.get(column.heading, "") for column in known)


def _understand(session: Session, market: MarketRow, sent: Sent, now: datetime) -> Statement | Answer:
    """The statement, when it can be taken; else the page that asks for what is missing or says what is wrong."""
    if not sent.content:
        return _choice(session, market, problem=say("Chưa chọn tệp nào, hoặc tệp trống.")), 400
    if len(sent.content) > MOST_BYTES:
        return _choice(session, market, problem=say("Tệp lớn quá. Tải từng tháng một.")), 400
    errors: dict[str, str] = {}
    known: list[Column] = []
    try:
        if sent.meanings:
            known = likely_columns(read_sheets(sent.content, sent.name))
        said = {
            "account": _account(session, market, sent.account),
            "bank": _bin(sent.bank, errors),
            "columns": sent.columns(known, errors) if sent.meanings else {},
        }
        if errors:
            return _ask(session, market, sent, known, errors), 400
        statement = read_for_market(session, market.id, sent.content, sent.name, **said)  # type: ignore[arg-type]
    except UnknownHeadings:
        if known:
            errors["columns"] = say("Còn hơn một cột có thể là tiền ra. Chọn cột nào là tiền ra.")
            return _ask(session, market, sent, known, errors), 400
        known = likely_columns(read_sheets(sent.content, sent.name))
        if len(known) < 2:
            return _choice(
                session, market, problem=say("Không thấy bảng sao kê trong tệp. Chọn tệp ngân hàng đưa.")
            ), 400
        return _ask(session, market, sent, known)
    except Refused as refused:
        problem = refused.problems[0]
        if problem.field == "account":
            return _ask(session, market, sent, known, {"account": in_words(problem)}), 400
        return _choice(session, market, problem=in_words(problem)), 400
    if len(statement.lines) > MOST_LINES:
        return _choice(session, market, problem=say("Tệp lớn quá. Tải từng tháng một.")), 400
    if problems := problems_of(statement, now):
        return _choice(session, market, name=sent.name, wrong=problems, shown=SHOWN, in_words=in_words), 400
    if not statement.lines:
        return _choice(session, market, problem=say("Tệp không có khoản tiền nào.")), 400
    if not statement.bank and _at_several_banks(session, market, statement):
        errors["bank"] = say("Có sạp dùng số này ở ngân hàng khác. Ghi sao kê này của ngân hàng nào.")
        return _ask(session, market, sent, known, errors), 400
    return statement


def _at_several_banks(session: Session, market: MarketRow, statement: Statement) -> bool:
    """Whether stalls have a number of the file at more than one bank, so that the number does not say whose it is."""
    found = holdings(session, market.id, statement.accounts)
    return any(len({held.bin for held in each}) > 1 for each in found.values())


def _account(session: Session, market: MarketRow, typed: str) -> str:
    """The account number that was typed, or that of the stall whose code was."""
    try:
        stall = find_stall(session, market.id, typed)
    except Refused:
        return typed
    return typed if stall.forgotten else stall.account_number


def _bin(typed: str, errors: dict[str, str]) -> str:
    try:
        return banks.find(typed).bin if typed else ""
    except FieldError:
        errors["bank"] = say("Không rõ ngân hàng nào. Chọn trong danh sách gợi ý, hoặc ghi mã như VCB.")
        return ""


def _ask(
    session: Session, market: MarketRow, sent: Sent, known: list[Column], errors: dict[str, str] | None = None
) -> str:
    """The page that asks what the columns are, where they are not known, and of which account the file is."""
    return page(
        session,
        market,
        "unmatched",
        "board/statements_columns.html",
        sent=sent,
        columns=list(zip(known, sent.meanings or guessed(known), strict=False)),
        meanings={meaning: meaning_name(meaning) for meaning in headings.MEANINGS},
        banks=banks.all_banks(),
        errors=errors or {},
    )


def _review(market: MarketRow, sent: Sent, statement: Statement, now: datetime, *, changed: bool = False) -> Answer:
    """What was understood and would become of the lines: the import, undone. Each look is a line of the trail."""
    database = installation().database
    with database.reading() as session:
        looked = audit.told_since(
            session,
            "statement_looked_at",
            market_id=market.id,
            login_id=g.person.login_id,
            since=now - timedelta(days=1),
        )
    lines = sum(about["rows"] for about in looked) + len(statement.lines)
    with database.writing() as session:
        stalls = {held.stall_id for each in holdings(session, market.id, statement.accounts).values() for held in each}
        noted(
            session,
            "statement_looked_at",
            market_id=market.id,
            stall_id=stalls.pop() if len(stalls) == 1 else None,
            file=sent.digest[:16],
            rows=len(statement.lines),
        )
    summary = None
    try:
        if len(looked) < MOST_LOOKS and lines <= MOST_LOOKED_AT:
            summary = import_statement(database, market.id, statement, now=now, dry_run=True)
    except Refused as refused:
        with database.reading() as session:
            return _choice(session, market, problem=in_words(refused.problems[0])), 400
    with database.reading() as session:
        shown = page(
            session,
            market,
            "unmatched",
            "board/statements_read.html",
            sent=sent,
            statement=statement,
            bank=bank_name(statement.bank),
            accounts=_holders(session, market.id, statement, now),
            columns=[(meaning_name(meaning), heading) for meaning, heading in statement.columns.items()],
            summary=summary,
            as_read=as_read(statement),
            changed=changed,
        )
    return (shown, 409) if changed else shown


def _holders(
    session: Session, market_id: int, statement: Statement, now: datetime
) -> list[tuple[str, list[tuple[StallRow, str]]]]:
    """Each account of the file with the stalls that have its number, and what keeps each from being the one."""
    stalls = {stall.id: stall for stall in list_stalls(session, market_id)}
    found = holdings(session, market_id, statement.accounts)

    def but(held: Holding) -> str:
        if statement.bank not in ("", held.bin):
            return say("nhưng ở {bank}", bank=bank_name(held.bin))
        return "" if held.in_force(now) else say("trước đây")

    return [
        (number, [(stalls[held.stall_id], but(held)) for held in found.get(number, ())])
        for number in statement.accounts
    ]


@blueprint.post("/import")
def take(slug: str) -> AnyResponse | Answer:
    """Take the file that was looked at; where it reads otherwise by now, because somebody said anew what its columns
    are, it is to be looked at again."""
    sent, now = Sent.asked(), utc_now()
    database = installation().database
    with database.reading() as session:
        market = enter(session, slug)
        understood = _understand(session, market, sent, now)
    if not isinstance(understood, Statement):
        return understood
    if request.form.get("as_read") != as_read(understood):
        return _review(market, sent, understood, now, changed=True)
    try:
        summary = import_statement(database, market.id, understood, now=now, login_id=g.person.login_id)
    except Refused as refused:
        with database.reading() as session:
            return _choice(session, market, problem=in_words(refused.problems[0])), 409
    with database.writing() as session:
        noted(session, "payments_imported", market_id=market.id, file=sent.digest[:16], rows=summary.read)
        if understood.mapped:
            noted(session, "statement_layout_learned", market_id=market.id)
    counts = {name: count for name, count in summary.document().items() if isinstance(count, int)}
    cookie["statement"] = {"market": market.id, "name": sent.name, **counts}
    return redirect(url_for(".choose", slug=slug), 303)
