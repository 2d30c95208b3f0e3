"""The two lives of a process with runs: `python -m benchmarks.calling call|resume <journal> <count>`.

`call` has `count` runs wait for a model that never answers, says so and waits to be killed. `resume` serves the same
journal, and says so once the model has been called anew for each of them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

from aevatar.journal.sqlite import SqliteJournal
from aevatar.models import ModelCall
from aevatar.models.models_pb2 import FINISH_STOP, ModelDelta, ModelRequest
from benchmarks.agents import agency
from benchmarks.running import settle_process


class Called:
    """A model that knows for how many runs it was called; `enough` is set once they are `count`."""

    def __init__(self, count: int, *, is_silent: bool) -> None:
        self._missing = count
        self._is_silent = is_silent
        self._calls: set[str] = set()
        self.enough = asyncio.Event()

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`."""
        self._calls.add(call.call_id)
        if len(self._calls) == self._missing:
            self.enough.set()
        if self._is_silent:
            await asyncio.Event().wait()
        yield ModelDelta(text="Here I am again.")
        yield ModelDelta(finished=FINISH_STOP)


async def call(path: Path, count: int) -> None:
    """Never returns: whoever waits for the line kills the process."""
    model = Called(count, is_silent=True)
    async with (
        # Or most of the runs would wait for a place, and never be interrupted.
        agency(SqliteJournal(path), model, folder=path.parent, tools=False, calls_at_once=count) as ours,
        asyncio.TaskGroup() as group,
    ):
        for number in range(count):
            group.create_task(ours.begin(f"run-{number}"))
        await model.enough.wait()
        print(json.dumps({"calling": count}), flush=True)
        await asyncio.Event().wait()


async def resume(path: Path, count: int) -> None:
    """With as many places for calls as there are in service: a call that is answered makes room for the next."""
    model = Called(count, is_silent=False)
    async with agency(SqliteJournal(path), model, folder=path.parent, tools=False):
        await model.enough.wait()
        print(json.dumps({"calling": count}), flush=True)


def main() -> None:
    settle_process()
    work = {"call": call, "resume": resume}[sys.argv[1]]
    asyncio.run(work(Path(sys.argv[2]), int(sys.argv[3])))


if __name__ == "__main__":
    main()
