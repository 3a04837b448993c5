"""How a call of the API is taken: whose token, how often, what for, in which shape. What a view gets is right."""

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from flask import Blueprint, Response, current_app, request
from flask.sansio.blueprints import BlueprintSetupState
from pydantic import TypeAdapter, ValidationError

from ledger.days import utc_now
from market.access import tokens
from market.access.buckets import Buckets
from market.access.tokens import Bearer
from market.web.api_problems import ROOT, FieldProblem, refuse
from market.web.api_types import Asked, NothingAsked, Sent
from market.web.app import csrf, installation

blueprint = Blueprint("api", __name__, url_prefix=ROOT)
# Nothing here looks at a cookie, so there is nothing that another site could make a browser do.
csrf.exempt(blueprint)
LARGEST_BODY = 64 * 1024
# A till asks once a second and makes a code now and then; a catch-up may hurry.
BURST, A_SECOND = 120, 4.0
JSON = "application/json"
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: what it takes, in the address and headers (`asked`) and as a body (`sent`), and what it answers.

    `scope` is one of `market.access.tokens.SCOPES`; None: open to all. `statuses` are those of a call that was done.
    """

    name: str
    method: str
    path: str
    scope: str | None
    summary: str
    asked: type[Asked]
    sent: type[Sent] | None
    answer: TypeAdapter[Any]
    media: str
    statuses: tuple[int, ...]


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    *,
    scope: str | None,
    answer: Any,
    asked: type[Asked] = NothingAsked,
    sent: type[Sent] | None = None,
    media: str = JSON,
    statuses: tuple[int, ...] = (200,),
) -> Callable[[View], View]:
    """Make a view a call of the API: without a body `view(session, bearer, asked)` reads and gives the answer, with one
    `view(session, bearer, asked, sent)` writes and gives the status and the answer."""

    def register(view: View) -> View:
        name, summary = str(view.__name__), str(view.__doc__)
        made = Operation(name, method, path, scope, summary, asked, sent, TypeAdapter(answer), media, statuses)
        OPERATIONS.append(made)
        blueprint.add_url_rule(
            path.replace("{", "<").replace("}", ">"),
            endpoint=name,
            view_func=functools.partial(_take, made, view),
            methods=[method],
            provide_automatic_options=False,
        )
        return view

    return register


@blueprint.record_once
def _begin(state: BlueprintSetupState) -> None:
    state.app.extensions["cho api buckets"] = Buckets(size=BURST, rate=A_SECOND)


def _take(wanted: Operation, view: Callable[..., Any], **path: str) -> Response:
    bearer = None if wanted.scope is None else _bearer(wanted.scope)
    asked = _asked(wanted, path)
    database = installation().database
    status = wanted.statuses[0]
    if wanted.sent is None:
        with database.reading() as session:
            answer = view(session, bearer, asked)
    else:
        sent = _sent(wanted.sent)
        status, answer = database.write(lambda session: view(session, bearer, asked, sent))
    said = answer if wanted.media != JSON else wanted.answer.dump_json(answer) + b"\n"
    response = Response(said, status, mimetype=wanted.media)
    response.headers["Cache-Control"] = "no-store"
    return response


def _bearer(scope: str) -> Bearer:
    """Whoever's token this is, if it may ask for this, and not too often."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        _unknown("show a token: Authorization: Bearer cho_…", "")
    now = utc_now()
    database = installation().database
    with database.reading() as session:
        found = tokens.find_bearer(session, token.strip(), now)
    if found is None:
        _unknown("this token opens nothing; `token add` makes one", ', error="invalid_token"')
    bearer, worth_noting = found
    wait = current_app.extensions["cho api buckets"].take(bearer.token_id, time.monotonic())
    if wait:
        seconds = str(math.ceil(wait))
        refuse(429, f"too many calls; wait {seconds} s", headers={"Retry-After": seconds})
    if worth_noting:
        with database.writing() as session:
            tokens.note_use(session, bearer.token_id, now)
    if not bearer.may(scope):
        refuse(403, f"the role {bearer.role} may not do this")
    return bearer


def _unknown(detail: str, more: str) -> NoReturn:
    refuse(401, detail, headers={"WWW-Authenticate": f'Bearer realm="cho"{more}'})


def _asked(wanted: Operation, path: dict[str, str]) -> Asked:
    headers = [field.alias for field in wanted.asked.model_fields.values() if field.alias is not None]
    given: dict[str, Any] = path | {name: request.headers[name] for name in headers if name in request.headers}
    for name, values in request.args.lists():
        # What comes twice, or has its place in the path or a header, is left a list, and so refused.
        given[name] = values[0] if len(values) == 1 and name not in path and name not in headers else values
    try:
        return wanted.asked.model_validate(given)
    except ValidationError as error:
        refuse(422, "the address is not as it must be", errors=_errors(error))


def _sent(kind: type[Sent]) -> Sent:
    if request.mimetype != JSON:
        refuse(415, f"send {JSON}")
    body = b"" if (request.content_length or 0) > LARGEST_BODY else request.stream.read(LARGEST_BODY + 1)
    if (request.content_length or 0) > LARGEST_BODY or len(body) > LARGEST_BODY:
        refuse(413, f"a body has at most {LARGEST_BODY // 1024} KiB")
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors()):
            refuse(400, "the body is no JSON")
        refuse(422, "the body is not as it must be", errors=_errors(error))


def _errors(error: ValidationError) -> list[FieldProblem]:
    """What is wrong, field by field; what was sent is not said again."""
    return [
        FieldProblem(field=".".join(str(part) for part in one["loc"]), message=one["msg"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
