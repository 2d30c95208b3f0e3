"""A round of calls: what runs beside what, what is refused, and what a result may be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aevatar.agents.runs_pb2 import PersonaSnapshot, Prefilled, RunContext, RunLimits
from aevatar.models.models_pb2 import ToolChoice
from aevatar.testing.scripted_model import calls, says
from aevatar.tools import CallContext, Held
from tests.agents.kit import ALICE, MODEL, TOOLS, World, call, prompt_told
from tests.tools.samples import Answer


def results(story: list[str]) -> list[str]:
    return [line.removeprefix("result of ") for line in story if line.startswith("result")]


async def test_at_most_eight_neighbouring_reads_run_at_once() -> None:
    world = World(calls(*[call("1", "slow_look")] * 10), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, 'call slow_look: {"text": "1"}')
        assert len(world.toolbox.calls) == 8
        await world.story(run)
    assert len(world.toolbox.calls) == 10


async def test_serial_calls_run_one_after_the_other() -> None:
    world = World(calls(*[call("1", "slow_look")] * 3), says("Done."))
    async with world.opened():
        run = await world.begin(serial_calls=True)
        await world.until(run, 'call slow_look: {"text": "1"}')
        assert len(world.toolbox.calls) == 1
        await world.story(run)
    assert not world.model.requests[0].parallel_tool_calls


async def test_the_same_failing_call_is_skipped_the_third_time_in_a_row() -> None:
    again = calls(call("a", "fail"))
    world = World(again, again, again, calls(("fail", '{"text":  "a"}')), says("I give up."))
    async with world.opened():
        story = await world.play()
    assert results(story) == ["fail: tool_failed", "fail: tool_failed", "fail: tool_skipped", "fail: tool_skipped"]
    assert len(world.toolbox.calls) == 2


async def test_a_success_between_lets_a_failing_call_be_tried_again() -> None:
    again = calls(call("a", "fail"))
    world = World(again, again, calls(call("b")), again, says("I give up."))
    async with world.opened():
        story = await world.play()
    assert results(story)[-1] == "fail: tool_failed"


async def test_calls_beyond_the_limit_of_a_round_are_refused() -> None:
    world = World(calls(*[call(str(n)) for n in range(4)]), says("Done."))
    async with world.opened():
        story = await world.play(limits=RunLimits(calls_per_round=3))
    assert results(story) == [
        "look: tool_not_allowed",
        'look: {"text":"0"}',
        'look: {"text":"1"}',
        'look: {"text":"2"}',
    ]


async def test_calls_beyond_the_limit_of_the_run_are_refused() -> None:
    two = calls(call("a"), call("b"))
    world = World(two, two, says("Done."))
    async with world.opened():
        story = await world.play(limits=RunLimits(calls=3))
    assert results(story) == [
        'look: {"text":"a"}',
        'look: {"text":"b"}',
        "look: tool_not_allowed",
        'look: {"text":"a"}',
    ]


@pytest.mark.parametrize(
    "choice", [ToolChoice(mode=ToolChoice.MODE_NONE), ToolChoice(mode=ToolChoice.MODE_AUTO, names=["put"])]
)
async def test_a_call_of_a_tool_that_is_not_allowed_is_refused(choice: ToolChoice) -> None:
    world = World(calls(call("a")), says("Done."))
    async with world.opened():
        story = await world.play(tool_choice=choice)
    assert results(story) == ["look: tool_not_allowed"]
    assert world.toolbox.calls == []


async def test_a_tool_that_had_to_be_called_need_not_be_called_again() -> None:
    world = World(calls(call("a")), says("Done."))
    async with world.opened():
        await world.play(tool_choice=ToolChoice(mode=ToolChoice.MODE_REQUIRED))
    assert [request.tool_choice.mode for request in world.model.requests] == [
        ToolChoice.MODE_REQUIRED,
        ToolChoice.MODE_AUTO,
    ]


async def test_prefilled_arguments_overwrite_those_of_the_model() -> None:
    world = World(calls(call("mine")), says("Done."))
    async with world.opened():
        await world.play(prefilled=[Prefilled(tool="look", arguments='{"text": "prescribed"}')])
    assert world.toolbox.done == [("look", "prescribed")]


async def test_an_agent_may_have_only_some_tools_of_a_set() -> None:
    world = World(calls(call("a"), call("b", "put")), says("Done."))
    persona = PersonaSnapshot(agent_key="tester", tool_set=TOOLS, tool_names=["put"])
    async with world.opened():
        story = await world.play(persona=persona)
    assert results(story) == ["look: tool_not_found", 'put: {"text":"b"}']


async def test_a_tool_that_is_gone_by_the_time_of_the_call_is_not_found() -> None:
    world = World(calls(call("1", "slow_put"), call("a")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, 'call look: {"text": "a"}')
        world.toolbox.tools = [tool for tool in world.toolbox.tools if tool.name != "look"]
        assert results(await world.story(run)) == ['slow_put: {"text":"slept 1"}', "look: tool_not_found"]


async def test_a_result_that_is_too_long_is_cut_at_a_character_and_says_so() -> None:
    async def long(args: Any, context: CallContext) -> Any:
        return Answer(text="é" * 40_000)

    world = World(calls(call("a", "long")), says("Done."))
    world.toolbox.tools.append(world.toolbox.tool("long", long, read_only=True))
    async with world.opened():
        await world.play()
    result = prompt_told(world.model.requests[1])[2].removeprefix("tool: ")
    assert len(result.encode()) <= 32 * 1024
    assert result.endswith("…[truncated, 80011 bytes in all]")


async def test_a_call_that_is_held_is_closed_by_its_bound_and_no_effect_runs_meanwhile() -> None:
    async def hold(args: Any, context: CallContext) -> Any:
        return Held("key", 30, Answer(text="nothing came"))

    world = World(calls(call("a", "hold")), says("Done."))
    world.toolbox.tools.append(world.toolbox.tool("hold", hold, idempotent=True))
    async with world.opened():
        run = await world.begin()
        await world.until(run, 'call hold: {"text": "a"}')
        assert world.now._runner.running == 0
        assert results(await world.story(run)) == ['hold: {"text":"nothing came"}']


async def test_a_tool_knows_its_call_from_the_server_alone() -> None:
    world = World(calls(call("a")), says("Done."))
    context = RunContext(request_id="req-7", depth=2, lineage=["boss"])
    async with world.opened():
        run = await world.begin(context=context)
        await world.story(run)
        document = await world.document(run)
    seen = world.toolbox.calls[0].context
    assert (seen.principal.scope, seen.principal.subject) == (ALICE.scope, "alice")
    assert (seen.scope, seen.request_id, seen.response_id, seen.run, seen.root_run, seen.parent_run) == (
        ALICE.scope,
        "req-7",
        None,
        run,
        run,
        None,
    )
    assert (seen.depth, seen.lineage, seen.session, seen.model, seen.budget, seen.credential_handle) == (
        2,
        ("boss", "tester"),
        "run",
        MODEL,
        None,
        None,
    )
    assert seen.call_id == "call_run_1:r1_0"
    assert seen.effect_id
    assert seen.sub_runs_left == 16
    assert round(seen.deadline.timestamp() * 1000) - document.started_at == timedelta(seconds=600) // timedelta(
        milliseconds=1
    )


async def test_a_tool_without_the_callers_credential_is_answered_in_its_own_code() -> None:
    world = World(calls(call("a", "reveal")), says("Done."))
    async with world.opened():
        assert results(await world.play()) == ["reveal: credential_unavailable"]
