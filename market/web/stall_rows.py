"""Rows of a stall's phone, told by the bank or typed by a person, and what is said of them."""

import re
from collections.abc import Sequence

from market.web.words import english, say
from merchants.cash import LATE, MONTH_CLOSED, Typed
from merchants.day_closing import SAID
from merchants.incoming import Incoming
from merchants.masking import masked_memo
from merchants.payments import NOT_CODED, TESTED

Row = Incoming | Typed
# A number of an account, or of anything else that a bank writes beside it.
_LONG_NUMBER = re.compile(r"[0-9]{8,}")


def merged(payments: Sequence[Incoming], typed: Sequence[Typed], limit: int) -> list[Row]:
    """The newest of both, as they came into the book, the newest first."""
    rows: list[Row] = [*payments, *typed]
    return sorted(rows, key=lambda row: row.number, reverse=True)[:limit]


def memo_shown(payment: Incoming) -> str:
    """What the payer wrote, without the payer's whole name and without the numbers of accounts.

    >>> from types import SimpleNamespace as Paid
    >>> memo_shown(Paid(memo="NGUYEN THI MAI CK tu 0123456789", payer="NGUYEN THI MAI"))
    'NGUYEN T. M••• CK tu •••6789'
    """
    memo = masked_memo(" ".join(payment.memo.split()), payment.payer, "")
    return _LONG_NUMBER.sub(lambda number: f"•••{number[0][-4:]}", memo)


def called(typed: Typed) -> str:
    """What a typed sale is, where a payment has its payer."""
    if typed.kind == "typed":
        return say("Ghi tay, chưa có ngân hàng báo")
    return say("Tiền mặt quên ghi") if typed.kind == "count" else say("Tiền mặt")


def late_said(typed: Typed) -> str:
    """Why it was told late, empty where it was not."""
    texts = {LATE: "Gửi muộn hơn một ngày", MONTH_CLOSED: "Gửi sau khi ban quản lý chốt tháng"}
    return say(texts[typed.late]) if typed.late in texts else ""


# What a count of the drawer found, by the word of its answer.
FOUND_SAID = {
    "forgotten": "Bán mà quên ghi",
    "put_in": "Tiền khác bỏ vào",
    "taken_out": "Lấy ra chi việc khác",
    "lost": "Thiếu, không rõ vì sao",
    "open": "Chốt lại sổ",
}


def reason_said(why: str) -> str:
    """The reason of a correction or a count in the reader's language, where it is one of ours."""
    for name, (_, noted) in SAID.items():
        if why == noted:
            return say(FOUND_SAID[name])
    if why == TESTED:
        return say("Lần thử nối ngân hàng")
    if why == NOT_CODED:
        return say("Không mang mã của sạp")
    return say(why) if why in english() else why
