"""Holds any adapter to the contract of the port, so that nobody above has to doubt what a stream looks like.

Exactly one `finished`, and it is last; call ids unique; silence bounded; every failure a `ModelError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from aevatar.errors import AevatarError
from aevatar.models.estimate import estimated_usage
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.models.port import ModelCall, ModelError


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How long a stream may be silent, in seconds: before its first delta, and between two."""

    first_byte: float = 60
    idle: float = 60


DEFAULT_LIMITS: Final = StreamLimits()


async def checked(
    stream: AsyncGenerator[ModelDelta], request: ModelRequest, call: ModelCall, *, limits: StreamLimits = DEFAULT_LIMITS
) -> AsyncGenerator[ModelDelta]:
    """Passes `stream` on as the port promises it; closes it at the end, whatever the end is.

    Raises: ModelError; `timeout` when it is silent too long or the deadline passes, `protocol_error` when it ends
    without `finished` or breaks the order.
    """
    contract = _Contract(request, call)
    async with aclosing(stream):
        silence = limits.first_byte
        while True:
            for delta in contract.admit(await _next(stream, silence, call.deadline)):
                yield delta
            if contract.finished:
                return
            silence = limits.idle


async def _next(stream: AsyncIterator[ModelDelta], silence: float, deadline: float | None) -> ModelDelta:
    left = silence if deadline is None else min(silence, deadline - asyncio.get_running_loop().time())
    try:
        async with asyncio.timeout(left):
            return await anext(stream)
    except TimeoutError as error:
        reason = f"The model sent nothing for {silence:g} s." if left == silence else "The deadline of the call passed."
        raise ModelError("timeout", reason) from error
    except StopAsyncIteration as end:
        raise ModelError("protocol_error", "The reply ended in the middle.") from end
    except (AevatarError, AssertionError):
        # A failed assertion is a broken test or program; made into a reply, it would be retried and hidden.
        raise
    except Exception as error:
        raise ModelError("protocol_error", f"The reply could not be read ({type(error).__name__}).") from error


class _Contract:
    """What has been seen of one stream."""

    def __init__(self, request: ModelRequest, call: ModelCall) -> None:
        self.finished = False
        self._request = request
        self._call_id = call.call_id
        self._taken = {known.call_id for message in request.messages for known in message.tool_calls}
        self._open: set[int] = set()
        self._has_usage = False
        self._characters = self._reasoning_characters = 0

    def admit(self, delta: ModelDelta) -> list[ModelDelta]:
        """What is to be passed on in place of `delta`."""
        match delta.WhichOneof("kind"):
            case "text":
                self._characters += len(delta.text)
            case "reasoning":
                self._characters += len(delta.reasoning)
                self._reasoning_characters += len(delta.reasoning)
            case "call_opened":
                return [self._opened(delta)]
            case "call_arguments":
                self._extend(delta)
            case "usage":
                self._has_usage = True
            case "finished":
                return self._finish(delta)
            case None:
                return []
        return [delta]

    def _opened(self, delta: ModelDelta) -> ModelDelta:
        opened = delta.call_opened
        if opened.index in self._open or not opened.name:
            raise ModelError("protocol_error", "A tool call was opened twice or has no name.")
        self._open.add(opened.index)
        self._characters += len(opened.name)
        call_id = self._free_id(opened.call_id)
        if call_id == opened.call_id:
            return delta
        return ModelDelta(call_opened={"index": opened.index, "call_id": call_id, "name": opened.name})

    def _free_id(self, wished: str) -> str:
        # Ids of earlier rounds count as taken: some servers number the calls of every reply from zero.
        call_id, number = wished, len(self._open) - 1
        while not call_id or call_id in self._taken:
            call_id, number = f"call_{self._call_id}_{number}", number + 1
        self._taken.add(call_id)
        return call_id

    def _extend(self, delta: ModelDelta) -> None:
        if delta.call_arguments.index not in self._open:
            raise ModelError("protocol_error", "Arguments came for a tool call that was not opened.")
        self._characters += len(delta.call_arguments.fragment)

    def _finish(self, delta: ModelDelta) -> list[ModelDelta]:
        self.finished = True
        if self._has_usage:
            return [delta]
        usage = estimated_usage(
            self._request,
            output_characters=self._characters,
            reasoning_characters=self._reasoning_characters,
        )
        return [ModelDelta(usage=usage), delta]
