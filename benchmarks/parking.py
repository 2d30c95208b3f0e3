"""The two lives of a process with timers: `python -m benchmarks.parking park|fire <journal> <count>`.

`park` gives each of `count` actors a timer that fell due long ago, says so and waits to be killed. `fire` serves the
same journal, and says so once every timer has fired and is cleared.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aevatar.actors import Limits, Runtime
from aevatar.actors.nature import SystemClock
from aevatar.journal.sqlite import SqliteJournal
from benchmarks.actors import NOTE, TALLY, actors, rate, serving
from benchmarks.running import settle_process
from tests.sample.sample_pb2 import Remind

HOUR = 3_600_000


class AnHourAgo(SystemClock):
    """Under this clock the timers are not due yet; under the real one they are late."""

    def now(self) -> int:
        return super().now() - HOUR


async def park(path: str, count: int) -> None:
    """Never returns: whoever waits for the line kills the process."""
    limits = Limits(idle=3600.0)
    async with Runtime(kinds=[TALLY], journal=SqliteJournal(path), limits=limits, clock=AnHourAgo()) as runtime:
        await rate(
            lambda target: runtime.ask(target, Remind(name=NOTE, delay=1800.0, by=1)), actors(count), total=count
        )
        print(json.dumps({"parked": count}), flush=True)
        await asyncio.Event().wait()


async def fire(path: str, count: int) -> None:
    """Returns when no timer is left."""
    journal = SqliteJournal(path)
    async with serving(journal) as runtime:
        grown = asyncio.Event()
        journal.on_growth(grown.set)
        while runtime.metrics.timers_fired < count or await journal.due(tomorrow(), 1):
            await grown.wait()
            grown.clear()
        print(json.dumps({"fired": runtime.metrics.timers_fired}), flush=True)


def tomorrow() -> int:
    """A time that every timer falls due before."""
    return SystemClock().now() + 24 * HOUR


def main() -> None:
    settle_process()
    work = {"park": park, "fire": fire}[sys.argv[1]]
    asyncio.run(work(sys.argv[2], int(sys.argv[3])))


if __name__ == "__main__":
    main()
