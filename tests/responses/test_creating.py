"""Responses as the official client creates and reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai.types.responses import ResponseCompletedEvent, ResponseTextDeltaEvent

from aevatar.responses.http import openai_shape
from aevatar.server import Problem
from aevatar.testing.scripted_model import ScriptedModel, says
from tests.responses.kit import BANNER, OFFLINE, World, serving, told

HELLO = f"{BANNER}\nYou said: hello. This is message 1."


async def test_a_response_answers_what_was_said(world: World) -> None:
    response = await world.client.responses.create(model=OFFLINE, input="hello")
    assert (response.status, response.output_text, response.model) == ("completed", HELLO, OFFLINE)
    assert response.id.startswith("resp_")
    assert len(response.id) == 31


async def test_a_response_can_be_retrieved_as_it_was_answered(world: World) -> None:
    created = await world.client.responses.create(model=OFFLINE, input="hello", metadata={"a": "b"})
    assert told(await world.client.responses.retrieve(created.id)) == told(created)


async def test_a_response_streams_its_text_and_ends_with_all_of_it(world: World) -> None:
    stream = await world.client.responses.create(model=OFFLINE, input="/long 200", stream=True)
    events = [event async for event in stream]
    numbers = [event.sequence_number for event in events]
    text = "".join(event.delta for event in events if isinstance(event, ResponseTextDeltaEvent))
    last = events[-1]
    assert isinstance(last, ResponseCompletedEvent)
    assert (numbers[0], numbers, text) == (0, sorted(set(numbers)), last.response.output_text)
    assert told(await world.client.responses.retrieve(last.response.id)) == told(last.response)


async def test_events_come_in_the_order_of_the_specification(world: World) -> None:
    stream = await world.client.responses.create(model=OFFLINE, input="hello", stream=True)
    assert [event.type async for event in stream] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]


async def test_the_streaming_helper_of_the_client_follows_a_response(world: World) -> None:
    async with world.client.responses.stream(model=OFFLINE, input="hello") as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_response()
    assert final.output_text == HELLO


async def test_what_was_asked_for_is_echoed(world: World) -> None:
    asked: dict[str, Any] = {
        "instructions": "be brief",
        "metadata": {"ticket": "7"},
        "temperature": 0.5,
        "top_p": 0.25,
        "max_output_tokens": 4096,
        "max_tool_calls": 3,
        "parallel_tool_calls": False,
        "reasoning": {"effort": "low", "summary": None},
        "text": {"format": {"type": "text"}, "verbosity": "low"},
        "truncation": "auto",
        "safety_identifier": "s",
        "prompt_cache_key": "p",
        "top_logprobs": 2,
        "user": "u",
    }
    response = await world.client.responses.create(model=OFFLINE, input="hello", service_tier="flex", **asked)
    echoed = told(response)
    assert {name: echoed[name] for name in asked} == asked
    assert response.service_tier == "default"


async def test_without_a_model_the_default_answers(world: World) -> None:
    assert (await world.client.responses.create(input="hello")).model == OFFLINE


@pytest.mark.parametrize(("words", "status", "code"), [("/fail rate_limited", "failed", "rate_limited")])
async def test_a_failing_model_makes_a_failed_response(world: World, words: str, status: str, code: str) -> None:
    response = await world.client.responses.create(model=OFFLINE, input=words)
    assert response.error is not None
    assert (response.status, response.error.code, response.output) == (status, code, [])


async def test_a_reply_that_is_cut_by_the_callers_bound_is_incomplete(world: World) -> None:
    response = await world.client.responses.create(model=OFFLINE, input="/cut", max_output_tokens=16)
    assert response.incomplete_details is not None
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")


async def test_reasoning_is_told_as_content_or_as_the_summary_that_was_asked_for(world: World) -> None:
    plain = await world.client.responses.create(model=OFFLINE, input="/think about it")
    summed = await world.client.responses.create(model=OFFLINE, input="/think about it", reasoning={"summary": "auto"})
    (thought, _), (summary, _) = plain.output, summed.output
    assert (thought.type, summary.type) == ("reasoning", "reasoning")
    assert [part.text for part in thought.content or []] == ["about it"]
    assert [part.text for part in summary.summary] == ["about it"]


async def test_a_response_in_the_background_is_queued_at_once_and_ends(world: World) -> None:
    queued = await world.client.responses.create(model=OFFLINE, input="hello", background=True)
    events = [event async for event in await world.client.responses.retrieve(queued.id, stream=True)]
    ended = await world.client.responses.retrieve(queued.id)
    assert (queued.status, queued.background, ended.status) == ("queued", True, "completed")
    assert [event.type for event in events[:3]] == ["response.created", "response.queued", "response.in_progress"]


async def test_a_talk_goes_on_from_the_response_before(world: World) -> None:
    first = await world.client.responses.create(model=OFFLINE, input="hello", instructions="be brief")
    second = await world.client.responses.create(model=OFFLINE, input="again", previous_response_id=first.id)
    third = await world.client.responses.create(model=OFFLINE, input="more", previous_response_id=second.id)
    assert [response.output_text for response in (second, third)] == [
        "You said: again. This is message 2.",
        "You said: more. This is message 3.",
    ]
    assert (second.previous_response_id, second.instructions) == (first.id, None)


async def test_two_continuations_of_one_response_are_branches(world: World) -> None:
    first = await world.client.responses.create(model=OFFLINE, input="hello")
    for words in ("left", "right"):
        branch = await world.client.responses.create(model=OFFLINE, input=words, previous_response_id=first.id)
        assert branch.output_text == f"You said: {words}. This is message 2."


async def test_a_reply_that_is_not_the_json_asked_for_is_made_again_once(tmp_path: Path) -> None:
    script = ScriptedModel([says("no json"), says('{"a": 1}'), says("no json"), says("still none")])
    wanted: Any = {"format": {"type": "json_object"}}
    async with serving(tmp_path, models={"s": script}) as world:
        good = await world.client.responses.create(model="s/one", input="x", text=wanted)
        bad = await world.client.responses.create(model="s/one", input="x", text=wanted)
    assert (good.status, good.output_text, len(good.output)) == ("completed", '{"a": 1}', 1)
    assert bad.error is not None
    assert (bad.status, bad.error.code) == ("failed", "invalid_output")


async def test_what_is_asked_reaches_the_model(tmp_path: Path) -> None:
    script = ScriptedModel([says("{}")])
    async with serving(tmp_path, models={"s": script}) as world:
        await world.client.responses.create(
            model="s/one",
            instructions="be brief",
            input=[{"role": "developer", "content": "in English"}, {"role": "user", "content": "x"}],
            temperature=0.5,
            top_p=0.25,
            max_output_tokens=64,
            reasoning={"effort": "low"},
            parallel_tool_calls=False,
            text={"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}},
            extra_headers={"Aevatar-Tool-Set": "none"},
            extra_body={"presence_penalty": 0.125, "frequency_penalty": -0.5},
        )
    (request,) = script.requests
    assert [message.parts[0].text for message in request.messages] == ["be brief", "in English", "x"]
    assert (request.temperature, request.top_p, request.max_output_tokens) == (0.5, 0.25, 64)
    assert (request.presence_penalty, request.frequency_penalty) == (0.125, -0.5)
    assert (request.reasoning.effort, request.parallel_tool_calls) == ("low", False)
    assert (request.text_format.name, request.text_format.schema, request.text_format.strict) == (
        "n",
        '{"type": "object"}',
        True,
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "invalid_request_error"),
        (409, "invalid_request_error"),
        (413, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
        (503, "server_error"),
    ],
)
def test_errors_have_the_types_of_this_api(status: int, kind: str) -> None:
    told_error = openai_shape(Problem(status, "code", "message", "a.field"), "r-1")
    assert told_error == {"error": {"message": "message", "type": kind, "param": "a.field", "code": "code"}}
