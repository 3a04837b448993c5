"""Every bank's export as public importers describe it: the bank, the account and each column are recognised, and money
in is money in. The files are made here, of made-up movements."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from ledger.inbox.statements.file import read_sheets
from ledger.inbox.statements.statement import Statement, read_statement
from tests.statement_files import Rows, as_csv, as_xlsx

SAVED: dict[str, Callable[[Rows], bytes]] = {"csv": as_csv, "xlsx": as_xlsx}


@dataclass(frozen=True)
class Export:
    """One bank's file, and what it says: direction, amount, day, reference of each movement."""

    bin: str
    account: str
    rows: list[list[Any]]
    said: list[tuple[str, int, date, str]]


NOV_3 = date(2026, 11, 3)
NOV_14 = date(2026, 11, 14)

VIETCOMBANK = Export(
    "970436",
    "0123499999",
    [
        ["NGÂN HÀNG TMCP NGOẠI THƯƠNG VIỆT NAM (VIETCOMBANK)"],
        ["SAO KÊ TÀI KHOẢN"],
        ["Số tài khoản:", "0123499999"],
        ["Loại tiền:", "VND"],
        ["Từ ngày:", "01/11/2026", "Đến ngày:", "30/11/2026"],
        [],
        ["Ngày giao dịch", "Số tham chiếu", "Số tiền ghi có", "Số tiền ghi nợ", "Số dư", "Mô tả"],
        ["03/11/2026", "5078 - 12345", "50,000", "", "1,050,000", "mua ca"],
        ["14/11/2026", "5078 - 12346", "", "20,000", "1,030,000", "tra tien"],
        ["Tổng số", "", "50,000", "20,000", "", ""],
    ],
    [("in", 50_000, NOV_3, "5078 - 12345"), ("out", 20_000, NOV_14, "5078 - 12346")],
)
CASHUP = Export(
    "970436",
    "0011001932418",
    [
        ["VCB CASHUP"],
        ["SAO KÊ TÀI KHOẢN\nSTATEMENT OF ACCOUNT"],
        ["Số tài khoản/ Account number:", "", "0011001932418"],
        ["Ngày thực hiện/ Date:", "30/11/2026"],
        [
            "STT\nNo.",
            "Ngày GD/ TNX Date\nSố CT/ Doc No",
            "Số tiền ghi nợ/\nDebit",
            "Số tiền ghi có/\nCredit",
            "Số dư/\nBalance",
            "Nội dung chi tiết/\nTransactions in detail",
        ],
        ["", "", "", "Số dư đầu kỳ/ Opening balance", "1,000,000", ""],
        ["1", "03/11/2026\n5243.65937", "", "50,000", "1,050,000", "MBVCB.4525077405.mua ca.CT tu 01 toi 02"],
        ["2", "14/11/2026\n5267.80568", "20,000", "", "1,030,000", "MBVCB.4525077406.tra tien"],
        ["Tổng số/ Total", "", "20,000", "50,000", "", ""],
    ],
    [("in", 50_000, NOV_3, "5243.65937"), ("out", 20_000, NOV_14, "5267.80568")],
)
MB = Export(
    "970422",
    "0888800002",
    [
        ["NGÂN HÀNG TMCP QUÂN ĐỘI"],
        ["SAO KÊ CHI TIẾT TÀI KHOẢN"],
        ["Tài khoản/Account No: 0888800002 - VND"],
        [
            "Ngày hạch toán\nPosting date",
            "Phát sinh nợ\nDebit",
            "Phát sinh có\nCredit",
            "Số dư\nBalance",
            "Nội dung\nDescription",
        ],
        ["03/11/2026", "0", "50,000", "1,050,000", "mua gao"],
        ["14/11/2026", "20,000", "0", "1,030,000", "tra tien"],
        ["", "20,000", "50,000", "", ""],
    ],
    [("in", 50_000, NOV_3, ""), ("out", 20_000, NOV_14, "")],
)
TECHCOMBANK = Export(
    "970407",
    "19035202517013",
    [
        ["TECHCOMBANK"],
        ["Số tài khoản/Account number", "19035202517013"],
        *[["" for _ in range(3)] for _ in range(14)],
        [
            "Ngày yêu cầu giao dịch/Requesting date",
            "Ngày giao dịch/Transaction date",
            "Số tham chiếu/Reference number",
            "Ngân hàng đối tác/Remitter bank",
            "Tài khoản đối tác/Remitter account number",
            "Tên tài khoản đối tác/Remitter account name",
            "Diễn giải/Description",
            "Nợ/Debit",
            "Có/Credit",
            "Phí/Fee",
            "Thuế/VAT",
            "Số dư/Balance",
        ],
        [
            "02/11/2026",
            "03/11/2026",
            "FT25331141130003",
            "MB",
            "0999",
            "TRAN B",
            "mua ca",
            "",
            "50,000",
            "",
            "",
            "1,050,000",
        ],
        [
            "14/11/2026",
            "14/11/2026",
            "FT25331141130004",
            "VCB",
            "",
            "",
            "tra",
            "-20,000",
            "",
            "-1,000",
            "-100",
            "1,028,900",
        ],
    ],
    [("in", 50_000, NOV_3, "FT25331141130003"), ("out", 20_000, NOV_14, "FT25331141130004")],
)
BIDV = Export(
    "970418",
    "8851234567",
    [
        ["NGÂN HÀNG TMCP ĐẦU TƯ VÀ PHÁT TRIỂN VIỆT NAM"],
        ["BÁO CÁO CHI TIẾT SỐ DƯ TÀI KHOẢN"],
        ["Số tài khoản cũ: 12310000999999", "", "Số tài khoản: 8851234567"],
        ["STT", "Ngày hiệu lực", "Ghi nợ", "Ghi có", "Số dư", "Mô tả"],
        ["1", "03/11/2026 08:15:30", "", "50,000.00", "1,050,000.00", "mua ca"],
        ["2", "14/11/2026 09:00:00", "20,000.00", "", "1,030,000.00", "tra tien"],
        ["", "Cộng phát sinh", "20,000.00", "50,000.00", "", ""],
    ],
    [("in", 50_000, NOV_3, ""), ("out", 20_000, NOV_14, "")],
)
VIETINBANK = Export(
    "970415",
    "112233445566",
    [
        ["LỊCH SỬ GIAO DỊCH - TRANSACTION HISTORY"],
        ["Số tài khoản/ Account No", "112233445566", "Loại tiền/ Currency", "VND"],
        [
            "Ngày phát sinh/ Transaction date",
            "Mô tả giao dịch/ Transaction description",
            "Nợ/ Debit",
            "Có / Credit",
            "Số dư TK / Account balance",
            "transactionNumber",
            "corresponsiveAccount",
            "corresponsiveName",
        ],
        ["03-11-2026 08:15:30", "mua ca", "", "50.000", "1.050.000", "901S26B0K1", "0999", "TRAN B"],
        ["14-11-2026 08:15:30", "tra tien", "20.000", "", "1.030.000", "901S26B0K2", "", ""],
    ],
    [("in", 50_000, NOV_3, "901S26B0K1"), ("out", 20_000, NOV_14, "901S26B0K2")],
)
TPBANK = Export(
    "970423",
    "00012345001",
    [
        ["TPBank - NGÂN HÀNG TMCP TIÊN PHONG"],
        *[[""] for _ in range(4)],
        ["Số tài khoản: 00012345001"],
        [""],
        ["STT", "Ngày giao dịch", "Mã giao dịch", "Nội dung giao dịch", "Ghi nợ", "Ghi có", "Số dư"],
        ["1", "03/11/2026", "IB01", "mua ca", "", "50,000 VND", "1,050,000 VND"],
        ["2", "14/11/2026", "IB02", "tra tien", "20,000 VND", "", "1,030,000 VND"],
    ],
    [("in", 50_000, NOV_3, "IB01"), ("out", 20_000, NOV_14, "IB02")],
)
EXPORTS = {
    "Vietcombank": VIETCOMBANK,
    "CashUp": CASHUP,
    "MB": MB,
    "Techcombank": TECHCOMBANK,
    "BIDV": BIDV,
    "VietinBank": VIETINBANK,
    "TPBank": TPBANK,
}


def understood(content: bytes) -> Statement:
    return read_statement(read_sheets(content, "sao-ke"), "sao-ke")


@pytest.mark.parametrize("saved", SAVED)
@pytest.mark.parametrize("bank", EXPORTS)
def test_the_bank_the_account_and_every_movement_are_read(bank: str, saved: str) -> None:
    export = EXPORTS[bank]
    statement = understood(SAVED[saved](export.rows))
    assert statement.problems == []
    assert (statement.bank, statement.accounts) == (export.bin, [export.account])
    said = [line.notice for line in statement.lines]
    assert [(n.direction, n.amount, n.local_date, n.bank_reference) for n in said] == export.said
    assert {notice.account_number for notice in said} == {export.account}
    assert (statement.total_in, statement.total_out) == (50_000, 20_000)
    assert (statement.first, statement.last) == (NOV_3, NOV_14)


@pytest.mark.parametrize("bank", EXPORTS)
def test_csv_and_xlsx_of_one_statement_give_the_same_event_ids(bank: str) -> None:
    of_csv, of_xlsx = (understood(save(EXPORTS[bank].rows)) for save in SAVED.values())
    assert [line.notice for line in of_csv.lines] == [line.notice for line in of_xlsx.lines]


def test_a_day_after_the_transfer_is_not_taken_for_its_day() -> None:
    """A webhook tells the day of the transfer; a line with the day of posting could not be found to be its twin."""
    rows = [
        ["NGÂN HÀNG TMCP QUÂN ĐỘI"],
        ["Account No: 0888800002"],
        [
            "Ngày hạch toán/ Posting date",
            "Ngày giao dịch/ Transaction date",
            "Phát sinh nợ",
            "Phát sinh có",
            "Nội dung",
        ],
        ["16/11/2026", "14/11/2026 23:50:00", "", "50,000", "mua gao"],
    ]
    assert understood(as_csv(rows)).first == NOV_14


def test_a_payer_and_a_memo_are_read_where_they_are_told() -> None:
    notice = understood(as_xlsx(TECHCOMBANK.rows)).lines[0].notice
    assert (notice.payer_name, notice.payer_account, notice.memo) == ("TRAN B", "0999", "mua ca")


def test_the_name_of_another_bank_in_a_memo_is_not_the_statements_bank() -> None:
    rows = [*VIETCOMBANK.rows[2:8], ["14/11/2026", "1", "1,000", "", "", "CT tu TECHCOMBANK qua BIDV"]]
    assert understood(as_csv(rows)).bank == ""


def test_two_banks_above_the_table_name_none() -> None:
    assert understood(as_csv([["Gửi TECHCOMBANK"], *VIETCOMBANK.rows])).bank == ""
