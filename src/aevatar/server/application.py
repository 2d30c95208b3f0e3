"""Puts the application together: capabilities, a runtime under them, and what stands around every request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import Response

from aevatar.actors import Runtime
from aevatar.actors.nature import SystemClock
from aevatar.blobs import BlobStore
from aevatar.credentials import MemoryVault
from aevatar.credentials.vault import SWEEP_EVERY
from aevatar.errors import AevatarError, Misassembled
from aevatar.journal.port import Journal
from aevatar.server import me
from aevatar.server.authentication import Authenticator, authenticator_of
from aevatar.server.capability import Capability, Services
from aevatar.server.errors import ErrorAnswers
from aevatar.server.health import health_routes
from aevatar.server.journals import blobs_at, journal_at
from aevatar.server.json_bodies import JsonBodies
from aevatar.server.metrics import metrics_route
from aevatar.server.openapi import describe_errors
from aevatar.server.principal import Guard
from aevatar.server.requests import BodyLimit, Requests
from aevatar.server.settings import Settings
from aevatar.server.sse import OpenStreams

PUBLIC = ("/docs", "/openapi.json", "/health/live", "/health/ready", "/metrics")
"""Paths that answer whoever asks."""


def create_application(
    capabilities: Sequence[Capability],
    settings: Settings,
    *,
    journal: Journal | None = None,
    blobs: BlobStore | None = None,
    authenticator: Authenticator | None = None,
) -> FastAPI:
    """The application that serves `capabilities`. Its lifespan starts and stops the runtime.

    `journal` and `authenticator` take the place of those the settings name. Blobs belong to their journal: with one of
    your own, say where they lie, or there are none.

    Raises: Misassembled when capabilities or settings do not fit together.
    """
    _refuse_doubled_names(capabilities)
    vault = MemoryVault(SystemClock())
    if journal is None:
        journal = journal_at(_address(settings), settings.data)
        blobs = blobs or blobs_at(_address(settings), settings.data)
    runtime = Runtime(
        kinds=[kind for capability in capabilities for kind in capability.kinds],
        effects=[effect for capability in capabilities for effect in capability.effects],
        projectors=[projector for capability in capabilities for projector in capability.projectors],
        journal=journal,
        blobs=blobs,
        vault=vault,
    )
    services = Services(runtime, vault, settings)
    _offer(services, capabilities)
    application = _application(capabilities, services, vault, authenticator or authenticator_of(settings))
    for router in _routers(capabilities, services, application.state.streams):
        application.include_router(router)
    return application


class _Application(FastAPI):
    """Describes its errors as it answers them."""

    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        describe_errors(described, self.state.other_shapes)
        return described


def provided(service: type) -> Any:
    """How a parameter of a route asks for what some capability offers: `Annotated[Polls, …]` with this inside."""

    async def look_up(connection: HTTPConnection) -> object:
        services: Services = connection.app.state.services
        return services[service]

    return Depends(look_up)


def _address(settings: Settings) -> str | None:
    return settings.database.get_secret_value() if settings.database else None


def _refuse_doubled_names(capabilities: Sequence[Capability]) -> None:
    names = [capability.name for capability in capabilities]
    for name in names:
        if names.count(name) > 1:
            raise Misassembled(f"two capabilities are called {name!r}")


def _offer(services: Services, capabilities: Iterable[Capability]) -> None:
    for own in (services.runtime, services.runtime.sessions, services.runtime.readmodels):
        services.offer(own)
    for capability in capabilities:
        for service in capability.services(services):
            services.offer(service)


def _application(
    capabilities: Sequence[Capability], services: Services, vault: MemoryVault, authenticator: Authenticator
) -> FastAPI:
    shapes = {prefix: shape for capability in capabilities for prefix, shape in capability.error_shapes.items()}
    statuses = {code: status for capability in capabilities for code, status in capability.statuses.items()}
    errors = ErrorAnswers(statuses, shapes)

    async def answer(request: Request, error: Exception) -> Response:
        return errors.answer(request.scope, error)

    application = _Application(
        title="aevatar",
        lifespan=partial(_lifespan, capabilities=capabilities, services=services, vault=vault),
        middleware=[
            Middleware(Requests, errors=errors),
            Middleware(Guard, authenticator=authenticator, public=PUBLIC),
            Middleware(BodyLimit),
            Middleware(JsonBodies),
        ],
        exception_handlers=dict.fromkeys((AevatarError, HTTPException, RequestValidationError), answer),
        redirect_slashes=False,
        redoc_url=None,
        telemetry={"auto_configure": False, "logs": False, "exclude": lambda scope: scope.get("path") in PUBLIC},
    )
    application.state.services = services
    application.state.streams = OpenStreams()
    application.state.other_shapes = tuple(shapes)
    return application


def _routers(capabilities: Sequence[Capability], services: Services, streams: OpenStreams) -> list[APIRouter]:
    troubles = [partial(ask, services) for capability in capabilities if (ask := capability.troubles) is not None]
    counters = [partial(count, services) for capability in capabilities if (count := capability.counters) is not None]
    return [
        health_routes(services.runtime, troubles),
        metrics_route(services.runtime, streams, counters),
        me.router,
        *(router for capability in capabilities for router in capability.routers),
    ]


@asynccontextmanager
async def _lifespan(
    _: FastAPI, *, capabilities: Sequence[Capability], services: Services, vault: MemoryVault
) -> AsyncIterator[None]:
    async with services.runtime, AsyncExitStack() as running:
        for capability in capabilities:
            await running.enter_async_context(capability.lifespan(services))
        sweeping = asyncio.create_task(_sweep(vault), name="vault sweep")
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping


async def _sweep(vault: MemoryVault) -> None:
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        vault.sweep()
