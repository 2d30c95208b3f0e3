"""Reading responses: waiting for the end of one, following its events from any place, and seeing how it stands."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final

import anyio
from msgspec.structs import replace

from aevatar.actors import Runtime
from aevatar.agents.runs import SESSION
from aevatar.agents.runs_pb2 import ReaderLeft, RunDocument, TranscriptDocument
from aevatar.agents.stream_pb2 import RunSuspended
from aevatar.errors import AevatarError, Rejected
from aevatar.identity import ActorId
from aevatar.responses.codec import Body, Frame, ResponseCodec, place_of
from aevatar.responses.history import run_document
from aevatar.responses.response_object import ENDED, output_of, progress_of, read_echo, response_object
from aevatar.sessions import Delta, SessionEvent

ABANDONED_AFTER: Final = 30.0
"""Seconds for which an unstored response goes on after its reader has left."""
_LEAVING: Final = 5.0


class Following:
    """Reads the runs behind responses."""

    def __init__(self, runtime: Runtime, *, abandoned_after: float = ABANDONED_AFTER) -> None:
        self._runtime = runtime
        self._abandoned_after = abandoned_after
        self._readers: dict[ActorId, int] = {}

    @asynccontextmanager
    async def reading(self, run: ActorId) -> AsyncIterator[None]:
        """Keeps an unstored run going: when the last of its readers has left before the end, it is given up."""
        self._readers[run] = self._readers.get(run, 0) + 1
        try:
            yield
        finally:
            self._readers[run] -= 1
            if not self._readers[run]:
                del self._readers[run]
                with anyio.move_on_after(_LEAVING, shield=True):
                    await self._leave(run)

    async def _leave(self, run: ActorId) -> None:
        with suppress(AevatarError):  # it is gone already, or the process is about to stop
            if not await self._has_ended(run):
                await self._runtime.dispatch(run, ReaderLeft(cancel_after=self._abandoned_after))

    async def _has_ended(self, run: ActorId) -> bool:
        document = await run_document(self._runtime.readmodels, run.scope, run.key)
        return document is None or document.status in ENDED

    async def finished(self, run: ActorId) -> Body:
        """The response once its run has ended, or waits for a decision."""
        async with aclosing(self._runtime.sessions.read(run, SESSION)) as events:
            async for event in events:
                if isinstance(event.event, RunSuspended) and await self._is_suspended(run):
                    break
        return await self.current(run)

    async def _is_suspended(self, run: ActorId) -> bool:
        document = await run_document(self._runtime.readmodels, run.scope, run.key)
        return document is not None and document.status == "suspended"

    async def accepted(self, run: ActorId) -> Body:
        """The response as it was when it was accepted."""
        first, *_ = await self._runtime.sessions.page(run, SESSION, 0, 1)
        frame, *_ = ResponseCodec(run.key).fold(first)
        response: Body = frame.body["response"]
        return response

    async def current(self, run: ActorId, include: frozenset[str] = frozenset()) -> Body:
        """The response as it is now, stored or not."""
        document = await run_document(self._runtime.readmodels, run.scope, run.key)
        if document is None:  # deleted, and its stream is not erased yet
            raise _not_found(run)
        if document.status in ENDED:
            transcript = await self._transcript(run)
            if transcript is not None:
                return _ended(run, document, transcript, include)
        codec = ResponseCodec(run.key, include=include)
        async with aclosing(self._runtime.sessions.read(run, SESSION, until_terminal=False)) as events:
            async for event in events:
                codec.fold(event)
        if not codec.has_begun:
            raise _not_found(run)
        return codec.response()

    async def _transcript(self, run: ActorId) -> TranscriptDocument | None:
        found = await self._runtime.readmodels.get("agents.transcripts", run.scope, run.key)
        return found.document if found is not None and isinstance(found.document, TranscriptDocument) else None

    async def frames(
        self, run: ActorId, *, after: int | None = None, include: frozenset[str] = frozenset()
    ) -> AsyncGenerator[Frame, None]:
        """The events of a response after a sequence number: those that were, then those that come, to the last."""
        codec = ResponseCodec(run.key, include=include)
        cursor = 0
        if after is not None:
            cursor, _ = place_of(after)
            last = 0
            async for event in self._up_to(run, cursor):
                last = event.cursor
                for frame in codec.fold(event):
                    if frame.sequence_number > after:
                        yield frame
            if last < cursor:
                return
        async with aclosing(self._runtime.sessions.read(run, SESSION, cursor)) as events:
            async for event in events:
                for frame in codec.fold(event):
                    yield frame

    async def _up_to(self, run: ActorId, cursor: int) -> AsyncGenerator[SessionEvent, None]:
        """The events up to a cursor, also where the one at the cursor is stored joined with later ones."""
        sessions, after = self._runtime.sessions, 0
        while after < cursor:
            page = await sessions.page(run, SESSION, after)
            for event in page:
                if event.cursor <= cursor:
                    yield event
            if not page or page[-1].cursor > cursor:
                rests = await sessions.page(run, SESSION, cursor, 1) if page else []
                for event in page:
                    if event.cursor > cursor and (head := _head(event, rests)):
                        yield replace(event, cursor=cursor, event=head)
                return
            after = page[-1].cursor


def _not_found(run: ActorId) -> Rejected:
    return Rejected("response_not_found", f"There is no response {run.key!r}.", "response_id")


def _ended(run: ActorId, document: RunDocument, transcript: TranscriptDocument, include: frozenset[str]) -> Body:
    echo = read_echo(document.echo)
    output = output_of(run.key, list(transcript.items), echo, include | frozenset(echo.include))
    return response_object(run.key, echo, progress_of(document), output)


def _head(event: SessionEvent, rests: list[SessionEvent]) -> Delta | None:
    """The part of a joined text that lies before its rest."""
    whole = event.event
    if not isinstance(whole, Delta):
        return None
    rest = next((_length(each) for each in rests if each.cursor == event.cursor), len(whole.text))
    head = whole.text[: max(0, len(whole.text) - rest)]
    return Delta(item=whole.item, channel=whole.channel, text=head) if head else None


def _length(event: SessionEvent) -> int:
    return len(event.event.text) if isinstance(event.event, Delta) else 0
