"""The effects that deal with tools: finding them, calling them, and finding out what became of an interrupted call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any

import structlog
from google.protobuf.message import Message

from aevatar.actors import Effect, Link, Policy
from aevatar.agents.runs.blobs import keep_parts
from aevatar.agents.runs.callers import principal_of
from aevatar.agents.runs_pb2 import (
    ApprovalNeeded,
    CallTool,
    CallToolOnce,
    DiscoverTools,
    FixedTool,
    Hold,
    ReconcileTool,
    SubRun,
    ToolContext,
    ToolFinished,
    ToolReconciled,
    ToolsDiscovered,
)
from aevatar.blobs import BlobStore, NoBlobs
from aevatar.credentials import Binding
from aevatar.errors import AevatarError, Rejected, Unavailable
from aevatar.identity import ActorId
from aevatar.tools import (
    Approval,
    BlobRef,
    CallContext,
    Discovery,
    FailureCode,
    Held,
    KeepsBytes,
    OfferedTool,
    StartedRun,
    Tool,
    ToolResult,
    ToolSets,
    arguments_type,
    failure,
    failure_of,
    keep_nothing,
    must_ask,
    parse_arguments,
    result_of,
    shorten,
)

CALL_SECONDS = 600.0
TEXT_TYPE = "text/plain; charset=utf-8"
log = structlog.get_logger("aevatar.tools")

_TIGHTENED = {"auto": Approval.AUTO, "always": Approval.ALWAYS}


class DiscoverToolsEffect(Effect[DiscoverTools, ToolsDiscovered]):
    """Asks the sources of a run's tool set what they offer."""

    name = "tools.discover"
    policy = Policy.REPEAT
    concurrency = 512
    concurrency_per_scope = 64

    def __init__(self, tool_sets: ToolSets) -> None:
        self._tool_sets = tool_sets

    def at_once(self, request: DiscoverTools) -> ToolsDiscovered | None:
        try:
            found = self._tool_sets.fixed(request.tool_set)
        except Rejected as unknown:
            return ToolsDiscovered(error_code=unknown.code)
        return None if found is None else _discovered(found, request.tool_names)

    async def run(self, request: DiscoverTools, link: Link) -> ToolsDiscovered:
        try:
            found = await self._tool_sets.discover(request.tool_set, _context(request.context, link))
        except Rejected as unknown:
            return ToolsDiscovered(error_code=unknown.code)
        return _discovered(found, request.tool_names)


def _discovered(found: Discovery, names: Collection[str]) -> ToolsDiscovered:
    return ToolsDiscovered(
        tools=[_fixed(offered) for offered in found.tools if not names or offered.definition.name in names],
        sources_failed=[f"{failed.source}: {failed.reason}" for failed in found.failed],
    )


def _fixed(offered: OfferedTool) -> FixedTool:
    return FixedTool(
        name=offered.definition.name,
        source=offered.source,
        description=offered.definition.description,
        schema=offered.definition.schema,
        strict=offered.definition.strict,
        digest=offered.definition.digest,
        read_only=offered.tool.read_only,
        idempotent=offered.tool.idempotent,
        reconciles=type(offered.tool).reconcile is not Tool.reconcile,
        timeout=offered.tool.timeout,
        starts_runs=offered.tool.starts_runs,
    )


class ToolCaller:
    """Carries out one call: finds the tool again, reads the arguments, asks first where that is due, and runs it."""

    def __init__(self, tool_sets: ToolSets, blobs: BlobStore | None = None) -> None:
        self._tool_sets = tool_sets
        self._blobs = blobs or NoBlobs()

    async def call(self, request: CallTool, link: Link) -> Message:
        """The result of a call; every failure but a cancellation is a result, too."""
        try:
            context = self._context(request, link)
            tool = await self.find(request, context)
            args = parse_arguments(_filled(request), arguments_type(tool))
            at_least = _TIGHTENED.get(request.at_least, Approval.NEVER)
            if not request.is_approved and must_ask(tool, args, context=context, at_least=at_least):
                return ApprovalNeeded(call_id=request.call_id)
            async with asyncio.timeout(tool.timeout):
                answer = await tool.execute(args, context)
        except Exception as error:  # noqa: BLE001 - whatever a tool raises, the model is told and the run goes on
            return ToolFinished(call_id=request.call_id, result=_failed(error))
        return await self._finished(request.call_id, answer, link.actor_id)

    async def reconcile(self, request: ReconcileTool, link: Link) -> ToolReconciled:
        """What became of an interrupted call, as its tool knows it."""
        call = request.call
        context = self._context(call, link, effect_id=request.effect_id)
        tool = await self.find(call, context)
        known = await tool.reconcile(parse_arguments(_filled(call), arguments_type(tool)), context)
        reconciled = ToolReconciled(call_id=call.call_id, is_known=known is not None)
        if known is not None and known.result is not None:
            reconciled.took_effect = True
            reconciled.result.CopyFrom(await self._recordable(result_of(known.result), link.actor_id))
        return reconciled

    async def find(self, request: CallTool, context: CallContext) -> Tool[Any, Any]:
        """The tool as its source offers it now. Raises: ToolGone, also when it takes other arguments by now."""
        found = await self._tool_sets.ask(request.source, context)
        for offered in found.tools:
            if offered.definition.name == request.name and offered.definition.digest == request.digest:
                return offered.tool
        raise ToolGone(request.name)

    def _context(self, request: CallTool, link: Link, *, effect_id: str = "") -> CallContext:
        async def keep(data: bytes, media_type: str, name: str = "") -> BlobRef:
            kept = await self._blobs.put(link.actor_id, data, media_type)
            return BlobRef(blob_id=kept.blob_id, media_type=kept.media_type, name=name, length=kept.length)

        return _context(request.context, link, effect_id=effect_id, keep=keep)

    async def _finished(
        self, call_id: str, answer: Message | Held[Message] | StartedRun[Message], run: ActorId
    ) -> ToolFinished:
        finished = ToolFinished(call_id=call_id)
        if isinstance(answer, StartedRun):
            wait = "stream" if answer.is_followed else "ack"
            sub_run = SubRun(run=answer.run.text, session=answer.session, agent_key=answer.agent_key, wait=wait)
            finished.sub_run.CopyFrom(sub_run)
            answer = answer.answer
        if isinstance(answer, Held):
            otherwise = await self._recordable(result_of(answer.otherwise), run)
            finished.hold.CopyFrom(Hold(wait_key=answer.wait_key, seconds=answer.seconds, otherwise=otherwise))
        else:
            finished.result.CopyFrom(await self._recordable(result_of(answer), run))
        return finished

    async def _recordable(self, result: ToolResult, run: ActorId) -> ToolResult:
        """A result without what is too long to be recorded; that the call was made counts, whatever can be kept."""
        shortened = shorten(result.text)
        try:
            if shortened.kept is not None:
                kept = await self._blobs.put(run, shortened.kept, TEXT_TYPE)
                result.text, result.whole_blob_id = shortened.text, kept.blob_id
            if result.parts:
                result = await keep_parts(self._blobs, run, result)
        except AevatarError as unkept:
            del result.parts[:]
            result.text = shorten(result.text, is_kept=False).text
            log.warning("result_not_kept", run=run.text, reason=str(unkept))
        return result


class ToolGone(LookupError):
    """The tool is not offered any more as it was when the run fixed its tools."""


class CallToolEffect(Effect[CallTool, Message]):
    """Calls of tools that may be repeated: they only read, or take the effect id as their key."""

    name = "tools.call"
    policy = Policy.REPEAT
    concurrency = 512
    concurrency_per_scope = 32
    deadline = CALL_SECONDS

    def __init__(self, caller: ToolCaller) -> None:
        self._caller = caller

    async def run(self, request: CallTool, link: Link) -> Message:
        return await self._caller.call(request, link)


class CallToolOnceEffect(Effect[CallToolOnce, Message]):
    """Calls of all other tools: after a crash nobody knows whether they took effect, so the run is asked."""

    name = "tools.call_once"
    policy = Policy.ASK
    concurrency = 512
    concurrency_per_scope = 32
    deadline = CALL_SECONDS

    def __init__(self, caller: ToolCaller) -> None:
        self._caller = caller

    async def run(self, request: CallToolOnce, link: Link) -> Message:
        return await self._caller.call(request.call, link)


class ReconcileToolEffect(Effect[ReconcileTool, ToolReconciled]):
    """Asks a tool what became of a call that was interrupted."""

    name = "tools.reconcile"
    policy = Policy.REPEAT

    def __init__(self, caller: ToolCaller) -> None:
        self._caller = caller

    async def run(self, request: ReconcileTool, link: Link) -> ToolReconciled:
        return await self._caller.reconcile(request, link)


def _failed(error: Exception) -> ToolResult:
    if isinstance(error, ToolGone):
        return failure(FailureCode.TOOL_NOT_FOUND, "The tool is not offered any more.")
    return failure_of(error)


def _filled(request: CallTool) -> str:
    """The model's arguments, with what the route policy prescribes in place of the model's."""
    if not request.prefilled:
        return request.arguments
    try:
        given = json.loads(request.arguments)
    except ValueError:
        return request.arguments  # read, and refused, like any other
    return json.dumps({**given, **json.loads(request.prefilled)}) if isinstance(given, dict) else request.arguments


def _context(given: ToolContext, link: Link, *, effect_id: str = "", keep: KeepsBytes = keep_nothing) -> CallContext:
    run = given.run_context
    return CallContext(
        principal=principal_of(given.caller, link.actor_id.scope),
        scope=link.actor_id.scope,
        request_id=run.request_id,
        response_id=link.actor_id.key if given.origin == "responses" else None,
        run=link.actor_id,
        root_run=ActorId.parse(run.root_run) if run.root_run else link.actor_id,
        parent_run=ActorId.parse(run.parent_run) if run.parent_run else None,
        depth=run.depth,
        call_id=given.call_id,
        effect_id=effect_id or link.effect_id,
        session="run",
        model=given.model,
        deadline=datetime.fromtimestamp(given.deadline / 1000, UTC),
        budget=ActorId.parse(run.budget) if run.budget else None,
        credential_handle=run.credential_handle_id or None,
        secret=_secret(given, link),
        keep=keep,
        lineage=(*run.lineage, given.lineage_key) if given.lineage_key else tuple(run.lineage),
        sub_runs_left=given.sub_runs_left,
    )


def _secret(given: ToolContext, link: Link) -> Callable[[], Awaitable[Any]]:
    async def secret() -> Any:
        if not given.run_context.credential_handle_id:
            raise Unavailable("credential_unavailable", "The caller brought no credential.")
        owner = ActorId.parse(given.run_context.credential_owner)
        return link.secret(given.run_context.credential_handle_id, Binding(owner.scope, owner, "run"))

    return secret
