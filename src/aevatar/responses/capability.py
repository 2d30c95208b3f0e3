"""Responses as the application sees them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from aevatar.agents import Budgets, Lending, ModelChoice
from aevatar.responses.beginning import Beginning
from aevatar.responses.chat_completions import ChatCompletions
from aevatar.responses.following import ABANDONED_AFTER, Following
from aevatar.responses.history import Histories
from aevatar.responses.http import openai_shape, router
from aevatar.responses.listing import Models
from aevatar.responses.sealing import Seal, key_in
from aevatar.responses.service import Responses
from aevatar.routing import RoutePolicies
from aevatar.server import Capability, Services, Settings

STATUSES = {
    "agent_disabled": 409,
    "background_requires_store": 400,
    "duplicate_tool_name": 400,
    "idempotency_conflict": 409,
    "missing_required_parameter": 400,
    "previous_response_active": 409,
    "tool_call_not_found": 400,
}


def responses(*, abandoned_after: float = ABANDONED_AFTER) -> Capability:
    """All of `/v1`. An unstored response goes on for `abandoned_after` seconds after its reader has left."""
    return Capability(
        name="responses",
        services=partial(_services, abandoned_after=abandoned_after),
        routers=[router],
        statuses=STATUSES,
        error_shapes={"/v1/": openai_shape},
    )


def _services(services: Services, *, abandoned_after: float) -> Iterable[object]:
    runtime, choice = services.runtime, services[ModelChoice]
    seal = Seal(partial(key_of, services.settings))
    histories = Histories(runtime.readmodels, runtime.blobs, seal)
    policies, budgets = services[RoutePolicies], services[Budgets]
    lending = services[Lending]
    beginning = Beginning(runtime, choice, policies, histories, lending=lending, budgets=budgets)
    following = Following(runtime, abandoned_after=abandoned_after)
    yield Responses(runtime, beginning, following, histories, seal=seal)
    yield ChatCompletions(runtime, beginning, following)
    yield Models(runtime, choice)


def key_of(settings: Settings) -> bytes:
    """The key that talks are sealed with: the one that was given, else the one in the data folder."""
    if settings.seal_key is not None:
        return bytes.fromhex(settings.seal_key.get_secret_value())
    return key_in(settings.data)


capability = responses()
