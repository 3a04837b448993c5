"""What the program holds of a stall, on its holder's phone: all of it as a file to keep, and the wish that it be
deleted, which the board carries out."""

import tempfile
import threading

from flask import Blueprint, Response, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from werkzeug.wsgi import wrap_file

from ledger.days import utc_now
from market.stall_copy import write_copy
from market.web.app import installation
from market.web.confirm import ask_to_confirm, confirmed
from market.web.file_names import to_keep
from market.web.log_words import in_vietnamese
from market.web.noted import noted
from market.web.stall import chosen_stall, named_stall, page
from market.web.words import say
from merchants import deletion_requests
from merchants.stalls import load_stall
from merchants.takings import own_book

blueprint = Blueprint("stall_data", __name__, url_prefix="/stall/data")
# A stall of years takes a server some seconds, so one copy is made at a time.
_copying = threading.Lock()


@blueprint.get("")
def own() -> AnyResponse | tuple[str, int]:
    """The two things that a holder may ask for, and whether the second one waits."""
    if not confirmed():
        return ask_to_confirm(url_for(".own"))
    with installation().database.reading() as session:
        stall = load_stall(session, chosen_stall())
        waiting = deletion_requests.open_request(session, stall.id)
    return page("stall/data.html", stall, waiting=waiting)


@blueprint.post("/copy")
def copy() -> AnyResponse:
    """Everything about the stall as one ZIP."""
    stall_id = named_stall(request.form.get("stall", type=int))
    if not confirmed():
        return ask_to_confirm(url_for(".own"))
    if not _copying.acquire(blocking=False):
        flash(say("Đang có người tải. Đợi một phút rồi bấm lại."))
        return redirect(url_for(".own"), 303)
    try:
        return _copied(stall_id)
    finally:
        _copying.release()


def _copied(stall_id: int) -> Response:
    # On the disk, however much it is, and gone as soon as it was sent.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    now = utc_now()
    try:
        with installation().database.reading() as session:
            own_book(session, g.person.actor, stall_id)
            stall = load_stall(session, stall_id)
            rows = write_copy(session, stall, file, told=in_vietnamese, now=now)
        with installation().database.writing() as session:
            noted(session, "stall_copied", market_id=stall.market_id, stall_id=stall.id, rows=rows)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    headers = {"Content-Disposition": to_keep(f"{stall.code}.zip"), "Content-Length": str(size)}
    response = Response(wrap_file(request.environ, file), mimetype="application/zip", headers=headers)
    response.direct_passthrough = True
    response.call_on_close(file.close)
    return response


@blueprint.get("/delete")
def explained() -> AnyResponse | tuple[str, int]:
    """What would go, what stays and why; then the wish."""
    if not confirmed():
        return ask_to_confirm(url_for(".explained"))
    with installation().database.reading() as session:
        stall = load_stall(session, chosen_stall())
        if deletion_requests.open_request(session, stall.id) is not None:
            return redirect(url_for(".own"), 303)
    return page("stall/delete.html", stall)


@blueprint.post("/delete")
def asked() -> AnyResponse:
    """Wish it. Nothing is deleted yet: the board sees it."""
    stall_id = named_stall(request.form.get("stall", type=int))
    if not confirmed():
        return ask_to_confirm(url_for(".explained"))
    with installation().database.writing() as session:
        stall = load_stall(session, stall_id)
        if deletion_requests.open_request(session, stall.id) is None:
            deletion_requests.ask(session, stall, login_id=g.person.login_id, now=utc_now())
            noted(session, "deletion_asked", market_id=stall.market_id, stall_id=stall.id)
    return redirect(url_for(".own"), 303)


@blueprint.post("/withdraw")
def withdrawn() -> AnyResponse:
    """Wish it no longer: one tap, for keeping things harms nobody."""
    stall_id = named_stall(request.form.get("stall", type=int))
    with installation().database.writing() as session:
        stall = load_stall(session, stall_id)
        if deletion_requests.withdraw(session, stall.id, utc_now()):
            noted(session, "deletion_withdrawn", market_id=stall.market_id, stall_id=stall.id)
            flash(say("Đã rút lại. Không có gì bị xoá."))
    return redirect(url_for(".own"), 303)
