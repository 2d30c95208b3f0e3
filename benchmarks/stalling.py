"""A program of its own, so that its memory is its own: `python -m benchmarks.stalling <readers> <seconds>`.

One actor shows 200 tokens a second, and readers take one of them and then stall. Prints by how many MiB it grew.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from time import perf_counter

from aevatar.actors import Runtime
from aevatar.identity import ActorId
from aevatar.journal.sqlite import SqliteJournal
from benchmarks.actors import TOKEN, actor, adding, serving
from benchmarks.running import scratch, settle_process

STORED = 512
"""Tokens that are there before the readers come: each gets as many of them as are read at once."""


async def growth(folder: Path, readers: int, seconds: float) -> float:
    """In MiB, from before the readers came until they have stalled for `seconds`."""
    async with serving(SqliteJournal(folder / "journal.db")) as runtime, AsyncExitStack() as stack:
        owner = actor("shown")
        await adding(runtime)(owner)
        for _ in range(STORED):
            runtime.signal(owner, TOKEN)
        await _show(runtime, owner, 0.5)
        before = resident()
        for _ in range(readers):
            events = await stack.enter_async_context(aclosing(runtime.sessions.read(owner)))
            await anext(events)
        await _show(runtime, owner, seconds)
        return (resident() - before) / 1024


async def _show(runtime: Runtime, owner: ActorId, seconds: float) -> None:
    ends = perf_counter() + seconds
    while perf_counter() < ends:
        runtime.signal(owner, TOKEN)
        await asyncio.sleep(0.005)


def resident() -> int:
    """What the process holds in memory, in KiB."""
    status = Path("/proc/self/status")
    if not status.exists():  # only the most it ever held is known elsewhere
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def main() -> None:
    settle_process()
    with scratch() as folder:
        grown = asyncio.run(growth(folder, int(sys.argv[1]), float(sys.argv[2])))
    print(json.dumps({"growth": grown}))


if __name__ == "__main__":
    main()
