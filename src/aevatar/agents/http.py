"""Adapts: agents, runs and approvals over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from google.protobuf.message import Message

from aevatar.agents.agents_pb2 import AgentDocument
from aevatar.agents.budgets import Budgets
from aevatar.agents.native import event_data, event_name
from aevatar.agents.runs import SESSION
from aevatar.agents.runs_pb2 import ApprovalsDocument, DecideApproval, RunContext, RunDocument
from aevatar.agents.service import Agents, InvokeOptions, Runs, user_message
from aevatar.agents.views import (
    KEY,
    AgentList,
    AgentView,
    ApprovalList,
    ApprovalView,
    BudgetBody,
    BudgetView,
    CancelBody,
    CreateAgentBody,
    DecisionBody,
    InvokeBody,
    InvokedView,
    PersonaBody,
    RunList,
    RunView,
    StatusView,
    agent_view,
    approval_view,
    budget_view,
    run_view,
)
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.readmodels import Versioned
from aevatar.server import ApiModel, Caller, CallerSecret, CommandId, Cursor, EventStream, provided
from aevatar.sessions import SessionEvent, Sessions

router = APIRouter(prefix="/api", tags=["agents"])

AgentsDep = Annotated[Agents, provided(Agents)]
RunsDep = Annotated[Runs, provided(Runs)]
BudgetsDep = Annotated[Budgets, provided(Budgets)]
SessionsDep = Annotated[Sessions, provided(Sessions)]
Limit = Annotated[int, Query(ge=1, le=200)]
IfMatch = Annotated[
    str | None, Header(pattern=r'^"?[0-9]{1,18}"?$', description="The version the change is meant for.")
]


SHOWN = frozenset(
    {
        *("application/json", "application/pdf", "audio/mpeg", "audio/ogg", "audio/wav"),
        *("image/gif", "image/jpeg", "image/png", "image/webp", "text/plain"),
    }
)
"""Media types that a browser may be told: none of them runs anything."""
HIDDEN = "application/octet-stream"
_HARMLESS = {
    "cache-control": "private, no-store",
    "content-disposition": "attachment",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}


class NothingBody(ApiModel):
    """An empty object."""


@router.post("/agents", status_code=201)
async def create_agent(
    body: CreateAgentBody, caller: Caller, agents: AgentsDep, command_id: CommandId, response: Response
) -> AgentView:
    """Makes an agent; the same one again is harmless."""
    await agents.create(caller, body.key, body.persona(), command_id=command_id)
    return _tagged(agent_view(await agents.get(caller, body.key)), response)


@router.get("/agents")
async def list_agents(caller: Caller, agents: AgentsDep, cursor: str | None = None, limit: Limit = 50) -> AgentList:
    """The agents of the caller's scope, by key."""
    found = await agents.list(caller, after=cursor, limit=limit)
    return AgentList(items=[agent_view(item) for item in _of(found.items, AgentDocument)], next=found.after)


@router.get("/agents/{key}")
async def get_agent(key: str, caller: Caller, agents: AgentsDep, response: Response) -> AgentView:
    """One agent, with its version as ETag."""
    return _tagged(agent_view(await agents.get(caller, key)), response)


@router.put("/agents/{key}")
async def configure_agent(
    key: str,
    body: PersonaBody,
    caller: Caller,
    agents: AgentsDep,
    command_id: CommandId,
    response: Response,
    if_match: IfMatch = None,
) -> AgentView:
    """Replaces a persona whole, if it is still the version that `If-Match` names."""
    expected = int(if_match.strip('"')) if if_match else None
    await agents.configure(caller, key, body.persona(), expected_version=expected, command_id=command_id)
    return _tagged(agent_view(await agents.get(caller, key)), response)


@router.delete("/agents/{key}", status_code=204)
async def retire_agent(key: str, caller: Caller, agents: AgentsDep, command_id: CommandId) -> None:
    """Ends an agent. Its runs stay."""
    await agents.retire(caller, key, command_id=command_id)


@router.post("/agents/{key}:disable")
async def disable_agent(
    key: str, body: NothingBody, caller: Caller, agents: AgentsDep, command_id: CommandId
) -> AgentView:
    """Lets nobody invoke the agent until it is enabled again."""
    await agents.set_enabled(caller, key, enabled=False, command_id=command_id)
    return agent_view(await agents.get(caller, key))


@router.post("/agents/{key}:enable")
async def enable_agent(
    key: str, body: NothingBody, caller: Caller, agents: AgentsDep, command_id: CommandId
) -> AgentView:
    """Lets the agent be invoked."""
    await agents.set_enabled(caller, key, enabled=True, command_id=command_id)
    return agent_view(await agents.get(caller, key))


@router.post("/agents/{key}/runs", status_code=202)
async def invoke_agent(
    key: str, body: InvokeBody, caller: Caller, agents: AgentsDep, runs: RunsDep, command_id: CommandId
) -> InvokedView:
    """Starts a run; follow it under `events`. The same `Idempotency-Key` again answers the same run."""
    if not re.fullmatch(KEY, key):
        raise Rejected("agent_not_found", f"There is no agent {key!r}.", "key")
    options = InvokeOptions(thread=body.thread, model=body.model)
    invoked = await agents.invoke(
        caller, key, [user_message(body.prompt)], context=RunContext(), command_id=command_id, options=options
    )
    run = ActorId.parse(invoked.run)
    await runs.started(caller, run.key)
    return InvokedView(
        run_id=run.key, owner_actor_id=run.text, session_id=invoked.session, events=f"/api/runs/{run.key}/events"
    )


@router.get("/runs")
async def list_runs(
    caller: Caller,
    runs: RunsDep,
    agent: str | None = None,
    status: str | None = None,
    thread: str | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> RunList:
    """Runs of the caller's scope, newest first."""
    asked = {"agent": agent, "status": status, "thread": thread}
    where: dict[str, str | int] = {name: value for name, value in asked.items() if value is not None}
    found = await runs.list(caller, where=where, after=cursor, limit=limit)
    return RunList(items=[run_view(item) for item in _of(found.items, RunDocument)], next=found.after)


@router.get("/runs/{key}")
async def get_run(key: str, caller: Caller, runs: RunsDep) -> RunView:
    """How one run is going."""
    return run_view(await runs.get(caller, key))


@router.get("/runs/{key}/events", response_class=EventStream)
async def run_events(key: str, caller: Caller, runs: RunsDep, sessions: SessionsDep, after: Cursor) -> EventStream:
    """Everything a run shows, from its beginning or from `Last-Event-ID`, to its end."""
    await runs.get(caller, key)  # no stream of what does not exist
    return EventStream(sessions, runs.id_of(caller, key), SESSION, codec=native, after=after)


@router.get("/runs/{key}/blobs/{blob_id}", response_class=Response)
async def get_blob(key: str, blob_id: str, caller: Caller, runs: RunsDep) -> Response:
    """An image, a file or the whole of a long result that a run names; to be saved, not opened as a page."""
    blob = await runs.blob(caller, key, blob_id)
    bare = blob.media_type.partition(";")[0].strip().lower()
    return Response(blob.data, media_type=bare if bare in SHOWN else HIDDEN, headers=_HARMLESS)


@router.post("/runs/{key}:cancel")
async def cancel_run(key: str, body: CancelBody, caller: Caller, runs: RunsDep, command_id: CommandId) -> StatusView:
    """Cancels a run; one that has ended is answered as it is."""
    status = await runs.cancel(caller, key, reason=body.reason, command_id=command_id)
    return StatusView(id=key, status=status)


@router.get("/approvals")
async def list_approvals(caller: Caller, runs: RunsDep, cursor: str | None = None, limit: Limit = 50) -> ApprovalList:
    """What waits for a decision in the caller's scope."""
    found = await runs.open_approvals(caller, after=cursor, limit=limit)
    return ApprovalList(
        items=[
            approval_view(item.key, approval)
            for item in _of(found.items, ApprovalsDocument)
            for approval in item.document.approvals
            if not approval.decision
        ],
        next=found.after,
    )


@router.post("/runs/{key}/approvals/{approval_id}")
async def decide(
    key: str,
    approval_id: str,
    body: DecisionBody,
    caller: Caller,
    secret: CallerSecret,
    runs: RunsDep,
    command_id: CommandId,
) -> ApprovalView:
    """Decides. The same decision again is harmless, another one is refused."""
    decision = DecideApproval(
        approval_id=approval_id, decision=body.decision, reason=body.reason, arguments=body.arguments
    )
    await runs.decide(caller, key, decision, command_id=command_id, secret=secret)
    document = await runs.approvals(caller, key)
    return next(approval_view(key, each) for each in document.approvals if each.id == approval_id)


@router.get("/budget")
async def get_budget(caller: Caller, budgets: BudgetsDep) -> BudgetView:
    """What the scope may spend, and what it has spent."""
    return budget_view(await budgets.get(caller))


@router.put("/budget")
async def set_budget(body: BudgetBody, caller: Caller, budgets: BudgetsDep, command_id: CommandId) -> BudgetView:
    """Sets the budget of the scope. It holds for runs that begin from now on, and for those that draw on it already."""
    await budgets.set(caller, tokens=body.tokens, usd_micros=body.usd_micros, command_id=command_id)
    return budget_view(await budgets.get(caller))


def native(event: SessionEvent) -> Iterator[tuple[str, bytes]]:
    """The native stream: the name of the event in snake case, its fields in camel case."""
    yield event_name(event.event), event_data(event.event)


def _of(items: list[Versioned[Message]], wanted: type) -> Iterator[Versioned]:  # type: ignore[type-arg]
    return (item for item in items if isinstance(item.document, wanted))


def _tagged(view: AgentView, response: Response) -> AgentView:
    response.headers["etag"] = f'"{view.version}"'
    return view
