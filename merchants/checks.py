"""The rules of what stalls keep beside the books, for `ledger verify`: references, answers, whose a book is."""

import math
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, func, select

from ledger.books.finding import Finding
from ledger.books.model import BOOK, ENTRY, POSTING
from merchants.model import CODE_PAYMENT, PAYMENT_CODE, REFERENCE, STALL
from merchants.references import is_reference

_BATCH = 2000


def books_have_stalls(connection: Connection) -> Iterator[Finding]:
    """Every book is some stall's."""
    orphans = select(BOOK).outerjoin(STALL, STALL.c.book_id == BOOK.c.id).where(STALL.c.id.is_(None))
    for row in connection.execute(orphans.order_by(BOOK.c.id)):
        yield Finding("orphans", row.market_id, row.id, None, f"book {row.id} is no stall's")


def references_hold(connection: Connection) -> Iterator[Finding]:
    """A reference has its check character and the stall of its code; every stall and every code has one."""
    rows = connection.execute(
        select(REFERENCE, STALL.c.book_id, PAYMENT_CODE.c.stall_id.label("asks"))
        .outerjoin(STALL, STALL.c.id == REFERENCE.c.stall_id)
        .outerjoin(PAYMENT_CODE, PAYMENT_CODE.c.id == REFERENCE.c.payment_code_id)
        .order_by(REFERENCE.c.reference),
        execution_options={"yield_per": _BATCH},
    )
    for row in rows:
        if not is_reference(row.reference):
            message = f"{row.reference!r} does not have a reference's check character: it was changed"
            yield Finding("references", row.market_id, row.book_id, None, message)
        if row.asks is not None and row.asks != row.stall_id:
            message = f"the reference {row.reference} is of a payment code of another stall"
            yield Finding("references", row.market_id, row.book_id, None, message)
    of_stalls = (
        select(STALL.c.market_id, STALL.c.book_id, STALL.c.code, func.count(REFERENCE.c.reference).label("found"))
        .outerjoin(REFERENCE, (REFERENCE.c.stall_id == STALL.c.id) & REFERENCE.c.payment_code_id.is_(None))
        .group_by(STALL.c.id)
        .having(func.count(REFERENCE.c.reference) != 1)
        .order_by(STALL.c.id)
    )
    for row in connection.execute(of_stalls):
        message = f"has {row.found} printed references, where one is right"
        yield Finding("references", row.market_id, row.book_id, None, message)
    of_codes = (
        select(
            PAYMENT_CODE.c.id,
            PAYMENT_CODE.c.market_id,
            STALL.c.book_id,
            func.count(REFERENCE.c.reference).label("found"),
        )
        .outerjoin(STALL, STALL.c.id == PAYMENT_CODE.c.stall_id)
        .outerjoin(REFERENCE, REFERENCE.c.payment_code_id == PAYMENT_CODE.c.id)
        .group_by(PAYMENT_CODE.c.id, STALL.c.book_id)
        .having(func.count(REFERENCE.c.reference) != 1)
        .order_by(PAYMENT_CODE.c.id)
    )
    for row in connection.execute(of_codes):
        message = f"payment code {row.id} has {row.found} references, where one is right"
        yield Finding("references", row.market_id, row.book_id, None, message)


def answers_hold(connection: Connection) -> Iterator[Finding]:
    """A verdict is that of a payment of the stall that asked: its amount beside what was asked, its time beside the
    expiry, and `again` where an earlier one of the code stood when it was booked."""
    reversal = ENTRY.alias("reversal")
    reversed_at = (
        select(func.min(reversal.c.number))
        .where(reversal.c.concerns == ENTRY.c.id, reversal.c.kind == "reversal")
        .correlate(ENTRY)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            CODE_PAYMENT,
            ENTRY.c.book_id,
            ENTRY.c.kind,
            ENTRY.c.occurred_at,
            ENTRY.c.number,
            reversed_at.label("reversed_at"),
            POSTING.c.amount.label("paid"),
            PAYMENT_CODE.c.amount.label("asked"),
            PAYMENT_CODE.c.expires_at,
            STALL.c.book_id.label("asks"),
        )
        .join(ENTRY, ENTRY.c.id == CODE_PAYMENT.c.entry_id)
        .join(PAYMENT_CODE, PAYMENT_CODE.c.id == CODE_PAYMENT.c.payment_code_id)
        .outerjoin(STALL, STALL.c.id == PAYMENT_CODE.c.stall_id)
        .outerjoin(POSTING, (POSTING.c.entry_id == ENTRY.c.id) & (POSTING.c.account == "bank"))
        .order_by(CODE_PAYMENT.c.payment_code_id, ENTRY.c.number),
        execution_options={"yield_per": _BATCH},
    )
    for _, answers in groupby(rows, key=attrgetter("payment_code_id")):
        # The number up to which one of the earlier answers stood in the book.
        stood: float = 0
        for row in answers:
            paid = row.paid or 0
            right = {
                "verdict": "exact" if paid == row.asked else "short" if paid < row.asked else "over",
                "late": row.occurred_at > row.expires_at,
                "again": stood > row.number,
            }
            stood = max(stood, row.reversed_at or math.inf)
            said = row._mapping
            wrong = [
                f"{name} is {said[name]} and should be {value}" for name, value in right.items() if said[name] != value
            ]
            if row.kind != "payment" or row.book_id != row.asks:
                wrong.append("the entry is no payment of the stall that asked")
            for message in wrong:
                message = f"the answer to payment code {row.payment_code_id}: {message}"
                yield Finding("answers", row.market_id, row.book_id, row.entry_id, message)
