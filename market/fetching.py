"""One answer of a provider's interface over HTTP: bounded in time and size, asked again where that may help."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import IO, Any, NoReturn

from ledger.inbox.providers.pages import Question

# Seconds: for one read of the line, and for an answer as a whole.
PATIENCE = 15.0
ANSWER_WITHIN = 60.0
# A page of a hundred transactions has some 60 KB.
LARGEST_ANSWER = 4 * 1024 * 1024
TRIES = 4
# Seconds a provider may ask us to wait for, without the poll being given up until its next turn.
LONGEST_WAIT = 60
# Seconds before a try again, doubled each time.
FIRST_WAIT = 1.0
# How it is said that no provider stands at an address.
UNREACHED = "cannot be reached"
Pause = Callable[[float], object]


class NoAnswer(Exception):
    """No answer was to be had; the message says why, in words for the operator."""


class _Again(Exception):
    """Another try may help, after this many seconds; None: after the usual wait."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes to the address that the operator named, and nowhere else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects())


def fetch(address: str, question: Question, pause: Pause) -> bytes:
    """The body of the answer to a GET. `pause` waits for so many seconds. Raises NoAnswer."""
    request = urllib.request.Request(  # noqa: S310 (the settings let only http and https through)
        address + question.path,
        headers={"Accept": "application/json", "User-Agent": "cho", **question.headers},
    )
    for tried in range(TRIES):
        try:
            return _once(address, request)
        except _Again as trouble:
            wait = FIRST_WAIT * 2**tried if trouble.wait is None else trouble.wait
            if tried == TRIES - 1 or wait > LONGEST_WAIT:
                raise NoAnswer(str(trouble)) from None
            pause(wait)
    raise AssertionError("the last try returns or raises")


def _once(address: str, request: urllib.request.Request) -> bytes:
    try:
        with _OPENER.open(request, timeout=PATIENCE) as answer:
            return _whole(answer)
    except urllib.error.HTTPError as error:
        with error:
            _refuse(error)
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or str(error.reason)
        raise _Again(f"at {address} {UNREACHED} ({reason[:1].lower()}{reason[1:]}); check the network") from None
    except (OSError, http.client.HTTPException) as error:
        raise _Again(f"no whole answer ({type(error).__name__}: {error})") from None


def _whole(answer: Any) -> bytes:
    until = time.monotonic() + ANSWER_WITHIN
    body = bytearray()
    while piece := answer.read1(65_536):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise NoAnswer(f"the answer is longer than {LARGEST_ANSWER // 1024**2} MiB, as no page is")
        if time.monotonic() > until:
            raise _Again(f"the answer was not whole after {ANSWER_WITHIN:.0f} seconds")
    announced = answer.headers.get("Content-Length", "")
    # A line that was cut ends the reading like the end of the answer does.
    if announced.isascii() and announced.isdigit() and len(body) < int(announced):
        raise _Again("the connection was cut in the middle of the answer")
    return bytes(body)


def _refuse(error: urllib.error.HTTPError) -> NoReturn:
    if error.code == 429:
        raise _Again("asks for fewer questions (429)", _seconds(error.headers.get("Retry-After", "")))
    if error.code >= 500:
        raise _Again(f"is out of order ({error.code})")
    if error.code in (401, 403):
        raise NoAnswer(f"refuses the token ({error.code}); give a new one with `channel token ID --token-file FILE`")
    if 300 <= error.code < 400:
        raise NoAnswer(f"points to another address ({error.code}), and the token is not sent there")
    raise NoAnswer(f"refuses the question ({error.code})")


def _seconds(retry_after: str) -> float | None:
    """What `Retry-After` asks for; None where it names no number of seconds."""
    said = retry_after.strip()
    return float(said) if said.isascii() and said.isdigit() and len(said) < 7 else None
