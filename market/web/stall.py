"""The stallholder's phone: today, an amount and its code, what came in, and the stall's book."""

import math
import time
from datetime import date, timedelta

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from markupsafe import Markup
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.books.seals import seals_between
from ledger.days import Month, local_date, utc_now
from ledger.refused import Refused
from market.access.buckets import Buckets
from market.access.devices import newcomer
from market.web import stall_screens
from market.web.api_cursors import cursor_of, number_of
from market.web.app import installation
from market.web.day_chart import days_chart, sum_of
from market.web.formats import clock, money
from market.web.gate import asked_right, signed_in
from market.web.spoken import spoken
from market.web.stall_flags import flags, flags_in_words
from market.web.stall_rows import merged
from market.web.till_chips import MOST as MOST_CHIPS
from market.web.till_chips import chips
from market.web.typed import parse_vnd
from market.web.words import say
from merchants import incoming, masking
from merchants.account_changes import open_change
from merchants.cash import on_day
from merchants.offers import Offer, offers
from merchants.payment_codes import ask_now, find_payment_code
from merchants.stalls import StallRow, load_stall
from merchants.takings import daily_takings, takings, takings_until
from merchants.usual_amounts import usual_amounts
from qr import banks, image, vietqr

blueprint = Blueprint("stall", __name__, url_prefix="/stall")
# Below it a bank takes no transfer for goods; from half a thousand million on it is no instant one.
LEAST, MOST = 1_000, 499_999_999
OFFERED_FOR = timedelta(days=1)
DAY = timedelta(days=1)
# How long another phone that has come to the stall is told of: whoever did not want it has to know.
NEWCOMER_TOLD = timedelta(days=3)
SHOWN, ASKED_AT_ONCE = 5, 50


def open_stalls() -> tuple[int, ...]:
    """The stalls where the person holds the right that this page asks for."""
    return signed_in().stalls_with(asked_right())


def chosen_stall() -> int:
    """The stall whose pages are shown: the one chosen, where a person has several."""
    found, chosen = open_stalls(), session.get("stall")
    return chosen if chosen in found else found[0]


def named_stall(stall_id: int | None) -> int:
    """The stall that a form or an address names, so that no other one that was chosen since is meant; or 404."""
    if stall_id is None or stall_id not in open_stalls():
        abort(404)
    return stall_id


@blueprint.app_template_global()
def place(stall_id: int, number: int) -> str:
    """An entry's number in a stall's book as the phone is told it: a helper is not told how many there are."""
    return cursor_of(number, _sealing(stall_id), stall_id)


def numbered(stall_id: int, place: str) -> int:
    """The number that `place` was made of; or 404."""
    number = number_of(place, _sealing(stall_id), stall_id)
    if number is None:
        abort(404)
    return number


def _sealing(stall_id: int) -> str | None:
    return None if stall_id in g.person.stalls else installation().key


def page(template: str, stall: StallRow, status: int = 200, **values: object) -> tuple[str, int]:
    """A page of the stall's phone, with what stands on each of them; `own`: it is its holder's, `changing`: another
    account waits for the stall, on whichever phone that was asked for."""
    g.stall = stall
    with installation().database.reading() as reading:
        changing = open_change(reading, stall.id)
    own = signed_in().may("own_stall", stall_id=stall.id)
    values |= {"bank": _bank(stall.bin), "closed": is_closed(stall), "own": own}
    values |= {"changing": changing, "changing_bank": _bank(changing.bin) if changing else ""}
    return render_template(template, stall=stall, **values), status


def _bank(bank_bin: str) -> str:
    bank = banks.by_bin(bank_bin)
    return bank.short_name if bank else bank_bin


def is_closed(stall: StallRow) -> bool:
    """Whether the stall has had its last day."""
    return stall.closed_by(local_date(utc_now()))


@blueprint.get("/")
def today() -> tuple[str, int]:
    """What came in last; and for the stall's holder the day's sum and count, the cash, and yesterday up to now."""
    now = utc_now()
    day = local_date(now)
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        own = stall.id in g.person.stalls
        sums = takings(reading, g.person.actor, stall.id, day, day) if own else None
        yesterday = takings_until(reading, g.person.actor, stall.id, day - DAY, now - DAY) if own else None
        paid = incoming.on_day(reading, g.person.actor, stall.id, day, limit=SHOWN)
        rows = merged(paid, on_day(reading, g.person.actor, stall.id, day, limit=SHOWN), SHOWN)
        last = end_of_book(reading, stall)
        may_be_one = offered(reading, stall) if own else []
        came = newcomer(reading, stall.id, device_id=g.person.device_id, since=now - NEWCOMER_TOLD) if own else None
        others = [load_stall(reading, other) for other in open_stalls() if other != stall.id]
    return page(
        "stall/today.html",
        stall,
        day_said=f"{weekday(day)} {day:%d/%m/%Y}",
        sums=sums,
        yesterday=yesterday,
        rows=rows,
        last=last,
        others=others,
        offered=may_be_one,
        newcomer=came,
    )


def offered(opened: Session, stall: StallRow) -> list[Offer]:
    """The typed sales of the last day that may be a payment; what was declined on this phone is not asked again."""
    declined = {(typed, payment) for typed, payment in session.get("declined", ())}
    return offers(opened, g.person.actor, stall.id, since=utc_now() - OFFERED_FOR, declined=declined)


@blueprint.post("/choose")
def choose() -> AnyResponse:
    """Show another one of the person's stalls from now on."""
    session["stall"] = named_stall(request.form.get("stall", type=int))
    return redirect(url_for(".today"), 303)


@blueprint.get("/till")
def till() -> tuple[str, int]:
    """An amount to ask for."""
    amount = parse_vnd(request.args.get("amount", ""))
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
    return till_page(stall, 200, typed=f"{amount:,}".replace(",", ".") if amount else "", error="")


def end_of_book(opened: Session, stall: StallRow) -> str:
    """The place after which a phone asks for what came."""
    return place(stall.id, incoming.last_number(opened, g.person.actor, stall.id))


def till_page(stall: StallRow, status: int, *, typed: str, error: str) -> tuple[str, int]:
    """The till with what was typed, and what is wrong with it."""
    with installation().database.reading() as reading:
        usual = usual_amounts(reading, g.person.actor, stall.id, now=utc_now(), limit=MOST_CHIPS)
        last = end_of_book(reading, stall)
    return page("stall/till.html", stall, status, typed=typed, error=error, chips=chips(usual), last=last)


@blueprint.post("/till")
def ask() -> AnyResponse | tuple[str, int]:
    """Make the code for an amount."""
    wanted = named_stall(request.form.get("stall", type=int))
    typed = request.form.get("amount", "").strip()
    amount = parse_vnd(typed)
    error, status = "", 400
    if amount is None:
        error = say("Chưa đọc được số tiền này. Ghi số đồng, ví dụ 50000 hoặc 50.000.")
    elif not LEAST <= amount <= MOST:
        error = say("Ghi từ {least} đến {most}.", least=money(LEAST), most=money(MOST))
    else:
        wait = _wait()
        if wait:
            status, error = 429, say("Nhanh quá. Đợi {seconds} giây rồi bấm lại.", seconds=wait)
    with installation().database.writing() as writing:
        stall = load_stall(writing, wanted)
        if is_closed(stall):
            error = say("Sạp này đã đóng, không nhận tiền nữa.")
        if error or amount is None:
            return till_page(stall, status, typed=typed, error=error)
        reference = ask_now(writing, stall, amount, now=utc_now(), rest_of=request.form.get("rest", ""))
    return redirect(url_for(".code", reference=reference), 303)


def _wait() -> int:
    """Seconds until this person may make one more code. Thirty in a row and one every two seconds are enough for the
    longest queue, and a phone gone wild fills nothing up."""
    buckets = current_app.extensions.setdefault("cho till buckets", Buckets(size=30, rate=0.5))
    assert isinstance(buckets, Buckets)
    return math.ceil(buckets.take(g.person.login_id, time.monotonic()))


@blueprint.get("/code/<reference>")
def code(reference: str) -> AnyResponse | tuple[str, int]:
    """The code over the whole screen while it waits; once the bank has told, what was received."""
    with installation().database.reading() as reading:
        asked = find_payment_code(reading, reference)
        if asked is None:
            abort(404)
        stall = load_stall(reading, named_stall(asked.stall_id))
        answer = incoming.answer_to(reading, g.person.actor, stall.id, reference)
        last = end_of_book(reading, stall)
    if answer is not None:
        return redirect(url_for(".received", stall_id=stall.id, at=place(stall.id, answer.number)))
    payload = vietqr.encode(bin=stall.bin, account=stall.account_number, amount=asked.amount, purpose=reference)
    return page(
        "stall/code.html",
        stall,
        asked=asked,
        words=spoken(asked.amount, g.language),
        picture=Markup(image.svg(payload)),  # noqa: S704 - figures only, made here
        last=last,
        since=int(asked.created_at.timestamp() * 1000),
        seconds_left=math.ceil((asked.expires_at - utc_now()).total_seconds()),
    )


@blueprint.get("/received/<int:stall_id>/<at>")
def received(stall_id: int, at: str) -> tuple[str, int]:
    """One payment over the whole screen: green when it is all, turmeric and barred when it is too little."""
    number = numbered(named_stall(stall_id), at)
    with installation().database.reading() as reading:
        payment = incoming.numbered(reading, g.person.actor, stall_id, number)
        stall = load_stall(reading, stall_id)
    if payment is None or payment.correction == "reversal":
        abort(404)
    news = stall_screens.is_news(payment, utc_now())
    name = stall_screens.template(payment)
    return page(f"stall/{name}.html", stall, at=at, news=news, **stall_screens.values(payment))


@blueprint.get("/payments")
def payments() -> Response:
    """What came in after a place in the stall's book, the oldest first, and the place to ask from next; an empty answer
    where nothing did, for a phone asks all day. (Not 204: waitress ends the connection with one.)"""
    stall_id = named_stall(request.args.get("stall", chosen_stall(), type=int))
    number = numbered(stall_id, request.args.get("after", ""))
    with installation().database.reading() as reading:
        last = incoming.last_number(reading, g.person.actor, stall_id)
        if number == last:
            return Response(mimetype="application/json")
        # A place behind the book's end is from before a backup was brought back: begin again at its end.
        found, last = (
            ([], last) if number > last else incoming.after(reading, g.person.actor, stall_id, number, ASKED_AT_ONCE)
        )
        stall = load_stall(reading, stall_id)
    rows = [_told(payment, stall) for payment in found if payment.correction != "reversal"]
    return jsonify(payments=rows, next=place(stall_id, last))


def _told(payment: incoming.Incoming, stall: StallRow) -> dict[str, object]:
    """A payment as the poll tells of it, with its screen while it is news; `told`: when, in milliseconds."""
    at = place(stall.id, payment.number)
    return {
        "place": at,
        "amount": payment.amount,
        "at": payment.at.isoformat() if payment.at else None,
        "told": int(payment.recorded_at.timestamp() * 1000),
        "payer": masked(payment.payer),
        "reference": payment.reference,
        "verdict": payment.verdict,
        **flags(payment),
        "short": payment.too_little,
        "said": say("Vừa vào {amount}", amount=money(payment.amount)),
        "url": url_for(".received", stall_id=stall.id, at=at),
        "screen": stall_screens.screen(payment, stall) if stall_screens.is_news(payment, utc_now()) else None,
    }


@blueprint.get("/book")
def book() -> tuple[str, int]:
    """The days of a month, each with its count and sums."""
    now = local_date(utc_now())
    try:
        month = Month.parse(request.args.get("month") or f"{now:%Y-%m}")
    except Refused:
        abort(404)
    with installation().database.reading() as reading:
        stall = load_stall(reading, chosen_stall())
        days = daily_takings(reading, g.person.actor, stall.id, month.first, month.last)
        seals = seals_between(reading, stall.book_id, month.first, month.last)
    rows = [(day, day_first(day, "%d/%m"), days[day]) for day in sorted(days, reverse=True)]
    return page(
        "stall/book.html",
        stall,
        month=month,
        rows=rows,
        sums=sum_of(days.values()),
        chart=days_chart(days, month.first, month.last, now),
        seals=seals,
        before=Month.of(month.first - timedelta(days=1)),
        after=Month.of(month.last + timedelta(days=1)) if month.last < now else None,
    )


blueprint.app_template_filter("flags")(flags_in_words)


@blueprint.app_template_filter("payer")
def masked(name: str) -> str:
    """NGUYEN THI MAI → NGUYEN T. M•••; a name the bank did not send is no name."""
    return masking.masked(name) or say("Chuyển khoản")


@blueprint.app_template_filter("clock_or_day")
def clock_or_day(payment: incoming.Incoming) -> str:
    """The bank's own time; nothing where it told only the day."""
    return clock(payment.at) if payment.at else "–"


def day_first(day: date, written: str = "%d/%m/%Y") -> str:
    """Thứ Ba 24/11/2026: a day that a heading or a cell begins with; inside a sentence its weekday stays small."""
    said = weekday(day)
    return f"{said[0].upper()}{said[1:]} {day:{written}}"


def weekday(day: date) -> str:
    """thứ Ba"""
    names = (
        say("thứ Hai"),
        say("thứ Ba"),
        say("thứ Tư"),
        say("thứ Năm"),
        say("thứ Sáu"),
        say("thứ Bảy"),
        say("Chủ nhật"),
    )
    return names[day.weekday()]
