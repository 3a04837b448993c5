"""Passwords: what is wrong with a new one, and changing it. Long and not known is all that is asked (NIST SP 800-63B-4,
3.1.1.2): nobody must mix signs, and any sign may be used."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from sqlalchemy import select, update
from sqlmodel import Session

from market.access.logins import HASHER
from market.access.sessions import end_sessions
from market.model import LOGIN
from qr.text import fold

SHORTEST, LONGEST = 8, 200
# Those of eight signs and more that are tried first, here and elsewhere; one a line, in small letters.
COMMON = Path(__file__).with_name("common_passwords.txt")


@cache
def _common() -> frozenset[str]:
    return frozenset(COMMON.read_text(encoding="ascii").split())


def password_problem(password: str, own: Iterable[str]) -> Literal["short", "long", "common", "own"] | None:
    """What is wrong with a new password: too short or long, among the common ones, or one of the person's `own` words,
    such as the login or the market's name. Capitals, marks, spaces and dashes make it no other word."""
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    if _bare(password) in {_bare(word) for word in own}:
        return "own"
    return "common" if password.casefold() in _common() or _bare(password) in _common() else None


def set_password(session: Session, login_id: int, password: str, *, but: str) -> None:
    """Give a login this password; its sessions end everywhere except for the one with the token `but`."""
    session.connection().execute(
        update(LOGIN).where(LOGIN.c.id == login_id).values(password_hash=HASHER.hash(password))
    )
    end_sessions(session, login_id, but=but)


def kept(session: Session, login: str) -> str:
    """What is kept of a login's password, another for each new one; empty where it has none, or there is no such
    login."""
    found = session.connection().execute(select(LOGIN.c.password_hash).where(LOGIN.c.name == login))
    return found.scalar_one_or_none() or ""


def _bare(word: str) -> str:
    """Mật khẩu-123 → matkhau123; what has no Latin letter or figure stays as it is."""
    return re.sub(r"[^a-z0-9]", "", fold(word).casefold()) or word
