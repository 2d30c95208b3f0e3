"""What is promised of cancelling: it stops the spending, keeps what was said, and no reader is told of success."""

from __future__ import annotations

import asyncio

import pytest

from aevatar.agents.runs_pb2 import DecideApproval, RunEnded, ToolResultRecorded
from aevatar.errors import Rejected
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, hangs, says
from tests.agents.kit import ALICE, BOB, EVE, World, call, invoking, ticks

ENDED = "ended: cancelled (cancelled)"


async def test_cancelling_stops_a_model_that_speaks_and_keeps_what_it_has_said() -> None:
    world = World(hangs("So far"))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "open message: So far")
        began = asyncio.get_running_loop().time()
        assert await world.runs.cancel(ALICE, run.key, reason="enough") == "cancelled"
        assert await world.story(run) == ["run opened", "step 1", "message (incomplete): So far", ENDED]
        await ticks()
        assert world.model.open == 0
        assert asyncio.get_running_loop().time() - began < 1
        assert await world.transcript(run) == ["user: Hi", "assistant (incomplete): So far"]


async def test_cancelling_stops_a_tool_and_answers_every_call() -> None:
    world = World(calls(call("a"), call("1", "hang_on"), call("b")))
    async with world.opened():
        run = await world.begin()
        await world.until(run, 'result of look: {"text":"a"}')
        await world.runs.cancel(ALICE, run.key)
        assert (await world.story(run))[-3:] == [
            "result of hang_on: tool_cancelled",
            "result of look: tool_cancelled",
            ENDED,
        ]
        await ticks()
        assert world.now._runner.running == 0
        assert [line for line in await world.transcript(run) if line.startswith(("call", "result"))] == [
            'call look {"text": "a"}',
            'call hang_on {"text": "1"}',
            'call look {"text": "b"}',
            'result: {"text":"a"}',
            "result: tool_cancelled",
            "result: tool_cancelled",
        ]


async def test_cancelling_stops_the_sub_runs_that_are_followed_and_theirs() -> None:
    world = World(calls(invoking("middle")), calls(invoking("bottom")), hangs("Deep down"))
    async with world.opened():
        for key in ("top", "middle", "bottom"):
            await world.agent(key, tools="everything")
        run = (await world.invoke("top", "go")).run
        top = world.run_of(run)
        await world.until(top, "    step 1")
        await elapse(1)
        await world.runs.cancel(ALICE, top.key)
        await ticks()
        runs = (await world.runs.list(ALICE)).items
        assert [item.document.status for item in runs] == ["cancelled"] * 3
        assert (world.model.open, world.now._runner.running) == (0, 0)
        assert (await world.story(top))[-3:] == [
            "result of aevatar_invoke_gagent: tool_cancelled",
            "sub-run ended: cancelled",
            ENDED,
        ]


async def test_a_second_cancellation_is_harmless_and_answers_the_recorded_outcome() -> None:
    world = World(hangs("So far"))
    async with world.opened():
        run = await world.begin()
        await ticks()
        assert [await world.runs.cancel(ALICE, run.key) for _ in range(2)] == ["cancelled"] * 2
        assert len(await world.facts(run, RunEnded)) == 1


async def test_cancelling_a_run_that_has_ended_leaves_it_as_it_is() -> None:
    world = World(says("Hello."))
    async with world.opened():
        run = await world.begin()
        await world.story(run)
        assert await world.runs.cancel(BOB, run.key) == "completed"


async def test_cancelling_while_tools_are_looked_for_ends_the_run_before_any_call() -> None:
    world = World()
    async with world.opened():
        run = await world.begin(tools="everything")
        await world.runs.cancel(ALICE, run.key)
        assert await world.story(run) == ["run opened", ENDED]
        await elapse(10)
        assert world.model.requests == []


async def test_cancelling_a_run_that_waits_for_a_person_ends_it_and_the_decision_comes_too_late() -> None:
    world = World(calls(call("rent", "pay")))
    async with world.opened():
        run = await world.begin()
        approval = await world.approval(run)
        await world.runs.cancel(ALICE, run.key)
        with pytest.raises(Rejected, match="run_ended"):
            await world.runs.decide(ALICE, run.key, DecideApproval(approval_id=approval.id, decision="approve"))
        assert [result.result.error.code for result in await world.facts(run, ToolResultRecorded)] == ["tool_cancelled"]


async def test_what_comes_after_the_end_changes_nothing() -> None:
    world = World(calls(call("5", "slow_look")))
    async with world.opened():
        run = await world.begin()
        await world.until(run, 'call slow_look: {"text": "5"}')
        await world.runs.cancel(ALICE, run.key)
        told = await world.story(run)
        await elapse(3600)
        assert await world.story(run) == told


async def test_nobody_cancels_the_runs_of_another_scope() -> None:
    world = World(hangs("So far"))
    async with world.opened():
        run = await world.begin()
        with pytest.raises(Rejected, match="run_not_found"):
            await world.runs.cancel(EVE, run.key)


async def test_a_cancellation_that_was_recorded_outlives_the_process() -> None:
    world = World(hangs("So far"))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "open message: So far")
        await world.runs.cancel(ALICE, run.key)
    async with world.opened():
        assert (await world.story(run))[-1] == ENDED
        assert len(world.model.requests) == 1


async def test_a_run_past_its_deadline_is_incomplete_and_keeps_the_turn_as_far_as_it_came() -> None:
    world = World(calls(call("a"), call("1", "hang_on"), text="Wait."))
    world.toolbox.get("hang_on").timeout = 10_000
    async with world.opened():
        run = await world.begin()
        began = asyncio.get_running_loop().time()
        assert (await world.story(run))[-2:] == [
            "result of hang_on: tool_cancelled",
            "ended: incomplete (deadline_exceeded)",
        ]
        assert round(asyncio.get_running_loop().time() - began) == 600
        assert world.now._runner.running == 0
        assert await world.transcript(run) == [
            "user: Hi",
            "assistant (commentary): Wait.",
            'call look {"text": "a"}',
            'call hang_on {"text": "1"}',
            'result: {"text":"a"}',
            "result: tool_cancelled",
        ]
