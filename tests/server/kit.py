"""The server of the tests: really listening, in this process, with a small capability made of the sample kind."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import anyio
import httpx2
from fastapi import APIRouter, FastAPI, WebSocket
from pydantic import Field

from aevatar.actors import Runtime
from aevatar.actors.nature import SystemClock
from aevatar.blobs import BlobStore, MemoryBlobs
from aevatar.errors import Conflict, Denied, Internal, Rejected, Unavailable
from aevatar.identity import ActorId, Principal
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.port import Journal
from aevatar.server import (
    ApiModel,
    Authenticator,
    Caller,
    CallerSecret,
    Capability,
    CommandId,
    Cursor,
    EventStream,
    Settings,
    create_application,
    provided,
)
from aevatar.server.serving import Server, listen
from aevatar.sessions import Delta, Ended, SessionEvent, Sessions
from tests.sample.kinds import TALLY, CarefulEcho, Echo, Tally
from tests.sample.sample_pb2 import Add, Break, Say, Take, Total

HEARTBEAT = 0.05


class AddBody(ApiModel):
    by: int = Field(ge=-1000, le=1000)
    side_note: str = ""


class AddView(ApiModel):
    total: int


class Inner(ApiModel):
    some_count: int


class OuterBody(ApiModel):
    some_items: list[Inner]


RuntimeDep = Annotated[Runtime, provided(Runtime)]
SessionsDep = Annotated[Sessions, provided(Sessions)]

ERRORS: dict[str, Callable[[], Exception]] = {
    "refused": lambda: Rejected("poll_closed", "This poll takes no more votes."),
    "refused_field": lambda: Rejected("bad_color", "There is no such color.", "paint.base_color"),
    "refused_code": lambda: Rejected("invalid_color"),
    "refused_missing": lambda: Rejected("room_not_found", "There is no such room."),
    "refused_large": lambda: Rejected("payload_too_large", "Send less."),
    "refused_gone": lambda: Rejected("gone", "It has retired."),
    "refused_own": lambda: Rejected("teapot", "It is a teapot."),
    "refused_reused": lambda: Rejected("command_id_reused", "Taken.", "command_id"),
    "denied": lambda: Denied(message="You may not."),
    "conflict": lambda: Conflict("sample.tally/dev/a", 3, 5),
    "overloaded": lambda: Unavailable("overloaded", "Too much.", retry_after=1.2),
    "unavailable": lambda: Unavailable("unavailable", "The journal does not answer."),
    "internal": lambda: Internal("cmd-1"),
    "bug": lambda: ZeroDivisionError("s3cr3t-marker"),
}


def tally_routes() -> APIRouter:
    router = APIRouter(prefix="/api/scopes/{scope}")

    @router.post("/tallies/{key}/add")
    async def add(key: str, body: AddBody, caller: Caller, runtime: RuntimeDep, command_id: CommandId) -> AddView:
        return AddView(total=await _total(runtime, caller, key, Add(by=body.by), command_id))

    @router.post("/tallies/{key}/take")
    async def take(key: str, body: AddBody, caller: Caller, runtime: RuntimeDep, command_id: CommandId) -> AddView:
        return AddView(total=await _total(runtime, caller, key, Take(by=body.by), command_id))

    @router.post("/tallies/{key}/break")
    async def break_down(key: str, caller: Caller, runtime: RuntimeDep, command_id: CommandId) -> None:
        await runtime.ask(tally(key), Break(), command_id=command_id, principal=caller)

    @router.get("/tallies/{key}/events")
    async def events(key: str, caller: Caller, sessions: SessionsDep, after: Cursor) -> EventStream:
        return EventStream(sessions, tally(key), "main", codec=codec, after=after, heartbeat=HEARTBEAT)

    @router.post("/nested")
    async def nested(body: OuterBody) -> None: ...

    @router.get("/listed")
    async def listed(limit: Annotated[int, Field(ge=1)] = 1) -> None: ...

    @router.get("/raise/{name}")
    async def fail(name: str) -> None:
        error = ERRORS[name]()
        raise error

    @router.websocket("/echo")
    async def echo(socket: WebSocket, caller: Caller) -> None:
        await socket.accept()
        await socket.send_text(f"{caller.subject}: {await socket.receive_text()}")
        await socket.close()

    @router.get("/secret")
    async def secret(held: CallerSecret) -> dict[str, str]:
        return {"printed": str(held), "revealed": held.reveal() if held else ""}

    return router


async def _total(runtime: Runtime, caller: Principal, key: str, command: Add | Take, command_id: str) -> int:
    outcome = await runtime.ask(tally(key), command, command_id=command_id, principal=caller)
    assert isinstance(outcome, Total)
    return outcome.total


def tally(key: str) -> ActorId:
    return ActorId.parse(f"{Tally.kind}/dev/{key}")


def codec(event: SessionEvent) -> list[tuple[str, bytes]]:
    shown = event.event
    if isinstance(shown, Delta):
        return [("", shown.text.encode())] if shown.item != "hidden" else []
    if isinstance(shown, Ended):
        return [("ending", b"{}"), ("ended", b'{"reason":"said"}')]
    return [("total", b"{}")]


def sample(**parts: Any) -> Capability:
    return Capability(
        name="sample",
        kinds=[TALLY],
        effects=[Echo(), CarefulEcho()],
        routers=[tally_routes()],
        **{"statuses": {"teapot": 418}, **parts},
    )


@dataclass(frozen=True)
class Served:
    """A server that listens, and a client of it."""

    client: httpx2.AsyncClient
    application: FastAPI
    server: Server
    _stopped: anyio.Event = field(default_factory=anyio.Event, repr=False)

    @property
    def runtime(self) -> Runtime:
        runtime: Runtime = self.application.state.services.runtime
        return runtime

    async def say(self, key: str, text: str, *, item: str = "m", last: bool = False) -> None:
        await self.runtime.ask(tally(key), Say(item=item, text=text, last=last))

    async def stop(self) -> None:
        """Asks the server to stop, as SIGTERM does, and waits until it has."""
        self.server.should_exit = True
        with anyio.fail_after(10):
            await self._stopped.wait()

    async def run(self, listener: socket.socket) -> None:
        await self.server.run_application(listener)
        self._stopped.set()


@asynccontextmanager
async def served(
    data: Path,
    *capabilities: Capability,
    journal: Journal | None = None,
    blobs: BlobStore | None = None,
    authenticator: Authenticator | None = None,
    **settings: Any,
) -> AsyncIterator[Served]:
    configured = Settings(port=0, data=data, **settings)
    application = create_application(
        capabilities or [sample()],
        configured,
        journal=journal or MemoryJournal(),
        blobs=blobs or MemoryBlobs(SystemClock()),
        authenticator=authenticator,
    )
    ready = anyio.Event()
    server = Server(application, configured, ready.set)
    listener = listen(configured)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx2.AsyncClient(base_url=address, timeout=10) as client, anyio.create_task_group() as tasks:
        serving = Served(client, application, server)
        tasks.start_soon(serving.run, listener)
        with anyio.fail_after(10):
            await ready.wait()
        yield serving
        server.should_exit = True
