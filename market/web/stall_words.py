"""What is wrong with a stall's form or file, in the reader's language; the command line says the same in English."""

from collections.abc import Iterable

from ledger.refused import Problem
from market.web.words import say
from merchants.stall_check import LONGEST

LOOK_ALIKE = "Có chữ nước khác trông như chữ mình, ví dụ chữ a của tiếng Nga. Xoá đi, gõ lại bằng tay."


def field_name(name: str) -> str:
    """What a field is called on a page."""
    names = {
        "code": "Mã sạp",
        "name": "Tên sạp",
        "category": "Ngành hàng",
        "section": "Dãy",
        "holder": "Chủ sạp",
        "phone": "Điện thoại",
        "bank": "Ngân hàng",
        "account_number": "Số tài khoản",
        "account_name": "Tên chủ tài khoản",
    }
    return say(names[name])


def in_words(problem: Problem) -> str:
    """One problem, ending with its mend."""
    if problem.kind == "long":
        return say("Dài quá, nhiều nhất {most} chữ. Viết ngắn lại.", most=LONGEST.get(problem.field or "", 60))
    if problem.kind == "empty":
        return say("Còn trống. Ghi vào đây.")
    return say(_TEXTS[problem.kind])


def by_field(problems: Iterable[Problem]) -> dict[str, str]:
    """The first problem of each field, in the reader's language."""
    errors: dict[str, str] = {}
    for problem in problems:
        errors.setdefault(problem.field or "", in_words(problem))
    return errors


_TEXTS = {
    "unprintable": "Có ký tự không in được. Gõ lại bằng tay.",
    "look_alike": LOOK_ALIKE,
    "code": "Mã sạp gồm chữ và số, ở giữa có thể có dấu - hoặc dấu chấm, ví dụ C-17.",
    "phone": "Chưa phải số điện thoại. Ghi như 0905123456, hoặc để trống.",
    "bank": "Không rõ ngân hàng nào. Chọn trong danh sách gợi ý, hoặc ghi mã như VCB.",
    "account_number": "Chưa phải số tài khoản. Ghi từ 1 đến 19 chữ và số như trong app ngân hàng.",
    "card": "Đây là số in trên thẻ. Ghi số tài khoản như trong app ngân hàng.",
    "shared": "Đây là tài khoản của sạp khác. Chỉ ban quản lý ghi thêm được sạp dùng chung tài khoản.",
    "same": "Đây là tài khoản sạp đang dùng. Ghi tài khoản khác.",
    "twice": "Mã này đã có ở một dòng phía trên. Mỗi sạp một mã.",
    "taken": "Mã này đã có sạp dùng. Chọn mã khác.",
    "forgotten": "Sạp này đã xoá theo ý chủ sạp. Bỏ dòng này đi, hoặc đăng ký bằng mã mới.",
    "respelled": "Mã này đã đăng ký với chữ hoa, chữ thường khác. Ghi đúng như đã đăng ký.",
    "account_change": "Khác tài khoản đã đăng ký. Nhập danh sách không đổi được tài khoản của sạp.",
    "cells": "Số ô không khớp với dòng đầu. Ô nào có dấu phẩy thì để trong dấu ngoặc kép.",
    "too_many": "Nhiều sạp quá, một tệp chỉ chứa danh sách của một chợ.",
    "no_rows": "Tệp trống. Dòng đầu phải là tên các cột như trong mẫu.",
    "no_column": "Thiếu cột. Dòng đầu phải có đủ tên các cột như trong mẫu.",
    "column_twice": "Có cột đứng hai lần ở dòng đầu. Giữ lại một.",
    "no_csv": "Không phải tệp CSV. Trong bảng tính, chọn lưu thành CSV UTF-8.",
    "no_workbook": "Không đọc được bảng tính này. Trong bảng tính, chọn lưu thành CSV UTF-8.",
    "number": "Ô này là số nên có thể mất số 0 đứng đầu. Trong bảng tính đổi cả cột sang Văn bản (Text), rồi gõ lại.",
    "date": "Bảng tính đã đổi ô này thành ngày. Đổi cả cột sang Văn bản (Text), rồi gõ lại.",
    "beside": "Có chữ nằm ngoài bảng, bên phải. Xoá đi.",
    "too_large": "Tệp lớn quá, không phải danh sách sạp.",
    "not_utf8": "Tệp không phải UTF-8. Trong bảng tính, chọn lưu thành CSV UTF-8.",
}
