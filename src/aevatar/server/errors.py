"""From an error to what a caller is told. One table for all routes; below some paths, another shape."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from aevatar.errors import Conflict, Denied, Internal, Rejected, Unavailable
from aevatar.server.authentication import Unauthenticated
from aevatar.wording import path_of, sentence_of

log = structlog.get_logger("aevatar.server")


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a caller meets it. `field` is a path in the request; `headers` go with the answer."""

    status: int
    code: str
    message: str
    field: str | None = None
    headers: Mapping[str, str] | None = None


ErrorShape = Callable[[Problem, str], dict[str, Any]]
"""From a problem and the request id to the JSON of the answer."""


def plain_shape(problem: Problem, request_id: str) -> dict[str, Any]:
    """`{"error": {code, message, field?, requestId}}`."""
    error = {"code": problem.code, "message": problem.message, "requestId": request_id}
    return {"error": error if problem.field is None else {**error, "field": _camel(problem.field)}}


# Of codes that say nothing about themselves by their spelling.
_STATUSES = {
    "command_id_reused": 409,
    "gone": 410,
    "invalid_json": 400,
    "not_found": 404,
    "unhandled": 400,
    "unsupported_media_type": 415,
}
_SENTENCES = {404: "There is nothing at this path.", 405: "This path does not take this method."}
_LONGEST_MESSAGE = 500
_BUSY = {"overloaded", "rate_limited"}
_PUBLIC_CODES = {"command_id_reused": "idempotency_conflict"}  # the edge speaks of Idempotency-Key
_PUBLIC_MESSAGES = {"command_id_reused": "This key was used with another request."}
_PUBLIC_FIELDS = {"command_id": "Idempotency-Key"}
_OF_FRAMEWORK = {405: "method_not_allowed", 413: "payload_too_large", 415: "unsupported_media_type"}


class ErrorAnswers:
    """Answers errors: statuses and shapes of the capabilities first, general rules after them."""

    def __init__(self, statuses: Mapping[str, int], shapes: Mapping[str, ErrorShape]) -> None:
        self._statuses = {**_STATUSES, **statuses}
        self._shapes = sorted(shapes.items(), key=lambda item: len(item[0]), reverse=True)

    def answer(self, scope: Scope, error: Exception) -> Response:
        """The answer to a request that ended in `error`. What nobody expected is logged, and told as `internal`."""
        request_id = scope["state"]["request_id"]
        problem = self.problem(error)
        if problem is None:
            log.error("request_failed", request_id=request_id, error=type(error).__name__, exc_info=error)
            problem = Problem(500, "internal", "something went wrong; quote the request id when you report it")
        elif isinstance(error, Internal):  # the kernel has logged the bug under the id of the command
            log.error("request_failed", request_id=request_id, command_id=error.request_id)
        problem = replace(problem, message=_cut(problem.message))
        shape = next((shape for prefix, shape in self._shapes if scope["path"].startswith(prefix)), plain_shape)
        return JSONResponse(shape(problem, request_id), problem.status, headers=problem.headers)

    def problem(self, error: Exception) -> Problem | None:
        """What an error means for its caller; None if nobody expected it."""
        match error:
            case Rejected():
                code = _PUBLIC_CODES.get(error.code, error.code)
                message = _PUBLIC_MESSAGES.get(error.code, error.message) or code
                return Problem(self._status(error), code, message, _public_field(error.field))
            case Unauthenticated():
                return Problem(401, error.code, error.message, headers={"www-authenticate": "Bearer"})
            case Denied():
                return Problem(403, error.code, error.message or error.code)
            case Conflict():
                message = f"it is at version {error.actual}, not {error.expected}: read again, then decide"
                return Problem(409, error.code, message, headers={"etag": f'"{error.actual}"'})
            case Unavailable():
                wait = str(math.ceil(error.retry_after or 1))
                status = 429 if error.code in _BUSY else 503
                return Problem(status, error.code, error.message or error.code, headers={"retry-after": wait})
            case Internal():
                return Problem(500, "internal", "something went wrong; quote the request id when you report it")
            case RequestValidationError():
                return _invalid(error)
            case HTTPException():
                code = _OF_FRAMEWORK.get(error.status_code) or HTTPStatus(error.status_code).name.lower()
                told = _SENTENCES.get(error.status_code, str(error.detail))
                return Problem(error.status_code, code, told, headers=error.headers)
        return None

    def _status(self, refusal: Rejected) -> int:
        code = refusal.code
        if code in self._statuses:
            return self._statuses[code]
        if code.endswith("_not_found"):
            return 404
        if code.endswith("_too_large"):
            return 413
        # A refusal that blames a field of the request is about the request; any other is about the state it met.
        is_request = refusal.field is not None or code.startswith(("invalid_", "unknown_", "unsupported_"))
        return 400 if is_request else 409


def _invalid(error: RequestValidationError) -> Problem:
    first: Mapping[str, Any] = error.errors()[0]
    place, *path = first["loc"]
    if first["type"] == "json_invalid":
        return Problem(400, "invalid_json", "The body is not JSON.")
    if place == "body" and not path and isinstance(first["input"], bytes):
        return Problem(415, "unsupported_media_type", "Send the body as application/json.")
    return Problem(400, "invalid_argument", sentence_of(first), path_of(path) or place)


def _cut(message: str) -> str:
    """Messages quote what they are about, and that may be of any length."""
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"


def _public_field(path: str | None) -> str | None:
    return None if path is None else _PUBLIC_FIELDS.get(path, path)


def _camel(path: str) -> str:
    """The path as the caller spelled it: the kernel says `display_name`, the JSON of `/api` says `displayName`."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), path)
