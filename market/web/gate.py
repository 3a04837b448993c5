"""The gate before every page: what is not listed in `market.access.rights` is refused to everybody, and who holds the
right nowhere gets no further. The page itself then asks for the right in its own market or at its own stall."""

from flask import Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from market.access.people import Person
from market.access.rights import ANYBODY, ENDPOINTS, SIGNED_IN, TOKEN

ASKED_BY_SCRIPT = frozenset({"stall.payments", "cash.entries"})


def guard() -> AnyResponse | None:
    """Refuse a request whose page its person may not see anywhere; a stranger is asked to sign in."""
    if request.endpoint is None:
        return None
    right = ENDPOINTS.get(request.endpoint)
    if right is None:
        abort(404)
    if right in (ANYBODY, TOKEN):
        return None
    if g.person is None:
        # A script that waits for money is told so, and shows the page to sign in.
        return Response(status=401) if request.endpoint in ASKED_BY_SCRIPT else ask_to_sign_in()
    if right != SIGNED_IN and not g.person.may_somewhere(right):
        abort(404)
    return None


def asked_right() -> str:
    """The right that this request's page asks for."""
    return ENDPOINTS[str(request.endpoint)]


def signed_in() -> Person:
    """Who is asking; a stranger is led to sign in first."""
    if g.person is None:
        abort(ask_to_sign_in())
    person: Person = g.person
    return person


def ask_to_sign_in() -> AnyResponse:
    """A stranger's way to a page that is somebody's: sign in, then come back to it."""
    back = (request.full_path if request.query_string else request.path) if request.method == "GET" else "/"
    return redirect(url_for("access.sign_in", next=back))
