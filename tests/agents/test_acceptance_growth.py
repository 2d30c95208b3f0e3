"""What is promised of size: a long talk grows by what is said in it, and runs that wait cost next to nothing."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import msgspec
import pytest

from aevatar.actors import Limits
from aevatar.agents.runs_pb2 import History
from aevatar.testing import elapse
from aevatar.testing.scripted_model import calls, says
from tests.agents.kit import World, call, tasks_of_effects, ticks

MIB = 1024 * 1024


def stored(world: World) -> int:
    return len(msgspec.msgpack.encode(world.store.contents))


@pytest.mark.timeout(240)
async def test_over_a_thousand_chained_turns_the_journal_grows_by_what_is_said() -> None:
    world = World(*[says("Yes, I see, and I shall remember that.")] * 1_000)
    sizes, previous = [], ""
    async with world.opened():
        await world.agent("ada", tools="")
        for turn in range(1_000):
            run = await world.begin(
                "Let me tell you something.",
                key=f"run_{turn:04}",
                history=History(previous_run=previous, estimated_tokens=20 * turn),
                tools="",
            )
            previous = run.text
            async for _ in world.now.sessions.read(run, "run"):
                pass
            if turn in (0, 99, 899):
                sizes.append(stored(world))
        sizes.append(stored(world))
    first_hundred, last_hundred = sizes[1] - sizes[0], sizes[3] - sizes[2]
    assert last_hundred <= 1.2 * first_hundred
    assert len(world.model.requests[-1].messages) == 1_999


@pytest.mark.timeout(240)
async def test_five_hundred_suspended_runs_hold_no_task_and_once_passivated_little_memory() -> None:
    world = World(*[calls(call("rent", "pay"))] * 500)
    world.limits = Limits(idle=1)
    async with world.opened():
        gc.collect()
        tracemalloc.start()
        for number in range(500):
            await world.begin(key=f"run_{number}")
        await elapse(120)
        tasks = len(asyncio.all_tasks())
        assert (await tasks_of_effects(), world.now._stage.activations, world.now._runner.running) == (0, {}, 0)
        assert tasks < 20
        gc.collect()
        world.model.requests.clear()
        journal = stored(world)
        held = tracemalloc.get_traced_memory()[0] - journal
        tracemalloc.stop()
        assert held < 64 * MIB
        await ticks()
