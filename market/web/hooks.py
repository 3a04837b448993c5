"""`POST /hooks/ID`: a provider's webhook. Nothing is answered with 200 before it is durable."""

import logging
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from ledger.days import utc_now
from ledger.inbox.providers import PROOFS, READERS
from market.channels import ChannelRow, heard, kept_secret, list_channels
from market.secret_key import unseal
from market.web.app import csrf, installation
from merchants.payments import Outcome, take

log = logging.getLogger("market.hooks")
blueprint = Blueprint("hooks", __name__)
csrf.exempt(blueprint)
LARGEST_BODY = 64 * 1024
# Of several events in one body the answer names the first of these that any of them got.
RANKED = ("recorded", "pending", "held", "unmatched", "duplicate", "ignored")


@blueprint.post("/hooks/<int:channel_id>")
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
            channel = next((row for row in list_channels(session) if row.id == channel_id), None)
            sealed = None if channel is None else kept_secret(session, channel_id)
        if channel is None or channel.status != "on" or channel.provider not in PROOFS:
            abort(404)
        if request.mimetype != "application/json":
            return _refused(415, "send application/json")
        if sealed is None:
            return _refused(401, "the channel keeps no secret, so nobody can prove anything: add one with its secret")
        secret = unseal(installation().key, sealed)
        if not PROOFS[channel.provider](lambda name: request.headers.get(name, ""), body, secret, channel.auth, now):
            return _refused(401, "the key or the signature is wrong, or too old")
        try:
            deliveries = [(notice, body) for notice in READERS[channel.provider](body)]
        except ValueError as error:
            return _refused(400, str(error))
        with database.writing() as session:
            outcomes = take(session, channel.source, "hook", deliveries, now)
            heard(session, channel_id, now)
    except SQLAlchemyError as error:
        # Not stored: the provider has to try again.
        log.error("a notice of channel %s could not be stored: %s", channel_id, type(error).__name__)
        answer, _ = _refused(503, "it could not be stored; try again")
        answer.headers["Retry-After"] = "10"
        return answer, 503
    _note(channel, outcomes)
    return jsonify(_said(outcomes))


def _said(outcomes: list[Outcome]) -> dict[str, Any]:
    got = ["pending" if outcome.status == "parked" else outcome.status for outcome in outcomes]
    said: dict[str, Any] = {"success": True, "status": next((each for each in RANKED if each in got), "ignored")}
    if len(got) > 1:
        said["events"] = got
    return said


def _note(channel: ChannelRow, outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.differs:
            log.warning("channel %s told an event again with another content; it is kept, not booked", channel.id)


def _refused(status: int, message: str) -> tuple[Response, int]:
    return jsonify({"success": False, "error": message}), status
