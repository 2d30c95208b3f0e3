"""Whether the process lives, and whether it serves. For supervisors, load balancers and people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from aevatar.actors import Runtime

Troubles = Callable[[], Awaitable[Iterable[str]]]
"""Asks one capability what keeps it from serving."""


def health_routes(runtime: Runtime, capabilities: Sequence[Troubles]) -> APIRouter:
    """`/health/live` and `/health/ready`."""
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live")
    async def live() -> dict[str, str]:
        """Answers as long as the process can answer anything: restart it when this fails."""
        return {"status": "live"}

    @router.get("/ready", responses={503: {"description": "Not serving, with the reasons."}})
    async def ready() -> JSONResponse:
        """Whether requests are served: send none while this is 503."""
        reasons = [*runtime.health.reasons]
        for troubles in capabilities:
            reasons += await troubles()
        body: dict[str, Any] = {
            "status": "not ready" if reasons else "ready",
            "reasons": reasons,
            "quarantinedActors": len(runtime.health.quarantined),
            "parkedProjectors": sorted(runtime.health.parked),
        }
        return JSONResponse(body, 503 if reasons else 200)

    return router
