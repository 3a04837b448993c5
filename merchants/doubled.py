"""Transfers that look as if somebody sent them twice: booked as they are, and shown to the stall."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, select
from sqlmodel import Session

from ledger.books.model import ENTRY, stands
from ledger.days import local_date
from ledger.inbox.model import NOTICE, NOTICE_BODY
from merchants.masking import names_in
from merchants.model import BANK_ACCOUNT, CODE_PAYMENT, STALL
from qr.text import fold

WITHIN = timedelta(minutes=10)


def doubled(session: Session, payments: Mapping[int, datetime]) -> set[int]:
    """Which of these payments that answered no code (entry id → the bank's moment) another one like it came before: of
    the same payer, with the same amount and memo, to the same stall, within ten minutes, and not reversed.

    Where the bank names no payer, the names in the memo say who paid; the rest of it may be numbers of the transfer.
    """
    if not payments:
        return set()
    days = {local_date(at) for at in payments.values()}
    around = {day + timedelta(days=step) for day in days for step in (-1, 0, 1)}
    earlier, entry, body = (table.alias(f"earlier_{table.name}") for table in (NOTICE, ENTRY, NOTICE_BODY))
    rows = session.connection().execute(
        select(ENTRY.c.id, earlier.c.at, NOTICE_BODY.c.payer_name, NOTICE_BODY.c.payer_account, NOTICE_BODY.c.memo)
        .add_columns(body.c.memo.label("earlier_memo"), STALL.c.id.label("stall_id"))
        .join(STALL, STALL.c.book_id == ENTRY.c.book_id)
        .join(NOTICE, NOTICE.c.id == ENTRY.c.notice_id)
        .join(NOTICE_BODY, (NOTICE_BODY.c.notice_id == NOTICE.c.id) & (NOTICE_BODY.c.digest == NOTICE.c.digest))
        .join(
            earlier,
            and_(
                *(earlier.c[name] == NOTICE.c[name] for name in ("market_id", "account_number", "amount")),
                # By its days an index finds the few that may be alike; each one's minutes are looked at below.
                earlier.c.local_date.in_(sorted(around)),
                earlier.c.at.between(min(payments.values()) - WITHIN, max(payments.values()) + WITHIN),
            ),
        )
        .join(
            entry,
            and_(
                entry.c.notice_id == earlier.c.id, entry.c.book_id == ENTRY.c.book_id, entry.c.number < ENTRY.c.number
            ),
        )
        .join(
            body,
            and_(
                body.c.notice_id == earlier.c.id,
                body.c.digest == earlier.c.digest,
                *(body.c[name] == NOTICE_BODY.c[name] for name in ("payer_name", "payer_account")),
            ),
        )
        .where(
            ENTRY.c.id.in_(payments),
            ~select(CODE_PAYMENT.c.entry_id).where(CODE_PAYMENT.c.entry_id == entry.c.id).exists(),
            stands(entry.c.id),
        )
    )
    near = [row for row in rows if abs(payments[row.id] - row.at) <= WITHIN]
    own = _own_names(session, {row.stall_id for row in near}) if near else frozenset()
    return {row.id for row in near if _of_one_payer(row, own)}


def _of_one_payer(row: Row[Any], own: frozenset[str]) -> bool:
    if row.payer_name or row.payer_account:
        return bool(row.memo == row.earlier_memo)
    names = names_in(row.memo) - own
    return bool(names) and names == names_in(row.earlier_memo) - own


def _own_names(session: Session, stall_ids: set[int]) -> frozenset[str]:
    """The names of these stalls' accounts as banks write them: a memo may carry the payee's as well."""
    query = select(BANK_ACCOUNT.c.name).where(BANK_ACCOUNT.c.stall_id.in_(stall_ids))
    return frozenset(fold(name).upper() for name in session.connection().execute(query).scalars())
