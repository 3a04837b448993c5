"""The sections of a copy that tell of the people of a stall: how they sign in, and what the audit trail says."""

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Select, and_, or_, select
from sqlmodel import Session

from market.access.model import API_TOKEN, AUDIT, DEVICE, ENROLMENT, PASSKEY
from market.copy_sections import Row, Section, Whose, asked, of_logins, of_stall, read
from market.model import LOGIN, ROLE_GRANT, SESSION


def _logins(about: Whose) -> Select[Any]:
    return select(LOGIN).where(LOGIN.c.id.in_(about.logins)).order_by(LOGIN.c.id)


def _roles(about: Whose) -> Select[Any]:
    return (
        select(LOGIN.c.name.label("login"), ROLE_GRANT)
        .join(LOGIN, LOGIN.c.id == ROLE_GRANT.c.login_id)
        .where(ROLE_GRANT.c.stall_id == about.stall.id)
        .order_by(ROLE_GRANT.c.id)
    )


def _audit(session: Session, about: Whose) -> Iterator[Row]:
    named = [
        AUDIT.c.about.contains(f'"login":{login_id}{end}', autoescape=True)
        for login_id in about.logins
        for end in (",", "}")
    ]
    query = (
        select(AUDIT, DEVICE.c.name.label("device"))
        .outerjoin(DEVICE, and_(DEVICE.c.id == AUDIT.c.device_id, DEVICE.c.login_id.in_(about.logins)))
        .where(
            AUDIT.c.market_id == about.stall.market_id,
            or_(AUDIT.c.stall_id == about.stall.id, AUDIT.c.login_id.in_(about.logins), *named),
        )
        .order_by(AUDIT.c.id)
    )
    for row in read(session, query):
        said = json.loads(row["about"])
        if row["login_id"] is not None:
            # Whoever of the market it was is another person.
            who = about.logins.get(row["login_id"], "người của chợ")
        else:
            who = "máy chủ" if row["token_id"] is None else f"chương trình, khoá số {row['token_id']}"
        yield {
            "at": row["at"],
            "who": who,
            "device": row["device"],
            "act": row["act"],
            "what": about.told(row["act"], said, about.logins.get(said.get("login"))),
        }


SECTIONS: Final = (
    Section(
        "logins",
        "16-dang-nhap.csv",
        "Tên đăng nhập của chủ sạp và người phụ bán",
        ("login",),
        {"name": "Tên đăng nhập", "language": "Tiếng", "created_at": "Thêm lúc", "ended_at": "Thôi lúc"},
        asked(_logins),
    ),
    Section(
        "roles",
        "17-vai.csv",
        "Ai là gì ở sạp, từ lúc nào đến lúc nào",
        ("role_grant",),
        {"login": "Tên đăng nhập", "role": "Vai", "granted_at": "Từ", "revoked_at": "Đến"},
        asked(_roles),
    ),
    Section(
        "phones",
        "18-dien-thoai.csv",
        "Điện thoại đã nhận vào dùng",
        ("device",),
        {
            "login": "Tên đăng nhập",
            "name": "Máy",
            "enrolled_at": "Nhận lúc",
            "seen_at": "Dùng lần cuối",
            "revoked_at": "Bỏ lúc",
        },
        of_logins(DEVICE.c.login_id),
    ),
    Section(
        "passkeys",
        "19-khoa-dang-nhap.csv",
        "Khoá đăng nhập (vân tay, khuôn mặt) đã thêm; chính khoá nằm ở máy",
        ("passkey",),
        {
            "login": "Tên đăng nhập",
            "name": "Khoá",
            "rp_id": "Cho trang",
            "added_at": "Thêm lúc",
            "used_at": "Dùng lần cuối",
        },
        of_logins(PASSKEY.c.login_id),
    ),
    Section(
        "sessions",
        "20-dang-mo.csv",
        "Những nơi đang đăng nhập",
        ("session",),
        {"login": "Tên đăng nhập", "created_at": "Vào lúc", "seen_at": "Dùng lần cuối"},
        of_logins(SESSION.c.login_id),
    ),
    Section(
        "enrolments",
        "21-ma-nhan-may.csv",
        "Mã nhận máy đã làm (không có chính mã, máy không giữ)",
        ("enrolment",),
        {"login": "Tên đăng nhập", "made_at": "Làm lúc", "expires_at": "Hết hạn lúc", "used_at": "Dùng lúc"},
        of_logins(ENROLMENT.c.login_id),
    ),
    Section(
        "tokens",
        "22-khoa-chuong-trinh.csv",
        "Khoá cho chương trình khác đọc sổ của sạp",
        ("api_token",),
        {"id": "Khoá số", "role": "Vai", "made_at": "Làm lúc", "used_at": "Dùng lần cuối", "revoked_at": "Bỏ lúc"},
        of_stall(API_TOKEN.c.stall_id),
    ),
    Section(
        "audit",
        "23-nhat-ky.csv",
        "Nhật ký: ai làm hay xem gì về sạp",
        ("audit",),
        {"at": "Lúc", "who": "Ai", "device": "Trên máy", "act": "Tên việc", "what": "Việc"},
        _audit,
    ),
)
