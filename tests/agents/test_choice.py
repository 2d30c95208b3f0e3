"""Which model is chosen, and what of its provider's list is known by then."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from aevatar.agents import ModelChoice
from aevatar.identity import Principal, ScopeId
from aevatar.models import ModelCall, ModelDirectory, Preferred, models_settings
from tests.models.fake_provider import Document, fake_provider

ANN, BEN = (Principal(ScopeId("alpha"), subject) for subject in ("ann", "ben"))
LISTED = {"data": [{"id": "theirs", "owned_by": "vendor", "context_length": 9_000}]}


class Wishes:
    """The scope wishes for the provider, and says nothing of its models."""

    async def preferred(self, scope: str) -> Preferred:
        return Preferred(provider="router")


async def secret() -> str:
    return "key-of-ann"


@pytest.mark.parametrize(("caller", "known"), [(ANN, 9_000), (BEN, 0)])
async def test_what_a_caller_was_offered_is_known_when_a_model_is_chosen_for_the_same_caller(
    caller: Principal, known: int
) -> None:
    async with fake_provider() as provider:
        provider.answers.append(Document(LISTED))
        router = {"name": "router", "type": "openai_compatible", "base_url": f"{provider.base_url}/v1"}
        settings = models_settings({"providers": [{**router, "credential": "caller", "discover": True}]})
        async with aclosing(ModelDirectory(settings, environment={}, clock=lambda: 0.0)) as directory:
            choice = ModelChoice(directory, preferences=Wishes())
            await choice.offered(ANN, ModelCall("models", secret=secret))
            assert (await choice.choose(caller, request="router/theirs")).context_length == known
