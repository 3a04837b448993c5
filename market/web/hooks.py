"""`POST /hooks/ID`: a provider's webhook. Nothing is answered with 200 before it is durable."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.fernet import InvalidToken
from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from ledger.days import stamp, utc_now
from ledger.inbox.notice import Notice
from ledger.inbox.providers import PROOFS, READERS
from market.channels import LARGEST_ID, NOTED_EVERY, Hook, find_hook, heard
from market.secret_key import unseal
from market.told_otherwise import note_differing
from market.web.app import csrf, installation
from merchants.payments import Outcome, take

log = logging.getLogger("market.hooks")
blueprint = Blueprint("hooks", __name__)
csrf.exempt(blueprint)
LARGEST_BODY = 64 * 1024
# Of several events in one body the answer names the first of these that any of them got.
RANKED = ("recorded", "pending", "held", "unmatched", "duplicate", "ignored")


@blueprint.post(f"/hooks/<int(max={LARGEST_ID}):channel_id>")
def receive(channel_id: int) -> Response | tuple[Response, int]:
    """Take what a provider tells. Duplicates and business problems are 2xx, for a provider repeats anything else."""
    length = request.content_length
    if length is not None and length > LARGEST_BODY:
        return _refused(413, f"a body has at most {LARGEST_BODY // 1024} KiB")
    body = request.stream.read(LARGEST_BODY + 1)
    if len(body) > LARGEST_BODY:
        return _refused(413, f"a body has at most {LARGEST_BODY // 1024} KiB")
    now = utc_now()
    database = installation().database
    try:
        with database.reading() as session:
            hook = find_hook(session, channel_id, now)
        if hook is None or hook.provider not in PROOFS:
            return _refused(404, "there is no such channel, or it is off")
        if request.mimetype != "application/json":
            return _refused(415, "send application/json")
        unproven = _unproven(hook, body, now)
        if unproven is not None:
            return unproven
        try:
            notices = READERS[hook.provider](body)
        except ValueError as error:
            log.warning("channel %s was told what cannot be read: %s", channel_id, error)
            return _refused(400, str(error))

        def keep(session: Session) -> list[Outcome]:
            outcomes = take(session, hook.source, "hook", [(notice, body) for notice in notices], now)
            note_differing(session, hook.source, outcomes, now)
            if hook.last_heard_at is None or abs(now - hook.last_heard_at) >= NOTED_EVERY:
                heard(session, channel_id, now)
            return outcomes

        outcomes = database.write(keep)
    except SQLAlchemyError as error:
        # Not stored: the provider has to try again.
        log.error("a notice of channel %s could not be stored: %s", channel_id, type(error).__name__)
        return _try_again("it could not be stored; try again")
    return jsonify(_said(notices, outcomes))


def _unproven(hook: Hook, body: bytes, now: datetime) -> tuple[Response, int] | None:
    """The answer to a call that proves nothing; None for one that does, by a secret that holds now."""
    if not hook.sealed_secrets:
        return _refused(401, "the channel keeps no secret, so nobody can prove anything: add one with its secret")
    unreadable = False
    for sealed in hook.sealed_secrets:
        try:
            secret = unseal(installation().key, sealed)
        except InvalidToken:
            unreadable = True
            continue
        if PROOFS[hook.provider](lambda name: request.headers.get(name, ""), body, secret, hook.auth, now):
            return None
    if unreadable:
        # Perhaps it was its own: to be told again once the key is back, not to be given up.
        log.error(
            "the secret of channel %s lies under another key than this installation's: restore the key, or give the"
            " secret again with `channel secret %s`",
            hook.source.channel_id,
            hook.source.channel_id,
        )
        return _try_again("the channel's secret cannot be read here; the operator finds the mend in the log")
    # A clock that is wrong here makes every signature too old or too new, and the provider's own page shows this line.
    return _refused(401, f"the key or the signature is wrong, or not of now: this machine's clock says {stamp(now)}")


def _said(notices: Sequence[Notice], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    got: list[str] = []
    for notice, outcome in zip(notices, outcomes, strict=True):
        if notice.test:
            # However often somebody presses the provider's test button.
            got.append("ignored")
            continue
        got.append("pending" if outcome.status == "parked" else outcome.status)
    said: dict[str, Any] = {"success": True, "status": next((each for each in RANKED if each in got), "ignored")}
    if len(got) > 1:
        said["events"] = got
    return said


def _try_again(message: str) -> tuple[Response, int]:
    answer, status = _refused(503, message)
    answer.headers["Retry-After"] = "10"
    return answer, status


def _refused(status: int, message: str) -> tuple[Response, int]:
    return jsonify({"success": False, "error": message}), status
