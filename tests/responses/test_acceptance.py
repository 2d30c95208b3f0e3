"""What is promised of `/v1` as a whole, each promise in one test: with the official client and its address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from openai import NotFoundError
from openai.types.responses import Response

from aevatar.agents import Agents, Persona
from aevatar.journal.memory import MemoryJournal
from aevatar.platform import DEV
from aevatar.testing.scripted_model import ScriptedModel, calls, hangs, says
from tests.agents.kit import prompt_told
from tests.models.fake_provider import Reply, fake_provider
from tests.models.replies import text
from tests.responses.kit import BANNER, OFFLINE, World, serving, told
from tests.responses.published import needs_published
from tests.responses.test_client_tools import WEATHER, call_ids, output_for

HEART = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


# Every way in which the official client speaks to it


async def test_the_official_client_creates_streams_retrieves_resumes_polls_cancels_deletes_lists_and_continues(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, models={"slow": ScriptedModel([hangs("So far")])}, journal=MemoryJournal()) as world:
        answers, models = world.client.responses, world.client.models

        created = await answers.create(model=OFFLINE, input="hello", metadata={"order": "7"})
        assert (created.status, created.output_text) == ("completed", f"{BANNER}\nYou said: hello. This is message 1.")
        assert told(await answers.retrieve(created.id)) == told(created)
        [asked] = [item async for item in answers.input_items.list(created.id)]
        assert told(asked)["content"] == [{"type": "input_text", "text": "hello"}]

        streamed = [event async for event in await answers.create(model=OFFLINE, input="/long 30", stream=True)]
        assert (streamed[0].type, streamed[-1].type) == ("response.created", "response.completed")
        whole = streamed[-1].response
        middle = streamed[len(streamed) // 2]
        rest = await answers.retrieve(whole.id, stream=True, starting_after=middle.sequence_number)
        assert [event async for event in rest] == streamed[len(streamed) // 2 + 1 :]
        async with answers.stream(model=OFFLINE, input="/long 30") as helped:
            assert (await helped.get_final_response()).output_text == whole.output_text

        begun = await answers.create(model=OFFLINE, input="/long 30", background=True)
        assert begun.status in ("queued", "in_progress")
        assert (await ended(world, begun.id)).output_text == whole.output_text

        hanging = await answers.create(model="slow/one", input="x", background=True)
        assert (await answers.cancel(hanging.id)).status == "cancelled"
        assert (await answers.cancel(created.id)).status == "completed"
        await answers.delete(created.id)
        with pytest.raises(NotFoundError):
            await answers.retrieve(created.id)

        called = await answers.create(model=OFFLINE, input="the weather?", tools=[WEATHER])
        [call_id] = call_ids(called)
        again: Any = [output_for(call_id)]
        answered = await answers.create(model=OFFLINE, input=again, previous_response_id=called.id)
        assert answered.output_text.endswith("get_weather returned: sunny")

        assert [model.id async for model in models.list()] == [OFFLINE]
        assert (await models.retrieve(OFFLINE)).id == OFFLINE
        said: Any = [{"role": "user", "content": "hello"}]
        completion = await world.client.chat.completions.create(model=OFFLINE, messages=said)
        stream = await world.client.chat.completions.create(model=OFFLINE, messages=said, stream=True)
        chunks = [chunk async for chunk in stream]
        pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        assert "".join(pieces) == completion.choices[0].message.content == created.output_text


async def ended(world: World, response_id: str) -> Response:
    """The response, polled to its end, as clients do."""
    while (found := await world.client.responses.retrieve(response_id)).status in ("queued", "in_progress"):
        continue
    return found


# The cases of the Open Responses suite, in requests of our own


def message(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content, **more}


CASES: dict[str, dict[str, Any]] = {
    "text": {"input": [message("user", "Greet me.")]},
    "text, streamed": {"input": [message("user", "Count.")], "stream": True},
    "a system prompt": {"input": [message("system", "Speak like a sailor."), message("user", "Greet me.")]},
    "a call": {"input": [message("user", "How is the weather in Oslo?")], "tools": [WEATHER]},
    "a call, streamed": {"input": [message("user", "How is the weather?")], "tools": [WEATHER], "stream": True},
    "an image": {
        "input": [
            message("user", [{"type": "input_text", "text": "Look."}, {"type": "input_image", "image_url": HEART}])
        ]
    },
    "a talk of several turns": {
        "input": [message("user", "I am Ada."), message("assistant", "Hello, Ada."), message("user", "Who am I?")]
    },
    "a talk with phases": {
        "input": [
            message("user", "Greet me."),
            message("assistant", "One moment.", phase="commentary"),
            message("assistant", "Hello.", phase="final_answer"),
            message("user", "Again."),
        ]
    },
}


@needs_published
@pytest.mark.parametrize("case", CASES)
async def test_the_cases_of_the_open_responses_suite_pass_without_any_key(world: World, case: str) -> None:
    asked = CASES[case]
    answer: Any = await world.client.responses.create(model=OFFLINE, **asked)
    if asked.get("stream"):
        events = [event async for event in answer]
        answer = events[-1].response
        kinds = {event.type for event in events}
        expected = "function_call_arguments" if "tools" in asked else "output_text"
        assert {f"response.{expected}.delta", f"response.{expected}.done"} <= kinds
    assert answer.status == "completed"
    assert answer.output[-1].type == ("function_call" if "tools" in asked else "message")
    assert world.checked.faults == []


@needs_published
async def test_a_talk_that_goes_on_and_one_that_is_compacted_pass_without_any_key(world: World) -> None:
    first = await world.client.responses.create(model=OFFLINE, input="I am Ada.")
    second = await world.client.responses.create(model=OFFLINE, input="Who am I?", previous_response_id=first.id)
    compacted = await world.client.responses.compact(model=OFFLINE, previous_response_id=second.id)
    sealed: Any = [told(item) for item in compacted.output]
    third = await world.client.responses.create(model=OFFLINE, input=[*sealed, message("user", "Go on.")])
    assert [item["type"] for item in sealed] == ["compaction"]
    assert (second.status, third.status, world.checked.faults) == ("completed", "completed", [])


# Cancelling, through everything down to the socket


async def test_cancelling_closes_the_socket_of_the_provider_within_a_second_and_no_stream_reports_success(
    tmp_path: Path,
) -> None:
    async with fake_provider() as provider:
        provider.answers.append(Reply(text("So far, "), end="hang"))
        gate = {"name": "gate", "type": "openai_compatible", "base_url": f"{provider.base_url}/v1", "models": ["one"]}
        (tmp_path / "aevatar.yaml").write_text(json.dumps({"models": {"providers": [gate]}}), encoding="utf-8")
        async with serving(tmp_path) as world:
            stream = await world.client.responses.create(model="gate/one", input="x", stream=True)
            events = [await anext(stream)]
            await provider.hanging.wait()
            begun: Any = events[0]
            with anyio.fail_after(1):
                cancelled = await world.client.responses.cancel(begun.response.id)
                await provider.hung_up.wait()
            events += [event async for event in stream]
            again = await world.client.responses.cancel(begun.response.id)
    assert (cancelled.status, cancelled.output_text) == ("cancelled", "So far, ")
    assert told(again) == told(cancelled)
    assert events[-1].type == "response.incomplete"
    assert not any(event.type == "response.completed" for event in events)


# A model that calls an agent


async def test_a_streamed_response_whose_model_calls_an_agent_dispatches_one_command_hides_the_call_and_completes(
    tmp_path: Path,
) -> None:
    target = {"target": {"agent_key": "echo"}, "payload": {"prompt": "hi"}, "wait": "complete"}
    script = ScriptedModel([calls(("aevatar_invoke_gagent", target)), says("It said so.")])
    async with serving(tmp_path, models={"scripted": script}) as world:
        agents: Agents = world.served.application.state.services[Agents]
        await agents.create(DEV, "echo", Persona(model=OFFLINE))
        stream = await world.client.responses.create(model="scripted/one", input="Ask echo.", stream=True)
        events = [event async for event in stream]
        runs = await world.runtime.readmodels.list("agents.runs", DEV.scope, limit=200)
    last = events[-1]
    assert last.type == "response.completed"
    assert [item.type for item in last.response.output] == ["message"]
    assert last.response.output_text == "It said so."
    assert not any(event.type == "response.output_item.added" and event.item.type != "message" for event in events)
    below = [item.document for item in runs.items if item.document.parent_run]  # type: ignore[attr-defined]
    assert [(run.agent_key, run.subject, run.status) for run in below] == [("echo", DEV.subject, "completed")]  # type: ignore[attr-defined]
    assert below[0].parent_run == f"agents.run/{DEV.scope}/{last.response.id}"  # type: ignore[attr-defined]
    fed_back = prompt_told(script.requests[1])[-1]
    assert fed_back.startswith("tool: ")
    assert "You said: hi. This is message 1." in fed_back
