"""Effects whose result is known: nothing is run, and intent and result are stored together."""

from __future__ import annotations

import asyncio

import pytest

from aevatar.actors import Link
from aevatar.testing import Fault, elapse
from tests.sample.kinds import Echo
from tests.sample.sample_pb2 import Add, Echoed, EchoRequest, Fetch, Fetching
from tests.sample.world import ANN, Faults, HeldJournal, World, begun, notes, settled


class Known(Echo):
    """Knows what comes of everything but of `?`."""

    def at_once(self, request: EchoRequest) -> Echoed | None:
        return None if request.text == "?" else Echoed(text=f"known {request.text}")


async def forever(link: Link) -> None:
    await asyncio.Event().wait()


async def never(link: Link) -> None:
    raise AssertionError("what is known is not run")


async def test_a_known_result_comes_back_as_a_command_and_nothing_is_run(world: World) -> None:
    async with world.runtime(effects=[Known(never)]) as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Fetch(text="x"))
        await settled()
        assert (await notes(world), await world.journal.effects()) == (["echoed known x"], [])
        assert (actors.metrics.effects_started, actors.metrics.effects_known) == (0, 1)


async def test_what_is_not_known_is_run(world: World) -> None:
    async with world.runtime(effects=[Known()]) as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Fetch(text="?"))
        await settled()
        assert await notes(world) == ["echoed ?"]
        assert (actors.metrics.effects_started, actors.metrics.effects_known) == (1, 0)


async def test_intent_and_known_result_share_a_commit(world: World) -> None:
    async with world.runtime(effects=[Known(never)]) as actors:
        await actors.ask(ANN, Add(by=0))
        before = actors.metrics.commits
        await actors.ask(ANN, Fetch(text="x"))
        await settled()
        assert (await notes(world), actors.metrics.commits - before) == (["echoed known x"], 1)


@pytest.mark.parametrize("fault", list(Fault))
async def test_whatever_becomes_of_its_commit_a_known_result_comes_once(world: World, fault: Fault) -> None:
    faults = Faults()
    async with world.runtime(over=faults.over, effects=[Known(never)]) as actors:
        await actors.ask(ANN, Add(by=0))
        faults.append(fault)
        await actors.dispatch(ANN, Fetch(text="x"))
        await elapse(10)
    async with world.runtime(effects=[Known(never)]):
        await settled()
        assert (await notes(world), await world.journal.effects()) == (["echoed known x"], [])
        assert len([event for event in await world.events(ANN) if isinstance(event, Fetching)]) == 1


async def test_a_known_result_is_as_durable_as_its_intent(world: World) -> None:
    held = HeldJournal()
    async with world.runtime(over=held.over, effects=[Known(never)]) as actors:
        await actors.ask(ANN, Add(by=0))
        held.hold()
        await actors.dispatch(ANN, Fetch(text="x"))
        await settled()
        assert (await notes(world), await world.journal.effects()) == ([], [])
    async with world.runtime(effects=[Known(never)]):
        await settled()
        assert (await notes(world), await world.journal.effects()) == (["echoed known x"], [])


async def test_an_effect_that_its_own_turn_cancels_has_no_result(world: World) -> None:
    async with world.runtime(effects=[Known(never)]) as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Fetch(text="x", regret=True))
        await settled()
        assert (await notes(world), actors.metrics.effects_known) == ([], 0)


async def test_an_effect_found_after_a_crash_is_run_although_its_result_is_known(world: World) -> None:
    async with world.runtime(effects=[Echo(forever)]) as actors:
        await begun(actors, Fetch(text="x"))
    async with world.runtime(effects=[Known()]):
        await settled()
        assert await notes(world) == ["echoed x"]
