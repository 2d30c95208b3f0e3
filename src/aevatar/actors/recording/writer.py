"""Group commit: all that is ready goes to the journal as one batch, one batch at a time.

There is no artificial delay. While one batch is under way the next one forms; that is where throughput comes from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from aevatar.errors import Unavailable
from aevatar.journal.records import Verdict

T = TypeVar("T")

BATCH_LIMIT = 1_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
"""Seconds between tries while the journal cannot be reached."""


class Troubled(Protocol):
    """Hears when the journal stops answering and when it answers again."""

    def journal_lost(self, error: Unavailable) -> None: ...
    def journal_back(self) -> None: ...


class GroupCommit(Generic[T]):
    """Stores items through `store` in batches, and gives each with its verdict to `settle`, in order.

    When nothing is known about a batch it is stored again, the very same one, until there are verdicts.
    """

    def __init__(
        self,
        store: Callable[[Sequence[T]], Awaitable[list[Verdict]]],
        settle: Callable[[Sequence[T], Sequence[Verdict]], None],
        troubled: Troubled,
    ) -> None:
        self._store = store
        self._settle = settle
        self._troubled = troubled
        self._queue: list[T] = []
        self._wake = asyncio.Event()
        self._is_storing = False

    @property
    def depth(self) -> int:
        """How many items wait for their batch."""
        return len(self._queue)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        return not self._queue and not self._is_storing

    def add(self, item: T) -> None:
        """Puts an item behind all that were added before."""
        self._queue.append(item)
        if not self._is_storing:
            self._wake.set()

    def drop(self, unwanted: Callable[[T], bool]) -> None:
        """Takes items back that are not under way yet."""
        self._queue = [item for item in self._queue if not unwanted(item)]

    async def run(self) -> None:
        """Stores until cancelled."""
        while True:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
            batch, self._queue = self._queue[:BATCH_LIMIT], self._queue[BATCH_LIMIT:]
            if not batch:
                continue
            self._is_storing = True
            verdicts = await self._stored(batch)
            self._is_storing = False
            self._settle(batch, verdicts)

    async def _stored(self, batch: Sequence[T]) -> list[Verdict]:
        try:
            return await self._store(batch)
        except Unavailable as lost:
            self._troubled.journal_lost(lost)
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)
            try:
                verdicts = await self._store(batch)
            except Unavailable as still_lost:
                self._troubled.journal_lost(still_lost)
            else:
                self._troubled.journal_back()
                return verdicts
