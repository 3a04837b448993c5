"""The OpenAPI 3.1 document, written from the types that calls are checked with."""

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

from pydantic import TypeAdapter

from market.access.tokens import SCOPES
from market.web.api_calls import JSON, OPERATIONS, Operation
from market.web.api_problems import DETAILS, MEDIA, ROOT, ProblemDocument

ABOUT = (
    "Amounts are whole đồng; months are YYYY-MM and days YYYY-MM-DD, in Vietnam's time; moments are UTC. What does not"
    " exist and what a token may not see are both answered 404. Every refusal is a problem document (RFC 9457)."
)
_WITH_TOKEN = {401, 403, 429}
_WITH_BODY = {400, 409, 413, 415}
_ALWAYS = {404, 422, 500, 503}
_REFUSED = {
    401: "no token, or one that opens nothing",
    403: "the token's role may not do this",
    409: "the call is understood and does not fit with what is there",
    413: "the body is too large",
    415: "the body is not application/json",
    422: "a parameter or the body is not as it must be; `errors` names each field",
    429: "too many calls with this token; Retry-After says how many seconds to wait",
}
_PROBLEM = TypeAdapter(ProblemDocument)


@cache
def document() -> dict[str, Any]:
    """The document as JSON has it."""
    schemas, components = _schemas(OPERATIONS)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(ROOT + operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Chợ 4.0", "version": "1", "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


Key = tuple[str, Literal["validation", "serialization"]]


def _schemas(operations: Sequence[Operation]) -> tuple[dict[Key, Any], dict[str, Any]]:
    """The schema of each body and answer, by operation and direction, and the definitions that they refer to."""
    wanted: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        ("", "serialization", _PROBLEM)
    ]
    for operation in operations:
        wanted.append((operation.name, "serialization", operation.answer))
        if operation.sent is not None:
            wanted.append((operation.name, "validation", TypeAdapter(operation.sent)))
    found, definitions = TypeAdapter.json_schemas(wanted, ref_template="#/components/schemas/{model}")
    return dict(found), definitions.get("$defs", {})


def _operation(operation: Operation, schemas: dict[Key, Any]) -> dict[str, Any]:
    summary, _, more = operation.summary.partition("\n\n")
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": " ".join(summary.split()),
        "description": " ".join(f"{more} {_open_to(operation)}".split()),
        "parameters": _parameters(operation),
        "responses": _responses(operation, schemas),
        "security": [] if operation.scope is None else [{"bearer": []}],
    }
    if operation.sent is not None:
        schema = schemas[operation.name, "validation"]
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return described


def _open_to(operation: Operation) -> str:
    if operation.scope is None:
        return "No token needed."
    return f"Roles: {', '.join(role for role, scopes in SCOPES.items() if operation.scope in scopes)}."


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    schema = operation.asked.model_json_schema()
    parameters = []
    for name, taken in schema.get("properties", {}).items():
        # Absent is what a parameter is, never null.
        kind = next((one for one in taken.pop("anyOf", ()) if one != {"type": "null"}), {}) | taken
        place = "header" if name == "Idempotency-Key" else "query"
        if "{" + name + "}" in operation.path:
            place = "path"
        shown = {key: value for key, value in kind.items() if key not in ("title", "description")}
        if shown.get("default", 0) is None:
            del shown["default"]
        parameters.append(
            {
                "name": name,
                "in": place,
                "required": name in schema.get("required", ()),
                "description": kind.get("description", ""),
                "schema": shown,
            }
        )
    return parameters


def _responses(operation: Operation, schemas: dict[Key, Any]) -> dict[str, Any]:
    answer = {operation.media: {"schema": schemas[operation.name, "serialization"]}}
    responses: dict[str, Any] = {
        str(status): {"description": HTTPStatus(status).phrase, "content": answer} for status in operation.statuses
    }
    refused = set(_ALWAYS)
    if operation.scope is not None:
        refused |= _WITH_TOKEN
    if operation.sent is not None:
        refused |= _WITH_BODY
    if "after" in operation.asked.model_fields:
        refused.add(409)
    for status in sorted(refused):
        responses[str(status)] = {
            "description": _REFUSED.get(status, DETAILS.get(status, "")),
            "content": {MEDIA: {"schema": schemas["", "serialization"]}},
        }
    return responses
