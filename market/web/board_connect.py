"""The board's work of connecting stalls: which are not heard, the guide for each, and the channels that tell."""

import secrets
from collections import Counter
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from ledger.days import local_date, utc_now
from ledger.refused import Refused
from market import channels
from market.channels import PROVIDERS, ChannelRow
from market.connections import Connection, connection, connections
from market.markets import MarketRow
from market.natural import natural
from market.secret_key import seal
from market.web.app import installation
from market.web.board_stalls import bank_name, find
from market.web.desk import address, enter, matches, one_page, page, page_number
from market.web.noted import noted
from market.web.stall_connect import channel_of, hook_address
from market.web.words import say
from merchants.feeds import State
from merchants.stalls import find_stall

blueprint = Blueprint("connect", __name__, url_prefix="/board/<slug>")
PAGE = 50
# What the list is divided into; the first is what waits for the board.
GROUPS: dict[str, tuple[State, ...]] = {
    "open": ("never", "silent"),
    "never": ("never",),
    "silent": ("silent",),
    "statements": ("statements",),
    "connected": ("heard", "quiet"),
}
# Where the sender takes any secret, one is made here; the other senders make their own.
MADE_HERE = {("sepay", "apikey"), ("casso", "token"), ("generic", "hmac")}
OVERLAP = timedelta(days=1)
LONGEST_SECRET = 300


@blueprint.get("/connections")
def every(slug: str) -> str:
    """The stalls of a market by the state of their feeds; first those that are not connected or silent."""
    group = request.args.get("state", "")
    group = group if group in GROUPS else "open"
    search = request.args.get("q", "").strip()[:60]
    with installation().database.reading() as session:
        market = enter(session, slug)
        listed = connections(session, market.id, key=installation().key, now=utc_now())
        counted = Counter(one.feed.state for one in listed)
        found = [one for one in listed if one.feed.state in GROUPS[group] and _matches(search, one)]
        # Those that went silent were connected: they come first, the longest silence before the others.
        found.sort(key=lambda one: (one.feed.state == "never", str(one.feed.since or ""), natural(one.stall.code)))
        return page(
            session,
            market,
            "stalls",
            "board/connect.html",
            counted={name: sum(counted[state] for state in states) for name, states in GROUPS.items()},
            stalls=len(listed),
            group=group,
            search=search,
            found=len(found),
            **one_page(found, PAGE, page_number(request.args.get("page"))),
            to=lambda number: address(state=group, q=search, page=number),
            pill=lambda name: address(state=name, q=search),
            bank_name=bank_name,
        )


def _matches(search: str, one: Connection) -> bool:
    stall = one.stall
    return matches(search, stall.code, stall.name, stall.holder, stall.account_name)


@blueprint.get("/connections/<code>")
def guide(slug: str, code: str) -> str:
    """How one stall's feed is, and the steps to connect it."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        stall = find(session, market.id, code)
        one = connection(session, stall, key=installation().key, now=utc_now())
        channel = channel_of(session, stall, one)
        own = [row for row in _channels(session, market) if row.stall_id == stall.id]
        return page(
            session,
            market,
            "stalls",
            "board/connect_stall.html",
            stall=stall,
            connection=one,
            channel=channel,
            hook=hook_address(channel),
            bank=bank_name(stall.bin),
            own=own,
        )


def _channels(session: Session, market: MarketRow) -> list[ChannelRow]:
    """A market's channels that somebody sends by; its statements' is none."""
    return [row for row in channels.list_channels(session) if row.market_id == market.id and row.provider in PROVIDERS]


@blueprint.get("/channels")
def listed(slug: str) -> str:
    """The market's channels: the whole market's first, then those of single stalls."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        rows = sorted(_channels(session, market), key=lambda row: (row.stall is not None, natural(row.stall or "")))
        locked = channels.sealed_otherwise(session, installation().key)
        return page(session, market, "stalls", "board/connect_channels.html", channels=rows, locked=locked)


@blueprint.get("/channels/new")
def new(slug: str) -> str:
    """A channel to add; for one stall where the address names it."""
    with installation().database.reading() as session:
        typed = {"way": "", "stall": request.args.get("stall", ""), "secret": ""}
        return _form(session, enter(session, slug), typed, {})


@blueprint.post("/channels/new")
def add(slug: str) -> str | tuple[str, int]:
    """Add a channel. A secret that was made here is shown on the answer, this once."""
    typed = {name: request.form.get(name, "").strip() for name in ("way", "stall", "secret")}
    errors: dict[str, str] = {}
    provider, _, auth = typed["way"].partition(":")
    if auth not in PROVIDERS.get(provider, ()):
        errors["way"] = say("Chọn bên gửi tin báo tiền.")
    _check_secret(typed["secret"], errors)
    with installation().database.writing() as session:
        market = enter(session, slug)
        stall_id = _stall_named(session, market, typed["stall"], errors)
        if errors:
            return _form(session, market, typed, errors), 400
        secret = typed["secret"] or _made(provider, auth)
        channel_id = channels.add_channel(
            session,
            provider=provider,
            market_id=market.id,
            stall_id=stall_id,
            auth=auth,
            sealed_secret=seal(installation().key, secret) if secret else None,
            now=utc_now(),
        )
        noted(session, "channel_added", market_id=market.id, stall_id=stall_id, channel=channel_id, provider=provider)
        return _shown(session, market, channel_id, "" if typed["secret"] else secret, renewed=False)


def _form(session: Session, market: MarketRow, typed: dict[str, str], errors: dict[str, str]) -> str:
    ways = [f"{provider}:{auth}" for provider, auths in PROVIDERS.items() for auth in auths]
    return page(session, market, "stalls", "board/connect_new.html", typed=typed, errors=errors, ways=ways)


def _check_secret(secret: str, errors: dict[str, str]) -> None:
    if len(secret) > LONGEST_SECRET or not secret.isprintable():
        errors["secret"] = say("Khoá nằm trên một dòng, nhiều nhất {most} ký tự. Chép lại.", most=LONGEST_SECRET)


def _stall_named(session: Session, market: MarketRow, code: str, errors: dict[str, str]) -> int | None:
    if not code:
        return None
    try:
        stall = find_stall(session, market.id, code)
    except Refused:
        errors["stall"] = say("Chợ không có sạp nào mang mã này. Ghi như trên bảng mã, ví dụ C-17, hoặc để trống.")
        return None
    if stall.closed_by(local_date(utc_now())):
        errors["stall"] = say("Sạp đã nghỉ hẳn sau ngày {day}.", day=f"{stall.closed_on:%d/%m/%Y}")
    return stall.id


def _made(provider: str, auth: str) -> str:
    """A new secret where one is made here; empty where the sender makes it."""
    return secrets.token_urlsafe(32) if (provider, auth) in MADE_HERE else ""


def _shown(session: Session, market: MarketRow, channel_id: int, secret: str, *, renewed: bool) -> str:
    channel = channels.find_channel(session, channel_id)
    return page(
        session,
        market,
        "stalls",
        "board/connect_secret.html",
        channel=channel,
        secret=secret,
        renewed=renewed,
        hook=hook_address(channel),
    )


def _find(session: Session, market: MarketRow, channel_id: int) -> ChannelRow:
    """The market's channel, or 404."""
    row = next((row for row in _channels(session, market) if row.id == channel_id), None)
    if row is None:
        abort(404)
    return row


@blueprint.get("/channels/<int:channel_id>")
def one(slug: str, channel_id: int) -> str:
    """One channel: its address, when it was heard, and what may be done with it."""
    with installation().database.reading() as session:
        market = enter(session, slug)
        return _page_of(session, market, _find(session, market, channel_id), {})


def _page_of(session: Session, market: MarketRow, channel: ChannelRow, errors: dict[str, str]) -> str:
    return page(
        session,
        market,
        "stalls",
        "board/connect_channel.html",
        channel=channel,
        locked=channel.id in channels.sealed_otherwise(session, installation().key),
        hook=hook_address(channel),
        made_here=(channel.provider, channel.auth) in MADE_HERE,
        former=channel.former_until if channel.former_until and channel.former_until > utc_now() else None,
        errors=errors,
    )


@blueprint.post("/channels/<int:channel_id>/status")
def status(slug: str, channel_id: int) -> AnyResponse:
    """Switch a channel off or on again."""
    wanted = request.form.get("status", "")
    if wanted not in ("on", "off"):
        abort(400)
    with installation().database.writing() as session:
        market = enter(session, slug)
        _find(session, market, channel_id)
        (channels.switch_on if wanted == "on" else channels.switch_off)(session, channel_id)
        noted(session, f"channel_{wanted}", market_id=market.id, channel=channel_id)
    return redirect(url_for(".one", slug=slug, channel_id=channel_id), 303)


@blueprint.post("/channels/<int:channel_id>/secret")
def renew(slug: str, channel_id: int) -> AnyResponse | str | tuple[str, int]:
    """Give a channel another secret; the former one is taken beside it for a day."""
    typed = request.form.get("secret", "").strip()
    errors: dict[str, str] = {}
    _check_secret(typed, errors)
    with installation().database.writing() as session:
        market = enter(session, slug)
        channel = _find(session, market, channel_id)
        secret = typed or _made(channel.provider, channel.auth)
        if not secret:
            errors["secret"] = say("Dán khoá mà bên báo tiền đưa.")
        if errors:
            return _page_of(session, market, channel, errors), 400
        sealed = seal(installation().key, secret)
        channels.renew_secret(session, channel_id, sealed_secret=sealed, overlap=OVERLAP, now=utc_now())
        noted(session, "channel_secret_renewed", market_id=market.id, channel=channel_id)
        if not typed:
            return _shown(session, market, channel_id, secret, renewed=True)
    flash(say("Đã đổi khoá. Khoá cũ còn dùng được thêm một ngày."))
    return redirect(url_for(".one", slug=slug, channel_id=channel_id), 303)
