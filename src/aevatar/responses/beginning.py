"""Starting the run behind a request: everything about it is found out and checked before, and it starts once."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import msgspec

from aevatar.actors import Runtime
from aevatar.agents import RUN, AgentDocument, Budgets, ChosenModel, Lending, ModelChoice, Persona, run_key
from aevatar.agents.runs import ModelCallEffect
from aevatar.agents.runs.blobs import Lifted, lifted
from aevatar.agents.runs_pb2 import Item, Parameters, ReaderCame, RunContext, StartRun
from aevatar.credentials import Secret
from aevatar.errors import Denied, Rejected
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.invocation import DEFAULT_SET
from aevatar.models import AGENT_PROVIDER, split
from aevatar.responses.history import Histories, run_document
from aevatar.responses.items import said
from aevatar.responses.requests import CreateResponse
from aevatar.responses.response_object import echo_of, read_echo
from aevatar.responses.starting import Found, limits_of, start_run
from aevatar.routing import Decision, RouteInput, RoutePolicies

NO_TOOLS: Final = "none"
"""The tool set of those who want none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What comes around the body of a request: whose it is, under which ids, with which credential and tools.

    A request `is_new` whose command id nobody but us can have made: no run can be known under it.
    """

    caller: Principal
    command_id: str
    is_new: bool = False
    request_id: str = ""
    secret: Secret | None = None
    tool_set: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a run is started for, and how that makes it differ from what its request says.

    `closing` is said after the input; `parameters` go over those of the request; `tool_set` in place of any other.
    """

    prefix: str
    origin: str
    closing: str = ""
    tool_set: str | None = None
    parameters: Parameters | None = None


class Beginning:
    """Starts runs for requests."""

    def __init__(
        self,
        runtime: Runtime,
        choice: ModelChoice,
        policies: RoutePolicies,
        histories: Histories,
        *,
        lending: Lending,
        budgets: Budgets,
    ) -> None:
        self._runtime = runtime
        self._budgets = budgets
        self._choice = choice
        self._policies = policies
        self._histories = histories
        self._lending = lending

    async def begin(self, request: CreateResponse, given: Given, purpose: Purpose) -> ActorId:
        """The run for a request, started or found.

        Raises: Denied; Rejected with the path of what is wrong, `idempotency_conflict`; Unavailable, `overloaded` also
        when too many calls of models wait in the scope.
        """
        caller = given.caller
        require(caller, "models.use")
        run = ActorId(RUN, caller.scope, run_key(purpose.prefix, caller, given.command_id))
        digest = _digest(request, given, purpose)
        if not given.is_new and await self._is_known(run, digest):
            if not request.store:
                await self._runtime.dispatch(run, ReaderCame(), principal=caller)
            return run
        self._runtime.require_place(ModelCallEffect.name, run.scope)
        found = await self._find(request, given, purpose)
        start = await self._command(request, found, given, purpose, run=run, digest=digest)
        await self._start(run, start, found.input, given, digest=digest)
        return run

    async def _command(
        self, request: CreateResponse, found: Found, given: Given, purpose: Purpose, *, run: ActorId, digest: str
    ) -> StartRun:
        echo = msgspec.json.encode(echo_of(request, model=_told(found), digest=digest)).decode()
        context = self._context(run, given, limits_of(request, found.persona).wall_seconds)
        context.budget = await self._budgets.of(run.scope)
        start = start_run(request, found, origin=purpose.origin, context=context, echo=echo)
        if purpose.parameters is not None:
            start.parameters.MergeFrom(purpose.parameters)
        return start

    async def _is_known(self, run: ActorId, digest: str) -> bool:
        document = await run_document(self._runtime.readmodels, run.scope, run.key)
        if document is not None and read_echo(document.echo).digest != digest:
            told = "This key was used with another request."
            raise Rejected("idempotency_conflict", told, "Idempotency-Key")
        return document is not None

    async def _start(self, run: ActorId, start: StartRun, light: Lifted, given: Given, *, digest: str) -> None:
        try:
            await light.put(self._runtime.blobs, run, start)
            await self._runtime.ask(run, start, command_id=given.command_id, principal=given.caller)
        except Rejected as refused:
            # Somebody was faster with the same key. What was found out meanwhile may differ; the request may not.
            self._lending.take_back(start.context.credential_handle_id)
            if refused.code not in ("command_id_reused", "gone"):
                raise
            if not await self._is_known(run, digest):
                told = "What this key led to was deleted."
                raise Rejected("response_not_found", told, "Idempotency-Key") from refused

    # Finding out

    async def _find(self, request: CreateResponse, given: Given, purpose: Purpose) -> Found:
        caller = given.caller
        agent_key = _agent_in(request.model)
        asked = RouteInput(purpose.origin, request.model or "", agent_key or "")
        decision = await self._decide(caller.scope, asked)
        persona = await self._persona(caller, agent_key) if agent_key is not None else None
        model = await self._model(caller, request, decision, persona)
        past = await self._histories.past(caller.scope, request.previous_response_id)
        items = await self._histories.items(caller.scope, request.input)
        await self._histories.check_outputs(past, items)
        if purpose.closing:
            items.append(Item(id="msg_closing", message=said(purpose.closing), is_input=True))
        return Found(
            model=model,
            input=await lifted(items),
            history=past.history,
            decision=decision,
            tool_set=purpose.tool_set or given.tool_set or _tools(decision, persona),
            persona=persona,
            agent_key=agent_key or "",
        )

    async def _decide(self, scope: ScopeId, asked: RouteInput) -> Decision:
        decision = await self._policies.decide(scope, asked)
        if decision.action.HasField("reject"):
            reject = decision.action.reject
            raise Denied(reject.code or "route_rejected", reject.message or "This scope's policy refuses the request.")
        return decision

    async def _model(
        self, caller: Principal, request: CreateResponse, decision: Decision, persona: Persona | None
    ) -> ChosenModel:
        if persona is not None:
            return await self._choice.choose(caller, agent=persona.model)
        if forced := decision.action.forward.model:
            return await self._choice.choose(caller, policy=forced)
        return await self._choice.choose(caller, request=request.model)

    async def _persona(self, caller: Principal, key: str) -> Persona:
        require(caller, "agents.invoke")
        found = await self._runtime.readmodels.get("agents.agents", caller.scope, key)
        if found is None or not isinstance(found.document, AgentDocument):
            raise Rejected("model_not_found", f"There is no agent {key!r}.", "model")
        if found.document.is_disabled:
            raise Rejected("agent_disabled", f"The agent {key!r} is disabled.", "model")
        return found.document.persona

    # The caller's credential

    def _context(self, run: ActorId, given: Given, seconds: float) -> RunContext:
        context = RunContext(request_id=given.request_id, root_run=run.text)
        if given.secret is not None:
            context.credential_handle_id = self._lending.lend(given.secret, run, seconds=seconds)
            context.credential_owner = run.text
        return context


def require(caller: Principal, permission: str) -> None:
    """Goes on if the caller holds `permission`. Raises: Denied `permission_denied`."""
    if not caller.may(permission):
        raise Denied("permission_denied", f"this takes the permission {permission!r}")


def _tools(decision: Decision, persona: Persona | None) -> str:
    if persona is not None:
        return persona.tool_set
    return decision.action.forward.tool_set or DEFAULT_SET


def _digest(request: CreateResponse, given: Given, purpose: Purpose) -> str:
    parameters = purpose.parameters.SerializeToString(deterministic=True) if purpose.parameters is not None else b""
    body = f"{purpose.origin}\0{given.tool_set or ''}\0{request.model_dump_json()}\0".encode() + parameters
    return blake2b(body, digest_size=16).hexdigest()


def _agent_in(model: str | None) -> str | None:
    known = split(model) if model else None
    return known.model if known is not None and known.provider == AGENT_PROVIDER else None


def _told(found: Found) -> str:
    return f"{AGENT_PROVIDER}/{found.agent_key}" if found.agent_key else found.model.id
