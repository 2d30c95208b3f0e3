"""What is sent fits the published description of the API; and the check that says so catches what does not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.responses.kit import OFFLINE, World
from tests.responses.published import Published, needs_published, published

pytestmark = [needs_published]

TOOL: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}
CHOICE = {"type": "function", "name": "get_weather"}
REQUESTS: dict[str, dict[str, Any]] = {
    "text": {"input": "hello"},
    "a tool": {"input": "the weather?", "tools": [TOOL]},
    "a tool that must be called": {"input": "x", "tools": [TOOL], "tool_choice": CHOICE},
    "reasoning": {"input": "/think hm"},
    "a summary": {"input": "/think hm", "reasoning": {"summary": "auto"}},
    "a failure": {"input": "/fail invalid_request"},
    "a cut": {"input": "/cut", "max_output_tokens": 16},
    "a schema": {
        "input": "hello",
        "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
    },
    "unstored": {"input": "hello", "store": False},
}


def known() -> Published:
    found = published()
    assert found is not None
    return found


@pytest.mark.parametrize("stream", [False, True], ids=["answered", "streamed"])
@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS.keys())
async def test_everything_that_is_sent_fits(world: World, asked: dict[str, Any], stream: bool) -> None:
    answer = await world.client.responses.create(model=OFFLINE, stream=stream, **asked)
    if stream:
        async for _ in answer:
            pass
    assert world.checked.faults == []


async def a_response(world: World) -> dict[str, Any]:
    await world.client.responses.create(model=OFFLINE, input="the weather?", tools=[TOOL])
    return world.checked.bodies[-1]


async def test_each_required_field_of_a_response_is_missed_when_it_is_gone(world: World) -> None:
    whole = await a_response(world)
    for name in whole.keys() - {"user"}:
        part = {field: value for field, value in whole.items() if field != name}
        assert known().faults("ResponseResource", part) == [
            f"ResponseResource: $: '{name}' is a required property",
        ]


async def test_a_stray_null_in_an_item_is_caught(world: World) -> None:
    whole = copy.deepcopy(await a_response(world))
    whole["output"][0]["status"] = None
    assert known().faults("ResponseResource", whole) != []


async def test_each_required_field_of_an_event_is_missed_when_it_is_gone(world: World) -> None:
    before = len(world.checked.bodies)
    async for _ in await world.client.responses.create(model=OFFLINE, input="hello", stream=True):
        pass
    for event in world.checked.bodies[before:]:
        for name in event.keys() - {"type", "logprobs"}:
            part = {field: value for field, value in event.items() if field != name}
            assert [fault.rpartition(": ")[2] for fault in known().event_faults(part)] == [
                f"'{name}' is a required property"
            ]


def test_an_event_nobody_has_published_is_caught() -> None:
    assert known().event_faults({"type": "response.surprise", "sequence_number": 1}) == [
        "'response.surprise' is no published event"
    ]
