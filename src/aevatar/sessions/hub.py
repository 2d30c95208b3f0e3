"""The live side of sessions: committed events go to whoever reads at this moment.

A reader never holds up an actor: it has a bounded buffer, and past that bound it is sent back to the store.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain

from aevatar.journal.records import SessionEvent

BUFFER = 256
"""Events held for a reader before it is sent back to reading from the store."""


class Tail:
    """What one reader has not taken yet of what was committed since it attached."""

    __slots__ = ("_buffer", "_hub", "_place", "_waiter", "has_overflowed")

    def __init__(self, hub: Hub, place: tuple[str, str]) -> None:
        self._hub = hub
        self._place = place
        self._buffer: deque[SessionEvent] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self.has_overflowed = False

    def push(self, events: Sequence[SessionEvent]) -> None:
        """Takes committed events, or gives up the buffer when it is full."""
        if self.has_overflowed:
            return
        if len(self._buffer) + len(events) > BUFFER:
            self._hub.readers_switched += 1
            self.overflow()
        else:
            self._buffer.extend(events)
            self._wake()

    def overflow(self) -> None:
        """Gives up what is held: the reader has to go back to the store."""
        self._buffer.clear()
        self.has_overflowed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():  # done: its reader is being cancelled right now
            self._waiter.set_result(None)

    async def take(self) -> list[SessionEvent]:
        """What has come since, waiting for at least one event or an overflow; empty after an overflow."""
        while not self._buffer and not self.has_overflowed:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        taken = list(self._buffer)
        self._buffer.clear()
        return taken

    def rearm(self) -> None:
        """Begins to buffer again, after the reader has decided to go back to the store."""
        self._buffer.clear()
        self.has_overflowed = False

    def close(self) -> None:
        """Frees the place at once."""
        self._hub.detach(self._place, self)


class Hub:
    """Who reads which session in this process."""

    def __init__(self) -> None:
        self._tails: dict[tuple[str, str], list[Tail]] = {}
        self._listeners: list[Callable[[str, str], None]] = []
        self.readers = 0
        self.readers_switched = 0
        self.is_closed = False

    def open(self) -> None:
        """Has readers come in again."""
        self.is_closed = False

    def close(self) -> None:
        """Sends all readers away, because this process stops."""
        self.is_closed = True
        for tail in chain.from_iterable(self._tails.values()):
            tail.overflow()

    def attach(self, owner: str, session: str) -> Tail:
        """A tail that misses nothing from now on. Close it."""
        place = (owner, session)
        tail = Tail(self, place)
        self._tails.setdefault(place, []).append(tail)
        self.readers += 1
        return tail

    def detach(self, place: tuple[str, str], tail: Tail) -> None:
        """Forgets a tail. Harmless when repeated."""
        tails = self._tails.get(place, [])
        if tail in tails:
            tails.remove(tail)
            self.readers -= 1
            if not tails:
                del self._tails[place]

    def on_end(self, listener: Callable[[str, str], None]) -> None:
        """Has `listener` told the owner and the name of every session that ends in this process."""
        self._listeners.append(listener)

    def publish(self, owner: str, events: Sequence[SessionEvent]) -> None:
        """Hands committed events, of any sessions of one owner, to their readers."""
        if self._listeners:
            self._tell_ends(owner, events)
        if not self._tails:
            return
        first = events[0].session
        if all(event.session == first for event in events):
            self._push((owner, first), events)
            return
        for session in dict.fromkeys(event.session for event in events):
            self._push((owner, session), [event for event in events if event.session == session])

    def _tell_ends(self, owner: str, events: Sequence[SessionEvent]) -> None:
        for event in events:
            if event.terminal:
                for listener in self._listeners:
                    listener(owner, event.session)

    def _push(self, place: tuple[str, str], events: Sequence[SessionEvent]) -> None:
        for tail in self._tails.get(place, ()):
            tail.push(events)
