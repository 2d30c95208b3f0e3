"""One service behind the tools that start something: parses, stamps the trusted context, dispatches, answers.

There is no second way to dispatch: what a model starts, it starts as the caller, through the ordinary runtime, under
the tool call's effect id as the command id; so a repeated call never starts a second run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aevatar.agents import AGENT, Agents, InvokeOptions
from aevatar.agents.runs import SESSION
from aevatar.agents.runs_pb2 import Hint, Item, RunContext
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.invocation.invocation_pb2 import (
    WAIT_ACK,
    WAIT_COMPLETE,
    WAIT_STREAM,
    WAIT_UNSPECIFIED,
    AgentTarget,
    InvocationResult,
    MediaRef,
    Part,
    Payload,
    SessionRef,
    Wait,
)
from aevatar.models import models_pb2
from aevatar.tools import CallContext, Held, StartedRun, clean_headers

PAYLOAD_LIMIT = 256 * 1024
"""In bytes."""
WAIT_SECONDS = 60
SCHEMES = ("https://", "http://", "data:")
_WAITS = {WAIT_ACK: "ack", WAIT_STREAM: "stream", WAIT_COMPLETE: "complete"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a team is entered: the agent that answers for it."""

    agent_key: str


class TeamResolver(Protocol):
    """What the capability of teams offers to this one."""

    async def entry(self, scope: str, team: str, endpoint: str) -> Entry:
        """The entry of a team. Raises: Rejected `team_not_found`, `endpoint_not_found` and the like."""
        ...


@dataclass(frozen=True, slots=True)
class StartedWorkflow:
    """A run of a workflow, as it can be followed."""

    run: ActorId
    session: str


class WorkflowStarter(Protocol):
    """What the capability of workflows offers to this one."""

    async def start(self, workflow: str, payload: Payload, context: CallContext) -> StartedWorkflow:
        """Starts a workflow under the call's effect id. Raises: Rejected `workflow_not_found`, `workflow_invalid`."""
        ...


class Invocations:
    """Starts runs on behalf of a model's caller."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self.headers_stripped = 0

    async def invoke_agent(
        self, target: AgentTarget, payload: Payload, wait: Wait, seconds: int, *, context: CallContext
    ) -> StartedRun[InvocationResult]:
        """Invokes an agent. Raises: Rejected with a code of this capability."""
        key = self._key(target, context)
        items = _items(payload)
        if context.sub_runs_left < 1 and wait != WAIT_ACK:
            raise Rejected("too_many_sub_runs", "Too many runs of this run are under way; wait for one to end.", "wait")
        options = InvokeOptions(hints=self._hints(payload))
        child = _child(context, wait)
        try:
            invoked = await self._agents.invoke(
                context.principal, key, items, context=child, command_id=context.effect_id, options=options
            )
        except Rejected as refused:
            if refused.code == "agent_not_found":  # there it is a key; the model knows it as a target
                raise agent_not_found(key) from refused
            raise
        run = ActorId.parse(invoked.run)
        return started(run, invoked.session or SESSION, key, wait, seconds, context=context)

    def _key(self, target: AgentTarget, context: CallContext) -> str:
        if target.WhichOneof("target") == "agent_key":
            return target.agent_key
        try:
            actor = ActorId.parse(target.actor_id)
        except Rejected as malformed:
            raise agent_not_found(target.actor_id) from malformed
        if actor.scope != context.scope:
            raise agent_not_found(target.actor_id)
        if actor.kind != AGENT:
            raise Rejected("agent_not_invokable", f"{target.actor_id!r} cannot be invoked; give the id of an agent.")
        return actor.key

    def _hints(self, payload: Payload) -> Sequence[Hint]:
        cleaned = clean_headers((header.name, header.value) for header in payload.headers)
        self.headers_stripped += cleaned.stripped
        return [Hint(name=name, value=value) for name, value in cleaned.hints]


def _items(payload: Payload) -> Sequence[Item]:
    if payload.ByteSize() > PAYLOAD_LIMIT:
        raise Rejected("payload_too_large", f"A payload has at most {PAYLOAD_LIMIT} bytes.", "payload")
    if not payload.prompt.strip() and not payload.parts:
        raise Rejected("invalid_arguments", "A payload needs a prompt or a part.", "payload.prompt")
    message = models_pb2.Message(role=models_pb2.ROLE_USER)
    if payload.prompt:
        message.parts.add(text=payload.prompt)
    message.parts.extend(_part(part, f"payload.parts[{number}]") for number, part in enumerate(payload.parts))
    return [Item(id="msg_invocation", message=message, is_input=True)]


def started(
    run: ActorId, session: str, agent_key: str, wait: Wait, seconds: int, *, context: CallContext
) -> StartedRun[InvocationResult]:
    """What the model is told of a run that began, and how the call goes on."""
    wait = WAIT_STREAM if wait == WAIT_UNSPECIFIED else wait
    told = InvocationResult(
        run_id=run.text,
        status="accepted" if wait == WAIT_ACK else "streaming",
        session=SessionRef(owner_actor_id=run.text, session_id=session),
        actor_id=run.text,
        command_id=context.effect_id,
        wait=_WAITS[wait],
    )
    if wait != WAIT_COMPLETE:
        return StartedRun(told, run, session, agent_key, is_followed=wait == WAIT_STREAM)
    bound = seconds or WAIT_SECONDS
    told.waited_ms = bound * 1000
    return StartedRun(Held(run.text, bound, told), run, session, agent_key, is_followed=True)


def _child(context: CallContext, wait: Wait) -> RunContext:
    """The context of a run below the caller's: trusted values only, whatever the model said."""
    return RunContext(
        request_id=context.request_id,
        root_run=context.root_run.text,
        parent_run=context.run.text,
        parent_call_id=context.call_id,
        depth=context.depth + 1,
        lineage=context.lineage,
        budget=context.budget.text if context.budget else "",
        credential_handle_id=context.credential_handle or "",
        credential_owner=context.root_run.text,
        deadline=round(context.deadline.timestamp() * 1000),
        is_detached=wait == WAIT_ACK,
    )


def _part(part: Part, where: str) -> models_pb2.Part:
    match part.WhichOneof("part"):
        case "image":
            return models_pb2.Part(image=_media(part.image, f"{where}.image.uri"))
        case "file":
            return models_pb2.Part(file=_media(part.file, f"{where}.file.uri"))
    return models_pb2.Part(text=part.text)


def _media(ref: MediaRef, where: str) -> models_pb2.Media:
    if not ref.uri.startswith(SCHEMES):  # whoever fetches it must find nothing of this machine there
        raise Rejected("invalid_arguments", f"An address begins with {', '.join(SCHEMES)}.", where)
    return models_pb2.Media(uri=ref.uri, media_type=ref.media_type)


def agent_not_found(target: str) -> Rejected:
    """What a model hears of an agent that is missing, retired, or somebody else's."""
    return Rejected("agent_not_found", f"There is no agent {target!r} here.", "target")
