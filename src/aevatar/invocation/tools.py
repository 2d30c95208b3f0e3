"""The tools with which a model reaches agents, teams and workflows, and looks at what became of them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Sequence
from typing import Any, Final

from google.protobuf.message import Message

from aevatar.errors import AevatarError, Unavailable
from aevatar.invocation.invocation_pb2 import (
    AgentTarget,
    InvokeAgentArgs,
    InvokeTeamArgs,
    ObserveRunArgs,
    QueryReadModelArgs,
    StartWorkflowArgs,
)
from aevatar.invocation.looking import Looking
from aevatar.invocation.service import Invocations, TeamResolver, WorkflowStarter, started
from aevatar.tools import (
    Approval,
    CallContext,
    FixedSource,
    Held,
    Selection,
    StartedRun,
    Tool,
    ToolError,
    ToolResult,
    ToolSet,
    ToolSource,
)

DEFAULT_SET: Final = "workspace.default"
DEFAULT_ENDPOINT: Final = "chat"

CODES: Final = frozenset(
    {
        "agent_disabled",
        "agent_kind_ambiguous",
        "agent_not_found",
        "agent_not_invokable",
        "budget_exceeded",
        "credential_unavailable",
        "cycle_detected",
        "depth_exceeded",
        "dispatch_failed",
        "document_not_found",
        "endpoint_not_found",
        "internal",
        "invalid_arguments",
        "overloaded",
        "payload_too_large",
        "permission_denied",
        "readmodel_unknown",
        "run_not_found",
        "scope_unavailable",
        "team_archived",
        "team_not_found",
        "team_without_entry",
        "too_many_sub_runs",
        "wait_complete_unavailable",
        "workflow_invalid",
        "workflow_not_found",
    }
)
"""Every way in which these tools refuse; the list is closed, and anything else is `dispatch_failed`."""

Answer = Message | Held[Any] | StartedRun[Any]


class InvokeAgent(Tool[InvokeAgentArgs, Message]):
    """`aevatar_invoke_gagent`."""

    name = "aevatar_invoke_gagent"
    description = "Invokes an agent of this workspace: it runs on its own, and you see or wait for its answer."
    approval = Approval.AUTO
    idempotent = True
    starts_runs = True

    def __init__(self, invocations: Invocations) -> None:
        self._invocations = invocations

    async def execute(self, args: InvokeAgentArgs, context: CallContext) -> Answer:
        return await _told(
            self._invocations.invoke_agent(args.target, args.payload, args.wait, args.wait_seconds, context=context)
        )


class InvokeTeam(Tool[InvokeTeamArgs, Message]):
    """`aevatar_invoke_team`."""

    name = "aevatar_invoke_team"
    description = "Invokes a team of agents through its entry."
    approval = Approval.AUTO
    idempotent = True
    starts_runs = True

    def __init__(self, invocations: Invocations, teams: TeamResolver) -> None:
        self._invocations = invocations
        self._teams = teams

    async def execute(self, args: InvokeTeamArgs, context: CallContext) -> Answer:
        return await _told(self._invoke(args, context))

    async def _invoke(self, args: InvokeTeamArgs, context: CallContext) -> Answer:
        entry = await self._teams.entry(context.scope, args.team_id, args.endpoint_id or DEFAULT_ENDPOINT)
        target = AgentTarget(agent_key=entry.agent_key)
        return await self._invocations.invoke_agent(target, args.payload, args.wait, args.wait_seconds, context=context)


class StartWorkflow(Tool[StartWorkflowArgs, Message]):
    """`aevatar_start_workflow`."""

    name = "aevatar_start_workflow"
    description = "Starts a workflow of this workspace."
    approval = Approval.AUTO
    idempotent = True

    def __init__(self, workflows: WorkflowStarter) -> None:
        self._workflows = workflows

    async def execute(self, args: StartWorkflowArgs, context: CallContext) -> Answer:
        return await _told(self._start(args, context))

    async def _start(self, args: StartWorkflowArgs, context: CallContext) -> Answer:
        begun = await self._workflows.start(args.workflow_id, args.inputs, context)
        return started(begun.run, begun.session, args.workflow_id, args.wait, args.wait_seconds, context=context)


class ObserveRun(Tool[ObserveRunArgs, Message]):
    """`aevatar_observe_run`."""

    name = "aevatar_observe_run"
    description = "Tells how a run is going: its status, what it has said, and its newest events."
    approval = Approval.NEVER
    read_only = True
    timeout = 90

    def __init__(self, looking: Looking) -> None:
        self._looking = looking

    async def execute(self, args: ObserveRunArgs, context: CallContext) -> Answer:
        return await _told(self._looking.observe(args, context))


class QueryReadModel(Tool[QueryReadModelArgs, Message]):
    """`aevatar_query_readmodel`."""

    name = "aevatar_query_readmodel"
    description = "Looks up agents, runs and open approvals of this workspace."
    approval = Approval.NEVER
    read_only = True

    def __init__(self, looking: Looking) -> None:
        self._looking = looking

    async def execute(self, args: QueryReadModelArgs, context: CallContext) -> Answer:
        return await _told(self._looking.query(args.query, context))


def sources(
    invocations: Invocations,
    looking: Looking,
    *,
    teams: TeamResolver | None = None,
    workflows: WorkflowStarter | None = None,
) -> list[ToolSource]:
    """The five sources, one tool each, or none where what stands behind it is not installed."""
    offered: dict[str, Tool[Any, Any] | None] = {
        "agents": InvokeAgent(invocations),
        "teams": None if teams is None else InvokeTeam(invocations, teams),
        "workflows": None if workflows is None else StartWorkflow(workflows),
        "observe": ObserveRun(looking),
        "query": QueryReadModel(looking),
    }
    return [
        FixedSource(f"invocation.{name}", () if tool is None else (tool,), platform=True)
        for name, tool in offered.items()
    ]


def default_set(offered: Sequence[ToolSource]) -> ToolSet:
    """The tools that agents and responses have when nothing else is said."""
    return ToolSet(DEFAULT_SET, tuple(Selection(source.name) for source in offered))


async def _told(work: Awaitable[Answer]) -> Answer:
    """A refusal is a result the model can act on."""
    try:
        return await work
    except AevatarError as refused:
        return _refusal(refused)


def _refusal(refused: AevatarError) -> ToolResult:
    error = ToolError(
        code=_code(refused),
        message=(getattr(refused, "message", "") or str(refused))[:500],
        field=getattr(refused, "field", None) or "",
        retryable=isinstance(refused, Unavailable),
    )
    told = {"code": error.code, "message": error.message} | ({"field": error.field} if error.field else {})
    text = json.dumps({"error": told | {"retryable": error.retryable}}, ensure_ascii=False, separators=(",", ":"))
    return ToolResult(text=text, error=error)


def _code(refused: AevatarError) -> str:
    code = getattr(refused, "code", "internal")
    if code in CODES:
        return str(code)
    return "invalid_arguments" if code.startswith("invalid_") else "dispatch_failed"
