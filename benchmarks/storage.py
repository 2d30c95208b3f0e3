"""What a turn costs on the disk, and whether it goes on costing that."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from aevatar.journal.sqlite import SqliteJournal
from benchmarks.actors import EVENT_BYTES, actors, adding, rate, serving
from benchmarks.figures import Figure, Goal, figure
from benchmarks.running import Effort, pair, scratch


def stored(effort: Effort) -> Iterator[Figure]:
    """The size of the journal after each quarter of 100,000 plain turns of 1,000 actors."""
    total = effort.of(100_000, quick=4_000)
    with scratch() as folder:
        sizes = [0, *asyncio.run(_sizes(folder / "journal.db", total // 4))]
    grown = [after - before for before, after in pairwise(sizes)]
    yield figure(
        "storage.turn",
        pair([sizes[-1] / total], [EVENT_BYTES]),
        "bytes",
        goal=Goal("<=", 4),
        against="the bytes of its event",
        note=f"{total:,} turns",
    )
    yield figure(
        "storage.growth",
        pair([grown[3] / 1e6], [grown[1] / 1e6]),
        "MB",
        goal=Goal("<=", 1.1),
        against="the growth in the second quarter",
        note=f"the last quarter of {total:,} turns",
    )


async def _sizes(path: Path, quarter: int) -> list[int]:
    sizes = []
    async with serving(SqliteJournal(path)) as runtime:
        for _ in range(4):
            await rate(adding(runtime), actors(1_000), total=quarter)
            sizes.append(_size(path))
    return sizes


def _size(path: Path) -> int:
    """The bytes in the pages of the database, whether or not they are still in the log beside it."""
    with closing(sqlite3.connect(path)) as connection:
        (pages,) = connection.execute("pragma page_count").fetchone()
        (size,) = connection.execute("pragma page_size").fetchone()
    return int(pages * size)


BENCHMARKS: dict[str, Callable[[Effort], Iterator[Figure]]] = {"storage": stored}
