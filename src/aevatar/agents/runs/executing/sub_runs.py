"""The effect that follows a sub-run: reads its session from a cursor, and brings what it shows to the run above."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from aevatar.actors import Effect, Link, Policy
from aevatar.agents.runs_pb2 import FollowSubRun, ObservedEvent, SubRunFinished, SubRunObserved
from aevatar.agents.stream_pb2 import ItemOpened, RunClosed, SubRunShown
from aevatar.identity import ActorId
from aevatar.sessions import Delta, SessionEvent, Sessions

BATCH_SECONDS = 0.05
BATCH_EVENTS = 100
OUTPUT_LIMIT = 32 * 1024
"""Characters of the answer that are brought to the run above."""


class FollowSubRunEffect(Effect[FollowSubRun, SubRunFinished]):
    """Follows one sub-run to its end. Repeated after a crash: the run above drops what it has shown already."""

    name = "runs.follow"
    policy = Policy.REPEAT
    concurrency = 1_000_000  # each waits for the next: a bound would have runs wait for those above them
    deadline = 24 * 3600.0

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def run(self, request: FollowSubRun, link: Link) -> SubRunFinished:
        passing = _Passing(request, link)
        finished = SubRunFinished(call_id=request.call_id, status="unknown")
        text: dict[str, str] = {}
        events = self._sessions.read(ActorId.parse(request.run), request.session, request.after)
        async with aclosing(events):
            async for event in events:
                passing.take(event)
                _collect(event, text, finished)
        passing.flush()
        finished.text = next(reversed(text.values()), "")[:OUTPUT_LIMIT]
        return finished


def _collect(event: SessionEvent, text: dict[str, str], finished: SubRunFinished) -> None:
    seen = event.event
    if isinstance(seen, Delta) and seen.channel == "text":
        text[seen.item] = text.get(seen.item, "") + seen.text
    elif isinstance(seen, RunClosed):
        finished.status = seen.status
        finished.usage.CopyFrom(seen.usage)
        finished.error_code, finished.error_message = seen.code, seen.message


class _Passing:
    """Joins what comes within some milliseconds."""

    def __init__(self, request: FollowSubRun, link: Link) -> None:
        self._request = request
        self._link = link
        self._batch = SubRunObserved(call_id=request.call_id)
        self._alarm: asyncio.TimerHandle | None = None

    def take(self, event: SessionEvent) -> None:
        if not self._is_wanted(event):
            return
        seen = event.event
        self._batch.events.append(
            ObservedEvent(cursor=event.cursor, name=seen.DESCRIPTOR.full_name, event=seen.SerializeToString())
        )
        if len(self._batch.events) >= BATCH_EVENTS:
            self.flush()
        elif self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)

    def _is_wanted(self, event: SessionEvent) -> bool:
        if self._request.detail == "all":
            return True
        return self._request.detail == "items" and isinstance(event.event, ItemOpened | RunClosed | SubRunShown)

    def flush(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._batch.events:
            self._link.signal(self._batch)
            self._batch = SubRunObserved(call_id=self._request.call_id)
