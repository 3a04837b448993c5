"""Which bank a statement is of, by what stands above its table; and by headings that only one bank writes."""

from collections.abc import Iterable, Sequence

from ledger.inbox.statements.headings import fold, normal

# BIN: what the statement's head says, folded. A bank's name in a memo says nothing, so only the head is searched.
MARKS: dict[str, tuple[str, ...]] = {
    "970436": ("vietcombank", "ngoai thuong viet nam", "vcb cashup", "bftvvnvx"),
    "970422": ("mb bank", "mbbank", "tmcp quan doi", "ngan hang quan doi"),
    "970407": ("techcombank", "tmcp ky thuong", "ky thuong viet nam"),
    "970418": ("bidv", "dau tu va phat trien viet nam"),
    "970415": ("vietinbank", "tmcp cong thuong", "cong thuong viet nam"),
    "970423": ("tpbank", "tien phong"),
    "970405": ("agribank", "nong nghiep va phat trien nong thon"),
}
# Titles that another bank might use as well: they count only where no name stands in the head.
_TITLES = {"970422": ("sao ke chi tiet tai khoan",), "970415": ("lich su giao dich transaction history",)}
_HEADINGS = {
    "970436": ({"tnx date", "doc no"},),
    "970407": ({"requesting date", "remitter"}, {"remitter bank", "remitter account"}),
    "970415": ({"transaction number", "corresponsive"},),
}


def bank_of(head: Iterable[str], headings: Sequence[str]) -> str:
    """The BIN of the bank whose statement it is, or "" where nothing, or more than one name, says it."""
    said = f" {' '.join(fold(text) for text in head)} "
    for marks in (MARKS, _TITLES):
        named = [number for number, names in marks.items() if any(f" {name} " in said for name in names)]
        if named:
            return named[0] if len(named) == 1 else ""
    columns = " | ".join(normal(heading) for heading in headings)
    for number, signs in _HEADINGS.items():
        if any(all(sign in columns for sign in every) for every in signs):
            return number
    return ""
