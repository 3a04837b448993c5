"""Everything the program holds of a stall and its people as one ZIP: a page to read first, a CSV for each subject that
opens in a spreadsheet, and all of it once more as one JSON document for programs.

It is written row by row: a stall of many years takes no more memory than one of a day. Secrets are not in it, and of
what only proves who somebody is (passwords, PINs, codes) the program holds digests alone.
"""

import csv
import io
import json
import tempfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlmodel import Session

from ledger.days import HO_CHI_MINH, stamp
from market import copy_books, copy_people, copy_stall
from market.copy_sections import Section, Told, Whose, whose
from market.report_files import plain
from merchants.stalls import StallRow

SECTIONS: Final = (*copy_stall.SECTIONS, *copy_books.SECTIONS, *copy_people.SECTIONS)
# Tables that tell of no stall and nobody at a stall, or only of what stands in a section already.
LEFT_OUT: Final = {
    "market": "the market's own",
    "statement_layout": "how the board said that a bank's files are read",
    "notice_try": "tries at booking a notice; the notice is in notices",
    "passkey_challenge": "what a passkey was asked, for five minutes at most",
    "api_write": "answers kept for a day, of codes and sales that stand in payment_codes and entries",
}
README, DOCUMENT = "doc-truoc.txt", "du-lieu.json"
# What stands in a column, for people.
_WORDS: Final = {
    "payment": "khách chuyển khoản",
    "cash": "tiền mặt",
    "typed": "chuyển khoản ghi tay",
    "count": "đếm tiền mặt",
    "not_sale": "không phải tiền bán hàng",
    "sale": "lại là tiền bán hàng",
    "reversal": "hoàn lại",
    "exact": "đủ",
    "short": "thiếu",
    "over": "thừa",
    "in": "vào",
    "out": "ra",
    "hook": "báo ngay",
    "poll": "hỏi lại",
    "statement": "sao kê",
    "pending": "chờ ghi",
    "recorded": "đã ghi sổ",
    "unmatched": "chưa rõ của sạp nào",
    "held": "chờ xem có trùng không",
    "duplicate": "trùng",
    "ignored": "không ghi",
    "parked": "máy không ghi được",
    "open": "đang bán",
    "paused": "tạm nghỉ",
    "closed": "nghỉ hẳn",
    "on": "đang bật",
    "off": "đã tắt",
    "stallholder": "chủ sạp",
    "helper": "người phụ bán",
}
_IN_WORDS: Final = frozenset({"kind", "verdict", "direction", "feed", "status", "role"})


def write_copy(session: Session, stall: StallRow, file: IO[bytes], *, told: Told, now: datetime) -> int:
    """Write the ZIP into `file`, which can be sought in, and give how many rows are in it. `told` says a
    line of the audit trail in Vietnamese words."""
    about = whose(session, stall, told)
    counts: dict[str, int] = {}
    with (
        ZipFile(file, "w", ZIP_DEFLATED) as archive,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as document,
    ):
        document.write(f'{{"stall_code":{json.dumps(stall.code)},"made_at":"{stamp(now)}"')
        for section in SECTIONS:
            document.write(f',\n"{section.key}":[')
            counts[section.key] = _write(session, about, section, archive, document, now)
            document.write("]")
        document.write("}\n")
        document.seek(0)
        with archive.open(_entry(DOCUMENT, now), "w", force_zip64=True) as kept:
            while piece := document.read(1 << 16):
                kept.write(piece.encode())
        archive.writestr(_entry(README, now), "\ufeff" + _readme(stall, counts, now))
    return sum(counts.values())


def _entry(name: str, now: datetime) -> ZipInfo:
    entry = ZipInfo(name, now.astimezone(HO_CHI_MINH).timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _write(session: Session, about: Whose, section: Section, archive: ZipFile, document: IO[str], now: datetime) -> int:
    """One section into its CSV (UTF-8 with BOM, CRLF) and into the document; gives its rows."""
    count = 0
    with (
        archive.open(_entry(section.file, now), "w", force_zip64=True) as kept,
        io.TextIOWrapper(kept, "utf-8-sig", newline="") as text,
    ):
        rows = csv.writer(text)
        rows.writerow(section.headings.values())
        for row in section.rows(session, about):
            told = {key: row[key] for key in section.headings}
            rows.writerow([_cell(key, value) for key, value in told.items()])
            document.write(",\n" if count else "\n")
            document.write(json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_value))
            count += 1
    return count


def _value(value: Any) -> str:
    """Moments in UTC, days as they are."""
    if isinstance(value, datetime):
        return stamp(value)
    assert isinstance(value, date)
    return value.isoformat()


def _cell(key: str, value: Any) -> str | int:
    """As people read it: moments in Vietnam's time, words for what is one of few."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return f"{value.astimezone(HO_CHI_MINH):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    said = str(value)
    if key in _IN_WORDS:
        return _WORDS.get(said, said)
    # A spreadsheet would take the zeros before a number for nothing, and round a long one.
    if said.isascii() and said.isdigit() and (said[0] == "0" or len(said) > 15):
        return f"'{said}"
    return plain(said)


def _readme(stall: StallRow, counts: Mapping[str, int], now: datetime) -> str:
    files = "\r\n".join(f"  {section.file}: {section.title} ({counts[section.key]} dòng)" for section in SECTIONS)
    lines = (
        f"MỌI DỮ LIỆU CỦA SẠP {stall.code}",
        "",
        f"Lấy ra lúc {now.astimezone(HO_CHI_MINH):%H:%M ngày %d/%m/%Y}. Giữ tệp này như giữ sổ: trong đó có số tiền,",
        "số tài khoản và số điện thoại của sạp.",
        "",
        "Các tệp .csv mở bằng bảng tính (Excel, LibreOffice, Google Trang tính):",
        "",
        files,
        "",
        f"Tệp {DOCUMENT} có cùng những dòng ấy, dành cho máy đọc.",
        "",
        "Tiền tính bằng đồng. Ngày giờ trong tệp .csv là giờ Việt Nam, trong tệp .json là giờ UTC. Trong sổ, mỗi bút",
        "toán có số cộng và số trừ ở bốn cột, cộng lại bằng 0: bán được 50000 thì cột Bán hàng là -50000. Số bắt đầu",
        "bằng 0 có dấu ' đứng trước để bảng tính không bỏ mất số 0.",
        "",
        "Không có trong tệp:",
        "  Tên và số tài khoản đầy đủ của người chuyển tiền: họ là người khác, nên chỉ hiện một phần như trên điện",
        "  thoại của sạp. Lời họ ghi khi chuyển tiền được giữ một thời gian rồi xoá.",
        "  Mã PIN, mật khẩu, mã nhận máy: chương trình chỉ giữ dấu của chúng, không ai đọc lại được.",
        "  Tên người của ban quản lý trong nhật ký: ghi là người của chợ.",
        "",
    )
    return "\r\n".join(lines)
