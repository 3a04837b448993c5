"""The sections of a copy that tell of the stall itself: who holds it, where its money goes, what it asked for."""

from typing import Any, Final

from sqlalchemy import Select, func, select

from ledger.books.model import ENTRY
from market.copy_sections import Section, Whose, asked, of_stall
from market.model import CHANNEL
from merchants.model import (
    ACCOUNT_CHANGE,
    BANK_ACCOUNT,
    CODE_PAYMENT,
    CONSENT,
    DELETION_REQUEST,
    HOUSEHOLD,
    PAYMENT_CODE,
    REFERENCE,
    STALL,
)


def _codes(about: Whose) -> Select[Any]:
    first = REFERENCE.alias("first")
    return (
        select(REFERENCE.c.reference, PAYMENT_CODE, first.c.reference.label("rest_of_reference"))
        .outerjoin(PAYMENT_CODE, PAYMENT_CODE.c.id == REFERENCE.c.payment_code_id)
        .outerjoin(first, first.c.payment_code_id == PAYMENT_CODE.c.rest_of)
        .where(REFERENCE.c.stall_id == about.stall.id)
        .order_by(func.coalesce(PAYMENT_CODE.c.id, 0))
    )


def _answers(about: Whose) -> Select[Any]:
    return (
        select(ENTRY.c.number, REFERENCE.c.reference, CODE_PAYMENT)
        .join(ENTRY, ENTRY.c.id == CODE_PAYMENT.c.entry_id)
        .join(REFERENCE, REFERENCE.c.payment_code_id == CODE_PAYMENT.c.payment_code_id)
        .where(ENTRY.c.book_id == about.stall.book_id)
        .order_by(ENTRY.c.number)
    )


SECTIONS: Final = (
    Section(
        "stall",
        "01-sap.csv",
        "Sạp và chủ sạp như đã đăng ký",
        ("stall",),
        {
            "code": "Mã sạp",
            "name": "Tên sạp",
            "category": "Ngành hàng",
            "section": "Dãy",
            "holder": "Chủ sạp",
            "phone": "Điện thoại",
            "status": "Tình trạng",
            "paused_on": "Tạm nghỉ từ",
            "closed_on": "Ngày bán cuối cùng",
            "coded_only": "Chỉ tính khoản mang mã của sạp",
            "created_at": "Đăng ký lúc",
        },
        of_stall(STALL.c.id),
    ),
    Section(
        "household",
        "02-ho-kinh-doanh.csv",
        "Những dòng đứng đầu sổ doanh thu, chủ sạp tự ghi",
        ("household",),
        {"name": "Tên", "address": "Địa chỉ", "tax_code": "Mã số thuế", "place": "Nơi bán", "changed_at": "Ghi lúc"},
        of_stall(HOUSEHOLD.c.stall_id),
    ),
    Section(
        "bank_accounts",
        "03-tai-khoan.csv",
        "Các tài khoản nhận tiền, cũ và mới",
        ("bank_account",),
        {
            "bin": "Mã ngân hàng",
            "number": "Số tài khoản",
            "name": "Tên chủ tài khoản",
            "in_force_from": "Dùng từ",
            "in_force_until": "Dùng đến",
            "heard_at": "Ngân hàng báo lần đầu",
            "printed_at": "In bảng mã lúc",
        },
        of_stall(BANK_ACCOUNT.c.stall_id),
    ),
    Section(
        "account_changes",
        "04-doi-tai-khoan.csv",
        "Mỗi lần xin đổi tài khoản",
        ("account_change",),
        {
            "bin": "Mã ngân hàng",
            "number": "Số tài khoản",
            "name": "Tên chủ tài khoản",
            "asked_at": "Xin lúc",
            "takes_effect": "Hẹn có hiệu lực",
            "stopped_at": "Dừng lúc",
            "done_at": "Có hiệu lực lúc",
        },
        of_stall(ACCOUNT_CHANGE.c.stall_id),
    ),
    Section(
        "payment_codes",
        "05-ma-thu.csv",
        "Mã in trên bảng (không có số tiền) và mã thu từng lần",
        ("reference", "payment_code"),
        {
            "reference": "Mã đối chiếu",
            "amount": "Số tiền",
            "purpose": "Nội dung",
            "created_at": "Làm lúc",
            "expires_at": "Hết hạn lúc",
            "test": "Để thử nối",
            "rest_of_reference": "Thu nốt cho mã",
        },
        asked(_codes),
    ),
    Section(
        "answers",
        "06-tra-theo-ma.csv",
        "Khoản nào trả cho mã thu nào",
        ("code_payment",),
        {
            "number": "Bút toán số",
            "reference": "Mã đối chiếu",
            "verdict": "Đủ hay thiếu",
            "late": "Trả sau khi hết hạn",
            "again": "Mã đã có người trả",
        },
        asked(_answers),
    ),
    Section(
        "consents",
        "07-dong-y.csv",
        "Mỗi lần chủ sạp cho hay thôi cho xem số tiền",
        ("consent",),
        {"given": "Cho", "text_version": "Bản lời hỏi", "at": "Lúc"},
        of_stall(CONSENT.c.stall_id),
    ),
    Section(
        "channels",
        "08-kenh.csv",
        "Kênh báo tiền riêng của sạp",
        ("channel",),
        {
            "provider": "Bên báo",
            "status": "Tình trạng",
            "created_at": "Thêm lúc",
            "last_heard_at": "Báo lần cuối",
            "polled_at": "Hỏi lần cuối",
        },
        of_stall(CHANNEL.c.stall_id),
    ),
    Section(
        "deletion_requests",
        "09-xin-xoa.csv",
        "Mỗi lần xin xoá dữ liệu",
        ("deletion_request",),
        {"asked_at": "Xin lúc", "withdrawn_at": "Rút lại lúc", "done_at": "Xoá lúc"},
        of_stall(DELETION_REQUEST.c.stall_id),
    ),
)
