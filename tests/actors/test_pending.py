"""Commands that are answered later: by another turn, or by their deadline."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from aevatar.actors import Answer, Outcome, Pending, command
from aevatar.errors import Internal, Rejected, Unavailable
from aevatar.testing import elapse
from tests.sample.kinds import Tally, letter
from tests.sample.sample_pb2 import Add, GiveUp, Noted, Relay, Release, Retire, Total, Wait
from tests.sample.world import ANN, BEN, HeldJournal, World, settled


async def asked(actors: Any, results: list[Any], command_id: str = "w1", within: float = 10.0) -> None:
    """Asks, and notes the answer or the code of the refusal."""
    try:
        results.append(await actors.answer(ANN, Wait(within=within), command_id=command_id, timeout=1000))
    except (Rejected, Unavailable) as refusal:
        results.append(refusal.code)


async def test_whoever_waits_gets_the_outcome_when_it_is_concluded(world: World) -> None:
    results: list[Any] = []
    async with world.runtime() as actors, anyio.create_task_group() as waiting:
        await actors.ask(ANN, Add(by=1))
        waiting.start_soon(asked, actors, results)
        await settled()
        assert (results, await actors.outcome(ANN, "w1")) == ([], Outcome(None, version=2))
        await actors.ask(ANN, Release(by=4))
        await settled()
        assert results == [Answer(Total(total=5), version=3)]
        assert await actors.outcome(ANN, "w1") == Outcome(Total(total=5), version=2)


async def test_all_who_wait_for_one_command_get_its_outcome(world: World) -> None:
    results: list[Any] = []
    async with world.runtime() as actors, anyio.create_task_group() as waiting:
        await actors.ask(ANN, Add(by=1))
        for _ in range(3):
            waiting.start_soon(asked, actors, results)
        await settled()
        await actors.ask(ANN, Release(by=4))
        await settled()
        assert results == [Answer(Total(total=5), version=3)] * 3


async def test_whoever_comes_later_reads_the_outcome(world: World) -> None:
    results: list[Any] = []
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Wait(within=10), command_id="w1")
        await actors.ask(ANN, Release(by=4))
        await asked(actors, results)
    async with world.runtime() as actors:
        await asked(actors, results)
        assert [answer.outcome for answer in results] == [Total(total=5)] * 2


async def test_a_command_stays_open_over_a_restart(world: World) -> None:
    results: list[Any] = []
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Wait(within=10), command_id="w1")
        await settled()
    async with world.runtime() as actors, anyio.create_task_group() as waiting:
        waiting.start_soon(asked, actors, results)
        await settled()
        assert results == []
        await actors.ask(ANN, Release(by=4))
        await settled()
        assert results == [Answer(Total(total=5), version=3)]


async def test_a_command_that_nobody_concludes_ends_at_its_deadline(world: World) -> None:
    results: list[Any] = []
    async with world.runtime() as actors, anyio.create_task_group() as waiting:
        await actors.ask(ANN, Add(by=1))
        waiting.start_soon(asked, actors, results)
        await elapse(9.9)
        assert results == []
        await elapse(0.2)
        assert [answer.outcome for answer in results] == [Total(total=-1)]


async def test_a_deadline_that_passed_while_nobody_ran_is_kept_at_the_start(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Wait(within=10), command_id="w1")
        await settled()
    await elapse(3600)
    async with world.runtime() as actors:
        await settled()
        assert await actors.outcome(ANN, "w1") == Outcome(Total(total=-1), version=2)


async def test_a_concluded_command_has_no_deadline_any_more(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Wait(within=10), command_id="w1")
        await actors.ask(ANN, Release(by=4))
        assert await world.journal.due(10**15) == []
        await elapse(20)
        assert (len(await world.turns(ANN)), actors.metrics.timers_fired) == (3, 0)


async def test_two_open_commands_have_a_deadline_each(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Wait(within=10), command_id="w1")
        await actors.dispatch(ANN, Wait(within=20), command_id="w2")
        await elapse(11)
        assert await actors.outcome(ANN, "w1") == Outcome(Total(total=-1), version=2)
        assert await actors.outcome(ANN, "w2") == Outcome(None, version=3)
        await elapse(10)
        assert await actors.outcome(ANN, "w2") == Outcome(Total(total=-1), version=3)


async def test_a_caller_who_stops_waiting_does_not_stop_the_command(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        with pytest.raises(Unavailable) as late:
            await actors.ask(ANN, Wait(within=60), command_id="w1", timeout=5)
        await actors.ask(ANN, Release(by=4))
        assert (late.value.code, await actors.ask(ANN, Wait(within=60), command_id="w1")) == ("timeout", Total(total=5))


async def test_another_message_under_the_id_of_an_open_command_is_refused(world: World) -> None:
    results: list[Any] = []
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Wait(within=10), command_id="w1")
        await settled()
        await asked(actors, results, within=11)
    async with world.runtime() as actors:
        await asked(actors, results, within=11)
    assert results == ["command_id_reused"] * 2


async def test_an_outcome_concluded_while_a_latecomer_looks_for_it_is_not_missed(memory: World) -> None:
    held, results = HeldJournal("outcome", answers=True), []
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.dispatch(ANN, Wait(within=100), command_id="w1")
        await settled()
    async with memory.runtime(over=held.over) as actors, anyio.create_task_group() as waiting:
        held.hold()
        waiting.start_soon(asked, actors, results)
        await settled()
        await actors.ask(ANN, Release(by=4))
        held.release()
        await settled()
        assert [answer.outcome for answer in results] == [Total(total=5)]
        waiting.cancel_scope.cancel()


async def test_the_answer_to_a_sending_actor_comes_when_its_command_is_concluded(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Add(by=1))
        await actors.ask(BEN, Relay(letters=[letter(ANN, Wait(within=100), answer=True)]))
        await settled()
    async with world.runtime() as actors:
        await actors.ask(ANN, Release(by=4))
        await settled()
        assert (await world.events(BEN))[1:] == [Noted(text="answer 5")]


async def test_a_command_may_be_concluded_by_the_turn_that_left_it_open(world: World) -> None:
    class AtOnce(Tally):
        @command
        def give_up(self, cmd: GiveUp) -> Pending:
            self.conclude(self.turn.command_id, Total(total=7))
            return Pending(within=10, then=GiveUp())

    async with world.runtime(AtOnce) as actors:
        await actors.ask(ANN, Add(by=1))
        assert await actors.ask(ANN, GiveUp(), command_id="g1") == Total(total=7)
        assert await actors.ask(ANN, GiveUp(), command_id="g1") == Total(total=7)
        assert await world.journal.due(10**15) == []


async def test_to_conclude_what_is_not_open_is_a_bug(memory: World) -> None:
    class Confused(Tally):
        @command
        def release(self, cmd: Release) -> None:
            self.conclude("nobody", Total(total=7))

    async with memory.runtime(Confused) as actors:
        await actors.ask(ANN, Add(by=1))
        with pytest.raises(Internal):
            await actors.ask(ANN, Release())
        assert len(await memory.turns(ANN)) == 1


async def test_whoever_waits_for_an_actor_that_retires_is_told_that_it_is_gone(world: World) -> None:
    results: list[Any] = []
    async with world.runtime() as actors, anyio.create_task_group() as waiting:
        await actors.ask(ANN, Add(by=1))
        waiting.start_soon(asked, actors, results)
        await settled()
        await actors.ask(ANN, Retire())
        await settled()
        await asked(actors, results)
    async with world.runtime() as actors:
        await asked(actors, results)
    assert results == ["gone"] * 3


async def test_an_actor_that_waits_for_one_that_retires_is_told_that_it_is_gone(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(BEN, Add(by=1))
        await actors.ask(BEN, Relay(letters=[letter(ANN, Wait(within=100), answer=True)]))
        await settled()
        await actors.ask(ANN, Retire())
        await settled()
        assert (await world.events(BEN))[1:] == [Noted(text="refusal gone")]
