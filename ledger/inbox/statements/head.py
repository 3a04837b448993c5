"""What stands above a statement's table: the account it is of, and its currency."""

import re
from collections.abc import Sequence

from ledger.inbox.statements.headings import fold

_ACCOUNT = re.compile(
    r"(?:so tai khoan|so tk|tai khoan|stk|account number|account no|account|acct no|a c no)(?: thanh toan| so)?\b"
)
# The number a bank gave before it changed its systems, the other side's, and a name are no number of this account.
_OTHER = re.compile(r"\b(?:cu|old|doi ung|doi tac|nguoi|thu huong|ten|name|chu)\b")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{6,19}|[0-9]{1,4}(?: [0-9]{2,4}){2,5})(?![0-9A-Za-z])")
_CURRENCY = re.compile(r"\b(?:loai tien|tien te|currency|ccy)\b")
_CODE = re.compile(r"\b(?:VND|VNĐ|USD|EUR|JPY|CNY|AUD|SGD|GBP|THB|KRW|HKD|CAD|CHF|LAK)\b", re.IGNORECASE)


def account_named(texts: Sequence[str]) -> str:
    """The account number that a row of the head names, after its label in the same cell or in the next one that is not
    empty; "" where it names none."""
    said = [text for text in texts if text]
    for place, text in enumerate(said):
        label = fold(text)
        found = _ACCOUNT.match(label)
        if found is None or _OTHER.search(re.sub("[0-9].*", "", label)):
            continue
        number = _NUMBER.search(text)
        if number is None and place + 1 < len(said) and len(label.split()) <= 8:
            number = _NUMBER.match(said[place + 1])
        if number is not None:
            return number[0].replace(" ", "")
    return ""


def foreign_currency(texts: Sequence[str]) -> str:
    """The currency that a row of the head names where it is not the đồng; "" for every other row."""
    said = [text for text in texts if text]
    for place, text in enumerate(said):
        if _CURRENCY.search(fold(text)):
            code = _CODE.search(" ".join(said[place : place + 2]))
            return code[0].upper() if code and code[0].upper() not in ("VND", "VNĐ") else ""
    return ""
