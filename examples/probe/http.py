"""Adapts: probes over HTTP. Who calls, and into which scope they may, is settled before a route is reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from aevatar.readmodels import Versioned
from aevatar.server import ApiModel, Caller, CommandId, Cursor, EventStream, provided
from aevatar.sessions import Custom, SessionEvent, Sessions
from examples.probe.probe_pb2 import Phase, PlanLaunch, ProbeDocument
from examples.probe.service import Probes

router = APIRouter(prefix="/api/scopes/{scope}/probes", tags=["probes"])

ProbesDep = Annotated[Probes, provided(Probes)]
SessionsDep = Annotated[Sessions, provided(Sessions)]


class LaunchBody(ApiModel):
    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    destination: str
    countdown: int = Field(default=10, ge=1, le=3600)
    sparks_needed: int = Field(default=2, ge=1, le=100)


class ProbeView(ApiModel):
    name: str
    phase: str
    destination: str
    remaining: int
    reason: str
    version: int


class ProbeList(ApiModel):
    items: list[ProbeView]
    next: str | None


@router.post("", status_code=201)
async def plan(body: LaunchBody, caller: Caller, probes: ProbesDep, command_id: CommandId) -> ProbeView:
    """Starts a countdown. Send an `Idempotency-Key`, and sending it again changes nothing."""
    wanted = PlanLaunch(destination=body.destination, countdown=body.countdown, sparks_needed=body.sparks_needed)
    await probes.plan(caller, body.name, wanted, command_id=command_id)
    return _view(await probes.get(caller, body.name))


@router.get("")
async def list_probes(
    caller: Caller,
    probes: ProbesDep,
    phase: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProbeList:
    """The probes of a scope, page by page."""
    found = await probes.list(caller, phase=phase, after=cursor, limit=limit)
    return ProbeList(items=[_view(item) for item in found.items], next=found.after)


@router.get("/{name}")
async def get(name: str, caller: Caller, probes: ProbesDep) -> ProbeView:
    """How one probe is doing."""
    return _view(await probes.get(caller, name))


@router.post("/{name}/abort")
async def abort(name: str, caller: Caller, probes: ProbesDep, command_id: CommandId) -> ProbeView:
    """Stops a probe that has not lifted off."""
    await probes.abort(caller, name, command_id=command_id)
    return _view(await probes.get(caller, name))


@router.get("/{name}/events", response_class=EventStream)
async def events(name: str, caller: Caller, probes: ProbesDep, sessions: SessionsDep, after: Cursor) -> EventStream:
    """Everything the probe shows, from its first second or from `Last-Event-ID`, until it has arrived."""
    await probes.get(caller, name)  # no stream of what does not exist
    return EventStream(sessions, probes.id_of(caller, name), "main", codec=_codec, after=after)


def _view(found: Versioned[ProbeDocument]) -> ProbeView:
    probe = found.document
    return ProbeView(
        name=found.key,
        phase=Phase.Name(probe.phase).lower(),
        destination=probe.destination,
        remaining=probe.remaining,
        reason=probe.reason,
        version=found.version,
    )


def _codec(event: SessionEvent) -> Iterator[tuple[str, bytes]]:
    if isinstance(event.event, Custom):
        yield event.event.name, event.event.value
