"""The sections of a copy that tell of the book: its entries, what banks told, and the figures made of it."""

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Select, and_, func, select
from sqlmodel import Session

from ledger.books.model import CASH_COUNT, DAY_TOTAL, ENTRY, ENTRY_NOTE, POSTING, SEAL
from ledger.inbox.model import NOTICE, NOTICE_BODY
from market.copy_sections import Row, Section, Whose, asked, of_book, read
from market.model import CLOSING, LOGIN
from merchants.masking import masked, masked_memo
from merchants.told import notices_of


def _entries(about: Whose) -> Select[Any]:
    first, confirmed = ENTRY.alias("first"), ENTRY.alias("confirmed")
    query = (
        select(
            ENTRY.c.number,
            ENTRY.c.kind,
            ENTRY.c.booked_on,
            ENTRY.c.occurred_at,
            ENTRY.c.recorded_at,
            first.c.number.label("concerns"),
            confirmed.c.number.label("confirms"),
            ENTRY.c.notice_id.label("notice"),
            LOGIN.c.name.label("login"),
            ENTRY_NOTE.c.reason.label("note"),
            ENTRY.c.hash,
        )
        .outerjoin(first, first.c.id == ENTRY.c.concerns)
        .outerjoin(confirmed, confirmed.c.id == ENTRY.c.confirms)
        .outerjoin(ENTRY_NOTE, ENTRY_NOTE.c.entry_id == ENTRY.c.id)
        .outerjoin(LOGIN, and_(LOGIN.c.id == ENTRY.c.login_id, LOGIN.c.id.in_(about.logins)))
        .where(ENTRY.c.book_id == about.stall.book_id)
        .order_by(ENTRY.c.number)
    )
    for account in ("bank", "cash", "sales", "other"):
        leg = POSTING.alias(account)
        query = query.outerjoin(leg, and_(leg.c.entry_id == ENTRY.c.id, leg.c.account == account)).add_columns(
            func.coalesce(leg.c.amount, 0).label(account)
        )
    return query


def _notices(session: Session, about: Whose) -> Iterator[Row]:
    """Payers are other people: they are shortened as on the phone."""
    mine = notices_of(session, about.stall, about.channels).subquery()
    query = (
        select(NOTICE, NOTICE_BODY.c.memo, NOTICE_BODY.c.payer_name, NOTICE_BODY.c.payer_account)
        .join(mine, mine.c[0] == NOTICE.c.id)
        .outerjoin(NOTICE_BODY, NOTICE_BODY.c.notice_id == NOTICE.c.id)
        .order_by(NOTICE.c.id)
    )
    for row in read(session, query):
        name, memo = row["payer_name"] or "", row["memo"] or ""
        yield {**row, "payer": masked(name), "memo": masked_memo(memo, name, row["payer_account"] or "")}


def _closings(session: Session, about: Whose) -> Iterator[Row]:
    query = select(CLOSING).where(CLOSING.c.market_id == about.stall.market_id)
    for row in read(session, query.order_by(CLOSING.c.month, CLOSING.c.version)):
        count = json.loads(row["document"])["stalls"].get(about.stall.code)
        if count is not None:
            yield {**row, "transactions": count}


_NOTICE_HEADINGS = {
    "id": "Báo có số",
    "local_date": "Ngày",
    "at": "Giờ ngân hàng ghi",
    "received_at": "Máy nhận lúc",
    "feed": "Tới bằng",
    "direction": "Chiều",
    "amount": "Số tiền",
    "bank": "Ngân hàng",
    "account_number": "Tài khoản",
    "virtual_account": "Tài khoản ảo",
    "bank_reference": "Mã của ngân hàng",
    "status": "Tình trạng",
    "same_as": "Trùng với báo có số",
    "memo": "Nội dung",
    "payer": "Người chuyển",
}
SECTIONS: Final = (
    Section(
        "entries",
        "10-but-toan.csv",
        "Sổ: từng bút toán, với số tiền ở bốn cột",
        ("book", "entry", "posting", "entry_note"),
        {
            "number": "Số",
            "kind": "Loại",
            "booked_on": "Ngày",
            "occurred_at": "Lúc",
            "recorded_at": "Ghi lúc",
            "bank": "Ngân hàng",
            "cash": "Tiền mặt",
            "sales": "Bán hàng",
            "other": "Khác",
            "concerns": "Sửa bút toán số",
            "confirms": "Là khoản số",
            "notice": "Báo có số",
            "login": "Người ghi",
            "note": "Lời ghi",
            "hash": "Dấu",
        },
        asked(_entries),
    ),
    Section(
        "notices",
        "11-bao-co.csv",
        "Những gì ngân hàng báo về tài khoản của sạp",
        ("notice", "notice_body"),
        _NOTICE_HEADINGS,
        _notices,
    ),
    Section(
        "days",
        "12-tung-ngay.csv",
        "Tổng từng ngày, máy cộng từ sổ",
        ("day_total",),
        {
            "booked_on": "Ngày",
            "cashless_count": "Lượt chuyển khoản",
            "cashless_sum": "Tiền chuyển khoản",
            "typed_sum": "Chuyển khoản ghi tay",
            "cash_sum": "Tiền mặt",
        },
        of_book(DAY_TOTAL.c.book_id),
    ),
    Section(
        "cash_counts",
        "13-dem-tien-mat.csv",
        "Mỗi lần đếm tiền mặt",
        ("cash_count",),
        {
            "day": "Ngày",
            "version": "Lần",
            "counted": "Đếm được",
            "float": "Tiền lẻ đầu ngày",
            "expected": "Theo sổ",
            "at_number": "Đến bút toán số",
            "recorded_at": "Ghi lúc",
        },
        of_book(CASH_COUNT.c.book_id),
    ),
    Section(
        "seals",
        "14-dau-so.csv",
        "Dấu sổ đã công bố từng ngày",
        ("seal",),
        {"day": "Ngày", "number": "Đến bút toán số", "head": "Dấu", "published_at": "Công bố lúc"},
        of_book(SEAL.c.book_id),
    ),
    Section(
        "closings",
        "15-chot-thang.csv",
        "Số lượt của sạp trong mỗi lần chợ chốt tháng",
        ("closing",),
        {"month": "Tháng", "version": "Bản", "closed_at": "Chốt lúc", "transactions": "Số lượt"},
        _closings,
    ),
)
