"""A scope whose calls of models wait for each other: it starts no more runs for a while, and nobody else notices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import openai
import pytest
from openai.types.responses import Response

from aevatar.agents import Agents, Persona
from aevatar.platform import DEV
from aevatar.testing.scripted_model import Pause, ScriptedModel, Step, says
from tests.responses.kit import World, serving


async def background(world: World, key: str) -> Response:
    return await world.client.responses.create(
        model="s/x", input="Hi", background=True, extra_headers={"Idempotency-Key": key, "Aevatar-Tool-Set": "none"}
    )


async def until_waiting(world: World, count: int) -> None:
    with anyio.fail_after(20):
        while world.runtime.gauges().effects_waiting != count:
            await anyio.lowlevel.checkpoint()


async def test_a_scope_whose_calls_wait_starts_no_further_run_until_they_have_their_turn(tmp_path: Path) -> None:
    models: dict[str, Any] = {"s": ScriptedModel([Step((Pause(),)), says("one"), says("two"), says("three")])}
    async with serving(tmp_path, models=models, model_calls_per_scope=1, model_calls_waiting=1) as world:
        await world.served.application.state.services[Agents].create(DEV, "tester", Persona(model="s/x"))
        first = await background(world, "a")
        second, third = await background(world, "b"), await background(world, "c")
        await until_waiting(world, 2)

        with pytest.raises(openai.RateLimitError) as refused:
            await background(world, "d")
        assert (refused.value.code, refused.value.type) == ("overloaded", "rate_limit_error")
        assert refused.value.response.headers["retry-after"] == "5"
        assert (await background(world, "c")).id == third.id
        invoked = await world.served.client.post("/api/agents/tester/runs", json={"prompt": "Hi"})
        assert (invoked.status_code, invoked.json()["error"]["code"]) == (429, "overloaded")
        runs = await world.runtime.readmodels.list("agents.runs", DEV.scope)
        assert {each.key for each in runs.items} == {first.id, second.id, third.id}

        await world.client.responses.cancel(first.id)
        await until_waiting(world, 0)
        assert (await background(world, "d")).id not in {first.id, second.id, third.id}
