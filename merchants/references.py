"""References: what a printed code says in its purpose, made so that a near miss is never taken for another.

Eight characters of 31 (no 0, 1, I, L, O: they are misread), a letter first, the last a check character. The sum of
the characters' values, each weighted by a power of 3, is zero modulo 31; 31 is prime and 3 generates it, so every
single changed character and every two swapped ones break the sum (the idea of ISO 7064).
"""

import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from operator import mul

from sqlalchemy import select
from sqlmodel import Session

from ledger.among import among
from ledger.direct import Asking, Statement, answer
from merchants.model import REFERENCE

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 8
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = [pow(3, place, 31) for place in range(LENGTH)]
_UNDO_3 = pow(3, -1, 31)
_RUNS = re.compile(f"[{ALPHABET}]{{{LENGTH},}}")
_BREAKS = re.compile(r"[\W_]+")


def is_reference(text: str) -> bool:
    """Whether this text has the form of a reference and its check character is right."""
    return (
        len(text) == LENGTH
        and text[0].isalpha()
        and all(character in _VALUES for character in text)
        and sum(_VALUES[c] * w for c, w in zip(text, _WEIGHTS, strict=True)) % 31 == 0
    )


def make_reference(source: random.Random) -> str:
    """A new reference from this source of randomness; the caller keeps it unique."""
    body = source.choice(ALPHABET[:23]) + "".join(source.choices(ALPHABET, k=LENGTH - 2))
    rest = -sum(_VALUES[c] * w for c, w in zip(body, _WEIGHTS, strict=False)) % 31
    return body + ALPHABET[rest * pow(_WEIGHTS[-1], -1, 31) % 31]


def references_in(memo: str) -> list[str]:
    """Every text of a reference's form in what a bank made of a memo; case, spaces, dots, text around do not matter."""
    whole = _BREAKS.sub("", unicodedata.normalize("NFKC", memo)).upper()
    found = []
    for run in _RUNS.findall(whole):
        values = [_VALUES[character] for character in run]
        total = sum(map(mul, values, _WEIGHTS)) % 31  # of the first eight: there are eight weights
        for start in range(len(run) - LENGTH + 1):
            if total == 0 and run[start].isalpha():
                found.append(run[start : start + LENGTH])
            if start + LENGTH < len(run):
                # Left unreduced it would grow by bits with each step, and a long memo take seconds under the lock.
                total = ((total - values[start]) * _UNDO_3 + values[start + LENGTH] * _WEIGHTS[-1]) % 31
    return found


def new_references(session: Session, count: int, source: random.Random) -> Iterator[str]:
    """`count` references that nobody in the installation has."""
    fresh: set[str] = set()
    while len(fresh) < count:
        wanted = {make_reference(source) for _ in range(count - len(fresh))} - fresh
        fresh |= wanted - owners(session, wanted).keys()
    return iter(sorted(fresh))


_OWNERS = Statement(
    select(REFERENCE.c.reference, REFERENCE.c.stall_id, REFERENCE.c.payment_code_id).where(
        among(REFERENCE.c.reference, "references")
    )
)


def owners(session: Session, references: Iterable[str]) -> dict[str, tuple[int, int | None]]:
    """Whose these references are: reference → (stall id, payment code id or None). Unknown ones are absent."""
    return answer(session, ask_owners(references))


def ask_owners(references: Iterable[str]) -> Asking[dict[str, tuple[int, int | None]]]:
    """`owners`, to be asked together with others."""
    asked = set(references)
    rows = (yield _OWNERS(references=asked)) if asked else []
    return {row.reference: (row.stall_id, row.payment_code_id) for row in rows}


def stall_references(session: Session, stall_ids: Iterable[int]) -> dict[int, str]:
    """The printed reference of each of these stalls."""
    rows = session.connection().execute(
        select(REFERENCE.c.stall_id, REFERENCE.c.reference).where(
            REFERENCE.c.stall_id.in_(sorted(set(stall_ids))), REFERENCE.c.payment_code_id.is_(None)
        )
    )
    return {row.stall_id: row.reference for row in rows}
