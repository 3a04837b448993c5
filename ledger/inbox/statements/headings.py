"""What a column means, told by its heading, in whatever order, language, case and spelling a bank writes it.

Headings are those that public importers of the banks' exports look for; no bank publishes a layout.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

# What a person may map a heading to. `amount` is signed: nothing in a heading says whether it is, so only a person
# maps it.
MEANINGS = (
    "date",
    "credit",
    "debit",
    "amount",
    "reference",
    "memo",
    "account",
    "balance",
    "payer_name",
    "payer_account",
)

# For each meaning groups of names, the better first: of two dates the one of the transfer is the day that other feeds
# tell it on, and only those two can be found to be one payment. The last group is for columns that mean none of these.
_NAMES: dict[str, tuple[str, ...]] = {
    "date": (
        "ngay giao dich|ngay gd|ngay phat sinh|thoi gian giao dich|tnx date|txn date|trans date|transaction date"
        "|transaction time|date time",
        "ngay hach toan|ngay thuc hien|ngay but toan|ngay ghi so|posting date|post date|accounting date|booking date",
        "ngay hieu luc|effective date|value date",
        "ngay|ngay1|thoi gian|date",
    ),
    "credit": (
        "so tien ghi co|so tien co|phat sinh co|ps co|ghi co|tien vao|so tien vao|credit|credit amount|money in"
        "|deposit|deposits",
    ),
    "debit": (
        "so tien ghi no|so tien no|phat sinh no|ps no|ghi no|tien ra|so tien ra|debit|debit amount|money out"
        "|withdrawal|withdrawals",
    ),
    "balance": ("so du|so du tk|so du tai khoan|so du luy ke|balance|account balance|running balance",),
    "reference": (
        "so tham chieu|ma tham chieu|tham chieu|reference|reference no|reference number|ref no",
        "ma giao dich|ma gd|so giao dich|so gd|so but toan|so bt|transaction id|transaction no|transaction number"
        "|transaction code",
        "so ct|so chung tu|doc no|document no",
    ),
    "memo": (
        "noi dung|noi dung chi tiet|noi dung giao dich|mo ta|mo ta giao dich|dien giai|chi tiet giao dich|description"
        "|transaction description|transactions in detail|transaction detail|transaction details|details|narrative"
        "|remark|remarks|ghi chu",
    ),
    "account": ("so tai khoan|so tk|tai khoan|account|account no|account number",),
    "payer_name": (
        "ten tai khoan doi ung|ten tk doi ung|ten doi ung|ten nguoi chuyen|ten nguoi gui|nguoi chuyen|nguoi gui"
        "|ten doi tac|ten tai khoan doi tac|doi tac|corresponsive name|corresponsive account name|remitter name"
        "|remitter account name|remitter|counterparty name|sender|sender name|ten nguoi chuyen nhan",
    ),
    "payer_account": (
        "tai khoan doi ung|so tai khoan doi ung|tk doi ung|so tk doi ung|tai khoan doi tac|so tai khoan doi tac"
        "|tai khoan nguoi chuyen|so tai khoan nguoi chuyen|corresponsive account|corresponsive account number"
        "|remitter account|remitter account number|counterparty account|counter account|sender account"
        "|sender account number",
    ),
    "": (
        "ngan hang|bank|ngan hang doi ung|ngan hang doi tac|ten ngan hang|corresponsive bank|corresponsive bank name"
        "|remitter bank|remitter bank name|phi|phi giao dich|fee|thue|vat|tax|chi nhanh|branch|kenh|channel|loai tien"
        "|currency|loai giao dich|transaction type|nguoi thu huong|beneficiary|beneficiary account|beneficiary name"
        "|credit account|debit account|tai khoan ghi co|tai khoan ghi no|ngay yeu cau|ngay yeu cau giao dich"
        "|requesting date|request date|tu ngay|den ngay|from date|to date|ngay in|print date|printed date|ngay sinh"
        "|so du dau|so du dau ky|so du cuoi|so du cuoi ky|opening balance|closing balance|tong ghi co"
        "|tong ghi no|tong phat sinh co|tong phat sinh no|total credit|total debit|gio|hour"
        "|old account|so tai khoan cu|ten tai khoan|account name",
    ),
}
_KNOWN: dict[tuple[str, ...], tuple[str, int]] = {
    tuple(name.split()): (meaning, rank)
    for meaning, groups in _NAMES.items()
    for rank, group in enumerate(groups)
    for name in group.split("|")
}
_LONGEST = max(map(len, _KNOWN))


def fold(text: str) -> str:
    """Lower case, no diacritics, words of letters and digits with one space between.

    >>> fold("Số tiền ghi có/\\nCredit")
    'so tien ghi co credit'
    """
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join(re.findall("[a-z0-9]+", plain.casefold().replace("đ", "d")))


def normal(heading: str) -> str:
    """A heading as two of them are compared: folded, `transactionNumber` as two words. The Vietnamese words for debit
    and credit become these, for without their marks one is the English "No." and both stand in other words.

    >>> normal("Nợ/ Debit"), normal("STT/ No.")
    ('debit debit', 'stt no')
    """
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFC", heading))
    for word, meant in (("nợ", "debit"), ("có", "credit")):
        split = re.sub(rf"(?i)(?<!\w){word}(?!\w)", meant, split)
    return re.sub(r"\b(?:ghi|phat sinh|ps|so tien) (credit|debit)\b", r"\1", fold(split))


@lru_cache(maxsize=4096)
def meanings(heading: str) -> tuple[tuple[str, int], ...]:
    """What a heading may mean, each with its rank (0 is best): the longest known name in it; a date and a number may
    share a column, as in Vietcombank's "Ngày GD/ Số CT". Empty for a heading that nobody knows."""
    if re.search("[0-9]{3}", heading):
        return ()
    words = tuple(normal(heading).split())
    found: list[tuple[int, int, str, int]] = []
    for start in range(len(words)):
        for length in range(min(_LONGEST, len(words) - start), 0, -1):
            known = _KNOWN.get(words[start : start + length])
            if known is not None:
                found.append((-length, start, *known))
                break
    # A longer name around or beside a shorter one says more than it: "account name" is no "account".
    longest: dict[str, int] = {}
    for _, _, meaning, rank in sorted(found):
        longest.setdefault(meaning, rank)
    if not longest:
        return ()
    first = next(iter(longest))
    if first in ("date", "reference") and {"date", "reference"} <= longest.keys() and "" not in longest:
        return (("date", longest["date"]), ("reference", longest["reference"]))
    return ((first, longest[first]),) if first else ()


def recognise(headings: Sequence[str], said: Mapping[str, str] | None = None) -> dict[str, int]:
    """The column of each meaning; empty where these are no headings of a statement, which has a day and money that came
    in, or lack one of those a person named.

    `said` is meaning → heading as a person mapped it; what was not mapped is recognised all the same. Raises ValueError
    with the meaning that two columns may have as well as each other, where it is of days or money.
    """
    places: dict[str, int] = {}
    for column, heading in enumerate(headings):
        places.setdefault(normal(heading), column)
    columns = {meaning: places.get(normal(heading), -1) for meaning, heading in (said or {}).items()}
    if -1 in columns.values():
        return {}
    known = {"credit", "debit", *columns} if "amount" in columns else set(columns)
    best: dict[str, tuple[int, int]] = {}
    for column, heading in enumerate(headings):
        for meaning, rank in () if column in columns.values() else meanings(heading):
            if meaning not in best or rank < best[meaning][0]:
                best[meaning] = (rank, column)
            elif rank == best[meaning][0] and meaning in ("date", "credit", "debit"):
                best[meaning] = (rank, -1)
    columns |= {meaning: column for meaning, (_, column) in best.items() if meaning not in known}
    if "date" not in columns or not columns.keys() & {"credit", "amount"}:
        return {}
    for meaning, column in columns.items():
        if column < 0:
            raise ValueError(meaning)
    return columns


def digest(headings: Sequence[str]) -> str:
    """SHA-256, in hex, of a row of headings, by which a mapping is found again."""
    said = [normal(heading) for heading in headings]
    while said and not said[-1]:
        said.pop()
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
