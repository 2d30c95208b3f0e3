"""A session as server-sent events: bytes encoded once, a cursor on every event, and a reader that leaves no trace.

Source: the HTML standard, "Server-sent events".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated, Final

import anyio
from fastapi import Depends, Header, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.sessions import SessionEvent, Sessions

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment shows proxies and readers that the connection lives."""
RETRY: Final = 1.0
"""Seconds a reader is asked to wait before it connects again."""
HIGH_WATER: Final = 64 * 1024
"""Bytes waiting for a slow reader before no more events are read for it."""

Codec = Callable[[SessionEvent], Iterable[tuple[str, bytes]]]
"""From a session event to server-sent events: name ("" for none) and data. None at all hides the event."""

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LARGEST_CURSOR = 2**63 - 1


class OpenStreams:
    """The streams of this process, so that they can be ended when it has to stop: they resume by cursor elsewhere."""

    def __init__(self) -> None:
        self._pumps: set[_Pump] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._pumps)

    def close(self) -> None:
        """Ends all streams, also those that are still to come."""
        self._is_closed = True
        for pump in self._pumps:
            pump.end()

    @contextmanager
    def holding(self, pump: _Pump) -> Iterator[None]:
        """Counts a stream in while it is open."""
        self._pumps.add(pump)
        if self._is_closed:
            pump.end()
        try:
            yield
        finally:
            self._pumps.discard(pump)


class ByteStream(Response):
    """Answers with server-sent events that come encoded: whatever `chunks` yields, until it ends or the reader leaves.

    The generator is closed in both cases, and when the process has to stop.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        heartbeat: float = HEARTBEAT,
        retry: float = RETRY,
        status_code: int = 200,  # for the framework, which looks here for what to describe
    ) -> None:
        super().__init__(status_code=status_code, headers=_HEADERS)
        del self.headers["content-length"]
        self._chunks = chunks
        self._heartbeat = heartbeat
        self._opening = b"retry: %d\n" % round(retry * 1000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams: OpenStreams = scope["app"].state.streams
        async with aclosing(self._chunks) as chunks:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            pump = _Pump(chunks, heartbeat=self._heartbeat, opening=self._opening)
            with streams.holding(pump):
                await pump.run(receive, send)


class EventStream(ByteStream):
    """Answers with the events of a session after a cursor: those stored, then the live ones, to the terminal one.

    A reader that has seen the end gets 204, which tells a browser to stay away. Raises, when it is sent: Rejected
    `invalid_cursor` if the session holds no such event.
    """

    def __init__(
        self,
        sessions: Sessions,
        owner: ActorId,
        session: str,
        *,
        codec: Codec,
        after: int = 0,
        heartbeat: float = HEARTBEAT,
        retry: float = RETRY,
        status_code: int = 200,
    ) -> None:
        super().__init__(self._encoded(), heartbeat=heartbeat, retry=retry, status_code=status_code)
        self._sessions = sessions
        self._owner = owner
        self._session = session
        self._lease = sessions.open(owner, session)
        self._codec = codec
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._after and await self._was_last():
            await Response(status_code=204)(scope, receive, send)
            return
        async with self._lease:
            await super().__call__(scope, receive, send)

    async def _encoded(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._lease.read(self._after)) as events:
            async for event in events:
                yield encoded(self._codec(event), event.cursor)

    async def _was_last(self) -> bool:
        seen = await self._sessions.page(self._owner, self._session, self._after - 1, 1)
        if not seen:
            raise Rejected("invalid_cursor", f"this session holds no event {self._after}", "Last-Event-ID")
        return seen[0].is_terminal and seen[0].cursor == self._after


def encoded(frames: Iterable[tuple[str, bytes]], cursor: int) -> bytes:
    """The bytes of one session event. Only its last frame carries the cursor: who has less must get all of it again."""
    written = [_frame(name, data) for name, data in frames]
    if written:
        written[-1] = b"id: %d\n%b" % (cursor, written[-1])
    return b"".join(written)


def _frame(name: str, data: bytes) -> bytes:
    event = b"event: %b\n" % name.encode() if name else b""
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(_LINE_END.split(data))
    return b"%bdata: %b\n\n" % (event, data)


class _Pump:
    """Moves bytes to one reader. What gathers while a write is under way leaves with the next one."""

    def __init__(self, chunks: AsyncIterator[bytes], *, heartbeat: float, opening: bytes) -> None:
        self._chunks = chunks
        self._heartbeat = heartbeat
        self._waiting = bytearray(opening)
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._is_over = False
        self._has_moved = True

    async def run(self, receive: Receive, send: Send) -> None:
        """Runs until the events end, the reader leaves, or `end` is called."""
        self._news.set()
        self._beat()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._leave_with_the_reader, receive, tasks.cancel_scope)
                tasks.start_soon(self._read)
                await self._write(send)
                tasks.cancel_scope.cancel()
        finally:
            self._alarm.cancel()

    def end(self) -> None:
        """Ends the stream after what is waiting."""
        self._is_over = True
        self._news.set()

    async def _read(self) -> None:
        async for chunk in self._chunks:
            self._waiting += chunk
            self._has_moved = True
            self._news.set()
            while len(self._waiting) > HIGH_WATER:
                self._room.clear()
                await self._room.wait()
        self.end()

    async def _write(self, send: Send) -> None:
        is_last = False
        while not is_last:
            await self._news.wait()
            self._news.clear()
            body, is_last = bytes(self._waiting), self._is_over
            self._waiting.clear()
            self._room.set()
            await send({"type": "http.response.body", "body": body, "more_body": not is_last})

    async def _leave_with_the_reader(self, receive: Receive, cancel_scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        cancel_scope.cancel()

    def _beat(self) -> None:
        if not self._has_moved and not self._waiting:
            # Without a blank line: there are clients that take one for an event, even where none was begun.
            self._waiting += b":\n"
            self._news.set()
        self._has_moved = False
        self._alarm = asyncio.get_running_loop().call_later(self._heartbeat, self._beat)


async def _cursor(
    last_event_id: Annotated[int | None, Header(ge=0, le=_LARGEST_CURSOR)] = None,
    after: Annotated[int, Query(ge=0, le=_LARGEST_CURSOR, description="Where `Last-Event-ID` cannot be sent.")] = 0,
) -> int:
    return after if last_event_id is None else last_event_id


Cursor = Annotated[int, Depends(_cursor)]
"""Where a reader wants to go on: `Last-Event-ID`, or `?after=`, or the beginning."""
