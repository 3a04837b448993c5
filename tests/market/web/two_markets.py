"""Two markets alike, each with something of everything that an address can name; all their names can be told apart."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlalchemy import insert

from ledger.days import Month, local_date, utc_now
from ledger.inbox.notice import Feed, Notice
from market.access import audit, devices, roster
from market.access.logins import add_login
from market.db import Database
from market.markets import add_market
from market.model import CHANNEL
from market.reports import close
from merchants import cash, day_closing, settling
from merchants.consents import VERSION, record_consent
from merchants.payment_codes import make_payment_code
from merchants.payments import Source, take
from merchants.stalls import NewStall, StallRow, find_stall, register
from merchants.takings import Actor

NOW = utc_now()
MONTH = Month.of(local_date(NOW))


@dataclass(frozen=True, slots=True)
class Side:
    """One of two markets: its stall, and what an address may name there, by the name it has in the address."""

    market_id: int
    stall: StallRow
    values: dict[str, object]
    special: dict[str, dict[str, object]]

    def of(self, endpoint: str) -> dict[str, object]:
        """What an address of this endpoint may name."""
        return self.values | self.special.get(endpoint, {})


def build_side(database: Database, name: str, account: str) -> Side:
    """A market called `name`, with a stall, a channel, money that waits in every way, a code, a closed month."""
    with database.writing() as session:
        market = add_market(session, slug=name, name=f"Chợ {name}", target=None, now=NOW)
        new = NewStall(
            f"{name[0].upper()}-01", f"Sạp {name}", "", "", f"Chủ {name}", "", "970436", account, f"CHU {name}"
        )
        register(session, market.id, [new], source=Random(name), now=NOW)
        stall = find_stall(session, market.id, new.code)
        channel_id = (
            session.connection()
            .execute(
                insert(CHANNEL)
                .values(market_id=market.id, provider="sepay", auth="apikey", status="on", created_at=NOW)
                .returning(CHANNEL.c.id)
            )
            .scalar_one()
        )
        source = Source(channel_id, market.id)

        def tell(number: int, feed: Feed = "hook", **said: object) -> int:
            at = NOW - timedelta(minutes=number)
            notice = Notice(
                event_id=f"{name}{number}",
                account_number=account,
                bank="970436",
                amount=10_000 + number,
                direction="in",
                bank_reference=f"FT{name}{number}",
                at=at,
                local_date=local_date(at),
                memo=f"memo {name}",
                payer_name=f"PAYER {name}".upper(),
            )
            [outcome] = take(session, source, feed, [(notice._replace(**said), b"{}")], NOW)  # type: ignore[arg-type]
            assert outcome.notice_id is not None
            return outcome.notice_id

        tell(1)
        held = tell(1, "poll", event_id=f"{name}held", bank_reference="")
        tell(4)
        answered = tell(4, "poll", event_id=f"{name}answered", bank_reference="")
        settling.same(session, market.id, [answered])
        audit.note(session, "notice_same", market_id=market.id, about={"notice": answered}, at=NOW)
        [answer] = audit.trail(session, market.id, limit=1)
        unmatched = tell(2, account_number=f"{account}9")
        clerk = add_login(
            session, name=f"clerk-{name}", role="board", market_id=market.id, stall_id=None, password="", now=NOW
        )
        assigned = settling.assign(
            session, market.id, tell(3, account_number=f"{account}8"), stall, reason="", login_id=clerk, now=NOW
        )
        typed = cash.add(
            session,
            Actor(0, frozenset({stall.id}), helps=frozenset({stall.id})),
            stall,
            amount=10_005,
            at=None,
            key=f"a-sale-{name}",
            now=NOW,
        )
        day_closing.close_day(
            session,
            Actor(0, frozenset({stall.id})),
            stall,
            local_date(NOW),
            counted=10_005,
            float_amount=0,
            seen=10_005,
            said="open",
            now=NOW,
        )
        helper, ending = (
            roster.add_member(
                session, market_id=market.id, called=f"{who} {name}", role="helper", stall_id=stall.id, now=NOW
            )
            for who in ("helper", "ending")
        )
        phone = devices.add(session, market_id=market.id, login_id=helper, name=f"phone {name}", pin="274918", now=NOW)
        [member] = roster.members(session, market.id, login_id=ending)
        codes = [
            make_payment_code(
                session,
                market_id=market.id,
                stall_id=stall.id,
                amount=50_000,
                purpose="",
                expires_at=NOW + timedelta(minutes=15),
                now=NOW,
                source=Random(f"{name}{test}"),
                test=test,
            )
            for test in (False, True)
        ]
        close(session, market, MONTH, login_id=None, now=NOW)
        record_consent(
            session,
            market_id=market.id,
            stall_id=stall.id,
            given=True,
            text_version=VERSION,
            login_id=helper,
            now=NOW,
        )
    values: dict[str, object] = {
        "slug": name,
        "market": name,
        "code": stall.code,
        "channel_id": channel_id,
        "notice_id": unmatched,
        "line_id": answer.id,
        "entry_id": assigned.entry_id,
        "reference": codes[0],
        "stall_id": stall.id,
        "member_id": helper,
        "device_id": phone,
        "at": "1",
        "sale": str(typed.number),
        "number": 1,
        "day": str(local_date(NOW)),
        "month": str(MONTH),
        "kind": "csv",
        "filename": "base.css",
        "version": VERSION,
    }
    special: dict[str, dict[str, object]] = {
        "people.end": {"member_id": ending, "grant_id": member.held[0].grant_id},
        "held.told": {"notice_id": held},
        "held.told_file": {"notice_id": held},
        "stall_connect.test": {"reference": codes[1]},
    }
    return Side(market.id, stall, values, special)
