"""What stands above a stall's revenue book: the household's name, address and tax code, and where it sells. Its holder
types it or leaves it out, sees it alone, and may delete it at any time; what is missing is filled in by hand on paper.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select
from sqlmodel import Session

from ledger.refused import Problem
from merchants.look_alikes import look_alike_problem
from merchants.model import HOUSEHOLD
from merchants.stall_check import cannot_be_printed
from merchants.stalls import StallRow
from merchants.takings import Actor, own_book

FIELDS: Final = ("name", "address", "tax_code", "place")
LONGEST: Final = {"name": 80, "address": 160, "place": 160}
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


@dataclass(frozen=True, slots=True)
class HouseholdRow:
    """As it was typed; empty where nothing was."""

    name: str = ""
    address: str = ""
    tax_code: str = ""
    place: str = ""


def check(typed: Mapping[str, str]) -> tuple[HouseholdRow, list[Problem]]:
    """What was typed in `FIELDS`, every one of which may be empty, and all that is wrong with it.

    Kinds of problems: `long`, `unprintable`, `tax_code`.
    """
    problems = []
    said = {name: " ".join(unicodedata.normalize("NFC", typed.get(name, "")).split()) for name in FIELDS}
    for name, most in LONGEST.items():
        if len(said[name]) > most:
            problems.append(
                Problem(f"has {len(said[name])} characters, {most} at most; shorten it", None, name, "long")
            )
        elif cannot_be_printed(said[name]):
            message = "holds a character that cannot be printed; type it again"
            problems.append(Problem(message, None, name, "unprintable"))
        elif message := look_alike_problem(said[name]):
            problems.append(Problem(message, None, name, "look_alike"))
    code = re.sub(r"[ .]", "", said["tax_code"])
    if code and not is_tax_code(code):
        message = (
            f"{said['tax_code']!r} is no tax code; it has 10 digits, 13 (0123456789-001) or, an identity number, 12"
        )
        problems.append(Problem(message, None, "tax_code", "tax_code"))
    return HouseholdRow(**{**said, "tax_code": said["tax_code"] if problems else code}), problems


def is_tax_code(code: str) -> bool:
    """Whether it may be a Vietnamese tax code: ten digits of which the last is a check, with a branch's three or
    without; or the twelve of an identity number, which persons and households use since July 2025.

    >>> is_tax_code("0100109106"), is_tax_code("0100109107"), is_tax_code("0100109106-001")
    (True, False, True)
    """
    if re.fullmatch(r"[0-9]{12}", code):
        return True
    match = re.fullmatch(r"([0-9]{9})([0-9])(?:-?[0-9]{3})?", code)
    if match is None:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, match[1], strict=True))
    return (10 - total % 11) % 10 == int(match[2])


def household(session: Session, actor: Actor, stall_id: int) -> HouseholdRow:
    """What the holder of a stall typed, all empty where nothing was. Raises NotYours."""
    own_book(session, actor, stall_id)
    described = select(HOUSEHOLD.c.name, HOUSEHOLD.c.address, HOUSEHOLD.c.tax_code, HOUSEHOLD.c.place)
    row = session.connection().execute(described.where(HOUSEHOLD.c.stall_id == stall_id)).one_or_none()
    return HouseholdRow() if row is None else HouseholdRow(**row._mapping)


def keep_household(session: Session, stall: StallRow, wanted: HouseholdRow, *, now: datetime) -> None:
    """Keep this in place of what was kept; all empty, nothing is kept any more."""
    connection = session.connection()
    connection.execute(delete(HOUSEHOLD).where(HOUSEHOLD.c.stall_id == stall.id))
    if wanted == HouseholdRow():
        return
    said = {name: getattr(wanted, name) for name in FIELDS}
    connection.execute(insert(HOUSEHOLD).values(stall_id=stall.id, market_id=stall.market_id, changed_at=now, **said))
