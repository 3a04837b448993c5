"""A payment written as an ORM is used by its book: the other floor of `bench.booking`."""

from typing import Any

from sqlmodel import Session, select

from bench.databases import NOW
from ledger.books.chain import FORM, entry_hash
from ledger.books.correct import sale_legs
from ledger.books.model import Book, DayTotal, Entry, Posting
from ledger.inbox.model import NoticeBody, NoticeRow
from ledger.inbox.notice import Notice, digest
from market.db import Database


def write_by_orm(
    database: Database, channel_id: int, market_id: int, book_id: int, entry_id: int, notice: Notice, body: bytes
) -> None:
    """Book one payment of a stall: an object a row, one commit."""
    said: dict[str, Any] = {
        "event_id": notice.event_id,
        "account_number": notice.account_number,
        "bank": notice.bank,
        "amount": notice.amount,
        "direction": notice.direction,
        "bank_reference": notice.bank_reference,
        "at": notice.at,
        "local_date": notice.local_date,
    }
    sealed = digest(channel_id=channel_id, feed="hook", **said)
    legs = sale_legs("bank", notice.amount)
    with Session(database.engine) as session:
        row = NoticeRow(
            **said,
            market_id=market_id,
            channel_id=channel_id,
            feed="hook",
            received_at=NOW,
            digest=sealed,
            status="recorded",
            same_as=None,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        session.add(
            NoticeBody(
                notice_id=row.id,
                digest=sealed,
                market_id=market_id,
                body=body,
                memo=notice.memo,
                payer_name="",
                payer_account="",
                received_at=NOW,
            )
        )
        for account, amount in legs.items():
            session.add(Posting(entry_id=entry_id, account=account, market_id=market_id, amount=amount))
        session.flush()
        book = session.exec(select(Book).where(Book.id == book_id)).one()
        book.entries += 1
        described: dict[str, Any] = {
            "market_id": market_id,
            "book_id": book_id,
            "number": book.entries,
            "kind": "payment",
            "origin": "payment",
            "counted": 1,
            "booked_on": notice.local_date,
            "occurred_at": notice.at,
            "recorded_at": NOW,
            "notice_id": row.id,
            "turn": 1,
            "step": None,
            "client_key": None,
            "login_id": None,
            "previous": book.head,
        }
        book.head = entry_hash(
            **described,
            legs=legs,
            notice_digest=sealed,
            concerned_number=None,
            confirmed_number=None,
        )
        session.add(Entry(**described, id=entry_id, concerns=None, confirms=None, form=FORM, hash=book.head))
        day = session.get(DayTotal, (book_id, notice.local_date))
        if day is None:
            day = DayTotal(
                book_id=book_id,
                booked_on=notice.local_date,
                market_id=market_id,
                cashless_count=0,
                cashless_sum=0,
                typed_sum=0,
                cash_sum=0,
            )
        day.cashless_count += 1
        day.cashless_sum += notice.amount
        session.add_all([book, day])
        session.commit()
