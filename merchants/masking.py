"""Who paid, as much of it as a stall is shown: enough to know a customer by, and no more."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from qr.text import fold

# Nine of ten people in Vietnam, and some more.
_SURNAMES: Final = frozenset(
    "NGUYEN TRAN LE PHAM HUYNH HOANG PHAN VU VO DANG BUI DO HO NGO DUONG LY TRUONG DINH"  # noqa: SIM905 (quotes around each)
    " LAM TRINH DOAN CAO LUONG LUU TA TO THAI CHAU QUACH TONG DAO KIEU MAI HA VUONG TON LA".split()
)
# Those that are no word of the market besides.
_SURE: Final = frozenset("NGUYEN TRAN PHAM HUYNH HOANG PHAN DANG DUONG TRUONG DINH TRINH DOAN QUACH VUONG".split())  # noqa: SIM905
# Where a name in capitals ends, if the rest of the message is in capitals too.
_NO_NAMES: Final = frozenset("CHUYEN CK CT TT TRA MUA GUI NAP CHO TOI DEN".split())  # noqa: SIM905
_CAPITALS: Final = "A-Z" + "".join(chr(code) for code in range(0xC0, 0x1F00) if chr(code).isupper())
# Words in capitals at the beginning, or after a number or a point: where banks write who paid.
_PERHAPS_A_NAME: Final = re.compile(
    rf"(?:^|(?<=[\d.:,;-])|(?<=[\d.:,;-] ))[{_CAPITALS}]+(?: [{_CAPITALS}]+){{1,5}}(?!\w)"
)


def masked(name: str) -> str:
    """A payer's name, shortened.

    >>> masked("NGUYEN THI MAI"), masked("MAI"), masked("")
    ('NGUYEN T. M•••', 'M•••', '')
    """
    words = name.split()
    if len(words) < 2:
        return f"{words[0][0]}•••" if words else ""
    middle = "".join(f" {word[0]}." for word in words[1:-1])
    return f"{words[0]}{middle} {words[-1][0]}•••"


def masked_memo(memo: str, payer_name: str, payer_account: str) -> str:
    """A payment's message, with the payer's name and account shortened wherever it repeats them.

    Where the bank names no payer (SePay, Pay2S), what looks like a name where banks write one is shortened.

    >>> masked_memo("Nguyen Thi  Mai tra tien ca, tu 99887766554", "NGUYEN THI MAI", "99887766554")
    'NGUYEN T. M••• tra tien ca, tu •••6554'
    >>> masked_memo("PHAM THANH SON chuyen tien.CT tu 0711 TA THI SEN toi 0722", "", "")
    'PHAM T. S••• chuyen tien.CT tu 0711 TA T. S••• toi 0722'
    >>> masked_memo("LE VAN TU CHUYEN TIEN CA", "", ""), masked_memo("TIEN CA SANG NAY", "", "")
    ('LE V. T••• CHUYEN TIEN CA', 'TIEN CA SANG NAY')
    """
    words = payer_name.split()
    if words:
        named = r"\s+".join(re.escape(word) for word in words)
        shortened = masked(payer_name)
        # Not as a pattern's replacement: a backslash in a name means nothing.
        memo = re.sub(named, lambda _: shortened, memo, flags=re.IGNORECASE)
    if payer_account:
        memo = memo.replace(payer_account, f"•••{payer_account[-4:]}")
    return memo if words else _PERHAPS_A_NAME.sub(_shortened, memo)


def names_in(memo: str) -> frozenset[str]:
    """Whose names a message carries for sure, where banks write them, in capitals without marks: those with a surname
    that is no everyday word, or with Thị or Văn after it.

    >>> sorted(names_in("PHAM THANH SON chuyen tien.CT tu 0711 TẠ THỊ SEN toi 0722")), names_in("DO AN SANG")
    (['PHAM THANH SON', 'TA THI SEN'], frozenset())
    """
    found = (_name(fold(each[0]).upper().split()) for each in _PERHAPS_A_NAME.finditer(memo))
    return frozenset(" ".join(name) for name in found if name and (name[0] in _SURE or name[1] in ("THI", "VAN")))


def _shortened(found: re.Match[str]) -> str:
    words = found[0].split()
    name = _name(words)
    return " ".join([masked(" ".join(name)), *words[len(name) :]]) if name else found[0]


def _name(words: Sequence[str]) -> list[str]:
    """The words that are a name at the beginning of these; none where there is no surname."""
    name = list(takewhile(lambda word: fold(word).upper() not in _NO_NAMES, words[:4]))
    return name if len(name) > 1 and fold(name[0]).upper() in _SURNAMES else []
