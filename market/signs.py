"""What stands on a stall's sign: its static code with its reference, and whose account it pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlmodel import Session

from ledger.refused import Problem, Refused
from market.markets import MarketRow
from merchants.model import BANK_ACCOUNT, STALL
from merchants.stalls import StallRow, find_stall, list_stalls
from qr import banks, vietqr
from qr.sign import Sign


def static_payload(stall: StallRow) -> str:
    """The payload of a stall's printed code: no amount, its reference in 62.08."""
    return vietqr.encode(bin=stall.bin, account=stall.account_number, purpose=stall.reference)


def market_signs(session: Session, market: MarketRow, codes: Sequence[str], printed_on: date) -> list[Sign]:
    """The signs of these stalls, or of every stall that is not closed. Raises Refused where there is none."""
    if codes:
        stalls = [find_stall(session, market.id, code) for code in dict.fromkeys(codes)]
        closed = [stall for stall in stalls if stall.status == "closed"]
        if closed:
            raise Refused(
                [
                    Problem(f"{s.code} closed on {s.closed_on}; a sign would pay nobody's stall", field="stall")
                    for s in closed
                ]
            )
    else:
        stalls = [stall for stall in list_stalls(session, market.id) if stall.status != "closed"]
    if not stalls:
        raise Refused(Problem(f"{market.slug} has no open stall to print; bring them in with stall import"))
    signs = printed(session, market.id, stalls[0].id if len(stalls) == 1 else None)
    return [_sign(market, stall, signs[stall.id].version, printed_on) for stall in stalls]


@dataclass(frozen=True, slots=True)
class Printed:
    """What is known of a stall's sign: its version, one for each account the stall had, and when one of this version
    was last printed, None where none was."""

    version: int
    at: datetime | None

    @property
    def outdated(self) -> bool:
        """Whether the sign that hangs there names an account the stall had before."""
        return self.version > 1 and self.at is None


def printed(session: Session, market_id: int, stall_id: int | None = None) -> dict[int, Printed]:
    """Of every stall of a market, or of one, by its id, what is known of its sign."""
    accounts = select(BANK_ACCOUNT.c.stall_id, BANK_ACCOUNT.c.printed_at).where(BANK_ACCOUNT.c.market_id == market_id)
    if stall_id is not None:
        accounts = accounts.where(BANK_ACCOUNT.c.stall_id == stall_id)
    rows = session.connection().execute(accounts.order_by(BANK_ACCOUNT.c.id))
    found: dict[int, Printed] = {}
    for row in rows:
        before = found.get(row.stall_id)
        found[row.stall_id] = Printed(before.version + 1 if before else 1, row.printed_at)
    return found


def mark_printed(session: Session, market_id: int, codes: Sequence[str], now: datetime) -> None:
    """Signs of these stalls, with the accounts they have, were printed just now."""
    stalls = select(STALL.c.id).where(STALL.c.market_id == market_id, STALL.c.code.in_(codes))
    latest = select(func.max(BANK_ACCOUNT.c.id)).where(BANK_ACCOUNT.c.stall_id.in_(stalls))
    latest = latest.group_by(BANK_ACCOUNT.c.stall_id)
    session.connection().execute(update(BANK_ACCOUNT).where(BANK_ACCOUNT.c.id.in_(latest)).values(printed_at=now))


def outdated_signs(session: Session, market_id: int) -> list[str]:
    """The codes of the stalls whose signs name an account they had before: none was printed since it was changed."""
    signs = printed(session, market_id)
    return [s.code for s in list_stalls(session, market_id) if s.status != "closed" and signs[s.id].outdated]


def _sign(market: MarketRow, stall: StallRow, version: int, printed_on: date) -> Sign:
    """A sign is of another version whenever the stall has another bank account, so that an old one can be told."""
    bank = banks.by_bin(stall.bin)
    assert bank is not None, "a stall's bank is in the list"
    return Sign(
        payload=static_payload(stall),
        market=market.name,
        stall_name=stall.name,
        stall_code=stall.code,
        holder=stall.account_name,
        bank=bank.short_name,
        account_number=stall.account_number,
        serial=f"{stall.code.replace('-', '')}-{version:04d}",
        version=version,
        phone=market.phone or None,
        printed_on=printed_on,
    )
