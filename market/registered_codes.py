"""Whose code this is: what a payload found in a photo has to do with the stalls registered here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from market.model import MARKET
from merchants.model import BANK_ACCOUNT, STALL
from merchants.number_digests import number_digest
from merchants.references import owners, references_in
from qr import banks, vietqr
from qr.errors import PayloadError


@dataclass(frozen=True, slots=True)
class FoundCode:
    """One code of a photo. `stall` and `market` (code and slug) name the stall it is registered to, or are None.

    `trusted` means that money paid by it reaches the account a stall has now; `reason` says why or why not.
    """

    payload: str
    valid: bool
    stall: str | None
    market: str | None
    trusted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Owner:
    """A stall that has, or had, the account a code pays to."""

    stall_id: int
    code: str
    market: str
    closed: bool
    in_force: bool


def look_up(session: Session, payload: str, now: datetime) -> FoundCode:
    """What this payload is to the stalls of this installation, at this moment (UTC)."""
    try:
        code = vietqr.decode(payload)
    except PayloadError as error:
        return FoundCode(payload, False, None, None, False, f"{error.code}: {error.message}")
    if code.bin is None or code.account_number is None:
        return FoundCode(payload, True, None, None, False, "is of another scheme than VietQR")
    bank = banks.by_bin(code.bin)
    account = f"account {code.account_number} at {bank.short_name if bank else code.bin}"
    named = {stall_id for stall_id, _ in owners(session, references_in(code.purpose or "")).values()}
    holders = _owners(session, code.bin, code.account_number, now)
    if not holders:
        reason = f"{account} is no stall's"
        if named:
            reason += ", though the reference in the purpose is; the code may be forged"
        return FoundCode(payload, True, None, None, False, reason)
    if named and not any(owner.stall_id in named for owner in holders):
        reason = f"{account} and the reference in the purpose are of different stalls; the code may be forged"
        return FoundCode(payload, True, None, None, False, reason)
    candidates = [owner for owner in holders if owner.stall_id in named] or holders
    candidates = [owner for owner in candidates if owner.in_force] or candidates
    if len({owner.stall_id for owner in candidates}) > 1:
        shared = ", ".join(sorted({f"{owner.code} ({owner.market})" for owner in candidates}))
        return FoundCode(payload, True, None, None, False, f"{account} is of {shared}, and no reference tells which")
    owner = candidates[0]
    if not owner.in_force:
        mend = "the stall is closed" if owner.closed else "its sign needs to be printed anew"
        trusted, reason = False, f"{account} is not the stall's now; {mend}"
    elif named:
        trusted, reason = True, "account and reference are the stall's"
    else:
        trusted, reason = True, "the account is the stall's; the code has no reference of ours"
    return FoundCode(payload, True, owner.code, owner.market, trusted, reason)


def _owners(session: Session, bank_bin: str, number: str, now: datetime) -> list[_Owner]:
    account = BANK_ACCOUNT.c
    connection = session.connection()
    # A number that was forgotten is another digest in each market.
    markets = connection.execute(select(MARKET.c.id)).scalars().all()
    numbers = {number} | {number_digest(session, market_id, number) for market_id in markets}
    rows = connection.execute(
        select(STALL.c.id, STALL.c.code, STALL.c.status, MARKET.c.slug, account.in_force_from, account.in_force_until)
        .join(STALL, STALL.c.id == account.stall_id)
        .join(MARKET, MARKET.c.id == account.market_id)
        .where(account.number.in_(numbers), account.bin == bank_bin)
        .order_by(account.id)
    )
    return [
        _Owner(
            row.id,
            row.code,
            row.slug,
            closed=row.status == "closed",
            in_force=(row.in_force_from is None or row.in_force_from <= now)
            and (row.in_force_until is None or now < row.in_force_until),
        )
        for row in rows
    ]
