"""What a bank statement's columns mean and what is wrong with it, in the reader's language; the command line says the
same in English."""

from ledger.inbox.statements.section import LineProblem
from ledger.refused import Problem
from market.web.words import say


def meaning_name(meaning: str) -> str:
    """What a column means, as a page says it."""
    return say(MEANINGS[meaning])


def in_words(problem: Problem) -> str:
    """One problem of a file or of a line, ending with its mend."""
    return say(PROBLEMS[problem.kind], value=problem.value if isinstance(problem, LineProblem) else "")


MEANINGS = {
    "date": "Ngày",
    "credit": "Tiền vào (ghi có)",
    "debit": "Tiền ra (ghi nợ)",
    "amount": "Số tiền, tiền ra có dấu trừ",
    "reference": "Mã của ngân hàng",
    "memo": "Nội dung",
    "account": "Số tài khoản của sạp",
    "balance": "Số dư",
    "payer_name": "Tên người chuyển",
    "payer_account": "Tài khoản người chuyển",
}
# By the kind of `ledger.refused.Problem`, as the readers of statements and market.statements name it.
PROBLEMS = {
    "large": "Tệp lớn quá. Tải từng tháng một.",
    "empty": "Tệp trống. Tải lại từ ngân hàng.",
    "xls": "Đây là trang web mang tên tệp Excel. Mở bằng Excel, lưu thành .xlsx rồi chọn tệp ấy.",
    "pdf": "Đây là tệp PDF. Tải sao kê dạng Excel hoặc CSV từ app hay trang của ngân hàng.",
    "damaged": "Không mở được tệp Excel này. Tải lại, hoặc mở ra, bỏ mật khẩu nếu có, rồi lưu thành .xlsx.",
    "no_csv": "Không đọc được tệp CSV này. Tải lại từ ngân hàng.",
    "no_text": "Không đọc được chữ trong tệp. Tải lại, hoặc lưu thành .xlsx.",
    "currency": "Tài khoản này không phải tiền đồng. Chỉ nạp được sao kê tiền đồng.",
    "account": "Tệp không ghi số tài khoản. Ghi số tài khoản, hoặc mã sạp.",
    "other_account": "Tệp có ghi tài khoản, và là tài khoản khác. Xoá ô này, hoặc chọn tệp khác.",
    "zeros": "Số tài khoản trong tệp thiếu số 0 ở đầu nên không khớp sạp nào. Ghi đủ số tài khoản, hoặc mã sạp.",
    "other_export": "Những ngày này đã nạp từ một kiểu tệp khác, nên không biết dòng nào trùng dòng nào. "
    "Tải đúng kiểu tệp như lần trước, hoặc chỉ tải những ngày sau đó.",
    "off": "Việc nạp sao kê của chợ đang tắt. Nhờ người trông máy bật lại.",
    "not_dong": "“{value}” không phải số tiền. Phải là số đồng, như 50.000.",
    "date_for_amount": "“{value}” là ngày, không phải số tiền. Tải lại tệp từ ngân hàng.",
    "shortened": "“{value}” đã bị bảng tính viết gọn. Tải lại tệp từ ngân hàng, đừng lưu lại.",
    "too_much": "“{value}” lớn hơn mọi khoản tiền. Tải lại tệp từ ngân hàng.",
    "not_day": "“{value}” không phải ngày. Ghi như 24/11/2026.",
    "no_day": "Có tiền mà không có ngày. Ghi ngày, hoặc bỏ dòng này nếu là dòng cộng.",
    "both_ways": "Vừa có tiền vào vừa có tiền ra. Mỗi dòng chỉ một khoản.",
    "not_account": "“{value}” không phải số tài khoản. Tải lại tệp từ ngân hàng.",
    "turned": "Bảng tính đã đổi chỗ ngày và tháng ở một số dòng. Tải lại tệp từ ngân hàng, đừng lưu lại.",
    "not_yet": "Ngày {value} chưa tới. Ngày đứng trước, tháng đứng sau.",
}
