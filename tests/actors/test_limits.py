"""What one turn may ask for, and what is said when it asks for too much or takes too long."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from aevatar.actors import Limits, command
from aevatar.errors import Internal
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, Added, Flood, HowMuch, Take, Total
from tests.sample.world import ANN, World, settled


async def test_a_turn_may_emit_ten_thousand_events_and_send_a_thousand_commands(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Flood(events=10_000, sends=1_000))
        await settled()
        assert await actors.ask(ANN, HowMuch()) == Total(total=1_000)
        assert [len(turn) for turn in (await world.turns(ANN))[:3]] == [0, 10_000, 1]


@pytest.mark.parametrize("flood", [Flood(events=10_001), Flood(sends=1_001)])
async def test_a_turn_that_asks_for_more_is_a_bug_and_records_nothing(world: World, flood: Flood) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=2))
        with pytest.raises(Internal):
            await actors.ask(ANN, flood)
        assert await actors.ask(ANN, HowMuch()) == Total(total=2)
        assert await world.events(ANN) == [Added(by=2, subject="program")]


async def test_how_much_a_turn_may_ask_for_can_be_chosen(memory: World) -> None:
    async with memory.runtime(limits=Limits(events=2, sends=1)) as actors:
        await actors.ask(ANN, Add(by=2))
        await actors.ask(ANN, Flood(events=2, sends=1))
        for flood in (Flood(events=3), Flood(sends=2)):
            with pytest.raises(Internal):
                await actors.ask(ANN, flood)


class Dawdler(Tally):
    """Takes as long as it is told, in milliseconds."""

    @command
    def take(self, cmd: Take) -> Total:
        asyncio.get_running_loop()._now += cmd.by / 1000  # type: ignore[attr-defined]
        return Total()


@pytest.mark.parametrize(("took", "warned"), [(4, False), (6, True)])
async def test_a_handler_that_takes_longer_than_five_milliseconds_is_named(
    memory: World, took: int, warned: bool
) -> None:
    async with memory.runtime(Dawdler) as actors:
        await actors.ask(ANN, Add(by=1))
        with capture_logs() as lines:
            await actors.ask(ANN, Take(by=took))
    found = [(line["event"], line["kind"], line["message"], line["seconds"]) for line in lines]
    assert found == ([("slow_handler", "sample.tally", "tests.sample.Take", 0.006)] if warned else [])
