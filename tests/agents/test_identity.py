"""A run acts for whoever started it, whoever moves it on."""

from __future__ import annotations

from aevatar.agents import BUDGET
from aevatar.agents.agents_pb2 import SetBudget
from aevatar.agents.runs_pb2 import RunContext
from aevatar.identity import ActorId, Principal
from aevatar.testing.scripted_model import calls, says
from tests.agents.kit import ALICE, ALPHA, BOB, World, call, invoking

PURSE = ActorId(BUDGET, ALPHA, "scope")


def callers(world: World) -> list[Principal]:
    return [made.context.principal for made in world.toolbox.calls]


async def test_a_tool_that_somebody_else_approved_runs_for_who_started_the_run() -> None:
    world = World(calls(call("rent", "pay")), calls(call("a")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.decide(run, "approve", by=BOB)
        await world.story(run)
    assert callers(world) == [ALICE, ALICE]


async def test_an_answer_of_a_budget_does_not_make_it_the_caller() -> None:
    world = World(calls(call("a")), says("Done."))
    async with world.opened():
        await world.now.ask(PURSE, SetBudget(tokens=100_000))
        await world.play(context=RunContext(budget=PURSE.text))
    assert callers(world) == [ALICE]


async def test_a_run_that_waited_in_a_thread_acts_for_who_submitted_it() -> None:
    world = World(calls(call("1", "slow_put")), says("One."), calls(call("b")), says("Two."))
    async with world.opened():
        await world.agent()
        first = world.run_of((await world.invoke("tester", "first", thread="t")).run)
        second = world.run_of((await world.invoke("tester", "second", thread="t", by=BOB)).run)
        await world.story(first)
        await world.story(second)
    assert callers(world) == [ALICE, BOB]


async def test_a_sub_run_acts_for_who_started_the_root() -> None:
    world = World(
        calls(invoking("helper")), calls(call("rent", "pay")), calls(call("a")), says("Helped."), says("Done.")
    )
    async with world.opened():
        await world.agent("helper")
        run = await world.begin(tools="everything")
        await world.until(run, "  suspended")
        (below,) = [item.key for item in (await world.runs.open_approvals(BOB)).items]
        await world.decide(ActorId("agents.run", ALPHA, below), "approve", by=BOB)
        assert (await world.story(run))[-1] == "ended: completed"
    assert callers(world) == [ALICE, ALICE]


async def test_a_run_acts_for_its_starter_after_a_crash() -> None:
    world = World(calls(call("rent", "pay")), calls(call("a")), says("Done."))
    async with world.opened():
        run = await world.begin()
        await world.until(run, "suspended")
    async with world.opened():
        await world.decide(run, "approve", by=BOB)
        await world.story(run)
    assert callers(world) == [ALICE, ALICE]
