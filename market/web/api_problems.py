"""How the API says no: problem documents (RFC 9457), whatever it is that was refused."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Response, abort, json, request
from pydantic import BaseModel, ConfigDict
from werkzeug.exceptions import HTTPException

ROOT = "/api/v1"
MEDIA = "application/problem+json"
# What is said where no view knew better.
DETAILS = {
    400: "the call could not be read",
    403: "this call may not be made from there",
    404: "there is nothing here, or nothing that this token may see",
    405: "this address takes another method; the Allow header names it",
    500: "a fault of the program; its log says more",
    503: "the database is busy or away; try again",
}


class FieldProblem(BaseModel):
    """What is wrong with one field, and how to mend it."""

    model_config = ConfigDict(extra="forbid")

    field: str
    message: str


class ProblemDocument(BaseModel):
    """A problem document; `errors` names each wrong field."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None


def problem(
    status: int, detail: str = "", *, errors: Sequence[FieldProblem] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that says what is wrong."""
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or DETAILS.get(status, HTTPStatus(status).description),
    }
    if errors:
        told["errors"] = [error.model_dump() for error in errors]
    answer = Response(json.dumps(told) + "\n", status, headers, mimetype=MEDIA)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def refuse(
    status: int, detail: str = "", *, errors: Sequence[FieldProblem] = (), headers: Mapping[str, str] | None = None
) -> NoReturn:
    """End the call with a problem document; what it had written is undone."""
    abort(problem(status, detail, errors=errors, headers=headers))


def asks_the_api() -> bool:
    """Whether this request is to be answered as the API answers, be there such an address or not."""
    return request.path == ROOT or request.path.startswith(ROOT + "/")


def said(error: HTTPException) -> Response:
    """The problem document for what the framework refused."""
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return problem(error.code or 500, headers=kept)
