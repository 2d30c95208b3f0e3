"""Coming back: timers of a process that was killed, and actors that are not in memory."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

from google.protobuf.message import Message

from aevatar.actors import Kind, Runtime
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.packing import message_type, unpack_bytes
from aevatar.identity import ActorId
from aevatar.journal.sqlite import SqliteJournal
from benchmarks.actors import PROJECTION, actors, adding, rate, serving
from benchmarks.figures import Figure, Goal, figure
from benchmarks.processes import killed, program, told
from benchmarks.running import Effort, Pair, pair, scratch
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import HowMuch

EVENTS = 1_000
WITHOUT_SNAPSHOTS = Kind(Tally, PROJECTION, snapshot_every=1_000_000)
WITH_SNAPSHOTS = Kind(Tally, PROJECTION)


def timers(effort: Effort) -> Iterator[Figure]:
    """Parked actors with one overdue timer each after kill -9: from the new process until every timer has fired."""
    parked = effort.of(10_000, quick=1_000)
    seconds = []
    for _ in range(effort.rounds if not effort.is_quick else 1):
        with scratch() as folder:
            journal = folder / "journal.db"
            killed(program("parking", "park", journal, parked))
            began = perf_counter()
            with program("parking", "fire", journal, parked) as process:
                told(process)
                seconds.append(perf_counter() - began)
    yield figure(
        "recovery.timers",
        statistics.median(seconds),
        "s",
        goal=Goal("<=", 5, of="value"),
        note=f"{parked:,} timers, the start of the process included",
    )


def cold(effort: Effort) -> Iterator[Figure]:
    """The first question to an actor with 1,000 events, replayed or restored from a snapshot."""
    with scratch() as folder:
        whole = asyncio.run(_cold(effort, folder, WITHOUT_SNAPSHOTS))
    yield figure(
        "recovery.cold",
        whole,
        "us p50",
        goal=Goal("<=", 3),
        against="bare read and decode of the same 1,000 rows",
    )
    with scratch() as folder:
        restored = asyncio.run(_cold(effort, folder, WITH_SNAPSHOTS))
    yield figure(
        "recovery.snapshot",
        restored,
        "us p50",
        goal=Goal("<=", 1_000, of="value"),
        against="bare read and decode of the snapshot",
    )


async def _cold(effort: Effort, folder: Path, kind: Kind) -> Pair:
    path = folder / "journal.db"
    count = effort.of(20, quick=4)
    async with serving(SqliteJournal(path), kind=kind) as runtime:
        await rate(adding(runtime), actors(count), total=count * EVENTS)
    read = _read_log if kind is WITHOUT_SNAPSHOTS else _read_snapshot
    ours, bare = [], []
    for _ in range(effort.rounds):
        async with serving(SqliteJournal(path), kind=kind) as runtime:
            with effort.watching():
                ours.append(statistics.median([await _ask(runtime, target) for target in actors(count)]))
        with closing(sqlite3.connect(path)) as connection:
            bare.append(statistics.median([read(connection, target) for target in actors(count)]))
    return pair(ours, bare)


async def _ask(runtime: Runtime, target: ActorId) -> float:
    began = perf_counter()
    await runtime.ask(target, HowMuch())
    return 1e6 * (perf_counter() - began)


def _read_log(connection: sqlite3.Connection, target: ActorId) -> float:
    began = perf_counter()
    (key,) = connection.execute("select pk from actors where id = ?", (target.text,)).fetchone()
    rows = connection.execute("select body from turns where actor = ? order by version", (key,)).fetchall()
    read = sum(len(_decoded(body)) for (body,) in rows)
    took = 1e6 * (perf_counter() - began)
    if read != EVENTS:
        raise AssertionError(f"{read} events were read, not {EVENTS}")
    return took


def _decoded(body: bytes) -> list[Message]:
    return [message_type(event.name).FromString(event.body) for event in TurnBody.FromString(body).events]


def _read_snapshot(connection: sqlite3.Connection, target: ActorId) -> float:
    began = perf_counter()
    (key,) = connection.execute("select pk from actors where id = ?", (target.text,)).fetchone()
    (state,) = connection.execute("select state from snapshots where actor = ?", (key,)).fetchone()
    unpack_bytes(state)
    return 1e6 * (perf_counter() - began)


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {"recovery.timers": timers, "recovery.cold": cold}
