"""The audit trail in words: what each act of `market.access.audit` is called on the page, and who did it."""

from collections.abc import Callable, Mapping
from typing import Any

from ledger.refused import Refused
from market.access.audit import ABOUT, Line
from market.web.words import say
from merchants.periods import Period

# Of each kind of act, what a board chooses it by.
KINDS_SAID = {
    "signing_in": "Đăng nhập và máy",
    "people": "Người và vai",
    "stalls": "Sạp",
    "payments": "Khoản thu",
    "channels": "Kênh báo tiền",
    "months": "Chốt tháng và kiểm tra",
    "reading": "Tải về",
    "settings": "Cài đặt",
}
ROLES_SAID = {
    "administrator": "người quản trị",
    "province": "cấp tỉnh",
    "board": "ban quản lý",
    "staff": "nhân viên ban quản lý",
    "stallholder": "chủ sạp",
    "helper": "người phụ bán",
    "auditor": "người kiểm tra",
    "volunteer": "tình nguyện viên",
}
SAID = {
    "sign_in": "Đăng nhập",
    "sign_in_wrong": "Nhập sai mật khẩu của {login}",
    "sign_out_everywhere": "Thoát ra trên mọi máy",
    "password_changed": "Đổi mật khẩu",
    "password_given": "Cho {login} mật khẩu mới",
    "second_factor_on": "Bật mã xác nhận thứ hai",
    "second_factor_off": "Tắt mã xác nhận thứ hai",
    "recovery_codes_made": "Làm mã dự phòng mới",
    "passkey_added": "Thêm khoá vân tay số {passkey}",
    "passkey_removed": "Bỏ khoá vân tay số {passkey}",
    "passkey_refused": "Không nhận khoá vân tay số {passkey} của {login}",
    "passkey_copied": "Không nhận khoá vân tay số {passkey} của {login}, có thể đã bị chép",
    "second_factor_wrong": "Nhập sai mã xác nhận thứ hai của {login}",
    "pin_wrong": "Nhập sai mã PIN",
    "pin_changed": "Đổi mã PIN",
    "enrolment_made": "Làm mã nhận máy cho {login}",
    "device_enrolled": "Nhận máy vào dùng",
    "device_revoked": "Bỏ một máy của {login}",
    "person_added": "Thêm người {login}",
    "role_added": "Cho {login} làm {role}",
    "role_ended": "Thôi cho {login} làm {role}",
    "login_ended": "Cho {login} thôi hẳn",
    "stall_added": "Thêm sạp",
    "stall_changed": "Sửa tên, dãy, ngành hàng hoặc điện thoại của sạp",
    "stall_paused": "Ghi sạp tạm nghỉ",
    "stall_opened": "Ghi sạp bán lại",
    "stall_closed": "Ghi sạp nghỉ hẳn",
    "stalls_imported": "Nhập danh sách, {rows} sạp mới hoặc có sửa",
    "sign_printed": "In bảng mã",
    "account_asked": "Xin đổi tài khoản của sạp",
    "account_stopped": "Dừng việc đổi tài khoản của sạp",
    "account_changed": "Tài khoản mới của sạp có hiệu lực",
    "coded_only_on": "Chỉ tính khoản mang mã của sạp",
    "coded_only_off": "Tính mọi khoản vào tài khoản của sạp",
    "deletion_asked": "Xin xoá dữ liệu của chủ sạp",
    "deletion_withdrawn": "Rút lại việc xin xoá dữ liệu",
    "stall_forgotten": "Xoá tên, điện thoại, số tài khoản của chủ sạp",
    "household_changed": "Ghi hoặc xoá đầu sổ doanh thu của sạp",
    "consent_given": "Cho ban quản lý xem số tiền của sạp, theo bản {version}",
    "consent_withdrawn": "Thôi cho ban quản lý xem số tiền của sạp",
    "statement_looked_at": "Xem trước sao kê, {rows} dòng",
    "payments_imported": "Nhập tệp báo tiền, {rows} dòng",
    "statement_layout_learned": "Chỉ cách đọc cột của một loại sao kê",
    "notice_assigned": "Chọn sạp cho báo có {notice}",
    "notice_same": "Ghi báo có là đã báo rồi",
    "notice_another": "Ghi báo có {notice} là một khoản khác",
    "notice_held": "Xem lại {rows} báo có, từ số {notice}: đã báo rồi hay là khoản khác",
    "notice_differs": "Kênh {channel} báo lại báo có {notice} với nội dung khác; sổ giữ lần báo đầu",
    "notice_tried_again": "Cho máy ghi lại báo có {notice}",
    "entry_added": "Ghi tay một khoản bán",
    "entry_reversed": "Huỷ bút toán {entry}",
    "entry_not_sale": "Ghi bút toán {entry} là không phải tiền bán hàng",
    "entry_sale": "Ghi bút toán {entry} lại là tiền bán hàng",
    "entry_confirmed": "Ghi khoản ghi tay {entry} là khoản ngân hàng báo",
    "day_counted": "Chốt sổ một ngày của sạp, bản {version}",
    "channel_added": "Thêm kênh {channel}",
    "channel_on": "Bật kênh {channel}",
    "channel_off": "Tắt kênh {channel}",
    "channel_secret_renewed": "Đổi khoá của kênh {channel}",
    "channel_token_set": "Đặt khoá hỏi lại của kênh {channel}",
    "token_added": "Làm khoá số {token} cho chương trình khác, vai {role}",
    "token_ended": "Bỏ khoá số {token} của chương trình khác",
    "month_closed": "Chốt tháng {month}, bản {version}",
    "ledger_verified": "Kiểm tra sổ, thấy {rows} chỗ sai",
    "report_downloaded": "Tải báo cáo tháng {month}, dạng {format}",
    "revenue_taken": "Lấy sổ doanh thu {report}: {format}",
    "ledger_exported": "Xuất sổ ra tệp",
    "stall_copied": "Tải về mọi dữ liệu của sạp",
    "amounts_seen": "Xem số tiền tháng {month} mà sạp tự cho xem",
    "amounts_downloaded": "Tải số tiền tháng {month} mà sạp tự cho xem, dạng {format}",
    "amounts_exported": "Xuất sổ có số tiền mà sạp tự cho xem",
    "market_added": "Thêm chợ",
    "backup_made": "Sao lưu",
    "backup_restored": "Khôi phục từ bản sao lưu",
}
FORMATS_SAID = {
    "csv": "tệp bảng (CSV)",
    "xlsx": "tệp Excel",
    "pdf": "tệp PDF",
    "json": "cho chương trình khác đọc (JSON)",
    "text": "xem trên máy chủ",
}
PERIODS_SAID = {"month": "tháng {part} năm {year}", "quarter": "quý {part} năm {year}", "year": "năm {year}"}
# Done by somebody who is not known: whoever stands before the door.
BEFORE_THE_DOOR = ("sign_in_wrong", "second_factor_wrong", "passkey_refused", "passkey_copied")


def what(line: Line) -> str:
    """What was done, in the reader's language."""
    return _told(line.act, line.about, line.login, say)


def in_vietnamese(act: str, about: Mapping[str, Any], login: str | None) -> str:
    """What was done, for a file that is kept: in Vietnamese, whoever takes it in whichever language."""
    return _told(act, about, login, lambda text, **values: text.format(**values))


def _told(act: str, about: Mapping[str, Any], login: str | None, word: Callable[..., str]) -> str:
    values: dict[str, object] = dict.fromkeys(ABOUT, "–")
    values |= about
    values["login"] = login or "–"
    values["role"] = word(ROLES_SAID[about["role"]]) if about.get("role") in ROLES_SAID else "–"
    if "format" in about:
        # Several at once are written "pdf+xlsx".
        taken = str(about["format"]).split("+")
        values["format"] = ", ".join(word(FORMATS_SAID[one]) if one in FORMATS_SAID else one for one in taken)
    if "month" in about:
        values["month"] = "/".join(reversed(str(about["month"]).split("-")))
    if act == "revenue_taken" and "report" in about:
        values["report"] = _period(str(about["report"]), word)
    return word(SAID[act], **values)


def _period(text: str, word: Callable[..., str]) -> str:
    try:
        period = Period.parse(text)
    except Refused:
        return text
    return word(PERIODS_SAID[period.kind], part=period.part, year=period.year)


def who(line: Line) -> str:
    """Who did it: a person, a program by its token, or the computer itself."""
    if line.person is not None:
        return line.person
    if line.token is not None:
        return say("Chương trình, khoá số {number}", number=line.token)
    return say("Chưa rõ ai") if line.act in BEFORE_THE_DOOR else say("Máy chủ")
