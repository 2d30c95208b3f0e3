"""The agent that is measured: one tool, and a model that says what it says at once, so that only our own work counts.

The model of the peers is as quick, and their tool does as little.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aevatar.actors import Retention, Runtime
from aevatar.actors.nature import SystemClock
from aevatar.agents import Agents, Persona, user_message
from aevatar.agents.runs_pb2 import RunContext
from aevatar.agents.stream_pb2 import RunClosed
from aevatar.credentials import MemoryVault
from aevatar.identity import ActorId
from aevatar.invocation import DEFAULT_SET
from aevatar.journal.port import Journal
from aevatar.models import ModelCall, ModelPort
from aevatar.models.models_pb2 import (
    FINISH_STOP,
    FINISH_TOOL_CALLS,
    ROLE_TOOL,
    ModelDelta,
    ModelRequest,
    Usage,
)
from aevatar.platform import DEV, Platform, PlatformSettings
from aevatar.tools import Approval, CallContext, FixedSource, Tool
from tests.sample.sample_pb2 import Noted

AGENT = "forecaster"
MODEL = "scripted/model"
QUESTION = "What is the weather in Paris?"
_USAGE = ModelDelta(usage=Usage(input_tokens=10, output_tokens=5))
_CALL = (
    ModelDelta(call_opened={"index": 0, "name": "weather"}),
    ModelDelta(call_arguments={"index": 0, "fragment": '{"text": "Paris"}'}),
    _USAGE,
    ModelDelta(finished=FINISH_TOOL_CALLS),
)
_ANSWER = (ModelDelta(text="It is sunny in Paris."), _USAGE, ModelDelta(finished=FINISH_STOP))


class Forecaster:
    """A model that calls the tool, and answers when it has its result."""

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        """See `ModelPort`."""
        for delta in _ANSWER if request.messages[-1].role == ROLE_TOOL else _CALL:
            yield delta


class Weather(Tool[Noted, Noted]):
    """Knows the answer beforehand."""

    name = "weather"
    description = "The weather in a city."
    approval = Approval.NEVER
    read_only = True

    async def execute(self, args: Noted, context: CallContext) -> Noted:
        """Sunny."""
        return Noted(text=f"Sunny in {args.text}.")


@dataclass(frozen=True, slots=True)
class Agency:
    """The agents of a process, and its runtime."""

    runtime: Runtime
    agents: Agents

    async def begin(self, turn: str) -> ActorId:
        """Asks the agent in a run of its own, and answers once that is stored."""
        invoked = await self.agents.invoke(DEV, AGENT, [user_message(QUESTION)], context=RunContext(), command_id=turn)
        return ActorId.parse(invoked.run)

    async def ended(self, run: ActorId) -> None:
        """Reads all that a run shows, to its end. Raises: AssertionError if that is no success."""
        last = None
        async with aclosing(self.runtime.sessions.read(run, "run")) as events:
            async for shown in events:
                last = shown.event
        if not isinstance(last, RunClosed) or last.status != "completed":
            raise AssertionError(f"the run ended with {last}")

    async def answer(self, turn: str) -> ActorId:
        """The whole turn of an agent."""
        run = await self.begin(turn)
        await self.ended(run)
        return run


@asynccontextmanager
async def agency(
    journal: Journal,
    model: ModelPort,
    *,
    folder: Path,
    tools: bool = True,
    retention: Retention | None = None,
    calls_at_once: int | None = None,
) -> AsyncIterator[Agency]:
    """The platform's agents as they are served, with one of ours that talks to `model`."""
    places = {} if calls_at_once is None else {"model_calls_per_scope": calls_at_once}
    settings = PlatformSettings(config=folder / "none.yaml", model=MODEL, **places)
    platform = Platform(
        settings, ports={"scripted": model}, extra_sources=[FixedSource("weather", [Weather()])], environment={}
    )
    capability = platform.agents()
    runtime = Runtime(
        kinds=capability.kinds,
        effects=capability.effects,
        journal=journal,
        vault=MemoryVault(SystemClock()),
        retention=retention,
    )
    agents = Agents(runtime, platform.choice)
    persona = Persona(display_name="Forecaster", instructions="You tell the weather.", model=MODEL)
    if tools:
        persona.tool_set = DEFAULT_SET
        persona.tool_names.append(Weather.name)
    async with runtime:
        await agents.create(DEV, AGENT, persona, command_id="create")
        yield Agency(runtime, agents)
