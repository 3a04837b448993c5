"""What banks told about a stall: the notices that are its own, wherever they went."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import CompoundSelect, exists, select, union
from sqlmodel import Session

from ledger.books.model import ENTRY
from ledger.inbox.model import NOTICE
from ledger.inbox.numbers import numbers_told
from merchants.model import BANK_ACCOUNT
from merchants.number_digests import number_digest
from merchants.stalls import StallRow


def notices_of(session: Session, stall: StallRow, channel_ids: Collection[int]) -> CompoundSelect[Any]:
    """The ids of a stall's notices: those ever booked in its book with their twins, and those that name an account
    which no other stall has, or came by the stall's own channels, unless they stand in another stall's book."""
    booked = select(ENTRY.c.notice_id).where(ENTRY.c.book_id == stall.book_id, ENTRY.c.kind == "payment")
    elsewhere = exists().where(ENTRY.c.notice_id == NOTICE.c.id, ENTRY.c.book_id != stall.book_id).correlate(NOTICE)
    numbers = own_numbers(session, stall)
    return union(
        booked,
        select(NOTICE.c.id).where(NOTICE.c.same_as.in_(booked)),
        select(NOTICE.c.id).where(
            NOTICE.c.market_id == stall.market_id, NOTICE.c.account_number.in_(numbers), ~elsewhere
        ),
        select(NOTICE.c.id).where(NOTICE.c.channel_id.in_(channel_ids), ~elsewhere),
    )


def own_numbers(session: Session, stall: StallRow) -> list[str]:
    """The account numbers named by notices that this stall has, or had, and no other one but such as were forgotten."""
    connection = session.connection()
    mine = {
        number_digest(session, stall.market_id, number)
        for number in connection.execute(
            select(BANK_ACCOUNT.c.number).where(BANK_ACCOUNT.c.stall_id == stall.id)
        ).scalars()
    }
    told = [
        number
        for number in numbers_told(session, stall.market_id)
        if number_digest(session, stall.market_id, number) in mine
    ]
    others = set(
        connection.execute(
            select(BANK_ACCOUNT.c.number).where(
                BANK_ACCOUNT.c.market_id == stall.market_id,
                BANK_ACCOUNT.c.stall_id != stall.id,
                BANK_ACCOUNT.c.number.in_(told),
            )
        ).scalars()
    )
    return [number for number in told if number not in others]
