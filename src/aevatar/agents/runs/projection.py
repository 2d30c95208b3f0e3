"""What a run looks like from outside: its documents, and its facts among what readers see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from google.protobuf.message import Message

from aevatar.actors import Kind, Projection
from aevatar.agents.runs.actor import SESSION, AgentRun
from aevatar.agents.runs.facts import STATUS_NAMES
from aevatar.agents.runs.reserving.limits import item_tokens
from aevatar.agents.runs.reserving.pricing import usage_of
from aevatar.agents.runs_pb2 import (
    RUN_STATUS_COMPLETED,
    RUN_STATUS_SUSPENDED,
    ApprovalRequested,
    ApprovalsDocument,
    ApprovalSettled,
    InputDocument,
    ModelFellBack,
    RunDocument,
    RunEnded,
    RunQueued,
    RunResumedFact,
    RunState,
    RunSuspendedFact,
    SubRunEnded,
    SubRunStarted,
    TranscriptDocument,
    UsageCounted,
    WarningNoted,
)
from aevatar.agents.stream_pb2 import (
    ApprovalAsked,
    ApprovalResolved,
    RunClosed,
    RunOpened,
    RunResumed,
    RunSuspended,
    SubRunClosed,
    SubRunOpened,
    UsageShown,
    Warned,
)
from aevatar.readmodels import Attributes, DocumentOf
from aevatar.sessions import Show

AS_LONG_AS_THE_RUN = 100 * 365 * 24 * 3600.0
"""Seconds: the session goes when its run is erased, not before."""


def run_document(state: RunState) -> RunDocument | None:
    if state.deleted_at or not state.HasField("start"):
        return None
    start = state.start
    return RunDocument(
        subject=state.caller.subject,
        agent_key=start.persona.agent_key,
        thread=start.thread,
        origin=start.origin,
        status=STATUS_NAMES.get(state.status, ""),
        model=state.model,
        model_reason=start.model_reason,
        created_at=state.created_at,
        started_at=state.started_at,
        ended_at=state.ended.at,
        code=state.ended.code,
        message=state.ended.message,
        usage=usage_of(state),
        usage_by_model=state.usage,
        parent_run=start.context.parent_run,
        root_run=start.context.root_run,
        round=state.round,
        echo=start.echo,
        is_unstored=start.is_unstored,
        tools=[tool.name for tool in state.tools],
        tool_sources_failed=state.sources_failed,
        warnings=state.warnings,
        rule_id=start.rule_id,
        fallbacks=state.fallbacks,
        rounds_exhausted=state.ended.rounds_exhausted,
        reply_failed=state.ended.reply_failed,
        history=start.history,
    )


def run_index(state: RunState) -> Attributes:
    start = state.start
    return {
        "agent": start.persona.agent_key,
        "thread": start.thread,
        "status": STATUS_NAMES.get(state.status, ""),
        "origin": start.origin,
        "parent": start.context.parent_run,
        "previous": start.history.previous_run,
        "created": state.created_at,
        "stored": int(not start.is_unstored),
    }


def input_of(state: RunState) -> Mapping[str, InputDocument]:
    """What a response was asked with, for those who ask for it while the run goes on."""
    if state.start.origin != "responses" or state.start.is_unstored:
        return {}
    return {"input": InputDocument(items=[item for item in state.items if item.is_input])}


def transcript(state: RunState) -> TranscriptDocument | None:
    """What was said; there once the run waits for somebody or has ended, before that its session tells."""
    if state.status < RUN_STATUS_COMPLETED and state.status != RUN_STATUS_SUSPENDED:
        return None
    items = [item for item in state.items if not item.is_internal]
    tokens = state.start.history.estimated_tokens + sum(item_tokens(item) for item in items)
    return TranscriptDocument(
        items=items,
        history=state.start.history,
        estimated_tokens=tokens,
        instructions=state.start.persona.instructions,
        is_final=state.status >= RUN_STATUS_COMPLETED,
        summary=state.summary if state.summary.covered else None,
        guess_permille=state.guess_permille,
    )


def approvals(state: RunState) -> ApprovalsDocument | None:
    if not state.approvals:
        return None
    return ApprovalsDocument(root_run=state.start.context.root_run, approvals=state.approvals)


def approvals_index(state: RunState) -> Mapping[str, str | int]:
    is_open = state.status < RUN_STATUS_COMPLETED and any(not approval.decision for approval in state.approvals)
    return {"status": "open" if is_open else "settled", "root": state.start.context.root_run}


def opened(event: RunQueued) -> Iterator[Message]:
    yield RunOpened(
        run_id=event.run_id,
        agent_key=event.start.persona.agent_key,
        model=event.start.model,
        created_at=event.at,
        origin=event.start.origin,
        echo=event.start.echo,
        is_queued=event.start.is_queued,
    )


def asked(event: ApprovalRequested) -> Iterator[Message]:
    approval = event.approval
    yield ApprovalAsked(
        approval_id=approval.id,
        call_id=approval.call_id,
        tool=approval.tool,
        arguments=approval.arguments,
        reason=approval.reason,
        expires_at=approval.expires_at,
    )


def settled(event: ApprovalSettled) -> Iterator[Message]:
    yield ApprovalResolved(approval_id=event.approval_id, decision=event.decision, reason=event.reason)


def suspended(event: RunSuspendedFact) -> Iterator[Message]:
    yield RunSuspended(approval_ids=event.approval_ids)


def resumed(event: RunResumedFact) -> Iterator[Message]:
    yield RunResumed()


def sub_run_started(event: SubRunStarted) -> Iterator[Message]:
    sub_run = event.sub_run
    yield SubRunOpened(
        run_id=sub_run.run, parent_call_id=event.call_id, agent_key=sub_run.agent_key, depth=sub_run.depth
    )


def sub_run_ended(event: SubRunEnded) -> Iterator[Message]:
    yield SubRunClosed(run_id=event.run_id, parent_call_id=event.call_id, status=event.status)


def usage_counted(event: UsageCounted) -> Iterator[Message]:
    yield UsageShown(model=event.model, call_id=event.call_id, usage=event.usage)


def fell_back(event: ModelFellBack) -> Iterator[Message]:
    yield Warned(message=f"{getattr(event, 'from')} failed with {event.code}; {event.to} answers in its place")


def warned(event: WarningNoted) -> Iterator[Message]:
    yield Warned(message=event.message)


def ended(event: RunEnded) -> Iterator[Show]:
    closed = RunClosed(
        status=event.status,
        code=event.code,
        message=event.message,
        usage=event.usage,
        rounds_exhausted=event.rounds_exhausted,
        reply_failed=event.reply_failed,
    )
    yield Show(closed, terminal=True)


RUN = Kind(
    AgentRun,
    Projection(
        documents=(
            DocumentOf("agents.runs", run_document, index=run_index),
            DocumentOf("agents.transcripts", transcript),
            DocumentOf("agents.inputs", pages=input_of),
            DocumentOf("agents.approvals", approvals, index=approvals_index),
        ),
        observers=(
            opened,
            asked,
            settled,
            suspended,
            resumed,
            sub_run_started,
            sub_run_ended,
            usage_counted,
            fell_back,
            warned,
            ended,
        ),
        session=SESSION,
        retention=AS_LONG_AS_THE_RUN,
    ),
)
