"""Whatever is written into a request, in whatever place: it is answered or refused in plain words, and never breaks."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aevatar.responses.chat_requests import CreateChatCompletion
from aevatar.responses.requests import CreateResponse
from tests.responses.kit import OFFLINE, World

RESPONSE: dict[str, Any] = {
    "model": OFFLINE,
    "input": [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "hi", "annotations": [], "logprobs": []}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}], "encrypted_content": None},
        {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "seen"},
    ],
    "instructions": "Help.",
    "previous_response_id": None,
    "tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": True}],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "look"}]},
    "parallel_tool_calls": True,
    "max_tool_calls": 3,
    "max_output_tokens": 64,
    "temperature": 1,
    "top_p": 0.5,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}}, "verbosity": "low"},
    "truncation": "auto",
    "stream_options": {"include_obfuscation": False},
    "include": ["reasoning.encrypted_content"],
    "metadata": {"a": "b"},
    "service_tier": "auto",
    "safety_identifier": "me",
    "top_logprobs": 0,
    "user": "me",
}
COMPLETION: dict[str, Any] = {
    "model": OFFLINE,
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "hello"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "seen"},
    ],
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
    "stream_options": {"include_usage": True},
    "stop": ["x"],
    "max_completion_tokens": 64,
    "n": 1,
    "temperature": 1,
    "reasoning_effort": "low",
    "metadata": {"a": "b"},
}
TALK = {name: RESPONSE[name] for name in ("model", "input", "instructions", "previous_response_id")}
OURS = ("Input should", "type_of", "instance of", "Traceback", "pydantic", "something went wrong")

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just(2**63) | st.just(10**30)
texts = st.text(max_size=20) | st.sampled_from(["", "\0", "agent/", "agent/nobody", "resp_x", "auto", "function"])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something could stand instead, and where something could be added."""
    yield path
    if isinstance(value, dict | list):
        for name in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[name], (*path, name))
        if isinstance(value, dict):
            yield (*path, "nonsense")


def written(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    """The body with another value in one place."""
    if not path:
        return value
    changed = copy.deepcopy(body)
    inner: Any = changed
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return changed


async def check(world: World, path: str, body: Any) -> None:
    answer = await world.served.client.post(path, json=body)
    assert answer.status_code in (200, 400, 403, 404, 409, 413), (answer.text, body)
    if answer.status_code != 200:
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"].endswith((".", "…")), error
        assert not any(word in answer.text for word in OURS), error


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(list(places(RESPONSE))), value=values)
async def test_any_value_in_any_place_of_a_response_is_answered_or_refused(
    world: World, place: tuple[Any, ...], value: Any
) -> None:
    await check(world, "/v1/responses", written(RESPONSE, place, value))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(list(places(COMPLETION))), value=values)
async def test_any_value_in_any_place_of_a_completion_is_answered_or_refused(
    world: World, place: tuple[Any, ...], value: Any
) -> None:
    await check(world, "/v1/chat/completions", written(COMPLETION, place, value))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(list(places(TALK))), value=values)
async def test_any_value_in_any_place_of_a_talk_to_compact_is_answered_or_refused(
    world: World, place: tuple[Any, ...], value: Any
) -> None:
    await check(world, "/v1/responses/compact", written(TALK, place, value))


def faults(model: type[CreateResponse | CreateChatCompletion], body: Any) -> int:
    with pytest.raises(ValidationError) as wrong:
        model.model_validate(body)
    return len(wrong.value.errors())


def test_of_a_million_faults_no_more_are_told_than_are_read() -> None:
    many: list[Any] = [7] * 9_000
    calls = [{"role": "assistant", "tool_calls": many[:128]}]
    for model, body in (
        (CreateResponse, {"input": many}),
        (CreateResponse, {"input": [{"role": "user", "content": many[:1000]}]}),
        (CreateResponse, {"input": [{"type": "reasoning", "summary": many[:1000]}]}),
        (CreateResponse, {"input": "x", "tools": many}),
        (CreateResponse, {"input": "x", "include": many}),
        (CreateResponse, {"input": "x", "metadata": {str(number): 1 for number in many}}),
        (CreateResponse, {"input": "x", **{f"x{number}": 1 for number in range(9_000)}}),
        (CreateChatCompletion, {"messages": many}),
        (CreateChatCompletion, {"messages": calls}),
        (CreateChatCompletion, {"messages": [{"role": "user", "content": many[:1000]}]}),
    ):
        assert faults(model, json.loads(json.dumps(body))) == 1
