"""Callers who wait for an answer, each for a bounded time.

One alarm serves all who wait equally long, so waiting costs two entries in a dict and not a timer of the event loop.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from aevatar.errors import Unavailable

T = TypeVar("T")

_Queue = dict[asyncio.Future[Any], tuple[float, str]]
"""Futures in the order in which their time is up, each with that time and the command it is about."""


class Callers:
    """Everybody who waits in this process."""

    def __init__(self) -> None:
        self._queues: dict[float, _Queue] = {}
        self._alarms: dict[float, asyncio.TimerHandle] = {}

    async def wait(self, future: asyncio.Future[T], timeout: float, command_id: str) -> T:
        """What `future` comes to. Raises: Unavailable `timeout` after that many seconds; whatever the future raises."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        queue = self._queues.setdefault(timeout, {})
        queue[future] = (deadline, command_id)
        if timeout not in self._alarms:
            self._alarms[timeout] = loop.call_at(deadline, self._ring, timeout)
        try:
            return await future
        finally:
            queue.pop(future, None)

    def refuse(self, error: Unavailable) -> None:
        """Tells all who wait that there will be no answer here."""
        for queue in list(self._queues.values()):
            for future in list(queue):
                if not future.done():
                    future.set_exception(error)

    def close(self) -> None:
        """Cancels the alarms."""
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()

    def _ring(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        del self._alarms[timeout]
        for future, (deadline, command_id) in list(self._queues[timeout].items()):
            if deadline > loop.time():
                self._alarms[timeout] = loop.call_at(deadline, self._ring, timeout)
                return
            if not future.done():
                message = f"no outcome of {command_id!r} within {timeout} seconds; it may still come"
                future.set_exception(Unavailable("timeout", message, retry_after=1.0))
        del self._queues[timeout]
