"""This site's own address: requests to another name are not answered, and forms from another site change nothing."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request

# Told by a bank's messenger, which proves itself by its signature: no browser, and perhaps in the market's own network.
SIGNED = "hooks.receive"
# Asked for by address, from this machine or a load balancer's; they say nothing and lead nowhere.
ANY_NAME = frozenset({"public.healthz", "public.readyz", SIGNED})


def register(app: Flask, base_url: str, *, given: bool) -> None:
    """Hold requests to `base_url` where it was `given`; else, for a first try, any name of this machine will do."""
    app.config["OWN_ADDRESS"] = base_url if given else None
    app.before_request(_refuse_other_names)
    app.before_request(_refuse_other_sites)


def _refuse_other_names() -> Response | None:
    """A page asked for under another name could be kept, or its links believed, as that name's (OWASP, host header)."""
    own = current_app.config["OWN_ADDRESS"]
    if own is None or request.endpoint in ANY_NAME:
        return None
    try:
        name = urlsplit(f"//{request.environ.get('HTTP_HOST', '')}").hostname
    except ValueError:
        name = None
    if name == urlsplit(own).hostname:
        return None
    return Response(f"Trang này ở địa chỉ {own} – mời bạn mở địa chỉ đó.\n", 400, mimetype="text/plain")


def _refuse_other_sites() -> None:
    """A browser says where a form was sent from; another site's never changes anything here."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint == SIGNED:
        return
    origin = request.headers.get("Origin")
    # A sandboxed or privacy-minded browser says "null": there the form's own token decides.
    if origin and origin != "null" and not _is_own(origin):
        abort(403)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


def sent_from_here() -> bool:
    """Whether nothing that the browser says speaks against a page of this site: for what asks for no form's token, but
    for a header that no other site can send without being asked."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    return (origin is None or _is_own(origin)) and site in (None, "same-origin")


def _is_own(origin: str) -> bool:
    own = current_app.config["OWN_ADDRESS"]
    if own is not None:
        return origin.lower() == str(own).lower()
    return origin.partition("://")[2] == request.host
