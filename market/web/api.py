"""The API's calls, in the order in which its page shows them. How a call is taken: `market.web.api_calls`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from flask import Response, json, render_template, url_for
from sqlmodel import Session

from ledger import books
from ledger.days import Month, local_date, utc_now
from ledger.refused import Refused
from market import reports
from market.access import audit
from market.access.api_writes import earlier_answer, keep_answer
from market.access.tokens import Bearer
from market.markets import ListedMarket, MarketRow, find_market, listed_markets
from market.reports import MonthReport
from market.web import api_types as types
from market.web.api_calls import blueprint, operation
from market.web.api_cursors import cursor_of, number_of
from market.web.api_document import document
from market.web.api_problems import FieldProblem, refuse
from market.web.app import installation
from market.web.stall import masked
from market.web.stall_flags import flags
from merchants import entries
from merchants.incoming import Incoming
from merchants.payment_codes import LASTS, ask_now, find_payment_code
from merchants.stalls import StallRow, find_stall, list_stalls, load_stall
from merchants.takings import FEWEST, Actor
from qr import image, vietqr

__all__ = ["blueprint"]
# A sale's moment is a little ahead where clocks differ; one of long ago is a slip.
AHEAD, EARLIEST = timedelta(minutes=5), datetime(2000, 1, 1, tzinfo=UTC)


@operation("GET", "/markets", scope="counts", answer=list[ListedMarket])
def markets(session: Session, bearer: Bearer, asked: types.NothingAsked) -> list[ListedMarket]:
    """The markets that the token is for, as `market list --json` gives them."""
    return listed_markets(session, bearer.market_id)


@operation("GET", "/markets/{slug}/stalls", scope="stalls", asked=types.MarketAsked, answer=list[types.ListedStall])
def stalls(session: Session, bearer: Bearer, asked: types.MarketAsked) -> list[types.ListedStall]:
    """A market's stalls, as `stall list --json` gives them."""
    rows = list_stalls(session, _market(session, bearer, asked.slug).id)
    shown = [{name: getattr(row, name) for name in types.ListedStall.model_fields} for row in rows]
    for row, stall in zip(rows, shown, strict=True):
        if row.forgotten or not bearer.may("accounts"):
            stall["account_number"] = None
    return [types.ListedStall(**stall) for stall in shown]


@operation("GET", "/markets/{slug}/months/{month}", scope="counts", asked=types.MonthAsked, answer=MonthReport)
def month(session: Session, bearer: Bearer, asked: types.MonthAsked) -> MonthReport:
    """A market's month by stall, as `report month --json` gives it: counts, no amounts.

    To a province's token no stall is told, and nothing of a market with fewer than five.
    """
    market = _market(session, bearer, asked.slug)
    which = Month.parse(asked.month)
    try:
        if asked.version is None:
            report = reports.month_report(session, market, which)
        else:
            report = reports.closed_report(session, market, which, asked.version)
    except Refused:
        refuse(404)
    if bearer.may("stalls"):
        return report
    if report.stalls_registered < FEWEST:
        refuse(404, f"the market has fewer than {FEWEST} stalls: its figures would be about people one can name")
    return replace(report, stalls=[])


@operation("GET", "/stalls/{code}/payments", scope="payments", asked=types.PaymentsAsked, answer=types.Payments)
def payments(session: Session, bearer: Bearer, asked: types.PaymentsAsked) -> types.Payments:
    """A stall's payments and corrections: the newest first; `after` a cursor the oldest first, and none is missed.

    Ask once without `after`, then again and again with the `next` of the last answer. Helpers get what banks told of,
    and cursors that say nothing but where to go on.
    """
    stall = _stall(session, bearer, asked.market, asked.code)
    actor = Actor(login_id=0, stalls=frozenset({stall.id}))
    key = None if bearer.may("book") else installation().key
    told = key is not None
    if asked.after is None:
        page = entries.newest(session, actor, stall.id, asked.limit, told=told)
    else:
        number = number_of(asked.after, key, stall.id)
        found = None if number is None else entries.after(session, actor, stall.id, number, asked.limit, told=told)
        if found is None:
            refuse(409, "the book does not reach this cursor, or it is another token's; begin anew without after")
        page = found

    def cursor(number: int) -> str:
        return cursor_of(number, key, stall.id)

    rows = [
        types.Payment.model_validate(
            {
                "cursor": cursor(entry.number),
                "entry": None if told else entry.entry_id,
                "kind": entry.kind,
                "concerns": None if entry.concerns is None else cursor(entry.concerns),
                "amount": entry.amount,
                "booked_on": entry.booked_on,
                "at": entry.recorded_at if entry.concerns else entry.occurred_at,
                "note": None if told else entry.note,
                **_told(entry.payment),
            }
        )
        for entry in page.entries
    ]
    return types.Payments(payments=rows, next=cursor(page.next))


def _told(payment: Incoming | None) -> dict[str, Any]:
    """What a bank told besides."""
    if payment is None:
        return {}
    return {
        "at": payment.at,
        "payer": masked(payment.payer) if payment.payer else None,
        "reference": payment.reference,
        "asked": payment.asked,
        "verdict": payment.verdict,
        "flags": [name for name, raised in flags(payment).items() if raised],
        "correction": payment.correction,
    }


@operation(
    "POST",
    "/payment-codes",
    scope="codes",
    asked=types.CodeAsked,
    sent=types.CodeSent,
    answer=types.MadeCode,
    statuses=(201,),
)
def payment_code(
    session: Session, bearer: Bearer, asked: types.CodeAsked, sent: types.CodeSent
) -> tuple[int, types.MadeCode]:
    """Ask for an amount: a code for a shopper to scan, good for a quarter of an hour. Its reference comes back with the
    payment that answers it."""
    stall = _stall(session, bearer, sent.market, sent.stall)
    now = utc_now()
    token_id, key, call = bearer.token_id, asked.key, f"payment-codes {sent.model_dump_json()}"
    if key is not None:
        try:
            earlier = earlier_answer(session, token_id=token_id, key=key, asked=call, now=now)
        except Refused as refused:
            _conflict(refused)
        if earlier is not None:
            return 201, types.MadeCode.model_validate_json(earlier)
    if stall.closed_by(local_date(now)):
        refuse(409, "the stall has closed and takes no money")
    reference = ask_now(session, stall, sent.amount, now=now, purpose=sent.purpose.strip())
    made = types.MadeCode(
        reference=reference,
        payload=_payload(stall, sent.amount, reference),
        svg_url=url_for(".payment_code_picture", reference=reference),
        expires_at=now + LASTS,
    )
    if key is not None:
        keep_answer(
            session,
            token_id=token_id,
            market_id=stall.market_id,
            key=key,
            asked=call,
            status=201,
            answer=made.model_dump_json(),
            now=now,
        )
    return 201, made


@operation(
    "GET",
    "/payment-codes/{reference}.svg",
    scope=None,
    asked=types.PictureAsked,
    answer=str,
    media="image/svg+xml",
)
def payment_code_picture(session: Session, bearer: None, asked: types.PictureAsked) -> str:
    """A payment code as a picture, for whoever was given its address; gone when the code has expired."""
    code = find_payment_code(session, asked.reference)
    stall = None if code is None else load_stall(session, code.stall_id)
    if code is None or stall is None or stall.forgotten or code.expires_at < utc_now():
        refuse(404)
    return image.svg(_payload(stall, code.amount, asked.reference))


def _payload(stall: StallRow, amount: int, reference: str) -> str:
    return vietqr.encode(bin=stall.bin, account=stall.account_number, amount=amount, purpose=reference)


@operation("POST", "/payments", scope="sales", sent=types.SaleSent, answer=types.TypedSale, statuses=(201, 200))
def payment(
    session: Session, bearer: Bearer, asked: types.NothingAsked, sent: types.SaleSent
) -> tuple[int, types.TypedSale]:
    """Type a sale. It is in the stall's takings and never in a board's counts. A repeated key is answered 200."""
    stall = _stall(session, bearer, sent.market, sent.stall)
    now = utc_now()
    if sent.at is not None and not EARLIEST <= sent.at <= now + AHEAD:
        wrong = FieldProblem(field="at", message="must be a moment since the year 2000, and not of the future")
        refuse(409, "the sale's moment is out of range", errors=[wrong])
    try:
        posted, new = books.enter_sale(
            session,
            book_id=stall.book_id,
            amount=sent.amount,
            cash=sent.cash,
            occurred_at=None if sent.at is None else sent.at.astimezone(UTC),
            client_key=sent.key,
            login_id=None,
            memo=sent.memo.strip(),
            now=now,
        )
    except Refused as refused:
        _conflict(refused)
    if not new:
        return 200, types.TypedSale(entry=posted.entry_id, status="duplicate")
    if stall.closed_by(local_date(sent.at or now)):
        # Asked last, for a key that was used while the stall was open is answered as it was then.
        refuse(409, "the stall had closed by then")
    audit.note(
        session,
        "entry_added",
        market_id=stall.market_id,
        stall_id=stall.id,
        about={"entry": posted.entry_id},
        token_id=bearer.token_id,
        at=now,
    )
    return 201, types.TypedSale(entry=posted.entry_id, status="recorded")


def _conflict(refused: Refused) -> NoReturn:
    """What was asked for before under the same key was something else."""
    errors = [FieldProblem(field=problem.field or "", message=problem.message) for problem in refused.problems]
    refuse(409, "the key was used for something else", errors=errors)


def _market(session: Session, bearer: Bearer, slug: str) -> MarketRow:
    """The market, for a token that reaches it; for another one it does not exist."""
    try:
        market = find_market(session, slug)
    except Refused:
        refuse(404)
    if not bearer.reaches(market.id):
        refuse(404)
    return market


def _stall(session: Session, bearer: Bearer, slug: str, code: str) -> StallRow:
    """The stall that the token is for; no other one exists for it."""
    market = _market(session, bearer, slug)
    try:
        stall = find_stall(session, market.id, code)
    except Refused:
        refuse(404)
    if stall.id != bearer.stall_id:
        refuse(404)
    return stall


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """What the calls take and give, as OpenAPI 3.1."""
    return Response(json.dumps(document(), sort_keys=False) + "\n", mimetype="application/json")


@blueprint.get("/docs")
def docs() -> str:
    """The same document as a page."""
    return render_template("api/docs.html", document=document())
