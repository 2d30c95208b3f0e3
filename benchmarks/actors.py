"""The actor that is measured: the tally of the tests, with an event and one read-model document of ordinary size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from aevatar.actors import Kind, Limits, Projection, Runtime
from aevatar.identity import ActorId, ScopeId
from aevatar.journal.port import Journal
from aevatar.journal.records import TurnRecord, Verdict
from aevatar.readmodels import DocumentOf
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, Added, Heard, TallyDocument, TallyState

TOKEN = Heard(text=" token")
SCOPE = ScopeId("benchmark")
NOTE = "an ordinary remark, about as long as what people write beside a figure they want to understand next year"
EVENT_BYTES = Added(by=1, note=NOTE, subject="program").ByteSize()


def document(state: TallyState) -> TallyDocument:
    return TallyDocument(total=state.total, additions=state.additions, last_note=NOTE)


PROJECTION = Projection(documents=(DocumentOf("benchmark.tallies", document),))
TALLY = Kind(Tally, PROJECTION)


class Watched:
    """A journal that keeps the batches it was given, so that a floor can write the very same ones."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.batches: list[Sequence[TurnRecord]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def commit(self, batch: Sequence[TurnRecord]) -> list[Verdict]:
        self.batches.append(batch)
        return await self._journal.commit(batch)

    def taken(self) -> list[Sequence[TurnRecord]]:
        """The batches since the last call."""
        batches, self.batches = self.batches, []
        return batches


@asynccontextmanager
async def serving(journal: Any, *, kind: Kind = TALLY) -> AsyncIterator[Runtime]:
    """A runtime that keeps every actor in memory for as long as the measurement takes."""
    runtime = Runtime(kinds=[kind], journal=journal, limits=Limits(idle=3600.0))
    async with runtime:
        yield runtime


def actor(key: int | str) -> ActorId:
    """The tally under `key`."""
    return ActorId(Tally.kind, SCOPE, str(key))


def actors(count: int) -> list[ActorId]:
    """Tallies under the numbers below `count`."""
    return [actor(number) for number in range(count)]


async def rate(work: Callable[[ActorId], Awaitable[object]], targets: Sequence[ActorId], *, total: int) -> float:
    """Pieces of work a second: `total` of them over the targets in turn, 200 under way at any time."""
    waiting = (targets[number % len(targets)] for number in range(total))

    async def caller() -> None:
        for target in waiting:
            await work(target)

    began = perf_counter()
    async with asyncio.TaskGroup() as callers:
        for _ in range(200):
            callers.create_task(caller())
    return total / (perf_counter() - began)


def adding(runtime: Runtime) -> Callable[[ActorId], Awaitable[object]]:
    """A plain durable turn: one event, one outcome, one document."""

    def add(target: ActorId) -> Awaitable[object]:
        return runtime.ask(target, Add(by=1, note=NOTE))

    return add
