"""Functions of the client: called by the model, answered by the client, and checked on the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai import APIStatusError
from openai.types.responses import Response

from aevatar.models.models_pb2 import FINISH_TOOL_CALLS, ModelDelta
from aevatar.testing.scripted_model import USAGE, ScriptedModel, Step, calls, says
from tests.responses.kit import OFFLINE, World, serving

WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a place.",
    "parameters": {
        "type": "object",
        "properties": {"place": {"type": "string"}},
        "required": ["place"],
        "additionalProperties": False,
    },
    "strict": True,
}
TIME: dict[str, Any] = {"type": "function", "name": "get_clock", "parameters": {"type": "object", "properties": {}}}


async def asked(world: World, words: str = "the weather?", **more: Any) -> Response:
    return await world.client.responses.create(model=OFFLINE, input=words, tools=[WEATHER, TIME], **more)


def output_for(call_id: str, text: str = "sunny") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def calls_in(response: Response) -> list[tuple[str, str]]:
    return [(item.name, item.arguments) for item in response.output if item.type == "function_call"]


def call_ids(response: Response) -> list[str]:
    return [item.call_id for item in response.output if item.type == "function_call"]


async def refusal(world: World, **request: Any) -> tuple[int, str | None, str | None]:
    with pytest.raises(APIStatusError) as refused:
        await world.client.responses.create(model=OFFLINE, **request)
    return refused.value.status_code, refused.value.code, refused.value.param


async def test_a_call_of_the_client_ends_the_response_and_its_output_goes_on(world: World) -> None:
    called = await asked(world)
    (call_id,) = call_ids(called)
    answered = await world.client.responses.create(
        model=OFFLINE, input=[output_for(call_id)], previous_response_id=called.id
    )
    assert (called.status, calls_in(called)) == ("completed", [("get_weather", '{"place": "the weather?"}')])
    assert answered.output_text.endswith("get_weather returned: sunny")


async def test_a_talk_can_be_told_whole_in_one_request(world: World) -> None:
    called = await asked(world)
    items = [item.model_dump() for item in called.output]
    told = [{"role": "user", "content": "the weather?"}, *items, output_for(call_ids(called)[0])]
    answered = await world.client.responses.create(model=OFFLINE, input=told)  # type: ignore[arg-type]
    assert answered.output_text.endswith("get_weather returned: sunny")


async def test_the_official_client_follows_a_call_that_grows_beside_its_message(tmp_path: Path) -> None:
    place = 900 * "x"
    fragments = ['{"place": "', place[:300], place[300:600], place[600:], '"}']
    script = [ModelDelta(text="Let me see."), ModelDelta(call_opened={"index": 0, "name": "get_weather"})]
    script += [ModelDelta(call_arguments={"index": 0, "fragment": fragment}) for fragment in fragments]
    model = ScriptedModel([Step((*script, ModelDelta(usage=USAGE), ModelDelta(finished=FINISH_TOOL_CALLS)))])
    async with (
        serving(tmp_path, models={"s": model}) as world,
        world.client.responses.stream(model="s/one", input="the weather?", tools=[WEATHER]) as stream,
    ):
        events = [event async for event in stream]
        final = await stream.get_final_response()
    grown = [event.snapshot for event in events if event.type == "response.function_call_arguments.delta"]
    assert [len(snapshot) for snapshot in grown] == [311, 611, 911, 913]
    assert calls_in(final) == [("get_weather", "".join(fragments))]
    assert final.output_text == "Let me see."


async def test_the_arguments_of_a_call_are_streamed(world: World) -> None:
    stream = await world.client.responses.create(model=OFFLINE, input="the weather?", tools=[WEATHER], stream=True)
    kinds = [event.type async for event in stream]
    assert kinds[2:] == [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]


async def test_tools_are_echoed_with_the_strictness_that_was_asked_for(world: World) -> None:
    tools = [tool.model_dump() for tool in (await asked(world, "hello")).tools]
    assert [(tool["name"], tool["strict"]) for tool in tools] == [("get_weather", True), ("get_clock", False)]


async def test_every_open_call_needs_an_output(world: World) -> None:
    called = await asked(world, '/call get_weather {"place": "x"}\n/call get_clock {}')
    first, _ = call_ids(called)
    told = {"input": [output_for(first)], "previous_response_id": called.id}
    assert await refusal(world, **told) == (400, "missing_tool_output", "input")
    assert await refusal(world, input="hello", previous_response_id=called.id) == (400, "missing_tool_output", "input")


async def test_an_output_needs_a_call(world: World) -> None:
    called = await asked(world)
    stray = [output_for(call_ids(called)[0]), output_for("call_nobody_made")]
    told = {"input": stray, "previous_response_id": called.id}
    assert await refusal(world, **told) == (400, "tool_call_not_found", "input[1].call_id")
    assert await refusal(world, input=[output_for("x")]) == (400, "tool_call_not_found", "input[0].call_id")


async def test_an_output_comes_once(world: World) -> None:
    called = await asked(world)
    (call_id,) = call_ids(called)
    twice = {"input": [output_for(call_id), output_for(call_id)], "previous_response_id": called.id}
    assert await refusal(world, **twice) == (400, "duplicate_tool_output", "input[1].call_id")
    answered = await world.client.responses.create(
        model=OFFLINE, input=[output_for(call_id)], previous_response_id=called.id
    )
    later = {"input": [output_for(call_id)], "previous_response_id": answered.id}
    assert await refusal(world, **later) == (400, "duplicate_tool_output", "input[0].call_id")


async def test_an_output_comes_after_its_call(world: World) -> None:
    call = {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": "{}"}
    assert await refusal(world, input=[output_for("c"), call]) == (400, "tool_call_not_found", "input[0].call_id")
    assert await refusal(world, input=[call]) == (400, "missing_tool_output", "input")


async def test_one_function_can_be_demanded(world: World) -> None:
    response = await asked(world, "hello", tool_choice={"type": "function", "name": "get_clock"})
    assert calls_in(response) == [("get_clock", "{}")]
    assert response.model_dump()["tool_choice"] == {"type": "function", "name": "get_clock"}


async def test_no_function_is_called_where_none_may_be(world: World) -> None:
    assert calls_in(await asked(world, tool_choice="none")) == []


async def test_a_call_that_is_not_allowed_is_refused_to_the_model_and_never_reaches_the_client(tmp_path: Path) -> None:
    script = ScriptedModel([calls(("get_weather", {"place": "x"}), ("get_clock", {})), says("unused")])
    allowed: Any = {"type": "allowed_tools", "tools": [{"type": "function", "name": "get_clock"}]}
    async with serving(tmp_path, models={"s": script}) as world:
        response = await world.client.responses.create(
            model="s/one", input="x", tools=[WEATHER, TIME], tool_choice=allowed
        )
    assert calls_in(response) == [("get_clock", "{}")]


async def test_a_model_that_calls_where_it_may_not_is_told_so(tmp_path: Path) -> None:
    script = ScriptedModel([calls(("get_weather", {"place": "x"})), says("then not")])
    async with serving(tmp_path, models={"s": script}) as world:
        response = await world.client.responses.create(model="s/one", input="x", tools=[WEATHER], tool_choice="none")
    told = script.requests[1].messages[-1].parts[0].text
    assert (response.output_text, "tool_not_allowed" in told) == ("then not", True)


async def test_only_allowed_functions_are_called(world: World) -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_clock"}]}
    assert calls_in(await asked(world, tool_choice=allowed)) == [("get_clock", "{}")]
