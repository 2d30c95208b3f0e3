"""Tools of the server: called inside a response, and told only to those who ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from openai.types.responses import Response

from aevatar.actors import Runtime
from aevatar.agents import Agents, Persona, Runs
from aevatar.agents.runs_pb2 import DecideApproval
from aevatar.platform import DEV
from aevatar.tools import Approval, CallContext, Tool
from tests.responses.kit import BANNER, OFFLINE, World, serving, told
from tests.responses.test_client_tools import WEATHER, calls_in, output_for
from tests.tools.samples import Echo

LOOK = '/call look {"text": "it is here"}'
INVOKE = '/call aevatar_invoke_gagent {"target":{"agent_key":"echo"},"payload":{"prompt":"hi"},"wait":"complete"}'


class Drawer:
    """A source of tools."""

    name = "drawer"
    platform = False

    async def discover(self, context: CallContext) -> Sequence[Tool[Any, Any]]:
        return [
            Echo("look", read_only=True, approval=Approval.NEVER),
            Echo("get_weather", read_only=True, approval=Approval.NEVER),
            Echo("pay", destructive=True, approval=Approval.ALWAYS),
        ]


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with serving(tmp_path_factory.mktemp("data"), sources=[Drawer()]) as running:
        agents: Agents = running.served.application.state.services[Agents]
        await agents.create(DEV, "echo", Persona(model=OFFLINE, instructions="Repeat."))
        yield running


async def said(world: World, words: str, **more: Any) -> Response:
    return await world.client.responses.create(model=OFFLINE, input=words, **more)


async def runs_of(world: World, origin: str) -> list[str]:
    runtime: Runtime = world.runtime
    listing = await runtime.readmodels.list("agents.runs", DEV.scope, where={"origin": origin}, limit=200)
    return [item.key for item in listing.items]


async def test_a_call_of_the_servers_own_tool_is_not_shown_and_its_result_is_used(world: World) -> None:
    response = await said(world, LOOK)
    assert (response.status, [item.type for item in response.output]) == ("completed", ["message"])
    assert response.output_text == f'{BANNER}\nlook returned: {{"text":"it is here"}}'


async def test_a_streamed_response_calls_an_agent_as_a_tool_once(world: World) -> None:
    before = len(await runs_of(world, "agent"))
    events = [event async for event in await world.client.responses.create(model=OFFLINE, input=INVOKE, stream=True)]
    last = events[-1]
    assert last.type == "response.completed"
    assert [event.item.type for event in events if event.type == "response.output_item.added"] == ["message"]
    assert "You said: hi" in last.response.output_text
    assert len(await runs_of(world, "agent")) == before + 1


async def test_an_agent_that_was_called_as_a_tool_runs_under_its_caller(world: World) -> None:
    response = await said(world, INVOKE)
    runs: Runs = world.served.application.state.services[Runs]
    (child,) = (await runs.list(DEV, where={"parent": f"agents.run/dev/{response.id}"})).items
    assert (child.document.agent_key, child.document.status) == ("echo", "completed")  # type: ignore[attr-defined]


async def test_those_who_ask_are_told_of_calls(world: World) -> None:
    asked: Any = ["aevatar:tool_calls"]
    response = await said(world, LOOK, include=asked)
    call, message = told(response)["output"]
    assert (call["type"], call["name"], call["arguments"], call["status"], call["output"]) == (
        "aevatar:tool_call",
        "look",
        '{"text": "it is here"}',
        "completed",
        '{"text":"it is here"}',
    )
    assert message["type"] == "message"
    plain = await said(world, LOOK)
    again = await world.client.responses.retrieve(plain.id, include=asked)
    assert [item.type for item in again.output] == ["aevatar:tool_call", "message"]


async def test_a_stream_with_calls_ends_with_what_is_retrieved_later(world: World) -> None:
    asked: Any = ["aevatar:tool_calls", "aevatar:subruns"]
    stream = await world.client.responses.create(model=OFFLINE, input=INVOKE, include=asked, stream=True)
    events = [event async for event in stream]
    last, kinds = events[-1], [event.type for event in events]
    assert last.type == "response.completed"
    assert told(await world.client.responses.retrieve(last.response.id)) == told(last.response)
    assert [kind for kind in kinds if kind in ("aevatar:subrun.started", "aevatar:subrun.ended")] == [
        "aevatar:subrun.started",
        "aevatar:subrun.ended",
    ]
    assert "aevatar:subrun.event" in kinds


async def test_in_a_mixed_round_the_servers_calls_run_first_and_are_remembered(world: World) -> None:
    mixed = f'{LOOK}\n/call get_time {{"text": "x"}}'
    clock: Any = {**WEATHER, "name": "get_time", "parameters": {"type": "object", "properties": {}}}
    called = await said(world, mixed, tools=[clock])
    ((name, _),) = calls_in(called)
    (call,) = called.output
    assert call.type == "function_call"
    answered = await world.client.responses.create(
        model=OFFLINE, input=[output_for(call.call_id, "noon")], previous_response_id=called.id
    )
    assert (name, answered.output_text) == (
        "get_time",
        f'{BANNER}\nlook returned: {{"text":"it is here"}}\nget_time returned: noon',
    )


async def test_a_function_of_the_client_hides_the_servers_of_the_same_name(world: World) -> None:
    response = await said(world, '/call get_weather {"text": "x"}', tools=[WEATHER])
    assert calls_in(response) == [("get_weather", '{"text": "x"}')]


async def test_a_request_can_do_without_the_servers_tools(world: World) -> None:
    response = await said(world, "/tools", extra_headers={"Aevatar-Tool-Set": "none"})
    assert response.output_text == f"{BANNER}\nNo tools are offered."


async def test_an_unknown_tool_set_fails_the_response(world: World) -> None:
    response = await said(world, "hello", extra_headers={"Aevatar-Tool-Set": "nonsense"})
    assert response.error is not None
    assert (response.status, response.error.code) == ("failed", "tool_set_not_found")


async def test_more_calls_than_were_allowed_are_refused_to_the_model(world: World) -> None:
    response = await said(world, f"{LOOK}\n{LOOK}", max_tool_calls=1)
    first, second = response.output_text.removeprefix(f"{BANNER}\n").split("\n")
    assert first == 'look returned: {"text":"it is here"}'
    assert "tool_not_allowed" in second


async def test_phases_are_told_to_those_who_speak_of_them(world: World) -> None:
    history: Any = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hm", "phase": "commentary"},
        {"role": "user", "content": "and now?"},
    ]
    response = await world.client.responses.create(model=OFFLINE, input=history)
    assert [item.phase for item in response.output if item.type == "message"] == ["final_answer"]
    silent = await said(world, "hello")
    assert "phase" not in told(silent)["output"][0]


async def test_a_response_that_needs_an_approval_is_answered_at_once_and_goes_on_after_it(world: World) -> None:
    waiting = await said(world, '/call pay {"text": "10"}')
    (asked,) = told(waiting)["output"]
    assert (waiting.status, asked["type"], asked["name"]) == ("in_progress", "aevatar:approval_request", "pay")
    runs: Runs = world.served.application.state.services[Runs]
    await runs.decide(DEV, waiting.id, DecideApproval(approval_id=asked["approval_id"], decision="approve"))
    events = [event async for event in await world.client.responses.retrieve(waiting.id, stream=True)]
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == f'{BANNER}\npay returned: {{"text":"10"}}'
    assert told(await world.client.responses.retrieve(waiting.id)) == told(last.response)
