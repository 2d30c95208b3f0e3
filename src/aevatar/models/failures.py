"""How the failures of providers become ours: by HTTP status, by the words in their bodies, by how the socket broke."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import httpx2

from aevatar.models.port import ModelError
from aevatar.models.scrubbing import scrubbed

_BY_STATUS: Final = {
    401: "authentication_failed",
    402: "permission_denied",
    403: "permission_denied",
    404: "model_not_found",
    408: "timeout",
    409: "unavailable",
    425: "unavailable",
    429: "rate_limited",
    504: "timeout",
    529: "overloaded",
}
# Codes and types that the large providers put into error bodies and into error events of a running stream.
_BY_NAME: Final = {
    "api_error": "unavailable",
    "authentication_error": "authentication_failed",
    "billing_error": "permission_denied",
    "billing_not_active": "permission_denied",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "context_length_exceeded": "context_length_exceeded",
    "engine_overloaded": "overloaded",
    "insufficient_quota": "permission_denied",
    "invalid_api_key": "authentication_failed",
    "invalid_prompt": "content_filter",
    "invalid_request_error": "invalid_request",
    "model_not_found": "model_not_found",
    "not_found_error": "model_not_found",
    "overloaded_error": "overloaded",
    "permission_error": "permission_denied",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "request_too_large": "invalid_request",
    "server_error": "unavailable",
    "server_overloaded": "overloaded",
    "timeout_error": "timeout",
    "too_many_requests": "rate_limited",
}
_TOO_LONG: Final = ("context length", "context window", "maximum context", "prompt is too long", "too many tokens")
_FILTERED: Final = ("content policy", "content management policy", "content filter", "content_filter", "safety system")


def from_response(
    status: int | None, body: object, headers: Mapping[str, str], *, secrets: Iterable[str] = ()
) -> ModelError:
    """The error a provider means by this answer. `status` is None for an error told inside a running stream.

    `body` is the parsed JSON, or the text where it is none. `secrets` are cut out of the message wherever they occur.
    """
    names, message = _told(body)
    return ModelError(
        _code(status, names, message),
        scrubbed(message, secrets) or f"The provider answered {status or 'with an error'}.",
        retry_after=_retry_after(headers),
        status=status,
    )


def from_transport(error: httpx2.HTTPError, *, started: bool) -> ModelError:
    """The error a broken connection means. `started`: part of an answer had come."""
    name = type(error).__name__
    if isinstance(error, httpx2.TimeoutException):
        return ModelError("timeout", f"The provider did not answer in time ({name}).")
    if started:
        return ModelError("protocol_error", f"The connection broke in the middle of the reply ({name}).")
    return ModelError("unavailable", f"The provider could not be reached ({name}).")


def _code(status: int | None, names: list[str], message: str) -> str:
    text = message.lower()
    by_name = next((_BY_NAME[name] for name in names if name in _BY_NAME), None)
    if by_name in (None, "invalid_request"):
        if any(phrase in text for phrase in _TOO_LONG) and status in (None, 400, 413, 422):
            return "context_length_exceeded"
        if any(phrase in text for phrase in _FILTERED) and status in (None, 400, 403, 422):
            return "content_filter"
    if by_name is not None:
        return by_name
    if status is None:
        return "unavailable"
    if status >= 500 and "overloaded" in text:
        return "overloaded"
    return _BY_STATUS.get(status, "unavailable" if status >= 500 else "invalid_request")


def _told(body: object) -> tuple[list[str], str]:
    """The names (code first, then type) and the message in an error body, however deep it is wrapped."""
    if isinstance(body, list) and body:
        return _told(body[0])
    if not isinstance(body, dict):
        return [], body if isinstance(body, str) else ""
    error = body.get("error", body)
    if not isinstance(error, dict):
        return [], str(error)
    names = [name for key in ("code", "type", "status") if isinstance(name := error.get(key), str)]
    message = error.get("message") or error.get("detail")
    return names, message if isinstance(message, str) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        # A date in place of seconds is left unread: it would need the time of day.
        if re.fullmatch(r"\d+(\.\d+)?", told := headers.get(name, "")):
            return float(told) * unit
    return None
