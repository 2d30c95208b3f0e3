"""The turn of an agent that calls a tool and then answers: durable, and in memory, beside other libraries of agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter

from aevatar.journal.memory import MemoryJournal
from aevatar.journal.port import Journal
from aevatar.journal.sqlite import SqliteJournal
from benchmarks.agents import Agency, Forecaster, agency
from benchmarks.environments import GOOGLE_ADK, OPENAI_AGENTS, PYDANTIC_AI, NotThere, Peer, Program, running
from benchmarks.figures import Figure, Goal, figure, skipped
from benchmarks.running import Effort, Pair, alternate, scratch

WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Compared:
    """A turn of ours in a journal beside one of a peer."""

    name: str
    peer: Peer
    work: str
    against: str
    goal: Goal
    is_stored: bool = False


COMPARED = (
    Compared("sqlite", OPENAI_AGENTS, "stored", "with its SQLite session", Goal("<=", 1), is_stored=True),
    Compared("memory.openai-agents", OPENAI_AGENTS, "bare", "without a session", Goal("<=", 1.5)),
    Compared("memory.pydantic-ai", PYDANTIC_AI, "bare", "which stores nothing", Goal("<=", 1.5)),
    Compared("memory.google-adk", GOOGLE_ADK, "bare", "with its session in memory", Goal("<=", 0.5)),
)


def turns(effort: Effort, compared: Compared) -> Iterator[Figure]:
    """One turn after the other, each a conversation of its own."""
    name = f"agents.turn.{compared.name}"
    against = f"{compared.peer.requirements[0]}, {compared.against}"
    with scratch() as folder:
        try:
            both = asyncio.run(_turns(effort, folder, compared))
        except NotThere as missing:
            yield skipped(name, "ms", goal=compared.goal, against=against, reason=str(missing))
        else:
            yield figure(name, both, "ms", goal=compared.goal, against=against)


async def _turns(effort: Effort, folder: Path, compared: Compared) -> Pair:
    total = effort.of(200, quick=8)
    journal: Journal = SqliteJournal(folder / "journal.db") if compared.is_stored else MemoryJournal()
    turn = count()
    with running(compared.peer, folder, may_install=not effort.is_quick) as peer:
        async with agency(journal, Forecaster(), folder=folder) as ours:
            await milliseconds(ours, turn, total=WARM_UP)
            return await alternate(
                effort,
                lambda: milliseconds(ours, turn, total=total),
                lambda: _theirs(peer, compared.work, total=total),
            )


async def milliseconds(ours: Agency, turn: Iterator[int], *, total: int) -> float:
    """What a turn of ours takes on the average."""
    began = perf_counter()
    for _ in range(total):
        await ours.answer(f"turn-{next(turn)}")
    return 1e3 * (perf_counter() - began) / total


async def _theirs(peer: Program, work: str, *, total: int) -> float:
    return 1e3 / peer.rate(work, total)


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {
    f"agents.turn.{compared.name}": partial(turns, compared=compared) for compared in COMPARED
}
