"""Many sessions at once: whether they keep pace and at what cost, and readers that do not read."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time

from aevatar.journal.sqlite import SqliteJournal
from benchmarks.actors import TOKEN, Watched, actors, adding, rate, serving
from benchmarks.figures import Figure, Goal, figure
from benchmarks.floors import BareSqlite
from benchmarks.running import ROOT, Effort, Pair, pair, scratch
from benchmarks.tokens import during, reading

STREAMS, DELTAS = 100, 50
"""Streams, and what each shows in a second."""
PACE = STREAMS * DELTAS
GRACE = 0.05
"""Seconds in which what was sent last may still arrive."""


def streams(effort: Effort) -> Iterator[Figure]:
    """100 streams of 50 shown deltas a second, each with a reader."""
    with scratch() as folder:
        pace, cpu = asyncio.run(_streams(effort, folder))
    yield figure("sessions.streams.pace", pace, "deltas/s", goal=Goal(">=", 0.99), against="what was sent")
    yield figure(
        "sessions.streams.cpu", cpu, "ms/s", goal=Goal("<=", 3), against="the same rows in bare grouped commits"
    )


async def _streams(effort: Effort, folder: Path) -> tuple[Pair, Pair]:
    seconds = effort.of(5, quick=1)
    journal = Watched(SqliteJournal(folder / "journal.db"))
    floor = BareSqlite(folder / "floor.db")
    owners = actors(STREAMS)
    arrived: list[float] = []
    ours: list[float] = []
    bare: list[float] = []
    came: list[None] = []
    async with serving(journal) as runtime:
        await rate(adding(runtime), owners, total=STREAMS)
        async with during(reading(runtime, owner, lambda: came.append(None)) for owner in owners):
            for _ in range(effort.rounds):
                await asyncio.sleep(4 * GRACE)
                journal.taken()
                came.clear()
                with effort.watching():
                    spent = await _spent(seconds, lambda number: runtime.signal(owners[number % STREAMS], TOKEN))
                arrived.append(len(came) / seconds)
                pacing = await _spent(seconds, lambda _: None)
                ours.append(1e3 * (spent - pacing) / seconds)
                bare.append(1e3 * floor.write(journal.taken(), clock=process_time) / seconds)
    floor.close()
    return pair(arrived, [PACE] * len(arrived)), pair(ours, bare)


async def _spent(seconds: float, send: Callable[[int], None]) -> float:
    """The processor time of all threads while numbers are sent, evenly spread over `seconds`."""
    spent, began = process_time(), perf_counter()
    sent = 0
    while sent < PACE * seconds:
        due = min(PACE * seconds, (perf_counter() - began) * PACE)
        while sent < due:
            send(sent)
            sent += 1
        await asyncio.sleep(0.001)
    await asyncio.sleep(GRACE)
    return process_time() - spent


def stalled(effort: Effort) -> Iterator[Figure]:
    """1,000 readers that took one event and then nothing, while the stream goes on. Each side in a new process."""
    seconds = effort.of(60, quick=2)
    without = _growth(readers=0, seconds=seconds)
    yield figure(
        "sessions.stalled",
        _growth(readers=1_000, seconds=seconds) - without,
        "MiB",
        goal=Goal("<=", 64, of="value"),
        note=f"{seconds} s; the growth without readers, {without:.1f} MiB, is subtracted",
    )


def _growth(*, readers: int, seconds: int) -> float:
    command = [sys.executable, "-m", "benchmarks.stalling", str(readers), str(seconds)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
    return float(json.loads(done.stdout)["growth"])


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {"sessions.streams": streams, "sessions.stalled": stalled}
