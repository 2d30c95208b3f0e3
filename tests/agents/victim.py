"""A process with one run in it, to be killed: `python -m tests.agents.victim <folder> <phase>`.

It says `ready` once it is in the phase it is to die in, and stays there. Started again over the same folder, it brings
the run to its end and tells, as JSON, what readers have seen and what was done.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import structlog
from google.protobuf.message import Message

from aevatar.agents.runs import Accepted, ReplySnapshot
from aevatar.agents.runs_pb2 import RunContext, Sink
from aevatar.agents.stream_pb2 import RunSuspended
from aevatar.identity import ActorId
from aevatar.journal.sqlite import SqliteJournal
from aevatar.models import ModelCall
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.sessions import Delta
from aevatar.testing.scripted_model import Step, calls, says
from aevatar.tools import Approval, CallContext
from tests.agents.kit import ALPHA, World, call
from tests.tools.samples import Answer

PHASES = ("calling", "reading", "writing", "suspended", "delivering")


class Stage:
    """What outlives the process: a folder. The first to come to the fatal place stays there."""

    def __init__(self, folder: Path, phase: str) -> None:
        self.folder = folder
        self.phase = phase
        self.is_first = not (folder / "journal.db").exists()

    async def stay(self, phase: str) -> None:
        if self.is_first and phase == self.phase:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    def note(self, deed: str) -> None:
        with (self.folder / "deeds").open("a", encoding="utf-8") as file:
            file.write(f"{deed}\n")

    @property
    def deeds(self) -> list[str]:
        path = self.folder / "deeds"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


class Model:
    """Calls the tool of the phase, and then answers."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def _step(self, request: ModelRequest) -> Step:
        tool = {"reading": "read", "writing": "write_once", "suspended": "pay"}.get(self._stage.phase)
        has_result = any(message.tool_call_id for message in request.messages)
        return calls(call("x", tool)) if tool and not has_result else says("Hello.")

    async def stream(self, request: ModelRequest, made: ModelCall) -> AsyncGenerator[ModelDelta]:
        if self._stage.phase == "calling" and self._stage.is_first:
            yield ModelDelta(text="Once upon")
            await asyncio.Event().wait()
        for delta in self._step(request).reply:
            yield delta  # type: ignore[misc]


class Chat:
    """A chat channel that notes what it is sent."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def send(self, snapshot: ReplySnapshot) -> Accepted:
        self._stage.note(f"sent {snapshot.effect_id} {snapshot.text}")
        await self._stage.stay("delivering")
        return Accepted("message-1")


def assembled(stage: Stage) -> World:
    async def deed(args: Any, context: CallContext) -> Any:
        stage.note(f"{stage.phase} {context.effect_id}")
        await stage.stay(stage.phase)
        return Answer(text="done")

    world = World()
    world.models["scripted"] = Model(stage)  # type: ignore[assignment]
    world.sink = Chat(stage)
    world.toolbox.tools = [
        world.toolbox.tool("read", deed, read_only=True),
        world.toolbox.tool("write_once", deed, destructive=True),
        world.toolbox.tool("pay", deed, destructive=True, approval=Approval.ALWAYS),
    ]
    return world


async def main(folder: Path, phase: str) -> None:
    stage = Stage(folder, phase)
    world = assembled(stage)
    run = ActorId("agents.run", ALPHA, "run_1")
    async with world.opened(SqliteJournal(folder / "journal.db")):
        sinks = [Sink(id="chat", channel="memory")] if phase == "delivering" else []
        await world.begin(context=RunContext(is_unattended=phase == "writing"), sinks=sinks)
        if phase == "calling":
            await reached(world, run, Delta)
            await stage.stay("calling")
        if phase == "suspended":
            await reached(world, run, RunSuspended)
            await stage.stay("suspended")
            await world.decide(run, "approve")
        story = await world.story(run)
    sys.stdout.write(json.dumps({"story": story, "deeds": stage.deeds}))


async def reached(world: World, run: ActorId, kind: type[Message]) -> None:
    """Waits until readers have seen something of a kind."""
    async for event in world.now.sessions.read(run, "run"):
        if isinstance(event.event, kind):
            return


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # the other stream is for the test
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
