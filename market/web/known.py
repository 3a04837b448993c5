"""A browser where somebody signed in before does not wait for the guesses of others, behind the same address or at the
same second factor.

All the phones on a market's Wi-Fi have one address. Whoever hammers a login from there would make its owner wait for as
long as it goes on; a cookie that only this program can make sets the owner's browser apart (OWASP, device cookies). It
opens nothing: its bearer has five free tries like everybody. With a new password it counts no more, for whoever had the
old one may have been a thief.
"""

import hashlib
import hmac
from typing import TypeVar

from flask import request
from werkzeug.wrappers import Response

from market.access import passwords
from market.web.app import app_is_secure, installation

KEPT = 180 * 86_400
Answer = TypeVar("Answer", bound=Response)


def tries_from(login: str) -> str:
    """Where this try to sign in counts: in this browser, where that login was signed in here before, else at the
    visitor's address."""
    return f"known {_proof(login)}" if is_known(login) else request.remote_addr or ""


def is_known(login: str) -> bool:
    """Whether that login was signed in to in this browser before, with all that it asks for."""
    shown = request.cookies.get(_cookie(), "")
    return bool(login and shown) and hmac.compare_digest(shown.encode(), _proof(login).encode())


def remember(answer: Answer, login: str) -> Answer:
    """The login is signed in to in this browser."""
    answer.set_cookie(_cookie(), _proof(login), max_age=KEPT, secure=app_is_secure(), httponly=True, samesite="Lax")
    return answer


def _cookie() -> str:
    return "__Host-known" if app_is_secure() else "known"


def _proof(login: str) -> str:
    with installation().database.reading() as session:
        password = passwords.kept(session, login)
    said = f"cho signed-in browser {login} {password}"
    return hmac.digest(installation().key.encode(), said.encode(), hashlib.sha256).hex()
