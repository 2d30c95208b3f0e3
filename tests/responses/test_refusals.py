"""Every field of a request, wrong: refused with a code and the path of the fault, before anything is started."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.responses.kit import OFFLINE, World

TOOL: dict[str, Any] = {"type": "function", "name": "look"}
IMAGE = {"type": "input_image", "image_url": "ftp://x"}
BOTH = {"type": "input_file", "file_url": "https://x", "file_data": "aGk="}


def user(*content: Any) -> list[Any]:
    return [{"role": "user", "content": list(content)}]


WRONG: list[tuple[dict[str, Any], str, str | None]] = [
    # what there is not
    ({"conversation": "c"}, "unsupported_parameter", "conversation"),
    ({"prompt": {"id": "p"}}, "unsupported_parameter", "prompt"),
    ({"nonsense": 1}, "unsupported_parameter", "nonsense"),
    ({"reasoning": {"nonsense": 1}}, "unsupported_parameter", "reasoning.nonsense"),
    ({"input": [{"role": "user", "content": "x", "nonsense": 1}]}, "unsupported_parameter", "input[0].nonsense"),
    # what is missing
    ({"input": None}, "missing_required_parameter", "input"),
    ({"input": []}, "missing_required_parameter", "input"),
    ({"input": [{"role": "user"}]}, "missing_required_parameter", "input[0].content"),
    ({"tools": [{"type": "function"}]}, "missing_required_parameter", "tools[0].name"),
    # input
    ({"input": 7}, "invalid_value", "input"),
    ({"input": {"role": "user", "content": "x"}}, "invalid_value", "input"),
    ({"input": [7]}, "unsupported_input_item", "input[0]"),
    ({"input": [{"type": "web_search_call", "id": "x"}]}, "unsupported_input_item", "input[0]"),
    ({"input": user({"type": "input_audio", "data": ""})}, "unsupported_input_item", "input[0].content[0]"),
    ({"input": [{"role": "robot", "content": "x"}]}, "invalid_value", "input[0].role"),
    ({"input": user(IMAGE)}, "invalid_value", "input[0].content[0].image_url"),
    ({"input": user(BOTH)}, "invalid_value", "input[0].content[0]"),
    ({"input": user({"type": "input_file"})}, "invalid_value", "input[0].content[0]"),
    (
        {"input": [{"type": "function_call", "call_id": "", "name": "x", "arguments": ""}]},
        "invalid_value",
        "input[0].call_id",
    ),
    (
        {
            "input": [
                {"type": "function_call", "call_id": "c", "name": "x", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": [{**IMAGE, "image_url": "ftp://x"}]},
            ]
        },
        "invalid_value",
        "input[1].output[0].image_url",
    ),
    # tools
    ({"tools": [{"type": "web_search"}]}, "unsupported_tool", "tools[0].type"),
    ({"tools": [{"type": "mcp", "server_label": "x"}]}, "unsupported_tool", "tools[0].type"),
    ({"tools": [{**TOOL, "name": "aevatar_invoke_gagent"}]}, "reserved_tool_name", "tools[0].name"),
    ({"tools": [{**TOOL, "name": "a b"}]}, "invalid_value", "tools[0].name"),
    ({"tools": [TOOL, TOOL]}, "duplicate_tool_name", "tools"),
    ({"tools": [{**TOOL, "name": f"t{number}"} for number in range(129)]}, "invalid_value", "tools"),
    ({"tools": [{**TOOL, "parameters": {"type": "array"}}]}, "invalid_value", "tools[0].parameters"),
    (
        {"tools": [{**TOOL, "parameters": {"type": "object", "x": "y" * 65536}}]},
        "invalid_value",
        "tools[0].parameters",
    ),
    ({"tool_choice": "sometimes"}, "invalid_value", "tool_choice"),
    ({"tool_choice": {"type": "web_search"}}, "invalid_value", "tool_choice"),
    ({"tool_choice": {"type": "allowed_tools", "tools": []}}, "invalid_value", "tool_choice.tools"),
    ({"max_tool_calls": 0}, "invalid_value", "max_tool_calls"),
    # how to answer
    ({"max_output_tokens": 15}, "invalid_value", "max_output_tokens"),
    ({"max_output_tokens": "16"}, "invalid_type", "max_output_tokens"),
    ({"temperature": 2.5}, "invalid_value", "temperature"),
    ({"top_p": -1}, "invalid_value", "top_p"),
    ({"presence_penalty": 3}, "invalid_value", "presence_penalty"),
    ({"frequency_penalty": True}, "invalid_type", "frequency_penalty"),
    ({"top_logprobs": 21}, "invalid_value", "top_logprobs"),
    ({"reasoning": {"effort": "total"}}, "invalid_value", "reasoning.effort"),
    ({"text": {"format": {"type": "xml"}}}, "invalid_value", "text.format"),
    ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "missing_required_parameter", "text.format.schema"),
    ({"truncation": "some"}, "invalid_value", "truncation"),
    ({"include": ["file_search_call.results"]}, "unsupported_include", "include[0]"),
    ({"stream": "yes"}, "invalid_type", "stream"),
    # what is kept
    ({"background": True, "store": False}, "background_requires_store", "background"),
    ({"metadata": {str(number): "" for number in range(17)}}, "invalid_value", "metadata"),
    ({"metadata": {"k": "v" * 513}}, "invalid_value", "metadata.k"),
    ({"metadata": {"k": 1}}, "invalid_type", "metadata.k"),
    ({"service_tier": "gold"}, "invalid_value", "service_tier"),
    ({"safety_identifier": "x" * 65}, "invalid_value", "safety_identifier"),
    ({"previous_response_id": 1}, "invalid_type", "previous_response_id"),
]


@pytest.mark.parametrize(("wrong", "code", "param"), WRONG, ids=lambda value: json.dumps(value)[:60])
async def test_what_is_wrong_with_a_request_is_named(
    world: World, wrong: dict[str, Any], code: str, param: str | None
) -> None:
    answer = await world.served.client.post("/v1/responses", json={"model": OFFLINE, "input": "x", **wrong})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"], error["type"]) == (
        400,
        code,
        param,
        "invalid_request_error",
    )
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"nonsense": 1}, "There is no such parameter here."),
        ({"input": [{"role": "user"}]}, "This parameter is required."),
        ({"input": 7}, "Expected text or a list."),
        ({"input": {"role": "user"}}, "Expected text or a list."),
        (
            {"input": [7]},
            (
                "Expected an object of type 'message', 'function_call', 'function_call_output', 'reasoning', "
                "'compaction' or 'item_reference'."
            ),
        ),
        ({"input": [{"role": "robot", "content": "x"}]}, "Expected 'system', 'developer', 'user' or 'assistant'."),
        ({"tools": {}}, "Expected a list."),
        ({"tools": [7]}, "Expected an object."),
        ({"tools": [{**TOOL, "name": "a b"}]}, "Expected text that matches ^[A-Za-z0-9_-]{1,64}$."),
        ({"tools": [{**TOOL, "name": "aevatar_x"}]}, "Names that begin with aevatar_ are reserved."),
        ({"tools": [TOOL, TOOL]}, "Two tools are called 'look'."),
        ({"tool_choice": 7}, "Expected text or an object of type 'function' or 'allowed_tools'."),
        ({"tool_choice": "sometimes"}, "Expected 'auto', 'none' or 'required'."),
        ({"text": {"format": "json"}}, "Expected an object of type 'text', 'json_object' or 'json_schema'."),
        ({"max_output_tokens": "16"}, "Expected a whole number."),
        ({"max_output_tokens": 15}, "Expected at least 16."),
        ({"temperature": "hot"}, "Expected a number."),
        ({"temperature": 2.5}, "Expected at most 2."),
        ({"stream": "yes"}, "Expected true or false."),
        ({"metadata": 7}, "Expected an object."),
        ({"metadata": {str(number): "" for number in range(17)}}, "Expected at most 16 entries."),
        ({"metadata": {"k" * 65: ""}}, "Expected at most 64 characters."),
        ({"user": ["x"]}, "Expected text."),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
async def test_a_refusal_says_in_plain_words_what_was_expected(
    world: World, wrong: dict[str, Any], message: str
) -> None:
    answer = await world.served.client.post("/v1/responses", json={"model": OFFLINE, "input": "x", **wrong})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


async def test_a_body_that_is_not_json_is_refused(world: World) -> None:
    headers = {"content-type": "application/json"}
    answer = await world.served.client.post("/v1/responses", content=b'{"input": ', headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")


async def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    too_long = "x" * (2 * 1024 * 1024)
    for body in ({"input": "x" * (17 * 1024 * 1024)}, {"input": "x", "instructions": too_long}):
        answer = await world.served.client.post("/v1/responses", json={"model": OFFLINE, **body})
        assert (answer.status_code, answer.json()["error"]["code"], answer.json()["error"]["type"]) == (
            413,
            "payload_too_large",
            "invalid_request_error",
        )


async def test_a_previous_response_has_to_have_ended_well(world: World) -> None:
    failed = await world.client.responses.create(model=OFFLINE, input="/fail invalid_request")
    for previous in (failed.id, "resp_nonsense", "/", "run_x" * 60):
        body = {"model": OFFLINE, "input": "x", "previous_response_id": previous}
        answer = await world.served.client.post("/v1/responses", json=body)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (
            404,
            "previous_response_not_found",
            "previous_response_id",
        )


async def test_an_unknown_model_is_refused(world: World) -> None:
    for model in ("gpt-4o", "offline/other", "nowhere/x", "agent/nobody", "agent/", "agent/NOT A KEY/x"):
        answer = await world.served.client.post("/v1/responses", json={"model": model, "input": "x"})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (404, "model_not_found", "model")


@pytest.mark.parametrize("key", ["resp_nonsense", "run_1", "%00", "x" * 300, "..%2f.."])
async def test_an_id_that_cannot_be_is_simply_not_found(world: World, key: str) -> None:
    answer = await world.served.client.get(f"/v1/responses/{key}")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")


async def test_an_item_that_cannot_be_is_simply_not_found(world: World) -> None:
    for item_id in ("msg_nonsense", "", "\0", "msg_\0", "msg_/../x", "x" * 500):
        body = {"model": OFFLINE, "input": [{"type": "item_reference", "id": item_id}]}
        error = (await world.served.client.post("/v1/responses", json=body)).json()["error"]
        assert (error["code"], error["param"]) == ("item_not_found", "input[0].id")


async def test_queries_are_checked_as_bodies_are(world: World) -> None:
    created = await world.client.responses.create(model=OFFLINE, input="x")
    for query, code, param in (
        ("stream=true&starting_after=-1", "invalid_value", "starting_after"),
        ("stream=true&starting_after=x", "invalid_value", "starting_after"),
        ("include=nonsense", "unsupported_include", "include[0]"),
        ("include[]=nonsense", "unsupported_include", "include[][0]"),
    ):
        answer = await world.served.client.get(f"/v1/responses/{created.id}?{query}")
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
