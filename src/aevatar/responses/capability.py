"""Responses as the application sees them."""

from __future__ import annotations

from collections.abc import Iterable

from aevatar.agents import ModelChoice
from aevatar.responses.http import openai_shape, router
from aevatar.responses.sealing import Seal, key_in
from aevatar.responses.service import Responses
from aevatar.routing import RoutePolicies
from aevatar.server import Capability, Services


def _services(services: Services) -> Iterable[object]:
    yield Responses(
        services.runtime,
        services[ModelChoice],
        services[RoutePolicies],
        seal=Seal(key_in(services.settings.data)),
        vault=services.vault,
    )


capability = Capability(
    name="responses",
    services=_services,
    routers=[router],
    statuses={
        "agent_disabled": 409,
        "background_requires_store": 400,
        "duplicate_tool_name": 400,
        "idempotency_conflict": 409,
        "missing_required_parameter": 400,
        "previous_response_active": 409,
        "tool_call_not_found": 400,
    },
    error_shapes={"/v1/": openai_shape},
)
