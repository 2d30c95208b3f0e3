"""Holds any adapter to the contract of the port, so that nobody above has to doubt what a stream looks like.

Exactly one `finished`, and it is last; call ids unique; silence bounded; every failure a `ModelError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import Any, Final

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
        with closing(_Patience(limits, call.deadline)) as patience:
            while not contract.finished:
                for delta in contract.admit(await _next(stream, patience)):
                    yield delta


async def _next(stream: AsyncIterator[ModelDelta], patience: _Patience) -> ModelDelta:
    try:
        return await patience.wait(anext(stream))
    except TimeoutError as error:
        raise ModelError("timeout", patience.reason) from error
    except StopAsyncIteration as end:
        raise ModelError("protocol_error", "The reply ended in the middle.") from end
    except (AevatarError, AssertionError):
        # A failed assertion is a broken test or program; made into a reply, it would be retried and hidden.
        raise
    except Exception as error:
        raise ModelError("protocol_error", f"The reply could not be read ({type(error).__name__}).") from error


class _Patience:
    """Bounds every wait for the next delta, with one timer for all of them.

    A timeout for each would be much of what a short delta costs.
    """

    def __init__(self, limits: StreamLimits, deadline: float | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = limits
        self._deadline = deadline
        self._silence = limits.first_byte
        self._until = 0.0
        self._waiter: asyncio.Task[Any] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._is_lost = False

    @property
    def reason(self) -> str:
        """Why the last wait was too long."""
        if self._deadline is not None and self._until == self._deadline:
            return "The deadline of the call passed."
        return f"The model sent nothing for {self._silence:g} s."

    async def wait(self, coming: Awaitable[ModelDelta]) -> ModelDelta:
        """What comes next. Raises: TimeoutError, when it does not come in time."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a stream is read in a task")
        cancelling = task.cancelling()
        self._until = self._loop.time() + self._silence
        if self._deadline is not None:
            self._until = min(self._until, self._deadline)
        if self._alarm is None or self._alarm.when() > self._until:
            self._set_alarm()
        self._waiter = task
        try:
            delta = await coming
        except asyncio.CancelledError as cancelled:
            if self._is_lost and task.uncancel() <= cancelling:
                raise TimeoutError from cancelled
            raise
        finally:
            self._waiter = None
        self._silence = self._limits.idle
        return delta

    def _set_alarm(self) -> None:
        self.close()
        self._alarm = self._loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._waiter is None:  # the next wait sets another
            return
        if self._loop.time() < self._until:  # something has come since it was set
            self._set_alarm()
            return
        self._is_lost = True
        self._waiter.cancel()

    def close(self) -> None:
        """Sets no alarm any more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


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
