"""How late a token reaches the readers of its session: from the signal that brings it, stored before it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from time import perf_counter

from aevatar.actors import Runtime
from aevatar.identity import ActorId
from aevatar.journal.sqlite import SqliteJournal
from benchmarks.actors import TOKEN, Watched, actor, adding, serving
from benchmarks.figures import Figure, Goal, figure
from benchmarks.floors import BareSqlite, Batch
from benchmarks.running import Effort, pair, quantile, scratch

QUEUES = "one bare grouped commit and a queue for each reader"
GOALS = {1: Goal("<=", 1.5), 100: Goal("<=", 2), 1_000: Goal("<=", 2)}
"""By the number of readers."""

Latencies = list[float]


def tokens(effort: Effort) -> Iterator[Figure]:
    """One token at a time to 1, 100 and 1,000 readers; the next once all have it."""
    for readers, goal in GOALS.items():
        with scratch() as folder:
            ours, bare = asyncio.run(_tokens(effort, folder, readers))
        for name, part in (("p50", 0.5), ("p99", 0.99)):
            both = pair([quantile(r, part) for r in ours], [quantile(r, part) for r in bare])
            yield figure(f"sessions.token.{readers}.{name}", both, "us", goal=goal, against=QUEUES)


async def _tokens(effort: Effort, folder: Path, readers: int) -> tuple[list[Latencies], list[Latencies]]:
    count = effort.of(200, quick=40) if readers < 1_000 else effort.of(50, quick=10)
    journal = Watched(SqliteJournal(folder / "journal.db"))
    floor = BareSqlite(folder / "floor.db")
    ours, bare = [], []
    async with serving(journal) as runtime:
        owner = actor("shown")
        await adding(runtime)(owner)
        async with _session_readers(runtime, owner, readers) as arrivals, _queue_readers(readers) as (queues, taken):
            for _ in range(effort.rounds):
                journal.taken()
                with effort.watching():
                    ours.append(await _latencies(count, arrivals, lambda _: runtime.signal(owner, TOKEN)))
                batches = journal.taken()
                bare.append(await _latencies(len(batches), taken, _storing_then_showing(floor, batches, queues)))
    floor.close()
    return ours, bare


def _storing_then_showing(
    floor: BareSqlite, batches: Sequence[Batch], queues: Sequence[asyncio.Queue[int]]
) -> Callable[[int], None]:
    """The floor blocks the event loop while it commits: no program could, but none is faster."""

    def send(number: int) -> None:
        floor.write([batches[number]])
        for queue in queues:
            queue.put_nowait(number)

    return send


class Arrivals:
    """When each of a number of readers got the one thing that is under way."""

    def __init__(self, readers: int) -> None:
        self._readers = readers
        self._times: list[float] = []
        self._complete = asyncio.Event()

    def note(self) -> None:
        """One reader has it."""
        self._times.append(perf_counter())
        if len(self._times) == self._readers:
            self._complete.set()

    async def all(self) -> list[float]:
        """The times, once every reader has it."""
        await self._complete.wait()
        self._complete.clear()
        times, self._times = self._times, []
        return times


async def _latencies(count: int, arrivals: Arrivals, send: Callable[[int], None]) -> Latencies:
    microseconds: Latencies = []
    for number in range(count):
        sent = perf_counter()
        send(number)
        microseconds += [1e6 * (came - sent) for came in await arrivals.all()]
    return microseconds


@asynccontextmanager
async def _session_readers(runtime: Runtime, owner: ActorId, readers: int) -> AsyncIterator[Arrivals]:
    arrivals = Arrivals(readers)
    async with during(reading(runtime, owner, arrivals.note) for _ in range(readers)):
        runtime.signal(owner, TOKEN)  # all have attached once they have this one
        await arrivals.all()
        yield arrivals


@asynccontextmanager
async def _queue_readers(readers: int) -> AsyncIterator[tuple[list[asyncio.Queue[int]], Arrivals]]:
    arrivals = Arrivals(readers)
    queues: list[asyncio.Queue[int]] = [asyncio.Queue() for _ in range(readers)]

    async def read(queue: asyncio.Queue[int]) -> None:
        while True:
            await queue.get()
            arrivals.note()

    async with during(map(read, queues)):
        yield queues, arrivals


async def reading(runtime: Runtime, owner: ActorId, note: Callable[[], None]) -> None:
    """Reads the session of an actor until cancelled, and notes each event."""
    async with aclosing(runtime.sessions.read(owner)) as events:
        async for _ in events:
            note()


@asynccontextmanager
async def during(works: Iterator[Coroutine[object, object, None]]) -> AsyncIterator[None]:
    """Runs endless works while the block runs."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {"sessions.token": tokens}
