"""Timers: durable, each name once, late rather than lost, and never twice."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any as AnyMessage

from aevatar.actors.actors_pb2 import EnvelopeRecord, Packed, TurnBody
from aevatar.actors.envelope import principal_record
from aevatar.actors.packing import pack
from aevatar.identity import Principal
from aevatar.journal.records import TimerSet, TurnRecord
from aevatar.testing import elapse
from aevatar.testing.virtual_time import BEGINNING
from tests.sample.kinds import packed
from tests.sample.sample_pb2 import Add, Added, Forget, HowMuch, Plan, Remind, Retire, Total
from tests.sample.world import ALPHA, ANN, BEN, CLEO, HeldJournal, World, settled

FOREVER = 10**15


def rung(by: int, name: str, actor: str = ANN.text) -> Added:
    """What a reminder leaves behind when it has fired."""
    return Added(by=by, note=name, subject=actor)


async def test_a_timer_fires_when_it_is_due_and_is_gone(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=5, by=1))
        await elapse(4.9)
        assert await world.events(ANN) == []
        await elapse(0.2)
        assert (await world.events(ANN), await world.journal.due(FOREVER)) == ([rung(1, "tea")], [])
        await elapse(3600)
        assert (len(await world.turns(ANN)), actors.metrics.timers_fired) == (2, 1)


async def test_a_timer_fires_within_ten_milliseconds_of_its_time(memory: World) -> None:
    async with memory.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=0.5, by=1))
        await elapse(0.499)
        assert await memory.events(ANN) == []
        await elapse(0.011)
        assert await memory.events(ANN) == [rung(1, "tea")]


async def test_a_timer_without_a_delay_fires_in_a_turn_of_its_own(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=-3, by=1))
        await settled()
        assert await world.turns(ANN) == [[], [rung(1, "tea")]]


async def test_a_timer_set_again_is_replaced(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=5, by=1))
        await actors.ask(ANN, Remind(name="tea", delay=10, by=2))
        await actors.ask(ANN, Remind(name="cake", delay=7, by=4))
        await elapse(6)
        assert await world.events(ANN) == []
        await elapse(5)
        assert await world.events(ANN) == [rung(4, "cake"), rung(2, "tea")]


async def test_a_timer_set_again_for_an_earlier_time_fires_then(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=3600, by=1))
        await actors.ask(ANN, Remind(name="tea", delay=1, by=2))
        await elapse(2)
        assert await world.events(ANN) == [rung(2, "tea")]
        await elapse(7200)
        assert await world.events(ANN) == [rung(2, "tea")]


async def test_timers_of_one_name_at_two_actors_are_two(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=1, by=1))
        await actors.ask(BEN, Remind(name="tea", delay=2, by=2))
        await elapse(3)
        assert (await world.events(ANN), await world.events(BEN)) == (
            [rung(1, "tea")],
            [rung(2, "tea", BEN.text)],
        )


async def test_a_cancelled_timer_does_not_fire(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=5, by=1))
        await actors.ask(ANN, Forget(name="tea"))
        assert await world.journal.due(FOREVER) == []
        await elapse(10)
        assert (await world.events(ANN), actors.metrics.timers_fired) == ([], 0)


async def test_to_cancel_what_is_not_set_is_harmless(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Add(by=1))
        await actors.ask(ANN, Forget(name="tea"))
        assert await world.events(ANN) == [Added(by=1, subject="program")]


async def test_a_timer_that_is_already_on_its_way_when_it_is_cancelled_is_dropped_and_counted(memory: World) -> None:
    held = HeldJournal("load")
    async with memory.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=5, by=1))
    async with memory.runtime(over=held.over) as actors:
        held.hold()
        await actors.dispatch(ANN, Forget(name="tea"))
        await elapse(6)
        held.release()
        await settled()
        assert (await memory.events(ANN), actors.metrics.timers_fired, actors.metrics.timers_stale) == ([], 1, 1)


async def test_a_timer_that_is_already_on_its_way_when_it_is_replaced_is_dropped(memory: World) -> None:
    held = HeldJournal("load")
    async with memory.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=5, by=1))
    async with memory.runtime(over=held.over) as actors:
        held.hold()
        await actors.dispatch(ANN, Remind(name="tea", delay=5, by=2))
        await elapse(6)
        held.release()
        await elapse(6)
        assert (await memory.events(ANN), actors.metrics.timers_stale) == ([rung(2, "tea")], 1)


async def test_a_late_timer_fires_once_after_downtime(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=5, by=1))
    await elapse(24 * 3600)
    for late in (1, 0):
        async with world.runtime() as actors:
            await elapse(100)
            assert (await world.events(ANN), actors.metrics.timers_late) == ([rung(1, "tea")], late)


async def test_late_timers_fire_oldest_first(world: World) -> None:
    async with world.runtime() as actors:
        for name, delay in (("third", 30), ("first", 10), ("second", 20)):
            await actors.ask(ANN, Remind(name=name, delay=delay, by=1))
    await elapse(3600)
    async with world.runtime():
        await settled()
        assert [event.note for event in await world.events(ANN)] == ["first", "second", "third"]


async def test_a_timer_beyond_what_is_held_in_memory_fires_in_time(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=20 * 3600, by=1))
        await elapse(20 * 3600 - 1)
        assert await world.events(ANN) == []
        await elapse(1.1)
        assert (await world.events(ANN), actors.metrics.timers_late) == ([rung(1, "tea")], 0)


async def test_a_timer_is_set_by_a_turn_only_if_that_turn_is_stored(memory: World) -> None:
    held = HeldJournal()
    async with memory.runtime() as actors:
        await actors.ask(ANN, Add(by=0))
    async with memory.runtime(over=held.over) as actors:
        held.hold()
        await actors.dispatch(ANN, Remind(name="tea", delay=1, by=1))
        await elapse(5)
        assert (await memory.journal.due(FOREVER), actors.metrics.timers_fired) == ([], 0)
    async with memory.runtime() as actors:
        await elapse(0.9)
        assert await memory.events(ANN) == []
        await elapse(0.2)
        assert await memory.events(ANN) == [rung(1, "tea")]


async def test_a_timer_may_set_itself_again(world: World) -> None:
    plan: AnyMessage = packed(Remind(name="tick", delay=1, by=1))
    async with world.runtime() as actors:
        await actors.ask(ANN, Plan(name="tick", delay=1, command=plan))
        await elapse(2.5)
        assert (await world.events(ANN), await world.journal.due(FOREVER)) == ([rung(1, "tick")], [])


async def test_a_retired_actor_has_no_timers_left(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(ANN, Remind(name="tea", delay=5, by=1))
        await actors.ask(ANN, Retire())
        assert await world.journal.due(FOREVER) == []
        await elapse(10)
        assert (await world.events(ANN), actors.metrics.timers_fired) == ([], 0)


async def test_a_timer_whose_command_this_program_does_not_know_holds_up_no_other(world: World) -> None:
    async with world.runtime() as actors:
        await actors.ask(CLEO, Add(by=0))
    own = Principal(ALPHA, ANN.text, via=ANN)
    envelope = EnvelopeRecord(
        id="timer:1:tea",
        target=ANN.text,
        payload=Packed(name="tests.sample.Vanished"),
        principal=principal_record(own),
    )
    due = round(BEGINNING.timestamp() * 1000)
    tea = TimerSet("tea", 1, due, envelope.SerializeToString())
    body = TurnBody(events=[pack(Added(by=1))]).SerializeToString()
    await world.before(TurnRecord(ANN.text, ANN.shard, due, 1, body=body, timers_set=[tea]))
    async with world.runtime() as actors:
        await actors.ask(BEN, Remind(name="cake", delay=1, by=2))
        await elapse(100)
        assert await world.events(BEN) == [rung(2, "cake", BEN.text)]
        assert ([timer.name for timer in await world.journal.due(FOREVER)], actors.health.is_ready) == (["tea"], True)


async def test_many_timers_fire_after_a_restart(memory: World) -> None:
    async with memory.runtime() as actors:
        for number in range(300):
            await actors.dispatch(ANN, Remind(name=f"r{number}", delay=1 + number % 7, by=1))
        await settled()
    await elapse(60)
    async with memory.runtime() as actors:
        await settled()
        assert await actors.ask(ANN, HowMuch()) == Total(total=300)
        assert actors.metrics.timers_fired == 300
