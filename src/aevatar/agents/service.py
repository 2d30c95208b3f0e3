"""What agents offer to programs, to HTTP and to other capabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from google.protobuf.message import Message

from aevatar.actors import Runtime
from aevatar.agents.agent import AGENT, RUN
from aevatar.agents.agents_pb2 import (
    AgentChanged,
    AgentDocument,
    ConfigureAgent,
    CreateAgent,
    DisableAgent,
    EnableAgent,
    Invocation,
    Invoke,
    Invoked,
    Persona,
    RetireAgent,
)
from aevatar.agents.budgets import Budgets
from aevatar.agents.choice import ModelChoice
from aevatar.agents.lending import Lending
from aevatar.agents.runs import SESSION, ModelCallEffect
from aevatar.agents.runs.blobs import lifted
from aevatar.agents.runs.callers import caller_of, run_key
from aevatar.agents.runs_pb2 import (
    ApprovalDecided,
    ApprovalsDocument,
    CancelRun,
    DecideApproval,
    Hint,
    Item,
    RunContext,
    RunDocument,
    RunEndedAlready,
    RunLimits,
    Sink,
    StartRun,
    TranscriptDocument,
)
from aevatar.agents.starting import start_of
from aevatar.blobs import Blob
from aevatar.credentials import Secret
from aevatar.credentials.vault import LONGEST_TTL
from aevatar.errors import Denied, Rejected, Unavailable
from aevatar.identity import ActorId, Principal
from aevatar.models import models_pb2
from aevatar.readmodels import Listing, Versioned

STORED: Final[Mapping[str, str | int]] = {"stored": 1}
"""What runs are looked for by: those that are not stored are nobody's to find."""


@dataclass(frozen=True, slots=True)
class InvokeOptions:
    """What an invocation may say besides its input."""

    thread: str = ""
    model: str | None = None
    report_to: str = ""
    sinks: Sequence[Sink] = ()
    limits: RunLimits | None = None
    echo: str = ""
    hints: Sequence[Hint] = ()


def user_message(text: str) -> Item:
    """A user's words as an input item."""
    digest = blake2b(text.encode(), digest_size=12).hexdigest()
    message = models_pb2.Message(role=models_pb2.ROLE_USER, parts=[{"text": text}])
    return Item(id=f"msg_{digest}", message=message, is_input=True)


class Agents:
    """Personas: made, changed, invoked."""

    def __init__(self, runtime: Runtime, choice: ModelChoice) -> None:
        self._runtime = runtime
        self._choice = choice
        self.budgets = Budgets(runtime)

    async def create(
        self, caller: Principal, key: str, persona: Persona, *, command_id: str | None = None
    ) -> AgentChanged:
        """Makes an agent. Raises: Rejected `agent_exists`, `invalid_persona`, `invalid_agent_key`."""
        return await self._change(caller, key, CreateAgent(persona=persona), command_id)

    async def configure(
        self,
        caller: Principal,
        key: str,
        persona: Persona,
        *,
        expected_version: int | None = None,
        command_id: str | None = None,
    ) -> AgentChanged:
        """Replaces a persona whole. Raises: Rejected `version_conflict`, `agent_not_found`, `invalid_persona`."""
        command = ConfigureAgent(persona=persona, expected_version=expected_version)
        return await self._change(caller, key, command, command_id)

    async def set_enabled(
        self, caller: Principal, key: str, *, enabled: bool, command_id: str | None = None
    ) -> AgentChanged:
        """Lets an agent be invoked, or not. Raises: Rejected `agent_not_found`."""
        return await self._change(caller, key, EnableAgent() if enabled else DisableAgent(), command_id)

    async def retire(self, caller: Principal, key: str, *, command_id: str | None = None) -> AgentChanged:
        """Ends an agent; its key is never given to another. Raises: Rejected `agent_not_found`."""
        return await self._change(caller, key, RetireAgent(), command_id)

    async def get(self, caller: Principal, key: str) -> Versioned[AgentDocument]:
        """An agent of the caller's scope. Raises: Rejected `agent_not_found`."""
        found = await self._runtime.readmodels.get("agents.agents", caller.scope, key)
        if found is None or not isinstance(found.document, AgentDocument):
            raise agent_not_found(key)
        return Versioned(found.document, found.version, found.key, found.written_at)

    async def list(self, caller: Principal, *, after: str | None = None, limit: int = 50) -> Listing[Message]:
        """Agents of the caller's scope, by key."""
        return await self._runtime.readmodels.list("agents.agents", caller.scope, after=after, limit=limit)

    async def invoke(
        self,
        caller: Principal,
        key: str,
        items: Sequence[Item],
        *,
        context: RunContext,
        command_id: str,
        options: InvokeOptions | None = None,
    ) -> Invoked:
        """Starts a run of an agent, once for each command id; in a thread another run may take the input.

        Raises: Denied; Rejected `agent_not_found`, `agent_disabled`, `depth_exceeded`, `cycle_detected`,
        `model_not_found`, `thread_busy`, `thread_queue_full`, `payload_too_large`; Unavailable, `overloaded` also when
        too many calls of models wait in the scope.
        """
        _require(caller, "agents.invoke")
        options = options or InvokeOptions()
        agent = (await self.get(caller, key)).document
        light = await lifted(items)
        invoke = _said(light.items, context, options)
        asked = _digest(key, options.model, invoke)
        await self._resolve(invoke, caller, agent.persona, wished=options.model, command_id=command_id)
        run = ActorId(RUN, caller.scope, invoke.run_key)
        await self._require_place(run)
        if options.thread:  # which run takes the input, and when, the thread decides
            await light.put(self._runtime.blobs, run, invoke)
            return await self._submit(caller, key, invoke, command_id)
        if (start := await self._start_of(run, caller, key, agent, invoke)) is not None:
            start.asked = asked
            await light.put(self._runtime.blobs, run, start)
            await self._runtime.ask(run, start, principal=caller)
        return Invoked(run=run.text, session=SESSION, agent_key=key)

    async def _resolve(
        self, invoke: Invoke, caller: Principal, persona: Persona, *, wished: str | None, command_id: str
    ) -> None:
        """Adds what the caller leaves to the platform."""
        model = await self._choice.choose(caller, request=wished, agent=persona.model)
        invoke.model, invoke.model_reason, invoke.context_length = model.id, model.reason, model.context_length
        invoke.fallbacks.extend(model.fallbacks)
        invoke.prices.extend(model.prices)
        invoke.run_key = run_key("run", caller, command_id)
        if not invoke.context.root_run:
            invoke.context.root_run = ActorId(RUN, caller.scope, invoke.run_key).text
            invoke.context.budget = invoke.context.budget or await self.budgets.of(caller.scope)

    async def _require_place(self, run: ActorId) -> None:
        try:
            self._runtime.require_place(ModelCallEffect.name, run.scope)
        except Unavailable:
            if await self._runtime.readmodels.get("agents.runs", run.scope, run.key) is None:  # else it has begun
                raise

    async def _start_of(
        self, run: ActorId, caller: Principal, key: str, agent: AgentDocument, invoke: Invoke
    ) -> StartRun | None:
        """What starts the run; None where the agent has changed since, and the run is there."""
        try:
            return start_of(key, agent, invoke, caller=caller_of(caller))
        except Rejected:
            if await self._runtime.readmodels.get("agents.runs", run.scope, run.key) is None:
                raise
            return None

    async def _submit(self, caller: Principal, key: str, invoke: Invoke, command_id: str) -> Invoked:
        outcome = await self._ask(caller, key, invoke, command_id)
        if not isinstance(outcome, Invoked):
            raise TypeError("an agent answers an invocation with Invoked")
        if outcome.code:
            raise Rejected(outcome.code, outcome.message, "thread")
        return outcome

    async def _change(self, caller: Principal, key: str, command: Message, command_id: str | None) -> AgentChanged:
        _require(caller, "agents.manage")
        outcome = await self._ask(caller, key, command, command_id)
        if not isinstance(outcome, AgentChanged):
            raise TypeError("an agent answers a change with AgentChanged")
        return outcome

    async def _ask(self, caller: Principal, key: str, command: Message, command_id: str | None) -> Message:
        try:
            return await self._runtime.ask(
                ActorId(AGENT, caller.scope, key), command, command_id=command_id, principal=caller
            )
        except Rejected as refused:
            if refused.code in ("not_found", "gone", "invalid_actor_id"):
                raise agent_not_found(key) from refused
            raise


def _said(items: Sequence[Item], context: RunContext, options: InvokeOptions) -> Invoke:
    return Invoke(
        payload=Invocation(input=items, hints=options.hints),
        context=context,
        thread=options.thread,
        report_to=options.report_to,
        sinks=options.sinks,
        limits=options.limits,
        echo=options.echo,
    )


def _digest(key: str, model: str | None, said: Invoke) -> bytes:
    text = f"{key}\0{model}\0".encode() + said.SerializeToString(deterministic=True)
    return blake2b(text, digest_size=16).digest()


class Runs:
    """Runs: looked at, cancelled, approved."""

    def __init__(self, runtime: Runtime, lending: Lending | None = None) -> None:
        self._runtime = runtime
        self._lending = lending

    def id_of(self, caller: Principal, key: str) -> ActorId:
        """The actor of a run of the caller's scope. Raises: Rejected `run_not_found` for what cannot be a key."""
        try:
            return ActorId(RUN, caller.scope, key)
        except Rejected as malformed:
            raise run_not_found(key) from malformed

    async def get(self, caller: Principal, key: str) -> Versioned[RunDocument]:
        """A run of the caller's scope that is stored. Raises: Denied; Rejected `run_not_found`."""
        _require(caller, "runs.read")
        found = await self._runtime.readmodels.get("agents.runs", caller.scope, self.id_of(caller, key).key)
        if found is None or not isinstance(found.document, RunDocument) or found.document.is_unstored:
            raise run_not_found(key)
        return Versioned(found.document, found.version, found.key, found.written_at)

    async def started(self, caller: Principal, key: str) -> None:
        """Returns once a run that was accepted can be found. Raises: Unavailable when that takes long."""
        await self._runtime.readmodels.get("agents.runs", caller.scope, key, min_version=1)

    async def transcript(self, caller: Principal, key: str) -> TranscriptDocument | None:
        """What was said in a run that has ended or waits for somebody."""
        _require(caller, "runs.read")
        found = await self._runtime.readmodels.get("agents.transcripts", caller.scope, key)
        return found.document if found is not None and isinstance(found.document, TranscriptDocument) else None

    async def blob(self, caller: Principal, key: str, blob_id: str) -> Blob:
        """An image, a file or a long result of a stored run.

        Raises: Denied; Rejected `run_not_found`, `blob_not_found`, `blob_corrupted`; Unavailable.
        """
        await self.get(caller, key)
        return await self._runtime.blobs.get(self.id_of(caller, key), blob_id)

    async def list(
        self,
        caller: Principal,
        *,
        where: Mapping[str, str | int] | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Listing[Message]:
        """Stored runs of the caller's scope, newest first."""
        _require(caller, "runs.read")
        return await self._runtime.readmodels.list(
            "agents.runs", caller.scope, where={**(where or {}), **STORED}, order="-created", after=after, limit=limit
        )

    async def cancel(self, caller: Principal, key: str, *, reason: str = "", command_id: str | None = None) -> str:
        """Cancels a run, and answers its status; an ended one is left as it is. Raises: Rejected `run_not_found`."""
        _require(caller, "runs.cancel")
        outcome = await self._ask(caller, key, CancelRun(reason=reason), command_id)
        return outcome.status if isinstance(outcome, RunEndedAlready) else ""

    async def open_approvals(self, caller: Principal, *, after: str | None = None, limit: int = 50) -> Listing[Message]:
        """Runs of the caller's scope that wait for a decision, each with its approvals."""
        _require(caller, "runs.read")
        return await self._runtime.readmodels.list(
            "agents.approvals", caller.scope, where={"status": "open"}, after=after, limit=limit
        )

    async def approvals(self, caller: Principal, key: str) -> ApprovalsDocument:
        """The approvals of one run, open and settled. Raises: Rejected `run_not_found`."""
        await self.get(caller, key)
        found = await self._runtime.readmodels.get("agents.approvals", caller.scope, key)
        return (
            found.document
            if found is not None and isinstance(found.document, ApprovalsDocument)
            else ApprovalsDocument()
        )

    async def decide(
        self,
        caller: Principal,
        key: str,
        decision: DecideApproval,
        *,
        command_id: str | None = None,
        secret: Secret | None = None,
    ) -> ApprovalDecided:
        """Decides what a run waits for. The same decision again is harmless.

        A `secret` is lent to the run if it is its caller's own: what was lent before may have expired by now.

        Raises: Denied; Rejected `run_not_found`, `approval_not_found`, `approval_already_resolved`, `run_ended`.
        """
        _require(caller, "runs.approve")
        handle_id = await self._lent(caller, key, secret)
        lending = DecideApproval(credential_handle_id=handle_id)
        lending.MergeFrom(decision)
        try:
            outcome = await self._ask(caller, key, lending, command_id)
        except Rejected as refused:
            self._take_back(handle_id)
            if refused.code != "command_id_reused" or not await self._is_decided(caller, key, decision):
                raise
            outcome = ApprovalDecided(approval_id=decision.approval_id, decision=decision.decision)
        if not isinstance(outcome, ApprovalDecided):
            raise TypeError("a run answers a decision with ApprovalDecided")
        return outcome

    async def _lent(self, caller: Principal, key: str, secret: Secret | None) -> str:
        if self._lending is None or secret is None:
            return ""
        run = (await self.get(caller, key)).document
        if run.subject != caller.subject or not run.root_run:
            return ""
        return self._lending.lend(secret, ActorId.parse(run.root_run), seconds=LONGEST_TTL)

    def _take_back(self, handle_id: str) -> None:
        if self._lending is not None and handle_id:
            self._lending.take_back(handle_id)

    async def _is_decided(self, caller: Principal, key: str, decision: DecideApproval) -> bool:
        """Whether this very decision was taken: a retry under the same key lends another handle, and is the same."""
        document = await self.approvals(caller, key)
        return any(
            (known.id, known.decision) == (decision.approval_id, decision.decision) for known in document.approvals
        )

    async def _ask(self, caller: Principal, key: str, command: Message, command_id: str | None) -> Message:
        try:
            return await self._runtime.ask(self.id_of(caller, key), command, command_id=command_id, principal=caller)
        except Rejected as refused:
            if refused.code in ("not_found", "gone"):
                raise run_not_found(key) from refused
            raise


def agent_not_found(key: str) -> Rejected:
    """What a caller hears of an agent that is not there, or not theirs."""
    return Rejected("agent_not_found", f"There is no agent {key!r}.", "key")


def run_not_found(key: str) -> Rejected:
    """What a caller hears of a run that is not there, or not theirs."""
    return Rejected("run_not_found", f"There is no run {key!r}.", "run")


def _require(caller: Principal, permission: str) -> None:
    if not caller.may(permission):
        raise Denied("permission_denied", f"this takes the permission {permission!r}")
