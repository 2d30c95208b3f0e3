"""The gap between the dispatch of an invocation and its result: what was started there ends with the run above."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from aevatar.agents.runs.callers import run_key
from aevatar.agents.runs.executing.abandoning import FORESTALLED_FOR
from aevatar.agents.runs_pb2 import EndWithParent, RunContext
from aevatar.errors import Rejected
from aevatar.identity import ActorId
from aevatar.invocation.invocation_pb2 import InvokeAgentArgs
from aevatar.invocation.tools import InvokeAgent
from aevatar.testing import assert_no_secret, elapse
from aevatar.testing.scripted_model import calls, hangs, says
from aevatar.tools import CallContext, Tool
from tests.agents.kit import ALICE, ALPHA, World, invoking, ticks

HELPER = ActorId("agents.run", ALPHA, run_key("run", ALICE, "c-1"))
LATE = ("late", invoking("helper", wait=None)[1])
ENDED = "ended: cancelled (cancelled)"


class Late(InvokeAgent):
    """Invokes at once, and is long in saying so. With `overtaken`, it is cancelled before, and invokes all the same:
    as mail does that was on its way."""

    name = "late"
    timeout = 1000
    overtaken = False

    async def execute(self, args: InvokeAgentArgs, context: CallContext) -> Any:
        if not self.overtaken:
            answer = await super().execute(args, context)
            await elapse(100)
            return answer
        try:
            await elapse(100)
        finally:
            self.underway = asyncio.create_task(super().execute(args, context))


class Lates:
    """The source of that tool."""

    name = "lates"
    platform = False

    def __init__(self, world: World, **settings: Any) -> None:
        self._world = world
        self._settings = settings

    async def discover(self, context: CallContext) -> Sequence[Tool[Any, Any]]:
        tool = Late(self._world.invocations)
        for name, value in self._settings.items():
            setattr(tool, name, value)
        return [tool]


def late(*steps: Any, **settings: Any) -> World:
    world = World(*steps)
    world.extra_sources.append(Lates(world, **settings))
    return world


async def below(world: World, run: ActorId) -> ActorId:
    """The one run below another."""
    (child,) = (await world.runs.list(ALICE, where={"parent": run.text})).items
    return ActorId(run.kind, run.scope, child.key)


async def test_cancelling_ends_what_a_call_has_started_and_not_yet_told() -> None:
    world = late(calls(LATE), hangs("Helping"))
    async with world.opened():
        await world.agent("helper")
        run = await world.begin()
        await elapse(1)
        helper = await below(world, run)
        await world.until(helper, "open message: Helping")
        await world.runs.cancel(ALICE, run.key)
        assert (await world.story(run))[-1] == ENDED
        assert (await world.story(helper))[-2:] == ["message (incomplete): Helping", ENDED]
        await ticks()
        assert world.model.open == 0


async def test_a_cancellation_that_overtakes_the_start_wins() -> None:
    world = late(calls(LATE), overtaken=True)
    async with world.opened():
        await world.agent("helper")
        run = await world.begin()
        await elapse(1)
        await world.runs.cancel(ALICE, run.key)
        await ticks()
        assert await world.story(await below(world, run)) == ["run opened", ENDED]
        assert len(world.model.requests) == 1


async def test_a_call_that_takes_too_long_ends_what_it_has_started_and_the_run_goes_on() -> None:
    world = late(calls(LATE), hangs("Helping"), says("Without help, then."), timeout=10)
    async with world.opened():
        await world.agent("helper")
        run = await world.begin()
        story = await world.story(run)
        assert "result of late: tool_timeout" in story
        assert story[-1] == "ended: completed"
        assert (await world.story(await below(world, run)))[-1] == ENDED


async def test_a_run_that_was_only_to_be_started_lives_on() -> None:
    ack = ("late", invoking("helper", wait="ack")[1])
    for overtaken in (False, True):
        world = late(calls(ack), says("Helped."), overtaken=overtaken)
        async with world.opened():
            await world.agent("helper")
            run = await world.begin()
            await elapse(1)
            await world.runs.cancel(ALICE, run.key)
            await ticks()
            assert (await world.story(await below(world, run)))[-1] == "ended: completed"


async def test_a_run_above_that_goes_well_ends_nothing() -> None:
    world = late(calls(LATE), says("Helped."), says("Done."))
    async with world.opened():
        await world.agent("helper")
        run = await world.begin()
        assert (await world.story(run))[-1] == "ended: completed"
        assert (await world.story(await below(world, run)))[-1] == "ended: completed"


async def test_a_run_that_never_begins_is_found_nowhere_and_forgotten_in_the_end() -> None:
    world = World()
    async with world.opened():
        for _ in range(2):
            await world.now.ask(HELPER, EndWithParent(), principal=ALICE)
        assert (await world.runs.list(ALICE)).items == []
        with pytest.raises(Rejected, match="run_not_found"):
            await world.runs.get(ALICE, HELPER.key)
        with pytest.raises(Rejected, match="run_not_found"):
            await world.runs.cancel(ALICE, HELPER.key)
        await elapse(FORESTALLED_FOR + 120)
        with pytest.raises(Rejected, match="gone"):
            await world.now.ask(HELPER, world.start(context=RunContext()), principal=ALICE)


async def test_the_word_to_end_outlives_the_process() -> None:
    world = World()
    async with world.opened():
        await world.agent("helper")
        await world.now.ask(HELPER, EndWithParent(), principal=ALICE)
    async with world.opened():
        await world.invoke("helper", "go", command_id="c-1")
        assert await world.story(HELPER) == ["run opened", ENDED]
        assert world.model.requests == []


async def test_what_was_used_in_the_gap_is_counted_by_the_run_above() -> None:
    world = late(calls(LATE), hangs("Helping"))
    async with world.opened():
        await world.agent("helper")
        run = await world.begin()
        await elapse(1)
        helper = await below(world, run)
        await world.until(helper, "open message: Helping")
        await world.runs.cancel(ALICE, run.key)
        await ticks()
        own, used = world.model.requests[:1], (await world.document(helper)).usage
        total = (await world.document(run)).usage
        assert (len(own), used.output_tokens > 0) == (1, True)
        assert (total.input_tokens, total.output_tokens) == (10 + used.input_tokens, 5 + used.output_tokens)


@pytest.mark.parametrize("wait", ["stream", "ack"])
@pytest.mark.parametrize("overtaken", [False, True])
async def test_what_an_unstored_run_has_started_in_the_gap_is_erased_with_it(wait: str, *, overtaken: bool) -> None:
    world = late(
        calls(("late", invoking("helper", "secret plans", wait=wait)[1])), says("Helped."), overtaken=overtaken
    )
    async with world.opened():
        await world.agent("helper")
        run = await world.begin(is_unstored=True)
        await elapse(1)
        await world.runs.cancel(ALICE, run.key)
        await elapse(120)
    assert_no_secret("secret plans", world.store)
