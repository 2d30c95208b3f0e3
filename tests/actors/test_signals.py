"""Signals: quick, unrecorded, and lost without harm."""

from __future__ import annotations

import anyio
from structlog.testing import capture_logs

from aevatar.actors import signal
from aevatar.identity import Principal, ScopeId
from aevatar.sessions import Delta
from aevatar.testing import elapse
from tests.sample.kinds import Tally
from tests.sample.sample_pb2 import Add, Added, Cheer, Heard, HowMuch, Noted, Retire, TallyState, Total
from tests.sample.world import ANN, BEN, HeldJournal, World, settled


async def test_a_signal_that_only_shows_something_records_no_fact(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        actors.signal(ANN, Heard(text="token"))
        await settled()
        assert await world.shown(ANN) == [Delta(item="heard", channel="text", text="token")]
        assert await world.turns(ANN) == [[]]


async def test_what_a_signal_makes_an_actor_decide_is_recorded(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        actors.signal(ANN, Heard(text="news", remember=True))
        await settled()
        assert await world.turns(ANN) == [[], [Noted(text="news")]]


async def test_a_signal_to_nobody_is_dropped_and_counted(memory: World) -> None:
    async with memory.runtime() as actors:
        actors.signal(ANN, Heard(text="x", remember=True))
        await actors.ask(BEN, Add(by=1))
        await actors.ask(BEN, Retire())
        actors.signal(BEN, Heard(text="x", remember=True))
        await settled()
        assert (actors.metrics.signals_dropped, await memory.journal.actors()) == (2, [BEN.text])


async def test_a_signal_nobody_handles_harms_nobody(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        actors.signal(ANN, TallyState())
        await settled()
        assert await actors.ask(ANN, HowMuch()) == Total(total=1)


async def test_a_signal_of_a_stranger_is_not_heard(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        actors.signal(ANN, Heard(text="x", remember=True), principal=Principal(ScopeId("beta"), "eve"))
        await settled()
        assert len(await memory.turns(ANN)) == 1


async def test_a_signal_is_lost_with_the_process_and_no_harm_is_done(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime(over=held.over) as actors:
        await actors.ask(ANN, Add(by=1))
        held.hold()
        actors.signal(ANN, Heard(text="x", remember=True))
        await settled()
    async with memory.runtime() as actors:
        await settled()
        assert await memory.events(ANN) == [Added(by=1, subject="program")]


async def test_a_bug_in_the_handler_of_a_signal_is_logged_and_forgotten(memory: World) -> None:
    class Touchy(Tally):
        @signal
        def heard(self, message: Heard) -> None:
            raise ZeroDivisionError

    async with memory.runtime(Touchy) as actors:
        await actors.ask(ANN, Add(by=1))
        with capture_logs() as lines:
            actors.signal(ANN, Heard(text="x"))
            await settled()
        assert [line["event"] for line in lines] == ["handler_failed"]
        assert await actors.ask(ANN, HowMuch()) == Total(total=1)
        assert actors.metrics.dead_letters == 0


async def test_a_delayed_signal_comes_after_its_delay(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Cheer(text="later", delay=2))
        await elapse(1.9)
        assert await world.events(ANN) == []
        await elapse(0.2)
        assert await world.events(ANN) == [Noted(text="later")]


async def test_a_delayed_signal_is_not_recorded_and_dies_with_the_process(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
        await actors.ask(ANN, Cheer(text="later", delay=2))
    async with world.runtime() as actors:
        await actors.ask(ANN, HowMuch())
        await elapse(10)
        assert (await world.events(ANN), await world.journal.due(10**15)) == ([], [])


async def test_a_delayed_signal_is_not_sent_by_a_turn_that_could_not_be_stored(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as asking:
        await actors.ask(ANN, Add(by=0))
        held.hold()
        asking.start_soon(actors.ask, ANN, Cheer(text="later", delay=2))
        await elapse(10)
        assert await memory.events(ANN) == []
        held.release()
        await elapse(1.9)
        assert await memory.events(ANN) == []
        await elapse(0.2)
        assert await memory.events(ANN) == [Noted(text="later")]


async def test_a_signal_may_be_passed_on_by_a_turn_that_leaves_nothing_else(memory: World) -> None:
    class Passing(Tally):
        @signal
        def heard(self, message: Heard) -> None:
            if self.id == ANN:
                self.signal(BEN, message)
            else:
                self.emit(Noted(text=message.text))

    async with memory.runtime(Passing) as actors:
        for actor in (ANN, BEN):
            await actors.ask(actor, Add(by=0))
        actors.signal(ANN, Heard(text="x"))
        await settled()
        assert (await memory.turns(ANN), await memory.events(BEN)) == ([[]], [Noted(text="x")])
