"""The stall's page where its bank is connected ("Nối tài khoản"): how its feed is, a guide for its way, a test of
1.000 đ; and whether it counts only payments that carry its codes' references."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import Blueprint, abort, g, redirect, request, url_for
from markupsafe import Markup
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import local_date, utc_now
from market.channels import ChannelRow, list_channels
from market.connections import Connection, connection
from market.web.app import installation
from market.web.noted import noted
from market.web.spoken import spoken
from market.web.stall import SHOWN, chosen_stall, named_stall, page, place
from merchants import incoming
from merchants.payment_codes import LASTS, Asked, ask_now, find_payment_code
from merchants.stalls import StallRow, load_stall, set_coded_only
from qr import image, vietqr

blueprint = Blueprint("stall_connect", __name__, url_prefix="/stall/connect")
TEST_AMOUNT = 1_000
# Some messengers take five minutes on their way from the bank; who waits longer is told what to look at.
PATIENCE = timedelta(minutes=5)


@blueprint.get("")
def guide() -> tuple[str, int]:
    """How the stall's feed is, and the steps to connect it."""
    with installation().database.reading() as session:
        stall = load_stall(session, chosen_stall())
        found = connection(session, stall, key=installation().key, now=utc_now())
        channel = channel_of(session, stall, found)
    return page("stall/connect.html", stall, connection=found, channel=channel, hook=hook_address(channel))


def channel_of(session: Session, stall: StallRow, found: Connection | None) -> ChannelRow | None:
    """The channel by which a stall is to be connected: its own newest, else the market's; None where there is none."""
    if found is None or found.way == "statements":
        return None
    wanted = stall.id if found.way == "own" else None
    return _newest([row for row in list_channels(session) if row.market_id == stall.market_id], wanted)


def _newest(rows: Sequence[ChannelRow], stall_id: int | None) -> ChannelRow | None:
    on = [row for row in rows if row.stall_id == stall_id and row.status == "on" and row.provider != "statement"]
    return on[-1] if on else None


def hook_address(channel: ChannelRow | None) -> str:
    """Where a provider sends its news; empty without a channel."""
    return f"{installation().settings.base_url}/hooks/{channel.id}" if channel else ""


@blueprint.post("/test")
def begin_test() -> AnyResponse:
    """Make the code that tries the connection. The form names its stall, as the till's does."""
    stall_id = named_stall(request.form.get("stall", type=int))
    now = utc_now()
    with installation().database.writing() as session:
        stall = load_stall(session, stall_id)
        if stall.closed_by(local_date(now)):
            return redirect(url_for(".guide"), 303)
        reference = ask_now(session, stall, TEST_AMOUNT, now=now, test=True)
    return redirect(url_for(".test", reference=reference), 303)


@blueprint.get("/test/<reference>")
def test(reference: str) -> tuple[str, int]:
    """The test's code while it waits; once the bank has told of it, that the stall is connected."""
    with installation().database.reading() as session:
        asked = find_payment_code(session, reference)
        if asked is None or not asked.test:
            abort(404)
        stall = load_stall(session, named_stall(asked.stall_id))
        answer = incoming.answer_to(session, g.person.actor, stall.id, reference)
        newest = incoming.newest(session, g.person.actor, stall.id, SHOWN)
        last = place(stall.id, incoming.last_number(session, g.person.actor, stall.id))
    if answer is not None:
        return page("stall/connect_done.html", stall, payment=answer)
    now, begun = utc_now(), asked.expires_at - LASTS
    payload = vietqr.encode(bin=stall.bin, account=stall.account_number, amount=asked.amount, purpose=reference)
    return page(
        "stall/connect_test.html",
        stall,
        asked=asked,
        words=spoken(asked.amount, g.language),
        picture=Markup(image.svg(payload)),  # noqa: S704 - figures only, made here
        last=last,
        since=int(asked.created_at.timestamp() * 1000),
        late=now >= begun + PATIENCE,
        seconds_left=max(int((begun + PATIENCE - now).total_seconds()) + 1, 1),
        without_code=next((payment for payment in newest if _is_alike(payment, asked, begun)), None),
    )


def _is_alike(payment: incoming.Incoming, asked: Asked, begun: datetime) -> bool:
    """A bank may lose the code on the way: then the same amount, told since, proves the connection all the same."""
    return (
        payment.reference is None
        and payment.amount == asked.amount
        and payment.at is not None
        and (payment.at >= begun)
    )


@blueprint.post("/coded")
def coded() -> AnyResponse:
    """Count only payments that carry one of the stall's references, or all of them again."""
    stall_id = named_stall(request.form.get("stall", type=int))
    on = request.form.get("on", "")
    if on not in ("yes", "no"):
        abort(400)
    with installation().database.writing() as session:
        set_coded_only(session, stall_id, on=on == "yes")
        act = "coded_only_on" if on == "yes" else "coded_only_off"
        noted(session, act, market_id=load_stall(session, stall_id).market_id, stall_id=stall_id)
    return redirect(url_for(".guide", _anchor="coded"), 303)
