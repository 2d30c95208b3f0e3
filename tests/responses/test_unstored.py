"""Responses that are not to be stored: nobody reads them later, and they do not outlive their reader."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest
from openai import APIStatusError

from aevatar.agents import RUN
from aevatar.agents.runs import SESSION
from aevatar.agents.stream_pb2 import RunClosed
from aevatar.identity import ActorId
from aevatar.models import ModelCall
from aevatar.models.models_pb2 import ModelDelta, ModelRequest
from aevatar.platform import DEV
from aevatar.testing.scripted_model import ScriptedModel, hangs
from tests.responses.kit import OFFLINE, World, serving


async def test_an_unstored_response_is_answered_and_never_read_again(world: World) -> None:
    response = await world.client.responses.create(model=OFFLINE, input="hello", store=False)
    assert (response.status, response.store) == ("completed", False)
    with pytest.raises(APIStatusError) as refused:
        await world.client.responses.retrieve(response.id)
    assert (refused.value.status_code, refused.value.code) == (404, "response_not_found")
    with pytest.raises(APIStatusError) as refused:
        await world.client.responses.create(model=OFFLINE, input="x", previous_response_id=response.id)
    assert (refused.value.status_code, refused.value.code) == (404, "previous_response_not_found")


async def test_an_unstored_response_is_not_read_while_it_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path, models={"slow": ScriptedModel([hangs("one ")])}) as world:
        stream = await world.client.responses.create(model="slow/one", input="x", store=False, stream=True)
        async with stream:
            first = await anext(aiter(stream))
            assert first.type == "response.created"
            with pytest.raises(APIStatusError) as refused:
                await world.client.responses.retrieve(first.response.id)
            assert refused.value.code == "response_not_found"
            with pytest.raises(APIStatusError) as refused:
                await world.client.responses.cancel(first.response.id)
            assert refused.value.code == "response_not_found"


class Silent:
    """A model that never says anything. `asked` is set when it is asked."""

    def __init__(self) -> None:
        self.asked = anyio.Event()

    async def stream(self, request: ModelRequest, call: ModelCall) -> AsyncGenerator[ModelDelta]:
        self.asked.set()
        await anyio.Event().wait()
        yield ModelDelta()


@pytest.mark.parametrize("stream", [False, True], ids=["waiting", "streaming"])
async def test_an_unstored_response_is_given_up_when_its_reader_has_left(tmp_path: Path, stream: bool) -> None:
    model = Silent()
    async with serving(tmp_path, models={"silent": model}, abandoned_after=0.05) as world:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(post, world, {"model": "silent/one", "input": "x", "store": False, "stream": stream})
            await model.asked.wait()
            tasks.cancel_scope.cancel()
        assert await status_at_end(world) == "cancelled"


async def test_a_stored_response_goes_on_when_its_reader_has_left(tmp_path: Path) -> None:
    async with serving(tmp_path, abandoned_after=0.0, offline_delay_ms=2) as world:
        stream = await world.client.responses.create(model=OFFLINE, input="/long 100", stream=True)
        async with stream:
            await anext(aiter(stream))
        assert await status_at_end(world) == "completed"


async def post(world: World, body: dict[str, Any]) -> None:
    await world.served.client.post("/v1/responses", json=body)


async def status_at_end(world: World) -> str:
    """How the only run of a world ended."""
    (found,) = (await world.runtime.readmodels.list("agents.runs", DEV.scope)).items
    events = [event async for event in world.runtime.sessions.read(ActorId(RUN, DEV.scope, found.key), SESSION)]
    last = events[-1].event
    assert isinstance(last, RunClosed)
    return last.status
