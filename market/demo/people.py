"""The people of the sample province: who may sign in, and what they have done by hand."""

import random
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session

from ledger import books
from ledger.books.model import DAY_TOTAL, ENTRY
from ledger.days import local_date, local_midnight
from market.access.logins import add_login
from market.access.roster import add_member
from market.demo.plan import SAMPLES, Plan, Sample, holders_code
from market.markets import MarketRow, find_market
from market.model import LOGIN
from merchants import day_closing, settling
from merchants.consents import VERSION, record_consent
from merchants.stalls import StallRow, list_stalls, set_status
from merchants.takings import Actor


def add(session: Session, plan: Plan, now: datetime) -> list[dict[str, str]]:
    """Add the logins; gives each with its role, password and place. The passwords follow from the seed: these people
    and their money are invented, and the sample listens on this machine only."""
    rng = random.Random(f"passwords {plan.seed}")  # noqa: S311 (invented data, repeatable by seed)
    logins: list[dict[str, str]] = []

    def login(name: str, role: str, market: MarketRow | None = None, stall: StallRow | None = None) -> None:
        password = "-".join("".join(rng.choices("abcdefghjkmnpqrstuvwxyz23456789", k=4)) for _ in range(3))
        add_login(
            session,
            name=name,
            role=role,
            market_id=market.id if market else None,
            stall_id=stall.id if stall else None,
            password=password,
            now=now,
        )
        where = f"{stall.code} {stall.name}, {market.name}" if stall and market else market.name if market else ""
        logins.append({"login": name, "password": password, "role": role, "where": where})

    login("quan-tri", "administrator")
    login("tinh", "province")
    for sample in SAMPLES:
        login(sample.board, "board", find_market(session, sample.slug))
    for sample in SAMPLES:
        market = find_market(session, sample.slug)
        login(f"sap-{sample.slug}", "stallholder", market, holder_of(session, market))
    return logins


def holder_of(session: Session, market: MarketRow) -> StallRow:
    """The stall whose holder may sign in."""
    every = {stall.code: stall for stall in list_stalls(session, market.id)}
    return every[holders_code(every)]


def board_of(session: Session, sample: Sample) -> int:
    """The login of a market's board."""
    return _login(session, sample.board)


def live(session: Session, plan: Plan, now: datetime) -> None:
    """What people did by hand: cash typed and counted at a stall, consents, a payment that was no sale, one that went
    back after its month was closed, a stall that pauses."""
    rng = random.Random(f"people {plan.seed}")  # noqa: S311 (invented data, repeatable by seed)
    for sample in SAMPLES:
        market = find_market(session, sample.slug)
        board = board_of(session, sample)
        holder = holder_of(session, market)
        _type_sales(session, holder, rng, now)
        _close_yesterday(session, sample, holder, now)
        every = list_stalls(session, market.id)
        for stall in every:
            if stall.id == holder.id or rng.random() < 0.06:
                _agree(session, sample, stall, now - timedelta(days=rng.randrange(3, 40)), own=stall.id == holder.id)
        payments = _payments_before(session, market, local_midnight(plan.current.first))
        if len(payments) > 1:
            settling.reverse(
                session,
                market.id,
                payments[0],
                reason="Khách chuyển nhầm, sạp đã chuyển trả lại",
                reassign=False,
                login_id=board,
                now=now - timedelta(minutes=50),
            )
            settling.mark_not_sale(
                session,
                market.id,
                payments[1],
                reason="Em gái gửi tiền nhờ giữ, không phải tiền bán hàng",
                login_id=board,
                now=now - timedelta(minutes=40),
            )
        unpaid = [stall for stall in every if stall.status == "open" and not _ever_paid(session, stall)]
        if len(unpaid) > 1:
            set_status(session, unpaid[0], "paused", local_date(now))


def _close_yesterday(session: Session, sample: Sample, stall: StallRow, now: datetime) -> None:
    """A stall's holder counted the drawer last evening, and found a sale that was not written down."""
    actor = Actor(_login(session, f"sap-{sample.slug}"), frozenset({stall.id}))
    today = local_date(now)
    yesterday = today - timedelta(days=1)
    seen = day_closing.drawer(session, actor, stall.id, yesterday, 300_000).expected
    day_closing.close_day(
        session,
        actor,
        stall,
        yesterday,
        counted=seen + 20_000,
        float_amount=300_000,
        seen=seen,
        said="forgotten",
        now=local_midnight(today) - timedelta(hours=6),
    )


def _agree(session: Session, sample: Sample, stall: StallRow, at: datetime, *, own: bool) -> None:
    """A stall's holder lets the board see its amounts; one who has no login yet gets one, for a phone to enrol."""
    if own:
        login_id = _login(session, f"sap-{sample.slug}")
    else:
        called = stall.holder or stall.name
        login_id = add_member(
            session, market_id=stall.market_id, called=called, role="stallholder", stall_id=stall.id, now=at
        )
    record_consent(
        session,
        market_id=stall.market_id,
        stall_id=stall.id,
        given=True,
        text_version=VERSION,
        login_id=login_id,
        now=at,
    )


def _login(session: Session, name: str) -> int:
    found: int = session.connection().execute(select(LOGIN.c.id).where(LOGIN.c.name == name)).scalar_one()
    return found


def _type_sales(session: Session, stall: StallRow, rng: random.Random, now: datetime) -> None:
    for ago in range(10):
        day = local_date(now) - timedelta(days=ago)
        opens = local_midnight(day) + timedelta(hours=5)
        # Today's are the newest in the book, so they are the newest by the clock as well.
        first = max(opens, now - timedelta(minutes=20)) if ago == 0 else opens
        last = min(opens + timedelta(hours=10), now) if ago else now
        # And so few that the bank's can be seen before them.
        sales = rng.randrange(4, 9) if ago else 2
        moments = sorted(first + rng.random() * (last - first) for _ in range(sales))
        for number, at in enumerate(moments):
            if first < last:
                books.enter_sale(
                    session,
                    book_id=stall.book_id,
                    amount=rng.randrange(10, 200) * 1_000,
                    cash=rng.random() < 0.8,
                    occurred_at=at,
                    client_key=f"demo-{day}-{number}",
                    login_id=None,
                    memo="",
                    now=at,
                )


def _payments_before(session: Session, market: MarketRow, moment: datetime) -> list[int]:
    rows = session.connection().execute(
        select(ENTRY.c.id)
        .where(ENTRY.c.market_id == market.id, ENTRY.c.kind == "payment", ENTRY.c.occurred_at < moment)
        .order_by(ENTRY.c.id.desc())
        .limit(2)
    )
    return [row.id for row in rows]


def _ever_paid(session: Session, stall: StallRow) -> bool:
    count: int = (
        session.connection()
        .execute(select(func.count()).select_from(DAY_TOTAL).where(DAY_TOTAL.c.book_id == stall.book_id))
        .scalar_one()
    )
    return count > 0
