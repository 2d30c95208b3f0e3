"""What `/v1` offers, for HTTP and for programs: responses are runs, and everything here is a view of one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

import msgspec

from aevatar.actors import Runtime
from aevatar.agents import RUN, AgentDocument, ChosenModel, ModelChoice, Persona, run_key
from aevatar.agents.runs import SESSION
from aevatar.agents.runs_pb2 import CancelRun, RunContext, RunDocument, StartRun, TranscriptDocument
from aevatar.agents.stream_pb2 import RunSuspended
from aevatar.credentials import Binding, CredentialVault, Secret
from aevatar.errors import Denied, Rejected
from aevatar.identity import ActorId, Principal, ScopeId
from aevatar.models import AGENT_PROVIDER, split
from aevatar.responses.codec import Body, Frame, ResponseCodec, place_of
from aevatar.responses.history import ORIGIN, Histories, run_document
from aevatar.responses.items import RESPONSE_PREFIX
from aevatar.responses.requests import CreateResponse
from aevatar.responses.response_object import (
    ENDED,
    Echo,
    echo_of,
    output_of,
    progress_of,
    read_echo,
    response_object,
)
from aevatar.responses.sealing import Seal
from aevatar.responses.starting import Found, limits_of, start_run
from aevatar.routing import Decision, RouteInput, RoutePolicies
from aevatar.sessions import Delta, SessionEvent

WORKSPACE_TOOLS: Final = "workspace.default"
CREDENTIAL_USES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Around the body of a request: whose it is, under which ids, with which credential and which tools."""

    caller: Principal
    command_id: str
    request_id: str = ""
    secret: Secret | None = None
    tool_set: str | None = None


class Responses:
    """Responses: created, followed, retrieved, cancelled, continued."""

    def __init__(
        self,
        runtime: Runtime,
        choice: ModelChoice,
        policies: RoutePolicies,
        *,
        seal: Seal,
        vault: CredentialVault | None = None,
        tool_set: str = WORKSPACE_TOOLS,
    ) -> None:
        self._runtime = runtime
        self._choice = choice
        self._vault = vault
        self._policies = policies
        self._tool_set = tool_set
        self._histories = Histories(runtime.readmodels, seal)

    # Creating

    async def create(self, request: CreateResponse, given: Request) -> ActorId:
        """The run that is the response, started; the same command id and body lead to the same one.

        Raises: Denied; Rejected with the path of what is wrong, `model_not_found`, `previous_response_not_found`,
        `previous_response_active`, `idempotency_conflict`; Unavailable.
        """
        caller = given.caller
        _require(caller, "models.use")
        check(request)
        starter = f"{caller.scope}/{caller.subject}"
        run = ActorId(RUN, caller.scope, run_key(RESPONSE_PREFIX, starter, given.command_id))
        digest = _digest(request, given.tool_set)
        if await self._is_known(run, digest):
            return run
        found = await self._find(request, given)
        echo = echo_of(request, model=_told(found), digest=digest)
        context = self._context(run, given, limits_of(request, found.persona).wall_seconds)
        start = start_run(request, found, origin=ORIGIN, context=context, echo=_encoded(echo))
        await self._start(run, start, given, digest)
        return run

    async def _is_known(self, run: ActorId, digest: str) -> bool:
        document = await run_document(self._runtime.readmodels, run.scope, run.key)
        if document is not None and read_echo(document.echo).digest != digest:
            told = "This key was used with another request."
            raise Rejected("idempotency_conflict", told, "Idempotency-Key")
        return document is not None

    async def _start(self, run: ActorId, start: StartRun, given: Request, digest: str) -> None:
        try:
            await self._runtime.ask(run, start, command_id=given.command_id, principal=given.caller)
        except Rejected as refused:
            # Somebody was faster with the same key. What was found out meanwhile may differ; the request may not.
            self._revoke(run)
            if refused.code != "command_id_reused" or not await self._is_known(run, digest):
                raise

    async def _find(self, request: CreateResponse, given: Request) -> Found:
        scope = given.caller.scope
        agent_key = _agent_in(request.model)
        decision = await self._decide(scope, RouteInput(ORIGIN, request.model or "", agent_key or ""))
        persona = await self._persona(given.caller, agent_key) if agent_key is not None else None
        past = await self._histories.past(scope, request.previous_response_id)
        items = await self._histories.items(scope, request.input)
        await self._histories.check_outputs(past, items)
        return Found(
            model=await self._model(scope, request, decision, persona),
            items=items,
            history=past.history,
            decision=decision,
            tool_set=given.tool_set or self._tools(decision, persona),
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
        self, scope: ScopeId, request: CreateResponse, decision: Decision, persona: Persona | None
    ) -> ChosenModel:
        if persona is not None:
            return await self._choice.choose(scope, agent=persona.model)
        if forced := decision.action.forward.model:
            return await self._choice.choose(scope, policy=forced)
        return await self._choice.choose(scope, request=request.model)

    def _tools(self, decision: Decision, persona: Persona | None) -> str:
        if persona is not None:
            return persona.tool_set
        return decision.action.forward.tool_set or self._tool_set

    async def _persona(self, caller: Principal, key: str) -> Persona:
        _require(caller, "agents.invoke")
        found = await self._runtime.readmodels.get("agents.agents", caller.scope, key)
        if found is None or not isinstance(found.document, AgentDocument):
            raise Rejected("model_not_found", f"There is no agent {key!r}.", "model")
        if found.document.is_disabled:
            raise Rejected("agent_disabled", f"The agent {key!r} is disabled.", "model")
        return found.document.persona

    def _context(self, run: ActorId, given: Request, seconds: float) -> RunContext:
        context = RunContext(request_id=given.request_id, root_run=run.text)
        if self._vault is not None and given.secret is not None:
            context.credential_handle_id = self._vault.mint(
                given.secret, _binding(run), ttl=seconds, uses=CREDENTIAL_USES
            )
            context.credential_owner = run.text
        return context

    def _revoke(self, run: ActorId) -> None:
        if self._vault is not None:
            self._vault.revoke_session(_binding(run))

    # Following

    async def finished(self, run: ActorId) -> Body:
        """The response once its run has ended, or waits for a decision."""
        async with aclosing(self._runtime.sessions.read(run, SESSION)) as events:
            async for event in events:
                if isinstance(event.event, RunSuspended) and await self._is_suspended(run):
                    break
        return await self.current(run)

    async def _is_suspended(self, run: ActorId) -> bool:
        document = await run_document(self._runtime.readmodels, run.scope, run.key)
        return document is not None and document.status == "suspended"

    async def accepted(self, run: ActorId) -> Body:
        """The response as it was when it was accepted."""
        async with aclosing(self._runtime.sessions.read(run, SESSION)) as events:
            async for event in events:
                first, *_ = ResponseCodec(run.key).fold(event)
                response: Body = first.body["response"]
                return response
        raise Rejected("response_not_found", f"There is no response {run.key!r}.", "response_id")

    async def frames(
        self, run: ActorId, *, after: int | None = None, include: frozenset[str] = frozenset()
    ) -> AsyncGenerator[Frame, None]:
        """The events of a response after a sequence number: those that were, then those that come, to the last."""
        codec = ResponseCodec(run.key, include=include)
        cursor = 0
        if after is not None:
            cursor, _ = place_of(after)
            last = 0
            async for event in self._up_to(run, cursor):
                last = event.cursor
                for frame in codec.fold(event):
                    if frame.sequence_number > after:
                        yield frame
            if last < cursor:
                return
        async with aclosing(self._runtime.sessions.read(run, SESSION, cursor)) as events:
            async for event in events:
                for frame in codec.fold(event):
                    yield frame

    async def _up_to(self, run: ActorId, cursor: int) -> AsyncGenerator[SessionEvent, None]:
        """The events up to a cursor, also where the one at the cursor is stored joined with later ones."""
        sessions, after = self._runtime.sessions, 0
        while after < cursor:
            page = await sessions.page(run, SESSION, after)
            for event in page:
                if event.cursor <= cursor:
                    yield event
            if not page or page[-1].cursor > cursor:
                rests = await sessions.page(run, SESSION, cursor, 1) if page else []
                for event in page:
                    if event.cursor > cursor and (head := _head(event, rests)):
                        yield replace(event, cursor=cursor, event=head)
                return
            after = page[-1].cursor

    # Looking

    async def retrieve(self, caller: Principal, response_id: str, include: frozenset[str] = frozenset()) -> Body:
        """A stored response as it is now. Raises: Denied; Rejected `response_not_found`."""
        return await self.current(await self.stored(caller, response_id), include)

    async def stored(self, caller: Principal, response_id: str) -> ActorId:
        """The run behind a stored response of the caller's scope. Raises: Denied; Rejected `response_not_found`."""
        _require(caller, "runs.read")
        await self._histories.stored(caller.scope, response_id)
        return ActorId(RUN, caller.scope, response_id)

    async def current(self, run: ActorId, include: frozenset[str] = frozenset()) -> Body:
        """The response as it is now, stored or not."""
        document = await run_document(self._runtime.readmodels, run.scope, run.key)
        if document is not None and document.status in ENDED:
            transcript = await self._transcript(run)
            if transcript is not None:
                return _ended(run, document, transcript, include)
        codec = ResponseCodec(run.key, include=include)
        async with aclosing(self._runtime.sessions.read(run, SESSION, until_terminal=False)) as events:
            async for event in events:
                codec.fold(event)
        return codec.response()

    async def _transcript(self, run: ActorId) -> TranscriptDocument | None:
        found = await self._runtime.readmodels.get("agents.transcripts", run.scope, run.key)
        return found.document if found is not None and isinstance(found.document, TranscriptDocument) else None

    # Ending

    async def cancel(self, caller: Principal, response_id: str) -> Body:
        """The response, cancelled if it was still going on. Raises: Denied; Rejected `response_not_found`."""
        _require(caller, "runs.cancel")
        run = await self.stored(caller, response_id)
        await self._runtime.ask(run, CancelRun(reason="cancelled by request"), principal=caller)
        return await self.current(run)


def check(request: CreateResponse) -> None:
    """Goes on if the parts of a request fit each other. Raises: Rejected."""
    if not request.input and request.previous_response_id is None:
        raise Rejected("missing_required_parameter", "Say something, or name a previous response.", "input")
    if request.background and not request.store:
        told = "A response in the background has to be stored, or nobody could read it."
        raise Rejected("background_requires_store", told, "background")


def _ended(run: ActorId, document: RunDocument, transcript: TranscriptDocument, include: frozenset[str]) -> Body:
    echo = read_echo(document.echo)
    output = output_of(run.key, list(transcript.items), echo, include | frozenset(echo.include))
    return response_object(run.key, echo, progress_of(document), output)


def _head(event: SessionEvent, rests: list[SessionEvent]) -> Delta | None:
    """The part of a joined text that lies before its rest."""
    whole = event.event
    if not isinstance(whole, Delta):
        return None
    rest = next((_length(each) for each in rests if each.cursor == event.cursor), len(whole.text))
    head = whole.text[: max(0, len(whole.text) - rest)]
    return Delta(item=whole.item, channel=whole.channel, text=head) if head else None


def _length(event: SessionEvent) -> int:
    return len(event.event.text) if isinstance(event.event, Delta) else 0


def _digest(request: CreateResponse, tool_set: str | None) -> str:
    body = f"{tool_set or ''}\0{request.model_dump_json()}"
    return blake2b(body.encode(), digest_size=16).hexdigest()


def _encoded(echo: Echo) -> str:
    return msgspec.json.encode(echo).decode()


def _agent_in(model: str | None) -> str | None:
    known = split(model) if model else None
    return known.model if known is not None and known.provider == AGENT_PROVIDER else None


def _told(found: Found) -> str:
    return f"{AGENT_PROVIDER}/{found.agent_key}" if found.agent_key else found.model.id


def _binding(run: ActorId) -> Binding:
    return Binding(run.scope, run, SESSION)


def _require(caller: Principal, permission: str) -> None:
    if not caller.may(permission):
        raise Denied("permission_denied", f"this takes the permission {permission!r}")
