"""The same work in other libraries: a durable step each, and an ask of an actor in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from aevatar.actors import Runtime
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.sqlite import SqliteJournal
from benchmarks.actors import actors, adding, rate, serving
from benchmarks.environments import AUTOGEN, DBOS, EVENTSOURCING, LANGGRAPH, PYKKA, XOSCAR, NotThere, Peer, running
from benchmarks.figures import Figure, Goal, figure, skipped
from benchmarks.running import Effort, Pair, alternate, scratch
from tests.sample.sample_pb2 import HowMuch


@dataclass(frozen=True, slots=True)
class Durable:
    """A peer whose durable step is compared with a durable turn; `full` and `quick` are the steps of a round."""

    peer: Peer
    work: str
    against: str
    goal: Goal
    full: int
    quick: int


DURABLE = (
    Durable(EVENTSOURCING, "save", "its aggregate save", Goal(">=", 6), 10_000, 2_000),
    Durable(LANGGRAPH, "run", "its graph of one step", Goal(">=", 30), 500, 30),
    Durable(DBOS, "run", "its workflow of one step", Goal(">=", 30), 500, 30),
)
ASKED_ACTORS = actors(100)
ASKED = (PYKKA, XOSCAR, AUTOGEN)
FASTER = Goal(">=", 1)


def durable(effort: Effort) -> Iterator[Figure]:
    """A durable turn of 1,000 actors beside the durable step of each peer, all on SQLite with FULL."""
    for compared in DURABLE:
        name, against = f"peers.{compared.peer.name}", f"{compared.peer.requirements[0]}, {compared.against}"
        with scratch() as folder:
            try:
                yield asyncio.run(_durable(effort, folder, compared, name=name, against=against))
            except NotThere as missing:
                yield skipped(name, "turns/s", goal=compared.goal, against=against, reason=str(missing))


async def _durable(effort: Effort, folder: Path, compared: Durable, *, name: str, against: str) -> Figure:
    total = effort.of(20_000, quick=2_000)
    many = actors(1_000)
    with running(compared.peer, folder, may_install=not effort.is_quick) as peer:
        async with serving(SqliteJournal(folder / "journal.db")) as runtime:
            add = adding(runtime)
            await rate(add, many, total=2_000)

            async def theirs() -> float:
                return peer.rate(compared.work, effort.of(compared.full, quick=compared.quick))

            both = await alternate(effort, lambda: rate(add, many, total=total), theirs)
    return figure(name, both, "turns/s", goal=compared.goal, against=against)


def asks(effort: Effort) -> Iterator[Figure]:
    """An ask that leaves nothing behind, one after the other and 200 under way, beside each peer."""
    for peer in ASKED:
        told = {
            "alone": f"{peer.requirements[0]}, one after the other",
            "many": f"{peer.requirements[0]}, 200 under way",
        }
        with scratch() as folder:
            try:
                both = asyncio.run(_asks(effort, folder, peer))
            except NotThere as missing:
                for work, against in told.items():
                    name = f"asks.{peer.name}.{work}"
                    yield skipped(name, "asks/s", goal=FASTER, against=against, reason=str(missing))
            else:
                for work, against in told.items():
                    yield figure(f"asks.{peer.name}.{work}", both[work], "asks/s", goal=FASTER, against=against)


async def _asks(effort: Effort, folder: Path, peer: Peer) -> dict[str, Pair]:
    total = effort.of(20_000, quick=2_000)
    with running(peer, folder, may_install=not effort.is_quick) as program:
        async with serving(MemoryJournal()) as runtime:
            await rate(adding(runtime), ASKED_ACTORS, total=200)

            async def alone() -> float:
                return await _one_after_the_other(runtime, total)

            async def many() -> float:
                return await rate(lambda target: runtime.ask(target, HowMuch()), ASKED_ACTORS, total=total)

            async def theirs(work: str) -> float:
                return program.rate(work, total)

            return {
                "alone": await alternate(effort, alone, lambda: theirs("alone")),
                "many": await alternate(effort, many, lambda: theirs("many")),
            }


async def _one_after_the_other(runtime: Runtime, total: int) -> float:
    began = perf_counter()
    for number in range(total):
        await runtime.ask(ASKED_ACTORS[number % len(ASKED_ACTORS)], HowMuch())
    return total / (perf_counter() - began)


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {"peers": durable, "asks": asks}
