"""The older API, as its official client uses it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai import APIError, APIStatusError
from openai.types.chat import ChatCompletionChunk

from aevatar.models import ModelPort
from aevatar.models.models_pb2 import FINISH_LENGTH
from aevatar.platform import DEV
from aevatar.testing.scripted_model import ScriptedModel, calls, fails, says
from tests.responses.kit import BANNER, OFFLINE, World, serving
from tests.responses.test_server_tools import Drawer

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "The time of a place.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}
HELLO: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with serving(tmp_path_factory.mktemp("data"), sources=[Drawer()]) as running:
        yield running


async def chunks_of(world: World, **request: Any) -> list[ChatCompletionChunk]:
    stream = await world.client.chat.completions.create(stream=True, **request)
    return [chunk async for chunk in stream]


async def test_a_completion_answers(world: World) -> None:
    completion = await world.client.chat.completions.create(model=OFFLINE, messages=HELLO)
    (choice,) = completion.choices
    assert (choice.message.content, choice.finish_reason) == (
        f"{BANNER}\nYou said: hello. This is message 1.",
        "stop",
    )
    assert completion.id.startswith("chatcmpl-")
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


async def test_a_completion_streams_what_it_would_have_answered(world: World) -> None:
    chunks = await chunks_of(
        world, model=OFFLINE, messages=HELLO, stream_options={"include_usage": True, "include_obfuscation": False}
    )
    *said, usage = chunks
    text = "".join(chunk.choices[0].delta.content or "" for chunk in said)
    assert text == f"{BANNER}\nYou said: hello. This is message 1."
    assert [chunk.choices[0].finish_reason for chunk in said] == [None] * (len(said) - 1) + ["stop"]
    assert (usage.choices, usage.usage is None) == ([], False)
    assert said[0].choices[0].delta.role == "assistant"


async def test_usage_is_streamed_to_those_who_ask(world: World) -> None:
    chunks = await chunks_of(world, model=OFFLINE, messages=HELLO)
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


async def test_functions_of_the_client_are_called_and_answered(world: World) -> None:
    asked: Any = [{"role": "user", "content": '/call get_time {"place": "here"}'}]
    first = await world.client.chat.completions.create(model=OFFLINE, messages=asked, tools=[TOOL])
    (choice,) = first.choices
    (call,) = choice.message.tool_calls or []
    assert call.type == "function"
    assert (choice.finish_reason, choice.message.content, call.function.name, call.function.arguments) == (
        "tool_calls",
        None,
        "get_time",
        '{"place": "here"}',
    )
    answered: Any = [
        *asked,
        choice.message.model_dump(),
        {"role": "tool", "tool_call_id": call.id, "content": [{"type": "text", "text": "noon"}]},
    ]
    second = await world.client.chat.completions.create(model=OFFLINE, messages=answered, tools=[TOOL])
    assert second.choices[0].message.content == f"{BANNER}\nget_time returned: noon"


async def test_calls_are_streamed_with_their_arguments(world: World) -> None:
    asked: Any = [{"role": "user", "content": '/call get_time {"place": "a"}\n/call get_time {"place": "b"}'}]
    chunks = await chunks_of(world, model=OFFLINE, messages=asked, tools=[TOOL])
    told = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [(call.index, call.function and call.function.arguments) for call in told] == [
        (0, ""),
        (0, '{"place": "a"}'),
        (1, ""),
        (1, '{"place": "b"}'),
    ]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


HALF_A_CALL = calls(("get_time", '{"place": "' + 300 * "x"), finish=FINISH_LENGTH)


async def test_a_call_that_is_cut_off_at_the_limit_says_so_by_its_finish(tmp_path: Any) -> None:
    async with serving(tmp_path, models={"s": ScriptedModel([HALF_A_CALL])}) as world:
        chunks = await chunks_of(world, model="s/one", messages=HELLO, tools=[TOOL], max_completion_tokens=1)
    told = [call.function for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert "".join(function.arguments or "" for function in told if function) == '{"place": "' + 300 * "x"
    assert chunks[-1].choices[0].finish_reason == "length"


async def test_a_call_that_was_told_in_part_cannot_be_made_again_in_the_same_stream(tmp_path: Any) -> None:
    script = ScriptedModel([HALF_A_CALL, calls(("get_time", "{}")), HALF_A_CALL, calls(("get_time", "{}"))])
    async with serving(tmp_path, models={"s": script}) as world:
        with pytest.raises(APIError, match="was cut off"):
            await chunks_of(world, model="s/one", messages=HELLO, tools=[TOOL])
        whole = await world.client.chat.completions.create(model="s/one", messages=HELLO, tools=[TOOL])
    (call,) = whole.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.arguments == "{}"


async def test_tools_of_the_server_run_inside(world: World) -> None:
    asked: Any = [{"role": "user", "content": '/call look {"text": "x"}'}]
    completion = await world.client.chat.completions.create(model=OFFLINE, messages=asked)
    assert completion.choices[0].message.content == f'{BANNER}\nlook returned: {{"text":"x"}}'
    assert completion.choices[0].message.tool_calls is None


async def test_what_is_asked_reaches_the_model(tmp_path: Any) -> None:
    script = ScriptedModel([says('{"a": 1}')])
    async with serving(tmp_path, models={"s": script}) as world:
        await world.client.chat.completions.create(
            model="s/one",
            messages=[
                {"role": "system", "content": "be brief"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "what is this?"},
                        {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
                        {"type": "file", "file": {"file_data": "data:text/plain;base64,aGk=", "filename": "a.txt"}},
                    ],
                },
            ],
            max_tokens=5,
            stop=["END"],
            temperature=0.5,
            reasoning_effort="low",
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": True},
            },
        )
    (request,) = script.requests
    parts = [part.WhichOneof("kind") for message in request.messages for part in message.parts]
    assert parts == ["text", "text", "image", "file"]
    assert (request.max_output_tokens, list(request.stop), request.temperature) == (5, ["END"], 0.5)
    assert (request.reasoning.effort, json.loads(request.text_format.schema)) == ("low", {"type": "object"})


async def test_a_reply_that_is_not_the_json_asked_for_is_not_streamed_before_it_is_made_again(tmp_path: Any) -> None:
    script = ScriptedModel([says("no json"), says('{"a": 1}')])
    async with serving(tmp_path, models={"s": script}) as world:
        chunks = await chunks_of(world, model="s/one", messages=HELLO, response_format={"type": "json_object"})
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == '{"a": 1}'


async def test_what_is_said_before_and_after_a_call_is_one_message(tmp_path: Any) -> None:
    models: dict[str, ModelPort] = {
        "s": ScriptedModel([calls(("look", {"text": "x"}), text="Let me see."), says("There.")])
    }
    async with serving(tmp_path, models=models, sources=[Drawer()]) as world:
        completion = await world.client.chat.completions.create(model="s/one", messages=HELLO)
    assert completion.choices[0].message.content == "Let me see.\n\nThere."


async def test_a_cut_reply_says_so(world: World) -> None:
    asked: Any = [{"role": "user", "content": "/cut"}]
    completion = await world.client.chat.completions.create(model=OFFLINE, messages=asked, max_completion_tokens=1)
    assert completion.choices[0].finish_reason == "length"


async def test_nothing_of_a_completion_can_be_read_later(world: World) -> None:
    await world.client.chat.completions.create(model=OFFLINE, messages=HELLO)
    listing = await world.runtime.readmodels.list("agents.runs", DEV.scope, where={"origin": "chat_completions"})
    answers = [await world.served.client.get(f"/v1/responses/{item.key}") for item in listing.items]
    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": None}, "missing_required_parameter", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "missing_required_parameter", "messages[0].tool_call_id"),
        ({"n": 2}, "invalid_value", "n"),
        ({"logprobs": True}, "unsupported_parameter", "logprobs"),
        ({"functions": []}, "unsupported_parameter", "functions"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "invalid_value", "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": ""}, {"role": "tool", "content": "x", "tool_call_id": "c"}]},
            "tool_call_not_found",
            "messages[1]",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]}]},
            "invalid_value",
            "messages[0]",
        ),
        ({"stop": ["1", "2", "3", "4", "5"]}, "invalid_value", "stop"),
        ({"tools": [{"type": "web_search"}]}, "unsupported_tool", "tools[0].type"),
        ({"tools": [TOOL, TOOL]}, "duplicate_tool_name", "tools"),
        (
            {"tools": [{"type": "function", "function": {"name": "aevatar_x"}}]},
            "reserved_tool_name",
            "tools[0].function.name",
        ),
    ],
)
async def test_what_is_wrong_with_a_request_is_named(
    world: World, wrong: dict[str, Any], code: str, param: str
) -> None:
    answer = await world.served.client.post("/v1/chat/completions", json={"messages": HELLO, **wrong})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)


async def test_a_failure_is_an_error_before_and_after_the_stream_began(tmp_path: Any) -> None:
    script = ScriptedModel([fails("invalid_request"), fails("content_filter", "half")])
    async with serving(tmp_path, models={"s": script}) as world:
        with pytest.raises(APIStatusError) as refused:
            await world.client.chat.completions.create(model="s/one", messages=HELLO)
        with pytest.raises(APIError) as broken:
            await chunks_of(world, model="s/one", messages=HELLO)
    assert (refused.value.status_code, refused.value.code) == (400, "invalid_request")
    assert broken.value.code == "content_filter"


async def test_a_call_that_needs_an_approval_cannot_be_waited_for(world: World) -> None:
    asked: Any = [{"role": "user", "content": '/call pay {"text": "10"}'}]
    with pytest.raises(APIStatusError) as refused:
        await world.client.chat.completions.create(model=OFFLINE, messages=asked)
    assert (refused.value.status_code, refused.value.code) == (409, "approval_required")
