"""A world for runs: a store, a scripted model, tools and a chat channel, and processes over them, one after the other.

Leaving `opened` is as good as killing the process: what is not committed is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from random import Random
from typing import Any, TypeVar

from google.protobuf.message import Message

from aevatar.actors import Kind, Limits, Runtime
from aevatar.actors.actors_pb2 import TurnBody
from aevatar.actors.deciding.activation import replay
from aevatar.actors.packing import unpack
from aevatar.agents import (
    AGENT_KIND,
    BUDGET_KIND,
    THREAD_KIND,
    Agents,
    Invoked,
    InvokeOptions,
    ModelChoice,
    Persona,
    Runs,
    user_message,
)
from aevatar.agents.runs import (
    RUN,
    SESSION,
    Assembler,
    AwaitRunsEffect,
    CallToolEffect,
    CallToolOnceEffect,
    DiscoverToolsEffect,
    FindContinuationsEffect,
    FollowSubRunEffect,
    ModelCallEffect,
    PromptSections,
    ReconcileToolEffect,
    ReplySink,
    SendReplyEffect,
    SummariseEffect,
    ToolCaller,
    Transcripts,
)
from aevatar.agents.runs.reserving.limits import DEFAULT, lowered
from aevatar.agents.runs_pb2 import (
    Approval,
    DecideApproval,
    Item,
    PersonaSnapshot,
    RunContext,
    RunDocument,
    RunLimits,
    StartRun,
    TranscriptDocument,
)
from aevatar.blobs import BlobStore, MemoryBlobs
from aevatar.credentials import MemoryVault
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.invocation import DEFAULT_SET, Invocations, Looking, default_set, sources
from aevatar.journal.port import Journal
from aevatar.models import ModelCall, ModelDirectory, ModelError, models_settings
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.testing import MemoryJournal, MemoryStore, VirtualClock, elapse, seeded
from aevatar.testing.memory_sink import MemorySink
from aevatar.testing.scripted_model import Pause, ScriptedModel, Step, says
from aevatar.tools import Selection, ToolSet, ToolSets, ToolSource
from tests.agents.story import told
from tests.agents.toolbox import Toolbox

T = TypeVar("T", bound=Message)

ALPHA, BETA = ScopeId("alpha"), ScopeId("beta")
ALICE = Principal(ALPHA, "alice", frozenset("*"))
BOB = Principal(ALPHA, "bob", frozenset("*"))
EVE = Principal(BETA, "eve", frozenset("*"))
MODEL = "scripted/model"
TOOLS = "toolbox"


class World:
    """A store and what outlives the processes over it. `steps` are what the model says, call by call."""

    def __init__(self, *steps: Step, **models: Iterable[Step]) -> None:
        self.model = Watched(steps)
        self.models = {"scripted": self.model} | {name: ScriptedModel(script) for name, script in models.items()}
        self.toolbox = Toolbox()
        self.extra_sources: list[ToolSource] = []
        self.sink: ReplySink = MemorySink()
        self.vault = MemoryVault(clock=VirtualClock())
        self.blobs: BlobStore = MemoryBlobs(VirtualClock())
        self.sections: list[PromptSections] = []
        self.settings: dict[str, Any] = {}
        self.fallback: tuple[str, ...] = ()
        self.store = MemoryStore()
        self.limits = Limits()
        self.kinds: list[Kind] = []
        self._identifiers = seeded(1).identifiers()

    # Processes

    def runtime(self, journal: Journal) -> Runtime:
        """A fresh process, not started yet."""
        directory = ModelDirectory(
            models_settings(self.settings), environment={}, clock=lambda: 0.0, ports=dict(self.models)
        )
        runtime = Runtime(
            kinds=[RUN, AGENT_KIND, THREAD_KIND, BUDGET_KIND, *self.kinds],
            journal=journal,
            effects=self._effects(directory),
            vault=self.vault,
            blobs=self.blobs,
            limits=self.limits,
            clock=VirtualClock(),
            identifiers=self._identifiers,
            random=Random(1),
        )
        self.agents = Agents(runtime, ModelChoice(directory, default=MODEL))
        self.runs = Runs(runtime)
        self.invocations = Invocations(self.agents)
        self.looking = Looking(runtime.readmodels, runtime.sessions)
        self.now = runtime
        return runtime

    def _effects(self, directory: ModelDirectory) -> list[Any]:
        return [
            lambda runtime: ModelCallEffect(directory, self._assembler(runtime), random=Random(1)),
            lambda runtime: SummariseEffect(directory, self._assembler(runtime), random=Random(1)),
            *(self._of_tools(effect) for effect in (CallToolEffect, CallToolOnceEffect, ReconcileToolEffect)),
            lambda runtime: DiscoverToolsEffect(_Late(self._tool_sets)),
            lambda runtime: FollowSubRunEffect(runtime.sessions),
            AwaitRunsEffect,
            FindContinuationsEffect,
            SendReplyEffect({"memory": self.sink}),
        ]

    def _assembler(self, runtime: Runtime) -> Assembler:
        return Assembler(Transcripts(runtime.readmodels, runtime.blobs), self.sections)

    def _of_tools(self, effect: Callable[[ToolCaller], Any]) -> Callable[[Runtime], Any]:
        return lambda runtime: effect(ToolCaller(_Late(self._tool_sets), runtime.blobs))

    def _tool_sets(self) -> ToolSets:
        platform = sources(self.invocations, self.looking)
        offered = [*platform, self.toolbox, *self.extra_sources]
        own = ToolSet(TOOLS, (Selection("toolbox"), *(Selection(source.name) for source in self.extra_sources)))
        everything = ToolSet("everything", tuple(Selection(source.name) for source in offered))
        return ToolSets(offered, [default_set(platform), own, everything])

    @asynccontextmanager
    async def opened(self, journal: Journal | None = None) -> AsyncIterator[World]:
        """A process over the store, until it is killed at the end of the block."""
        self.journal = journal or MemoryJournal(self.store)
        async with self.runtime(self.journal):
            yield self

    # Runs

    def start(
        self,
        text: str = "Hi",
        *,
        tools: str = TOOLS,
        limits: RunLimits | None = None,
        persona: PersonaSnapshot | None = None,
        context: RunContext | None = None,
        **fields: Any,
    ) -> StartRun:
        """The command that starts a run of the scripted model."""
        return StartRun(
            origin="agent",
            persona=persona or PersonaSnapshot(agent_key="tester", tool_set=tools),
            input=fields.pop("input", [user_message(text)]),
            context=context,
            model=fields.pop("model", MODEL),
            limits=lowered(DEFAULT, limits or RunLimits()),
            **fields,
        )

    async def begin(self, text: str = "Hi", *, key: str = "run_1", by: Principal = ALICE, **fields: Any) -> ActorId:
        """Starts a run; repeating it under the same key is harmless."""
        run = ActorId("agents.run", by.scope, key)
        start = self.start(text, **fields)
        if not start.context.root_run:
            start.context.root_run = run.text
        await self.now.ask(run, start, command_id=f"start:{key}", principal=by)
        return run

    async def play(self, text: str = "Hi", **fields: Any) -> list[str]:
        """The story of a run, from its start to its end."""
        return await self.story(await self.begin(text, **fields))

    async def invoke(self, key: str, text: str, *, by: Principal = ALICE, **options: Any) -> Invoked:
        """Has an agent invoked."""
        command_id = options.pop("command_id", None) or f"invoke:{key}:{text}:{options.get('thread', '')}"
        invoked = await self.agents.invoke(
            by,
            key,
            [user_message(text)],
            context=options.pop("context", RunContext()),
            command_id=command_id,
            options=InvokeOptions(**options),
        )
        await ticks()
        return invoked

    async def agent(self, key: str = "tester", *, by: Principal = ALICE, tools: str = TOOLS, **persona: Any) -> None:
        """Makes an agent."""
        await self.agents.create(
            by, key, Persona(display_name=key, tool_set=tools, **persona), command_id=f"make:{key}"
        )

    def run_of(self, text: str) -> ActorId:
        return ActorId.parse(text)

    # What is seen of them

    async def story(self, run: ActorId, *, usage: bool = False) -> list[str]:
        """All that readers see of a run to its end, told line by line."""
        return told(await self.shown(run), usage=usage)

    async def shown(self, run: ActorId, *, after: int = 0) -> list[Message]:
        """The events of a run to its end."""
        async with aclosing(self.now.sessions.read(run, SESSION, after)) as events:
            return [event.event async for event in events]

    async def so_far(self, run: ActorId) -> list[str]:
        """What readers have seen by now."""
        async with aclosing(self.now.sessions.read(run, SESSION, until_terminal=False)) as events:
            return told([event.event async for event in events])

    async def until(self, run: ActorId, line: str) -> None:
        """Waits until a line of the story has been told."""
        seen: list[Message] = []
        async with aclosing(self.now.sessions.read(run, SESSION)) as events:
            async for event in events:
                seen.append(event.event)
                if line in told(seen):
                    await ticks()
                    return
        raise AssertionError(f"{line!r} is no line of {told(seen)}")

    async def facts(self, actor: ActorId, *kinds: type[Message]) -> list[Any]:
        """What is recorded of an actor, of some kinds or of all."""
        rows = await self.journal.history(actor.text)
        facts = [unpack(packed) for row in rows for packed in TurnBody.FromString(row.body).events]
        return [fact for fact in facts if not kinds or isinstance(fact, kinds)]

    async def state(self, actor: ActorId, kind: type[T]) -> T:
        """What the facts of an actor add up to."""
        image = await self.journal.load(actor.text)
        assert image is not None
        state = replay(self.now._kinds[actor.kind], image)
        assert isinstance(state, kind)
        return state

    async def document(self, run: ActorId) -> RunDocument:
        found = await self.now.readmodels.get("agents.runs", run.scope, run.key)
        assert found is not None
        assert isinstance(found.document, RunDocument)
        return found.document

    async def transcript(self, run: ActorId) -> list[str]:
        """The items of a run that has ended or waits, told one by one."""
        found = await self.now.readmodels.get("agents.transcripts", run.scope, run.key)
        if found is None:
            return []
        assert isinstance(found.document, TranscriptDocument)
        return [item_told(item) for item in found.document.items]

    async def approval(self, run: ActorId) -> Approval:
        """The approval that a run waits for."""
        while not (waiting := [one for one in (await self._approvals(run)) if not one.decision]):
            await elapse(0.01)
        return waiting[0]

    async def _approvals(self, run: ActorId) -> Sequence[Approval]:
        return (await self.runs.approvals(ALICE, run.key)).approvals

    async def decide(self, run: ActorId, decision: str, *, by: Principal = ALICE, **fields: Any) -> str:
        """Decides what a run waits for."""
        approval_id = fields.pop("approval_id", None) or (await self.approval(run)).id
        given = DecideApproval(approval_id=approval_id, decision=decision, **fields)
        return (await self.runs.decide(by, run.key, given)).decision


class Watched(ScriptedModel):
    """A scripted model that knows how many of its replies are under way: `open`."""

    open = 0

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        self.open += 1
        try:
            async with aclosing(super().stream(request, call)) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            self.open -= 1


class _Late:
    """Tool sets that are put together when they are asked, as the service behind the platform's own tools needs it."""

    def __init__(self, made: Callable[[], ToolSets]) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made(), name)


def item_told(item: Item) -> str:
    """An item of a transcript in one line."""
    match item.WhichOneof("content"):
        case "message":
            role = ("", "system", "developer", "user", "assistant", "tool")[item.message.role]
            marks = "".join(
                f" ({name})" for name in ("incomplete", "internal", "commentary") if getattr(item, f"is_{name}")
            )
            return f"{role}{marks}: {''.join(part.text for part in item.message.parts)}"
        case "reasoning":
            return f"thought: {item.reasoning.text}"
        case "call":
            return f"call {item.call.name} {item.call.arguments}"
        case "result":
            result = item.result.result
            return f"result: {result.error.code or result.text}"
    return "nothing"


def prompt_told(request: ModelRequest) -> list[str]:
    """What a model was asked, message by message."""
    roles = ("", "system", "developer", "user", "assistant", "tool")
    lines = []
    for message in request.messages:
        said = "".join(part.text for part in message.parts)
        called = "".join(f" [{call.name} {call.arguments}]" for call in message.tool_calls)
        lines.append(f"{roles[message.role]}: {said}{called}")
    return lines


def call(text: str, tool: str = "look") -> tuple[str, dict[str, Any]]:
    """A call of one of the tools, for `calls` of the script."""
    return tool, {"text": text}


def invoking(agent: str, prompt: str = "go", wait: str | None = "complete", **more: Any) -> tuple[str, dict[str, Any]]:
    """A call that invokes an agent, for `calls` of the script."""
    arguments = {"target": {"agent_key": agent}, "payload": {"prompt": prompt}, **more}
    return "aevatar_invoke_gagent", arguments | ({"wait": wait} if wait else {})


def slowly(*pieces: str, every: float = 1) -> Step:
    """A reply whose pieces come so many seconds apart."""
    spread = [part for piece in pieces for part in (ModelDelta(text=piece), Pause(every))]
    return Step((*spread, *says().reply))


def breaks(*pieces: str, after: float = 1, code: str = "unavailable") -> Step:
    """A reply that breaks off some seconds after its pieces were shown."""
    return Step((*(ModelDelta(text=piece) for piece in pieces), Pause(after), ModelError(code, "It broke.")))


async def ticks() -> None:
    """Lets everything that is under way come to rest."""
    await elapse(0.001)


async def tasks_of_effects() -> int:
    """How many effects of this process run."""
    return sum(task.get_name().startswith("effect ") for task in asyncio.all_tasks())


__all__ = [
    "ALICE",
    "ALPHA",
    "BETA",
    "BOB",
    "DEFAULT_SET",
    "EVE",
    "MODEL",
    "TOOLS",
    "World",
    "breaks",
    "call",
    "invoking",
    "item_told",
    "prompt_told",
    "slowly",
    "tasks_of_effects",
    "ticks",
]
