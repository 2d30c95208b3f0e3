"""What is promised of the loop: bounded rounds, bounded spending, and replies put together from their pieces."""

from __future__ import annotations

from aevatar.agents import BUDGET
from aevatar.agents.agents_pb2 import SetBudget
from aevatar.agents.runs_pb2 import RunContext
from aevatar.identity import ActorId
from aevatar.models.models_pb2 import FINISH_LENGTH, ToolChoice
from aevatar.testing.scripted_model import calls, says
from tests.agents.kit import ALPHA, World, call, invoking

PURSE = ActorId(BUDGET, ALPHA, "scope")


async def test_the_41st_round_is_a_call_without_tools() -> None:
    world = World(*[calls(call(str(n))) for n in range(40)], says("That is all."))
    async with world.opened():
        run = await world.begin()
        assert (await world.story(run))[-4:] == [
            "step 41",
            "message: That is all.",
            "step 41 done",
            "ended: completed",
        ]
        assert (await world.document(run)).rounds_exhausted
    tools = [(len(request.tools) > 0, request.tool_choice.mode) for request in world.model.requests]
    assert tools == [(True, ToolChoice.MODE_AUTO)] * 40 + [(False, ToolChoice.MODE_NONE)]


async def test_a_budget_that_would_be_overdrawn_stops_the_call_before_it_is_made_also_in_sub_runs() -> None:
    world = World(calls(invoking("helper")), says("It could not."))
    async with world.opened():
        await world.now.ask(PURSE, SetBudget(tokens=10_000))
        await world.agent("helper", tools="", instructions="x" * 30_000)
        story = await world.play(context=RunContext(budget=PURSE.text), tools="everything")
        assert [line for line in story if "ended" in line] == [
            "  ended: incomplete (budget_exceeded)",
            "sub-run ended: incomplete",
            "ended: completed",
        ]
    assert [made.call_id.partition(":")[0] for made in world.model.calls] == ["run_1", "run_1"]


async def test_a_reply_cut_by_length_three_times_becomes_one_message() -> None:
    world = World(*[says(f"{piece} ", finish=FINISH_LENGTH) for piece in ("One", "two", "three")], says("four."))
    async with world.opened():
        run = await world.begin()
        assert (await world.story(run))[2:] == ["message: One two three four.", "step 1 done", "ended: completed"]
        assert await world.transcript(run) == ["user: Hi", "assistant: One two three four."]


async def test_a_cut_off_tool_call_is_not_executed() -> None:
    world = World(calls(("write", '{"text": "ha'), finish=FINISH_LENGTH), calls(call("whole", "put")), says("Done."))
    async with world.opened():
        await world.play()
    assert world.toolbox.done == [("put", "whole")]
