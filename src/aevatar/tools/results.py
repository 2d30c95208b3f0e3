"""How a call ended, as the model reads it: a result, a structured failure, and what happens to text that is too long.

A failure is a result and never an exception: the model sees the code and the field to blame, and can try again.
Nothing here stores the uncut text; it says only what there is to store.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from google.protobuf.message import Message

from aevatar.errors import AevatarError, Unavailable
from aevatar.tools.arguments import InvalidArguments
from aevatar.tools.rendering import to_json
from aevatar.tools.tools_pb2 import ToolError, ToolResult

TEXT_LIMIT: Final = 32 * 1024
"""Bytes of a result that the model reads, marker included."""

KEPT_LIMIT: Final = 1024 * 1024
"""Bytes of an uncut result that are kept."""

MESSAGE_LIMIT: Final = 500
"""Characters of a failure's message."""


class FailureCode(StrEnum):
    """Every way in which a call can fail; the list is closed."""

    TOOL_NOT_FOUND = "tool_not_found"
    TOOL_NOT_ALLOWED = "tool_not_allowed"
    INVALID_ARGUMENTS = "invalid_arguments"
    TOOL_FAILED = "tool_failed"
    TOOL_TIMEOUT = "tool_timeout"
    TOOL_CANCELLED = "tool_cancelled"
    TOOL_DENIED = "tool_denied"
    APPROVAL_EXPIRED = "approval_expired"
    TOOL_OUTCOME_UNKNOWN = "tool_outcome_unknown"
    TOOL_SKIPPED = "tool_skipped"
    CREDENTIAL_UNAVAILABLE = "credential_unavailable"
    RATE_LIMITED = "rate_limited"


_RETRYABLE: Final = frozenset({FailureCode.TOOL_TIMEOUT, FailureCode.RATE_LIMITED})

_TOLD: Final = {
    FailureCode.CREDENTIAL_UNAVAILABLE: "The caller's credential can no longer be used.",
    FailureCode.RATE_LIMITED: "Too many calls; try again later.",
}


@dataclass(frozen=True, slots=True)
class ShortenedText:
    """Text for the model, and the bytes to keep as a blob if it had to be cut."""

    text: str
    kept: bytes | None


def result_of(answer: Message) -> ToolResult:
    """The result of a call that went well. A tool that answers with a `ToolResult` is taken at its word."""
    return answer if isinstance(answer, ToolResult) else ToolResult(text=to_json(answer))


def failure(code: FailureCode, message: str, *, field: str | None = None, retryable: bool | None = None) -> ToolResult:
    """The result of a call that failed. `retryable` says whether the same call may succeed later."""
    error = ToolError(
        code=code,
        message=message[:MESSAGE_LIMIT],
        field=field or "",
        retryable=code in _RETRYABLE if retryable is None else retryable,
    )
    return ToolResult(text=_failure_text(error), error=error)


def failure_of(error: Exception) -> ToolResult:
    """The result that stands for an exception; of one that is not ours the class name is all that is told."""
    if isinstance(error, InvalidArguments):
        return failure(FailureCode.INVALID_ARGUMENTS, error.message, field=error.field)
    if isinstance(error, TimeoutError):
        return failure(FailureCode.TOOL_TIMEOUT, "The tool took too long.")
    code = getattr(error, "code", None)
    if isinstance(error, AevatarError) and code in _TOLD:
        return failure(FailureCode(code), _TOLD[FailureCode(code)])
    return failure(FailureCode.TOOL_FAILED, type(error).__name__, retryable=isinstance(error, Unavailable))


def shorten(text: str, *, is_kept: bool = True) -> ShortenedText:
    """Cuts text that is too long for the model at a character boundary, and says so at its end."""
    whole = text.encode()
    if len(whole) <= TEXT_LIMIT:
        return ShortenedText(text=text, kept=None)
    kept = _cut(whole, KEPT_LIMIT) if is_kept else None
    note = ", the rest lost" if kept is None else f", the first {len(kept)} kept" if len(kept) < len(whole) else ""
    marker = f"…[truncated, {len(whole)} bytes in all{note}]"
    return ShortenedText(text=_cut(whole, TEXT_LIMIT - len(marker.encode())).decode() + marker, kept=kept)


def _cut(text: bytes, limit: int) -> bytes:
    return text[:limit].decode(errors="ignore").encode()


def _failure_text(error: ToolError) -> str:
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.field:
        told["field"] = error.field
    told["retryable"] = error.retryable
    return json.dumps({"error": told}, ensure_ascii=False, separators=(",", ":"))
