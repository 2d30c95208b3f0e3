"""Durable turns: many actors, one actor, one turn alone, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

from aevatar.actors import Runtime
from aevatar.identity import ActorId
from aevatar.journal.postgres import PostgresJournal
from aevatar.journal.sqlite import SqliteJournal
from benchmarks.actors import Watched, actor, actors, adding, rate, serving
from benchmarks.figures import Figure, Goal, figure, skipped
from benchmarks.floors import BareSqlite
from benchmarks.postgres import BarePostgres, NoServer, server
from benchmarks.running import Effort, Pair, alternate, scratch

MANY = actors(1_000)
HOT = actor("hot")
BARE_INSERTS = "bare group-committed inserts of the same bytes"
BARE_UNNEST = "bare unnest inserts of the same bytes"


def on_sqlite(effort: Effort) -> Iterator[Figure]:
    """1,000 actors with 200 turns in flight, one event and one document each."""
    with scratch() as folder:
        both = asyncio.run(_on_sqlite(effort, folder))
    yield figure("turns.sqlite", both, "turns/s", goal=Goal(">=", 0.35), against=BARE_INSERTS)


def hot(effort: Effort) -> Iterator[Figure]:
    """One actor with 200 callers."""
    with scratch() as folder:
        both = asyncio.run(_hot(effort, folder))
    yield figure("turns.hot", both, "turns/s", goal=Goal(">=", 0.5), against="the same turns of 1,000 actors")


def single(effort: Effort) -> Iterator[Figure]:
    """One awaited turn after the other, nothing else running."""
    with scratch() as folder:
        both = asyncio.run(_single(effort, folder))
    yield figure("turns.single", both, "us p50", goal=Goal("<=", 1.5), against="one bare single-row FULL commit")


def on_postgres(effort: Effort) -> Iterator[Figure]:
    """1,000 actors with 200 turns in flight, one event and one document each."""
    name, goal = "turns.postgres", Goal(">=", 0.15)
    try:
        with server() as url:
            both = asyncio.run(_on_postgres(effort, url))
    except NoServer as missing:
        yield skipped(name, "turns/s", goal=goal, against=BARE_UNNEST, reason=str(missing))
    else:
        yield figure(name, both, "turns/s", goal=goal, against=BARE_UNNEST)


async def _on_sqlite(effort: Effort, folder: Path) -> Pair:
    total = effort.of(20_000, quick=3_000)
    async with _on_both(folder) as (journal, runtime, floor):

        async def bare() -> float:
            return total / floor.write(journal.taken())

        return await alternate(effort, lambda: rate(adding(runtime), MANY, total=total), bare)


async def _hot(effort: Effort, folder: Path) -> Pair:
    total = effort.of(20_000, quick=3_000)
    async with _on_both(folder) as (journal, runtime, _):

        async def of(targets: list[ActorId]) -> float:
            journal.taken()
            return await rate(adding(runtime), targets, total=total)

        return await alternate(effort, lambda: of([HOT]), lambda: of(MANY))


async def _single(effort: Effort, folder: Path) -> Pair:
    async with _on_both(folder) as (journal, runtime, floor):
        add = adding(runtime)

        async def alone() -> float:
            seconds = []
            for _ in range(effort.of(400, quick=80)):
                began = perf_counter()
                await add(HOT)
                seconds.append(perf_counter() - began)
            return 1e6 * statistics.median(seconds)

        async def bare() -> float:
            return 1e6 * statistics.median(floor.write_one_by_one(journal.taken()))

        return await alternate(effort, alone, bare)


@asynccontextmanager
async def _on_both(folder: Path) -> AsyncIterator[tuple[Watched, Runtime, BareSqlite]]:
    """A runtime whose actors are in memory, and a floor that has written what they wrote."""
    journal = Watched(SqliteJournal(folder / "journal.db"))
    floor = BareSqlite(folder / "floor.db")
    async with serving(journal) as runtime:
        await rate(adding(runtime), [*MANY, HOT], total=2 * len(MANY))
        floor.write(journal.taken())
        yield journal, runtime, floor
    floor.close()


async def _on_postgres(effort: Effort, url: str) -> Pair:
    total = effort.of(20_000, quick=2_000)
    journal = Watched(PostgresJournal(url, schema="benchmark"))
    floor = await BarePostgres.connect(url)
    async with serving(journal) as runtime:
        add = adding(runtime)
        await rate(add, MANY, total=2 * len(MANY))
        await floor.write(journal.taken())

        async def bare() -> float:
            return total / await floor.write(journal.taken())

        both = await alternate(effort, lambda: rate(add, MANY, total=total), bare)
    await floor.close()
    return both


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {
    "turns.sqlite": on_sqlite,
    "turns.hot": hot,
    "turns.single": single,
    "turns.postgres": on_postgres,
}
