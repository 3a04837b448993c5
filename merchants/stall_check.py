"""What a stall's row must be, typed into a form or read from a file."""

import re
import unicodedata
from collections.abc import Mapping

from ledger.refused import Problem
from merchants.bank_accounts import account_problem, looks_like_card
from merchants.look_alikes import look_alike, look_alike_problem
from merchants.stalls import NewStall
from qr import banks
from qr.errors import FieldError

COLUMNS = ("code", "name", "category", "section", "holder", "phone", "bank", "account_number", "account_name")
OPTIONAL = {"category", "section", "phone"}
PLAIN = ("name", "category", "section", "holder", "phone")
# Control characters and those that reorder or hide their neighbours, private ones, halves of one.
UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
# Composed, a Vietnamese letter has no mark beside it; a tower of so many covers the lines above.
STACKED = 3
LONGEST = {"code": 20, "name": 60, "category": 40, "section": 40, "holder": 60, "account_name": 60}


def check_stall(row: Mapping[str, str], line: int | None = None) -> tuple[NewStall, list[Problem]]:
    """The row, which has every one of `COLUMNS`, as a stall, and all that is wrong with it.

    Kinds of problems: `empty`, `long`, `unprintable`, `look_alike`, `code`, `phone`, `bank`, `account_number`, `card`.
    """
    problems: list[Problem] = []

    def wrong(name: str, message: str, kind: str) -> None:
        problems.append(Problem(message, line, name, kind))

    said = {name: " ".join(unicodedata.normalize("NFC", row[name]).split()) for name in COLUMNS}
    for name, value in said.items():
        if not value and name not in OPTIONAL:
            wrong(name, "is empty", "empty")
        elif len(value) > LONGEST.get(name, 60):
            wrong(name, f"has {len(value)} characters, {LONGEST.get(name, 60)} at most; shorten it", "long")
        elif cannot_be_printed(value):
            wrong(name, "holds a character that cannot be printed; type it again", "unprintable")
        elif problem := look_alike_problem(value):
            wrong(name, problem, "look_alike")
    if said["code"] and not look_alike(said["code"]) and not re.fullmatch(r"[^\W_](?:[\w.-]*[^\W_])?", said["code"]):
        message = f"{said['code']!r} is no stall code; use letters and digits, with - or . between, as in C-17"
        wrong("code", message, "code")
    said["phone"] = re.sub(r"[ .\-()]", "", said["phone"])
    if said["phone"] and not re.fullmatch(r"(?:\+?84|0)[0-9]{8,10}", said["phone"]):
        message = f"{row['phone'].strip()!r} is no phone number; write it as 0905123456, or leave it empty"
        wrong("phone", message, "phone")
    bank_bin = ""
    if said["bank"]:
        try:
            bank_bin = banks.find(said["bank"]).bin
        except FieldError as error:
            wrong("bank", error.message, "bank")
    number = said["account_number"].replace(" ", "")
    account = account_problem(number) if number else None
    if account:
        wrong("account_number", account, "card" if looks_like_card(number) else "account_number")
    described = {name: said[name] for name in ("code", *PLAIN, "account_name")}
    return NewStall(**described, bin=bank_bin, account_number=number), problems


def cannot_be_printed(text: str) -> bool:
    """Whether it holds a character that hides or reorders its neighbours, or a tower of marks."""
    return any(unicodedata.category(character) in UNSEEN for character in text) or _is_tower(text)


def _is_tower(text: str) -> bool:
    return "M" * STACKED in "".join("M" if unicodedata.combining(character) else "." for character in text)
