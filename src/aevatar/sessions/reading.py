"""Reading a session: stored events after a cursor, then the live tail, without gap or repetition, to the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Protocol, Self

from google.protobuf.message import Message
from msgspec import Struct

from aevatar.errors import Unavailable
from aevatar.identity import ActorId
from aevatar.journal import records
from aevatar.journal.port import Journal
from aevatar.sessions.folding import unfolded
from aevatar.sessions.hub import Hub, Tail

PAGE = 64
"""Events read from the store at once: what a thousand stalled readers hold in memory."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


class Decode(Protocol):
    """Turns a stored name and body into a message."""

    def __call__(self, name: str, body: bytes) -> Message: ...


class SessionEvent(Struct, frozen=True):
    """One observation, as a reader gets it. `cursor` is what to resume after; `at` is in milliseconds since 1970."""

    owner_actor_id: ActorId
    session_id: str
    cursor: int
    event: Message
    at: int
    is_terminal: bool = False


class Lease:
    """A reader's place at a session, held from before the first event can happen."""

    def __init__(self, sessions: Sessions, owner: ActorId, session: str) -> None:
        self._sessions = sessions
        self._owner = owner
        self._session = session
        self._tail: Tail | None = None

    async def __aenter__(self) -> Self:
        self._tail = self._sessions.hub.attach(self._owner.text, self._session)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._tail is not None:
            self._tail.close()
            self._tail = None

    def read(self, after: int = 0, *, until_terminal: bool = True) -> AsyncGenerator[SessionEvent, None]:
        """As `Sessions.read`; the lease allows one reading at a time."""
        if self._tail is None:
            raise Unavailable("lease_closed", "a session is read inside `async with`")
        return self._sessions.follow(self._owner, self._session, after, self._tail, until_terminal=until_terminal)


class Sessions:
    """The sessions of this runtime, for readers."""

    def __init__(self, journal: Journal, hub: Hub, *, decode: Decode, current: Callable[[ActorId], ActorId]) -> None:
        self._journal = journal
        self._decode = decode
        self._current = current
        self.hub = hub

    def open(self, owner: ActorId, session: str = "main") -> Lease:
        """A lease on a session: attach, then dispatch, then read, and nothing can be missed."""
        return Lease(self, self._current(owner), session)

    async def read(
        self, owner: ActorId, session: str = "main", after: int = 0, *, until_terminal: bool = True
    ) -> AsyncGenerator[SessionEvent, None]:
        """Every event with a cursor above `after`, in order, each once, ending after the terminal one.

        With `until_terminal` False it ends when all that is stored has been read. A journal that does not answer is
        waited for.

        Raises: Unavailable `stopping` when the runtime is stopped.
        """
        async with (
            self.open(owner, session) as lease,
            aclosing(lease.read(after, until_terminal=until_terminal)) as events,
        ):
            async for event in events:
                yield event

    async def page(self, owner: ActorId, session: str, after: int = 0, limit: int = PAGE) -> list[SessionEvent]:
        """Stored events with a cursor above `after`, at most about `limit`."""
        owner = self._current(owner)
        page = await self._journal.session(owner.text, session, after, limit)
        return [self._event(owner, event) for event in unfolded(page.events, after)]

    async def follow(
        self, owner: ActorId, session: str, after: int, tail: Tail, *, until_terminal: bool
    ) -> AsyncGenerator[SessionEvent, None]:
        """What `read` does, on a tail that is attached already."""
        cursor = after
        while True:
            tail.rearm()
            while True:
                page = await self._stored(owner, session, cursor)
                for event in unfolded(page.events, cursor):
                    cursor = event.number
                    yield self._event(owner, event)
                    if event.terminal:
                        return
                if len(page.events) < PAGE:
                    break
            if page.ended or not until_terminal:
                return
            async for event in self._live(tail, cursor):
                cursor = event.number
                yield self._event(owner, event)
                if event.terminal:
                    return

    async def _live(self, tail: Tail, cursor: int) -> AsyncGenerator[records.SessionEvent, None]:
        while taken := await tail.take():
            for event in taken:
                if event.number == cursor + 1:
                    cursor = event.number
                    yield event
                elif event.number > cursor:  # another process wrote between: the store has it
                    return

    async def _stored(self, owner: ActorId, session: str, cursor: int) -> records.SessionPage:
        pause = _FIRST_PAUSE
        while True:
            if self.hub.is_closed:
                raise Unavailable("stopping", "this process is shutting down", retry_after=1.0)
            try:
                return await self._journal.session(owner.text, session, cursor, PAGE)
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)

    def _event(self, owner: ActorId, event: records.SessionEvent) -> SessionEvent:
        message = self._decode(event.name, event.body)
        return SessionEvent(owner, event.session, event.number, message, event.at, event.terminal)
