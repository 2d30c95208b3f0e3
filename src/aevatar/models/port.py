"""The one door to a language model: what is asked, what comes back, how it fails.

Adapters implement `ModelPort`; nothing else in the system knows a provider. Retries, concurrency and fall-back are not
here: they belong to whoever makes the call.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from aevatar.errors import AevatarError
from aevatar.models.models_pb2 import ModelDelta, ModelFailure, ModelRequest
from aevatar.models.scrubbing import scrubbed

FINAL_CODES: Final = frozenset(
    {
        "authentication_failed",
        "permission_denied",
        "credential_unavailable",
        "model_not_found",
        "invalid_request",
        "context_length_exceeded",
        "content_filter",
    }
)
RETRYABLE_CODES: Final = frozenset({"rate_limited", "overloaded", "unavailable", "timeout", "protocol_error"})


class ModelError(AevatarError):
    """A model call failed. `code` is one of `FINAL_CODES` or `RETRYABLE_CODES` and decides `retryable`.

    The message is scrubbed of what looks like a secret and cut. `retry_after` is in seconds, `status` is HTTP's.
    """

    def __init__(self, code: str, message: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        if code not in FINAL_CODES and code not in RETRYABLE_CODES:
            raise ValueError(f"{code!r} is no code of a model error")
        self.code = code
        self.message = scrubbed(message)
        self.retryable = code in RETRYABLE_CODES
        self.retry_after = retry_after
        self.status = status
        super().__init__(f"{code}: {self.message}")

    @classmethod
    def of(cls, failure: ModelFailure) -> ModelError:
        """The error that a recorded failure describes."""
        return cls(
            failure.code,
            failure.message,
            retry_after=failure.retry_after if failure.HasField("retry_after") else None,
            status=failure.status if failure.HasField("status") else None,
        )

    def failure(self) -> ModelFailure:
        """The error as a message that can be recorded."""
        return ModelFailure(
            code=self.code,
            message=self.message,
            retryable=self.retryable,
            retry_after=self.retry_after,
            status=self.status,
        )


async def no_secret() -> str:
    """Stands in where a caller brought no credential. Raises: ModelError `credential_unavailable`."""
    raise ModelError("credential_unavailable", "The caller brought no credential for this model.")


async def no_blob(blob_id: str) -> bytes:
    """Stands in where no blob can be read. Raises: ModelError `invalid_request`."""
    raise ModelError("invalid_request", f"The blob {blob_id!r} cannot be read here.")


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model, and what the adapter may ask of its caller.

    A retry keeps the `call_id` and raises `attempt`. `deadline` is a time of the event loop. Cancelling the task
    cancels the call; the adapter closes its connection within a second. `blob` raises Rejected for one that is lost.
    """

    call_id: str
    attempt: int = 1
    deadline: float | None = None
    secret: Callable[[], Awaitable[str]] = no_secret
    blob: Callable[[str], Awaitable[bytes]] = no_blob


class ModelPort(Protocol):
    """A language model, or many of them told apart by `request.model`."""

    def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """Yields the reply as it comes; the last delta is `finished`.

        A generator, so that whoever stops early can close it (`contextlib.aclosing`). Raises: ModelError.
        """
        ...
