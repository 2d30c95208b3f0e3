"""Looking without touching: how a run is going, and a closed set of read models. Wakes no actor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing

from google.protobuf.message import Message

from aevatar.agents import RUN, STORED, AgentDocument
from aevatar.agents.runs import SESSION
from aevatar.agents.runs_pb2 import ApprovalsDocument, RunDocument
from aevatar.agents.stream_pb2 import ItemOpened, RunClosed, ToolResultShown
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.invocation.invocation_pb2 import (
    AgentTold,
    ApprovalTold,
    EventTold,
    ObserveRunArgs,
    ReadModelAnswer,
    ReadModelQuery,
    RunObservation,
    RunTold,
    UsageTold,
)
from aevatar.models.models_pb2 import Usage
from aevatar.readmodels import ReadModels, Versioned
from aevatar.sessions import Delta, SessionEvent, Sessions
from aevatar.tools import CallContext

EVENTS = 20
LIST_LIMIT = 20
TEXT_LIMIT = 200
OUTPUT_LIMIT = 4_000
_WHERE: Mapping[str, Mapping[str, str | int]] = {"approvals": {"status": "open"}, "runs": STORED}
ENDED = ("completed", "failed", "cancelled", "incomplete", "interrupted")


class Looking:
    """Answers what a model may look at, in its caller's scope."""

    def __init__(self, readmodels: ReadModels, sessions: Sessions) -> None:
        self._readmodels = readmodels
        self._sessions = sessions

    async def observe(self, args: ObserveRunArgs, context: CallContext) -> RunObservation:
        """How a run is going. Raises: Rejected `run_not_found` at once for what is not there, or not the caller's."""
        run = self._run_id(args.run_id, context)
        document = await self._run(run, args.run_id)
        if args.wait_seconds and document.document.status not in ENDED:
            await self._news(run, args.after, args.wait_seconds)
            document = await self._run(run, args.run_id)
        events = await self._sessions.page(run, SESSION, args.after, args.max_events or EVENTS)
        told = [_event(event) for event in events]
        return RunObservation(
            run_id=run.text,
            kind=run.kind,
            status=document.document.status,
            is_terminal=document.document.status in ENDED,
            output_text=(await self._output(run))[-OUTPUT_LIMIT:],
            events=told,
            next_cursor=told[-1].cursor if told else args.after,
            version=document.version,
            usage=_usage(document.document.usage),
        )

    def _run_id(self, text: str, context: CallContext) -> ActorId:
        try:
            run = ActorId.parse(text) if "/" in text else ActorId(RUN, context.scope, text)
        except Rejected as malformed:
            raise run_not_found(text) from malformed
        if run.scope != context.scope or run.kind != RUN:
            raise run_not_found(text)
        return run

    async def _run(self, run: ActorId, asked: str) -> Versioned[RunDocument]:
        found = await self._readmodels.get("agents.runs", run.scope, run.key)
        if found is None or not isinstance(found.document, RunDocument) or found.document.is_unstored:
            raise run_not_found(asked)
        return Versioned(found.document, found.version, found.key, found.written_at)

    async def _news(self, run: ActorId, after: int, seconds: int) -> None:
        try:
            async with asyncio.timeout(seconds), aclosing(self._sessions.read(run, SESSION, after)) as events:
                async for _ in events:
                    return
        except TimeoutError:
            return

    async def _output(self, run: ActorId) -> str:
        texts: dict[str, str] = {}
        async with aclosing(self._sessions.read(run, SESSION, until_terminal=False)) as events:
            async for event in events:
                if isinstance(event.event, Delta) and event.event.channel == "text":
                    texts[event.event.item] = texts.get(event.event.item, "") + event.event.text
        return next(reversed(texts.values()), "")

    async def query(self, query: ReadModelQuery, context: CallContext) -> ReadModelAnswer:
        """One of the closed set. Raises: Rejected `readmodel_unknown`, `document_not_found`."""
        match query.WhichOneof("query"):
            case "agents" | "runs" | "approvals" as which:
                page = getattr(query, which)
                return await self._list(which, page.limit or LIST_LIMIT, page.after or None, context)
            case "agent":
                return await self._single("agents", query.agent.key, context)
            case "run":
                key = query.run.key.rpartition("/")[2]
                return await self._single("runs", key, context)
        raise Rejected("readmodel_unknown", "Ask for one of agents, agent, runs, run, approvals.", "query")

    async def _list(self, which: str, limit: int, after: str | None, context: CallContext) -> ReadModelAnswer:
        where = _WHERE.get(which, {})
        order = "-created" if which == "runs" else None
        listing = await self._readmodels.list(
            f"agents.{which}", context.scope, where=where, order=order, after=after, limit=limit
        )
        answer = ReadModelAnswer(after=listing.after or "")
        for item in listing.items:
            _TELL[which](answer, item, context)
        return answer

    async def _single(self, which: str, key: str, context: CallContext) -> ReadModelAnswer:
        found = await self._readmodels.get(f"agents.{which}", context.scope, key)
        if found is None or (isinstance(found.document, RunDocument) and found.document.is_unstored):
            raise Rejected("document_not_found", f"There is no {which.removesuffix('s')} {key!r}.", "query")
        answer = ReadModelAnswer(version=found.version)
        _TELL[which](answer, found, context)
        return answer


def _tell_agent(answer: ReadModelAnswer, item: Versioned[Message], context: CallContext) -> None:
    if isinstance(item.document, AgentDocument):
        persona = item.document.persona
        answer.agents.append(
            AgentTold(
                key=item.key,
                display_name=persona.display_name,
                description=persona.description,
                model=persona.model,
                is_disabled=item.document.is_disabled,
            )
        )


def _tell_run(answer: ReadModelAnswer, item: Versioned[Message], context: CallContext) -> None:
    if isinstance(item.document, RunDocument):
        document = item.document
        answer.runs.append(
            RunTold(
                run_id=ActorId(RUN, context.scope, item.key).text,
                agent_key=document.agent_key,
                status=document.status,
                model=document.model,
                created_at=document.created_at,
                usage=_usage(document.usage),
            )
        )


def _tell_approval(answer: ReadModelAnswer, item: Versioned[Message], context: CallContext) -> None:
    if isinstance(item.document, ApprovalsDocument):
        for approval in item.document.approvals:
            if not approval.decision:
                answer.approvals.append(
                    ApprovalTold(
                        run_id=ActorId(RUN, context.scope, item.key).text,
                        approval_id=approval.id,
                        tool=approval.tool,
                        reason=approval.reason,
                    )
                )


_TELL: Mapping[str, Callable[[ReadModelAnswer, Versioned[Message], CallContext], None]] = {
    "agents": _tell_agent,
    "runs": _tell_run,
    "approvals": _tell_approval,
}


def _event(event: SessionEvent) -> EventTold:
    seen = event.event
    text = ""
    if isinstance(seen, Delta):
        text = seen.text
    elif isinstance(seen, ToolResultShown):
        text = f"{seen.name}: {seen.text}"
    elif isinstance(seen, ItemOpened):
        text = seen.name
    elif isinstance(seen, RunClosed):
        text = seen.status
    return EventTold(cursor=event.cursor, type=seen.DESCRIPTOR.name, text=text[:TEXT_LIMIT], at=event.at)


def _usage(usage: Usage) -> UsageTold:
    return UsageTold(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)


def run_not_found(run: str) -> Rejected:
    """What a model hears of a run that is not there, or not its caller's."""
    return Rejected("run_not_found", f"There is no run {run!r} here.", "run_id")
