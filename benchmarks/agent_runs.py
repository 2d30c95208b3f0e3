"""What a run leaves on the disk, and how soon runs go on whose process was killed."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

from aevatar.actors import Retention
from aevatar.agents.runs_pb2 import TranscriptDocument
from aevatar.identity import ActorId
from aevatar.journal.sqlite import SqliteJournal
from aevatar.models import ModelCall
from aevatar.models.models_pb2 import FINISH_STOP, ModelDelta, ModelRequest, Usage
from benchmarks.agents import Agency, agency
from benchmarks.figures import Figure, Goal, figure
from benchmarks.processes import killed, program, told
from benchmarks.running import ROOT, Effort, Pair, pair, scratch

TOKENS = 1_000
TOKENS_A_SECOND = 50


class Teller:
    """A model that says 1,000 tokens, each `pause` seconds after the one before.

    They are words of a page of ours: the same word again and again would be compressed to nothing.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._words = (ROOT / "docs" / "design" / "kernel.md").read_text(encoding="utf-8").split()[:TOKENS]

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`."""
        for word in self._words:
            yield ModelDelta(text=f"{word} ")
            if self._pause:
                await asyncio.sleep(self._pause)
        yield ModelDelta(usage=Usage(input_tokens=10, output_tokens=TOKENS))
        yield ModelDelta(finished=FINISH_STOP)


def stored(effort: Effort) -> Iterator[Figure]:
    """The journal's growth by runs of 1,000 tokens each, once their sessions are folded."""
    with scratch() as folder:
        both = asyncio.run(_stored(effort, folder))
    pace = "all at once" if effort.is_quick else f"{TOKENS_A_SECOND} a second"
    yield figure(
        "agents.stored",
        both,
        "bytes a run",
        goal=Goal("<=", 4),
        against="the bytes of its items",
        note=f"{TOKENS:,} tokens, {pace}",
    )


async def _stored(effort: Effort, folder: Path) -> Pair:
    runs = effort.of(50, quick=10)
    path = folder / "journal.db"
    model = Teller(0 if effort.is_quick else 1 / TOKENS_A_SECOND)
    folding = Retention(fold_after=-1)  # also what ended this very moment
    async with agency(SqliteJournal(path), model, folder=folder, tools=False, retention=folding) as ours:
        await ours.answer("first")  # what every journal has once is not counted
        await ours.runtime._housekeeping.round()
        before = _size(path)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ours.answer(f"run-{number}")) for number in range(runs)]
        await ours.runtime._housekeeping.round()
        items = sum([await _item_bytes(ours, task.result()) for task in tasks])
        return pair([(_size(path) - before) / runs], [items / runs])


async def _item_bytes(ours: Agency, run: ActorId) -> int:
    found = await ours.runtime.readmodels.get("agents.transcripts", run.scope, run.key)
    if found is None or not isinstance(found.document, TranscriptDocument):
        raise AssertionError("a run that has ended has a transcript")
    return sum(item.ByteSize() for item in found.document.items)


def _size(path: Path) -> int:
    """The bytes of the pages in use; those that folding set free are written again."""
    with closing(sqlite3.connect(path)) as connection:
        pages, free, size = (
            connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def resumed(effort: Effort) -> Iterator[Figure]:
    """Runs that wait for their model when kill -9 comes: from the new process until it was called for every one."""
    runs = effort.of(1_000, quick=100)
    seconds = []
    for _ in range(1 if effort.is_quick else effort.rounds):
        with scratch() as folder:
            path = folder / "journal.db"
            killed(program("calling", "call", path, runs))
            began = perf_counter()
            with program("calling", "resume", path, runs) as process:
                told(process)
                seconds.append(perf_counter() - began)
    yield figure(
        "agents.resumed",
        statistics.median(seconds),
        "s",
        goal=Goal("<=", 5, of="value"),
        note=f"{runs:,} runs, the start of the process included",
    )


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {"agents.stored": stored, "agents.resumed": resumed}
