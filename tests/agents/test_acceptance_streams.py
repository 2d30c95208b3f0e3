"""What is promised of readers: cut anywhere, over any crash, at any time, they have every event once and in order."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from random import Random

import pytest
from google.protobuf.message import Message

from aevatar.agents.runs import SESSION
from aevatar.agents.stream_pb2 import RunClosed
from aevatar.identity import ActorId
from aevatar.sessions import Delta
from aevatar.testing import elapse
from aevatar.testing.scripted_model import Step, calls, says
from tests.agents.kit import World, call, slowly
from tests.agents.story import told

HOURS = 3 * 3600.0
STEPS: tuple[Step, ...] = (
    calls(call("1", "slow_look"), text="Let me see."),
    slowly(*"It is sunny", every=0.1),
    slowly(*"It is sunny after all, and warm.", every=0.05),
    says("spare"),
)


class Reader:
    """Reads a run from its cursor, as long as it is let."""

    def __init__(self) -> None:
        self.cursors: list[int] = []
        self.events: list[Message] = []

    async def read(self, world: World, run: ActorId, most: int) -> bool:
        """Takes at most so many events; answers whether the last one was among them."""
        after = self.cursors[-1] if self.cursors else 0
        async with aclosing(world.now.sessions.read(run, SESSION, after)) as events:
            async for event in events:
                self.cursors.append(event.cursor)
                self.events.append(event.event)
                if isinstance(event.event, RunClosed):
                    return True
                if len(self.cursors) >= most:
                    return False
        return True


@pytest.mark.parametrize("seed", range(12))
async def test_a_reader_cut_at_random_places_over_a_crash_has_every_event_once_and_in_order(seed: int) -> None:
    random, reader = Random(seed), Reader()
    world = World(*STEPS)
    async with world.opened():
        run = await world.begin()
        reading = asyncio.create_task(reader.read(world, run, random.randint(1, 40)))
        await elapse(random.uniform(0, 2.2))
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    async with world.opened():
        while not await reader.read(world, run, len(reader.cursors) + random.randint(1, 15)):
            pass
        whole = await world.shown(run)
        assert reader.cursors == list(range(1, len(whole) + 1))
        assert reader.events == whole
        assert [type(event) for event in whole].count(RunClosed) == 1


@pytest.mark.parametrize("seed", range(6))
async def test_a_reader_that_comes_back_hours_later_has_the_rest_though_deltas_were_joined(seed: int) -> None:
    random, reader = Random(seed), Reader()
    world = World(*STEPS[:2])
    async with world.opened():
        run = await world.begin()
        whole = await world.story(run)
        text = "".join(event.text for event in await world.shown(run) if isinstance(event, Delta))
        stored = len(await world.shown(run))
        await reader.read(world, run, random.randint(1, stored - 1))
        await elapse(HOURS)
        assert len(await world.shown(run)) < stored  # what was said piece by piece is one piece now
        await reader.read(world, run, stored)
        assert "".join(event.text for event in reader.events if isinstance(event, Delta)) == text
        assert told(reader.events) == whole
        assert reader.cursors == sorted(set(reader.cursors))


async def test_a_reader_that_has_it_all_hears_the_end_of_it_at_once() -> None:
    world = World(says("Hello."))
    async with world.opened():
        run = await world.begin()
        count = len(await world.shown(run))
        assert await world.shown(run, after=count - 1) == (await world.shown(run))[-1:]
        async with asyncio.timeout(1):
            assert await world.shown(run, after=count) == []
