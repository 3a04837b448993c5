"""Bank accounts of stalls: what a stall may register, and whose account a notice names."""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from ledger.among import among
from ledger.direct import Asking, Statement, answer
from merchants.model import BANK_ACCOUNT, STALL
from merchants.number_digests import digests_of

# How the numbers of payment cards start (ISO/IEC 7812); 9704 is NAPAS, whose cards have 16 or 19 digits.
_CARD = re.compile(r"(?:4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|35|6(?:0|2|4|5)|9704)[0-9]*")


def account_problem(number: str) -> str | None:
    """Why this cannot be a stall's account number, with the mend; None where it can."""
    if re.fullmatch(r"[0-9][.,][0-9]+[eE]\+?[0-9]+", number):
        return f"{number!r} is a number that a spreadsheet has shortened; format the column as text and type it again"
    if not re.fullmatch(r"[A-Za-z0-9]{1,19}", number):
        return f"{number!r} is no account number; write 1 to 19 letters and digits, as the bank app shows them"
    if looks_like_card(number):
        return "is the number of a payment card; write the number of the bank account that the bank app shows"
    return None


def looks_like_card(number: str) -> bool:
    """16 or 19 digits, a card network's prefix, and the Luhn sum of ISO/IEC 7812-1."""
    if len(number) not in (16, 19) or not (number.isascii() and number.isdigit()) or not _CARD.fullmatch(number):
        return False
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[0::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


class Holding(NamedTuple):
    """A stall that has, or had, an account; from and until are UTC, None means open."""

    account_id: int
    stall_id: int
    book_id: int
    bin: str
    since: datetime | None
    until: datetime | None
    coded_only: bool
    heard: bool

    def in_force(self, at: datetime) -> bool:
        """Whether the account was the stall's at this moment."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def before(self, at: datetime) -> bool:
        """Whether the account had been the stall's and was no longer at this moment."""
        return self.until is not None and self.until <= at


_HOLDINGS = Statement(
    select(
        BANK_ACCOUNT.c.number,
        BANK_ACCOUNT.c.id,
        BANK_ACCOUNT.c.stall_id,
        STALL.c.book_id,
        BANK_ACCOUNT.c.bin,
        BANK_ACCOUNT.c.in_force_from,
        BANK_ACCOUNT.c.in_force_until,
        STALL.c.coded_only,
        BANK_ACCOUNT.c.heard_at,
    )
    .join(STALL, STALL.c.id == BANK_ACCOUNT.c.stall_id)
    .where(BANK_ACCOUNT.c.market_id == bindparam("market"), among(BANK_ACCOUNT.c.number, "numbers"))
    .order_by(BANK_ACCOUNT.c.id)
)


def holdings(session: Session, market_id: int, numbers: Iterable[str]) -> dict[str, list[Holding]]:
    """By account number, every stall of a market that has or had it, whatever the bank; a stall that was forgotten
    too."""
    return answer(session, ask_holdings(session, market_id, numbers))


def ask_holdings(session: Session, market_id: int, numbers: Iterable[str]) -> Asking[dict[str, list[Holding]]]:
    """`holdings`, to be asked together with others."""
    wanted = set(numbers)
    forgotten = digests_of(session, market_id, wanted)
    found: dict[str, list[Holding]] = defaultdict(list)
    for row in (yield _HOLDINGS(market=market_id, numbers=wanted | forgotten.keys())):
        number = forgotten.get(row.number, row.number)
        found[number].append(Holding._make((*row[1:8], row.heard_at is not None)))
    return found


def mark_heard(session: Session, account_ids: Iterable[int], now: datetime) -> None:
    """A notice has named these accounts for the first time: their stalls are connected."""
    ids = sorted(set(account_ids))
    if ids:
        session.connection().execute(
            update(BANK_ACCOUNT)
            .where(BANK_ACCOUNT.c.id.in_(ids), BANK_ACCOUNT.c.heard_at.is_(None))
            .values(heard_at=now)
        )
